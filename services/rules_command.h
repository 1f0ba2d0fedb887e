// The rule sets on the command line: what holds, where it comes from, and how two sets differ. No log, no
// server, no clock.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit rules [--json]`, `geleit rules show RULE [--json]`, `geleit rules diff A B [--json]`, `geleit
/// rules holidays --year Y [--land L] [--json]`. A and B are names or hashes of shipped sets, or paths of
/// files; `diff` ends with 0 where every rule is the same, 1 where one differs, 2 where a set cannot be read.
void add_rules(CommandLine& line);

}  // namespace geleit
