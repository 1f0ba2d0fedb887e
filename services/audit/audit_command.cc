#include "services/audit/audit_command.h"

#include "services/audit/bundle_command.h"
#include "services/audit/prove_command.h"
#include "services/audit/replay_command.h"
#include "services/audit/show_command.h"
#include "services/audit/verify_command.h"

namespace geleit {

void add_audit(CommandLine& line) {
  CLI::App& group = *line.app.add_subcommand("audit", "What was true, what was known, and proof of it");
  group.require_subcommand(1);
  add_audit_verify(line, group);
  add_audit_proofs(line, group);
  add_audit_export(line, group);
  add_audit_check_bundle(line, group);
  add_audit_show(line, group);
  add_audit_diff(line, group);
  add_audit_replay(line, group);
}

}  // namespace geleit
