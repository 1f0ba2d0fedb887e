// Every way in which a period ends, once more: day by day, as somebody with a wall calendar and a pencil
// would find it. The wall calendar counts its own leap years and weekdays and finds Easter in the church's
// table of full moons, so that it shares nothing with projections/rules but the holidays of single Länder,
// which tests/e2e/holidays_test.py holds against another calendar.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

#include "events/civil_time.h"
#include "projections/rules/deadline.h"

namespace geleit {

void PrintTo(CivilDate date, std::ostream* out) { *out << to_string(date); }

namespace {

constexpr int first_year = 1990;
constexpr int last_year = 2130;
constexpr int last_asked_year = 2090;  // the longest walk is the one to the 18th birthday
constexpr Calendar germany{};

const RuleSet& rules() { return *shipped_rule_sets().back(); }

// ---------------------------------------------------------------- the wall calendar

struct Page {
  int year, month, day;
  int weekday;  // 0 is Monday
};

bool is_leap_year(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int year, int month) {
  constexpr std::array lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : lengths[static_cast<std::size_t>(month - 1)];
}

/// All pages, one a day. 1 January 1990 was a Monday.
const std::vector<Page>& pages() {
  static const std::vector<Page> all = [] {
    std::vector<Page> made;
    int weekday = 0;
    for (int year = first_year; year <= last_year; ++year) {
      for (int month = 1; month <= 12; ++month) {
        for (int day = 1; day <= days_in(year, month); ++day) {
          made.push_back({year, month, day, weekday});
          weekday = weekday == 6 ? 0 : weekday + 1;
        }
      }
    }
    return made;
  }();
  return all;
}

/// A day by its place in the wall calendar.
using Place = std::size_t;
const Page& page(Place place) { return pages().at(place); }
Place place_of(CivilDate date) { return static_cast<Place>(date - civil(first_year, 1, 1)); }
CivilDate date_of(Place place) { return civil(page(place).year, page(place).month, page(place).day); }

Place weeks_later(Place from, int weeks) {
  Place at = from;
  for (int seen = 0; seen < weeks;) {
    ++at;
    if (page(at).weekday == page(from).weekday) ++seen;
  }
  return at;
}

Place days_later(Place from, int days) {
  Place at = from;
  for (int crossed_off = 0; crossed_off < days; ++crossed_off) ++at;
  return at;
}

/// Turns to the first of each next month; there, to the same number or the last page of the month.
Place months_later(Place from, int months) {
  if (months == 0) return from;
  Place at = from;
  for (int turned = 0; turned < months; ++turned) {
    do ++at;
    while (page(at).day != 1);
  }
  while (page(at).day != page(from).day && page(at + 1).day != 1) ++at;
  return at;
}

/// The day on which somebody begins to be so old: the birthday, or the day after 28 February where there is
/// no 29th.
Place birthday_after(Place born, int years) {
  const Page& birth = page(born);
  Place at = born;
  for (int age = 0; age < years;) {
    ++at;
    const Page& today = page(at);
    const bool same_date = today.month == birth.month && today.day == birth.day;
    const bool no_29th =
        birth.month == 2 && birth.day == 29 && today.month == 3 && today.day == 1 && page(at - 1).day == 28;
    if (same_date || no_29th) ++age;
  }
  return at;
}

/// The Sunday after the church's full moon of spring, which goes by the golden number (table for 1900–2199).
Place easter(int year) {
  struct Moon {
    int month, day;
  };
  constexpr std::array<Moon, 19> moons{{{4, 14},
                                        {4, 3},
                                        {3, 23},
                                        {4, 11},
                                        {3, 31},
                                        {4, 18},
                                        {4, 8},
                                        {3, 28},
                                        {4, 16},
                                        {4, 5},
                                        {3, 25},
                                        {4, 13},
                                        {4, 2},
                                        {3, 22},
                                        {4, 10},
                                        {3, 30},
                                        {4, 17},
                                        {4, 7},
                                        {3, 27}}};
  const Moon moon = moons[static_cast<std::size_t>(year % 19)];
  Place at = place_of(civil(year, moon.month, moon.day)) + 1;
  while (page(at).weekday != 6) ++at;
  return at;
}

bool is_federal_holiday(Place at) {
  const Page& today = page(at);
  struct Fixed {
    int month, day;
  };
  for (const Fixed fixed : {Fixed{1, 1}, Fixed{5, 1}, Fixed{10, 3}, Fixed{12, 25}, Fixed{12, 26}}) {
    if (today.month == fixed.month && today.day == fixed.day) return true;
  }
  // Once or before 1995 in every Land.
  if (today.year == 2017 && today.month == 10 && today.day == 31) return true;
  if (today.year < 1995 && today.month == 11 && today.weekday == 2 && today.day >= 16 && today.day <= 22) {
    return true;
  }
  const Place sunday = easter(today.year);
  return at == sunday - 2 || at == sunday + 1 || at == sunday + 39 || at == sunday + 50;
}

bool is_free(Place at, Calendar calendar) {
  if (page(at).weekday >= 5) return true;
  return calendar.land ? !holiday_name(date_of(at), calendar).empty() : is_federal_holiday(at);
}

Place next_working_day(Place at, Calendar calendar) {
  while (is_free(at, calendar)) ++at;
  return at;
}

// ---------------------------------------------------------------- what is asked at random

Place any_place() { return *rc::gen::inRange(Place{0}, place_of(civil(last_asked_year, 12, 31))); }
Calendar any_calendar() {
  constexpr int laender = 16;
  const int n = *rc::gen::inRange(0, 2 * laender);
  return n >= laender ? germany : Calendar{static_cast<Land>(n)};
}

/// A deadline for acting: the day as counted, and the next working day.
void expect_action(const DeadlineDates& dates, Place due, Calendar calendar) {
  RC_ASSERT(dates.due_on == date_of(due));
  RC_ASSERT(dates.acts_on == date_of(next_working_day(due, calendar)));
  RC_ASSERT(!dates.hint_on.has_value());
}

/// A benefit window: the day as counted, whatever it is; the next working day is a hint.
void expect_window(const DeadlineDates& dates, Place due, Calendar calendar) {
  RC_ASSERT(dates.due_on == date_of(due));
  RC_ASSERT(dates.acts_on == date_of(due));
  const Place working = next_working_day(due, calendar);
  RC_ASSERT(dates.hint_on == (working == due ? std::nullopt : std::optional(date_of(working))));
}

TEST(WallCalendar, HasTheSameDaysAndHolidays) {
  for (Place at = 0; at <= place_of(civil(last_asked_year, 12, 31)); ++at) {
    const CivilDate date = date_of(at);
    ASSERT_EQ(date - civil(first_year, 1, 1), static_cast<int>(at));
    ASSERT_EQ(static_cast<int>(weekday_of(date)), page(at).weekday) << to_string(date);
    ASSERT_EQ(!holiday_name(date, germany).empty(), is_federal_holiday(at)) << to_string(date);
  }
}

RC_GTEST_PROP(WallCalendar, CrossingOffDaysUntilTheSameWeekdayHasComeSoManyTimesGivesTheSameWeeks, ()) {
  const Place from = any_place();
  const int weeks = *rc::gen::inRange(0, 60);
  RC_ASSERT(add_weeks(date_of(from), weeks) == date_of(weeks_later(from, weeks)));
}

RC_GTEST_PROP(WallCalendar, TurningPagesGivesTheSameMonths, ()) {
  const Place from = any_place();
  const int months = *rc::gen::inRange(0, 40);
  RC_ASSERT(add_months(date_of(from), months) == date_of(months_later(from, months)));
}

RC_GTEST_PROP(WallCalendar, WaitingForTheNextWorkingDayGivesTheSameRoll, ()) {
  const Place from = any_place();
  const Calendar calendar = any_calendar();
  RC_ASSERT(roll(date_of(from), calendar) == date_of(next_working_day(from, calendar)));
}

RC_GTEST_PROP(WallCalendar, CountingBirthdaysOneByOneGivesTheSameAge, ()) {
  const Place born = any_place();
  const int years = *rc::gen::inRange(1, 19);
  const CivilDate day = date_of(birthday_after(born, years));
  RC_ASSERT(birthday(date_of(born), years) == day);
  RC_ASSERT(!has_completed(date_of(born), years, day - 1));
  RC_ASSERT(has_completed(date_of(born), years, day));
}

RC_GTEST_PROP(WallCalendar, GivesTheSameLastDayForTheFirstUnitAndForTheWholeCare, ()) {
  const Place from = any_place();
  const Calendar calendar = any_calendar();
  expect_window(start_deadline(rules(), date_of(from), calendar), days_later(from, 42), calendar);
  expect_window(prescriber_window_deadline(rules(), date_of(from), calendar), weeks_later(from, 6), calendar);
  const Place discharged = *rc::gen::inRange(from, from + 60);
  const DeadlineDates complete = complete_deadline(rules(), date_of(from), date_of(discharged), calendar);
  RC_ASSERT(complete.due_on == date_of(weeks_later(from, 12)));
  RC_ASSERT(complete.acts_on == complete.due_on);
  RC_ASSERT(complete.hint_on == date_of(weeks_later(discharged, 12)));
}

RC_GTEST_PROP(WallCalendar, GivesTheSameDayForTheInsurersDecision, ()) {
  const Place received = any_place();
  const Calendar calendar = any_calendar();
  const bool expert = *rc::gen::arbitrary<bool>();
  expect_action(decision_deadline(rules(), date_of(received), expert, calendar),
                weeks_later(received, expert ? 5 : 3), calendar);
}

RC_GTEST_PROP(WallCalendar, GivesTheSameDayUnderSgb9, ()) {
  const Place received = any_place();
  const Calendar calendar = any_calendar();
  expect_action(decision_deadline_sgb9(rules(), date_of(received), {}, calendar), weeks_later(received, 3),
                calendar);
  const Place opinion = *rc::gen::inRange(received, received + 90);
  expect_action(decision_deadline_sgb9(rules(), date_of(received), date_of(opinion), calendar),
                std::min(weeks_later(opinion, 2), months_later(received, 2)), calendar);
}

RC_GTEST_PROP(WallCalendar, GivesTheSameNotificationAndTheSameObjection, ()) {
  const Place posted = any_place();
  const Calendar calendar = any_calendar();
  const Place notified = days_later(posted, page(posted).year < 2025 ? 3 : 4);
  const DeadlineDates notice = notice_deadline(rules(), date_of(posted));
  RC_ASSERT(notice.due_on == date_of(notified));
  RC_ASSERT(notice.acts_on == date_of(notified));
  const bool instruction = *rc::gen::arbitrary<bool>();
  expect_action(objection_deadline(rules(), date_of(posted), instruction, calendar),
                months_later(notified, instruction ? 1 : 12), calendar);
}

RC_GTEST_PROP(WallCalendar, GivesTheSameThreeYearsOfSoziotherapie, ()) {
  const Place first_unit = any_place();
  const Calendar calendar = any_calendar();
  // The same date comes round three times; where it is 29 February, the last of February does.
  const Page& start = page(first_unit);
  Place at = first_unit;
  for (int years = 0; years < 3;) {
    ++at;
    const Page& today = page(at);
    const bool same_date = today.month == start.month && today.day == start.day;
    const bool last_of_february =
        start.month == 2 && start.day == 29 && today.month == 2 && today.day == 28 && page(at + 1).day == 1;
    if (same_date || last_of_february) ++years;
  }
  expect_window(total_deadline(rules(), date_of(first_unit), calendar), at, calendar);
}

RC_GTEST_PROP(WallCalendar, GivesTheSameDaysThatGoByTheAge, ()) {
  const Place born = any_place();
  const CivilDate date = date_of(born);
  RC_ASSERT(age_deadline(rules(), date, false).due_on == date_of(birthday_after(born, 14) - 1));
  RC_ASSERT(age_deadline(rules(), date, true).due_on == date_of(birthday_after(born, 18) - 1));
  RC_ASSERT(no_copay_deadline(rules(), date).due_on == date_of(birthday_after(born, 18) - 1));
}

RC_GTEST_PROP(WallCalendar, GivesTheSameRetention, ()) {
  const Place ended = any_place();
  RC_ASSERT(retention_deadline(rules(), date_of(ended), false).due_on == date_of(months_later(ended, 120)));
  Place at = ended;
  for (int years = -1; years < 8; ++at) {  // to the end of the year, then eight years
    if (page(at).month == 12 && page(at).day == 31 && ++years == 8) break;
  }
  RC_ASSERT(retention_deadline(rules(), date_of(ended), true).due_on == date_of(at));
}

// ---------------------------------------------------------------- days that are not like others

TEST(WallCalendar, TheHourThatIsMissingOrDoubledMovesNoPeriod) {
  // Clocks change on the last Sunday of March and of October; a period counts days, not hours.
  for (const CivilDate change : {civil(2024, 3, 31), civil(2025, 3, 30), civil(2026, 3, 29),
                                 civil(2024, 10, 27), civil(2025, 10, 26), civil(2026, 10, 25)}) {
    ASSERT_EQ(weekday_of(change), Weekday::sunday);
    for (const int around : {-1, 0, 1}) {
      const CivilDate last = change + around;
      EXPECT_EQ(start_deadline(rules(), last - 42, germany).due_on, last);
      EXPECT_EQ(decision_deadline(rules(), last - 21, false, germany).due_on, last);
      EXPECT_EQ(notice_deadline(rules(), last - rules().notice_days(last)).due_on, last);
    }
    EXPECT_EQ(add_months(change, 1), date_of(months_later(place_of(change), 1)));
  }
}

TEST(WallCalendar, AnInstantOfTheNightOfTheChangeBelongsToItsBerlinDay) {
  const auto berlin_day = [](std::string_view instant) { return berlin_date(*parse_instant(instant)); };
  EXPECT_EQ(berlin_day("2026-03-28T22:59:59Z"), civil(2026, 3, 28));  // 23:59:59, still winter
  EXPECT_EQ(berlin_day("2026-03-28T23:00:00Z"), civil(2026, 3, 29));
  EXPECT_EQ(berlin_day("2026-03-29T21:59:59Z"), civil(2026, 3, 29));  // 23:59:59, summer
  EXPECT_EQ(berlin_day("2026-03-29T22:00:00Z"), civil(2026, 3, 30));
  EXPECT_EQ(berlin_day("2026-10-24T21:59:59Z"), civil(2026, 10, 24));
  EXPECT_EQ(berlin_day("2026-10-24T22:00:00Z"), civil(2026, 10, 25));
  EXPECT_EQ(berlin_day("2026-10-25T22:59:59Z"), civil(2026, 10, 25));
  EXPECT_EQ(berlin_day("2026-10-25T23:00:00Z"), civil(2026, 10, 26));
}

TEST(WallCalendar, ALeapDayIsADayLikeOthers) {
  EXPECT_EQ(decision_deadline(rules(), civil(2024, 2, 8), false, germany).due_on, civil(2024, 2, 29));
  EXPECT_EQ(decision_deadline(rules(), civil(2023, 2, 8), false, germany).due_on, civil(2023, 3, 1));
  EXPECT_EQ(start_deadline(rules(), civil(2024, 1, 18), germany).due_on, civil(2024, 2, 29));
  EXPECT_EQ(start_deadline(rules(), civil(2024, 2, 29), germany).due_on, civil(2024, 4, 11));
  // Posted on 26 January 2024, notified on the 29th: one month later is 29 February, a year later the 28th.
  EXPECT_EQ(objection_deadline(rules(), civil(2024, 1, 26), true, germany).due_on, civil(2024, 2, 29));
  EXPECT_EQ(objection_deadline(rules(), civil(2024, 2, 26), false, germany).due_on, civil(2025, 2, 28));
  // Three years from a leap day end on the last of February, four on a leap day again.
  EXPECT_EQ(total_deadline(rules(), civil(2024, 2, 29), germany).due_on, civil(2027, 2, 28));
  EXPECT_EQ(add_months(civil(2024, 2, 29), 48), civil(2028, 2, 29));
  // 2000 was a leap year, 2100 is none.
  EXPECT_EQ(add_weeks(civil(2000, 2, 8), 3), civil(2000, 2, 29));
  EXPECT_EQ(add_weeks(civil(2100, 2, 8), 3), civil(2100, 3, 1));
}

TEST(WallCalendar, BornOnALeapDayEveryAgeBeginsOnTheFirstOfMarchOrTheLeapDay) {
  for (const auto& [years, day] : {std::pair{1, civil(2013, 3, 1)}, std::pair{4, civil(2016, 2, 29)},
                                   std::pair{14, civil(2026, 3, 1)}, std::pair{18, civil(2030, 3, 1)}}) {
    EXPECT_EQ(birthday(civil(2012, 2, 29), years), day);
    EXPECT_EQ(date_of(birthday_after(place_of(civil(2012, 2, 29)), years)), day);
  }
}

}  // namespace
}  // namespace geleit
