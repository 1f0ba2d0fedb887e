#include "services/audit/audit_command.h"

namespace geleit {

void add_audit(CommandLine& line) {
  CLI::App& group = *line.app.add_subcommand("audit", "What was true, what was known, and proof of it");
  group.require_subcommand(1);
}

}  // namespace geleit
