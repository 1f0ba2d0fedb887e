#include "projections/figures.h"

#include <fmt/format.h>
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
                                      std::string_view today = "2026-06-30",
                                      std::optional<Benefit> benefit = {}) {
    std::map<std::string, FigureRow> rows;
    const FigureQuery query{{}, day(from), day(to), period, day(today), benefit, &rules_};
    for (FigureRow& row : figures(Reading(snapshot_), query)) rows.emplace(row.period, std::move(row));
    return rows;
  }
  FigureRow year(std::string_view today = "2026-06-30") {
    return by(Period::year, "2026-01-01", "2026-12-31", today).at("2026");
  }
  FigureRow year_of(Benefit benefit, std::string_view today = "2026-06-30") {
    return by(Period::year, "2026-01-01", "2026-12-31", today, benefit).at("2026");
  }
  CaseStory soziotherapie() {
    CaseStory s = story();
    s.referred({.benefit = Benefit::st});
    return s;
  }
  /// The provider of all stories adopts targets, which hold from a day on.
  void adopt(std::string_view from, std::string_view targets, std::string_view provider = "hana-muenchen") {
    const std::string whose = provider.empty() ? std::string() : fmt::format(R"("provider":"{}",)", provider);
    rules_.adopt(fmt::format(R"({{"from":"{}",{}"settings":{{"targets":{}}}}})", from, whose, targets),
                 Version{++adopted_});
  }
  /// Whole units that are billable, on one day.
  void bill(std::string_view on, int units, Benefit benefit = Benefit::smn) {
    CaseStory s = story();
    s.referred({.benefit = benefit,
                .received_on = on,
                .discharged_on = benefit == Benefit::smn ? on : std::string_view()});
    s.applied(on).granted(1, on, units, on, "2030-12-31").delivered(1, on, units * 60);
    add(s);
  }

 private:
  int cases_ = 0;
  std::uint32_t adopted_ = 0;
  RuleBook rules_;
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

TEST_F(Figures, BenefitsAreToldApartAndAddUp) {
  bill("2026-03-02", 2);
  bill("2026-03-02", 3, Benefit::st);
  bill("2026-04-02", 5, Benefit::st);
  EXPECT_EQ(year_of(Benefit::smn).units_delivered, 200);
  EXPECT_EQ(year_of(Benefit::st).units_delivered, 800);
  EXPECT_EQ(year().units_delivered, 1000);
  EXPECT_EQ(year_of(Benefit::st).referrals, 2);
  EXPECT_EQ(year_of(Benefit::st).benefit, Benefit::st);
  EXPECT_EQ(year().benefit, std::nullopt);
  EXPECT_EQ(year_of(Benefit::smn).start_days_median, 0);
  EXPECT_EQ(year_of(Benefit::st).start_days_median, std::nullopt) << "no discharge, no days from it";
}

TEST_F(Figures, WhoDoesNotDoABenefitHasNoRowsOfIt) {
  add(discharged());
  EXPECT_TRUE(by(Period::year, "2026-01-01", "2026-12-31", "2026-06-30", Benefit::st).empty());
}

TEST_F(Figures, EachChildStartsInTimeOrMissesItOnce) {
  CaseStory in_time = discharged(), late = discharged(), never = discharged(), moot = discharged();
  add(in_time.delivered(1, "2026-04-03"));
  add(late.delivered(1, "2026-04-04"));
  add(never);
  add(moot.discontinued("2026-03-01"));
  EXPECT_EQ(year().starts, 2);
  EXPECT_EQ(year().starts_in_time, 1);
  EXPECT_EQ(year().starts_missed, 2);
  EXPECT_EQ(year().starts_in_time_share, 33);
  EXPECT_EQ(year("2026-04-03").starts_in_time_share, 100) << "nobody has missed it yet";
}

TEST_F(Figures, ThreeUnitsAtHomeOfTheChildrenCompleted) {
  CaseStory met = discharged(), not_met = discharged(), running = discharged(), adult = soziotherapie();
  add(met.delivered(1, "2026-03-01", 120).delivered(2, "2026-03-02", 60).completed("2026-05-08"));
  add(not_met.delivered(1, "2026-03-01", 179)
          .delivered(2, "2026-03-02", 60, {.place = Place::phone})
          .completed("2026-05-08", false));
  add(running.delivered(1, "2026-03-01", 240));
  add(adult.delivered(1, "2026-03-01", 240).completed("2026-05-08"));
  EXPECT_EQ(year().completions, 3);
  EXPECT_EQ(year().completions_goal_reached, 2);
  EXPECT_EQ(year().completions_home_met, 1);
  EXPECT_EQ(year().completions_home_met_share, 50);
  EXPECT_EQ(year_of(Benefit::st).completions, 1);
  EXPECT_EQ(year_of(Benefit::st).completions_home_met_share, std::nullopt);
}

