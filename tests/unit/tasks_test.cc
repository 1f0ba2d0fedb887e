#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

RC_GTEST_PROP(Tasks, ACaseAlwaysHasATaskUnlessItIsFinished, ()) {
  const CaseStory story = testing::any_story();
  const Case& c = story.now();
  for (const char* today : {"2026-07-01", "2026-09-01", "2030-01-01"}) {
    const auto words = story.tasks_on(today);
    RC_ASSERT(!words.empty());
    const bool says_finished = std::find(words.begin(), words.end(), "none") != words.end();
    if (says_finished) RC_ASSERT(words.size() == 1u && is_ended(c));
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
    if (row.until) RC_ASSERT(row.due_on.has_value());
  }
}

}  // namespace
}  // namespace geleit
