// The rules on the command line: deadlines, co-payments, the rule sets and holidays. No log, no server, no
// clock.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit deadline RULE DATE [--land DE-BY] [--expert] [--no-instruction] [--json]`
void add_deadline(CommandLine& line);
/// `geleit copay CENTS --on DATE --born DATE [--exempt-from D] [--exempt-until D] [--json]`
void add_copay(CommandLine& line);
/// `geleit rules [--json]`, `geleit rules show RULE [--json]`, `geleit rules holidays --year Y [--land L]
/// [--json]`
void add_rules(CommandLine& line);

}  // namespace geleit
