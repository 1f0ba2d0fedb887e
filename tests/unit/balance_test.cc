#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "projections/soziotherapie.h"
#include "tests/unit/any_story.h"

namespace geleit {
namespace {

using testing::any_story;
using testing::CaseStory;

CaseStory running() {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"}).applied("2026-02-20");
  story.granted(1, "2026-02-27", 12, "2026-02-20", "2026-06-30").delivered(1, "2026-02-27");
  return story;
}

TEST(Balance, OfANewCaseHoldsOnlyWhatWasPrescribed) {
  CaseStory story;
  const UnitBalanceRow row = story.referred().balance();
  UnitBalanceRow expected;
  expected.id = row.id;
  expected.prescribed = Minutes{720};
  EXPECT_EQ(row, expected);
}

TEST(Balance, AppliedCountsDeniedOnesAndExtensionsToo) {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"}).applied("2026-02-20", 12).denied("2026-03-01");
  story.applied("2026-03-02", 10)
      .granted(1, "2026-03-09", 10, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-10");
  story.followed_up("2026-04-01", 4).extension_requested("2026-04-02", 4).extension_denied("2026-04-20");
  EXPECT_EQ(story.balance().applied, Minutes{60 * 26});
  EXPECT_EQ(story.balance().approved, Minutes{600});
  EXPECT_EQ(story.balance().extended, Minutes{0});
}

TEST(Balance, ExtensionsArePartOfWhatIsApproved) {
  CaseStory story = running();
  story.followed_up("2026-04-01", 4).extension_requested("2026-04-02", 4);
  story.extension_granted(2, "2026-04-20", 4, "2026-04-20", "2026-08-31");
  EXPECT_EQ(story.balance().approved, Minutes{960});
  EXPECT_EQ(story.balance().extended, Minutes{240});
  EXPECT_EQ(story.balance().remaining, Minutes{900});
}

TEST(Balance, ScheduledCountsWhatIsStillToComeWhileTheCaseLives) {
  CaseStory story = running();
  story.scheduled(2, "2026-05-02", 30).scheduled(3, "2026-05-03", 45).scheduled(4, "2026-05-04", 90);
  story.cancelled(2).delivered(3, "2026-05-03", 15);
  EXPECT_EQ(story.balance().scheduled, Minutes{90});
  EXPECT_EQ(story.balance().delivered, Minutes{75});
  story.completed("2026-05-04");
  EXPECT_EQ(story.balance().scheduled, Minutes{0});
  story.reopened();
  EXPECT_EQ(story.balance().scheduled, Minutes{90});
}

TEST(Balance, VoidedSumsWhatTheyLastHad) {
  CaseStory story = running();
  story.corrected(1, 90).corrected(1, 75).voided(1).delivered(2, "2026-03-02", 30).voided(2);
  EXPECT_EQ(story.balance().voided, Minutes{105});
  EXPECT_EQ(story.balance().delivered, Minutes{0});
}

TEST(Balance, PreparatoryFollowsTheDischarge) {
  CaseStory story;
  story.referred().delivered(1, "2026-03-02").delivered(2, "2026-05-02");
  EXPECT_EQ(story.balance().preparatory, Minutes{120});
  EXPECT_EQ(story.discharged("2026-05-01").balance().preparatory, Minutes{60});
}

TEST(Balance, AtHomeAndInGroupsCountDeliveredMinutes) {
  CaseStory story;
  story.referred({.benefit = Benefit::st});
  story.delivered(1, "2026-03-02", 40, {.place = Place::home})
      .delivered(2, "2026-03-03", 90, {.place = Place::facility, .group_size = 6});
  story.delivered(3, "2026-03-04", 60, {.place = Place::phone, .group_size = 1})
      .scheduled(4, "2026-03-05", 30);
  EXPECT_EQ(story.balance().at_home, Minutes{40});
  EXPECT_EQ(story.balance().group, Minutes{90});
}

RC_GTEST_PROP(Balance, TheSumOfThePartsIsTheWhole, ()) {
  const CaseStory story = any_story();
  const UnitBalanceRow row = story.balance();
  Minutes trial;
  for (const Visit& v : story.now().visits) {
    if (v.delivered() && is_trial_unit(story.now(), v)) trial += v.minutes;
  }
  RC_ASSERT(row.delivered == row.billable + row.at_risk + trial);
  RC_ASSERT(row.approved == row.billable + row.remaining);
  RC_ASSERT(row.remaining >= Minutes{0} && row.extended <= row.approved);
  RC_ASSERT(row.at_home <= row.delivered && row.preparatory <= row.delivered);
  Minutes billable, at_risk, delivered, scheduled, voided;
  for (const VisitRow& visit : story.rows<VisitRow>(Table::visits)) {
    billable += visit.billable;
    at_risk += visit.at_risk;
    if (visit.state == VisitState::delivered) delivered += visit.minutes;
    if (visit.state == VisitState::scheduled) scheduled += visit.minutes;
    if (visit.state == VisitState::voided) voided += visit.minutes;
  }
  RC_ASSERT(billable == row.billable && at_risk == row.at_risk && delivered == row.delivered);
  RC_ASSERT(scheduled == row.scheduled && voided == row.voided);
}

RC_GTEST_PROP(Balance, NothingIsBillableWithoutAnApproval, ()) {
  const CaseStory story = any_story();
  if (story.balance().approved == Minutes{0}) RC_ASSERT(story.balance().billable == Minutes{0});
}

}  // namespace
}  // namespace geleit
