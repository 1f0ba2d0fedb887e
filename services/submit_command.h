// `geleit submit`: commands from a file to the service, answers back, line by line.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit submit FILE|- [--server URL] [--wait SECONDS] [--quiet] [--allow-without-id]`
///
/// NDJSON in, one answer a line out, in order; at most one request is on its way, so that the commands of a
/// case are decided in the order of the file. A file submitted again is answered as repeated where it was
/// recorded before, so whatever broke off is continued by the same command line; that needs an id in every
/// command. Exit status 0 all accepted or repeated, 1 some refused, 2 usage, 3 unavailable.
void add_submit(CommandLine& line);

}  // namespace geleit
