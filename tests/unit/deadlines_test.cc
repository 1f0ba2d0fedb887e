// Which deadlines a case has, what meets them and what makes them moot (API.md, Deadlines). The arithmetic
// itself is tried in deadline_test.
#include <gtest/gtest.h>

#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;

CaseStory discharged(std::string_view on = "2026-02-20") {
  CaseStory story;
  story.referred().discharged(on);
  return story;
}

/// State on a day.
DeadlineState on(const DeadlineRow& row, std::string_view today) { return state_on(row, day(today)); }

// ---------------------------------------------------------------- SMN-START

TEST(Start, RunsSixWeeksFromTheDischargeAndIsNotRolled) {
  const auto row = discharged().deadline(Rule::smn_start);
  EXPECT_EQ(event_names[row.anchor_event], "DischargeRecorded");
  EXPECT_EQ(row.anchor_on, day("2026-02-20"));
  EXPECT_EQ(row.due_on, day("2026-04-03"));
  EXPECT_EQ(row.acts_on, day("2026-04-03"));
  EXPECT_EQ(row.hint_on, day("2026-04-07"));
  EXPECT_EQ(to_string(row.calendar), "DE-BY");
}

TEST(Start, HasNoRowWithoutADischarge) {
  CaseStory story;
  EXPECT_TRUE(story.referred().deadlines(Rule::smn_start).empty());
  EXPECT_TRUE(story.derive(Table::overdue_starts).rows.empty());
}

TEST(Start, NamesTheReferralThatBroughtTheDischarge) {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"});
  EXPECT_EQ(event_names[story.deadline(Rule::smn_start).anchor_event], "ReferralReceived");
}

TEST(Start, IsMissedTheDayAfterSixWeeks) {
  const auto row = discharged().deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-04-03"), DeadlineState::open);
  EXPECT_EQ(days_left(row, day("2026-04-03")), 0);
  EXPECT_EQ(on(row, "2026-04-04"), DeadlineState::missed);
  EXPECT_EQ(days_left(row, day("2026-04-04")), std::nullopt);
}

TEST(Start, IsMetByTheFirstUnitOnTheLastDay) {
  const auto row = discharged().delivered(1, "2026-04-03").deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-04-04"), DeadlineState::met);
  EXPECT_EQ(row.met_on, day("2026-04-03"));
}

TEST(Start, MetLateStaysMissedWithItsDay) {
  const auto row = discharged().delivered(1, "2026-04-04").deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-05-01"), DeadlineState::missed);
  EXPECT_EQ(row.met_on, day("2026-04-04"));
}

TEST(Start, IsNotMetByAPreparatoryOrVoidedUnit) {
  EXPECT_EQ(discharged().delivered(1, "2026-02-19").deadline(Rule::smn_start).met_on, std::nullopt);
  EXPECT_EQ(discharged().delivered(1, "2026-03-01").voided(1).deadline(Rule::smn_start).met_on, std::nullopt);
}

TEST(Start, IsMootForACaseThatEndedInTime) {
  const auto row = discharged().discontinued("2026-04-03").deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-03-01"), DeadlineState::moot);
  EXPECT_EQ(on(row, "2027-01-01"), DeadlineState::moot);
  EXPECT_EQ(on(discharged().discontinued("2026-04-04").deadline(Rule::smn_start), "2026-05-01"),
            DeadlineState::missed);
}

TEST(Start, IsMootForADeniedCase) {
  const auto row = discharged().applied("2026-02-23").denied("2026-03-09").deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-06-01"), DeadlineState::moot);
}

TEST(Start, IsMetByAFactInTimeThatWasRecordedAfterTheEnd) {
  const auto row =
      discharged().discontinued("2026-04-01").delivered(1, "2026-03-30").deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-05-01"), DeadlineState::met);
}

TEST(Start, MootShowsNoDayOfALateFact) {
  const auto row = discharged()
                       .discontinued("2026-04-01", Cause::died)
                       .delivered(1, "2026-04-10")
                       .deadline(Rule::smn_start);
  EXPECT_TRUE(row.moot);
  EXPECT_EQ(row.met_on, std::nullopt);
}

