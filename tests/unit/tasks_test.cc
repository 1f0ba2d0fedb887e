#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "projections/rules/workflow.h"
#include "tests/unit/any_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using ::testing::Contains;
using testing::day;
using ::testing::ElementsAre;
using ::testing::Not;

using Words = std::vector<std::string>;

CaseStory ready() {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"}).has_lead("m.roth").plans("2026-02-20");
  return story;
}
CaseStory approved_child() {
  CaseStory story = ready();
  story.applied("2026-02-23").granted(1, "2026-03-02", 12, "2026-02-20", "2026-06-30");
  return story;
}
TaskRow task(const CaseStory& story, Task wanted) {
  for (const TaskRow& row : story.rows<TaskRow>(Table::tasks)) {
    if (row.task == wanted) return row;
  }
  throw std::logic_error("no such task");
}

TEST(Tasks, OfANewReferral) {
  CaseStory story;
  story.referred({.expected_discharge_on = "2026-03-01"});
  EXPECT_THAT(story.tasks_on("2026-02-19"),
              ElementsAre("agree_care_plan", "assign_team", "record_discharge", "submit_application"));
  const TaskRow discharge = task(story, Task::record_discharge);
  EXPECT_EQ(discharge.due_on, day("2026-03-01"));
  EXPECT_EQ(discharge.why, Rule::smn_start);
  EXPECT_EQ(task(story, Task::assign_team).role, Role::management);
}

TEST(Tasks, CoverageThatIsNotSettledIsClarified) {
  CaseStory story;
  EXPECT_THAT(story.referred({.coverage = Coverage::unresolved}).tasks_on("2026-03-01"),
              Contains("clarify_coverage"));
}

TEST(Tasks, AfterTheDischargeTheFirstVisitIsDue) {
  const CaseStory story = approved_child();
  EXPECT_EQ(story.tasks_on("2026-03-03"), Words{"schedule_first_visit"});
  EXPECT_EQ(task(story, Task::schedule_first_visit).due_on, day("2026-04-03"));
  CaseStory planned = approved_child();
  EXPECT_EQ(planned.scheduled(1, "2026-03-10").tasks_on("2026-03-03"), Words{"start_care"});
}

TEST(Tasks, TheAnswerIsAwaitedUntilItIsLate) {
  CaseStory story = ready();
  story.applied("2026-03-13").delivered(1, "2026-03-14", 180);
  EXPECT_THAT(story.tasks_on("2026-04-07"), Contains("await_decision"));
  EXPECT_THAT(story.tasks_on("2026-04-07"), Not(Contains("call_insurer")));
  EXPECT_THAT(story.tasks_on("2026-04-08"), Contains("call_insurer"));
  EXPECT_THAT(story.tasks_on("2026-04-08"), Not(Contains("await_decision")));
  EXPECT_EQ(task(story, Task::call_insurer).why, Rule::gkv_fiction);
}

TEST(Tasks, APastVisitWantsItsDocumentation) {
  CaseStory story = approved_child();
  story.scheduled(1, "2026-03-10");
  EXPECT_THAT(story.tasks_on("2026-03-10"), Not(Contains("document_visit")));
  EXPECT_THAT(story.tasks_on("2026-03-11"), Contains("document_visit"));
  EXPECT_THAT(story.delivered(1, "2026-03-10").tasks_on("2026-03-11"), Not(Contains("document_visit")));
}

TEST(Tasks, OfARunningCase) {
  CaseStory story = approved_child();
  story.delivered(1, "2026-03-10", 60);
  EXPECT_THAT(story.tasks_on("2026-03-11"), ElementsAre("complete_care", "schedule_visit", "visit_at_home"));
  EXPECT_EQ(task(story, Task::complete_care).due_on, day("2026-06-02"));
  EXPECT_THAT(story.scheduled(2, "2026-03-20").tasks_on("2026-03-11"),
              ElementsAre("complete_care", "visit_at_home"));
  EXPECT_THAT(story.delivered(2, "2026-03-20", 120).tasks_on("2026-03-21"),
              ElementsAre("complete_care", "schedule_visit"));
}

