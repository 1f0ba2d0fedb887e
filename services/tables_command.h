// `geleit rebuild` and `geleit check`: the tables made anew from the log, and held against it.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit rebuild [TABLE] [--data DIR] [--log DIR] [--json]`
///
/// Builds all tables beside the present ones (or one of them, from the stored cases), says in how many keys
/// they differ, switches to the new ones and keeps the old; then reads on to the end of the log. Refused
/// while a service holds the directory (exit status 3).
void add_rebuild(CommandLine& line);

/// `geleit check [--data DIR] [--log DIR] [--json]`
///
/// Derives everything afresh from the log and compares it with the tables, byte for byte; also beside a
/// running service, whose tables are taken as they are at this moment. Exit status 0 nothing differs, 1
/// something does, 3 there are no tables or no log.
void add_check(CommandLine& line);

}  // namespace geleit
