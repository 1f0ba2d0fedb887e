#include "services/clock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <set>
#include <thread>
#include <vector>

#include "events/civil_time.h"
#include "services/signals.h"

namespace geleit {
namespace {

TEST(Clock, EnteredTakesTheLargestInstantSeen) {
  EnteredClock clock(Instant{100});
  EXPECT_EQ(clock.now().ms, 100);
  clock.advance_to(Instant{300});
  clock.advance_to(Instant{200});
  EXPECT_EQ(clock.now().ms, 300);
}

TEST(Clock, EnteredNeverGoesBackWhoeverAdvancesIt) {
  EnteredClock clock;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&clock, t] {
      std::int64_t seen = 0;
      for (int i = 0; i < 10'000; ++i) {
        clock.advance_to(Instant{i * 4 + t});
        const std::int64_t now = clock.now().ms;
        EXPECT_GE(now, seen);
        EXPECT_GE(now, i * 4 + t);
        seen = now;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(clock.now().ms, 9'999 * 4 + 3);
}

TEST(Clock, StartedRunsAtNormalPace) {
  const Instant start = *parse_instant("2026-04-04T09:00:00+02:00");
  const StartedClock clock(start);
  EXPECT_GE(clock.now(), start);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_GE(clock.now().ms, start.ms + 29);
  EXPECT_LT(clock.now().ms, start.ms + 20'000);
}

TEST(Clock, ArgumentIsEnteredOrAnInstantWithOffset) {
  EXPECT_EQ(parse_clock("entered")->kind, ClockChoice::Kind::entered);
  const auto started = parse_clock("2026-04-04T09:00:00+02:00");
  ASSERT_TRUE(started);
  EXPECT_EQ(started->kind, ClockChoice::Kind::started);
  EXPECT_EQ(berlin_date(started->start), civil(2026, 4, 4));
  EXPECT_EQ(describe(*started), "started at 2026-04-04T09:00:00+02:00");
  for (const char* wrong : {"", "Entered", "2026-04-04", "2026-04-04T09:00:00", "now"}) {
    EXPECT_FALSE(parse_clock(wrong)) << wrong;
  }
  EXPECT_GE(make_clock(*started)->now(), started->start);
  EXPECT_EQ(make_clock({ClockChoice::Kind::entered, Instant{7}})->now().ms, 7);
}

TEST(Chance, SeededRepeatsItselfAndSystemDoesNot) {
  SeededChance first(1);
  SeededChance second(1);
  SeededChance other(2);
  const std::uint64_t value = first.next();
  EXPECT_EQ(value, second.next());
  EXPECT_NE(value, other.next());
  EXPECT_EQ(SeededChance(0).next(), 0xe220a8397b1dcdafULL) << "the published first value of SplitMix64";
  SystemChance system;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(system.next());
  EXPECT_EQ(seen.size(), 1'000U);
}

TEST(Signals, TheFirstIsGracefulTheSecondAtOnce) {
  std::atomic<int> graceful{0};
  std::atomic<int> at_once{0};
  const Signals signals([&] { ++graceful; }, [&] { ++at_once; });
  auto wait_for = [](const std::atomic<int>& count, int wanted) {
    for (int i = 0; i < 500 && count < wanted; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return count == wanted;
  };
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(wait_for(graceful, 1));
  EXPECT_EQ(at_once, 0);
  ::kill(::getpid(), SIGINT);
  EXPECT_TRUE(wait_for(at_once, 1));
  EXPECT_EQ(graceful, 1);
}

}  // namespace
}  // namespace geleit
