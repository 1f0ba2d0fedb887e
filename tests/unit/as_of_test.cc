// What was true on a day: which events count (API.md, Two times), and that folding only them never fails.
#include "projections/as_of.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/any_story.h"

namespace geleit::testing {
namespace {

/// The case as of a day, folded as the tables of a past are.
Case as_of(const CaseStory& story, CivilDate on) {
  CountedFacts facts;
  for (const auto& [event, hash] : story.told()) facts.add(event);
  std::vector<Verdict> verdicts;
  facts.on(on, verdicts);
  Case c;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    Event event = story.told()[i].first;
    evolve_counted(c, event, story.told()[i].second, verdicts[i]);
  }
  return c;
}
Case as_of(const CaseStory& story, std::string_view on) { return as_of(story, day(on)); }

Case fold_until(const CaseStory& story, CivilDate on) {
  Case c;
  for (const auto& [event, hash] : story.told()) {
    if (event.happened.date <= on) evolve(c, event, hash);
  }
  return c;
}

int delivered_minutes(const Case& c) {
  int sum = 0;
  for (const Visit& v : c.visits) sum += v.delivered() ? v.minutes.value : 0;
  return sum;
}

CaseStory referred() {
  CaseStory story;
  story.referred();
  return story;
}

TEST(AsOf, NothingIsThereBeforeTheReferral) {
  const CaseStory story = referred();
  EXPECT_FALSE(as_of(story, "2026-02-18").exists());
  EXPECT_TRUE(as_of(story, "2026-02-19").exists());
}

TEST(AsOf, AReferralCountsFromWhatItsAmendmentSays) {
  CaseStory story = referred();
  ReferralAmended amended;
  amended.received_on = day("2026-02-10");
  amended.units = 15;
  story.happens(amended, "2026-04-01");
  EXPECT_FALSE(as_of(story, "2026-02-09").exists());
  EXPECT_EQ(as_of(story, "2026-02-10").units, 15);
}

TEST(AsOf, TheLatestKnownDischargeReplacesEarlierOnes) {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"}).discharged("2026-03-05");
  EXPECT_EQ(as_of(story, "2026-03-04").discharged_on, std::nullopt);
  EXPECT_EQ(as_of(story, "2026-03-05").discharged_on, day("2026-03-05"));
  story.discharged("2026-02-25");
  EXPECT_EQ(as_of(story, "2026-03-01").discharged_on, day("2026-02-25"));
}

TEST(AsOf, AVisitCountsFromItsDayWhateverItHappenedToBeToldOn) {
  CaseStory story = referred().discharged("2026-02-20");
  VisitDelivered late;
  late.visit = visit_id(1);
  late.started_at = berlin_time(day("2026-03-02"), 10, 0);
  late.minutes = Minutes{60};
  late.place = Place::home;
  late.category = Category::guidance;
  late.staff = "m.roth";
  story.happens(late, "2026-04-20");
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-03-01")), 0);
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-03-02")), 60);
}

TEST(AsOf, ACorrectionMovesTheVisitFromTheStart) {
  CaseStory story =
      referred().discharged("2026-02-20").delivered(1, "2026-03-02").corrected_to(1, "2026-02-27");
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-02-26")), 0);
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-02-27")), 60);
  story.corrected_to(1, "2026-03-10");
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-03-09")), 0);
}

TEST(AsOf, AVoidedVisitWasNeverDelivered) {
  CaseStory story = referred().discharged("2026-02-20").delivered(1, "2026-03-02");
  story.happens(VisitVoided{visit_id(1), {}}, "2026-05-01");
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-03-02")), 0);
  EXPECT_EQ(as_of(story, "2026-03-02").visits.at(0).state, VisitState::voided);
  EXPECT_TRUE(as_of(story, "2026-03-01").visits.empty());
}

TEST(AsOf, AVisitIsPlannedUntilItsDay) {
  CaseStory story = referred().discharged("2026-02-20").scheduled(1, "2026-02-22");
  story.happens(VisitRescheduled{visit_id(1), berlin_time(day("2026-03-02"), 9, 0), {}, {}}, "2026-02-23");
  VisitDelivered e;
  e.visit = visit_id(1);
  e.minutes = Minutes{45};
  story.happens(e, "2026-03-02");
  EXPECT_EQ(as_of(story, "2026-02-22").visits.at(0).on, day("2026-02-22"));
  EXPECT_EQ(as_of(story, "2026-03-01").visits.at(0).state, VisitState::scheduled);
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-03-02")), 45);
}

TEST(AsOf, APlanToldAfterTheVisitCountsWithIt) {
  CaseStory story = referred().discharged("2026-02-20");
  VisitScheduled plan;
  plan.visit = visit_id(1);
  plan.starts_at = berlin_time(day("2026-03-02"), 9, 0);
  plan.minutes = Minutes{60};
  plan.staff = "m.roth";
  plan.category = Category::guidance;
  story.happens(plan, "2026-03-09");
  VisitDelivered e;
  e.visit = visit_id(1);
  e.minutes = Minutes{30};
  story.happens(e, "2026-03-09");
  EXPECT_EQ(delivered_minutes(as_of(story, "2026-03-02")), 30);
}

TEST(AsOf, ARevokedApprovalStandsUntilItWasRevoked) {
  CaseStory story = referred().applied("2026-02-20").granted(1, "2026-03-01", 12, "2026-02-20", "2026-08-31");
  story.happens(ApprovalRevoked{approval_id(1), {}}, "2026-04-10");
  EXPECT_TRUE(as_of(story, "2026-02-28").approvals.empty());
  EXPECT_TRUE(as_of(story, "2026-04-09").approvals.at(0).stands());
  EXPECT_FALSE(as_of(story, "2026-04-10").approvals.at(0).stands());
}

TEST(AsOf, ACorrectedApprovalCountsFromItsCorrectedDay) {
  CaseStory story = referred().applied("2026-02-20").granted(1, "2026-03-10", 12, "2026-02-20", "2026-08-31");
  ApprovalCorrected e;
  e.approval = approval_id(1);
  e.decided_on = day("2026-03-01");
  e.units = 10;
  story.happens(e, "2026-05-01");
  EXPECT_TRUE(as_of(story, "2026-02-28").approvals.empty());
  EXPECT_EQ(as_of(story, "2026-03-01").approvals.at(0).units, 10);
  EXPECT_EQ(as_of(story, "2026-03-01").applications.at(0).decided_on, day("2026-03-01"));
}

TEST(AsOf, ADecisionOnAnApplicationThatDoesNotCountDoesNotCount) {
  // Made for the day: the decision carries a day before its application's.
  const CaseStory story =
      referred().applied("2026-03-20").granted(1, "2026-03-01", 12, "2026-02-20", "2026-08-31");
  EXPECT_TRUE(as_of(story, "2026-03-10").approvals.empty());
  EXPECT_EQ(as_of(story, "2026-03-20").approvals.size(), 1U);
}

TEST(AsOf, ADecisionStaysWithTheApplicationItWasAbout) {
  // The first of two decisions told is the later one by its day.
  const CaseStory story = referred()
                              .applied("2026-02-20", 8)
                              .applied("2026-02-21", 4)
                              .granted(1, "2026-03-10", 8, "2026-02-20", "2026-08-31")
                              .granted(2, "2026-03-05", 4, "2026-02-20", "2026-08-31");
  const Case c = as_of(story, "2026-03-07");
  ASSERT_EQ(c.approvals.size(), 1U);
  EXPECT_EQ(c.approvals.at(0).decides, 1U);
  EXPECT_EQ(c.applications.at(0).decision, Decision::none);
  EXPECT_EQ(c.applications.at(1).decision, Decision::granted);
}

TEST(AsOf, AnObjectionCountsOnlyWithItsDenial) {
  const CaseStory story = referred().applied("2026-02-20").denied("2026-03-10").objected("2026-03-05");
  EXPECT_TRUE(as_of(story, "2026-03-09").denials.empty());
  EXPECT_EQ(as_of(story, "2026-03-10").denials.at(0).objection_filed_on, day("2026-03-05"));
}

TEST(AsOf, AnEndIsThereUntilTheCaseIsReopened) {
  CaseStory story = referred().discharged("2026-02-20").delivered(1, "2026-03-02").completed("2026-04-01");
  story.happens(CaseReopened{}, "2026-04-20");
  EXPECT_FALSE(as_of(story, "2026-03-31").end);
  EXPECT_TRUE(as_of(story, "2026-04-19").end);
  EXPECT_FALSE(as_of(story, "2026-04-20").end);
}

TEST(AsOf, AnAlertAboutADischargeThatIsNoneYetDoesNotCount) {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"});
  StartDeadlineMissed missed;
  missed.generation = Version{1};
  missed.due_on = missed.acts_on = day("2026-04-03");
  story.happens(missed, "2026-04-04");
  const EventId alert = story.now().missed.at(0).alert;
  story.happens(AlertAcknowledged{alert, {}, {}}, "2026-04-05");
  EXPECT_EQ(as_of(story, "2026-04-04").missed.size(), 1U);
  EXPECT_EQ(as_of(story, "2026-04-04").missed.at(0).answer, AlertAnswer::none);
  story.discharged("2026-06-01");
  EXPECT_TRUE(as_of(story, "2026-04-10").missed.empty());
  EXPECT_EQ(as_of(story, "2026-06-01").missed.size(), 1U);
}

RC_GTEST_PROP(AsOf, NoDayMakesTheFoldFail, ()) {
  const CaseStory story = any_story();
  for (int offset = -10; offset <= 320; offset += pick(1, 20)) {
    const Case c = as_of(story, day("2026-02-01") + offset);
    RC_ASSERT(c.exists() == (offset >= 0));
  }
}

TEST(AsOf, WhatBecameOfThePersonalDataCountsFromItsDay) {
  CaseStory story = referred();
  story.happens(ProcessingRestricted{Sealed{"why"}}, "2026-03-01");
  story.happens(RestrictionLifted{Sealed{"why"}}, "2026-03-05").completed("2026-05-08");
  story.happens(PersonalDataErased{ErasureGrounds::retention_over, day("2036-05-08")}, "2036-05-09");
  EXPECT_EQ(as_of(story, "2026-02-28").personal_data, PersonalDataState::kept);
  EXPECT_EQ(as_of(story, "2026-03-01").personal_data, PersonalDataState::restricted);
  EXPECT_EQ(as_of(story, "2026-03-05").personal_data, PersonalDataState::kept);
  EXPECT_FALSE(as_of(story, "2036-05-08").person.bytes.empty());
  EXPECT_EQ(as_of(story, "2036-05-09").personal_data, PersonalDataState::erased);
}

RC_GTEST_PROP(AsOf, InTheEndItIsWhatIsKnown, ()) {
  const CaseStory story = any_story();
  RC_ASSERT(as_of(story, "2099-12-31") == story.now());
}

RC_GTEST_PROP(AsOf, FromTheDayOnFromWhichItIsWholeItIsWhatIsKnown, ()) {
  const CaseStory story = any_story();
  const Case& now = story.now();
  for (int later = 0; later <= 30; later += pick(1, 10))
    RC_ASSERT(as_of(story, now.whole_from + later) == now);
}

RC_GTEST_PROP(AsOf, BeforeTheDayOfItsReferralItIsNone, ()) {
  CaseStory story = any_story();
  ReferralAmended amended;
  if (pick(0, 1) == 1) amended.received_on = day("2026-02-01") + pick(-20, 300);
  story.happens(amended, "2026-04-01");
  const CivilDate referred = story.now().received_on;
  RC_ASSERT(!as_of(story, referred - pick(1, 30)).exists());
  std::optional<CivilDate> said;
  for (const auto& [event, hash] : story.told()) {
    if (const auto again = day_referred(event)) said = again;
  }
  RC_ASSERT(said == referred);
}

/// Every kind of day that may decide: none is forgotten.
TEST(AsOf, ItIsWholeFromTheLastDayThatIsSaid) {
  const auto whole_from = [](const CaseStory& story) { return to_string(story.now().whole_from); };
  CaseStory story;
  story.referred({.received_on = "2026-02-19"});
  EXPECT_EQ(whole_from(story), "2026-02-19");
  story.discharged("2026-02-21");
  EXPECT_EQ(whole_from(story), "2026-02-21");
  story.scheduled(1, "2026-03-02");
  EXPECT_EQ(whole_from(story), "2026-03-02");
  story.delivered(2, "2026-03-04").corrected_to(2, "2026-03-08");
  EXPECT_EQ(whole_from(story), "2026-03-08");
  story.applied("2026-03-10").granted(1, "2026-03-12", 12, "2026-02-20", "2026-08-31");
  EXPECT_EQ(whole_from(story), "2026-03-12");
  ApprovalCorrected e;
  e.approval = approval_id(1);
  e.decided_on = day("2026-03-20");
  story.happens(e, "2026-03-13");
  EXPECT_EQ(whole_from(story), "2026-03-20");
  story.happens(VisitVoided{visit_id(2), {}}, "2026-03-21");
  EXPECT_EQ(whole_from(story), "2026-03-21");
}

/// One life, told on the day and without corrections.
CaseStory told_in_order() {
  CaseStory story;
  CivilDate today = day("2026-02-01");
  story.referred({.received_on = "2026-02-01", .units = 12});
  int names = 0;
  std::vector<int> planned;
  for (int steps = pick(0, 40); steps > 0; --steps) {
    today = today + pick(0, 6);
    const std::string on = to_string(today);
    const Case& c = story.now();
    const bool ended = is_ended(c);
    switch (pick(0, 15)) {
      case 0:
        if (!c.discharged_on) story.discharged(on);
        break;
      case 1:
      case 2:
        if (!ended) story.delivered(++names, on, any_minutes());
        break;
      case 3:
        if (ended) break;
        planned.push_back(++names);
        story.scheduled(names, on);
        break;
      case 4:
        if (planned.empty()) break;
        story.happens(VisitCancelled{visit_id(planned.back()), {}}, on);
        planned.pop_back();
        break;
      case 5:
        if (planned.empty() || ended) break;
        story.delivered(planned.back(), on, any_minutes());
        planned.pop_back();
        break;
      case 6: story.applied(on, pick(1, 21)); break;
      case 7:
        if (!c.applications.empty()) story.granted(++names, on, pick(1, 21), on, to_string(today + 90));
        break;
      case 8:
        if (!c.applications.empty()) story.denied(on);
        break;
      case 9:
        if (latest_denial(c) && !latest_denial(c)->objection_filed_on) story.objected(on);
        break;
      case 10:
        if (!ended) story.completed(on);
        break;
      case 11:
        if (c.end) story.happens(CaseReopened{}, on);
        break;
      case 12:
        if (c.personal_data == PersonalDataState::kept) story.happens(ProcessingRestricted{}, on);
        break;
      case 13:
        if (c.personal_data == PersonalDataState::restricted) story.happens(RestrictionLifted{}, on);
        break;
      case 14:
        if (ended && c.personal_data != PersonalDataState::erased)
          story.happens(PersonalDataErased{ErasureGrounds::retention_over, today}, on);
        break;
      default: story.ticks("send_final_report", "sign", on, pick(0, 3) != 0);
    }
  }
  return story;
}

RC_GTEST_PROP(AsOf, OfALifeToldOnTheDayItIsWhatHadHappened, ()) {
  const CaseStory story = told_in_order();
  for (int offset = 0; offset <= 250; offset += pick(1, 12)) {
    const CivilDate on = day("2026-02-01") + offset;
    RC_ASSERT(as_of(story, on) == fold_until(story, on));
  }
}

RC_GTEST_PROP(AsOf, WhatCountsOnADayCountsOnEveryLaterOne, ()) {
  const CaseStory story = any_story();
  CountedFacts facts;
  for (const auto& [event, hash] : story.told()) facts.add(event);
  std::vector<Verdict> before, after;
  const CivilDate first = day("2026-02-01") + pick(0, 200);
  facts.on(first, before);
  facts.on(first + pick(0, 60), after);
  for (std::size_t i = 0; i < before.size(); ++i)
    RC_ASSERT(before[i].counts == Counts::no || after[i].counts != Counts::no);
}

}  // namespace
}  // namespace geleit::testing
