// geleit token: who may come in, written beside a running service or without one.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_token(CommandLine& line);

}  // namespace geleit
