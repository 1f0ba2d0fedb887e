// `geleit audit access`: who looked at personal data, and whether that log is as it was written.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_audit_access(CommandLine& line, CLI::App& group);

}  // namespace geleit
