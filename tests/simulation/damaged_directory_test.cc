// One byte, one length or one file of a data directory is changed, drawn at random: either nothing is lost,
// or it is said. GELEIT_SEED takes a seed that was printed, GELEIT_DAMAGE_ROUNDS how many times to try.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "events/rocks_damage.h"
#include "tests/simulation/small_service.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

constexpr int rounds_default = 40;

std::string octets_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A directory as a killed process leaves it: part of it in sorted files, part in write-ahead logs.
class DamagedDirectory : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    temporary_ = new TemporaryDirectory;
    const auto live = temporary_->path() / "live";
    for (int opened = 0; opened < 2; ++opened) {
      SmallService service(live);
      for (int n = 10 * opened; n < 10 * opened + 10; ++n) {
        ASSERT_TRUE(service.accepts(SmallService::referral(n)));
        ASSERT_TRUE(service.accepts(SmallService::team(n, 1)));
      }
      ASSERT_TRUE(service.settles());
      whole_ = service.everything();
      if (opened == 1) copy_running(live);
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(whole_dir())) {
      const std::string name = entry.path().filename().string();
      if (entry.is_regular_file() && name != "LOCK" && !name.starts_with("LOG") &&
          !name.starts_with("OPTIONS"))
        files_.push_back(std::filesystem::relative(entry.path(), whole_dir()));
    }
    std::ranges::sort(files_);
  }
  static void TearDownTestSuite() {
    delete temporary_;
    temporary_ = nullptr;
  }

  /// What lies in a directory, and since when.
  static auto listing(const std::filesystem::path& dir) {
    std::map<std::filesystem::path, std::pair<std::uintmax_t, std::filesystem::file_time_type>> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
      if (entry.is_regular_file()) out[entry.path()] = {entry.file_size(), entry.last_write_time()};
    }
    return out;
  }
  /// As a kill would leave it, at one moment: what a database changes meanwhile makes the copy begin again.
  static void copy_running(const std::filesystem::path& live) {
    for (int attempt = 1;; ++attempt) {
      try {
        std::filesystem::remove_all(whole_dir());
        const auto before = listing(live);
        std::filesystem::copy(live, whole_dir(), std::filesystem::copy_options::recursive);
        if (listing(live) == before) return;
      } catch (const std::filesystem::filesystem_error&) {
        if (attempt == 100) throw;
      }
      ASSERT_LT(attempt, 100) << "the directory never stands still";
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  static std::filesystem::path whole_dir() { return temporary_->path() / "whole"; }

  /// What became of a directory that was damaged.
  enum class Outcome : std::uint8_t { harmless, tables_made_anew, refused, told_when_read, lost };

  struct Tried {
    Outcome outcome = Outcome::lost;
    std::string said;
  };
  static Tried try_directory(const std::filesystem::path& dir) {
    try {
      SmallService service(dir);
      try {
        const bool settled = service.settles();
        const auto found = service.everything();
        std::string notes;
        for (const std::string& note : service->notes()) notes += note;
        for (const auto& [key, value] : whole_) {
          const auto there = found.find(key);
          if (there == found.end()) return {Outcome::lost, "without a word: " + key};
          if (there->second != value) return {Outcome::lost, "differs: " + key};
        }
        if (found.size() != whole_.size()) return {Outcome::lost, "there is more than there was"};
        if (!settled) return {Outcome::lost, "the tables stand still"};
        // It must also go on.
        if (!service.accepts(SmallService::team(3, 7))) return {Outcome::lost, "takes no commands"};
        return {notes.empty() ? Outcome::harmless : Outcome::tables_made_anew, notes};
      } catch (const std::exception& failure) { return {Outcome::told_when_read, failure.what()}; }
    } catch (const std::exception& failure) { return {Outcome::refused, failure.what()}; }
  }

  static TemporaryDirectory* temporary_;
  static std::map<std::string, std::string> whole_;
  static std::vector<std::filesystem::path> files_;
};
TemporaryDirectory* DamagedDirectory::temporary_ = nullptr;
std::map<std::string, std::string> DamagedDirectory::whole_;
std::vector<std::filesystem::path> DamagedDirectory::files_;

TEST_F(DamagedDirectory, AsItWasItIsReadAsItWas) {
  const auto dir = temporary_->path() / "undamaged";
  std::filesystem::copy(whole_dir(), dir, std::filesystem::copy_options::recursive);
  const Tried tried = try_directory(dir);
  EXPECT_EQ(tried.outcome, Outcome::harmless) << tried.said;
}

TEST_F(DamagedDirectory, NothingIsLostInSilence) {
  const char* const given = std::getenv("GELEIT_SEED");
  const std::uint64_t seed =
      given != nullptr
          ? std::strtoull(given, nullptr, 10)
          : static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  const char* const wanted = std::getenv("GELEIT_DAMAGE_ROUNDS");
  const int rounds = wanted != nullptr ? std::atoi(wanted) : rounds_default;
  std::printf("GELEIT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::map<Outcome, int> outcomes;
  for (int round = 0; round < rounds; ++round) {
    std::mt19937_64 dice(seed + static_cast<std::uint64_t>(round));
    const auto draw = [&](std::uint64_t below) { return below == 0 ? 0 : dice() % below; };
    const auto dir = temporary_->path() / "round";
    std::filesystem::remove_all(dir);
    std::filesystem::copy(whole_dir(), dir, std::filesystem::copy_options::recursive);
    const auto& name = files_[draw(files_.size())];
    const auto file = dir / name;
    const std::string before = octets_of(file);
    std::string what;
    switch (draw(4)) {
      case 0:
      case 1: {
        if (before.empty()) continue;
        const std::size_t at = draw(before.size());
        std::string changed = before;
        changed[at] = static_cast<char>(changed[at] ^ (1 + draw(255)));
        std::ofstream(file, std::ios::binary) << changed;
        what = fmt::format("octet {} of {} in {}", at, before.size(), name.string());
        break;
      }
      case 2: {
        if (before.empty()) continue;
        const std::size_t left = draw(before.size());
        std::filesystem::resize_file(file, left);
        what = fmt::format("{} cut from {} to {}", name.string(), before.size(), left);
        break;
      }
      default: std::filesystem::remove(file); what = name.string() + " removed";
    }
    SCOPED_TRACE(fmt::format("GELEIT_SEED={} GELEIT_DAMAGE_ROUNDS=1: {}",
                             seed + static_cast<std::uint64_t>(round), what));
    const Tried tried = try_directory(dir);
    ++outcomes[tried.outcome];
    if (tried.outcome == Outcome::lost) ADD_FAILURE() << tried.said;
    const std::string part = name.begin()->string();
    const bool told = tried.outcome == Outcome::refused || tried.outcome == Outcome::told_when_read;
    if (told) {
      EXPECT_NE(tried.said.find(part == "master.key" ? "master" : part), std::string::npos) << tried.said;
    }
    if (told && part == "tables") {
      // Found only when it was read; the next start makes them anew.
      EXPECT_EQ(tried.outcome, Outcome::told_when_read) << tried.said;
      const Tried again = try_directory(dir);
      EXPECT_EQ(again.outcome, Outcome::tables_made_anew) << again.said;
    } else if (told) {
      const Tried again = try_directory(dir);
      EXPECT_EQ(again.outcome, tried.outcome) << "the second time: " << again.said;
    }
    if (tried.outcome == Outcome::refused) {
      // Nothing that can be examined, or put right by hand, has gone meanwhile.
      for (const auto& other : files_) {
        const std::string extension = other.extension().string();
        if (other == name || *other.begin() != part || (extension != ".sst" && extension != ".log")) continue;
        EXPECT_TRUE(octets_of(dir / other) == octets_of(whole_dir() / other)) << other << tried.said;
      }
    }
  }
  std::printf("%d harmless, %d tables made anew, %d refused, %d told when read\n",
              outcomes[Outcome::harmless], outcomes[Outcome::tables_made_anew], outcomes[Outcome::refused],
              outcomes[Outcome::told_when_read]);
}

}  // namespace
}  // namespace geleit
