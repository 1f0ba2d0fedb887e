// When a message is tried, how often, and what becomes of it; with a clock that the test turns.
#include "services/alert/channel_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <future>
#include <thread>

#include "events/civil_time.h"
#include "tests/unit/alert_samples.h"

namespace geleit {
namespace {

using namespace std::chrono_literals;
using Result = Outcome::Result;

constexpr std::int64_t second = 1'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;

Outcome unreachable() { return {Result::again, "no connection", {}, true}; }
Outcome busy() { return {Result::again, "500", {}, false}; }
Outcome busy_for(std::chrono::seconds wait) { return {Result::again, "429", wait, false}; }

/// What it was asked, and what it answers: the next of `answers`, else `always`.
class FakeChannel final : public Channel {
 public:
  struct Seen {
    std::vector<Uuid> tried;
    std::vector<std::size_t> shown;  ///< how many were open, at each refresh
    std::vector<bool> alive;
    Instant last_now;
    std::deque<Outcome> answers;
    Outcome always;
    std::optional<std::chrono::seconds> refresh_every;
    std::function<void()> meanwhile;  ///< runs during an attempt
    std::atomic<int> stops{0};
  };
  explicit FakeChannel(Seen& seen) : seen_(seen) {}
  Outcome deliver(const AlertMessage& message, Instant now) override {
    seen_.tried.push_back(message.id);
    return answer(now);
  }
  std::optional<std::chrono::seconds> refresh_every() const override { return seen_.refresh_every; }
  Outcome refresh(const std::vector<Notice>& open, bool alive, Instant now) override {
    seen_.shown.push_back(open.size());
    seen_.alive.push_back(alive);
    return answer(now);
  }
  void stop() override { ++seen_.stops; }

 private:
  Outcome answer(Instant now) {
    seen_.last_now = now;
    if (seen_.meanwhile) seen_.meanwhile();
    if (seen_.answers.empty()) return seen_.always;
    Outcome delivery = seen_.answers.front();
    seen_.answers.pop_front();
    return delivery;
  }
  Seen& seen_;
};

/// The least and the most that chance can say.
class SetChance final : public Chance {
 public:
  std::uint64_t next() override { return value; }
  std::uint64_t value = 0;
};

class ChannelLineTest : public testing::Test {
 protected:
  struct End {
    Uuid id;
    Result result;
    int attempts;
    std::string detail;
  };
  EnteredClock clock{berlin_time(civil(2026, 4, 8), 12, 0)};
  SetChance chance;
  std::int64_t now_ms = 1'000'000;
  FakeChannel::Seen seen;
  std::vector<End> ends;
  ChannelLine line{sample_channel(ChannelKind::webhook),
                   std::make_unique<FakeChannel>(seen),
                   clock,
                   chance,
                   [this](const AlertMessage& message, const Outcome& delivery, int attempts) {
                     ends.push_back({message.id, delivery.result, attempts, delivery.detail});
                   },
                   [this] { return now_ms; }};

  /// Does all that is due now; how long there is nothing to do then.
  std::int64_t work() {
    for (int steps = 0; steps < 5'000; ++steps) {
      if (const std::int64_t wait = line.step(); wait > 0) return wait;
    }
    ADD_FAILURE() << "there is no end to what is due";
    return 0;
  }
  /// The waits between attempts, until there is none for `idle` long.
  std::vector<std::int64_t> waits_of_attempts(std::int64_t idle = 100 * hour) {
    std::vector<std::int64_t> waits;
    std::int64_t last = now_ms;
    std::size_t tried = seen.tried.size();
    while (now_ms - last < idle) {
      const std::int64_t wait = work();
      if (seen.tried.size() > tried) {
        waits.push_back(now_ms - last);
        last = now_ms;
        tried = seen.tried.size();
      }
      now_ms += wait;
    }
    return waits;
  }
  [[nodiscard]] static Uuid id(std::uint64_t number) { return sample_single(number).id; }
  bool offer(std::uint64_t number) { return line.offer(sample_single(number)); }
};

TEST_F(ChannelLineTest, WhatIsDeliveredIsToldOnce) {
  EXPECT_TRUE(offer(1));
  EXPECT_EQ(line.status().waiting, 1u);
  EXPECT_EQ(line.status().oldest_waiting, clock.now());
  EXPECT_TRUE(seen.tried.empty()) << "only the line's thread speaks with the channel";
  work();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].id, id(1));
  EXPECT_EQ(ends[0].result, Result::delivered);
  EXPECT_EQ(ends[0].attempts, 1);
  EXPECT_EQ(seen.last_now, clock.now());
  const LineStatus status = line.status();
  EXPECT_EQ(status.name, "probe");
  EXPECT_EQ(status.kind, ChannelKind::webhook);
  EXPECT_EQ(status.waiting, 0u);
  EXPECT_EQ(status.oldest_waiting, std::nullopt);
  EXPECT_EQ(status.delivered, 1u);
  EXPECT_EQ(status.last_delivered_at, clock.now());
  EXPECT_EQ(status.last_error, "");
}

