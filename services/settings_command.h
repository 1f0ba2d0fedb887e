// `geleit settings`: what a provider or the installation has set, adopted from a file, shown and compared.
#pragma once

#include <optional>
#include <string>

#include "events/rule.h"
#include "services/command_line.h"

namespace geleit {

/// `geleit settings adopt FILE [--provider P] [--from DATE] [--id UUID] [--by STAFF] [--dry-run] [--json]`
/// `geleit settings show [--provider P] [--on DATE] [--json]`
/// `geleit settings diff FILE [FILE] [--provider P] [--on DATE] [--json]`, each with `[--server URL]`.
///
/// Exit status 0 adopted, shown, or nothing differs; 1 refused, or something differs; 2 usage, files that
/// cannot be read included; 3 unavailable. To try again after 3, give the same file with the id that was
/// printed.
void add_settings(CommandLine& line);

/// `geleit rules [show RULE] --provider P`: the rules that are in force there, and whose word each value is.
struct RulesInForce {
  std::string provider, server;
  std::optional<Rule> rule;  ///< none: all
  bool json = false;
};
void tell_rules_in_force(const RulesInForce& ask, CommandLine& line);

}  // namespace geleit