TEST(Start, CountsAgainAfterReopening) {
  const auto row = discharged().discontinued("2026-03-01").reopened().deadline(Rule::smn_start);
  EXPECT_EQ(on(row, "2026-04-04"), DeadlineState::missed);
}

TEST(Start, OpensAnewWhenTheDischargeChangesAndOnlyThen) {
  CaseStory story = discharged();
  const Version first = story.version();
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, first);
  story.has_lead("m.roth").discharged("2026-02-20").scheduled(1, "2026-03-02").moved_to(Land::be);
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, first);
  story.discharged("2026-02-21");
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, story.version());
}

TEST(Start, OpensAnewWhenWhatMetItIsTakenBack) {
  CaseStory story = discharged();
  story.delivered(1, "2026-03-02").delivered(2, "2026-03-09");
  const Version before = story.deadline(Rule::smn_start).generation;
  story.voided(2);
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, before);
  story.voided(1);
  const Version taken_back = story.version();
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, taken_back);
  story.delivered(3, "2026-02-10").corrected(3, 30);
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, taken_back);
}

TEST(OverdueStart, WaitsFromTheDischargeAndLeavesWithTheFirstUnit) {
  CaseStory story = discharged();
  story.has_lead("m.roth");
  const auto row = story.rows<OverdueStartRow>(Table::overdue_starts).at(0);
  EXPECT_EQ(row.due_on, day("2026-04-03"));
  EXPECT_EQ(row.lead, "m.roth");
  EXPECT_TRUE(row.alert.is_nil());
  story.delivered(1, "2026-02-19");
  EXPECT_EQ(story.derive(Table::overdue_starts).rows.size(), 1u);
  story.delivered(2, "2026-04-20");
  EXPECT_TRUE(story.derive(Table::overdue_starts).rows.empty());
}

TEST(OverdueStart, IsNotOfAnEndedCase) {
  EXPECT_TRUE(discharged().discontinued("2026-05-01").derive(Table::overdue_starts).rows.empty());
  EXPECT_TRUE(
      discharged().applied("2026-02-23").denied("2026-05-01").derive(Table::overdue_starts).rows.empty());
}

TEST(OverdueStart, CarriesTheAlertOfItsOwnGenerationOnly) {
  CaseStory story = discharged();
  const Version opened = story.version();
  story.happens(StartDeadlineMissed{opened, day("2026-04-03"), day("2026-04-03")});
  const auto row = story.rows<OverdueStartRow>(Table::overdue_starts).at(0);
  EXPECT_FALSE(row.alert.is_nil());
  EXPECT_EQ(to_string(row.raised_at), "2026-04-04T00:00:00+02:00");
  EXPECT_EQ(story.deadline(Rule::smn_start).generation, opened);
  story.discharged("2026-02-21");
  EXPECT_TRUE(story.rows<OverdueStartRow>(Table::overdue_starts).at(0).alert.is_nil());
}

// ---------------------------------------------------------------- SMN-COMPLETE

TEST(Complete, RunsTwelveWeeksFromTheFirstUnitAfterTheDischarge) {
  CaseStory story = discharged();
  EXPECT_TRUE(story.deadlines(Rule::smn_complete).empty());
  story.delivered(1, "2026-02-18");
  EXPECT_TRUE(story.deadlines(Rule::smn_complete).empty());
  const auto row = story.delivered(2, "2026-02-27").deadline(Rule::smn_complete);
  EXPECT_EQ(event_names[row.anchor_event], "VisitDelivered");
  EXPECT_EQ(row.anchor_on, day("2026-02-27"));
  EXPECT_EQ(row.due_on, day("2026-05-22"));
  EXPECT_EQ(row.hint_on, day("2026-05-15"));
}

std::string with_anchor(std::string_view anchor) {
  std::string toml = shipped_rule_sets().back()->content();
  const std::string shipped = "first_unit_after_discharge";
  const auto at = toml.find("\"" + shipped + "\"");
  if (at == std::string::npos) throw std::logic_error("the shipped set has another anchor");
  return toml.replace(at + 1, shipped.size(), anchor);
}

