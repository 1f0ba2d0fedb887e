#include "events/civil_time.h"

#include <date/date.h>
#include <date/tz.h>

#include <array>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <vector>

namespace geleit {
namespace {

constexpr std::int64_t ms_per_minute = 60'000;
constexpr std::int64_t ms_per_hour = 60 * ms_per_minute;
constexpr std::int64_t ms_per_day = 24 * ms_per_hour;

constexpr int offset_winter_minutes = 60;
constexpr int table_first_year = 1970;
constexpr int table_last_year = 2100;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::int64_t utc_ms(date::sys_days day) {
  return static_cast<std::int64_t>(day.time_since_epoch().count()) * ms_per_day;
}

/// Berlin's changes of the clock from 1970 to 2100, cut into stretches so short (99 days) that each holds at
/// most one change: a look-up is a shift, an index and a comparison. Outside those years it is always winter
/// time.
class BerlinOffsets {
 public:
  BerlinOffsets() {
    for (const Change& change : changes()) {
      const std::size_t at = index(change.at_ms);
      assert(at < stretches_.size());
      stretches_[at] = {change.at_ms, stretches_[at].minutes_before, change.minutes};
      for (std::size_t i = at + 1; i < stretches_.size(); ++i) {
        stretches_[i] = {never, change.minutes, change.minutes};
      }
    }
  }

  [[nodiscard]] int minutes(std::int64_t ms) const {
    if (ms < 0 || index(ms) >= stretches_.size()) return offset_winter_minutes;
    const Stretch& stretch = stretches_[index(ms)];
    return ms < stretch.change_ms ? stretch.minutes_before : stretch.minutes_after;
  }

 private:
  struct Change {
    std::int64_t at_ms;
    int minutes;
  };
  struct Stretch {
    std::int64_t change_ms = never;
    std::int32_t minutes_before = offset_winter_minutes;
    std::int32_t minutes_after = offset_winter_minutes;
  };
  static constexpr std::int64_t never = INT64_MAX;
  static constexpr int stretch_bits = 33;  // 2^33 ms are 99.4 days; no two changes lie closer than 150 days
  static constexpr std::size_t stretch_count =
      ((table_last_year - table_first_year + 1) * 36525LL * ms_per_day / 100 >> stretch_bits) + 1;

  static std::size_t index(std::int64_t ms) { return static_cast<std::size_t>(ms >> stretch_bits); }

  static std::vector<Change> changes() {
    using namespace date;
    std::vector<Change> found;
    const time_zone* berlin = locate_zone("Europe/Berlin");
    const sys_seconds end = sys_days{year{table_last_year + 1} / January / 1};
    sys_seconds at = sys_days{year{table_first_year} / January / 1};
    while (at < end) {
      const sys_info info = berlin->get_info(at);
      const auto minutes =
          static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(info.offset).count());
      if (at.time_since_epoch().count() > 0) found.push_back({at.time_since_epoch().count() * 1000, minutes});
      if (info.end <= at) break;
      at = info.end;
    }
    // The system's data may be cut at 2037; from there the rule in force since 1996 goes on (Directive
    // 2000/84/EC: last Sundays of March and October, 01:00 UTC).
    const std::int64_t known_ms = found.empty() ? 0 : found.back().at_ms;
    for (int y = 1996; y <= table_last_year; ++y) {
      const std::int64_t spring = utc_ms(year{y} / March / Sunday[last]) + ms_per_hour;
      const std::int64_t autumn = utc_ms(year{y} / October / Sunday[last]) + ms_per_hour;
      if (spring > known_ms) found.push_back({spring, 2 * offset_winter_minutes});
      if (autumn > known_ms) found.push_back({autumn, offset_winter_minutes});
    }
    return found;
  }

  std::array<Stretch, stretch_count> stretches_{};
};

const BerlinOffsets& berlin() {
  static const BerlinOffsets offsets;
  return offsets;
}

/// Reads exactly `digits` digits at `at`; -1 when there are none.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

YearMonthDay to_ymd(CivilDate date) {
  const date::year_month_day ymd{date::sys_days{date::days{date.days}}};
  return {static_cast<int>(ymd.year()), static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day()))};
}

std::optional<CivilDate> from_ymd(int year, int month, int day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const date::year_month_day ymd{date::year{year}, date::month{static_cast<unsigned>(month)},
                                 date::day{static_cast<unsigned>(day)}};
  if (!ymd.ok()) return std::nullopt;
  return CivilDate{static_cast<std::int32_t>(date::sys_days{ymd}.time_since_epoch().count())};
}

