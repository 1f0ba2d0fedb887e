#include "events/civil_time.h"

#include <date/date.h>
#include <date/tz.h>
#include <gtest/gtest.h>

#include <ostream>
#include <set>

namespace geleit {

void PrintTo(CivilDate date, std::ostream* out) { *out << to_string(date); }
void PrintTo(Instant at, std::ostream* out) { *out << to_string(at) << " (" << at.ms << ")"; }

namespace {

Instant at(std::string_view text) {
  const std::optional<Instant> instant = parse_instant(text);
  EXPECT_TRUE(instant.has_value()) << text;
  return instant.value_or(Instant{});
}

TEST(CivilTime, ADayKnowsItsYearMonthAndDayAndBack) {
  for (int days = -200'000; days < 200'000; days += 17) {
    const YearMonthDay ymd = to_ymd(CivilDate{days});
    EXPECT_EQ(from_ymd(ymd.year, ymd.month, ymd.day), CivilDate{days});
    EXPECT_EQ(parse_date(to_string(CivilDate{days})), CivilDate{days});
  }
}

TEST(CivilTime, LeapYearsHaveA29thOfFebruary) {
  EXPECT_TRUE(from_ymd(2024, 2, 29));
  EXPECT_TRUE(from_ymd(2000, 2, 29));
  EXPECT_FALSE(from_ymd(2100, 2, 29));
  EXPECT_FALSE(from_ymd(2026, 2, 29));
  EXPECT_EQ(civil(2024, 2, 29) + 1, civil(2024, 3, 1));
  EXPECT_EQ(civil(2100, 2, 28) + 1, civil(2100, 3, 1));
}

TEST(CivilTime, ADayThatDoesNotExistIsNothing) {
  EXPECT_FALSE(from_ymd(2026, 2, 30));
  EXPECT_FALSE(from_ymd(2026, 4, 31));
  EXPECT_FALSE(from_ymd(2026, 13, 1));
  EXPECT_FALSE(from_ymd(2026, 0, 1));
  EXPECT_FALSE(from_ymd(2026, 1, 0));
  EXPECT_FALSE(from_ymd(0, 1, 1));
  EXPECT_FALSE(from_ymd(10000, 1, 1));
  EXPECT_TRUE(from_ymd(1, 1, 1));
  EXPECT_TRUE(from_ymd(9999, 12, 31));
}

TEST(CivilTime, OnlyOneSpellingOfADateIsRead) {
  EXPECT_EQ(parse_date("2026-02-20"), civil(2026, 2, 20));
  for (const char* text :
       {"", "2026-2-20", "2026-02-2", "2026/02/20", "20.02.2026", "2026-02-30", " 2026-02-20", "2026-02-20 ",
        "2026-02-20T", "+026-02-20", "2026-02--1", "0000-01-01", "2026-00-10"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(CivilTime, WeekdaysAreRightBeforeAndAfter1970) {
  EXPECT_EQ(weekday_of(civil(1970, 1, 1)), Weekday::thursday);
  EXPECT_EQ(weekday_of(civil(2026, 4, 3)), Weekday::friday);
  EXPECT_EQ(weekday_of(civil(2026, 2, 28)), Weekday::saturday);
  EXPECT_EQ(weekday_of(civil(1969, 12, 28)), Weekday::sunday);
  EXPECT_EQ(weekday_of(civil(1900, 1, 1)), Weekday::monday);
}

TEST(CivilTime, AnInstantBelongsToTheBerlinDayNotTheUtcDay) {
  EXPECT_EQ(berlin_date(at("2026-01-31T22:59:59.999Z")), civil(2026, 1, 31));
  EXPECT_EQ(berlin_date(at("2026-01-31T23:00:00Z")), civil(2026, 2, 1));
  EXPECT_EQ(berlin_date(at("2026-07-31T21:59:59.999Z")), civil(2026, 7, 31));
  EXPECT_EQ(berlin_date(at("2026-07-31T22:00:00Z")), civil(2026, 8, 1));
  EXPECT_EQ(berlin_date(at("2026-03-02T14:10:00+01:00")), civil(2026, 3, 2));
  EXPECT_EQ(berlin_date(at("2026-03-02T19:00:00-05:00")), civil(2026, 3, 3));
}

TEST(CivilTime, TheClockChangesAtOneOClockUtc) {
  EXPECT_EQ(berlin_offset_minutes(at("2026-03-29T00:59:59.999Z")), 60);
  EXPECT_EQ(berlin_offset_minutes(at("2026-03-29T01:00:00Z")), 120);
  EXPECT_EQ(berlin_offset_minutes(at("2026-10-25T00:59:59.999Z")), 120);
  EXPECT_EQ(berlin_offset_minutes(at("2026-10-25T01:00:00Z")), 60);
}

TEST(CivilTime, DaysOfTheClockChangeAre23And25HoursLong) {
  EXPECT_EQ(berlin_midnight(civil(2026, 3, 30)).ms - berlin_midnight(civil(2026, 3, 29)).ms, 23 * 3'600'000);
  EXPECT_EQ(berlin_midnight(civil(2026, 10, 26)).ms - berlin_midnight(civil(2026, 10, 25)).ms,
            25 * 3'600'000);
  EXPECT_EQ(berlin_midnight(civil(2026, 6, 2)).ms - berlin_midnight(civil(2026, 6, 1)).ms, 24 * 3'600'000);
}

TEST(CivilTime, ASkippedHourBecomesTheFirstMomentAfterIt) {
  EXPECT_EQ(berlin_time(civil(2026, 3, 29), 1, 59), at("2026-03-29T01:59:00+01:00"));
  EXPECT_EQ(berlin_time(civil(2026, 3, 29), 2, 0), at("2026-03-29T03:00:00+02:00"));
  EXPECT_EQ(berlin_time(civil(2026, 3, 29), 2, 30), at("2026-03-29T03:00:00+02:00"));
  EXPECT_EQ(berlin_time(civil(2026, 3, 29), 2, 59), at("2026-03-29T03:00:00+02:00"));
  EXPECT_EQ(berlin_time(civil(2026, 3, 29), 3, 0), at("2026-03-29T03:00:00+02:00"));
}

TEST(CivilTime, ADoubledHourMeansTheFirstOfTheTwo) {
  EXPECT_EQ(berlin_time(civil(2026, 10, 25), 1, 59), at("2026-10-25T01:59:00+02:00"));
  EXPECT_EQ(berlin_time(civil(2026, 10, 25), 2, 30), at("2026-10-25T02:30:00+02:00"));
  EXPECT_EQ(berlin_time(civil(2026, 10, 25), 3, 0), at("2026-10-25T03:00:00+01:00"));
}

TEST(CivilTime, EveryHourUntil2037IsWhatTheZoneDataSay) {
  const auto* berlin = date::locate_zone("Europe/Berlin");
  const std::int64_t end = at("2037-12-31T23:00:00Z").ms;
  for (std::int64_t ms = 0; ms < end; ms += 3'600'000) {
    const auto info = berlin->get_info(date::sys_seconds{std::chrono::seconds{ms / 1000}});
    ASSERT_EQ(berlin_offset_minutes(Instant{ms}), info.offset.count() / 60) << ms;
    if (ms == 0) continue;
    ASSERT_EQ(berlin_offset_minutes(Instant{ms - 1}), berlin_offset_minutes(Instant{ms - 3'600'000}))
        << "a change within the hour before " << ms;
  }
}

TEST(CivilTime, TheRuleInForceGoesOnUntil2100) {
  EXPECT_EQ(berlin_offset_minutes(at("2060-07-01T00:00:00Z")), 120);
  EXPECT_EQ(berlin_offset_minutes(at("2060-01-01T00:00:00Z")), 60);
  EXPECT_EQ(berlin_offset_minutes(at("2100-03-28T00:59:59Z")), 60);
  EXPECT_EQ(berlin_offset_minutes(at("2100-03-28T01:00:00Z")), 120);
  EXPECT_EQ(berlin_offset_minutes(at("2100-10-31T00:59:59Z")), 120);
  EXPECT_EQ(berlin_offset_minutes(at("2100-10-31T01:00:00Z")), 60);
  EXPECT_EQ(berlin_offset_minutes(at("2100-12-31T23:59:59Z")), 60);
  EXPECT_EQ(berlin_offset_minutes(at("9999-07-01T00:00:00Z")), 60);
  EXPECT_EQ(berlin_offset_minutes(at("0001-01-02T00:00:00Z")), 60);
}

TEST(CivilTime, EveryMidnightLiesInItsDayAndTheMomentBeforeInTheDayBefore) {
  for (CivilDate day = civil(1970, 1, 2); day < civil(2101, 1, 1); day = day + 1) {
    const Instant midnight = berlin_midnight(day);
    ASSERT_EQ(berlin_date(midnight), day);
    ASSERT_EQ(berlin_date(Instant{midnight.ms - 1}), day - 1);
  }
}

TEST(CivilTime, InstantsAreReadWithAnyOffsetAndKeepMilliseconds) {
  EXPECT_EQ(at("1970-01-01T00:00:00Z").ms, 0);
  EXPECT_EQ(at("1970-01-01T01:00:00.001+01:00").ms, 1);
  EXPECT_EQ(at("1969-12-31T23:59:59.999Z").ms, -1);
  EXPECT_EQ(at("2026-03-02T14:10:00.123456789+01:00").ms, at("2026-03-02T13:10:00.123Z").ms);
  EXPECT_EQ(at("2026-03-02T14:10:00.5+05:45").ms, at("2026-03-02T08:25:00.500Z").ms);
  EXPECT_EQ(at("2026-03-02t14:10:00z").ms, at("2026-03-02T14:10:00Z").ms);
  EXPECT_EQ(at("2026-03-02T14:10:00-00:00").ms, at("2026-03-02T14:10:00Z").ms);
}

TEST(CivilTime, MalformedInstantsAreNothing) {
  for (const char* text : {"",
                           "2026-03-02",
                           "2026-03-02T14:10:00",
                           "2026-03-02 14:10:00Z",
                           "2026-03-02T14:10Z",
                           "2026-03-02T24:00:00Z",
                           "2026-03-02T14:60:00Z",
                           "2026-03-02T14:10:60Z",
                           "2026-02-30T14:10:00Z",
                           "2026-03-02T14:10:00+1:00",
                           "2026-03-02T14:10:00+0100",
                           "2026-03-02T14:10:00+24:00",
                           "2026-03-02T14:10:00+01:60",
                           "2026-03-02T14:10:00.Z",
                           "2026-03-02T14:10:00.1234567890Z",
                           "2026-03-02T14:10:00ZZ",
                           "2026-03-02T14:10:00+01:00 ",
                           "2026-03-02T14:10:00,5Z",
                           "2026-03-02T14:10:00.",
                           "2026-03-02T-1:10:00Z",
                           "2026-03-02T14:10:00.5"}) {
    EXPECT_FALSE(parse_instant(text)) << text;
  }
}

TEST(CivilTime, InstantsAreWrittenInBerlinTime) {
  EXPECT_EQ(to_string(at("2026-03-02T13:10:00Z")), "2026-03-02T14:10:00+01:00");
  EXPECT_EQ(to_string(at("2026-07-31T22:00:00.050Z")), "2026-08-01T00:00:00.050+02:00");
  EXPECT_EQ(to_string(Instant{-1}), "1970-01-01T00:59:59.999+01:00");
  for (std::int64_t ms = -5'000'000'000; ms < 4'000'000'000'000; ms += 7'777'777'777) {
    EXPECT_EQ(parse_instant(to_string(Instant{ms})), Instant{ms});
  }
}

}  // namespace
}  // namespace geleit
