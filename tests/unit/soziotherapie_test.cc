// What follows from a case of Soziotherapie: trial units, the 120 hours in three years, group units, tasks.
#include "projections/soziotherapie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using ::testing::Contains;
using testing::day;
using ::testing::ElementsAre;
using ::testing::Not;
using testing::visit_id;

constexpr testing::Referral regular{
    .benefit = Benefit::st, .received_on = "2026-02-02", .units = 30, .trial = false};
constexpr testing::Referral trial{
    .benefit = Benefit::st, .received_on = "2026-02-02", .units = 5, .trial = true};

CaseStory referred(const testing::Referral& referral = regular) {
  CaseStory story;
  story.referred(referral).has_lead("m.roth").plans("2026-02-03");
  return story;
}
CaseStory approved() {
  CaseStory story = referred();
  story.applied("2026-02-03", 30).granted(1, "2026-02-10", 30, "2026-02-10", "2026-12-31");
  return story;
}

/// The set that ships, with one of its lines replaced.
std::string shipped_with(std::string_view line, std::string_view by) {
  std::string toml = shipped_rule_sets().back()->content();
  const auto at = toml.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return toml.replace(at, line.size(), by);
}
std::string window_set(std::string_view window) {
  return shipped_with("values = { window = \"first_unit\" }",
                      "values = { window = \"" + std::string(window) + "\" }");
}
RuleNumbers numbers_of(const std::string& toml) { return RuleSet::parse(toml)->numbers(); }

/// What another hour on that day brings the hours to.
TotalReached with_an_hour(const CaseStory& story, std::string_view on, const RuleNumbers& numbers) {
  Visit visit;
  visit.id = visit_id(999);
  visit.state = VisitState::delivered;
  visit.on = day(on);
  visit.minutes = Minutes{60};
  return total_with(story.now(), visit, story.rules(), numbers);
}
const RuleNumbers& shipped() { return shipped_rule_sets().back()->numbers(); }

// ---------------------------------------------------------------- referrals and trials

TEST(Soziotherapie, ADayBelongsToTheReferralPrescribedLastBeforeIt) {
  CaseStory story = referred();
  story.followed_up("2026-05-01", 30).followed_up("2026-04-01", 10);  // a paper that came late
  EXPECT_EQ(referral_on(story.now(), day("2026-01-01")), 0u);
  EXPECT_EQ(referral_on(story.now(), day("2026-03-31")), 0u);
  EXPECT_EQ(referral_on(story.now(), day("2026-04-01")), 2u);
  EXPECT_EQ(referral_on(story.now(), day("2026-05-01")), 1u);
}

TEST(Soziotherapie, TrialUnitsEndWithTheNextRegularReferral) {
  CaseStory story = referred(trial);
  story.delivered(1, "2026-02-10").delivered(2, "2026-02-28").delivered(3, "2026-03-01");
  story.followed_up("2026-03-01", 30);
  EXPECT_TRUE(is_trial_unit(story.now(), *story.now().find_visit(visit_id(2))));
  EXPECT_FALSE(is_trial_unit(story.now(), *story.now().find_visit(visit_id(3))));
  EXPECT_EQ(trial_minutes(story.now(), 0, {}), Minutes{120});
  EXPECT_EQ(trial_minutes(story.now(), 0, visit_id(1)), Minutes{60});
}

TEST(Soziotherapie, ATrialInARunningCaseBeginsWithItsOwnDate) {
  CaseStory story = approved();
  story.followed_up("2026-03-10", 5, true).delivered(1, "2026-03-09").delivered(2, "2026-03-10");
  const UnitBalanceRow balance = story.balance();
  EXPECT_EQ(balance.delivered, Minutes{120});
  EXPECT_EQ(balance.billable, Minutes{60});
  EXPECT_EQ(balance.at_risk, Minutes{0});
}

TEST(Soziotherapie, ALateRegularReferralTakesTrialUnitsIn) {
  CaseStory story = referred(trial);
  story.delivered(1, "2026-02-10").delivered(2, "2026-02-20");
  EXPECT_EQ(story.balance().at_risk, Minutes{0});
  story.followed_up("2026-02-15", 30);
  EXPECT_EQ(story.balance().at_risk, Minutes{60});
}

