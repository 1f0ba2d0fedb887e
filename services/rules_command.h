// The rule sets on the command line: what holds, where it comes from, and how two sets differ. No log, no
// clock, and no server but for a provider's rules.
#pragma once

#include <memory>
#include <string>

#include "projections/rules/rule_set.h"
#include "services/command_line.h"

namespace geleit {

/// A shipped set by its name or the beginning of its hash, else a file. What is neither is usage.
[[nodiscard]] std::shared_ptr<const RuleSet> rule_set_called(const std::string& what);

/// `geleit rules [--json]` and `geleit rules show RULE [--json]`, both with `--provider P [--server URL]` as
/// a service has them in force there; `geleit rules diff A B [--json]`; `geleit rules holidays --year Y
/// [--land L] [--json]`. A and B are names or hashes of shipped sets, or paths of files; `diff` ends with 0
/// where every rule is the same, 1 where one differs, 2 where a set cannot be read.
void add_rules(CommandLine& line);

}  // namespace geleit
