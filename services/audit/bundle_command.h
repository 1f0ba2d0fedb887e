// `geleit audit export` and `geleit audit check-bundle`.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit audit export --provider P --from DATE --to DATE --out FILE [--sealed] [--purpose TEXT] [--force]
/// [--data DIR] [--log DIR|kafka://…] [--config FILE] [--json]`
///
/// An audit bundle (bundle.h) of what was recorded on these days, from the log alone, without a service or
/// beside one. Personal data is opened where the keys can be read, unless --sealed. The file is there whole
/// (mode 0600) or not at all. Exit status 1 when the log knows no such provider, 2 for a range or file that
/// cannot be, 3 when there is no log.
void add_audit_export(CommandLine& line, CLI::App& group);

/// `geleit audit check-bundle FILE [--sha256 HEX] [--json]`: whether a bundle is what it was. Exit status 1
/// when it is not; every finding names its file.
void add_audit_check_bundle(CommandLine& line, CLI::App& group);

}  // namespace geleit
