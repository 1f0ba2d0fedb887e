// What whoever keeps the service running asks of it: to try a parked case again, and to hold still
// for a backup.
#pragma once

#include "services/http/router.h"
#include "services/service.h"

namespace geleit {

/// Adds POST /v1/cases/{case}/retry and POST /v1/backup. The service outlives the router and has been
/// started.
void add_upkeep_routes(http::Router& router, Service& service);

}  // namespace geleit
