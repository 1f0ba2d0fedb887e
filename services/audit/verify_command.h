// `geleit audit verify`: whether a history is the one that was recorded.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit audit verify [--data DIR] [--log DIR|kafka://…] [--export FILE | --backup DIR] [--heads FILE …]
/// [--key PUBLIC …] [--json]`
///
/// Works beside a running service. Heads and the key they are checked with are those of the data directory,
/// of a backup its own heads; an export and a backup have no key but what --key (or --data) names. Exit
/// status 1 when anything was found, 3 when it cannot be read now.
void add_audit_verify(CommandLine& line, CLI::App& group);

}  // namespace geleit