TEST_F(ChannelLineTest, TriesAfterTheScheduleOfStandardWebhooksAndThenGivesUp) {
  seen.always = busy();
  EXPECT_TRUE(offer(1));
  const std::vector<std::int64_t> schedule{0,        5 * second, 5 * minute, 30 * minute, 2 * hour,
                                           5 * hour, 10 * hour,  14 * hour,  20 * hour,   24 * hour};
  EXPECT_EQ(waits_of_attempts(), schedule);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].result, Result::given_up);
  EXPECT_EQ(ends[0].attempts, 10);
  EXPECT_EQ(ends[0].detail, "500");
  EXPECT_EQ(line.status().again, 10u);
  EXPECT_EQ(line.status().given_up, 1u);
  EXPECT_EQ(line.status().last_error, "500");
  EXPECT_EQ(schedule_ms, 75 * hour + 35 * minute + 5 * second);
}

TEST_F(ChannelLineTest, WaitsAreLengthenedByUpToATenth) {
  chance.value = 999;
  seen.always = busy();
  EXPECT_TRUE(offer(1));
  const std::vector<std::int64_t> waits = waits_of_attempts();
  ASSERT_EQ(waits.size(), 10u);
  for (std::size_t i = 0; i < retry_ms.size(); ++i) {
    EXPECT_GT(waits[i + 1], retry_ms[i] * 109 / 100);
    EXPECT_LT(waits[i + 1], retry_ms[i] * 110 / 100);
  }
}

TEST_F(ChannelLineTest, TheWaitBeginsWhenTheAttemptHasEnded) {
  seen.answers = {busy()};
  seen.meanwhile = [&] { now_ms += 10 * second; };
  EXPECT_TRUE(offer(1));
  EXPECT_EQ(work(), 5 * second);
}

TEST_F(ChannelLineTest, AMessageThatWaitsHoldsBackNoOther) {
  seen.answers = {busy()};
  EXPECT_TRUE(offer(1));
  work();
  EXPECT_TRUE(offer(2));
  EXPECT_TRUE(offer(3));
  EXPECT_EQ(work(), 5 * second);
  EXPECT_EQ(seen.tried, (std::vector{id(1), id(2), id(3)}));
  EXPECT_EQ(ends.size(), 2u);
  now_ms += 5 * second;
  work();
  EXPECT_EQ(ends.back().id, id(1));
  EXPECT_EQ(ends.back().attempts, 2);
}

TEST_F(ChannelLineTest, TheSameMessageIsNotQueuedTwice) {
  EXPECT_TRUE(offer(1));
  EXPECT_TRUE(offer(1));
  seen.meanwhile = [&] { EXPECT_TRUE(offer(1)); };
  work();
  EXPECT_EQ(seen.tried.size(), 1u);
  EXPECT_EQ(ends.size(), 1u);
  EXPECT_EQ(line.status().waiting, 0u);
}

TEST_F(ChannelLineTest, TakesNoMoreThanItHasRoomFor) {
  for (std::uint64_t i = 0; i < messages_waiting_max; ++i) ASSERT_TRUE(offer(i));
  EXPECT_FALSE(offer(messages_waiting_max));
  EXPECT_TRUE(offer(0)) << "it is there already";
  EXPECT_EQ(line.step(), 0);
  EXPECT_TRUE(offer(messages_waiting_max));
}

TEST_F(ChannelLineTest, WhatIsRefusedIsNotTriedAgain) {
  seen.answers = {{Result::refused, "301", {}, false}};
  EXPECT_TRUE(offer(1));
  EXPECT_TRUE(offer(2));
  work();
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].result, Result::refused);
  EXPECT_EQ(ends[0].detail, "301");
  EXPECT_EQ(ends[1].result, Result::delivered);
  EXPECT_EQ(line.status().refused, 1u);
  EXPECT_EQ(line.status().last_error_at, clock.now());
  EXPECT_FALSE(line.status().disabled);
}

