#include "projections/rules/alert_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <ostream>
#include <sstream>

#include "events/civil_time.h"

namespace geleit {

void PrintTo(CivilDate date, std::ostream* out);  // deadline_test.cc
void PrintTo(Instant at, std::ostream* out) { *out << to_string(at); }
void PrintTo(DayMinute at, std::ostream* out) { *out << to_string(at); }

namespace {

constexpr Calendar in_germany{};
constexpr Calendar in_bavaria{Land::by};

std::string alerts_file() {
  std::ifstream in("schema/alerts/alerts-2026-01.toml", std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

/// The shipped file with one passage changed.
std::string alerts_with(std::string_view passage, std::string_view instead) {
  std::string text = alerts_file();
  const std::size_t at = text.find(passage);
  EXPECT_NE(at, std::string::npos) << passage;
  return text.replace(at, passage.size(), instead);
}

/// What parse says against the document; empty when it says nothing.
std::string alerts_complaint(const std::string& text) {
  try {
    (void)AlertPolicy::parse(text);
    return {};
  } catch (const std::invalid_argument& error) { return error.what(); }
}

/// What ships as of 2026-01, whatever comes later.
AlertPolicy shipped_policy() { return *AlertPolicy::parse(alerts_file()); }

Instant at(std::string_view text) {
  const auto instant = parse_instant(text);
  EXPECT_TRUE(instant) << text;
  return instant.value_or(Instant{});
}

DayMinute clock(int hour, int minute) { return {hour * 60 + minute}; }

std::shared_ptr<const Settings> settings_of_alerts(const std::string& alerts,
                                                   const std::string& provider = "hana") {
  auto read = Settings::parse("{\"from\":\"2026-07-01\"," +
                              (provider.empty() ? "" : "\"provider\":\"" + provider + "\",") +
                              "\"settings\":{\"alerts\":" + alerts + "}}");
  EXPECT_TRUE(std::holds_alternative<std::shared_ptr<const Settings>>(read)) << alerts;
  return std::get<std::shared_ptr<const Settings>>(read);
}

// ---------------------------------------------------------------- the file

TEST(AlertPolicy, ShipsWithTheStartWarnedOfAndUrgent) {
  const AlertPolicy policy = shipped_policy();
  EXPECT_EQ(policy.name, "2026-01");
  EXPECT_EQ(policy.from, civil(2000, 1, 1));
  EXPECT_EQ(policy.warnings, (std::vector<RuleWarnings>{{Rule::smn_start, {14, 7, 2}}}));
  ASSERT_TRUE(policy.warnings_of(Rule::smn_start));
  EXPECT_FALSE(policy.warnings_of(Rule::smn_complete));
  EXPECT_TRUE(policy.is_urgent(Rule::smn_start));
  EXPECT_FALSE(policy.is_urgent(Rule::gkv_decision));
  EXPECT_EQ(policy.escalate_after_minutes, (std::array{480, 960}));
  EXPECT_EQ(policy.work_from, clock(8, 0));
  EXPECT_EQ(policy.work_until, clock(17, 0));
  EXPECT_EQ(policy.quiet_from, clock(20, 0));
  EXPECT_EQ(policy.quiet_until, clock(7, 0));
  EXPECT_TRUE(policy.quiet_on_free_days);
  EXPECT_EQ(policy.digest_at, clock(7, 0));
  EXPECT_EQ(policy.singles_max, 20);
  EXPECT_EQ(policy.snooze_days_max, 30);
  EXPECT_FALSE(policy.land);
}

TEST(AlertPolicy, IsInForceFromItsDay) {
  const AlertPolicies two{AlertPolicy::parse(alerts_file()),
                          AlertPolicy::parse(alerts_with("from = 2000-01-01", "from = 2027-01-01"))};
  EXPECT_EQ(in_force_on(civil(2026, 12, 31), two), two[0]);
  EXPECT_EQ(in_force_on(civil(2027, 1, 1), two), two[1]);
  EXPECT_EQ(in_force_on(civil(1999, 12, 31), two), two[0]) << "the oldest before the first";
  for (std::size_t i = 1; i < shipped_alert_policies().size(); ++i) {
    EXPECT_LT(shipped_alert_policies()[i - 1]->from, shipped_alert_policies()[i]->from);
  }
}

TEST(AlertPolicy, SaysWhichFieldOfItsFileIsWrong) {
  const std::string of = "alerts: document.";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {alerts_with("name = \"2026-01\"\n", ""), of + "name: expected a value, but it is missing"},
      {alerts_with("from = 2000-01-01", "from = \"2000-01-01\""),
       of + "from: expected a date, but it is not"},
      {alerts_with("urgent = [\"SMN-START\"]", "urgent = [\"SMN-STRAT\"]"),
       of + "urgent: expected words of SMN-AGE, "},
      {alerts_with("urgent = [\"SMN-START\"]", "urgent = [\"SMN-AGE\"]"),
       of + "urgent: expected words of SMN-START, SMN-COMPLETE, ST-TOTAL, GKV-DECISION, GKV-OBJECTION, but"},
      {alerts_with("[8, 16]", "[8]"), of + "escalate_after_hours: expected 2 whole numbers, but it is not"},
      {alerts_with("[8, 16]", "[8, 0]"),
       of + "escalate_after_hours: expected whole numbers from 1 to 240, but it is not"},
      {alerts_with("[8, 16]", "[8, \"16\"]"),
       of + "escalate_after_hours: expected a list of whole numbers, but it is not"},
      {alerts_with("digest_at = \"07:00\"", "digest_at = \"7:00\""),
       of + "digest_at: expected a time of day such as 07:30, but it is not"},
      {alerts_with("digest_at = \"07:00\"", "digest_at = \"06:59\""),
       of + "digest_at: expected a time outside quiet hours, but it is not"},
      {alerts_with("singles_max = 20", "singles_max = 0"),
       of + "singles_max: expected a whole number from 1 to 100, but it is not"},
      {alerts_with("snooze_days_max = 30", "snooze_days_max = 91"),
       of + "snooze_days_max: expected a whole number from 1 to 90, but it is not"},
      {alerts_with("singles_max = 20", "singles_max = 20\ncolour = \"red\""),
       "alerts: document: unknown field 'colour'"},
      {alerts_with("[warnings]\nSMN-START = [14, 7, 2]\n", ""),
       of + "warnings: expected a table, but it is missing"},
      {alerts_with("[14, 7, 2]", "[14, 7, 7]"),
       "alerts: warnings.SMN-START: expected at most 6 days, each once, but it is not"},
      {alerts_with("[14, 7, 2]", "[8, 7, 6, 5, 4, 3, 2]"),
       "alerts: warnings.SMN-START: expected at most 6 days, each once, but it is not"},
      {alerts_with("[14, 7, 2]", "[91]"),
       "alerts: warnings.SMN-START: expected whole numbers from 1 to 90, but it is not"},
      {alerts_with("SMN-START = [14, 7, 2]", "SMN-AGE = [14]"), "alerts: warnings: unknown field 'SMN-AGE'"},
      {alerts_with("until = \"17:00\"", "until = \"08:00\""),
       "alerts: work.until: expected a time after from, but it is not"},
      {alerts_with("until = \"17:00\"", "until = \"24:00\""),
       "alerts: work.until: expected a time of day such as 07:30, but it is not"},
      {alerts_with("free_days = true", "free_days = \"yes\""),
       "alerts: quiet.free_days: expected true or false, but it is not"},
      {alerts_with("free_days = true", "free_days = true\nnights = true"),
       "alerts: quiet: unknown field 'nights'"},
      {alerts_with("[work]", "[work"), "alerts: line "},
  };
  for (const auto& [text, expected] : mistakes) {
    EXPECT_TRUE(alerts_complaint(text).starts_with(expected)) << alerts_complaint(text) << "\n  not\n"
                                                              << expected;
  }
  EXPECT_EQ(alerts_complaint(alerts_file()), "");
  EXPECT_EQ(AlertPolicy::parse(alerts_with("[14, 7, 2]", "[2, 14]"))->warnings.front().working_days,
            (std::vector<std::int32_t>{14, 2}));
}

TEST(AlertPolicy, TellsTimesOfDay) {
  EXPECT_EQ(parse_day_minute("00:00"), clock(0, 0));
  EXPECT_EQ(parse_day_minute("23:59"), clock(23, 59));
  EXPECT_EQ(to_string(clock(7, 5)), "07:05");
  for (const char* const text :
       {"", "7:30", "24:00", "12:60", "07:30:00", "07.30", "0a:00", "-1:00", "07:3 "})
    EXPECT_FALSE(parse_day_minute(text)) << text;
  const DaySpan day{clock(8, 0), clock(17, 0)}, night{clock(20, 0), clock(7, 0)},
      none{clock(7, 0), clock(7, 0)};
  EXPECT_TRUE(is_within(clock(8, 0), day) && is_within(clock(16, 59), day));
  EXPECT_FALSE(is_within(clock(7, 59), day) || is_within(clock(17, 0), day));
  EXPECT_TRUE(is_within(clock(20, 0), night) && is_within(clock(0, 0), night) &&
              is_within(clock(6, 59), night));
  EXPECT_FALSE(is_within(clock(7, 0), night) || is_within(clock(19, 59), night));
  EXPECT_FALSE(is_within(clock(7, 0), none) || is_within(clock(12, 0), none));
}

// ---------------------------------------------------------------- settings over it

TEST(AlertPolicy, OfNobodysSettingsIsTheShippedOneItself) {
  const CivilDate day = civil(2026, 7, 1);
  EXPECT_EQ(alert_policy({}, day), in_force_on(day, shipped_alert_policies()));
  const auto none = Settings::parse(R"({"from":"2026-07-01","provider":"hana","settings":{}})");
  const SettingsInForce without{std::get<std::shared_ptr<const Settings>>(none), {}};
  EXPECT_EQ(alert_policy(without, day), in_force_on(day, shipped_alert_policies()));
}

TEST(AlertPolicy, TakesTheProvidersMembersBeforeTheInstallationsBeforeTheShippedOnes) {
  const SettingsInForce settings{
      settings_of_alerts(R"({"warnings":{"ST-TOTAL":[30,60],"SMN-START":[]},"escalate_after_hours":[4,8],
                             "quiet":{"free_days":false},"singles_max":10})"),
      settings_of_alerts(R"({"warnings":{"SMN-START":[10],"GKV-DECISION":[5]},"urgent":[],"singles_max":5,
                             "work":{"from":"09:00","until":"16:30"},"quiet":{"from":"19:00","until":"08:00"},
                             "digest_at":"09:00","snooze_days_max":14,"land":"DE-BY"})",
                         "")};
  const auto policy = alert_policy(settings, civil(2026, 7, 1));
  EXPECT_EQ(policy->warnings,
            (std::vector<RuleWarnings>{{Rule::st_total, {60, 30}}, {Rule::gkv_decision, {5}}}))
      << "rule by rule";
  EXPECT_TRUE(policy->urgent.empty());
  EXPECT_EQ(policy->escalate_after_minutes, (std::array{240, 480}));
  EXPECT_EQ(policy->work_from, clock(9, 0));
  EXPECT_EQ(policy->work_until, clock(16, 30));
  EXPECT_EQ(policy->quiet_from, clock(19, 0));
  EXPECT_EQ(policy->quiet_until, clock(8, 0));
  EXPECT_FALSE(policy->quiet_on_free_days);
  EXPECT_EQ(policy->digest_at, clock(9, 0));
  EXPECT_EQ(policy->singles_max, 10);
  EXPECT_EQ(policy->snooze_days_max, 14);
  EXPECT_EQ(policy->land, Land::by);
  EXPECT_EQ(policy->name, "2026-01");

