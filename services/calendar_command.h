#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit calendar create --staff S [--provider P] [--server URL] | list | revoke ID  [--data DIR]
/// [--json]`: who may subscribe to whose deadlines and visits. Works on the data directory, beside a running
/// service.
void add_calendar(CommandLine& line);

}  // namespace geleit
