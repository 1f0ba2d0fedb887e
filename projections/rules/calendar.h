// Working days: public holidays by Land, and the ways a period ends (RULES.md, Computing dates).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/event_words.h"
#include "events/named.h"

namespace geleit {

/// A Land's holidays, or those that hold in all of Germany. Holidays are statutory and state-wide; a day that
/// holds only in some communities (Augsburg's 8 August, Catholic communities' 15 August in Bavaria) is none.
struct Calendar {
  std::optional<Land> land;  ///< none: "DE"
  friend bool operator==(const Calendar&, const Calendar&) = default;
};
[[nodiscard]] std::string to_string(Calendar calendar);  ///< "DE" or "DE-BY"
[[nodiscard]] std::optional<Calendar> parse_calendar(std::string_view text);

/// The German name of the holiday ("Karfreitag"), or empty when the day is none. Years 1990 to 2100; outside
/// them no day has a name. Constant time, thread-safe, the text lives for ever.
[[nodiscard]] std::string_view holiday_name(CivilDate day, Calendar calendar);
[[nodiscard]] bool is_working_day(CivilDate day, Calendar calendar);  ///< Monday to Friday, no holiday
/// CAL-ROLL: the day itself, or the next working day.
[[nodiscard]] CivilDate roll(CivilDate day, Calendar calendar);
/// CAL-WEEKS, CAL-EVENT-DAY: the same weekday, so many weeks later.
[[nodiscard]] CivilDate add_weeks(CivilDate day, int weeks);
/// CAL-MONTHS: the same number so many months later, or the last of the month where it is missing.
[[nodiscard]] CivilDate add_months(CivilDate day, int months);
/// CAL-BIRTHDAY: the day on which somebody born then begins to be `years` old (the birthday; born on 29
/// February: 1 March in a common year, for the year of life is completed on 28 February).
[[nodiscard]] CivilDate birthday(CivilDate born, int years);
/// True when the person has completed that many years of life on that day.
[[nodiscard]] bool has_completed(CivilDate born, int years, CivilDate on);

}  // namespace geleit
