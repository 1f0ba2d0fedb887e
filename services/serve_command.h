// `geleit serve`: every role in one process on the embedded log.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_serve(CommandLine& line);

}  // namespace geleit