  const auto elsewhere = alert_policy({{}, settings.installation}, civil(2026, 7, 1));
  EXPECT_EQ(elsewhere->warnings,
            (std::vector<RuleWarnings>{{Rule::smn_start, {10}}, {Rule::gkv_decision, {5}}}));
  EXPECT_EQ(elsewhere->singles_max, 5);
  EXPECT_TRUE(elsewhere->quiet_on_free_days);
}

TEST(AlertPolicy, PutsADigestThatLiesInQuietHoursOfTheOtherSettingsToTheirEnd) {
  const SettingsInForce settings{settings_of_alerts(R"({"quiet":{"from":"18:00","until":"09:15"}})"),
                                 settings_of_alerts(R"({"digest_at":"07:30"})", "")};
  EXPECT_EQ(alert_policy(settings, civil(2026, 7, 1))->digest_at, clock(9, 15));
  EXPECT_EQ(alert_policy({{}, settings.installation}, civil(2026, 7, 1))->digest_at, clock(7, 30));
}

// ---------------------------------------------------------------- working time

TEST(WorkingDays, BeforeAHolidayLeaveOutTheDaysBeforeIt) {
  // Good Friday 2026-04-03, Easter Monday 2026-04-06.
  EXPECT_EQ(working_days_before(civil(2026, 4, 3), 2, in_germany), civil(2026, 4, 1));
  EXPECT_EQ(working_days_before(civil(2026, 4, 3), 0, in_germany), civil(2026, 4, 3));
  EXPECT_EQ(working_days_before(civil(2026, 4, 7), 1, in_germany), civil(2026, 4, 2));
  EXPECT_EQ(working_days_before(civil(2026, 4, 5), 1, in_germany), civil(2026, 4, 2));
  // 2 and 1 April, 31 and 30 March, 27 to 23 March, 20 to 16 March.
  EXPECT_EQ(working_days_before(civil(2026, 4, 3), 14, in_germany), civil(2026, 3, 16));
  // Christmas Eve and New Year's Eve 2026 are Thursdays and no holidays.
  EXPECT_EQ(working_days_before(civil(2026, 12, 28), 1, in_germany), civil(2026, 12, 24));
  EXPECT_EQ(working_days_before(civil(2026, 12, 28), 2, in_germany), civil(2026, 12, 23));
  EXPECT_EQ(working_days_before(civil(2027, 1, 4), 1, in_germany), civil(2026, 12, 31));
}

