// POST /v1/commands: one command, or many as NDJSON, answered line by line in order (API.md, Commands).
#pragma once

#include "services/clock.h"
#include "services/http/router.h"
#include "services/intake/intake.h"

namespace geleit {

/// Commands of one NDJSON body.
inline constexpr std::size_t ndjson_lines_max = 10'000;

/// Adds the route. Everything outlives the router. `entered`: facts are compared with the time their command
/// was entered, as the clock follows it. Who may send what is the gate's word (Request::principal); only
/// processes of this installation send the service's own commands.
void add_command_routes(http::Router& router, Intake& intake, const RuleBook& rules, const Clock& clock,
                        bool entered);

}  // namespace geleit