TEST(Complete, RunsFromTheDischargeWhereTheRuleSetSaysSo) {
  CaseStory story;
  const auto row = story.judged_by(with_anchor("discharge"))
                       .referred()
                       .discharged("2026-02-20")
                       .deadline(Rule::smn_complete);
  EXPECT_EQ(event_names[row.anchor_event], "DischargeRecorded");
  EXPECT_EQ(row.due_on, day("2026-05-15"));
}

TEST(Complete, RunsFromAPreparatoryUnitWhereTheRuleSetSaysSo) {
  CaseStory story;
  story.judged_by(with_anchor("first_unit")).referred().delivered(1, "2026-02-18");
  EXPECT_EQ(story.deadline(Rule::smn_complete).due_on, day("2026-05-13"));
}

TEST(Complete, IsComputedByTheSetOfTheAnchorsEvent) {
  CaseStory story = discharged();
  story.delivered(1, "2026-02-27");
  const Hash first = story.deadline(Rule::smn_complete).rule_set;
  story.judged_by(shipped_rule_sets().back()->content() + "\n# another set\n").delivered(2, "2026-03-05");
  EXPECT_EQ(story.deadline(Rule::smn_complete).rule_set, first);
  story.delivered(3, "2026-02-25");
  EXPECT_NE(story.deadline(Rule::smn_complete).rule_set, first);
  EXPECT_EQ(story.deadline(Rule::smn_start).rule_set, first);
}

TEST(Complete, IsMetByTheEndInTime) {
  const auto in_time =
      discharged().delivered(1, "2026-02-27").completed("2026-05-22").deadline(Rule::smn_complete);
  EXPECT_EQ(on(in_time, "2026-06-01"), DeadlineState::met);
  const auto late =
      discharged().delivered(1, "2026-02-27").discontinued("2026-05-23").deadline(Rule::smn_complete);
  EXPECT_EQ(on(late, "2026-06-01"), DeadlineState::missed);
  EXPECT_EQ(late.met_on, day("2026-05-23"));
}

TEST(Complete, OpensAnewWithItsAnchorAndWithReopening) {
  CaseStory story = discharged();
  story.delivered(1, "2026-02-27");
  const Version first = story.version();
  EXPECT_EQ(story.deadline(Rule::smn_complete).generation, first);
  story.delivered(2, "2026-03-05").corrected(1, 45);
  EXPECT_EQ(story.deadline(Rule::smn_complete).generation, first);
  story.delivered(3, "2026-02-25");
  EXPECT_EQ(story.deadline(Rule::smn_complete).generation, story.version());
  story.completed("2026-05-01").reopened();
  EXPECT_EQ(story.deadline(Rule::smn_complete).generation, story.version());
}

// ---------------------------------------------------------------- GKV-DECISION

CaseStory applied(std::string_view on, Regime regime = Regime::sgb5_13_3a) {
  CaseStory story = discharged();
  story.applied(on, 12, regime);
  return story;
}

TEST(Decision, RollsOverKarfreitagAndEaster) {
  const auto row = applied("2026-03-13").deadline(Rule::gkv_decision);
  EXPECT_EQ(event_names[row.anchor_event], "ApplicationSubmitted");
  EXPECT_EQ(row.due_on, day("2026-04-03"));
  EXPECT_EQ(row.acts_on, day("2026-04-07"));
  EXPECT_EQ(on(row, "2026-04-07"), DeadlineState::open);
  EXPECT_EQ(on(row, "2026-04-08"), DeadlineState::missed);
}

TEST(Decision, IsThereForEachApplicationAndExtension) {
  CaseStory story = applied("2026-02-23");
  story.granted(1, "2026-03-02", 12, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-03")
      .applied("2026-03-05");
  story.followed_up("2026-04-01", 4).extension_requested("2026-04-20", 4);
  const auto rows = story.deadlines(Rule::gkv_decision);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].met_on, day("2026-03-02"));
  EXPECT_EQ(rows[1].met_on, std::nullopt);
  EXPECT_EQ(event_names[rows[2].anchor_event], "ExtensionRequested");
  EXPECT_EQ(rows[2].due_on, day("2026-05-11"));
}

