// `geleit audit …`: what was true, what was known, who changed it, and whether anything was altered; answered
// from the log alone, without a service or beside one.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit audit`, with what its neighbours in this folder add to it.
void add_audit(CommandLine& line);

}  // namespace geleit
