// `geleit simulate`: realistic commands with `entered`, as NDJSON, to a file or to standard output.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit simulate --seed N --facilities N --years N [--start DATE] [--out FILE] [--priors FILE]`, or
/// `--show-priors`
void add_simulate(CommandLine& line);

}  // namespace geleit
