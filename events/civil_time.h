// Dates and instants as text, and the one way from an instant to a German calendar day.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"

namespace geleit {

struct YearMonthDay {
  int year = 1970;
  int month = 1;  ///< 1 to 12
  int day = 1;    ///< 1 to 31
  friend auto operator<=>(const YearMonthDay&, const YearMonthDay&) = default;
};

enum class Weekday : std::uint8_t { monday, tuesday, wednesday, thursday, friday, saturday, sunday };

[[nodiscard]] YearMonthDay to_ymd(CivilDate date);
/// The day, or nothing when there is no such day (2026-02-30). Years 1 to 9999.
[[nodiscard]] std::optional<CivilDate> from_ymd(int year, int month, int day);
/// Like from_ymd for literals in code and tests: the day must exist (asserted).
[[nodiscard]] CivilDate civil(int year, int month, int day);
[[nodiscard]] Weekday weekday_of(CivilDate date);

/// The Berlin calendar day that holds the instant (RULES.md, Computing dates). Constant time, thread-safe.
[[nodiscard]] CivilDate berlin_date(Instant at);
/// 00:00 of that day in Europe/Berlin.
[[nodiscard]] Instant berlin_midnight(CivilDate date);
/// The instant of a wall-clock time in Berlin; where the clock skips it, the first moment after the gap;
/// where it is doubled, the first of the two.
[[nodiscard]] Instant berlin_time(CivilDate date, int hour, int minute);
/// Minutes that Berlin is ahead of UTC at that instant: 60 or 120.
[[nodiscard]] int berlin_offset_minutes(Instant at);

/// "2026-02-20", nothing else.
[[nodiscard]] std::optional<CivilDate> parse_date(std::string_view text);
[[nodiscard]] std::string to_string(CivilDate date);
/// RFC 3339 with an offset ("2026-03-02T14:10:00+01:00", "…Z", up to nanoseconds, of which milliseconds are
/// kept). Without an offset, or with an impossible one: nothing. A leap second :60 is refused.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text);
/// RFC 3339 in Berlin time with its offset; milliseconds only where there are any.
[[nodiscard]] std::string to_string(Instant at);

}  // namespace geleit
