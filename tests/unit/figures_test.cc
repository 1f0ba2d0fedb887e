#include "projections/figures.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/any_story.h"
#include "tests/unit/memory_snapshot.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;
using testing::MemorySnapshot;

/// Stories of a provider, asked for figures.
class Figures : public ::testing::Test {
 protected:
  CaseStory story() { return CaseStory(++cases_); }
  CaseStory discharged(std::string_view on = "2026-02-20") {
    CaseStory s = story();
    s.referred({.discharged_on = on});
    return s;
  }
  void add(const CaseStory& s) { snapshot_->add(s); }
  std::map<std::string, FigureRow> by(Period period, std::string_view from, std::string_view to,
                                      std::string_view today = "2026-06-30") {
    std::map<std::string, FigureRow> rows;
    for (FigureRow& row : figures(Reading(snapshot_), {{}, day(from), day(to), period, day(today)})) {
      rows.emplace(row.period, std::move(row));
    }
    return rows;
  }
  FigureRow year(std::string_view today = "2026-06-30") {
    return by(Period::year, "2026-01-01", "2026-12-31", today).at("2026");
  }

 private:
  int cases_ = 0;
  std::shared_ptr<MemorySnapshot> snapshot_ = std::make_shared<MemorySnapshot>();
};

TEST_F(Figures, AReferralCountsByItsDay) {
  for (const char* on : {"2025-12-31", "2026-01-01", "2026-03-31", "2026-04-01"}) {
    CaseStory s = story();
    add(s.referred({.received_on = on}));
  }
  auto months = by(Period::month, "2025-01-01", "2026-12-31");
  EXPECT_EQ(months.at("2025-12").referrals, 1);
  EXPECT_EQ(months.at("2026-01").referrals, 1);
  EXPECT_EQ(months.at("2026-02").referrals, 0);
  EXPECT_EQ(months.at("2026-04").until, day("2026-04-30"));
  auto quarters = by(Period::quarter, "2025-01-01", "2026-12-31");
  EXPECT_EQ(quarters.at("2026-Q1").referrals, 2);
  EXPECT_EQ(quarters.at("2025-Q4").from, day("2025-10-01"));
  EXPECT_EQ(by(Period::year, "2025-01-01", "2026-12-31").at("2026").referrals, 3);
}

TEST_F(Figures, PartsOfMonthsAreCountedByDays) {
  for (const char* on : {"2026-01-15", "2026-01-20", "2026-02-10", "2026-03-05", "2026-03-06"}) {
    CaseStory s = story();
    add(s.referred({.received_on = on}));
  }
  auto rows = by(Period::year, "2026-01-20", "2026-03-05");
  EXPECT_EQ(rows.at("2026").referrals, 3);
  EXPECT_EQ(rows.at("2026").from, day("2026-01-20"));
  EXPECT_EQ(rows.at("2026").until, day("2026-03-05"));
  EXPECT_EQ(by(Period::month, "2026-01-16", "2026-01-19").at("2026-01").referrals, 0);
}

TEST_F(Figures, AMissedStartCountsOnTheDayAfterOnceItHasCome) {
  add(discharged());
  EXPECT_EQ(year("2026-04-03").starts_missed, 0);
  EXPECT_EQ(year("2026-04-04").starts_missed, 1);
  CaseStory late = discharged();
  add(late.delivered(1, "2026-04-20"));
  CaseStory in_time = discharged();
  add(in_time.delivered(1, "2026-04-03"));
  CaseStory moot = discharged();
  add(moot.discontinued("2026-03-01"));
  EXPECT_EQ(by(Period::month, "2026-04-01", "2026-04-30").at("2026-04").starts_missed, 2);
}

TEST_F(Figures, TheNinetiethOfEightIsTheLast) {
  for (int days = 0; days < 8; ++days) {
    CaseStory s = discharged();
    add(s.delivered(1, to_string(day("2026-02-20") + days)));
  }
  EXPECT_EQ(year().start_days_median, 3);
  EXPECT_EQ(year().start_days_p90, 7);
}

TEST_F(Figures, PercentilesAreNearestRank) {
  for (int days = 0; days < 10; ++days) {
    CaseStory s = discharged();
    add(s.delivered(1, to_string(day("2026-02-20") + days)));
  }
  EXPECT_EQ(year().start_days_median, 4);
  EXPECT_EQ(year().start_days_p90, 8);
  EXPECT_EQ(year().starts, 10);
}

