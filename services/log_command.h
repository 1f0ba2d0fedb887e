// `geleit log`: what a log is and holds, also while a service writes to it.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit log info [--data DIR | --log DIR] [--json]`
void add_log(CommandLine& line);

}  // namespace geleit