TEST(Decision, ADecisionMeetsTheOldestOfItsKind) {
  CaseStory story = applied("2026-03-02");
  story.applied("2026-03-09").denied("2026-03-12");
  auto rows = story.deadlines(Rule::gkv_decision);
  EXPECT_EQ(rows[0].met_on, day("2026-03-12"));
  EXPECT_EQ(rows[1].met_on, std::nullopt);
  rows = story.granted(1, "2026-03-16", 12, "2026-02-20", "2026-06-30").deadlines(Rule::gkv_decision);
  EXPECT_EQ(rows[1].met_on, day("2026-03-16"));
}

TEST(Decision, ACorrectedDecisionDayMovesWhatMetIt) {
  CaseStory story = applied("2026-03-13");
  story.granted(1, "2026-04-08", 12, "2026-02-20", "2026-06-30");
  EXPECT_EQ(on(story.deadline(Rule::gkv_decision), "2026-05-01"), DeadlineState::missed);
  ApprovalCorrected correction;
  correction.approval = testing::approval_id(1);
  correction.decided_on = day("2026-04-07");
  story.happens(correction);
  EXPECT_EQ(on(story.deadline(Rule::gkv_decision), "2026-05-01"), DeadlineState::met);
}

TEST(Decision, AnOpinionToldInTimeGivesFiveWeeks) {
  EXPECT_EQ(applied("2026-03-13").told("2026-04-07").deadline(Rule::gkv_decision).due_on, day("2026-04-17"));
  const auto late = applied("2026-03-13").told("2026-04-08").deadline(Rule::gkv_decision);
  EXPECT_EQ(late.due_on, day("2026-04-03"));
  EXPECT_FALSE(late.expert);
}

TEST(Decision, ToldAgainLaterItWasStillToldInTime) {
  CaseStory story = applied("2026-03-13");
  story.told("2026-03-20");
  const Version told = story.version();
  story.told("2026-04-15", "2026-04-10");
  EXPECT_EQ(story.deadline(Rule::gkv_decision).due_on, day("2026-04-17"));
  EXPECT_EQ(story.deadline(Rule::gkv_decision).generation, told);
}

TEST(Decision, UnderSgb9TheOpinionGivesTwoWeeksAndTwoMonthsAreAll) {
  EXPECT_EQ(applied("2026-03-02", Regime::sgb9_14_18).deadline(Rule::gkv_decision).due_on, day("2026-03-23"));
  EXPECT_EQ(applied("2026-03-02", Regime::sgb9_14_18)
                .told("2026-03-20", "2026-03-30")
                .deadline(Rule::gkv_decision)
                .due_on,
            day("2026-04-13"));
  EXPECT_EQ(applied("2026-03-02", Regime::sgb9_14_18)
                .told("2026-03-20", "2026-04-27")
                .deadline(Rule::gkv_decision)
                .due_on,
            day("2026-05-02"));
}

TEST(Decision, ADenialMakesNoneMootButAnEndDoes) {
  CaseStory story = applied("2026-03-02");
  story.applied("2026-03-09").denied("2026-03-10");
  EXPECT_FALSE(story.deadlines(Rule::gkv_decision)[1].moot);
  EXPECT_TRUE(applied("2026-03-13").withdrawn("2026-04-07").deadline(Rule::gkv_decision).moot);
  EXPECT_FALSE(applied("2026-03-13").withdrawn("2026-04-08").deadline(Rule::gkv_decision).moot);
}

TEST(Decision, ADecisionOnTheRolledDayMeetsItThoughTheCaseEndedThen) {
  const auto row =
      applied("2026-03-13").denied("2026-04-07").discontinued("2026-04-07").deadline(Rule::gkv_decision);
  EXPECT_EQ(on(row, "2026-05-01"), DeadlineState::met);
  EXPECT_EQ(row.met_on, day("2026-04-07"));
}

