#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/any_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;
using testing::discharged_case;

VisitRow visit(const CaseStory& story, int name) {
  for (const VisitRow& row : story.rows<VisitRow>(Table::visits)) {
    if (row.visit == testing::visit_id(name)) return row;
  }
  throw std::logic_error("no such visit");
}

TEST(Visits, ShowWhatWasPlannedAndThenWhatWasDone) {
  CaseStory story = discharged_case();
  story.scheduled(1, "2026-03-02", 45, {.place = Place::home, .staff = "m.roth"});
  EXPECT_EQ(visit(story, 1).state, VisitState::scheduled);
  story.delivered(1, "2026-03-03", 50, {.place = Place::phone, .hour = 11, .staff = "a.ander"});
  const VisitRow row = visit(story, 1);
  EXPECT_EQ(row.state, VisitState::delivered);
  EXPECT_EQ(to_string(row.starts_at), "2026-03-03T11:00:00+01:00");
  EXPECT_EQ(row.minutes, Minutes{50});
  EXPECT_EQ(row.staff, "a.ander");
  EXPECT_EQ(row.place, Place::phone);
}

TEST(Visits, CountTheirCorrections) {
  EXPECT_EQ(
      visit(discharged_case().delivered(1, "2026-03-02").corrected(1, 45).corrected(1, 50), 1).corrected, 2);
}

TEST(Visits, ScheduledOnesOfAnEndedCaseShowAsCancelled) {
  CaseStory story = discharged_case();
  story.scheduled(1, "2026-07-10").discontinued("2026-03-01");
  EXPECT_EQ(visit(story, 1).state, VisitState::cancelled);
  EXPECT_EQ(visit(story.reopened(), 1).state, VisitState::scheduled);
  EXPECT_EQ(visit(story.applied("2026-03-02").denied("2026-03-09"), 1).state, VisitState::cancelled);
}

TEST(Visits, AVoidedOneKeepsItsMinutesAndBillsNone) {
  CaseStory story = discharged_case();
  story.applied("2026-02-20")
      .granted(1, "2026-02-27", 12, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-02");
  EXPECT_EQ(visit(story, 1).billable, Minutes{60});
  const VisitRow row = visit(story.voided(1), 1);
  EXPECT_EQ(row.state, VisitState::voided);
  EXPECT_EQ(row.minutes, Minutes{60});
  EXPECT_EQ(row.billable + row.at_risk, Minutes{0});
}

RC_GTEST_PROP(ReadModels, TheSameCaseGivesTheSameBytes, ()) {
  const CaseStory story = testing::any_story();
  const Case again = decode_case(encode_case(story.now()));
  for (const ReadModel& model : read_models()) {
    Derived one, two;
    model.derive(Subject(story.now(), story.rules()), one);
    model.derive(Subject(again, story.rules()), two);
    RC_ASSERT(one.rows == two.rows && one.counts == two.counts);
    for (const DerivedRow& row : one.rows) {
      RC_ASSERT(case_in_key(row.key) == story.now().id);
      RC_ASSERT(std::count_if(one.rows.begin(), one.rows.end(),
                              [&](const auto& r) { return r.key == row.key; }) == 1);
    }
  }
}

}  // namespace
}  // namespace geleit
