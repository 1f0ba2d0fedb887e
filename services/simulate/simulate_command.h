// `geleit simulate`: realistic commands with `entered`, as NDJSON, to a file or to standard output.
#pragma once

namespace CLI {
class App;
}

namespace geleit {

/// Adds the subcommand to the program. When chosen it writes `*exit_status`: 0 done, 2 usage, 3 the output cannot be
/// written.
void add_simulate_command(CLI::App& program, int* exit_status);

}  // namespace geleit
