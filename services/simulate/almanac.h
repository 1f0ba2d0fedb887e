// Days and hours as an office lives them: working days by Land, and Berlin wall-clock moments ready to be
// written. Built once for the years of a simulation, so that no line has to ask the zone database or the
// holiday rules.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "events/civil_time.h"
#include "events/event_words.h"
#include "events/named.h"

namespace geleit {

/// Berlin wall-clock time in milliseconds since 1970-01-01 00:00 on that clock. Nothing in a simulation
/// happens between 00:00 and 06:00, so moments are in the order of instants although the clock is put forward
/// and back.
struct Moment {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(Moment, Moment) = default;
};
inline constexpr std::int64_t ms_a_minute = 60'000;
inline constexpr std::int64_t ms_a_day = 86'400'000;
[[nodiscard]] constexpr Moment moment(CivilDate day, int minute_of_day) {
  return Moment{day.days * ms_a_day + minute_of_day * ms_a_minute};
}
[[nodiscard]] constexpr CivilDate day_of(Moment at) {
  return CivilDate{static_cast<std::int32_t>(at.ms / ms_a_day)};
}
[[nodiscard]] constexpr Moment later(Moment at, std::int64_t ms) { return Moment{at.ms + ms}; }

class Almanac {
 public:
  /// Days `first` to `last` (from 1990 on); working days need a `office_first` within them.
  /// `closed`: days of every year (month × 100 + day) on which offices are shut, as on weekends and holidays.
  Almanac(CivilDate first, CivilDate office_first, CivilDate last, const std::vector<int>& closed);

  [[nodiscard]] bool is_working_day(CivilDate day, Land land) const;
  /// The day itself or the next working day.
  [[nodiscard]] CivilDate working_day_from(CivilDate day, Land land) const;
  /// The day itself or the last working day before it.
  [[nodiscard]] CivilDate working_day_until(CivilDate day, Land land) const;
  /// So many working days after `working_day_from(day)`; negative counts back.
  [[nodiscard]] CivilDate after_working_days(CivilDate day, int count, Land land) const;
  /// The last three working days of the month that holds the day, in order.
  [[nodiscard]] std::array<CivilDate, 3> month_end(CivilDate day, Land land) const;

  [[nodiscard]] Instant instant(Moment at) const;
  void append_date(CivilDate day, std::string& out) const;     ///< 2025-03-04
  void append_minute(Moment at, std::string& out) const;       ///< 2025-03-04T15:10:00+01:00
  void append_millisecond(Moment at, std::string& out) const;  ///< 2025-03-04T15:10:07.123+01:00

 private:
  struct Day {
    std::array<char, 10> text;
    std::uint8_t offset_hours;
    std::uint8_t day_of_month;
  };
  struct Office {
    std::vector<std::int32_t> number;  ///< working days before this day, from office_first_
    std::vector<CivilDate> days;       ///< the working days
  };
  [[nodiscard]] const Day& day(CivilDate date) const;

  CivilDate first_, office_first_;
  std::vector<Day> days_;
  std::array<Office, words<Land>.size()> offices_;
};

}  // namespace geleit