TEST(WorkingDays, GoByTheHolidaysOfTheLand) {
  // Fronleichnam is Thursday 2026-06-04.
  EXPECT_EQ(working_days_before(civil(2026, 6, 5), 1, in_germany), civil(2026, 6, 4));
  EXPECT_EQ(working_days_before(civil(2026, 6, 5), 1, in_bavaria), civil(2026, 6, 3));
  EXPECT_EQ(working_days_between(civil(2026, 6, 3), civil(2026, 6, 5), in_germany), 2);
  EXPECT_EQ(working_days_between(civil(2026, 6, 3), civil(2026, 6, 5), in_bavaria), 1);
}

TEST(WorkingDays, BetweenAreCountedFromTheDayAfter) {
  EXPECT_EQ(working_days_between(civil(2026, 4, 2), civil(2026, 4, 7), in_germany), 1);
  EXPECT_EQ(working_days_between(civil(2026, 3, 16), civil(2026, 4, 3), in_germany), 13);
  EXPECT_EQ(working_days_between(civil(2026, 4, 1), civil(2026, 4, 1), in_germany), 0);
  EXPECT_EQ(working_days_between(civil(2026, 4, 2), civil(2026, 4, 1), in_germany), 0);
  EXPECT_EQ(working_days_between(civil(2026, 12, 23), civil(2026, 12, 28), in_germany), 2);
}