TEST_F(Figures, WhyCasesEnded) {
  for (const Cause cause : {Cause::moved, Cause::moved, Cause::refused, Cause::died}) {
    CaseStory s = discharged();
    add(s.discontinued("2026-03-01", cause));
  }
  CaseStory withdrawn = discharged(), denied = discharged(), granted_after_all = discharged();
  add(withdrawn.withdrawn("2026-03-02"));
  add(denied.applied("2026-02-20").denied("2026-03-03"));
  add(granted_after_all.applied("2026-02-20").denied("2026-03-03").applied("2026-03-04"));
  EXPECT_EQ(year().discontinuations, 4);
  EXPECT_EQ(year().discontinued, (std::array<std::int64_t, 5>{2, 1, 0, 1, 0}));
  EXPECT_EQ(year().withdrawals, 1);
  EXPECT_EQ(year().denials, 1);
}

TEST_F(Figures, CoverThatIsNotSettledCountsUntilItIs) {
  add(discharged());
  for (const Coverage coverage : {Coverage::insured, Coverage::unresolved, Coverage::uninsured}) {
    CaseStory s = story();
    add(s.referred({.coverage = coverage}));
  }
  CaseStory settled = story();
  settled.referred({.coverage = Coverage::unresolved});
  add(settled.is_covered(Coverage::insured));
  EXPECT_EQ(year().coverage_unresolved, 1);
  EXPECT_EQ(year().coverage_uninsured, 1);
  EXPECT_EQ(year().coverage_unsettled_share, 40);
}

TEST_F(Figures, CorrectionsAndVoidsCountOnTheVisitsDay) {
  CaseStory s = discharged();
  s.delivered(1, "2026-03-01", 60).corrected(1, 45).corrected_to(1, "2026-04-02");
  s.delivered(2, "2026-03-05", 60).corrected(2, 30).voided(2);
  add(s);
  const auto rows = by(Period::month, "2026-03-01", "2026-04-30");
  EXPECT_EQ(rows.at("2026-03").corrections, 1);
  EXPECT_EQ(rows.at("2026-03").voids, 1);
  EXPECT_EQ(rows.at("2026-04").corrections, 2);
  EXPECT_EQ(rows.at("2026-04").voids, 0);
}

TEST_F(Figures, AGroupTakesTheStaffsTimeOnce) {
  for (int i = 0; i < 3; ++i) {
    CaseStory s = soziotherapie();
    add(s.delivered(1, "2026-03-01", 90, {.group_size = 3}));
  }
  CaseStory alone = soziotherapie();
  add(alone.delivered(1, "2026-03-02", 50, {.group_size = 1}));
  EXPECT_EQ(year().units_delivered, 533);
  EXPECT_EQ(year().staff_hours, 233) << "90 and 50 minutes";
}

TEST_F(Figures, AYearIsHeldAgainstItsTarget) {
  bill("2024-03-04", 1000);
  bill("2024-12-31", 811);
  adopt("2024-01-01", R"([{"year":2024,"units":2500}])");
  const FigureRow row = by(Period::year, "2024-01-01", "2024-12-31").at("2024");
  EXPECT_EQ(row.units_billable, 181100);
  EXPECT_EQ(row.target_state, TargetState::set);
  EXPECT_EQ(row.target_units, 2500);
  EXPECT_EQ(row.target_share, 72);
  EXPECT_EQ(row.forecast_units, std::nullopt) << "the year is over";
  EXPECT_EQ(row.forecast_method, std::nullopt);
}

TEST_F(Figures, WhatTheSettingsOfTodaySayAboutAYearGoesBeforeWhatWasSaidThen) {
  bill("2024-03-04", 1);
  bill("2025-03-04", 1);
  const auto target = [&](const char* year, std::string_view today) {
    return by(Period::year, "2024-01-01", "2025-12-31", today).at(year).target_units;
  };
  adopt("2024-01-01", R"([{"year":2024,"units":2500}])");
  adopt("2025-01-01", R"([{"year":2025,"units":2700}])");
  EXPECT_EQ(target("2024", "2025-06-30"), 2500) << "as it was in force on the year's last day";
  EXPECT_EQ(target("2025", "2025-06-30"), 2700);
  EXPECT_EQ(target("2025", "2024-12-30"), 2700) << "the year's own last day is told ahead";
  adopt("2026-01-01", R"([{"year":2024,"units":2400}])");
  EXPECT_EQ(target("2024", "2026-06-30"), 2400);
  EXPECT_EQ(target("2024", "2025-06-30"), 2500);
}

