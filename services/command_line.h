// What the subcommands of `geleit` share. A subcommand is one function `add_<name>(CommandLine&)`, declared
// in the header of its area and called by main: it describes its arguments to `app` and leaves a callback
// that runs when everything was read, prints to stdout and sets `status`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "projections/rules/catalogue.h"

namespace geleit {

/// The exit statuses of API.md, Command line.
enum class Exit : int {
  done = 0,
  refused = 1,      ///< refused, or there are findings
  usage = 2,        ///< the command line itself is wrong
  unavailable = 3,  ///< a server, log or directory that cannot be used now
};

struct CommandLine {
  CLI::App app{"Geleit", "geleit"};
  Language for_people =
      Language::de;  ///< of what is printed for people: --lang, else the machine's, else German
  Language for_programs =
      Language::de;  ///< of sentences within --json: --lang, else German, so that it is stable
  Exit status = Exit::done;
};

}  // namespace geleit
