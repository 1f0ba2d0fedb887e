// What a process with the role alert offers beside its work: telling an alert once more, and how its channels
// are.
#pragma once

#include <string>

#include "services/alert/desk.h"
#include "services/http/router.h"

namespace geleit {

/// POST /v1/alerts/{alert}/resend: 202 with the channels that will tell it again; 404 where there is no such
/// alert, or none that holds. The desk outlives the router.
void add_alert_routes(http::Router& router, AlertDesk& desk);
/// For the status: a JSON object.
[[nodiscard]] std::string to_json(const DeskStatus& status);

}  // namespace geleit