TEST(Tasks, MinutesAtRiskWantAnApproval) {
  CaseStory story = ready();
  story.applied("2026-02-23")
      .granted(1, "2026-03-02", 3, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-10", 200);
  EXPECT_THAT(story.tasks_on("2026-03-11"), Contains("secure_approval"));
}

TEST(Tasks, AnApprovalTakenBackWantsANewApplication) {
  EXPECT_EQ(approved_child().revoked(1).tasks_on("2026-03-11"),
            (Words{"schedule_first_visit", "submit_application"}));
}

TEST(Tasks, ADenialIsObjectedToOrLeftAlone) {
  CaseStory story = ready();
  story.applied("2026-02-23").denied("2026-03-09");
  EXPECT_EQ(story.tasks_on("2026-04-13"), Words{"decide_on_objection"});
  EXPECT_EQ(task(story, Task::decide_on_objection).due_on, day("2026-04-13"));
  EXPECT_EQ(story.tasks_on("2026-04-14"), Words{"none"});
  CaseStory objected = ready();
  objected.applied("2026-02-23").denied("2026-03-09").objected("2026-03-12");
  EXPECT_THAT(objected.tasks_on("2026-03-13"), Contains("await_objection_decision"));
}

TEST(Tasks, AFollowUpReferralIsForAnExtension) {
  CaseStory story = approved_child();
  story.delivered(1, "2026-03-10").followed_up("2026-04-01", 4);
  EXPECT_THAT(story.tasks_on("2026-04-02"), Contains("request_extension"));
  EXPECT_THAT(story.extension_requested("2026-04-02", 4).tasks_on("2026-04-03"),
              Not(Contains("request_extension")));
}

TEST(Tasks, TheReportFinishesTheCase) {
  CaseStory story = approved_child();
  story.delivered(1, "2026-03-10").completed("2026-05-08");
  EXPECT_EQ(story.tasks_on("2026-05-08"), Words{"send_final_report"});
  EXPECT_EQ(story.reported("2026-05-20").tasks_on("2026-05-20"), Words{"none"});
  const TaskRow none = task(story, Task::none);
  EXPECT_EQ(none.due_on, std::nullopt);
  EXPECT_EQ(none.role, std::nullopt);
}

TEST(Tasks, AWithdrawnCaseIsFinished) {
  EXPECT_EQ(ready().withdrawn("2026-03-01").tasks_on("2026-03-01"), Words{"none"});
}

// ---------------------------------------------------------------- each step, the day before and after

/// Whether a step stands on a day.
bool stands(const CaseStory& story, Task wanted, std::string_view on) {
  const auto words = story.tasks_on(on);
  return std::find(words.begin(), words.end(), word(wanted)) != words.end();
}

TEST(Tasks, ThatGetACaseReadyAreDueWithinDays) {
  CaseStory story;
  story.referred({.coverage = Coverage::unresolved});
  EXPECT_EQ(task(story, Task::assign_team).due_on, day("2026-02-22"));
  EXPECT_EQ(task(story, Task::clarify_coverage).due_on, day("2026-03-05"));
  EXPECT_EQ(task(story, Task::agree_care_plan).due_on, day("2026-03-05"));
  EXPECT_EQ(task(story, Task::record_discharge).due_on, day("2026-03-05"));
  EXPECT_EQ(task(story, Task::submit_application).due_on, day("2026-02-26"));
  EXPECT_EQ(task(story, Task::submit_application).why, Rule::gkv_decision);
  EXPECT_FALSE(stands(story, Task::assign_team, "2026-02-18"));
  EXPECT_TRUE(stands(story, Task::assign_team, "2026-02-19"));
  story.discharged("2026-02-25");
  EXPECT_EQ(task(story, Task::agree_care_plan).due_on, day("2026-03-11"));  // from the discharge, once known
  EXPECT_FALSE(stands(story, Task::record_discharge, "2026-02-26"));
}

TEST(Tasks, OfSoziotherapieHaveTheirOwnPlanAndDays) {
  CaseStory story;
  story.referred({.benefit = Benefit::st});
  EXPECT_EQ(task(story, Task::agree_care_plan).why, Rule::st_plan);
  EXPECT_EQ(task(story, Task::agree_care_plan).due_on, day("2026-02-26"));
  EXPECT_EQ(task(story, Task::schedule_first_visit).due_on, day("2026-03-05"));
  EXPECT_EQ(task(story, Task::submit_application).why, Rule::st_approval);
  EXPECT_EQ(task(story.scheduled(1, "2026-03-10"), Task::start_care).due_on, day("2026-03-19"));
}

TEST(Tasks, TheInsurerIsRemindedFiveDaysBeforeItsPeriodEnds) {
  CaseStory story = ready();
  story.applied("2026-03-13");  // acts on Tuesday 2026-04-07
  EXPECT_FALSE(stands(story, Task::remind_insurer, "2026-04-01"));
  EXPECT_TRUE(stands(story, Task::remind_insurer, "2026-04-02"));
  EXPECT_TRUE(stands(story, Task::remind_insurer, "2026-04-07"));
  EXPECT_FALSE(stands(story, Task::remind_insurer, "2026-04-08"));
  EXPECT_EQ(task(story, Task::remind_insurer).due_on, day("2026-04-07"));
  EXPECT_EQ(task(story, Task::call_insurer).due_on, day("2026-04-08"));
  story.granted(1, "2026-03-20", 12, "2026-02-20", "2026-06-30");
  EXPECT_FALSE(stands(story, Task::remind_insurer, "2026-04-02"));
}

TEST(Tasks, UnitsThatRunOutAreToldFromTwoUnitsOn) {
  for (const auto& [delivered, wanted] : {std::pair{599, false}, {600, true}, {719, true}, {720, false}}) {
    CaseStory story = approved_child();
    story.delivered(1, "2026-03-10", delivered);
    EXPECT_EQ(stands(story, Task::plan_last_units, "2026-03-11"), wanted) << delivered;
  }
  CaseStory story = approved_child();
  story.delivered(1, "2026-03-10", 600);
  EXPECT_EQ(task(story, Task::plan_last_units).due_on, day("2026-03-17"));
}

TEST(Tasks, AnExtensionIsPossibleWhenLittleIsLeftAndNobodyHasPrescribedMore) {
  for (const auto& [delivered, wanted] : {std::pair{599, false}, {600, true}, {720, true}, {800, true}}) {
    CaseStory story = approved_child();
    story.delivered(1, "2026-03-10", delivered);
    EXPECT_EQ(stands(story, Task::prepare_extension, "2026-03-11"), wanted) << delivered;
  }
  CaseStory story = approved_child();
  story.delivered(1, "2026-03-10", 600);
  EXPECT_EQ(task(story, Task::prepare_extension).due_on, day("2026-05-19"));  // a fortnight before 2026-06-02
  EXPECT_EQ(task(story, Task::prepare_extension).why, Rule::smn_extension);
  story.followed_up("2026-04-01", 4);
  EXPECT_FALSE(stands(story, Task::prepare_extension, "2026-04-02"));
  EXPECT_EQ(task(story, Task::request_extension).due_on, day("2026-04-08"));
}

TEST(Tasks, AnExtensionIsPossibleUpToTenUnitsInAll) {
  for (const auto& [units, wanted] : {std::pair{9, true}, {10, false}}) {
    CaseStory story = approved_child();
    story.delivered(1, "2026-03-10", 720).followed_up("2026-03-20", units);
    story.extension_requested("2026-03-20", units);
    EXPECT_FALSE(stands(story, Task::prepare_extension, "2026-03-21"));  // an answer is out
    story.extension_granted(2, "2026-03-25", units, "2026-03-20", "2026-06-30")
        .delivered(2, "2026-04-01", units * 60);
    EXPECT_EQ(stands(story, Task::prepare_extension, "2026-04-02"), wanted) << units;
  }
}

TEST(Tasks, NothingIsLeftWithoutADay) {
  CaseStory story = ready();
  story.applied("2026-02-23")
      .granted(1, "2026-03-02", 3, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-10", 200, {.place = Place::phone});
  EXPECT_EQ(task(story, Task::secure_approval).due_on, day("2026-03-24"));
  EXPECT_EQ(task(story, Task::visit_at_home).due_on, day("2026-06-02"));
  EXPECT_EQ(task(story, Task::visit_at_home).why, Rule::smn_home);
  EXPECT_EQ(task(approved_child().delivered(1, "2026-03-10"), Task::schedule_visit).due_on,
            day("2026-03-17"));
  story.completed("2026-05-08");
  EXPECT_EQ(task(story, Task::send_final_report).due_on, day("2026-05-22"));
  EXPECT_FALSE(stands(story, Task::send_final_report, "2026-05-07"));
}

TEST(Tasks, HomeVisitsAreDoneWithAHundredAndEightyMinutes) {
  for (const auto& [minutes, wanted] : {std::pair{179, true}, {180, false}}) {
    CaseStory story = approved_child();
    EXPECT_EQ(stands(story.delivered(1, "2026-03-10", minutes), Task::visit_at_home, "2026-03-11"), wanted);
  }
}

// ---------------------------------------------------------------- as a provider has set them

TEST(Tasks, OfAProviderHaveItsDaysRoleAndTitle) {
  CaseStory story;
  story.under_settings(R"({"steps":[
      {"step":"agree_care_plan","days":10,"role":"team","title":{"de":"Plan schreiben","en":"Write"}},
      {"step":"schedule_first_visit","days":7}]})");
  story.referred({.discharged_on = "2026-02-20"});
  const TaskRow plan = task(story, Task::agree_care_plan);
  EXPECT_EQ(plan.due_on, day("2026-03-02"));
  EXPECT_EQ(plan.role, Role::team);
  EXPECT_EQ(plan.title_de, "Plan schreiben");
  EXPECT_EQ(plan.title_en, "Write");
  EXPECT_EQ(task(story, Task::assign_team).title_de, "");
  // Days count towards the deadline where the file says so: a week before 2026-04-03.
  EXPECT_EQ(task(story, Task::schedule_first_visit).due_on, day("2026-03-27"));
}

