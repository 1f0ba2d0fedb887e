// `geleit retry CASE`: asks the service to try a parked case again, after a fix.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_retry(CommandLine& line);

}  // namespace geleit
