#include "projections/rules/workflow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "events/civil_time.h"

namespace geleit {
namespace {

std::string workflow_file() {
  std::ifstream in("schema/workflow/workflow-2026-01.toml", std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

/// The shipped file with one passage changed.
std::string workflow_with(std::string_view passage, std::string_view instead) {
  std::string text = workflow_file();
  const std::size_t at = text.find(passage);
  EXPECT_NE(at, std::string::npos) << passage;
  return text.replace(at, passage.size(), instead);
}

/// What parse says against the document; empty when it says nothing.
std::string workflow_complaint(const std::string& text) {
  try {
    (void)Workflow::parse(text);
    return {};
  } catch (const std::invalid_argument& error) { return error.what(); }
}

TEST(Workflow, TellsEveryStepThatThereIs) {
  const Workflow& shipped = *shipped_workflows().back();
  for (std::size_t i = 1; i < words<Task>.size(); ++i) {
    EXPECT_TRUE(shipped.has(static_cast<Task>(i), std::nullopt)) << words<Task>[i];
  }
  EXPECT_FALSE(shipped.has(Task::none, std::nullopt));
  EXPECT_FALSE(shipped.has(Task::record_discharge, Benefit::st));
  EXPECT_FALSE(shipped.has(Task::obtain_referral, Benefit::smn));
}

TEST(Workflow, AsksForEveryConditionAndCountsFromEveryAnchor) {
  std::vector<bool> conditions(words<StepWhen>.size()), anchors(words<StepAnchor>.size());
  for (const WorkflowStep& step : shipped_workflows().back()->steps()) {
    conditions[static_cast<std::size_t>(step.when)] = true;
    for (const auto* days : {&step.since, &step.due}) {
      for (const StepDay& day : *days) anchors[static_cast<std::size_t>(day.anchor)] = true;
    }
  }
  for (std::size_t i = 0; i < conditions.size(); ++i) EXPECT_TRUE(conditions[i]) << words<StepWhen>[i];
  for (std::size_t i = 0; i < anchors.size(); ++i) EXPECT_TRUE(anchors[i]) << words<StepAnchor>[i];
}

TEST(Workflow, IsInForceForCasesReferredFromItsDay) {
  EXPECT_EQ(shipped_workflow_on(civil(2026, 2, 19)).name(), "2026-01");
  EXPECT_EQ(shipped_workflow_on(civil(1999, 12, 31)).name(), "2026-01");  // the oldest before the first
  for (std::size_t i = 1; i < shipped_workflows().size(); ++i) {
    EXPECT_LT(shipped_workflows()[i - 1]->from(), shipped_workflows()[i]->from());
  }
}

TEST(Workflow, SaysWhichStepAndFieldIsWrong) {
  const std::string step = "workflow: assign_team";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {workflow_with("id = \"assign_team\"", "id = \"asign_team\""),
       "workflow: asign_team: expected the id of a known step, but it is not"},
      {workflow_with("id = \"assign_team\"\n", ""), "workflow: entry 1: expected an id, but it is missing"},
      {workflow_with("title_de = \"Team zuweisen\"\n", ""),
       step + ".title_de: expected a value, but it is missing"},
      {workflow_with("title_en = \"Assign the team\"", "title_en = 7"),
       step + ".title_en: expected a text, but it is not"},
      {workflow_with("when = \"no_team\"", "when = \"no_time\""), step + ".when: expected one of no_team, "},
      {workflow_with("role = \"management\"", "role = \"boss\""),
       step + ".role: expected one of lead, team, management, but it is not"},
      {workflow_with("benefits = [\"SMN\", \"ST\"]", "benefits = [\"SGB\"]"),
       step + ".benefits: expected words of SMN, ST, but it is not"},
      {workflow_with("role = \"management\"", "role = \"management\"\nrule = \"SMN-HOUSE\""),
       step + ".rule: expected one of SMN-AGE, "},
      {workflow_with("role = \"management\"", "role = \"management\"\ncolour = \"red\""),
       step + ": unknown field 'colour'"},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]\n", ""),
       step + ".due: expected a list of days, but it is missing"},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]", "due = []"),
       step + ".due: expected a list of days, but it is not"},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]", "due = [3]"),
       step + ".due: expected a table with anchor and days, but it is not"},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]",
                     "due = [{ anchor = \"easter\", days = 3 }]"),
       step + ".due.anchor: expected one of since, referral, "},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]",
                     "due = [{ anchor = \"referral\", days = -3 }]"),
       step + ".due.days: expected a whole number"},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]", "due = [{ anchor = \"referral\" }]"),
       step + ".due.days: expected a value, but it is missing"},
      {workflow_with("due = [{ anchor = \"referral\", days = 3 }]",
                     "due = [{ anchor = \"referral\", days = 3, days_before = 3 }]"),
       step + ".due: unknown field 'days'"},
      {workflow_with("since = [{ anchor = \"referral\", days = 0 }]",
                     "since = [{ anchor = \"since\", days = 0 }]"),
       step + ".since.anchor: expected another anchor than since, but it is not"},
      {workflow_with("minutes = 120\n", ""),
       "workflow: plan_last_units.minutes: expected a value, but it is missing"},
      {workflow_with("from = 2000-01-01", "from = \"2000-01-01\""),
       "workflow: document.from: expected a date, but it is not"},
      {workflow_with("name = \"2026-01\"", "name = \"2026-01\"\nauthor = \"x\""),
       "workflow: document: unknown field 'author'"},
      {workflow_with("[[step]]", "[step"), "workflow: line "},
      {"name = \"x\"\nfrom = 2000-01-01\n",
       "workflow: document.step: expected a list of steps, but it is missing"},
  };
  for (const auto& [text, expected] : mistakes) {
    EXPECT_TRUE(workflow_complaint(text).starts_with(expected)) << workflow_complaint(text) << "\n  not\n"
                                                                << expected;
  }
  EXPECT_EQ(workflow_complaint(workflow_file()), "");
}

TEST(Workflow, ThatWouldLeaveACaseWithoutAStepIsRefused) {
  const auto without = [](std::string_view id, std::string_view benefits) {
    std::string text = workflow_file();
    const std::size_t step =
        text.find("id = \"" + std::string(id) + "\"\nbenefits = " + std::string(benefits));
    EXPECT_NE(step, std::string::npos) << id;
    const std::size_t at = text.find("required = true\n", step);
    return text.erase(at, 16);
  };
  EXPECT_EQ(workflow_complaint(without("record_discharge", "[\"SMN\"]")),
            "workflow: SMN: expected a required step without until when no_discharge, but there is none");
  EXPECT_EQ(
      workflow_complaint(without("start_care", "[\"ST\"]")),
      "workflow: ST: expected a required step without until when first_visit_planned, but there is none");
  EXPECT_EQ(workflow_complaint(without("complete_care", "[\"ST\"]")),
            "workflow: ST: expected a required step without until when care_running, but there is none");
}

}  // namespace
}  // namespace geleit
