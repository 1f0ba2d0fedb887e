#include "projections/rules/calendar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ostream>
#include <set>
#include <thread>
#include <vector>

#include "events/civil_time.h"

namespace geleit {

void PrintTo(CivilDate date, std::ostream* out) { *out << to_string(date); }

namespace {

using enum Land;
constexpr Calendar germany{};

constexpr std::array every_land{bw, by, be, bb, hb, hh, he, mv, ni, nw, rp, sl, sn, st, sh, th};

/// The Länder in which the day is a holiday.
std::set<Land> where(CivilDate day) {
  std::set<Land> found;
  for (const Land land : every_land) {
    if (!holiday_name(day, {land}).empty()) found.insert(land);
  }
  return found;
}
std::set<Land> everywhere() { return {every_land.begin(), every_land.end()}; }

int holidays_in(int year, Calendar calendar) {
  int count = 0;
  for (CivilDate day = civil(year, 1, 1); day <= civil(year, 12, 31); day = day + 1) {
    if (!holiday_name(day, calendar).empty()) ++count;
  }
  return count;
}

TEST(Calendar, NineDaysAreHolidaysEverywhere) {
  EXPECT_EQ(holidays_in(2026, germany), 9);
  EXPECT_EQ(holiday_name(civil(2026, 1, 1), germany), "Neujahr");
  EXPECT_EQ(holiday_name(civil(2026, 4, 3), germany), "Karfreitag");
  EXPECT_EQ(holiday_name(civil(2026, 4, 6), germany), "Ostermontag");
  EXPECT_EQ(holiday_name(civil(2026, 5, 1), germany), "Tag der Arbeit");
  EXPECT_EQ(holiday_name(civil(2026, 5, 14), germany), "Christi Himmelfahrt");
  EXPECT_EQ(holiday_name(civil(2026, 5, 25), germany), "Pfingstmontag");
  EXPECT_EQ(holiday_name(civil(2026, 10, 3), germany), "Tag der Deutschen Einheit");
  EXPECT_EQ(holiday_name(civil(2026, 12, 25), germany), "Erster Weihnachtstag");
  EXPECT_EQ(holiday_name(civil(2026, 12, 26), germany), "Zweiter Weihnachtstag");
}

TEST(Calendar, EveryLandHasItsNumberOfDaysIn2026) {
  const std::vector<std::pair<Land, int>> expected{{bw, 12}, {by, 12}, {be, 10}, {bb, 12}, {hb, 10}, {hh, 10},
                                                   {he, 10}, {mv, 11}, {ni, 10}, {nw, 11}, {rp, 11}, {sl, 12},
                                                   {sn, 11}, {st, 11}, {sh, 10}, {th, 11}};
  for (const auto& [land, days] : expected) EXPECT_EQ(holidays_in(2026, {land}), days) << word(land);
}

TEST(Calendar, EasterIsWhereTheChurchPutsIt) {
  // Earliest and latest Easter of the time, and the exceptions of the Gregorian rule.
  for (const CivilDate easter :
       {civil(1990, 4, 15), civil(2000, 4, 23), civil(2008, 3, 23), civil(2011, 4, 24), civil(2019, 4, 21),
        civil(2024, 3, 31), civil(2026, 4, 5), civil(2035, 3, 25), civil(2038, 4, 25), civil(2049, 4, 18),
        civil(2076, 4, 19), civil(2100, 3, 28)}) {
    EXPECT_EQ(holiday_name(easter - 2, germany), "Karfreitag") << to_string(easter);
    EXPECT_EQ(holiday_name(easter + 1, germany), "Ostermontag") << to_string(easter);
    EXPECT_EQ(holiday_name(easter + 50, germany), "Pfingstmontag") << to_string(easter);
  }
}

TEST(Calendar, ReformationDayWasAHolidayEverywhereIn2017AndInTheNorthFrom2018) {
  EXPECT_EQ(where(civil(2016, 10, 31)), (std::set{bb, mv, sn, st, th}));
  EXPECT_EQ(where(civil(2017, 10, 31)), everywhere());
  EXPECT_EQ(holiday_name(civil(2017, 10, 31), germany), "Reformationstag");
  EXPECT_EQ(where(civil(2018, 10, 31)), (std::set{bb, mv, sn, st, th, hb, hh, ni, sh}));
  EXPECT_EQ(holiday_name(civil(2018, 10, 31), germany), "");
}

TEST(Calendar, RepentanceDayIsSaxonysAloneSince1995) {
  EXPECT_EQ(where(civil(1994, 11, 16)), everywhere());
  EXPECT_EQ(where(civil(1995, 11, 22)), (std::set{sn}));
  EXPECT_EQ(where(civil(2026, 11, 18)), (std::set{sn}));
  EXPECT_EQ(holiday_name(civil(2026, 11, 18), {sn}), "Buß- und Bettag");
}

TEST(Calendar, WomensDayIsAHolidayInBerlinFrom2019AndInMecklenburgFrom2023) {
  EXPECT_EQ(where(civil(2018, 3, 8)), (std::set<Land>{}));
  EXPECT_EQ(where(civil(2019, 3, 8)), (std::set{be}));
  EXPECT_EQ(where(civil(2022, 3, 8)), (std::set{be}));
  EXPECT_EQ(where(civil(2023, 3, 8)), (std::set{be, mv}));
}

TEST(Calendar, BerlinHasDaysOfASingleYear) {
  EXPECT_EQ(where(civil(2020, 5, 8)), (std::set{be}));
  EXPECT_EQ(where(civil(2025, 5, 8)), (std::set{be}));
  EXPECT_EQ(where(civil(2024, 5, 8)), (std::set<Land>{}));
  EXPECT_EQ(where(civil(2028, 6, 17)), (std::set{be}));
  EXPECT_EQ(where(civil(2027, 6, 17)), (std::set<Land>{}));
}

TEST(Calendar, ChildrensDayIsThuringiasFrom2019) {
  EXPECT_EQ(where(civil(2018, 9, 20)), (std::set<Land>{}));
  EXPECT_EQ(where(civil(2019, 9, 20)), (std::set{th}));
}

TEST(Calendar, TheCatholicDaysHoldWhereTheyHoldInTheWholeLand) {
  EXPECT_EQ(where(civil(2026, 1, 6)), (std::set{bw, by, st}));
  EXPECT_EQ(where(civil(2026, 6, 4)), (std::set{bw, by, he, nw, rp, sl}));  // Fronleichnam
  EXPECT_EQ(where(civil(2026, 8, 15)), (std::set{sl}));
  EXPECT_EQ(where(civil(2026, 8, 8)), (std::set<Land>{}));  // Augsburg
  EXPECT_EQ(where(civil(2026, 11, 1)), (std::set{bw, by, nw, rp, sl}));
}

TEST(Calendar, EasterAndWhitSundayAreNamedInBrandenburg) {
  EXPECT_EQ(where(civil(2026, 4, 5)), (std::set{bb}));
  EXPECT_EQ(where(civil(2026, 5, 24)), (std::set{bb}));
}

TEST(Calendar, WhereTwoFallTogetherTheDayHasOneName) {
  EXPECT_EQ(holiday_name(civil(2008, 5, 1), germany), "Tag der Arbeit");  // also Christi Himmelfahrt
  EXPECT_EQ(holidays_in(2008, germany), 8);
}

TEST(Calendar, OutsideItsYearsNoDayHasAName) {
  EXPECT_EQ(holiday_name(civil(1989, 12, 25), germany), "");
  EXPECT_EQ(holiday_name(civil(1990, 1, 1), germany), "Neujahr");
  EXPECT_EQ(holiday_name(civil(2100, 12, 26), germany), "Zweiter Weihnachtstag");
  EXPECT_EQ(holiday_name(civil(2101, 1, 1), germany), "");
  EXPECT_EQ(holiday_name(civil(9999, 12, 25), germany), "");
}

TEST(Calendar, ThreadsMayAskAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] { EXPECT_EQ(holiday_name(civil(2026, 4, 3), {th}), "Karfreitag"); });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Calendar, IsWrittenAsItsLand) {
  EXPECT_EQ(to_string(germany), "DE");
  EXPECT_EQ(to_string(Calendar{by}), "DE-BY");
  for (const Land land : every_land) EXPECT_EQ(parse_calendar(word(land)), Calendar{land});
  EXPECT_EQ(parse_calendar("DE"), germany);
  for (const char* text : {"", "BY", "de-by", "DE-XX", "DE-", "AT-9"})
    EXPECT_FALSE(parse_calendar(text)) << text;
}