TEST_F(ChannelLineTest, AChannelThatIsGoneIsNeverTriedAgain) {
  seen.answers = {busy(), {Result::gone, "410", {}, false}};
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_TRUE(offer(i));
  work();
  EXPECT_EQ(seen.tried.size(), 2u);
  ASSERT_EQ(ends.size(), 3u);
  for (const End& end : ends) EXPECT_EQ(end.result, Result::gone);
  EXPECT_TRUE(line.status().disabled);
  EXPECT_EQ(line.status().gone, 3u);
  EXPECT_TRUE(offer(4));
  line.retry_now();
  work();
  EXPECT_EQ(seen.tried.size(), 2u);
  ASSERT_EQ(ends.size(), 4u);
  EXPECT_EQ(ends[3].id, id(4));
  EXPECT_EQ(ends[3].attempts, 0);
  EXPECT_EQ(ends[3].detail, "the channel is switched off: 410");
}

TEST_F(ChannelLineTest, RetryAfterHoldsTheWholeChannelAndDoesNotShortenTheSchedule) {
  seen.answers = {busy_for(60s)};
  EXPECT_TRUE(offer(1));
  work();
  EXPECT_TRUE(offer(2));
  EXPECT_EQ(work(), minute);
  EXPECT_EQ(seen.tried.size(), 1u);
  now_ms += minute;
  work();
  EXPECT_EQ(ends.size(), 2u);

  seen.answers = {busy_for(1s)};
  EXPECT_TRUE(offer(3));
  EXPECT_EQ(work(), 5 * second);
}

TEST_F(ChannelLineTest, WhileItLooksDownOnlyTheOldestIsTried) {
  seen.always = unreachable();
  for (std::uint64_t i = 1; i <= 5; ++i) EXPECT_TRUE(offer(i));
  EXPECT_FALSE(line.status().down);
  // Three that reach nobody, then the oldest alone, when it is due again.
  EXPECT_EQ(work(), 5 * second);
  EXPECT_EQ(seen.tried, (std::vector{id(1), id(2), id(3)}));
  EXPECT_TRUE(line.status().down);
  now_ms += 5 * second;
  EXPECT_EQ(work(), 5 * minute);
  EXPECT_TRUE(offer(6));
  now_ms += 5 * minute - 1;
  EXPECT_EQ(work(), 1);
  EXPECT_EQ(seen.tried.size(), 4u);
  EXPECT_EQ(seen.tried.back(), id(1));
}

TEST_F(ChannelLineTest, TheEndOfAnOutageIsNoticedBeforeTheSchedule) {
  seen.always = unreachable();
  EXPECT_TRUE(offer(1));
  for (int attempt = 0; attempt < 3; ++attempt) now_ms += work();
  // Its third attempt was at 5 min 5 s; the fourth is due half an hour later.
  EXPECT_TRUE(line.status().down);
  const std::size_t tried = seen.tried.size();
  for (int probe = 0; probe < 3; ++probe) {
    EXPECT_EQ(work(), probe_ms);
    now_ms += probe_ms;
  }
  EXPECT_EQ(seen.tried.size(), tried + 3);
  EXPECT_TRUE(offer(2));
  seen.always = {};
  EXPECT_GE(work(), hour) << "nothing waits any more";
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].id, id(1));
  EXPECT_EQ(ends[1].id, id(2));
  EXPECT_FALSE(line.status().down);
}

TEST_F(ChannelLineTest, ProbesAreNotCountedAndTheScheduleGoesOn) {
  seen.always = unreachable();
  EXPECT_TRUE(offer(1));
  const std::int64_t begin = now_ms;
  while (ends.empty()) now_ms += work();
  EXPECT_EQ(ends[0].result, Result::given_up);
  EXPECT_EQ(ends[0].attempts, attempts_max);
  EXPECT_EQ(now_ms - begin - hour, schedule_ms) << "the hour in which there is nothing more to do";
  EXPECT_GT(seen.tried.size(), 500u);
}

