// Who looked: one chain over all days and writers, nothing lost in silence, what a kill left told from a
// change.
#include "services/access_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

constexpr Instant noon{1'782'813'600'000};  // 2026-06-30T12:00:00+02:00
constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;

class AccessLogTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path dir() const { return dir_.path() / "access"; }
  static Access look(int n, Instant at = noon) {
    return {at,
            "m.roth",
            "treatment",
            "GET /v1/cases",
            TraceId{{0, static_cast<std::uint64_t>(n)}},
            {CaseId{{1, static_cast<std::uint64_t>(n)}}}};
  }
  AccessChecked read() {
    lines_.clear();
    return read_accesses(dir(), [this](const AccessLine& line) { lines_.push_back(line); });
  }
  [[nodiscard]] std::string text(const char* day) const {
    std::ifstream in(dir() / day, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const char* day, const std::string& text) const {
    std::ofstream(dir() / day, std::ios::binary) << text;
  }

  TemporaryDirectory dir_;
  std::vector<AccessLine> lines_;
};

TEST_F(AccessLogTest, IsEmptyWhereNobodyLooked) {
  EXPECT_TRUE(read().whole());
  EXPECT_EQ(read().lines, 0U);
}

TEST_F(AccessLogTest, KeepsOneChainOverDaysAndOpenings) {
  append_accesses(dir(), std::vector{look(1), look(2)});
  append_accesses(dir(),
                  std::vector{look(3, Instant{noon.ms + day_ms}), look(4, Instant{noon.ms + 2 * day_ms})});
  append_accesses(dir(), std::vector{look(5)});  // a clock that was set back
  const AccessChecked checked = read();
  EXPECT_TRUE(checked.whole());
  ASSERT_EQ(lines_.size(), 5U);
  EXPECT_EQ(lines_[0].file, "2026-06-30.ndjson");
  EXPECT_EQ(lines_[2].file, "2026-07-01.ndjson");
  EXPECT_EQ(lines_[4].file, "2026-07-02.ndjson");
  EXPECT_EQ(lines_[1].access.cases, look(2).cases);
  EXPECT_EQ(lines_[1].access.trace, look(2).trace);
  EXPECT_EQ(lines_[4].access.at, noon);
}

TEST_F(AccessLogTest, GoesOnAfterAKillWhereverItStruck) {
  append_accesses(dir(), std::vector{look(1), look(2)});
  const std::string whole = text("2026-06-30.ndjson");
  append_accesses(dir(), std::vector{look(3)});
  const std::string longer = text("2026-06-30.ndjson");
  // The head says less than the file holds: its lines count; half a line stays and is told.
  for (std::size_t cut = whole.size(); cut <= longer.size(); ++cut) {
    std::filesystem::remove_all(dir());
    append_accesses(dir(), std::vector{look(1), look(2)});
    write("2026-06-30.ndjson", longer.substr(0, cut));
    append_accesses(dir(), std::vector{look(4)});
    const AccessChecked checked = read();
    EXPECT_TRUE(checked.whole()) << cut;
    EXPECT_EQ(lines_.size(), cut + 1 >= longer.size() ? 4U : 3U) << cut;
    EXPECT_EQ(checked.findings.size(), cut == whole.size() || cut + 1 >= longer.size() ? 0U : 1U) << cut;
  }
}

TEST_F(AccessLogTest, NoticesEveryChangedOctet) {
  append_accesses(dir(), std::vector{look(1), look(2), look(3)});
  const std::string good = text("2026-06-30.ndjson");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write("2026-06-30.ndjson", bad);
    EXPECT_FALSE(read().whole()) << at;
  }
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    write("2026-06-30.ndjson", good.substr(0, cut));
    EXPECT_FALSE(read().whole()) << cut;
  }
}