TEST_F(Figures, UnitsAreMinutesOfTheVisitsDayToTwoDecimals) {
  CaseStory s = discharged();
  s.applied("2026-02-20").granted(1, "2026-02-27", 1, "2026-02-20", "2026-06-30");
  s.delivered(1, "2026-03-01", 50).delivered(2, "2026-03-31", 50, {.place = Place::phone});
  s.delivered(3, "2026-04-01", 20).delivered(4, "2026-04-02", 15).voided(4);
  add(s);
  const auto rows = by(Period::month, "2026-03-01", "2026-04-30");
  EXPECT_EQ(rows.at("2026-03").units_delivered, 167);
  EXPECT_EQ(rows.at("2026-03").units_billable, 100);
  EXPECT_EQ(rows.at("2026-03").home_share, 50);
  EXPECT_EQ(rows.at("2026-04").units_delivered, 33);
  EXPECT_EQ(year().units_delivered, 200);
}

TEST_F(Figures, ExtensionsCompletionsAndApprovalDays) {
  CaseStory s = discharged();
  s.applied("2026-02-23").granted(1, "2026-02-26", 12, "2026-02-20", "2026-06-30").delivered(1, "2026-03-01");
  s.followed_up("2026-04-01", 4).extension_requested("2026-04-02", 4);
  s.extension_granted(2, "2026-04-12", 4, "2026-04-12", "2026-06-30").completed("2026-05-08");
  add(s);
  CaseStory reopened = discharged();
  add(reopened.delivered(1, "2026-03-01").completed("2026-05-08").reopened());
  EXPECT_EQ(year().extensions, 1);
  EXPECT_EQ(year().completions, 1);
  EXPECT_EQ(year().approval_days_median, 3);
  EXPECT_EQ(year().approval_days_p90, 10);
}

TEST_F(Figures, AFictionCountsFromTheDayAfterTheInsurersLast) {
  CaseStory s = discharged();
  add(s.applied("2026-03-13"));
  EXPECT_EQ(year("2026-04-07").fictions, 0);
  EXPECT_EQ(year("2026-04-08").fictions, 1);
}

TEST_F(Figures, WhatWasNeverCountedIsNull) {
  add(discharged());
  EXPECT_EQ(year().start_days_median, std::nullopt);
  EXPECT_EQ(year().approval_days_p90, std::nullopt);
  EXPECT_EQ(year().home_share, std::nullopt);
  EXPECT_EQ(year().units_delivered, 0);
}

TEST_F(Figures, ProvidersAreToldApart) {
  CaseStory s = story();
  add(s.referred({.provider = "anderswo"}));
  add(discharged());
  const auto snapshot = std::make_shared<MemorySnapshot>();
  CaseStory one(1), two(2);
  snapshot->add(one.referred({.provider = "a"}));
  snapshot->add(two.referred({.provider = "a.b"}));
  const Reading reading(snapshot);
  const auto rows = figures(reading, {{}, {}, {}, Period::year, day("2026-06-30")});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].provider, "a");
  EXPECT_EQ(rows[0].referrals, 1);
  EXPECT_EQ(rows[1].provider, "a.b");
  EXPECT_TRUE(figures(reading, {"nobody", {}, {}, Period::year, day("2026-06-30")}).empty());
}

RC_GTEST_PROP(FiguresOfAnything, TheMonthsAddUpToAPlainCount, ()) {
  const auto snapshot = std::make_shared<MemorySnapshot>();
  std::map<std::string, std::int64_t> delivered, billable;
  const int cases = testing::pick(1, 4);
  std::int64_t referrals = 0;
  for (int i = 1; i <= cases; ++i) {
    const CaseStory story = testing::any_story(i);
    snapshot->add(story);
    ++referrals;
    for (const VisitRow& visit : story.rows<VisitRow>(Table::visits)) {
      if (visit.state != VisitState::delivered) continue;
      const std::string month = to_string(berlin_date(visit.starts_at)).substr(0, 7);
      delivered[month] += visit.minutes.value;
      billable[month] += visit.billable.value;
    }
  }
  const FigureQuery query{{}, day("2026-01-01"), day("2026-12-31"), Period::month, day("2026-12-31")};
  std::int64_t counted = 0;
  for (const FigureRow& row : figures(Reading(snapshot), query)) {
    counted += row.referrals;
    RC_ASSERT(row.units_delivered == (delivered[row.period] * 200 + 60) / 120);
    RC_ASSERT(row.units_billable == (billable[row.period] * 200 + 60) / 120);
    delivered.erase(row.period);
  }
  for (const auto& [month, minutes] : delivered) RC_ASSERT(minutes == 0);
  RC_ASSERT(counted == referrals);
}

}  // namespace
}  // namespace geleit
