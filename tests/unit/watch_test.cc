// Watch, from the tables' due keys to the events: an intake of its own on a log in memory, a clock that the
// test turns, everything in the test's own thread.
#include "services/watch/watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/memory_log.h"
#include "events/uuid.h"
#include "projections/projector.h"
#include "projections/table_keys.h"
#include "projections/timers.h"
#include "services/intake/adopt_settings.h"
#include "services/intake/command_json.h"
#include "services/intake/intake_port.h"
#include "tests/temporary_directory.h"
#include "tests/unit/hand_clock.h"

namespace geleit {
namespace {

std::string case_number(int n) { return fmt::format("0190c0de-0000-7000-8000-{:012x}", 0xca5e00 + n); }

class WatchTest : public ::testing::Test {
 protected:
  WatchTest()
      : log_(options()),
        keys_(memory_key_store()),
        store_(Store::open({.dir = dir_.path() / "tables"})),
        projector_(log_, *store_, rules_) {
    projector_.prepare({});
    project();
    adopt_shipped_rules(log_, *store_, rules_, projector_, clock_);
    intake_ = std::make_unique<Intake>(log_, *store_, rules_, *keys_, clock_, chance_);
    port_ = std::make_unique<IntakePort>(*intake_, clock_);
    watch_ = std::make_unique<Watch>(*store_, rules_, clock_, *port_);
  }

  MemoryLogOptions options() {
    MemoryLogOptions options;
    options.partitions = 4;
    options.id = {1, 2};
    options.clock = [this] { return clock_.at; };
    options.delivery = Delivery::at_once;
    return options;
  }
  void project() {
    while (projector_.step() > 0) {}
  }
  void settle() {
    for (int i = 0; i < 20; ++i) intake_->step();
    project();
  }
  void tell(const std::string& json) {
    std::vector<Submitted> one;
    one.push_back(reader_.read(json, clock_.at));
    std::optional<Answer> told;
    ASSERT_TRUE(intake_->submit(std::move(one), false, {},
                                [&](std::vector<Answer> answers) { told = std::move(answers.front()); }));
    settle();
    ASSERT_TRUE(told);
    const auto* rejection = std::get_if<Rejection>(&*told);
    ASSERT_FALSE(rejection) << rejection->detail.en;
  }
  void discharged(int number, std::string_view on) {
    tell(fmt::format(
        R"({{"command":"ReceiveReferral","case":"{}","data":{{"benefit":"SMN","provider":"hana-muenchen",)"
        R"("land":"DE-BY","person":{{"given_name":"Mia","family_name":"Musterkind","born":"2020-05-10"}},)"
        R"("prescriber":{{"kind":"hospital"}},"prescribed_on":"2026-02-01","units":12,)"
        R"("diagnoses":[{{"icd":"P07.3"}}],)"
        R"("setting":"inpatient","discharged_on":"{}"}}}})",
        case_number(number), on));
  }
  void corrects_discharge(int number, std::string_view on) {
    tell(fmt::format(R"({{"command":"RecordDischarge","case":"{}","data":{{"discharged_on":"{}"}}}})",
                     case_number(number), on));
  }
  void clock_is(std::string_view instant) { clock_.at = parse_instant(instant).value(); }
  /// Looks as often as something is asked for.
  void watches(Watch& watch) {
    while (watch.step()) settle();
  }
  void watches() { watches(*watch_); }
  /// Names and times of the events that the service has made, in the order of the log.
  [[nodiscard]] std::vector<std::string> made() {
    std::vector<std::pair<Instant, std::string>> found;
    std::vector<StoredRecord> records;
    for (std::uint16_t p = 0; p < 4; ++p) {
      const auto reader = log_.read(Partition{p}, Offset{0});
      for (reader->next(records, 1'000); !records.empty(); reader->next(records, 1'000)) {
        for (const StoredRecord& record : records) {
          const Event event = decode(record.bytes);
          if (!event.by.empty() || name_of(event.payload) == "SettingsAdopted" ||
              event.happened.at == std::nullopt || event.id.value.version() != 5)
            continue;
          found.emplace_back(record.recorded,
                             fmt::format("{} {}", name_of(event.payload), to_string(*event.happened.at)));
        }
      }
    }
    std::ranges::stable_sort(found, {}, &std::pair<Instant, std::string>::first);
    std::vector<std::string> told;
    for (auto& [recorded, text] : found) told.push_back(std::move(text));
    return told;
  }
  using Made = std::vector<std::string>;