TEST(Soziotherapie, ARegularReferralDatedBeforeTheTrialEndsIt) {
  CaseStory story =
      referred({.benefit = Benefit::st, .received_on = "2026-03-02", .units = 5, .trial = true});
  story.delivered(1, "2026-03-05").followed_up("2026-02-20", 30);
  EXPECT_FALSE(is_trial_unit(story.now(), *story.now().find_visit(visit_id(1))));
  EXPECT_EQ(story.balance().at_risk, Minutes{60});
  EXPECT_EQ(latest_referral(story.now()), 1u);
  story.followed_up("2026-03-10", 5, true);  // another begins with its own date
  EXPECT_EQ(referral_on(story.now(), day("2026-03-09")), 1u);
  EXPECT_EQ(referral_on(story.now(), day("2026-03-10")), 2u);
}

TEST(Soziotherapie, ALateTrialPaperLeavesTheRegularReferralTheLatest) {
  CaseStory story = approved();  // prescribed on 2026-02-01
  story.delivered(1, "2026-02-14").followed_up("2026-01-15", 5, true);
  EXPECT_EQ(latest_referral(story.now()), 0u);
  EXPECT_THAT(story.tasks_on("2026-02-14"), ElementsAre("complete_care", "schedule_visit"));
  story.delivered(2, "2026-02-15", 1740);  // the thirty units; the trial's five are past
  EXPECT_THAT(story.tasks_on("2026-02-15"), ElementsAre("complete_care", "obtain_referral"));
}

TEST(Soziotherapie, TrialsAreCountedByTheYearOfTheirPrescription) {
  CaseStory story = referred(trial);
  story.followed_up("2026-12-31", 5, true).followed_up("2027-01-01", 5, true).followed_up("2026-06-01", 30);
  EXPECT_EQ(trials_in_year(story.now(), 2026, {}), 2);
  EXPECT_EQ(trials_in_year(story.now(), 2026, 0), 1);
  EXPECT_EQ(trials_in_year(story.now(), 2027, {}), 1);
}

TEST(Soziotherapie, ATrialUnitMakesTheCaseRunning) {
  CaseStory story = referred(trial);
  story.delivered(1, "2026-02-10");
  EXPECT_EQ(state_of(story.now()), CaseState::running);
  EXPECT_EQ(first_unit_on(story.now()), day("2026-02-10"));
  EXPECT_EQ(story.balance().preparatory, Minutes{0});
}

// ---------------------------------------------------------------- ST-TOTAL, ST-WINDOW

TEST(Soziotherapie, TheThreeYearsHoldTheSameDateAndAreRenewedTheDayAfter) {
  CaseStory story = referred();
  story.delivered(1, "2023-02-10", 600).delivered(2, "2024-07-01", 600);
  const TotalReached last_day = with_an_hour(story, "2026-02-10", shipped());
  EXPECT_EQ(last_day.window, (TotalWindow{day("2023-02-10"), day("2026-02-10")}));
  EXPECT_EQ(last_day.minutes, Minutes{1260});
  const TotalReached renewed = with_an_hour(story, "2026-02-11", shipped());
  EXPECT_EQ(renewed.window, (TotalWindow{day("2026-02-11"), day("2029-02-11")}));
  EXPECT_EQ(renewed.minutes, Minutes{60});
}

TEST(Soziotherapie, ARenewedPeriodBeginsWithItsOwnFirstUnit) {
  CaseStory story = referred();
  story.delivered(1, "2023-02-10").delivered(2, "2026-05-04").delivered(3, "2026-05-20");
  EXPECT_EQ(current_window(story.now(), shipped()), (TotalWindow{day("2026-05-04"), day("2029-05-04")}));
}

TEST(Soziotherapie, VoidedUnitsDoNotCountAndACorrectedOneCountsOnce) {
  CaseStory story = referred();
  story.delivered(1, "2026-02-10", 600).delivered(2, "2026-02-11", 600).voided(1);
  EXPECT_EQ(with_an_hour(story, "2026-03-01", shipped()).minutes, Minutes{660});
  Visit second = *story.now().find_visit(visit_id(2));
  second.minutes = Minutes{90};
  EXPECT_EQ(total_with(story.now(), second, story.rules(), shipped()).minutes, Minutes{90});
}

