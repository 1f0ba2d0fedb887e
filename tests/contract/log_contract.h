// What every Log promises (events/log.h), as tests. An implementation instantiates the suite
// (INSTANTIATE_TYPED_TEST_SUITE_P(SomeLog, LogContract, SomeLogUnderTest)) with a type that has
//   SomeLogUnderTest(std::uint16_t partitions)    an empty log
//   Log& log()
//   void reopen()                                 as the next process would find the log
//   std::int64_t now_ms()                         what the log's clock says
//   void set_clock(std::int64_t ms)               what it says from now on, where its clock can be set
//   static constexpr bool clock_is_set            … which it then can; else it is a broker's own
//   void stop_writing(), void go_on()             between the two, appends only queue up
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/log.h"
#include "tests/contract/log_steps.h"

namespace geleit {

template <class UnderTest>
class LogContract : public testing::Test {
 protected:
  static constexpr std::uint16_t partitions = 4;
  UnderTest under_test{partitions};

  Log& log() { return under_test.log(); }
  std::vector<NewRecord> records(std::uint16_t partition, std::uint64_t first, std::size_t count,
                                 std::size_t size = 64) {
    std::vector<NewRecord> some;
    for (std::size_t i = 0; i < count; ++i)
      some.push_back({Partition{partition}, record_bytes(first + i, size)});
    return some;
  }
  void append(std::vector<NewRecord> some) { ASSERT_EQ(append_and_wait(log(), std::move(some)), ""); }
};
TYPED_TEST_SUITE_P(LogContract);

TYPED_TEST_P(LogContract, IsEmptyAtFirst) {
  EXPECT_EQ(this->log().info().partitions, this->partitions);
  EXPECT_FALSE(this->log().info().kind.empty());
  EXPECT_EQ(this->log().ends(), Positions(this->partitions));
  for (std::uint16_t p = 0; p < this->partitions; ++p)
    EXPECT_TRUE(read_all(this->log(), Partition{p}).empty());
}

TYPED_TEST_P(LogContract, RecordsAreReadInTheirOrderWithOffsetsFromZero) {
  this->append(this->records(1, 0, 10));
  this->append(this->records(1, 10, 1));
  this->append(this->records(1, 11, 500));
  const auto all = read_all(this->log(), Partition{1});
  ASSERT_EQ(all.size(), 511u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].offset.value, i);
    EXPECT_EQ(all[i].bytes, record_bytes(i));
  }
  EXPECT_EQ(this->log().ends()[1].value, 511u);
}

TYPED_TEST_P(LogContract, PartitionsAreCountedEachForItself) {
  std::vector<NewRecord> mixed;
  for (std::uint64_t i = 0; i < 100; ++i) {
    mixed.push_back({Partition{static_cast<std::uint16_t>(i % 3)}, record_bytes(i)});
  }
  this->append(mixed);
  EXPECT_EQ(this->log().ends(), (Positions{Offset{34}, Offset{33}, Offset{33}, Offset{0}}));
  for (std::uint16_t p = 0; p < 3; ++p) {
    const auto all = read_all(this->log(), Partition{p});
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].bytes, record_bytes(p + 3 * i));
  }
  EXPECT_TRUE(read_all(this->log(), Partition{3}).empty());
}

TYPED_TEST_P(LogContract, ReadingMayBeginAnywhere) {
  this->append(this->records(0, 0, 300));
  for (const bool reopened : {false, true}) {
    if (reopened) this->under_test.reopen();
    for (const std::uint64_t from : {0, 1, 150, 298, 299, 300}) {
      const auto rest = read_all(this->log(), Partition{0}, Offset{from}, 7);
      ASSERT_EQ(rest.size(), 300 - from);
      if (!rest.empty()) {
        EXPECT_EQ(rest.front().offset.value, from);
        EXPECT_EQ(rest.front().bytes, record_bytes(from));
      }
    }
  }
}

TYPED_TEST_P(LogContract, WhatWasAppendedIsThereAfterOpeningAgain) {
  this->append(this->records(0, 0, 10));
  this->append(this->records(2, 0, 1000));
  const auto before = read_all(this->log(), Partition{2});
  const LogInfo info = this->log().info();
  this->under_test.reopen();
  EXPECT_EQ(this->log().info().id, info.id);
  EXPECT_EQ(this->log().info().created, info.created);
  EXPECT_EQ(this->log().ends(), (Positions{Offset{10}, Offset{0}, Offset{1000}, Offset{0}}));
  EXPECT_EQ(read_all(this->log(), Partition{2}), before);
  this->append(this->records(2, 1000, 3));
  const auto after = read_all(this->log(), Partition{2});
  ASSERT_EQ(after.size(), 1003u);
  EXPECT_EQ(after.back().bytes, record_bytes(1002));
}

