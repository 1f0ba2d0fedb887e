// `geleit backup DEST`: tables, log and keys of one moment, copied and examined, also beside a service.
#pragma once

#include "services/command_line.h"

namespace geleit {

void add_backup(CommandLine& line);

}  // namespace geleit
