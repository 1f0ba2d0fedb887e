// REC-RETENTION to the day: ten years from the end of the treatment, all cases of a person.
#include "projections/retention.h"

#include <gtest/gtest.h>

#include <array>

#include "events/civil_time.h"
#include "tests/unit/case_story.h"
#include "tests/unit/shipped_rules.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;
using testing::discharged_case;

std::optional<CivilDate> kept(const CaseStory& story) { return kept_until(story.now(), testing::shipped()); }

TEST(Retention, BeginsOnTheDayAfterTheLastOne) {
  EXPECT_FALSE(may_go_on(day("2036-05-08"), day("2036-05-08")));
  EXPECT_TRUE(may_go_on(day("2036-05-09"), day("2036-05-08")));
  EXPECT_FALSE(may_go_on(day("2099-01-01"), std::nullopt));
}

TEST(Retention, OfSeveralCasesTheLongestCountsAndOneThatHasNotEndedKeepsAll) {
  const std::array<std::optional<CivilDate>, 2> both{day("2036-05-08"), day("2036-06-01")};
  EXPECT_EQ(kept_longest(both), day("2036-06-01"));
  const std::array<std::optional<CivilDate>, 2> running{day("2036-05-08"), std::nullopt};
  EXPECT_EQ(kept_longest(running), std::nullopt);
  EXPECT_EQ(kept_longest({}), std::nullopt);
}

TEST(Retention, RunsTenYearsFromTheEndOfTheTreatment) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-02");
  EXPECT_EQ(kept(story), std::nullopt);
  story.completed("2026-05-08");
  EXPECT_EQ(kept(story), day("2036-05-08"));
  story.reopened();
  EXPECT_EQ(kept(story), std::nullopt);
  story.discontinued("2024-02-29");
  // Late paper: a unit after the end is treatment, too.
  EXPECT_EQ(kept(story), day("2036-03-02"));
}

TEST(Retention, OfALeapDayEndsOnTheLastOfFebruary) {
  CaseStory story;
  story.referred({.received_on = "2024-01-02"}).withdrawn("2024-02-29");
  EXPECT_EQ(kept(story), day("2034-02-28"));
}

TEST(Retention, OfADeniedCaseRunsFromTheDenial) {
  CaseStory story = discharged_case();
  story.applied("2026-02-20").denied("2026-03-02");
  EXPECT_EQ(kept(story), day("2036-03-02"));
}

TEST(PersonalData, ErasedLeavesNothingSealedInCaseAndRows) {
  CaseStory story = discharged_case();
  story.applied("2026-02-20").granted(1, "2026-02-27", 12, "2026-02-20", "2026-06-30");
  story.delivered(1, "2026-03-02").completed("2026-05-08");
  const auto balance = story.balance();
  story.happens(PersonalDataErased{ErasureGrounds::request, day("2036-05-08")}, "2036-05-09");
  EXPECT_EQ(story.now().personal_data, PersonalDataState::erased);
  EXPECT_TRUE(story.now().person.bytes.empty());
  EXPECT_TRUE(story.now().diagnoses.bytes.empty());
  EXPECT_TRUE(story.now().approvals.front().reference.bytes.empty());
  const auto row = story.rows<CaseRow>(Table::cases).at(0);
  EXPECT_EQ(row.personal_data, PersonalDataState::erased);
  EXPECT_TRUE(row.person.bytes.empty());
  EXPECT_EQ(row.state, CaseState::completed);
  EXPECT_EQ(story.balance(), balance);
  EXPECT_EQ(decode_case(encode_case(story.now())), story.now());
}

TEST(PersonalData, RestrictedIsInNoRowAndComesBack) {
  CaseStory story = discharged_case();
  story.happens(ProcessingRestricted{Sealed{"why"}}, "2026-03-01");
  EXPECT_EQ(story.rows<CaseRow>(Table::cases).at(0).personal_data, PersonalDataState::restricted);
  EXPECT_TRUE(story.rows<CaseRow>(Table::cases).at(0).person.bytes.empty());
  EXPECT_FALSE(story.now().person.bytes.empty());
  EXPECT_EQ(decode_case(encode_case(story.now())), story.now());
  story.happens(RestrictionLifted{Sealed{"why"}}, "2026-03-02");
  EXPECT_FALSE(story.rows<CaseRow>(Table::cases).at(0).person.bytes.empty());
}

}  // namespace
}  // namespace geleit