TEST(Soziotherapie, TrialUnitsCountTowardsTheHoursUnlessTheSetSaysOtherwise) {
  CaseStory story = referred(trial);
  story.delivered(1, "2026-02-10", 300).followed_up("2026-03-01", 30);
  EXPECT_EQ(with_an_hour(story, "2026-03-02", shipped()).minutes, Minutes{360});
  const RuleNumbers others =
      numbers_of(shipped_with("values = { counts = true }", "values = { counts = false }"));
  EXPECT_EQ(with_an_hour(story, "2026-03-02", others).minutes, Minutes{60});
}

TEST(Soziotherapie, TheThreeYearsMayRunFromTheFirstReferral) {
  const std::string set = window_set("first_referral");
  CaseStory story;
  story.judged_by(set).referred(regular).delivered(1, "2026-04-01");
  const TotalWindow window{day("2026-02-01"), day("2029-02-01")};  // prescribed the day before it came
  EXPECT_EQ(current_window(story.now(), numbers_of(set)), window);
  const DeadlineRow row = story.deadline(Rule::st_total);
  EXPECT_EQ(row.anchor_on, window.from);
  EXPECT_EQ(event_names[row.anchor_event], "ReferralReceived");
  story.followed_up("2029-03-01", 30).delivered(2, "2029-03-20");
  EXPECT_EQ(story.deadline(Rule::st_total).anchor_on, day("2029-03-01"));
  EXPECT_EQ(event_names[story.deadline(Rule::st_total).anchor_event], "FollowUpReferralReceived");
}

TEST(Soziotherapie, APeriodThatOnlyAReferralBeganIsNotYetTheCurrentOne) {
  const std::string set = window_set("first_referral");
  CaseStory story;
  story.judged_by(set).referred(regular).delivered(1, "2026-04-01").followed_up("2029-03-01", 30);
  EXPECT_EQ(current_window(story.now(), numbers_of(set)),
            (TotalWindow{day("2026-02-01"), day("2029-02-01")}));
  story.delivered(2, "2029-03-01");
  EXPECT_EQ(current_window(story.now(), numbers_of(set)),
            (TotalWindow{day("2029-03-01"), day("2032-03-01")}));
}

TEST(Soziotherapie, AUnitOfTheEndOfFebruaryStopsCountingBeforeTheLeapDay) {
  const std::string set = window_set("rolling");
  CaseStory story;
  story.judged_by(set).referred(regular).delivered(1, "2025-02-28", 600);
  EXPECT_EQ(with_an_hour(story, "2028-02-28", numbers_of(set)).minutes, Minutes{660});
  EXPECT_EQ(with_an_hour(story, "2028-02-29", numbers_of(set)).minutes, Minutes{60});
  EXPECT_EQ(with_an_hour(story, "2028-02-29", numbers_of(set)).window,
            (TotalWindow{day("2025-03-01"), day("2028-02-29")}));
}

TEST(Soziotherapie, TheThreeYearsMayRollWithEveryUnit) {
  const std::string set = window_set("rolling");
  CaseStory story;
  story.judged_by(set).referred(regular);
  story.delivered(1, "2023-02-10", 600).delivered(2, "2025-02-10", 600);
  const RuleNumbers numbers = numbers_of(set);
  EXPECT_EQ(with_an_hour(story, "2026-02-10", numbers).minutes, Minutes{1260});
  EXPECT_EQ(with_an_hour(story, "2026-02-11", numbers).minutes, Minutes{660});
  // A paper that comes late must fit into every period that holds its day.
  story.delivered(3, "2026-02-11", 600);
  EXPECT_EQ(with_an_hour(story, "2024-06-01", numbers).minutes, Minutes{1260});
  EXPECT_EQ(story.deadline(Rule::st_total).anchor_on, day("2025-02-10"));
}

