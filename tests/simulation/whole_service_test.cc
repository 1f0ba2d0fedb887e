// The whole service in one process, from a seed: random commands, random faults, and a small model of what
// must hold (world.h, small_model.h). A million steps and more are many worlds one after another, each with a
// seed of its own, so that a failure is replayed from the start of its world only:
//
//   whole_service_test --seed 17 --steps 20000            that world
//   whole_service_test --seed 17 --steps 20000 --until 4711    … and what happened in it before that step
//   whole_service_test --seed 1 --steps 1000000           fifty worlds, with the seeds 1 to 50
//
// or the same as GELEIT_SIMULATION_SEED and GELEIT_SIMULATION_STEPS in the environment.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>

#include "services/clock.h"
#include "tests/simulation/world.h"
#include "tests/temporary_directory.h"

namespace geleit::simulation {
namespace {

constexpr std::uint64_t world_steps = 20'000;
constexpr std::uint64_t all_covered_from = 1'000'000;

struct Asked {
  std::uint64_t seed = 1;
  std::uint64_t steps = 1'000'000;
  std::uint64_t until = 0;
};
Asked asked;  // NOLINT: written by main alone

/// In memory where the machine has a place for that.
std::filesystem::path some_place(const TemporaryDirectory& directory) {
  std::error_code none;
  const std::filesystem::path memory = "/dev/shm";
  const auto space = std::filesystem::space(memory, none);
  if (none || space.available < (std::uintmax_t{1} << 30)) return directory.path();
  return memory / directory.path().filename();
}

TEST(WholeService, HoldsWhatTheModelSaysWhateverHappens) {
  const TemporaryDirectory directory;
  Coverage coverage = empty_coverage();
  std::uint64_t done = 0;
  const std::int64_t started = monotonic_ms();
  for (std::uint64_t world = 0; done < asked.steps; ++world) {
    WorldOptions options;
    options.seed = asked.seed + world;
    options.steps = std::min(world_steps, asked.steps - done);
    options.dir = some_place(directory);
    std::deque<std::string> last;
    const bool tells = asked.until > 0;
    if (tells) {
      options.until = asked.until;
      options.hears = [&](std::uint64_t step, const std::string& what) {
        last.push_back(fmt::format("{:>8}  {}", step, what));
        if (last.size() > 400) last.pop_front();
      };
    }
    const std::uint64_t steps = options.steps;
    try {
      World simulated(std::move(options), coverage);
      simulated.run();
      done += simulated.steps();
    } catch (const std::exception& violation) {
      std::string told;
      for (const std::string& line : last) told += line + '\n';
      FAIL() << told << violation.what() << "\nseed " << asked.seed + world
             << "; again, with what happened before: whole_service_test --seed " << asked.seed + world
             << " --steps " << steps << " --until " << steps;
    }
  }
  const std::int64_t took = monotonic_ms() - started;
  std::string never;
  for (const auto& [what, times] : coverage) {
    fmt::print("{:>12}  {}\n", times, what);
    if (times == 0) never += "\n" + what;
  }
  fmt::print("{} steps from seed {} in {} ms\n", done, asked.seed, took);
  if (asked.steps >= all_covered_from) { EXPECT_EQ(never, "") << "never occurred"; }
}

}  // namespace
}  // namespace geleit::simulation

int main(int argc, char** argv) {
  using geleit::simulation::asked;
  testing::InitGoogleTest(&argc, argv);
  if (const char* seed = std::getenv("GELEIT_SIMULATION_SEED")) asked.seed = std::strtoull(seed, nullptr, 10);
  if (const char* steps = std::getenv("GELEIT_SIMULATION_STEPS"))
    asked.steps = std::strtoull(steps, nullptr, 10);
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed") asked.seed = value;
    if (name == "--steps") asked.steps = value;
    if (name == "--until") asked.until = value;
  }
  return RUN_ALL_TESTS();
}