TEST(Tasks, AStepThatIsOffIsNotToldAndOneThatIsRequiredStays) {
  CaseStory story;
  story.under_settings(R"({"steps":[{"step":"assign_team","off":true},{"step":"record_discharge","off":true},
                                    {"step":"agree_care_plan","benefit":"ST","off":true}]})");
  EXPECT_THAT(story.referred().tasks_on("2026-02-19"),
              ElementsAre("agree_care_plan", "record_discharge", "submit_application"));
}

TEST(Tasks, GoByWhatTheCaseWasJudgedByAndLatePaperBringsNothingBack) {
  CaseStory story;
  story.referred();
  EXPECT_EQ(task(story, Task::assign_team).due_on, day("2026-02-22"));
  story.under_settings(R"({"steps":[{"step":"assign_team","days":5}]})", "2026-03-01").plans("2026-03-01");
  EXPECT_EQ(task(story, Task::assign_team).due_on, day("2026-02-24"));
  story.under_settings(R"({"steps":[{"step":"assign_team","days":1}]})", "2026-02-01").plans("2026-02-20");
  EXPECT_EQ(task(story, Task::assign_team).due_on, day("2026-02-24"));
  story.under_settings("{}", "2026-04-01").plans("2026-04-01");
  EXPECT_EQ(task(story, Task::assign_team).due_on, day("2026-02-22"));
}