TYPED_TEST_P(LogContract, AReaderAtTheEndGoesOnWhenMoreComes) {
  const auto reader = this->log().read(Partition{0}, Offset{0});
  std::vector<StoredRecord> some;
  reader->next(some, 10);
  EXPECT_TRUE(some.empty());
  for (std::uint64_t i = 0; i < 20; ++i) {
    this->append(this->records(0, i, 1));
    reader->next(some, 10);
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some[0].offset.value, i);
    EXPECT_EQ(some[0].bytes, record_bytes(i));
    reader->next(some, 10);
    EXPECT_TRUE(some.empty());
  }
}

TYPED_TEST_P(LogContract, AnOffsetBeyondTheEndWaitsForIt) {
  const auto reader = this->log().read(Partition{0}, Offset{5});
  std::vector<StoredRecord> some;
  this->append(this->records(0, 0, 3));
  reader->next(some, 10);
  EXPECT_TRUE(some.empty());
  this->append(this->records(0, 3, 4));
  reader->next(some, 10);
  ASSERT_EQ(some.size(), 2u);
  EXPECT_EQ(some[0].offset.value, 5u);
  EXPECT_EQ(some[0].bytes, record_bytes(5));
}

TYPED_TEST_P(LogContract, NextGivesAboutAsManyAsAsked) {
  for (std::uint64_t i = 0; i < 50; ++i) this->append(this->records(0, i * 10, 10));
  for (const bool reopened : {false, true}) {
    if (reopened) this->under_test.reopen();
    const auto reader = this->log().read(Partition{0}, Offset{0});
    std::vector<StoredRecord> some;
    reader->next(some, 1);
    EXPECT_GE(some.size(), 1u);
    EXPECT_LE(some.size(), 10u);
    reader->next(some, 100);
    EXPECT_GE(some.size(), 100u);
    EXPECT_LE(some.size(), 110u);
  }
}

TYPED_TEST_P(LogContract, RecordedIsTheClockAtTheTimeOfAppending) {
  std::vector<std::int64_t> appended;
  for (std::int64_t i = 0; i < 5; ++i) {
    this->under_test.set_clock(1'000'000 + i);
    appended.push_back(this->under_test.now_ms());
    this->log().append(this->records(0, static_cast<std::uint64_t>(i), 2), [](const Appended&) {});
  }
  this->append({});
  const auto all = read_all(this->log(), Partition{0});
  ASSERT_EQ(all.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    const std::int64_t earliest = appended[i / 2];
    EXPECT_GE(all[i].recorded.ms, earliest);
    EXPECT_LE(all[i].recorded.ms, this->under_test.clock_is_set ? earliest : this->under_test.now_ms());
  }
}

