// The life of an alert, and what waits to be recorded, as they follow from a case.
#include "projections/alerts.h"

#include <gtest/gtest.h>

#include "projections/timers.h"
#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::approval_id;
using testing::CaseStory;
using testing::day;
using testing::discharged_case;

class Alerts : public ::testing::Test {
 protected:
  /// Discharged on Friday 2026-02-20; nobody came until Good Friday, 2026-04-03. Recorded at the midnight
  /// after.
  Alerts() { misses(Version{1}); }

  void misses(Version generation) {
    story.at("2026-04-04", 0)
        .happens(StartDeadlineMissed{generation, day("2026-04-03"), day("2026-04-03")}, "2026-04-04");
  }
  [[nodiscard]] EventId alert() const { return story.now().missed.back().alert; }
  [[nodiscard]] std::vector<AlertRow> rows() const { return story.rows<AlertRow>(Table::alerts); }
  [[nodiscard]] AlertRow row() const { return rows().back(); }
  [[nodiscard]] std::string_view state(std::string_view today) const {
    return word(state_on(row(), day(today)));
  }
  [[nodiscard]] std::vector<TimerRow> timers(TimerKind kind) const {
    auto all = story.rows<TimerRow>(Table::timers);
    std::erase_if(all, [&](const TimerRow& timer) { return timer.kind != kind; });
    return all;
  }
  [[nodiscard]] std::string escalates_at() const {
    const auto timer = timers(TimerKind::escalation);
    return timer.empty() ? "never" : to_string(timer.front().due);
  }
  void acknowledges() { story.happens(AlertAcknowledged{alert(), {}, {}}, "2026-04-07"); }
  void snoozes(std::string_view until) {
    story.happens(AlertSnoozed{alert(), day(until), Sealed{"why"}, {}}, "2026-04-07");
  }
  void sends(std::string_view channel, int number, int level = 1) {
    story.happens(
        AlertSent{alert(), channel, level, number, berlin_time(day("2026-04-04"), 0, 1), "delivered"});
  }
  /// Whether somebody has to look at it: the index that the desk reads.
  [[nodiscard]] bool is_unsettled() const {
    const Derived derived = story.derive(Table::alerts);
    return std::ranges::any_of(derived.rows.back().index,
                               [](const IndexKey& key) { return key.column == alerts_unsettled; });
  }

  CaseStory story = discharged_case();
};

TEST_F(Alerts, AMissedStartIsOpenFromTheMidnightAfterItsLastDay) {
  EXPECT_EQ(to_string(row().raised_at), "2026-04-04T00:00:00+02:00");
  EXPECT_EQ(state("2026-04-04"), "open");
  EXPECT_TRUE(is_unsettled());
}

TEST_F(Alerts, TheFirstUnitClosesIt) {
  story.delivered(1, "2026-04-08");
  EXPECT_EQ(state("2026-04-08"), "closed");
  EXPECT_EQ(row().closed, AlertClosed::met);
}

TEST_F(Alerts, AUnitOfBeforeThatIsFoundLaterClosesItToo) {
  story.delivered(1, "2026-03-30");
  EXPECT_EQ(row().closed, AlertClosed::met);
}

TEST_F(Alerts, ACorrectedDischargeClosesItAndWaitsForItsOwnDay) {
  story.discharged("2026-03-20");
  EXPECT_EQ(row().closed, AlertClosed::corrected);
  ASSERT_EQ(timers(TimerKind::missed).size(), 1U);
  EXPECT_EQ(to_string(timers(TimerKind::missed).front().due), "2026-05-02T00:00:00+02:00");
  EXPECT_EQ(timers(TimerKind::missed).front().generation, story.version());
}

TEST_F(Alerts, TheEndOfTheCaseClosesItAndReopeningOpensItAgain) {
  story.discontinued("2026-04-20");
  EXPECT_EQ(row().closed, AlertClosed::ended);
  story.reopened();
  EXPECT_EQ(state("2026-04-21"), "open");
  EXPECT_TRUE(timers(TimerKind::missed).empty()) << "it is recorded already";
}

TEST_F(Alerts, AVoidedFirstUnitOpensTheDeadlineAnew) {
  story.delivered(1, "2026-04-08").voided(1);
  EXPECT_EQ(row().closed, AlertClosed::corrected);
  ASSERT_EQ(timers(TimerKind::missed).size(), 1U);
  EXPECT_EQ(timers(TimerKind::missed).front().generation, story.version());
}

TEST_F(Alerts, AnswersAreTheLastOneGiven) {
  acknowledges();
  EXPECT_EQ(state("2026-04-07"), "acknowledged");
  snoozes("2026-04-10");
  EXPECT_EQ(state("2026-04-09"), "snoozed");
  EXPECT_EQ(state("2026-04-10"), "open") << "a snooze ends by itself";
  acknowledges();
  EXPECT_EQ(state("2026-04-09"), "acknowledged");
}

TEST_F(Alerts, WhatIsSaidToAClosedOneHasNoEffectWhenItOpensAgain) {
  story.discontinued("2026-04-20");
  story.happens(AlertAcknowledged{alert(), {}, true}, "2026-04-21");
  story.reopened();
  EXPECT_EQ(state("2026-04-22"), "open");
}

TEST_F(Alerts, NobodyAnswersForEightWorkingHoursAndItGoesUpThenForSixteenMore) {
  // Recorded on Saturday; Easter Monday is a holiday: Tuesday, 08:00 to 16:00.
  EXPECT_EQ(escalates_at(), "2026-04-07T16:00:00+02:00");
  story.at("2026-04-07", 16).happens(AlertEscalated{alert(), 2});
  EXPECT_EQ(state("2026-04-07"), "escalated");
  // One hour on Tuesday, nine on Wednesday, six on Thursday.
  EXPECT_EQ(escalates_at(), "2026-04-09T14:00:00+02:00");
  EXPECT_EQ(timers(TimerKind::escalation).front().level, 3);
  story.at("2026-04-09", 14).happens(AlertEscalated{alert(), 3});
  EXPECT_EQ(escalates_at(), "never");
}