CivilDate civil(int year, int month, int day) {
  const std::optional<CivilDate> date = from_ymd(year, month, day);
  assert(date.has_value());
  return *date;
}

Weekday weekday_of(CivilDate date) {
  // 1970-01-01 was a Thursday.
  return static_cast<Weekday>(((date.days + 3) % 7 + 7) % 7);
}

CivilDate berlin_date(Instant at) {
  const std::int64_t local_ms = at.ms + berlin().minutes(at.ms) * ms_per_minute;
  return CivilDate{static_cast<std::int32_t>(floor_div(local_ms, ms_per_day))};
}

Instant berlin_time(CivilDate date, int hour, int minute) {
  const std::int64_t wall_ms = date.days * ms_per_day + hour * ms_per_hour + minute * ms_per_minute;
  // A wall-clock time is an instant under one of two offsets. Summer time gives the earlier instant, so it is
  // tried first: where the hour is doubled both fit and the first is wanted.
  for (const int minutes : {2 * offset_winter_minutes, offset_winter_minutes}) {
    const std::int64_t ms = wall_ms - minutes * ms_per_minute;
    if (berlin().minutes(ms) == minutes) return Instant{ms};
  }
  // Neither fits in the hour that spring skips; the change itself is the first moment after it. In winter
  // time it lies where the skipped hour began, and changes fall on whole hours.
  return Instant{floor_div(wall_ms - offset_winter_minutes * ms_per_minute, ms_per_hour) * ms_per_hour};
}

Instant berlin_midnight(CivilDate date) { return berlin_time(date, 0, 0); }

int berlin_offset_minutes(Instant at) { return berlin().minutes(at.ms); }

std::optional<CivilDate> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  return from_ymd(number_at(text, 0, 4), number_at(text, 5, 2), number_at(text, 8, 2));
}

std::string to_string(CivilDate date) {
  const YearMonthDay ymd = to_ymd(date);
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
  return std::string(text, static_cast<std::size_t>(length));
}

std::optional<Instant> parse_instant(std::string_view text) {
  // "2026-03-02T14:10:00" is the shortest head; the offset follows, so there is always a character after it.
  constexpr std::size_t head = 19;
  if (text.size() <= head || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  if (text[10] != 'T' && text[10] != 't') return std::nullopt;
  const std::optional<CivilDate> date = parse_date(text.substr(0, 10));
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if (!date || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return std::nullopt;

  std::size_t at = head;
  std::int64_t fraction_ms = 0;
  if (text[at] == '.') {
    std::size_t digits = 0;
    for (std::int64_t worth = 100; at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '9';
         ++at, ++digits, worth /= 10) {
      fraction_ms += (text[at + 1] - '0') * worth;
    }
    if (digits < 1 || digits > 9) return std::nullopt;
    ++at;
  }
  const std::string_view zone = text.substr(at);
  int offset_minutes = 0;
  if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
    const int hours = number_at(zone, 1, 2);
    const int minutes = number_at(zone, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  } else if (zone != "Z" && zone != "z") {
    return std::nullopt;
  }
  return Instant{date->days * ms_per_day + hour * ms_per_hour + (minute - offset_minutes) * ms_per_minute +
                 second * 1000LL + fraction_ms};
}

std::string to_string(Instant at) {
  const int offset = berlin().minutes(at.ms);
  const std::int64_t local_ms = at.ms + offset * ms_per_minute;
  const std::int64_t days = floor_div(local_ms, ms_per_day);
  const auto of_day = static_cast<int>(local_ms - days * ms_per_day);
  std::string text = to_string(CivilDate{static_cast<std::int32_t>(days)});
  char rest[48];
  int length = std::snprintf(rest, sizeof rest, "T%02d:%02d:%02d", of_day / 3'600'000, of_day / 60'000 % 60,
                             of_day / 1000 % 60);
  text.append(rest, static_cast<std::size_t>(length));
  if (of_day % 1000 != 0) {
    length = std::snprintf(rest, sizeof rest, ".%03d", of_day % 1000);
    text.append(rest, static_cast<std::size_t>(length));
  }
  length = std::snprintf(rest, sizeof rest, "+%02d:%02d", offset / 60, offset % 60);
  text.append(rest, static_cast<std::size_t>(length));
  return text;
}

}  // namespace geleit