TEST(Soziotherapie, TheDeadlineOfTheHoursStandsOnceAUnitWasDelivered) {
  CaseStory story = approved();
  EXPECT_TRUE(story.deadlines(Rule::st_total).empty());
  story.scheduled(1, "2026-02-11");
  EXPECT_TRUE(story.deadlines(Rule::st_total).empty());
  story.delivered(1, "2026-02-14");
  const DeadlineRow row = story.deadline(Rule::st_total);
  EXPECT_EQ(row.anchor_on, day("2026-02-14"));
  EXPECT_EQ(event_names[row.anchor_event], "VisitDelivered");
  EXPECT_EQ(row.due_on, day("2029-02-14"));
  EXPECT_EQ(row.acts_on, day("2029-02-14"));
  EXPECT_EQ(row.generation, story.version());
  EXPECT_EQ(state_on(row, day("2029-02-14")), DeadlineState::open);
  EXPECT_TRUE(story.deadlines(Rule::smn_start).empty());
  EXPECT_TRUE(story.deadlines(Rule::smn_complete).empty());
  story.voided(1);
  EXPECT_TRUE(story.deadlines(Rule::st_total).empty());
}

TEST(Soziotherapie, TheEndOfTheCareMakesTheHoursMoot) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-14");
  const Version opened = story.deadline(Rule::st_total).generation;
  story.completed("2026-08-01");
  EXPECT_EQ(state_on(story.deadline(Rule::st_total), day("2026-08-02")), DeadlineState::moot);
  story.reopened();
  EXPECT_EQ(state_on(story.deadline(Rule::st_total), day("2026-08-02")), DeadlineState::open);
  EXPECT_EQ(story.deadline(Rule::st_total).generation, opened);  // nothing that met it was taken back
}

TEST(Soziotherapie, ARenewedPeriodIsADeadlineOfItsOwn) {
  CaseStory story = approved();
  story.delivered(1, "2023-02-14");
  const Version first = story.deadline(Rule::st_total).generation;
  story.delivered(2, "2026-02-15");
  EXPECT_EQ(story.deadline(Rule::st_total).anchor_on, day("2026-02-15"));
  EXPECT_GT(story.deadline(Rule::st_total).generation, first);
  const Version second = story.deadline(Rule::st_total).generation;
  story.delivered(3, "2026-02-20").corrected(2, 30);
  EXPECT_EQ(story.deadline(Rule::st_total).generation, second);
}

TEST(Soziotherapie, APeriodOpensAnewOnlyWhenItsFirstDayChanges) {
  CaseStory story = approved();
  story.delivered(1, "2023-02-14").delivered(2, "2026-03-02");
  const DeadlineRow second = story.deadline(Rule::st_total);
  story.corrected_to(1, "2023-02-13").reopened();
  story.delivered(3, "2026-03-02", 60, {.hour = 8});  // told later, begun earlier
  EXPECT_EQ(story.deadline(Rule::st_total).anchor_on, second.anchor_on);
  EXPECT_EQ(story.deadline(Rule::st_total).generation, second.generation);
  story.corrected_to(2, "2026-03-01").corrected_to(3, "2026-03-04");
  EXPECT_EQ(story.deadline(Rule::st_total).anchor_on, day("2026-03-01"));
  EXPECT_GT(story.deadline(Rule::st_total).generation, second.generation);
}

TEST(Soziotherapie, PeriodsThatReferralsBeginOpenWithThem) {
  CaseStory story;
  story.judged_by(window_set("first_referral")).referred(regular).delivered(1, "2026-04-01");
  EXPECT_EQ(story.deadline(Rule::st_total).generation, Version{1});
  story.followed_up("2029-03-01", 30);
  const Version received = story.version();
  story.delivered(2, "2029-03-20").corrected_to(1, "2026-04-02");
  EXPECT_EQ(story.deadline(Rule::st_total).generation, received);
}

TEST(Soziotherapie, ARenewedPeriodIsToldByTheSetOfItsOwnFirstUnit) {
  CaseStory story = approved();
  const std::string later = shipped_with("minutes = 7200", "minutes = 6000");
  story.delivered(1, "2023-02-14").judged_by(later).delivered(2, "2026-03-02");
  EXPECT_EQ(story.deadline(Rule::st_total).rule_set, RuleSet::parse(later)->hash());
  // Another kind of period is another rule's to tell: this one is still of the first unit's.
  CaseStory other = approved();
  other.delivered(1, "2023-02-14").judged_by(window_set("rolling")).delivered(2, "2026-03-02");
  EXPECT_EQ(other.deadline(Rule::st_total).rule_set, shipped_rule_sets().back()->hash());
}