TEST_F(AccessLogTest, ThatCannotBeWrittenTakesNothingMoreAndLosesNothing) {
  AccessLog log(dir());
  EXPECT_TRUE(log.note(look(1)));
  const auto until = [](auto&& holds) {
    for (int i = 0; i < 1'000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return holds();
  };
  EXPECT_TRUE(until([&] { return log.waiting_octets() == 0; }));
  std::filesystem::rename(dir(), dir_.path() / "elsewhere");
  std::ofstream(dir()) << "no directory";
  EXPECT_TRUE(log.note(look(2)));
  EXPECT_TRUE(until([&] { return !log.trouble().empty(); }));
  EXPECT_FALSE(log.note(look(3)));
  std::filesystem::remove(dir());
  std::filesystem::rename(dir_.path() / "elsewhere", dir());
  EXPECT_TRUE(until([&] { return log.trouble().empty() && log.waiting_octets() == 0; }));
  EXPECT_TRUE(log.note(look(4)));
  EXPECT_TRUE(until([&] { return log.waiting_octets() == 0; }));
  EXPECT_TRUE(read().whole());
  EXPECT_EQ(lines_.size(), 3U);
}

TEST_F(AccessLogTest, TellsOfAHeadThatWasGoneForEver) {
  append_accesses(dir(), std::array{look(1), look(2)});
  const std::string whole = text("2026-06-30.ndjson");
  write("2026-06-30.ndjson", whole.substr(0, whole.find('\n') + 1));
  std::filesystem::remove(dir() / "HEAD");
  append_accesses(dir(), std::array{look(3)});
  append_accesses(dir(), std::array{look(4)});
  const AccessChecked checked = read();
  EXPECT_FALSE(checked.whole()) << "an end may have been cut off, and a new head hides it";
  ASSERT_EQ(checked.findings.size(), 1U);
  EXPECT_EQ(checked.findings.front().line, 2U);
  EXPECT_NE(checked.findings.front().what.find("HEAD was missing"), std::string::npos);
}

TEST_F(AccessLogTest, WritesNoDayTwice) {
  AccessLog log(dir());
  std::filesystem::create_directories(dir() / "2026-07-01.ndjson");  // the second day cannot be written
  EXPECT_TRUE(log.note(look(1)));
  EXPECT_TRUE(log.note(look(2, Instant{noon.ms + day_ms})));
  const auto until = [](auto&& holds) {
    for (int i = 0; i < 1'000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return holds();
  };
  EXPECT_TRUE(until([&] { return !log.trouble().empty(); }));
  std::filesystem::remove(dir() / "2026-07-01.ndjson");
  EXPECT_TRUE(until([&] { return log.trouble().empty() && log.waiting_octets() == 0; }));
  const AccessChecked checked = read();
  EXPECT_TRUE(checked.whole());
  EXPECT_EQ(lines_.size(), 2U);
}

TEST_F(AccessLogTest, IsCopiedAsItStoodAtOneMoment) {
  const std::filesystem::path to = dir_.path() / "copy";
  EXPECT_TRUE(copy_accesses(dir(), to).empty()) << "where there is none";
  append_accesses(dir(), std::array{look(1), look(2, Instant{noon.ms + day_ms})});
  // What a writer has begun is not there yet.
  const std::string whole = text("2026-07-01.ndjson");
  write("2026-07-01.ndjson", whole + whole.substr(0, whole.size() / 2));
  const auto copied = copy_accesses(dir(), to);
  ASSERT_EQ(copied.size(), 3u);
  EXPECT_EQ(copied[1].first, "2026-07-01.ndjson");
  EXPECT_EQ(copied[1].second, (FileDigest{whole.size(), sha256(whole)}));
  const AccessChecked checked = read_accesses(to, [](const AccessLine&) {});
  EXPECT_EQ(checked.lines, 2u);
  EXPECT_TRUE(checked.findings.empty());
}

TEST_F(AccessLogTest, IsSharedByManyWriters) {
  {
    AccessLog first(dir()), second(dir());
    std::vector<std::jthread> threads;
    for (AccessLog* log : {&first, &second}) {
      threads.emplace_back([log] {
        for (int n = 0; n < 200; ++n) {
          EXPECT_TRUE(log->note(look(n)));
          if (n % 20 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
        }
      });
    }
  }
  EXPECT_TRUE(read().whole());
  EXPECT_EQ(lines_.size(), 400U);
}

}  // namespace
}  // namespace geleit
