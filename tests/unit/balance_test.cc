#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "projections/deadlines.h"
#include "projections/soziotherapie.h"
#include "tests/unit/any_story.h"

namespace geleit {
namespace {

using testing::any_st_story;
using testing::any_story;
using testing::CaseStory;
using testing::day;
using testing::pick;

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

RC_GTEST_PROP(Balance, NothingIsBillableOnceNoApprovalStandsAnyMore, ()) {
  CaseStory story = pick(0, 2) ? any_story() : any_st_story();
  const UnitBalanceRow before = story.balance();
  for (const Approval& a : std::vector(story.now().approvals)) {
    if (a.stands()) story.revoked(static_cast<int>(a.id.value.low & 0xffff));
  }
  const UnitBalanceRow row = story.balance();
  RC_ASSERT(row.approved == Minutes{0} && row.billable == Minutes{0} && row.remaining == Minutes{0});
  RC_ASSERT(row.at_risk == before.billable + before.at_risk);
  for (const VisitRow& visit : story.rows<VisitRow>(Table::visits)) RC_ASSERT(visit.billable == Minutes{0});
}

// ---------------------------------------------------------------- Soziotherapie

/// The set that ships, with a group unit that weighs an hour.
const std::string& light_groups() {
  static const std::string set = [] {
    std::string toml = shipped_rule_sets().back()->content();
    const std::string_view line = "weight_minutes = 90";
    toml.replace(toml.find(line), line.size(), "weight_minutes = 60");
    return toml;
  }();
  return set;
}

RC_GTEST_PROP(Balance, OfSoziotherapieIsTheSumOfItsPartsWhateverAGroupUnitWeighs, ()) {
  // ST-GROUP, ST-TRIAL, ST-APPROVAL: contingents are used by weight, minutes stay what they were, and trial
  // units are no part of either, under an approval or without.
  CaseStory story;
  if (pick(0, 2)) story.judged_by(light_groups());
  story = any_st_story(std::move(story));
  const Case& c = story.now();
  const UnitBalanceRow row = story.balance();
  const std::vector<VisitRow> rows = story.rows<VisitRow>(Table::visits);
  Minutes delivered, in_groups, at_home, weighed;
  for (const Visit& v : c.visits) {
    if (!v.delivered()) continue;
    delivered += v.minutes;
    if (v.group_size > 1) in_groups += v.minutes;
    if (v.place == Place::home) at_home += v.minutes;
    const auto shown =
        std::find_if(rows.begin(), rows.end(), [&](const VisitRow& r) { return r.visit == v.id; });
    RC_ASSERT(shown != rows.end());
    const Minutes weight = is_trial_unit(c, v) ? Minutes{0} : weight_of(c, v, story.rules());
    RC_ASSERT(shown->billable + shown->at_risk == weight);
    weighed += weight;
  }
  RC_ASSERT(row.delivered == delivered && row.group == in_groups && row.at_home == at_home);
  RC_ASSERT(row.billable + row.at_risk == weighed);
  RC_ASSERT(row.billable + row.remaining == row.approved && row.remaining >= Minutes{0});
  Minutes prescribed = minutes_of_units(c.units), approved;
  for (const FollowUp& f : c.follow_ups) prescribed += minutes_of_units(f.units);
  for (const Approval& a : c.approvals) {
    if (a.stands()) approved += minutes_of_units(a.units);
  }
  RC_ASSERT(row.prescribed == prescribed && row.approved == approved);
  RC_ASSERT(row.preparatory == Minutes{0} && row.extended == Minutes{0});
}

// ---------------------------------------------------------------- corrections

/// What people see of a case, but for versions and how often something was corrected.
struct Picture {
  CaseState state;
  UnitBalanceRow balance;
  std::vector<VisitRow> visits;
  std::vector<DeadlineRow> deadlines;
  std::vector<TaskRow> tasks;
  friend bool operator==(const Picture&, const Picture&) = default;
};
Picture picture(const CaseStory& story) {
  Picture out{state_of(story.now()), story.balance(), story.rows<VisitRow>(Table::visits),
              story.rows<DeadlineRow>(Table::deadlines), story.rows<TaskRow>(Table::tasks)};
  for (VisitRow& row : out.visits) row.corrected = 0;
  for (DeadlineRow& row : out.deadlines) row.generation = {};
  return out;
}

/// Corrects something of the case and corrects it back.
void correct_there_and_back(CaseStory& story) {
  const Case& c = story.now();
  std::vector<Visit> delivered;
  std::copy_if(c.visits.begin(), c.visits.end(), std::back_inserter(delivered),
               [](const Visit& v) { return v.delivered(); });
  std::vector<Approval> standing;
  std::copy_if(c.approvals.begin(), c.approvals.end(), std::back_inserter(standing),
               [](const Approval& a) { return a.stands(); });
  const auto one_of = [](const auto& all) {
    return all[static_cast<std::size_t>(pick(0, static_cast<int>(all.size())))];
  };
  const int what = pick(0, 6);
  if (what < 4) {
    RC_PRE(!delivered.empty());
    const Visit v = one_of(delivered);
    VisitCorrected there, back;
    there.visit = back.visit = v.id;
    if (what == 0) {
      there.minutes = Minutes{testing::any_minutes()}, back.minutes = v.minutes;
    } else if (what == 1) {
      there.started_at = berlin_time(day(testing::any_day()), 10, 0), back.started_at = v.starts_at;
    } else if (what == 2) {
      there.place = Place::facility, back.place = v.place;
    } else {
      RC_PRE(c.benefit == Benefit::st && v.group_size > 0);
      there.group_size = pick(1, 14), back.group_size = v.group_size;
    }
    story.happens(there).happens(back);
  } else if (what == 4) {
    RC_PRE(!standing.empty());
    const Approval a = one_of(standing);
    ApprovalCorrected there, back;
    there.approval = back.approval = a.id;
    there.units = pick(1, 21), back.units = a.units;
    there.from = day(testing::any_day()), back.from = a.from;
    there.until = *there.from + pick(0, 120), back.until = a.until;
    story.happens(there).happens(back);
  } else {
    RC_PRE(c.discharged_on && state_of(c) != CaseState::withdrawn);
    const std::string told = to_string(*c.discharged_on);
    story.discharged(testing::any_day()).discharged(told);
  }
}

RC_GTEST_PROP(Corrections, ThereAndBackChangeNothing, ()) {
  CaseStory story = pick(0, 2) ? any_story() : any_st_story();
  const Picture before = picture(story);
  correct_there_and_back(story);
  RC_ASSERT(picture(story) == before);
}

}  // namespace
}  // namespace geleit