TYPED_TEST_P(LogContract, RecordedNeverGoesBackWithinAPartition) {
  std::vector<std::int64_t> earliest;
  std::vector<std::int64_t> latest;
  const auto append_at = [&](std::int64_t ms, std::uint64_t number) {
    this->under_test.set_clock(ms);
    const std::int64_t now = this->under_test.now_ms();
    earliest.push_back(earliest.empty() ? now : std::max(earliest.back(), now));
    this->append(this->records(0, number, 1));
    latest.push_back(this->under_test.clock_is_set ? earliest.back() : this->under_test.now_ms());
  };
  append_at(5'000, 0);
  append_at(3'000, 1);
  const std::int64_t before = this->under_test.now_ms();
  this->append(this->records(1, 0, 1));
  const std::int64_t after = this->under_test.now_ms();
  this->under_test.reopen();
  append_at(4'000, 2);
  append_at(6'000, 3);
  const auto all = read_all(this->log(), Partition{0});
  ASSERT_EQ(all.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GE(all[i].recorded.ms, earliest[i]);
    EXPECT_LE(all[i].recorded.ms, latest[i]);
    EXPECT_GE(all[i].recorded, all[i == 0 ? 0 : i - 1].recorded);
  }
  const std::int64_t other = read_all(this->log(), Partition{1})[0].recorded.ms;
  EXPECT_TRUE(before <= other && other <= after) << other;
}

TYPED_TEST_P(LogContract, DoneRunsOnceForEachAppendAndAfterItsRecordsAreReadable) {
  constexpr int appends = 2'000;
  std::vector<std::atomic<int>> runs(appends);
  std::atomic<int> unreadable = 0;
  std::atomic<int> left = appends;
  std::promise<void> all_done;
  for (int i = 0; i < appends; ++i) {
    this->log().append(this->records(0, static_cast<std::uint64_t>(i), 1), [&, i](const Appended& a) {
      ++runs[static_cast<std::size_t>(i)];
      if (!a.ok() || this->log().ends()[0].value <= static_cast<std::uint64_t>(i)) ++unreadable;
      if (--left == 0) all_done.set_value();
    });
  }
  all_done.get_future().get();
  EXPECT_EQ(unreadable, 0);
  for (const auto& n : runs) EXPECT_EQ(n, 1);
}

TYPED_TEST_P(LogContract, AnEmptyAppendIsDoneInItsTurn) {
  EXPECT_EQ(append_and_wait(this->log(), {}), "");
  EXPECT_EQ(this->log().ends(), Positions(this->partitions));
}

TYPED_TEST_P(LogContract, APartitionThatDoesNotExistIsRefused) {
  EXPECT_THROW(this->log().append(this->records(4, 0, 1), [](const Appended&) {}), LogRefused);
  EXPECT_THROW((void)this->log().read(Partition{4}, Offset{0}), LogRefused);
}

TYPED_TEST_P(LogContract, BigRecordsComeBackWhole) {
  constexpr std::size_t size = 1 << 20;
  for (std::uint64_t i = 0; i < 6; ++i) this->append(this->records(0, i, 1, size));
  this->append(this->records(0, 6, 6, size));
  for (const bool reopened : {false, true}) {
    if (reopened) this->under_test.reopen();
    const auto all = read_all(this->log(), Partition{0});
    ASSERT_EQ(all.size(), 12u);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(all[i].bytes == record_bytes(i, size)) << i;
  }
}

TYPED_TEST_P(LogContract, RecordsOfEverySizeComeBackWhole) {
  std::vector<NewRecord> some;
  for (std::uint64_t i = 0; i < 400; ++i)
    some.push_back({Partition{0}, record_bytes(i, 8 * (1 + i * i % 301))});
  this->append(some);
  this->append({{Partition{0}, ""}});
  for (const bool reopened : {false, true}) {
    if (reopened) this->under_test.reopen();
    const auto all = read_all(this->log(), Partition{0});
    ASSERT_EQ(all.size(), some.size() + 1);
    for (std::size_t i = 0; i < some.size(); ++i) EXPECT_TRUE(all[i].bytes == some[i].bytes) << i;
    EXPECT_EQ(all.back().bytes, "");
  }
}

TYPED_TEST_P(LogContract, OneBigAppendIsKeptTogetherInOrder) {
  constexpr std::size_t count = 300'000;  // more than the queue holds: alone it may
  this->append(this->records(3, 0, count, 16));
  const auto all = read_all(this->log(), Partition{3}, Offset{0}, 10'000);
  ASSERT_EQ(all.size(), count);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) wrong += all[i].bytes == record_bytes(i, 16) ? 0 : 1;
  EXPECT_EQ(wrong, 0u);
}

TYPED_TEST_P(LogContract, AFullQueueRefusesAndQueuesNothing) {
  std::atomic<std::uint64_t> durable = 0;
  std::uint64_t accepted = 0;
  for (int round = 1; round <= 2; ++round) {  // the second time shows that the room came back
    this->under_test.stop_writing();
    bool refused = false;
    for (int i = 0; i < 40 && !refused; ++i) {
      try {
        this->log().append(this->records(0, accepted, 10'000, 8),
                           [&](const Appended& a) { durable += a.ok() ? 10'000 : 0; });
        accepted += 10'000;
      } catch (const LogUnavailable&) { refused = true; }
    }
    EXPECT_TRUE(refused);
    EXPECT_EQ(accepted, round * (append_queue_records_max / 10'000) * 10'000);
    this->under_test.go_on();
    while (durable < accepted) std::this_thread::yield();
    EXPECT_EQ(this->log().ends()[0].value, accepted);
  }
}

TYPED_TEST_P(LogContract, RecordsAreFoundByTheirPositionsInTheOrderAsked) {
  for (std::uint16_t p = 0; p < 3; ++p) {
    for (std::uint64_t i = 0; i < 20; ++i) this->append(this->records(p, p * 1'000 + i * 50, 50));
  }
  this->under_test.reopen();
  this->append(this->records(0, 1'000'000, 50));  // these are the recent ones
  std::mt19937 chance(3);
  std::vector<Position> asked;
  for (int i = 0; i < 2'000; ++i) {
    const auto p = static_cast<std::uint16_t>(chance() % 3);
    asked.push_back({Partition{p}, Offset{chance() % (p == 0 ? 1'050 : 1'000)}});
  }
  asked.push_back(asked.front());
  std::vector<std::vector<ReadRecord>> read;
  for (std::uint16_t p = 0; p < 3; ++p) read.push_back(read_all(this->log(), Partition{p}));
  std::size_t at = 0;
  this->log().read_at(asked, [&](const StoredRecord& r) {
    ASSERT_LT(at, asked.size());
    const Position position = asked[at++];
    EXPECT_EQ(r.partition, position.partition);
    EXPECT_EQ(r.offset, position.offset);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.bytes.data()) % 8, 0u);
    EXPECT_EQ(r.recorded, read[r.partition.value].at(r.offset.value).recorded);
    const std::uint64_t number =
        r.offset.value >= 1'000 ? 999'000 + r.offset.value : r.partition.value * 1'000 + r.offset.value;
    EXPECT_TRUE(r.bytes == record_bytes(number)) << number;
  });
  EXPECT_EQ(at, asked.size());
  this->log().read_at({}, [](const StoredRecord&) { FAIL(); });
}

TYPED_TEST_P(LogContract, APositionBeyondTheEndSaysThatTheLogLostIt) {
  this->append(this->records(0, 0, 5));
  const std::vector<Position> asked{{Partition{0}, Offset{4}}, {Partition{0}, Offset{5}}};
  EXPECT_THROW(this->log().read_at(asked, [](const StoredRecord&) {}), LogCorrupt);
}

TYPED_TEST_P(LogContract, SubscribersHearThatTheLogHasGrown) {
  std::mutex mutex;
  std::condition_variable grew;
  std::uint64_t seen = 0;
  const auto subscription = this->log().subscribe([&] {
    const std::lock_guard lock(mutex);
    seen = this->log().ends()[0].value;
    grew.notify_all();
  });
  for (std::uint64_t i = 0; i < 100; ++i) {
    this->log().append(this->records(0, i, 1), [](const Appended&) {});
    if (i % 10 != 0) continue;
    std::unique_lock lock(mutex);
    EXPECT_TRUE(grew.wait_for(lock, std::chrono::seconds(20), [&] { return seen > i; })) << i;
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(grew.wait_for(lock, std::chrono::seconds(20), [&] { return seen == 100; }));
}

TYPED_TEST_P(LogContract, AnEndedSubscriptionHearsNothingMore) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (std::uint64_t i = 0; !stop; ++i) append_and_wait(this->log(), this->records(0, i, 1));
  });
  // Somebody slow who is told first: the others often end while they are about to be told.
  const auto slow =
      this->log().subscribe([] { std::this_thread::sleep_for(std::chrono::microseconds(500)); });
  std::atomic<int> late = 0;
  std::vector<std::unique_ptr<std::atomic<bool>>> over;
  for (int i = 0; i < 100; ++i) {
    over.push_back(std::make_unique<std::atomic<bool>>(false));
    std::atomic<int> heard = 0;
    auto subscription = this->log().subscribe([&late, &heard, &ended = *over.back()] {
      if (ended) {
        ++late;
        return;
      }
      ++heard;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      if (ended) ++late;  // it was ended while this was still running
    });
    while (heard == 0) std::this_thread::yield();
    subscription.reset();
    *over.back() = true;
  }
  stop = true;
  writer.join();
  EXPECT_EQ(late, 0);
}

TYPED_TEST_P(LogContract, ACallbackMayEndItsOwnSubscription) {
  std::unique_ptr<LogSubscription> subscription;
  std::atomic<int> heard = 0;
  std::mutex set;
  {
    const std::lock_guard lock(set);
    subscription = this->log().subscribe([&] {
      const std::lock_guard locked(set);
      ++heard;
      subscription.reset();
    });
  }
  for (std::uint64_t i = 0; i < 10; ++i) this->append(this->records(0, i, 1));
  EXPECT_EQ(heard, 1);
}

TYPED_TEST_P(LogContract, DoneMayAppend) {
  std::promise<void> finished;
  std::function<void(std::uint64_t)> go = [&](std::uint64_t i) {
    if (i == 100) return finished.set_value();
    this->log().append(this->records(0, i, 1), [&go, i](const Appended&) { go(i + 1); });
  };
  go(0);
  finished.get_future().get();
  const auto all = read_all(this->log(), Partition{0});
  ASSERT_EQ(all.size(), 100u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].bytes, record_bytes(i));
}

TYPED_TEST_P(LogContract, ManyMayAppendAndReadAtOnce) {
  constexpr std::uint64_t writers = 3;
  constexpr std::uint64_t appends = 400;
  constexpr std::uint64_t per_append = 7;
  constexpr std::uint64_t total = writers * appends * per_append;
  std::vector<std::thread> threads;
  for (std::uint64_t w = 0; w < writers; ++w) {
    threads.emplace_back([this, w] {
      for (std::uint64_t i = 0; i < appends; ++i) {
        auto some = this->records(0, (w * appends + i) * per_append, per_append);
        some.push_back({Partition{1}, record_bytes(i)});
        if (i % 40 == 0) {
          append_and_wait(this->log(), std::move(some));
        } else {
          this->log().append(std::move(some), [](const Appended&) {});
        }
      }
    });
  }
  std::vector<std::vector<std::string>> read(3);
  std::atomic<int> misplaced = 0;
  for (auto& into : read) {
    threads.emplace_back([this, &into, &misplaced] {
      const auto reader = this->log().read(Partition{0}, Offset{0});
      std::vector<StoredRecord> some;
      std::int64_t latest = 0;
      while (into.size() < total) {
        reader->next(some, 64);
        for (const StoredRecord& r : some) {
          if (r.offset.value != into.size() || r.recorded.ms < latest) ++misplaced;
          latest = r.recorded.ms;
          into.emplace_back(r.bytes);
        }
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(misplaced, 0);
  EXPECT_EQ(this->log().ends()[0].value, total);
  EXPECT_EQ(this->log().ends()[1].value, writers * appends);
  EXPECT_TRUE(read[0] == read[1] && read[1] == read[2]);
  // Each append lies together, and each writer's appends in the order in which they were made.
  std::map<std::uint64_t, std::uint64_t> next_of;
  for (std::size_t i = 0; i < read[0].size(); i += per_append) {
    const std::uint64_t number = std::stoull(read[0][i]);
    const std::uint64_t writer = number / (appends * per_append);
    EXPECT_EQ(number, writer * appends * per_append + next_of[writer]);
    next_of[writer] += per_append;
    for (std::size_t k = 0; k < per_append; ++k) EXPECT_TRUE(read[0][i + k] == record_bytes(number + k));
  }
}

TYPED_TEST_P(LogContract, TablesThatKnowMoreThanTheLogAreNoticed) {
  this->append(this->records(1, 0, 5));
  EXPECT_NO_THROW(require_reached(this->log(), {}));
  EXPECT_NO_THROW(require_reached(this->log(), {Offset{0}, Offset{5}, Offset{0}, Offset{0}}));
  EXPECT_THROW(require_reached(this->log(), {Offset{0}, Offset{6}, Offset{0}, Offset{0}}), LogCorrupt);
  EXPECT_THROW(require_reached(this->log(), Positions(5)), LogRefused);
}

REGISTER_TYPED_TEST_SUITE_P(
    LogContract, IsEmptyAtFirst, RecordsAreReadInTheirOrderWithOffsetsFromZero,
    PartitionsAreCountedEachForItself, ReadingMayBeginAnywhere, WhatWasAppendedIsThereAfterOpeningAgain,
    AReaderAtTheEndGoesOnWhenMoreComes, AnOffsetBeyondTheEndWaitsForIt, NextGivesAboutAsManyAsAsked,
    RecordedIsTheClockAtTheTimeOfAppending, RecordedNeverGoesBackWithinAPartition,
    DoneRunsOnceForEachAppendAndAfterItsRecordsAreReadable, AnEmptyAppendIsDoneInItsTurn,
    APartitionThatDoesNotExistIsRefused, BigRecordsComeBackWhole, RecordsOfEverySizeComeBackWhole,
    OneBigAppendIsKeptTogetherInOrder, AFullQueueRefusesAndQueuesNothing,
    RecordsAreFoundByTheirPositionsInTheOrderAsked, APositionBeyondTheEndSaysThatTheLogLostIt,
    SubscribersHearThatTheLogHasGrown, AnEndedSubscriptionHearsNothingMore, ACallbackMayEndItsOwnSubscription,
    DoneMayAppend, ManyMayAppendAndReadAtOnce, TablesThatKnowMoreThanTheLogAreNoticed);

}  // namespace geleit