TEST(Tasks, WithoutAReportStepACaseIsFinishedWithItsEnd) {
  CaseStory story;
  story.under_settings(R"({"steps":[{"step":"send_final_report","off":true}]})");
  story.referred({.discharged_on = "2026-02-20"}).delivered(1, "2026-03-10").completed("2026-05-08");
  EXPECT_EQ(story.tasks_on("2026-05-08"), Words{"none"});
}

TEST(Tasks, ATickIsKeptWithWhoWasFirst) {
  CaseStory story = approved_child();
  story.ticks("agree_care_plan", "sign", "2026-03-01").ticks("agree_care_plan", "sign", "2026-03-05");
  ASSERT_EQ(story.now().ticks.size(), 1U);
  EXPECT_EQ(story.now().ticks.front(), (Tick{"agree_care_plan", "sign", "m.roth", day("2026-03-01")}));
  story.ticks("agree_care_plan", "sign", "2026-03-06", false)
      .ticks("agree_care_plan", "x", "2026-03-06", false);
  EXPECT_TRUE(story.now().ticks.empty());
}

// ---------------------------------------------------------------- never without a step

/// Settings that do without every step that can be done without.
std::string everything_off() {
  std::string steps;
  const Workflow& workflow = *shipped_workflows().back();
  for (std::size_t i = 1; i < words<Task>.size(); ++i) {
    if (workflow.requires_step(static_cast<Task>(i), std::nullopt)) continue;
    steps.append(steps.empty() ? "" : ",").append(R"({"off":true,"step":")").append(words<Task>[i]) += "\"}";
  }
  return R"({"steps":[)" + steps + "]}";
}

