// GET /v1/privacy/due, /v1/privacy/status; POST /v1/privacy/{person}/erase, …/restrict, …/lift.
#pragma once

#include "services/http/router.h"
#include "services/serial_worker.h"
#include "services/service.h"

namespace geleit {

/// Adds the routes; what they do is done by `worker`, one after another. Both outlive the router's last
/// request, and the worker ends before the service.
void add_privacy_routes(http::Router& router, Service& service, SerialWorker& worker);

}  // namespace geleit
