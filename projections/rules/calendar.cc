#include "projections/rules/calendar.h"

#include <array>
#include <cstdint>
#include <vector>

#include "events/civil_time.h"

namespace geleit {
namespace {

constexpr int first_year = 1990;
constexpr int last_year = 2100;
constexpr int for_ever = last_year;

using Laender = std::uint32_t;  // one bit a Land
constexpr Laender all = 0xffff;
template <class... L>
constexpr Laender in(L... land) {
  return ((1U << static_cast<unsigned>(land)) | ...);
}
using enum Land;

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher).
CivilDate easter(int year) {
  const int a = year % 19, b = year / 100, c = year % 100;
  const int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4, k = c % 4;
  const int l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int n = h + l - 7 * m + 114;
  return civil(year, n / 31, n % 31 + 1);
}

/// Wednesday before the last Sunday of the church year, that is before 23 November.
CivilDate repentance_day(int year) {
  CivilDate day = civil(year, 11, 22);
  while (weekday_of(day) != Weekday::wednesday) day = day - 1;
  return day;
}

enum class Counted : std::uint8_t { fixed, from_easter, repentance };

/// A holiday, where it holds in the whole Land, and in which years.
struct Law {
  std::string_view name;
  Counted counted;
  int month_or_offset;
  int day;
  Laender laender;
  int from, until;
};

constexpr Law fixed(std::string_view name, int month, int day, Laender laender, int from = first_year,
                    int until = for_ever) {
  return {name, Counted::fixed, month, day, laender, from, until};
}
constexpr Law movable(std::string_view name, int offset, Laender laender, int from = first_year) {
  return {name, Counted::from_easter, offset, 0, laender, from, for_ever};
}

// The holiday laws of the sixteen Länder (BW FTG, BY FTG, BE FeiertG, BB FTG, HB FeiertG, HH FeiertG, HE
// HFeiertagsG, MV FTG M-V, NI NFeiertagsG, NW FeiertagsG, RP LFtG, SL SFG, SN SächsSFG, ST FeiertG LSA, SH
// SFTG, TH ThürFGtG). Only days that hold in a whole Land: not 15 August in Bavaria's Catholic communities,
// not Augsburg's 8 August, not Fronleichnam in communities of Saxony and Thuringia. Of the Sundays only those
// that a law names: Brandenburg's Easter and Whit Sunday (Hesse makes every Sunday a holiday and names none).
// 1990 is told as if the law of the united country had held from its first day. Where two fall together the
// first in this list gives the name.
constexpr Law laws[] = {
    fixed("Neujahr", 1, 1, all),
    fixed("Heilige Drei Könige", 1, 6, in(bw, by, st)),
    fixed("Frauentag", 3, 8, in(be), 2019),  // BE, law of 30.01.2019
    fixed("Frauentag", 3, 8, in(mv), 2023),  // MV, law of 2022
    movable("Karfreitag", -2, all),
    movable("Ostersonntag", 0, in(bb)),
    movable("Ostermontag", 1, all),
    fixed("Tag der Arbeit", 5, 1, all),
    fixed("Tag der Befreiung", 5, 8, in(be), 2020, 2020),  // BE, 75 years after
    fixed("Tag der Befreiung", 5, 8, in(be), 2025, 2025),  // BE, 80 years after
    movable("Christi Himmelfahrt", 39, all),
    movable("Pfingstsonntag", 49, in(bb)),
    movable("Pfingstmontag", 50, all),
    movable("Fronleichnam", 60, in(bw, by, he, nw, rp, sl)),
    fixed("Jahrestag des Aufstandes vom 17. Juni 1953", 6, 17, in(be), 2028, 2028),  // BE, 75 years after
    fixed("Mariä Himmelfahrt", 8, 15, in(sl)),
    fixed("Weltkindertag", 9, 20, in(th), 2019),     // TH, law of 19.02.2019
    fixed("Tag der Deutschen Einheit", 10, 3, all),  // Art. 2(2) Einigungsvertrag
    fixed("Reformationstag", 10, 31, in(bb, mv, sn, st, th)),
    fixed("Reformationstag", 10, 31, all, 2017, 2017),  // 500 years after, once in every Land
    fixed("Reformationstag", 10, 31, in(hb, hh, ni, sh), 2018),
    fixed("Allerheiligen", 11, 1, in(bw, by, nw, rp, sl)),
    {"Buß- und Bettag", Counted::repentance, 0, 0, all, first_year, 1994},  // given up for the care insurance
    {"Buß- und Bettag", Counted::repentance, 0, 0, in(sn), 1995, for_ever},
    fixed("Erster Weihnachtstag", 12, 25, all),
    fixed("Zweiter Weihnachtstag", 12, 26, all),
};

CivilDate day_of(const Law& law, int year) {
  switch (law.counted) {
    case Counted::fixed: return civil(year, law.month_or_offset, law.day);
    case Counted::from_easter: return easter(year) + law.month_or_offset;
    case Counted::repentance: return repentance_day(year);
  }
  return {};
}

/// One entry a day from 1990 to 2100: which Länder have a holiday and under which name. A day has one name
/// wherever it is a holiday, so a look-up is an index and a bit.
class Holidays {
 public:
  Holidays()
      : first_(civil(first_year, 1, 1)),
        days_(static_cast<std::size_t>(civil(last_year, 12, 31) - first_ + 1)) {
    for (int year = first_year; year <= last_year; ++year) {
      for (const Law& law : laws) {
        if (year < law.from || year > law.until) continue;
        Day& day = days_[static_cast<std::size_t>(day_of(law, year) - first_)];
        if (day.name.empty()) day.name = law.name;
        day.laender |= law.laender;
      }
    }
  }

