// `geleit audit replay`: the log played once more in a separate place, held against the tables, against an
// earlier export, or under other rules.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit audit replay [--table T …] [--to P:OFFSET … | --known-at INSTANT|DATE] [--case C] [--provider P]
/// [--from MOMENT] [--to MOMENT] [--compare live|FILE] [--rules NAME|FILE] [--clock INSTANT] [--json]` and
/// where the log and the tables lie.
///
/// Without more: all tables are made anew in a directory that is removed afterwards, up to where the live
/// ones stand, and compared octet by octet. Up to another position nothing is compared unless `--compare`
/// says so; then rows and a digest of each table are told. `--case`, `--provider`, and `--from`, `--to` with
/// dates or instants (of which something of the case was recorded) narrow it; then only those cases are
/// folded.
/// `--rules` asks what would be under another rule set, or under settings as `geleit settings adopt` takes
/// them. Exit status 0 nothing differs, 1 something does or a case stands still, 3 no log or no tables.
void add_audit_replay(CommandLine& line, CLI::App& group);

}  // namespace geleit