/// From the day after the last fact on; `none` alone and only when the case has ended.
void has_a_task_unless_finished(const CaseStory& story) {
  const Case& c = story.now();
  const int days = *rc::gen::inRange(0, 2'000);
  for (const CivilDate on : {day("2026-07-01"), day("2026-07-01") + days, day("2040-01-01")}) {
    const auto words = story.tasks_on(to_string(on));
    RC_ASSERT(!words.empty());
    const bool says_finished = std::find(words.begin(), words.end(), "none") != words.end();
    RC_ASSERT(!says_finished || (words.size() == 1u && is_ended(c)));
  }
}

RC_GTEST_PROP(Tasks, ACaseIsNeverWithoutATaskWhateverTheProviderDoesWithout, ()) {
  static const std::string settings = everything_off();
  CaseStory story;
  story.under_settings(settings);
  has_a_task_unless_finished(testing::any_life(std::move(story)));
}

RC_GTEST_PROP(Tasks, ACaseAlwaysHasATaskUnlessItIsFinished, ()) {
  const CaseStory story = testing::any_story();
  const Case& c = story.now();
  has_a_task_unless_finished(story);
  for (const char* today : {"2026-07-01", "2026-09-01", "2030-01-01"}) {
    const auto words = story.tasks_on(today);
    const bool says_finished = std::find(words.begin(), words.end(), "none") != words.end();
    const CaseState state = state_of(c);
    if (state == CaseState::withdrawn) RC_ASSERT(says_finished);
    if ((state == CaseState::completed || state == CaseState::discontinued) && !c.final_report_on) {
      RC_ASSERT(!says_finished);
    }
    if (!is_ended(c)) RC_ASSERT(!says_finished);
  }
}

RC_GTEST_PROP(Tasks, EveryTaskHasARoleAndADay, ()) {
  const CaseStory story = testing::any_story();
  for (const TaskRow& row : story.rows<TaskRow>(Table::tasks)) {
    RC_ASSERT(row.role.has_value() == (row.task != Task::none));
    RC_ASSERT(row.due_on.has_value() == (row.task != Task::none));
  }
}

}  // namespace
}  // namespace geleit
