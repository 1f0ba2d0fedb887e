#include "services/simulate/simulate_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "events/civil_time.h"
#include "services/file_text.h"
#include "services/simulate/simulator.h"

namespace geleit {
namespace {

struct SimulateArguments {
  SimulationOptions simulation;
  std::string start = "2025-01-01";
  std::string out = "-";
  std::string priors;
  bool show_priors = false;
};

std::string read_priors(const std::string& file) {
  if (file.empty()) return std::string(shipped_priors());
  auto text = read_text(file);
  if (!text)
    throw std::invalid_argument(fmt::format("--priors: expected a file, but {} cannot be read", file));
  return std::move(*text);
}

// False when the output cannot be written.
bool write_all(Simulator& simulator, std::FILE* out) {
  constexpr std::size_t buffer_bytes = 1 << 20;
  std::string buffer;
  buffer.reserve(buffer_bytes + 16 * 1024);
  for (bool more = true; more;) {
    more = simulator.next(buffer);
    if (!more || buffer.size() >= buffer_bytes) {
      if (std::fwrite(buffer.data(), 1, buffer.size(), out) != buffer.size()) return false;
      buffer.clear();
    }
  }
  return std::fflush(out) == 0;
}

Exit simulate(SimulateArguments arguments) {
  try {
    if (arguments.show_priors) {
      const std::string text = read_priors(arguments.priors);
      return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? Exit::done : Exit::unavailable;
    }
    const auto start = parse_date(arguments.start);
    if (!start) {
      throw std::invalid_argument(
          fmt::format("--start: expected a date like 2025-01-01, but it is {}", arguments.start));
    }
    arguments.simulation.start = *start;
    Simulator simulator(arguments.simulation, Priors::parse(read_priors(arguments.priors)));

    std::FILE* out = arguments.out == "-" ? stdout : std::fopen(arguments.out.c_str(), "wb");
    bool written = out != nullptr && write_all(simulator, out);
    int error = errno;
    if (out != nullptr && out != stdout && std::fclose(out) != 0) {
      written = false;
      error = errno;
    }
    if (!written) {
      fmt::print(stderr, "geleit simulate: {} cannot be written: {}\n", arguments.out, std::strerror(error));
      return Exit::unavailable;
    }
    fmt::print(stderr, "{} lines, {} children, {} persons in Soziotherapie, {} facilities\n",
               simulator.lines(), simulator.children(), simulator.st_cases(),
               arguments.simulation.facilities);
    return Exit::done;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "geleit simulate: {}\n", error.what());
    return Exit::usage;
  }
}

}  // namespace

void add_simulate(CommandLine& line) {
  auto arguments = std::make_shared<SimulateArguments>();
  CLI::App* command = line.app.add_subcommand(
      "simulate",
      "Commands of invented providers, as NDJSON with `entered`; the same seed gives the same bytes");
  command->add_option("--seed", arguments->simulation.seed, "Which of the possible lives")
      ->capture_default_str();
  command
      ->add_option("--facilities", arguments->simulation.facilities,
                   "How many providers; 120 are the country")
      ->capture_default_str();
  command->add_option("--years", arguments->simulation.years, "How many years, beginning with --start")
      ->capture_default_str();
  command
      ->add_option(
          "--start", arguments->start,
          "First day; lines begin some months earlier, so that cases are under way (size.run_in_days)")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "File to write; - is standard output")->capture_default_str();
  command->add_option("--priors", arguments->priors, "TOML file in place of the priors built in");
  command->add_flag("--show-priors", arguments->show_priors,
                    "Print the priors and end; edit a copy for --priors");
  command->callback([arguments, &line] { line.status = simulate(*arguments); });
}

}  // namespace geleit