TEST(Decision, OpensAnewWhenTheLandMovesItsDay) {
  // Corpus Christi, 4 June 2026, is a holiday in Bavaria and in Hesse, not in Berlin and Hamburg.
  CaseStory story = applied("2026-05-14");
  const Version submitted = story.version();
  EXPECT_EQ(story.deadline(Rule::gkv_decision).acts_on, day("2026-06-05"));
  story.moved_to(Land::he);
  EXPECT_EQ(story.deadline(Rule::gkv_decision).generation, submitted);
  story.moved_to(Land::be);
  const Version moved = story.version();
  EXPECT_EQ(story.deadline(Rule::gkv_decision).acts_on, day("2026-06-04"));
  EXPECT_EQ(story.deadline(Rule::gkv_decision).generation, moved);
  story.moved_to(Land::hh);
  EXPECT_EQ(story.deadline(Rule::gkv_decision).generation, moved);
}

// ---------------------------------------------------------------- GKV-OBJECTION

CaseStory denied(std::string_view posted_on) {
  CaseStory story = applied("2026-01-05");
  story.denied(posted_on);
  return story;
}

TEST(Objection, RunsAMonthFromTheFourthDayAfterPosting) {
  const auto row = denied("2026-01-27").deadline(Rule::gkv_objection);
  EXPECT_EQ(event_names[row.anchor_event], "ApprovalDenied");
  EXPECT_EQ(row.anchor_on, day("2026-01-27"));
  EXPECT_EQ(row.due_on, day("2026-02-28"));
  EXPECT_EQ(row.acts_on, day("2026-03-02"));
}

TEST(Objection, IsMetByFilingInTime) {
  EXPECT_EQ(on(denied("2026-01-27").objected("2026-03-02").deadline(Rule::gkv_objection), "2026-04-01"),
            DeadlineState::met);
  EXPECT_EQ(on(denied("2026-01-27").objected("2026-03-03").deadline(Rule::gkv_objection), "2026-04-01"),
            DeadlineState::missed);
}

TEST(Objection, AnApprovalOfTheSameKindMakesItMootInTimeOnly) {
  EXPECT_TRUE(denied("2026-01-27")
                  .granted(1, "2026-03-02", 12, "2026-02-20", "2026-06-30")
                  .deadline(Rule::gkv_objection)
                  .moot);
  EXPECT_FALSE(denied("2026-01-27")
                   .granted(1, "2026-03-03", 12, "2026-02-20", "2026-06-30")
                   .deadline(Rule::gkv_objection)
                   .moot);
}

TEST(Objection, AnApprovalFromBeforeTheDenialDoesNot) {
  CaseStory story = applied("2026-01-05");
  story.granted(1, "2026-01-12", 6, "2026-01-05", "2026-06-30").applied("2026-01-13").denied("2026-01-27");
  EXPECT_FALSE(story.deadline(Rule::gkv_objection).moot);
}

TEST(Objection, IsThereForEachDenialExtensionsIncluded) {
  CaseStory story = denied("2026-01-27");
  story.granted(1, "2026-02-10", 12, "2026-02-20", "2026-06-30").delivered(1, "2026-02-27");
  story.followed_up("2026-04-01", 4).extension_requested("2026-04-02", 4).extension_denied("2026-04-20");
  const auto rows = story.deadlines(Rule::gkv_objection);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows[0].moot);
  EXPECT_EQ(event_names[rows[1].anchor_event], "ExtensionDenied");
  EXPECT_FALSE(rows[1].moot);
}

TEST(Deadlines, AreExplainedInTwoLanguages) {
  CaseStory story = discharged();
  const auto row = story.deadline(Rule::smn_start);
  const RuleSet& rules = story.rules().at(story.now().judged.front());
  EXPECT_NE(explain(rules, row, Language::de).find("03.04.2026"), std::string::npos);
  EXPECT_NE(explain(rules, row, Language::en).find("2026-04-03"), std::string::npos);
}

}  // namespace
}  // namespace geleit