TEST(WorkingDay, IsMondayToFridayAndNoHoliday) {
  EXPECT_TRUE(is_working_day(civil(2026, 4, 2), germany));
  EXPECT_FALSE(is_working_day(civil(2026, 4, 3), germany));
  EXPECT_FALSE(is_working_day(civil(2026, 4, 4), germany));
  EXPECT_FALSE(is_working_day(civil(2026, 4, 5), germany));
  EXPECT_FALSE(is_working_day(civil(2026, 4, 6), germany));
  EXPECT_TRUE(is_working_day(civil(2026, 4, 7), germany));
  EXPECT_TRUE(is_working_day(civil(2026, 6, 4), germany));
  EXPECT_FALSE(is_working_day(civil(2026, 6, 4), {by}));
}

TEST(Roll, GoesOverAWholeEasterAndOverChristmasIntoTheWeekend) {
  EXPECT_EQ(roll(civil(2026, 4, 3), germany), civil(2026, 4, 7));
  EXPECT_EQ(roll(civil(2025, 12, 25), germany), civil(2025, 12, 29));
  EXPECT_EQ(roll(civil(2026, 2, 28), germany), civil(2026, 3, 2));
  EXPECT_EQ(roll(civil(2026, 4, 2), germany), civil(2026, 4, 2));
}