TEST(Soziotherapie, TheSentenceOfTheHoursNamesThePeriod) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-14");
  EXPECT_EQ(explain(*shipped_rule_sets().back(), story.deadline(Rule::st_total), Language::de),
            "Erste Einheit am Sa 14.02.2026. Für 3 Jahre gibt es höchstens 120 Stunden, also bis Mi "
            "14.02.2029; einen "
            "neuen Zeitraum beginnt die erste Einheit danach.");
}

TEST(Soziotherapie, TheSentenceSaysWhatBeginsTheNextPeriod) {
  const auto told = [](std::string_view window) {
    const std::string set = window_set(window);
    CaseStory story;
    story.judged_by(set).referred(regular).delivered(1, "2026-02-14");
    return explain(*RuleSet::parse(set), story.deadline(Rule::st_total), Language::de);
  };
  EXPECT_EQ(told("first_referral"),
            "Beginn des Zeitraums am So 01.02.2026. Für 3 Jahre gibt es höchstens 120 Stunden, also bis "
            "Do 01.02.2029; einen neuen Zeitraum beginnt die erste Einheit oder Verordnung danach.");
  EXPECT_EQ(told("rolling"),
            "Beginn des Zeitraums am Sa 14.02.2026. Für 3 Jahre gibt es höchstens 120 Stunden, gleitend "
            "gezählt: Was an diesem Tag erbracht wurde, zählt bis Mi 14.02.2029.");
}

TEST(Soziotherapie, BothRegimesOfTheInsurersAnswerHold) {
  CaseStory story = referred();
  story.applied("2026-02-03", 30, Regime::sgb5_13_3a).applied("2026-02-03", 30, Regime::sgb9_14_18);
  const auto rows = story.deadlines(Rule::gkv_decision);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].due_on, day("2026-02-24"));
  EXPECT_EQ(rows[1].due_on, day("2026-02-24"));
  story.told("2026-02-10", "2026-03-01");  // of the oldest undecided one
  EXPECT_EQ(story.deadlines(Rule::gkv_decision)[0].due_on, day("2026-03-10"));
  story.granted(1, "2026-03-05", 30, "2026-03-05", "2026-12-31").told("2026-02-20", "2026-03-09");
  EXPECT_EQ(story.deadlines(Rule::gkv_decision)[1].due_on, day("2026-03-23"));
}

// ---------------------------------------------------------------- ST-GROUP

TEST(Soziotherapie, AGroupUnitWeighsItsMinutes) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-14", 90, {.group_size = 6});
  EXPECT_EQ(story.balance().group, Minutes{90});
  EXPECT_EQ(story.balance().billable, Minutes{90});
}

TEST(Soziotherapie, AGroupUnitMayWeighSixtyMinutes) {
  CaseStory story;
  story.judged_by(shipped_with("weight_minutes = 90", "weight_minutes = 60"));
  story.referred(regular).applied("2026-02-03", 30).granted(1, "2026-02-10", 1, "2026-02-10", "2026-12-31");
  story.delivered(1, "2026-02-14", 90, {.group_size = 6}).delivered(2, "2026-02-15", 90);
  const UnitBalanceRow balance = story.balance();
  EXPECT_EQ(balance.delivered, Minutes{180});
  EXPECT_EQ(balance.billable, Minutes{60});
  EXPECT_EQ(balance.at_risk, Minutes{90});
  EXPECT_EQ(balance.remaining, Minutes{0});
  Visit group = *story.now().find_visit(visit_id(1));
  const RuleNumbers numbers = numbers_of(shipped_with("weight_minutes = 90", "weight_minutes = 60"));
  for (const auto& [minutes, weighs] : {std::pair{45, 30}, {50, 33}, {52, 35}, {1, 1}}) {
    group.minutes = Minutes{minutes};
    EXPECT_EQ(weight_of(story.now(), group, numbers), Minutes{weighs}) << minutes;
  }
  group.group_size = 1;
  EXPECT_EQ(weight_of(story.now(), group, numbers), group.minutes);
}

// ---------------------------------------------------------------- ST-COPAY

TEST(Soziotherapie, ExemptionsAreKept) {
  CaseStory story = referred();
  story.happens(ExemptionRecorded{day("2026-01-01"), day("2026-12-31")});
  EXPECT_THAT(story.now().exemptions, ElementsAre(Exemption{day("2026-01-01"), day("2026-12-31")}));
  EXPECT_EQ(decode_case(encode_case(story.now())), story.now());
}

