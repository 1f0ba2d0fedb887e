// `geleit get`: what the service answers, as a table for people, as JSON or as CSV.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit get TABLE [--filter k=v …] [--json|--csv] [--as-of D] [--known-at T] [--limit N | --all]
/// [--server URL]`
///
/// TABLE is any path below /v1/: `deadlines`, `cases/<id>`, `cases/<id>/history`, `status`. --json prints the
/// rows of a list as one array (a row a line, the server's own bytes), or the one object. Exit status 1 when
/// the service refuses the question (its problem goes to standard error), 3 when it cannot be asked.
void add_get(CommandLine& line);

}  // namespace geleit
