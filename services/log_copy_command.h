// `geleit log copy FROM TO`: a history moved from one log to another.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_log_copy(CLI::App& log, CommandLine& line);

}  // namespace geleit
