// What whoever keeps the service running asks of it: to try a parked case again.
#pragma once

#include "services/http/router.h"
#include "services/service.h"

namespace geleit {

/// Adds POST /v1/cases/{case}/retry. The service outlives the router and has been started.
void add_upkeep_routes(http::Router& router, Service& service);

}  // namespace geleit