TEST_F(ChannelLineTest, NobodyWaitsForEverWhileItIsDown) {
  seen.always = unreachable();
  for (std::uint64_t i = 1; i <= 20; ++i) EXPECT_TRUE(offer(i));
  const std::int64_t begin = now_ms;
  while (ends.size() < 20 && now_ms - begin < 1'000 * hour) now_ms += work();
  ASSERT_EQ(ends.size(), 20u);
  EXPECT_LT(now_ms - begin, schedule_ms + schedule_ms / 10 + 2 * hour);
  for (const End& end : ends) EXPECT_EQ(end.result, Result::given_up);
}

TEST_F(ChannelLineTest, AnAnswerHoweverBadIsNoOutage) {
  seen.always = busy();
  for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_TRUE(offer(i));
  work();
  EXPECT_EQ(seen.tried.size(), 10u);
  EXPECT_FALSE(line.status().down);
}

TEST_F(ChannelLineTest, RetryNowWaitsForNothing) {
  seen.answers = {busy(), busy_for(3600s)};
  EXPECT_TRUE(offer(1));
  EXPECT_TRUE(offer(2));
  EXPECT_GT(work(), minute);
  line.retry_now();
  work();
  EXPECT_EQ(ends.size(), 2u);

  seen.always = unreachable();
  for (std::uint64_t i = 3; i <= 8; ++i) EXPECT_TRUE(offer(i));
  work();
  EXPECT_TRUE(line.status().down);
  seen.always = {};
  line.retry_now();
  work();
  EXPECT_EQ(ends.size(), 8u);
}

TEST_F(ChannelLineTest, WhatIsForgottenDoesNotGoOut) {
  EXPECT_TRUE(offer(1));
  line.forget(id(1));
  line.forget(id(2));
  work();
  EXPECT_TRUE(seen.tried.empty());
  EXPECT_TRUE(ends.empty());

  // While it is tried: a failure ends it in silence …
  seen.answers = {busy()};
  seen.meanwhile = [&] { line.forget(id(3)); };
  EXPECT_TRUE(offer(3));
  EXPECT_GE(work(), hour);
  EXPECT_TRUE(ends.empty());
  EXPECT_EQ(line.status().waiting, 0u);
  // … and what went out is told.
  seen.meanwhile = [&] { line.forget(id(4)); };
  EXPECT_TRUE(offer(4));
  work();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].result, Result::delivered);
  // Wanted again meanwhile.
  seen.answers = {busy()};
  seen.meanwhile = [&] {
    line.forget(id(5));
    EXPECT_TRUE(offer(5));
  };
  EXPECT_TRUE(offer(5));
  work();
  EXPECT_EQ(line.status().waiting, 1u);
}

TEST_F(ChannelLineTest, WhoeverIsToldMayOfferAgain) {
  ChannelLine* self = nullptr;
  int told = 0;
  ChannelLine again(
      sample_channel(ChannelKind::file), std::make_unique<FakeChannel>(seen), clock, chance,
      [&](const AlertMessage& message, const Outcome&, int) {
        EXPECT_EQ(self->status().waiting, 0u);
        if (++told < 3) { EXPECT_TRUE(self->offer(message)); }
      },
      [this] { return now_ms; });
  self = &again;
  EXPECT_TRUE(again.offer(sample_single()));
  while (again.step() == 0) {}
  EXPECT_EQ(told, 3);
}

// ---------------------------------------------------------------- what is shown continuously

TEST_F(ChannelLineTest, WhatIsOpenIsShownAtOnceWhenItChangesAndEveryMinute) {
  seen.refresh_every = 60s;
  EXPECT_GE(work(), hour) << "nobody has said what is open";
  line.show({sample_notice(1)});
  EXPECT_EQ(work(), minute);
  EXPECT_EQ(seen.shown, std::vector<std::size_t>{1});
  line.show({sample_notice(1)});
  EXPECT_EQ(work(), minute) << "nothing has changed";
  now_ms += minute;
  work();
  line.show({sample_notice(1), sample_notice(2)});
  work();
  EXPECT_EQ(seen.shown, (std::vector<std::size_t>{1, 1, 2}));
  EXPECT_EQ(line.status().delivered, 0u) << "it is no message";
}

TEST_F(ChannelLineTest, AChannelThatShowsNothingIsNotAsked) {
  line.show({sample_notice(1)});
  EXPECT_GE(work(), hour);
  EXPECT_TRUE(seen.shown.empty());
}

TEST_F(ChannelLineTest, WhoeverDoesNotShowForAWhileIsTakenForDead) {
  seen.refresh_every = 60s;
  line.show({});
  for (int i = 0; i < 5; ++i) now_ms += work();
  EXPECT_EQ(seen.alive, (std::vector<bool>{true, true, true, true, false}));
  line.show({});
  work();
  EXPECT_TRUE(seen.alive.back());
}