Instant after_hours(std::string_view from, int hours, const Calendar& calendar = in_germany) {
  return add_working_minutes(at(from), hours * 60, shipped_policy(), calendar);
}

TEST(WorkingTime, PassesOnlyInWorkingHours) {
  EXPECT_EQ(after_hours("2026-03-02T08:00:00+01:00", 16), at("2026-03-03T15:00:00+01:00"));
  EXPECT_EQ(after_hours("2026-03-02T05:00:00+01:00", 1), at("2026-03-02T09:00:00+01:00"));
  EXPECT_EQ(after_hours("2026-03-02T22:00:00+01:00", 1), at("2026-03-03T09:00:00+01:00"));
  EXPECT_EQ(after_hours("2026-03-02T08:00:00+01:00", 9), at("2026-03-02T17:00:00+01:00"));
  EXPECT_EQ(after_hours("2026-03-02T16:59:59.5+01:00", 1), at("2026-03-03T08:59:59.5+01:00"));
  EXPECT_EQ(after_hours("2026-03-01T03:00:00+01:00", 0), at("2026-03-01T03:00:00+01:00"));
}

TEST(WorkingTime, StandsStillOverEasterAndChristmas) {
  EXPECT_EQ(after_hours("2026-04-02T16:00:00+02:00", 8), at("2026-04-07T15:00:00+02:00"));
  // 1 hour on Wednesday, 9 on Christmas Eve, 6 on Monday.
  EXPECT_EQ(after_hours("2026-12-23T16:00:00+01:00", 8), at("2026-12-24T15:00:00+01:00"));
  EXPECT_EQ(after_hours("2026-12-23T16:00:00+01:00", 16), at("2026-12-28T14:00:00+01:00"));
}

TEST(WorkingTime, IsTheSameOnBothSidesOfAChangeOfTheClock) {
  EXPECT_EQ(after_hours("2026-03-28T12:00:00+01:00", 8), at("2026-03-30T16:00:00+02:00"));
  EXPECT_EQ(after_hours("2026-10-23T16:30:00+02:00", 1), at("2026-10-26T08:30:00+01:00"));
}

