// Dates and amounts of the rules on the command line: deadlines and co-payments. No log, no server, no clock.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit deadline RULE DATE [--land DE-BY] [--expert] [--regime R] [--opinion-on D] [--no-instruction]
/// [--discharged-on D] [--severe] [--invoice] [--count N] [--json]`; a rule without a date is usage.
void add_deadline(CommandLine& line);
/// `geleit copay CENTS --on DATE --born DATE [--exempt-from D] [--exempt-until D] [--json]`
void add_copay(CommandLine& line);

}  // namespace geleit