TEST_F(Figures, TargetsOfBothBenefitsAddUpWhereNoneIsSetForBoth) {
  bill("2026-03-02", 2);
  bill("2026-03-02", 2, Benefit::st);
  adopt("2026-01-01", R"([{"year":2026,"units":30,"benefit":"SMN"}])");
  EXPECT_EQ(year_of(Benefit::smn).target_units, 30);
  EXPECT_EQ(year_of(Benefit::st).target_state, TargetState::none);
  EXPECT_EQ(year().target_state, TargetState::none) << "one is not both";
  adopt("2026-01-01",
        R"([{"year":2026,"units":30,"benefit":"SMN"},{"year":2026,"units":10,"benefit":"ST"}])");
  EXPECT_EQ(year().target_units, 40);
  EXPECT_EQ(year().target_share, 10);
  EXPECT_EQ(year_of(Benefit::st).target_share, 20);
  adopt("2026-01-01", R"([{"year":2026,"units":50},{"year":2026,"units":30,"benefit":"SMN"}])");
  EXPECT_EQ(year().target_units, 50);
}

TEST_F(Figures, TheInstallationsTargetHoldsForWhoHasNoneOfItsOwn) {
  bill("2026-03-02", 2);
  adopt("2026-01-01", R"([{"year":2026,"units":8}])", "");
  EXPECT_EQ(year().target_share, 25);
  adopt("2026-01-01", R"([{"year":2026,"units":0}])");
  EXPECT_EQ(year().target_units, 0);
  EXPECT_EQ(year().target_share, std::nullopt) << "of nothing there is no share";
}

TEST_F(Figures, WithoutATargetThereAreNoNumbersOfIt) {
  bill("2026-03-02", 2);
  EXPECT_EQ(year().target_state, TargetState::none);
  EXPECT_EQ(year().target_units, std::nullopt);
  EXPECT_EQ(year().target_share, std::nullopt);
  EXPECT_EQ(year().forecast_share, std::nullopt);
}

TEST_F(Figures, OnlyAWholeYearHasATarget) {
  bill("2026-03-02", 2);
  adopt("2026-01-01", R"([{"year":2026,"units":8}])");
  for (const auto& row : {by(Period::month, "2026-03-01", "2026-03-31").at("2026-03"),
                          by(Period::quarter, "2026-01-01", "2026-03-31").at("2026-Q1"),
                          by(Period::year, "2026-01-02", "2026-12-31").at("2026"),
                          by(Period::year, "2026-01-01", "2026-12-30").at("2026")}) {
    EXPECT_EQ(row.target_state, std::nullopt) << row.period;
    EXPECT_EQ(row.forecast_units, std::nullopt) << row.period;
  }
}

TEST_F(Figures, TheForecastIsTheMeanOfTheLastThreeFullMonths) {
  // The example of ForecastMethod; the year before is where the provider's first count lies.
  bill("2025-11-03", 1);
  int units = 100;
  for (const char* on : {"2026-01-02", "2026-02-28", "2026-03-01", "2026-04-30", "2026-05-31"}) {
    bill(on, units);
    units += 10;
  }
  bill("2026-06-10", 50);
  bill("2026-06-11", 7);
  adopt("2026-01-01", R"([{"year":2026,"units":3020}])");
  const FigureRow row = year("2026-06-10");
  EXPECT_EQ(row.forecast_units, 151000);
  EXPECT_EQ(row.forecast_share, 50);
  EXPECT_EQ(row.forecast_method, ForecastMethod::mean_of_full_months);
  EXPECT_EQ(row.forecast_from, day("2026-03-01"));
  EXPECT_EQ(row.forecast_until, day("2026-05-31"));
}

TEST_F(Figures, AMonthThatIsBetterThanTheMeanCountsAsItIs) {
  bill("2025-01-02", 1);
  bill("2026-10-05", 30);
  bill("2026-12-31", 100);
  EXPECT_EQ(year("2026-12-30").forecast_units, 4000) << "30, and the mean of three months for December";
  EXPECT_EQ(year("2026-12-31").forecast_units, 13000);
}

TEST_F(Figures, InJanuaryTheForecastRestsOnTheYearBefore) {
  bill("2025-08-01", 1);
  bill("2025-10-05", 30);
  bill("2025-12-31", 31);
  const FigureRow row = by(Period::year, "2026-01-01", "2026-12-31", "2026-01-01").at("2026");
  EXPECT_EQ(row.forecast_units, 24400) << "61 units in three months, four times";
  EXPECT_EQ(row.forecast_from, day("2025-10-01"));
}