TEST_F(ChannelLineTest, ARefreshThatFailsComesAgainSoonerAndTellsOfOutages) {
  seen.refresh_every = 60s;
  seen.always = unreachable();
  line.show({sample_notice(1)});
  EXPECT_EQ(work(), refresh_again_ms);
  EXPECT_TRUE(offer(1));
  work();
  now_ms += refresh_again_ms;
  work();
  EXPECT_TRUE(line.status().down);
  seen.always = {};
  now_ms += refresh_again_ms;
  work();
  EXPECT_EQ(ends.size(), 1u) << "it goes out with the first refresh that succeeds";
  EXPECT_FALSE(line.status().down);
}

TEST_F(ChannelLineTest, ASetThatChangesDuringARefreshIsShownNext) {
  seen.refresh_every = 60s;
  seen.meanwhile = [&] {
    seen.meanwhile = nullptr;
    line.show({});
  };
  line.show({sample_notice(1)});
  EXPECT_EQ(work(), minute);
  EXPECT_EQ(seen.shown, (std::vector<std::size_t>{1, 0}));
}

// ---------------------------------------------------------------- its thread

TEST(ChannelLineThread, TriesWhatIsOfferedAndEndsSoon) {
  SystemClock clock;
  SystemChance chance;
  FakeChannel::Seen seen;
  seen.always = busy();
  std::promise<void> tried;
  seen.meanwhile = [&, once = false]() mutable {
    if (!std::exchange(once, true)) tried.set_value();
  };
  std::atomic<int> told{0};
  ChannelLine line(sample_channel(ChannelKind::webhook), std::make_unique<FakeChannel>(seen), clock, chance,
                   [&](const AlertMessage&, const Outcome&, int) { ++told; });
  line.start();
  EXPECT_TRUE(line.offer(sample_single()));
  ASSERT_EQ(tried.get_future().wait_for(10s), std::future_status::ready);
  const auto begin = std::chrono::steady_clock::now();
  line.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_GE(seen.stops.load(), 1);
  EXPECT_EQ(told.load(), 0) << "what waits is told to nobody";
  EXPECT_FALSE(line.offer(sample_single(2)));
  line.stop();
}

TEST(ChannelLineThread, WhatIsBrokenOffByTheEndIsNoEnd) {
  SystemClock clock;
  SystemChance chance;
  FakeChannel::Seen seen;
  seen.always = busy();
  std::promise<void> begun, go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  seen.meanwhile = [&] {
    begun.set_value();
    may_go_on.wait();
  };
  std::atomic<int> told{0};
  ChannelLine line(sample_channel(ChannelKind::webhook), std::make_unique<FakeChannel>(seen), clock, chance,
                   [&](const AlertMessage&, const Outcome&, int) { ++told; });
  line.start();
  EXPECT_TRUE(line.offer(sample_single()));
  begun.get_future().wait();
  std::thread stopper([&] { line.stop(); });
  while (seen.stops.load() == 0) std::this_thread::sleep_for(1ms);
  go_on.set_value();
  stopper.join();
  EXPECT_EQ(told.load(), 0);
  EXPECT_EQ(line.status().again, 0u);
}

TEST(ChannelLineThread, IsMeasured) {
  EnteredClock clock;
  SetChance chance;
  FakeChannel::Seen seen;
  seen.answers = {Outcome{}, {Result::refused, "", {}, false}, unreachable(), unreachable(), unreachable()};
  http::Metrics metrics;
  ChannelLine line(sample_channel(ChannelKind::webhook), std::make_unique<FakeChannel>(seen), clock, chance,
                   {}, [] { return std::int64_t{1}; });
  line.measure(metrics);
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(line.offer(sample_single(i)));
  while (line.step() == 0) {}
  const std::string text = metrics.text();
  for (const std::string_view wanted :
       {"geleit_alert_deliveries_total{channel=\"probe\",outcome=\"delivered\"} 1\n",
        "geleit_alert_deliveries_total{channel=\"probe\",outcome=\"refused\"} 1\n",
        "geleit_alert_deliveries_total{channel=\"probe\",outcome=\"again\"} 3\n",
        "geleit_alert_waiting{channel=\"probe\"} 4\n", "geleit_alert_waiting_max{channel=\"probe\"} 1000\n",
        "geleit_alert_channel_down{channel=\"probe\"} 1\n"}) {
    EXPECT_TRUE(has(text, wanted)) << wanted << "\n" << text;
  }
}

}  // namespace
}  // namespace geleit