  TemporaryDirectory dir_;
  HandClock clock_;
  SeededChance chance_{7};
  RuleBook rules_;
  MemoryLog log_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<Store> store_;
  Projector projector_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<IntakePort> port_;
  std::unique_ptr<Watch> watch_;
  CommandReader reader_;
};

TEST_F(WatchTest, NothingIsRecordedOnTheLastDayAndTheMissedStartAtTheMidnightAfterIt) {
  discharged(1, "2026-02-20");
  clock_is("2026-04-03T23:59:59.999+02:00");
  watches();
  EXPECT_EQ(made(), Made{});
  EXPECT_EQ(to_string(*watch_->status().next_due), "2026-04-04T00:00:00+02:00");
  clock_is("2026-04-04T00:00:00+02:00");
  watches();
  EXPECT_EQ(made(), Made{"StartDeadlineMissed 2026-04-04T00:00:00+02:00"});
}

TEST_F(WatchTest, ItIsRecordedOnceWhoeverLooksAndHoweverOften) {
  discharged(1, "2026-02-20");
  clock_is("2026-04-04T08:00:00+02:00");
  // Two of them see it due before either is answered.
  Watch other(*store_, rules_, clock_, *port_);
  EXPECT_TRUE(watch_->step());
  EXPECT_TRUE(other.step());
  settle();
  watches(other);
  watches();
  Watch after_a_restart(*store_, rules_, clock_, *port_);
  watches(after_a_restart);
  EXPECT_EQ(made().size(), 1U);
  EXPECT_EQ(other.status().recorded, 1U) << "it was told that it is recorded, and by whom does not matter";
}

TEST_F(WatchTest, AfterAMonthsStopTheOldestComesFirst) {
  discharged(1, "2026-02-27");
  discharged(2, "2026-02-20");
  discharged(3, "2026-02-25");
  clock_is("2026-05-04T09:00:00+02:00");
  watches();
  const Made all = made();
  Made starts;
  for (const std::string& one : all) {
    if (one.starts_with("StartDeadlineMissed")) starts.push_back(one);
  }
  ASSERT_EQ(starts.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(starts)) << "each at the midnight at which it was due";
}

TEST_F(WatchTest, ADischargeCorrectedAfterwardsWaitsForItsOwnDayAndIsRecordedAgain) {
  discharged(1, "2026-02-20");
  clock_is("2026-04-04T08:00:00+02:00");
  watches();
  corrects_discharge(1, "2026-03-20");
  watches();
  EXPECT_EQ(made().size(), 1U);
  clock_is("2026-05-02T00:00:00+02:00");
  watches();
  ASSERT_GE(made().size(), 2U);
  EXPECT_EQ(made().back(), "StartDeadlineMissed 2026-05-02T00:00:00+02:00");
}

TEST_F(WatchTest, AClockSetBackRecordsNothingTwiceAndOneSetForwardNothingTooLate) {
  discharged(1, "2026-02-20");
  discharged(2, "2026-03-01");
  clock_is("2026-04-04T08:00:00+02:00");
  watches();
  clock_is("2026-03-20T08:00:00+01:00");
  watches();
  EXPECT_EQ(made().size(), 1U);
  clock_is("2026-04-13T08:00:00+02:00");
  watches();
  EXPECT_EQ(std::ranges::count_if(made(), [](const std::string& one) { return one.starts_with("Start"); }),
            2);
}

TEST_F(WatchTest, InTheNightInWhichTheClockChangesMidnightIsBerlins) {
  // 42 days after 2026-02-14 is Saturday 2026-03-28; at two on Sunday the clock goes to three.
  discharged(1, "2026-02-14");
  // 42 days after 2026-09-12 is Saturday 2026-10-24; at three on Sunday it goes back to two.
  clock_is("2026-03-28T23:59:59+01:00");
  watches();
  EXPECT_TRUE(made().empty());
  clock_is("2026-03-29T00:00:00+01:00");
  watches();
  EXPECT_EQ(made(), Made{"StartDeadlineMissed 2026-03-29T00:00:00+01:00"});
  clock_is("2026-10-01T09:00:00+02:00");
  discharged(2, "2026-09-12");
  clock_is("2026-10-24T23:59:59+02:00");
  watches();
  const std::size_t before = made().size();
  clock_is("2026-10-25T00:00:00+02:00");
  watches();
  EXPECT_EQ(made().size(), before + 1);
  EXPECT_EQ(made().back(), "StartDeadlineMissed 2026-10-25T00:00:00+02:00");
}

TEST_F(WatchTest, WhatIntakeFindsNotToBeSoIsNotRecorded) {
  discharged(1, "2026-02-20");
  clock_is("2026-04-04T08:00:00+02:00");
  // The tables that watch looks at are behind: a visit is recorded, and they do not know it yet.
  std::vector<Submitted> one;
  one.push_back(
      reader_.read(fmt::format(R"({{"command":"DeliverVisit","case":"{}","data":{{)"
                               R"("visit":"0190c0de-0000-7000-8000-00000000f1f1",)"
                               R"("started_at":"2026-03-02T14:10:00+01:00","minutes":45,"place":"home",)"
                               R"("category":"guidance","staff":"m.roth"}}}})",
                               case_number(1)),
                   clock_.at));
  ASSERT_TRUE(intake_->submit(std::move(one), false, {}, [](const std::vector<Answer>&) {}));
  for (int i = 0; i < 5; ++i) intake_->step();
  EXPECT_TRUE(watch_->step());
  settle();
  watches();
  EXPECT_TRUE(made().empty());
  EXPECT_EQ(watch_->status().refused, 1U);
}

TEST_F(WatchTest, ManyAtOnceAreAskedForInPiecesThatLeaveRoom) {
  constexpr int many = static_cast<int>(watch_piece_max * watch_pieces_max) + 40;
  for (int n = 0; n < many; ++n) discharged(n, "2026-02-20");
  clock_is("2026-04-04T00:00:00+02:00");
  std::size_t pieces = 0;
  while (watch_->step()) ++pieces;
  EXPECT_EQ(pieces, watch_pieces_max) << "no more than these wait with intake";
  settle();
  watches();
  EXPECT_EQ(made().size(), static_cast<std::size_t>(many));
}

TEST_F(WatchTest, WhatIsDueForAMinuteAndNotRecordedIsToldOf) {
  discharged(1, "2026-02-20");
  clock_is("2026-04-03T12:00:00+02:00");
  watches();
  clock_is("2026-04-04T00:00:01+02:00");
  EXPECT_TRUE(watch_->step());  // and intake does not answer
  EXPECT_EQ(watch_->status().late, 0U);
  EXPECT_TRUE(troubles_of(watch_->status()).empty());
  clock_is("2026-04-04T00:01:00+02:00");
  EXPECT_FALSE(watch_->step());
  EXPECT_EQ(watch_->status().late, 1U);
  ASSERT_EQ(troubles_of(watch_->status()).size(), 1U);
  EXPECT_NE(troubles_of(watch_->status()).front().find("2026-04-04T00:00:00+02:00"), std::string::npos);
  EXPECT_NE(to_json(watch_->status()).find(R"("due":1,"oldest_due":"2026-04-04T00:00:00+02:00","late":1,)"),
            std::string::npos);
  settle();
  watches();
  EXPECT_EQ(watch_->status().late, 0U);
  EXPECT_TRUE(troubles_of(watch_->status()).empty());
}

TEST_F(WatchTest, ADelayCountsFromWhenSomethingWasDueAndKnown) {
  http::Metrics metrics;
  watch_->measure(metrics);
  const auto shows = [&](const std::string& line) {
    EXPECT_NE(metrics.text().find("geleit_watch_delay_seconds_" + line + "\n"), std::string::npos)
        << line << "\n"
        << metrics.text();
  };
  discharged(1, "2026-02-20");
  clock_is("2026-04-04T00:00:30+02:00");
  watches();  // nobody looked before: half a minute late
  shows("count 1");
  shows("sum 30");
  clock_is("2026-04-04T00:05:00+02:00");
  watches();
  clock_is("2026-04-04T00:05:02+02:00");
  discharged(2, "2026-02-13");  // told of a week after its last day, and two seconds after the look before
  watches();
  EXPECT_EQ(watch_->status().late, 0U);
  shows("count 2");
  shows("sum 32");
}

TEST_F(WatchTest, TheCheckFindsADueKeyThatIsNotThereAndOneThatShouldNotBe) {
  discharged(1, "2026-02-20");
  discharged(2, "2026-02-20");
  EXPECT_TRUE(watch_->check());
  EXPECT_EQ(watch_->status().wrong_timers, 0U);
  const Reading reading(store_->snapshot());
  const auto timers = due_timers(reading, parse_instant("2026-12-31T00:00:00+01:00").value(), 10);
  ASSERT_EQ(timers.size(), 2U);
  const StoreState state = store_->snapshot()->state();
  auto batch = store_->batch();
  batch->remove(Table::timers, row_key("hana-muenchen", key_of(timers.front())));
  store_->write(std::move(batch), state);
  EXPECT_TRUE(watch_->check());
  EXPECT_EQ(watch_->status().wrong_timers, 1U);
  EXPECT_EQ(watch_->status().wrong_case, to_string(timers.front().id));
  ASSERT_EQ(troubles_of(watch_->status()).size(), 1U);
  EXPECT_NE(troubles_of(watch_->status()).front().find(to_string(timers.front().id)), std::string::npos);
}

}  // namespace
}  // namespace geleit