// ---------------------------------------------------------------- tasks

TEST(Soziotherapie, ANewReferralIsAppliedForAndNeedsNoDischarge) {
  CaseStory story;
  story.referred(regular);
  EXPECT_THAT(story.tasks_on("2026-02-02"),
              ElementsAre("agree_care_plan", "assign_team", "schedule_first_visit", "submit_application"));
}

TEST(Soziotherapie, ATrialNeedsNoApplicationButAReferralToGoOn) {
  CaseStory story = referred(trial);
  EXPECT_THAT(story.tasks_on("2026-02-03"), ElementsAre("obtain_referral", "schedule_first_visit"));
  story.delivered(1, "2026-02-10");
  EXPECT_THAT(story.tasks_on("2026-02-10"),
              ElementsAre("complete_care", "obtain_referral", "schedule_visit"));
  story.delivered(2, "2026-02-11", 240);
  EXPECT_THAT(story.tasks_on("2026-02-11"), ElementsAre("complete_care", "obtain_referral"));
  story.followed_up("2026-02-20", 30);
  EXPECT_THAT(story.tasks_on("2026-02-20"), ElementsAre("complete_care", "submit_application"));
}

TEST(Soziotherapie, TheNextReferralIsObtainedWhenTheUnitsAreUsedUpAndAppliedForWhenItComes) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-14", 1740);
  EXPECT_THAT(story.tasks_on("2026-02-14"),
              ElementsAre("complete_care", "plan_last_units", "schedule_visit"));
  story.delivered(2, "2026-02-20", 60);
  EXPECT_THAT(story.tasks_on("2026-02-20"), ElementsAre("complete_care", "obtain_referral"));
  story.followed_up("2026-03-01", 30);
  EXPECT_THAT(story.tasks_on("2026-03-01"), ElementsAre("complete_care", "submit_application"));
  story.applied("2026-03-02", 30);
  EXPECT_THAT(story.tasks_on("2026-03-02"), ElementsAre("await_decision", "complete_care"));
  story.granted(2, "2026-03-09", 30, "2026-03-01", "2026-12-31");
  EXPECT_THAT(story.tasks_on("2026-03-09"), ElementsAre("complete_care", "schedule_visit"));
}

TEST(Soziotherapie, EveryRegularReferralIsAppliedFor) {
  CaseStory story = referred();
  story.followed_up("2026-03-01", 30).applied("2026-03-02", 30);
  EXPECT_THAT(story.tasks_on("2026-03-02"), Contains("submit_application"));  // for the first
  story.applied("2026-03-03", 30);
  EXPECT_THAT(story.tasks_on("2026-03-03"), Not(Contains("submit_application")));
  // Asking twice for one does not ask for the next.
  CaseStory twice = referred();
  twice.applied("2026-02-03", 30).denied("2026-02-10").applied("2026-02-11", 30);
  EXPECT_THAT(twice.tasks_on("2026-02-11"), Not(Contains("submit_application")));
  twice.followed_up("2026-03-01", 30);
  EXPECT_THAT(twice.tasks_on("2026-03-01"), Contains("submit_application"));
}

TEST(Soziotherapie, CompletionIsDueWhenTheThreeYearsEnd) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-14");
  const auto rows = story.rows<TaskRow>(Table::tasks);
  const auto complete = std::find_if(rows.begin(), rows.end(),
                                     [](const TaskRow& row) { return row.task == Task::complete_care; });
  ASSERT_NE(complete, rows.end());
  EXPECT_EQ(complete->due_on, day("2029-02-14"));
  EXPECT_EQ(complete->why, Rule::st_total);
  story.completed("2026-08-01");
  EXPECT_THAT(story.tasks_on("2026-08-01"), ElementsAre("send_final_report"));
}

TEST(Soziotherapie, HomeVisitsAndExtensionsAreNoTasks) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-14", 60, {.place = Place::facility}).followed_up("2026-03-01", 30);
  EXPECT_THAT(story.tasks_on("2026-03-01"), Not(Contains("visit_at_home")));
  EXPECT_THAT(story.tasks_on("2026-03-01"), Not(Contains("request_extension")));
}

}  // namespace
}  // namespace geleit