  [[nodiscard]] std::string_view name(CivilDate date, Calendar calendar) const {
    if (date < first_ || date - first_ >= static_cast<int>(days_.size())) return {};
    const Day& day = days_[static_cast<std::size_t>(date - first_)];
    const Laender wanted = calendar.land ? in(*calendar.land) : all;
    return (day.laender & wanted) == wanted ? day.name : std::string_view{};
  }

 private:
  struct Day {
    std::string_view name;
    Laender laender = 0;
  };
  CivilDate first_;
  std::vector<Day> days_;
};

/// The day with that number, or the last of the month where it is missing (CAL-MONTHS). Months may lie
/// outside 1 to
/// 12. Beyond the year 9999 there is no date; the last one stands for it.
CivilDate day_in_month(int year, int months_from_january, int day) {
  const int months = year * 12 + months_from_january;
  const int y = months / 12;
  const int m = months % 12 + 1;
  if (y > 9999) return civil(9999, 12, 31);
  if (y < 1) return civil(1, 1, 1);
  for (int d = day; d > 28; --d) {
    if (const std::optional<CivilDate> found = from_ymd(y, m, d)) return *found;
  }
  return civil(y, m, day < 28 ? day : 28);
}

}  // namespace

std::string to_string(Calendar calendar) { return std::string(calendar.land ? word(*calendar.land) : "DE"); }

std::optional<Calendar> parse_calendar(std::string_view text) {
  if (text == "DE") return Calendar{};
  if (const std::optional<Land> land = parse_word<Land>(text)) return Calendar{land};
  return std::nullopt;
}

std::string_view holiday_name(CivilDate day, Calendar calendar) {
  static const Holidays holidays;
  return holidays.name(day, calendar);
}

bool is_working_day(CivilDate day, Calendar calendar) {
  return weekday_of(day) < Weekday::saturday && holiday_name(day, calendar).empty();
}

CivilDate roll(CivilDate day, Calendar calendar) {
  while (!is_working_day(day, calendar)) day = day + 1;
  return day;
}

CivilDate add_weeks(CivilDate day, int weeks) { return day + 7 * weeks; }

CivilDate add_months(CivilDate day, int months) {
  const YearMonthDay ymd = to_ymd(day);
  return day_in_month(ymd.year, ymd.month - 1 + months, ymd.day);
}

CivilDate birthday(CivilDate born, int years) {
  const YearMonthDay ymd = to_ymd(born);
  const CivilDate day = day_in_month(ymd.year + years, ymd.month - 1, ymd.day);
  return to_ymd(day).day == ymd.day ? day : day + 1;
}

bool has_completed(CivilDate born, int years, CivilDate on) { return on >= birthday(born, years); }

}  // namespace geleit