TEST_F(Figures, AMonthThatTheProviderBeganInIsNoFullMonth) {
  bill("2026-03-02", 20);
  EXPECT_EQ(year("2026-04-30").forecast_units, std::nullopt);
  EXPECT_EQ(year("2026-04-30").forecast_method, std::nullopt);
  bill("2026-04-30", 10);
  const FigureRow row = year("2026-05-01");
  EXPECT_EQ(row.forecast_units, 11000) << "20 and 10, and 10 for each of eight months";
  EXPECT_EQ(row.forecast_from, day("2026-04-01"));
  EXPECT_EQ(row.forecast_until, day("2026-04-30"));
}

/// Whatever is summed, by name.
std::map<std::string, std::int64_t> sums_of(const FigureRow& row) {
  std::map<std::string, std::int64_t> sums{{"referrals", row.referrals},
                                           {"starts", row.starts},
                                           {"starts_missed", row.starts_missed},
                                           {"starts_in_time", row.starts_in_time},
                                           {"extensions", row.extensions},
                                           {"completions", row.completions},
                                           {"completions_home_met", row.completions_home_met},
                                           {"completions_goal_reached", row.completions_goal_reached},
                                           {"fictions", row.fictions},
                                           {"discontinuations", row.discontinuations},
                                           {"withdrawals", row.withdrawals},
                                           {"denials", row.denials},
                                           {"coverage_unresolved", row.coverage_unresolved},
                                           {"coverage_uninsured", row.coverage_uninsured},
                                           {"corrections", row.corrections},
                                           {"voids", row.voids}};
  for (std::size_t i = 0; i < row.discontinued.size(); ++i)
    sums["discontinued " + std::string(words<Cause>[i])] = row.discontinued[i];
  return sums;
}

RC_GTEST_PROP(FiguresOfAnything, MonthsAreTheYearAndBenefitsAreTheWhole, ()) {
  const auto snapshot = std::make_shared<MemorySnapshot>();
  const int cases = testing::pick(1, 6);
  for (int i = 1; i <= cases; ++i) snapshot->add(testing::any_story(i));
  const Reading reading(snapshot);
  const CivilDate today = day("2026-01-01") + testing::pick(0, 365);
  struct Summed {
    std::map<std::string, std::int64_t> counts;
    std::int64_t units = 0, billable = 0, hours = 0, rows = 0;
  };
  const auto sum = [&](Period by, std::optional<Benefit> benefit) {
    Summed summed;
    for (const FigureRow& row :
         figures(reading, {{}, day("2026-01-01"), day("2026-12-31"), by, today, benefit})) {
      for (const auto& [name, count] : sums_of(row)) summed.counts[name] += count;
      summed.units += row.units_delivered;
      summed.billable += row.units_billable;
      summed.hours += row.staff_hours;
      ++summed.rows;
    }
    return summed;
  };
  // Amounts of each row are rounded to hundredths.
  const auto is_near = [](std::int64_t a, std::int64_t b, std::int64_t rows) {
    return std::max(a, b) - std::min(a, b) <= rows;
  };
  const Summed whole = sum(Period::year, {});
  const Summed months = sum(Period::month, {});
  Summed parts;
  for (const Benefit benefit : {Benefit::smn, Benefit::st}) {
    for (const Period by : {Period::year, Period::quarter}) {
      const Summed one = sum(by, benefit);
      if (by == Period::quarter) {
        RC_ASSERT(one.counts == sum(Period::month, benefit).counts);
        continue;
      }
      for (const auto& [name, count] : one.counts) parts.counts[name] += count;
      parts.units += one.units;
      parts.billable += one.billable;
      parts.hours += one.hours;
    }
  }
  RC_ASSERT(months.counts == whole.counts);
  RC_ASSERT(parts.counts == whole.counts);
  RC_ASSERT(is_near(months.units, whole.units, months.rows));
  RC_ASSERT(is_near(parts.units, whole.units, 2));
  RC_ASSERT(is_near(parts.billable, whole.billable, 2));
  RC_ASSERT(is_near(parts.hours, whole.hours, 2));
  std::int64_t causes = 0;
  for (const auto& [name, count] : whole.counts) causes += name.starts_with("discontinued ") ? count : 0;
  RC_ASSERT(causes == (whole.counts.empty() ? 0 : whole.counts.at("discontinuations")));
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