TEST_F(Alerts, AnAcknowledgedOneDoesNotGoUpAndASnoozedOneCountsFromItsEnd) {
  acknowledges();
  EXPECT_EQ(escalates_at(), "never");
  snoozes("2026-04-10");
  EXPECT_EQ(escalates_at(), "2026-04-10T16:00:00+02:00");
}

TEST_F(Alerts, AClosedOneIsSettledOnceEverybodyWhoWasToldKnows) {
  sends("post", 1);
  sends("pager", 1);
  story.delivered(1, "2026-04-08");
  EXPECT_TRUE(is_unsettled());
  sends("post", 2);
  EXPECT_TRUE(is_unsettled()) << "the other channel still says that it is open";
  sends("pager", 2);
  EXPECT_FALSE(is_unsettled());
}

TEST_F(Alerts, AnEventOfAnAlertThatTheCaseDoesNotHaveFailsTheFold) {
  EXPECT_THROW(story.happens(AlertEscalated{EventId{{1, 2}}, 2}), FoldFailed);
}

TEST(Timers, AStartIsDueAtTheMidnightAfterItsLastDayAndNoLongerOnceItIsMet) {
  CaseStory story = discharged_case();
  const auto due = [&] {
    std::vector<std::string> all;
    for (const TimerRow& timer : story.rows<TimerRow>(Table::timers)) all.push_back(to_string(timer.due));
    return all;
  };
  EXPECT_EQ(due(), std::vector<std::string>{"2026-04-04T00:00:00+02:00"});
  story.delivered(1, "2026-03-02");
  // What waits now is SMN-COMPLETE: 84 days after the first unit.
  EXPECT_EQ(due(), std::vector<std::string>{"2026-05-26T00:00:00+02:00"});
  story.completed("2026-05-20");
  EXPECT_TRUE(due().empty());
}

TEST(Timers, AStartMetLateIsStillToBeRecordedAsMissed) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-04-08");
  const auto timers = story.rows<TimerRow>(Table::timers);
  ASSERT_EQ(timers.size(), 2U);
  EXPECT_EQ(timers.front().rule, Rule::smn_start);
}

TEST(Timers, TheInsurersDeadlineIsDueAfterTheDayToWhichItRolls) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-02").applied("2026-03-13");
  const auto timers = story.rows<TimerRow>(Table::timers);
  // Good Friday rolls to the Tuesday after Easter.
  ASSERT_EQ(timers.size(), 2U);
  EXPECT_EQ(timers.back().rule, Rule::gkv_decision);
  EXPECT_EQ(to_string(timers.back().due), "2026-04-08T00:00:00+02:00");
}

TEST(Timers, AnApprovalsPeriodLapsesOnceForEachOfItsEnds) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-02")
      .applied("2026-03-02")
      .granted(1, "2026-03-10", 10, "2026-03-01", "2026-06-30");
  const auto lapsing = [&] {
    std::vector<std::string> ends;
    for (const TimerRow& timer : story.rows<TimerRow>(Table::timers)) {
      if (timer.kind == TimerKind::lapsed) ends.push_back(to_string(timer.until));
    }
    return ends;
  };
  EXPECT_EQ(lapsing(), std::vector<std::string>{"2026-06-30"});
  story.happens(ApprovalPeriodLapsed{approval_id(1), day("2026-06-30")}, "2026-07-01");
  EXPECT_TRUE(lapsing().empty());
  ApprovalCorrected longer;
  longer.approval = approval_id(1);
  longer.until = day("2026-07-31");
  story.happens(longer);
  EXPECT_EQ(lapsing(), std::vector<std::string>{"2026-07-31"});
  story.revoked(1);
  EXPECT_TRUE(lapsing().empty());
}

TEST(Warnings, ComeFourteenSevenAndTwoWorkingDaysBeforeTheStart) {
  const CaseStory story = discharged_case();
  const DeadlineRow row = story.deadline(Rule::smn_start);
  const auto warning = [&](std::string_view today) { return warning_on(row, day(today)).value_or(0); };
  // Last day: Good Friday, 2026-04-03.
  EXPECT_EQ(warning("2026-03-15"), 0);
  EXPECT_EQ(warning("2026-03-16"), 14);
  EXPECT_EQ(warning("2026-03-24"), 14);
  EXPECT_EQ(warning("2026-03-25"), 7);
  EXPECT_EQ(warning("2026-04-01"), 2);
  EXPECT_EQ(warning("2026-04-03"), 2);
  EXPECT_EQ(warning("2026-04-04"), 0) << "it is missed";
}

TEST(Warnings, AreNoneOnceTheDeadlineIsMet) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-02");
  EXPECT_EQ(warning_on(story.deadline(Rule::smn_start), day("2026-04-01")), std::nullopt);
}

TEST(Warnings, AreAsTheProviderHasSetThem) {
  CaseStory story;
  story.referred().under_settings(R"({"alerts":{"warnings":{"SMN-START":[5]}}})").discharged("2026-02-20");
  const DeadlineRow row = story.deadline(Rule::smn_start);
  EXPECT_EQ(warning_on(row, day("2026-03-26")), std::nullopt);
  EXPECT_EQ(warning_on(row, day("2026-03-27")), 5);
}

}  // namespace
}  // namespace geleit