TEST(Months, EndOnTheSameNumberOrTheLastOfTheMonth) {
  EXPECT_EQ(add_months(civil(2026, 1, 31), 1), civil(2026, 2, 28));
  EXPECT_EQ(add_months(civil(2024, 1, 31), 1), civil(2024, 2, 29));
  EXPECT_EQ(add_months(civil(2026, 1, 30), 1), civil(2026, 2, 28));
  EXPECT_EQ(add_months(civil(2026, 1, 28), 1), civil(2026, 2, 28));
  EXPECT_EQ(add_months(civil(2026, 2, 28), 1), civil(2026, 3, 28));
  EXPECT_EQ(add_months(civil(2026, 12, 15), 1), civil(2027, 1, 15));
  EXPECT_EQ(add_months(civil(2024, 2, 29), 12), civil(2025, 2, 28));
  EXPECT_EQ(add_months(civil(2024, 2, 29), 48), civil(2028, 2, 29));
  EXPECT_EQ(add_months(civil(2026, 3, 31), -1), civil(2026, 2, 28));
}

TEST(Months, StopAtTheLastDateThereIs) {
  EXPECT_EQ(add_months(civil(9999, 12, 31), 1), civil(9999, 12, 31));
  EXPECT_EQ(add_months(civil(9998, 6, 1), 36), civil(9999, 12, 31));
}

TEST(Birthday, IsTheFirstDayOnWhichTheYearsAreComplete) {
  EXPECT_EQ(birthday(civil(2012, 5, 10), 14), civil(2026, 5, 10));
  EXPECT_FALSE(has_completed(civil(2012, 5, 10), 14, civil(2026, 5, 9)));
  EXPECT_TRUE(has_completed(civil(2012, 5, 10), 14, civil(2026, 5, 10)));
  EXPECT_TRUE(has_completed(civil(2012, 5, 10), 0, civil(2012, 5, 10)));
}

TEST(Birthday, BornOnThe29thOfFebruaryTheYearIsCompleteWithThe28thInCommonYears) {
  EXPECT_EQ(birthday(civil(2012, 2, 29), 14), civil(2026, 3, 1));
  EXPECT_FALSE(has_completed(civil(2012, 2, 29), 14, civil(2026, 2, 28)));
  EXPECT_TRUE(has_completed(civil(2012, 2, 29), 14, civil(2026, 3, 1)));
  EXPECT_EQ(birthday(civil(2012, 2, 29), 16), civil(2028, 2, 29));
}

CivilDate any_day() {
  return *rc::gen::map(rc::gen::inRange(7305, 47000), [](int days) { return CivilDate{days}; });
}

RC_GTEST_PROP(Calendar, AHolidayEverywhereIsAHolidayInEveryLandAndTheOtherWayRound, ()) {
  const CivilDate day = any_day();
  RC_ASSERT(!holiday_name(day, germany).empty() == (where(day).size() == every_land.size()));
}

}  // namespace
}  // namespace geleit