TEST(WorkingTime, GoesByTheProvidersOwnLand) {
  EXPECT_EQ(after_hours("2026-06-03T16:00:00+02:00", 2), at("2026-06-04T09:00:00+02:00"));
  EXPECT_EQ(after_hours("2026-06-03T16:00:00+02:00", 2, in_bavaria), at("2026-06-05T09:00:00+02:00"));
  AlertPolicy policy = shipped_policy();
  policy.land = Land::by;
  EXPECT_EQ(add_working_minutes(at("2026-06-03T16:00:00+02:00"), 120, policy, in_germany),
            at("2026-06-05T09:00:00+02:00"));
  EXPECT_EQ(quiet_until(at("2026-06-04T12:00:00+02:00"), false, policy, in_germany),
            at("2026-06-05T07:00:00+02:00"));
  EXPECT_EQ(next_digest(at("2026-06-03T12:00:00+02:00"), policy, in_germany),
            at("2026-06-05T07:00:00+02:00"));
  EXPECT_EQ(policy.calendar(in_germany), in_bavaria);
}

// ---------------------------------------------------------------- quiet

std::optional<Instant> quiet(std::string_view from, bool urgent, const AlertPolicy& policy) {
  return quiet_until(at(from), urgent, policy, in_germany);
}

TEST(Quiet, RunsOverMidnight) {
  const AlertPolicy policy = shipped_policy();
  for (const bool urgent : {false, true}) {
    EXPECT_FALSE(quiet("2026-03-03T19:59:59.999+01:00", urgent, policy));
    EXPECT_EQ(quiet("2026-03-03T20:00:00+01:00", urgent, policy), at("2026-03-04T07:00:00+01:00"));
    EXPECT_EQ(quiet("2026-03-04T00:00:00+01:00", urgent, policy), at("2026-03-04T07:00:00+01:00"));
    EXPECT_EQ(quiet("2026-03-04T06:59:59+01:00", urgent, policy), at("2026-03-04T07:00:00+01:00"));
    EXPECT_FALSE(quiet("2026-03-04T07:00:00+01:00", urgent, policy));
  }
}

TEST(Quiet, OnFreeDaysHoldsBackOnlyWhatIsNotUrgent) {
  const AlertPolicy policy = shipped_policy();
  EXPECT_EQ(quiet("2026-03-06T20:00:00+01:00", false, policy), at("2026-03-09T07:00:00+01:00"));
  EXPECT_EQ(quiet("2026-03-06T20:00:00+01:00", true, policy), at("2026-03-07T07:00:00+01:00"));
  EXPECT_EQ(quiet("2026-03-07T12:00:00+01:00", false, policy), at("2026-03-09T07:00:00+01:00"));
  EXPECT_FALSE(quiet("2026-03-07T12:00:00+01:00", true, policy));
  // Easter.
  EXPECT_EQ(quiet("2026-04-02T20:00:00+02:00", false, policy), at("2026-04-07T07:00:00+02:00"));
  EXPECT_EQ(quiet("2026-04-03T10:00:00+02:00", false, policy), at("2026-04-07T07:00:00+02:00"));
  EXPECT_FALSE(quiet("2026-04-03T10:00:00+02:00", true, policy));
  // Christmas Eve is a working day.
  EXPECT_FALSE(quiet("2026-12-24T12:00:00+01:00", false, policy));
  EXPECT_EQ(quiet("2026-12-24T21:00:00+01:00", false, policy), at("2026-12-28T07:00:00+01:00"));
  EXPECT_EQ(quiet("2026-12-26T10:00:00+01:00", false, policy), at("2026-12-28T07:00:00+01:00"));
}

TEST(Quiet, MayBeWantedInTheNightsAloneOrNever) {
  AlertPolicy policy = shipped_policy();
  policy.quiet_on_free_days = false;
  EXPECT_FALSE(quiet("2026-03-07T12:00:00+01:00", false, policy));
  EXPECT_EQ(quiet("2026-03-06T20:00:00+01:00", false, policy), at("2026-03-07T07:00:00+01:00"));
  policy.quiet_from = policy.quiet_until = clock(12, 0);
  EXPECT_FALSE(quiet("2026-03-06T12:00:00+01:00", false, policy));
  EXPECT_FALSE(quiet("2026-03-06T23:00:00+01:00", false, policy));
  policy.quiet_until = clock(13, 30);
  EXPECT_EQ(quiet("2026-03-06T12:00:00+01:00", true, policy), at("2026-03-06T13:30:00+01:00"));
  policy.quiet_on_free_days = true;
  EXPECT_EQ(quiet("2026-03-07T09:00:00+01:00", false, policy), at("2026-03-09T00:00:00+01:00"));
}

