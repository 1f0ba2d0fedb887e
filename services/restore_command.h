// `geleit restore BACKUP --data DIR`: a backup into an empty data directory, with every erasure made since.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_restore(CommandLine& line);

}  // namespace geleit
