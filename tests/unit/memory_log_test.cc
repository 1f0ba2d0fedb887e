// The faults of the memory log, which the simulation is built on. tests/contract has what it shares with
// other logs.
#include "events/memory_log.h"

#include <gtest/gtest.h>

#include <future>
#include <limits>
#include <string>
#include <vector>

#include "tests/contract/log_steps.h"

namespace geleit {
namespace {

using Kind = MemoryFault::Kind;

class MemoryLogTest : public testing::Test {
 protected:
  std::vector<std::string> outcomes;  // in the order in which they came; "" = durable
  int grown = 0;
  std::int64_t now_ms = 1'000;

  MemoryLogOptions options(Delivery delivery) {
    MemoryLogOptions o;
    o.partitions = 2;
    o.clock = [this] { return Instant{now_ms}; };
    o.delivery = delivery;
    return o;
  }
  void append(MemoryLog& log, std::uint64_t first, std::size_t count = 1) {
    std::vector<NewRecord> some;
    for (std::size_t i = 0; i < count; ++i) some.push_back({Partition{0}, record_bytes(first + i)});
    log.append(std::move(some), [this](const Appended& a) { outcomes.push_back(a.error); });
  }
  static std::vector<std::uint64_t> numbers(const MemoryLog& log) {
    std::vector<std::uint64_t> found;
    for (const ReadRecord& r : read_all(log, Partition{0})) found.push_back(std::stoull(r.bytes));
    return found;
  }
  using Numbers = std::vector<std::uint64_t>;
};

TEST_F(MemoryLogTest, AtOnceEverythingHappensBeforeAppendReturns) {
  MemoryLog log(options(Delivery::at_once));
  const auto subscription = log.subscribe([this] { ++grown; });
  append(log, 1, 3);
  EXPECT_EQ(outcomes, (std::vector<std::string>{""}));
  EXPECT_EQ(grown, 1);
  EXPECT_EQ(numbers(log), (Numbers{1, 2, 3}));
}

TEST_F(MemoryLogTest, AtOnceACallbackThatAppendsIsCarriedOutAfterItReturns) {
  MemoryLog log(options(Delivery::at_once));
  std::vector<std::string> story;
  log.append({{Partition{0}, record_bytes(1)}}, [&](const Appended&) {
    log.append({{Partition{0}, record_bytes(2)}}, [&](const Appended&) { story.emplace_back("second"); });
    story.emplace_back("first");
  });
  EXPECT_EQ(story, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(numbers(log), (Numbers{1, 2}));
}

TEST_F(MemoryLogTest, SteppedNothingHappensUntilAStep) {
  MemoryLog log(options(Delivery::stepped));
  const auto subscription = log.subscribe([this] { ++grown; });
  append(log, 1);
  now_ms = 2'000;
  append(log, 2);
  EXPECT_EQ(log.waiting(), 2u);
  EXPECT_TRUE(numbers(log).empty());
  EXPECT_TRUE(log.step());
  EXPECT_EQ(numbers(log), (Numbers{1}));
  EXPECT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(grown, 1);
  EXPECT_TRUE(log.step());
  EXPECT_FALSE(log.step());
  now_ms = 9'000;
  const auto all = read_all(log, Partition{0});
  EXPECT_EQ(all[0].recorded.ms, 1'000);
  EXPECT_EQ(all[1].recorded.ms, 2'000);
}

TEST_F(MemoryLogTest, AFailedWriteLeavesAsManyRecordsAsAsked) {
  MemoryLog log(options(Delivery::at_once));
  const auto subscription = log.subscribe([this] { ++grown; });
  log.inject({Kind::fail, 0});
  append(log, 1, 3);
  EXPECT_NE(outcomes.back(), "");
  EXPECT_TRUE(numbers(log).empty());
  EXPECT_EQ(grown, 0);
  log.inject({Kind::fail, 2});
  append(log, 4, 3);
  EXPECT_NE(outcomes.back(), "");
  EXPECT_EQ(numbers(log), (Numbers{4, 5}));
  EXPECT_EQ(grown, 1);
  append(log, 7);
  EXPECT_EQ(outcomes.back(), "");
}

TEST_F(MemoryLogTest, ALostAcknowledgementLeavesTheRecords) {
  MemoryLog log(options(Delivery::at_once));
  log.inject({Kind::lose_acknowledgement, 0});
  append(log, 1, 2);
  EXPECT_NE(outcomes.back(), "");
  EXPECT_EQ(numbers(log), (Numbers{1, 2}));
}

TEST_F(MemoryLogTest, ADuplicateIsThereTwice) {
  MemoryLog log(options(Delivery::at_once));
  log.inject({Kind::duplicate, 0});
  append(log, 1, 2);
  EXPECT_EQ(outcomes, (std::vector<std::string>{""}));
  EXPECT_EQ(numbers(log), (Numbers{1, 2, 1, 2}));
}

TEST_F(MemoryLogTest, AHeldWriteHoldsUpThoseBehindIt) {
  MemoryLog log(options(Delivery::at_once));
  log.inject({Kind::hold, 2});
  append(log, 1);
  append(log, 2);
  EXPECT_TRUE(outcomes.empty());
  EXPECT_EQ(log.waiting(), 2u);
  EXPECT_TRUE(log.step());
  EXPECT_TRUE(outcomes.empty());
  EXPECT_TRUE(log.step());
  EXPECT_EQ(numbers(log), (Numbers{1}));
  EXPECT_TRUE(log.step());
  EXPECT_EQ(numbers(log), (Numbers{1, 2}));
  EXPECT_EQ(outcomes.size(), 2u);
}

TEST_F(MemoryLogTest, AHeldWriteOfAThreadedLogIsLateButComes) {
  MemoryLog log(options(Delivery::threaded));
  log.inject({Kind::hold, 20});
  EXPECT_EQ(append_and_wait(log, {{Partition{0}, record_bytes(1)}}), "");
  EXPECT_EQ(numbers(log), (Numbers{1}));
}

TEST_F(MemoryLogTest, AfterACrashEverythingIsRefusedUntilItIsRestarted) {
  MemoryLog log(options(Delivery::stepped));
  const auto reader = log.read(Partition{0}, Offset{0});
  append(log, 1);
  EXPECT_TRUE(log.step());
  log.inject({Kind::crash, 1});
  append(log, 2, 2);
  append(log, 4);
  EXPECT_TRUE(log.step());
  EXPECT_TRUE(log.crashed());
  EXPECT_EQ(outcomes.size(), 1u) << "nobody is left to be told";
  EXPECT_EQ(log.waiting(), 0u);
  EXPECT_FALSE(log.step());
  std::vector<StoredRecord> some;
  EXPECT_THROW(append(log, 5), LogUnavailable);
  EXPECT_THROW((void)log.ends(), LogUnavailable);
  EXPECT_THROW(reader->next(some, 1), LogUnavailable);
  EXPECT_THROW(log.read_at(std::vector{Position{Partition{0}, Offset{0}}}, [](const StoredRecord&) {}),
               LogUnavailable);
  log.restart();
  EXPECT_EQ(numbers(log), (Numbers{1, 2}));
  append(log, 6);
  EXPECT_TRUE(log.step());
  EXPECT_EQ(numbers(log), (Numbers{1, 2, 6}));
}

TEST_F(MemoryLogTest, ACrashMayComeAtAnyTime) {
  MemoryLog log(options(Delivery::stepped));
  append(log, 1);
  log.crash();
  log.restart();
  EXPECT_FALSE(log.step());
  EXPECT_TRUE(numbers(log).empty());
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(MemoryLogTest, TheSameFaultsGiveTheSameLog) {
  const auto story = [this] {
    auto o = options(Delivery::at_once);
    o.faults = [](std::uint64_t write, std::span<const NewRecord> records) -> MemoryFault {
      switch (write * 7 % 5) {
        case 1: return {Kind::duplicate, 0};
        case 2: return {Kind::fail, records.size() / 2};
        case 3: return {Kind::lose_acknowledgement, 0};
        default: return {};
      }
    };
    MemoryLog log(std::move(o));
    for (std::uint64_t i = 0; i < 100; ++i) append(log, i * 10, 1 + i % 4);
    return numbers(log);
  };
  const Numbers first = story();
  EXPECT_GT(first.size(), 150u);
  EXPECT_EQ(story(), first);
  EXPECT_EQ(outcomes.size(), 200u);
}

}  // namespace
}  // namespace geleit