TEST(Quiet, EndsByTheClockOnTheWallInNightsOfAChange) {
  AlertPolicy policy = shipped_policy();
  EXPECT_EQ(quiet("2026-03-28T21:00:00+01:00", true, policy), at("2026-03-29T07:00:00+02:00"));
  EXPECT_EQ(quiet("2026-10-24T21:00:00+02:00", true, policy), at("2026-10-25T07:00:00+01:00"));
  policy.quiet_until = clock(2, 30);  // which is skipped in March and doubled in October
  EXPECT_EQ(quiet("2026-03-29T01:59:00+01:00", true, policy), at("2026-03-29T03:00:00+02:00"));
  EXPECT_FALSE(quiet("2026-03-29T03:00:00+02:00", true, policy));
  EXPECT_EQ(quiet("2026-10-25T02:15:00+02:00", true, policy), at("2026-10-25T02:30:00+02:00"));
  EXPECT_FALSE(quiet("2026-10-25T02:30:00+02:00", true, policy));
  EXPECT_FALSE(quiet("2026-10-25T02:15:00+01:00", true, policy));
}

// ---------------------------------------------------------------- the digest

TEST(Digest, IsToldOnWorkingDays) {
  const AlertPolicy policy = shipped_policy();
  const auto next = [&](std::string_view from) { return next_digest(at(from), policy, in_germany); };
  EXPECT_EQ(next("2026-04-02T07:00:00+02:00"), at("2026-04-02T07:00:00+02:00"));
  EXPECT_EQ(next("2026-04-02T07:00:00.001+02:00"), at("2026-04-07T07:00:00+02:00"));
  EXPECT_EQ(next("2026-03-28T12:00:00+01:00"), at("2026-03-30T07:00:00+02:00"));
  EXPECT_EQ(next("2026-03-03T00:00:00+01:00"), at("2026-03-03T07:00:00+01:00"));
  EXPECT_EQ(next("2026-12-24T08:00:00+01:00"), at("2026-12-28T07:00:00+01:00"));
}

// ---------------------------------------------------------------- whatever the hours

rc::Gen<Instant> any_instant() {
  // Years 2020 to 2030.
  return rc::gen::map(rc::gen::inRange<std::int64_t>(1'577'836'800, 1'893'456'000),
                      [](std::int64_t seconds) { return Instant{seconds * 1000}; });
}

AlertPolicy any_policy() {
  const auto minute = [](std::int32_t from, std::int32_t until) {
    return DayMinute{*rc::gen::inRange(from, until)};
  };
  AlertPolicy policy;
  policy.work_from = minute(0, 1439);
  policy.work_until = minute(policy.work_from.value + 1, 1440);
  policy.quiet_from = minute(0, 1440);
  policy.quiet_until = minute(0, 1440);
  policy.quiet_on_free_days = *rc::gen::arbitrary<bool>();
  policy.digest_at = minute(0, 1440);
  return policy;
}

RC_GTEST_PROP(AnyAlertPolicy, QuietEndsWhereItIsNotQuiet, ()) {
  const AlertPolicy policy = any_policy();
  const Instant from = *any_instant();
  const bool urgent = *rc::gen::arbitrary<bool>();
  const auto end = quiet_until(from, urgent, policy, in_germany);
  if (!end) return;
  RC_ASSERT(*end > from);
  RC_ASSERT(!quiet_until(*end, urgent, policy, in_germany));
}

RC_GTEST_PROP(AnyAlertPolicy, WorkingMinutesAddUp, ()) {
  const AlertPolicy policy = any_policy();
  const Instant from = *any_instant();
  const auto first = *rc::gen::inRange(0, 2000), second = *rc::gen::inRange(0, 2000);
  const Instant between = add_working_minutes(from, first, policy, in_germany);
  RC_ASSERT(between >= from);
  RC_ASSERT(add_working_minutes(between, second, policy, in_germany) ==
            add_working_minutes(from, first + second, policy, in_germany));
}

RC_GTEST_PROP(AnyAlertPolicy, ADigestIsTheNextOne, ()) {
  const AlertPolicy policy = any_policy();
  const Instant from = *any_instant();
  const Instant next = next_digest(from, policy, in_germany);
  RC_ASSERT(next >= from);
  RC_ASSERT(next_digest(next, policy, in_germany) == next);
  RC_ASSERT(is_working_day(berlin_date(next), in_germany));
}

}  // namespace
}  // namespace geleit
