// `geleit log`: what a log is and holds, also while a service writes to it, and how one is made.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit log info [--data DIR | --log DIR|kafka://…] [--config FILE] [--json]`
/// `geleit log create DIR|kafka://… [--partitions N] [--config FILE] [--json]`
void add_log(CommandLine& line);

}  // namespace geleit
