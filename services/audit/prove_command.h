// `geleit audit key`, `prove` and `check`: that a case is in the signed history, shown to somebody who has
// nothing but a public key.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit audit key [--data DIR] [--master-key FILE]`: the public key with which heads are signed.
/// `geleit audit prove CASE [--data DIR] [--log …] [--heads FILE …] [--out FILE]`: a proof, as JSON.
/// `geleit audit check PROOF [--key PUBLIC] [--json]`: exit status 1 where it does not prove what it says.
void add_audit_proofs(CommandLine& line, CLI::App& group);

}  // namespace geleit
