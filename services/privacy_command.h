// `geleit privacy due|erase|restrict|lift|status`: what retention lets go, and what becomes of a person's
// data.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_privacy(CommandLine& line);

}  // namespace geleit
