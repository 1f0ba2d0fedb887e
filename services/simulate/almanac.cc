#include "services/simulate/almanac.h"

#include <algorithm>
#include <cassert>

#include "projections/rules/calendar.h"

namespace geleit {
namespace {

void append_two(int value, std::string& out) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

Almanac::Almanac(CivilDate first, CivilDate office_first, CivilDate last, const std::vector<int>& closed)
    : first_(first), office_first_(office_first) {
  days_.reserve(static_cast<std::size_t>(last - first + 1));
  for (CivilDate date = first; date <= last; date = date + 1) {
    Day& day = days_.emplace_back();
    const std::string text = to_string(date);
    std::copy_n(text.begin(), 10, day.text.begin());
    day.offset_hours = static_cast<std::uint8_t>(berlin_offset_minutes(berlin_time(date, 12, 0)) / 60);
    day.day_of_month = static_cast<std::uint8_t>(to_ymd(date).day);
  }
  for (std::size_t land = 0; land < offices_.size(); ++land) {
    Office& office = offices_[land];
    const Calendar calendar{static_cast<Land>(land)};
    for (CivilDate date = office_first; date <= last; date = date + 1) {
      office.number.push_back(static_cast<std::int32_t>(office.days.size()));
      const YearMonthDay ymd = to_ymd(date);
      const bool shut = std::find(closed.begin(), closed.end(), ymd.month * 100 + ymd.day) != closed.end();
      if (!shut && geleit::is_working_day(date, calendar)) office.days.push_back(date);
    }
  }
}

const Almanac::Day& Almanac::day(CivilDate date) const {
  const auto index = static_cast<std::size_t>(date - first_);
  assert(date >= first_ && index < days_.size());
  return days_[index];
}

CivilDate Almanac::after_working_days(CivilDate day, int count, Land land) const {
  const Office& office = offices_[static_cast<std::size_t>(land)];
  assert(day >= office_first_);
  const std::int32_t index = office.number[static_cast<std::size_t>(day - office_first_)] + count;
  assert(index >= 0 && static_cast<std::size_t>(index) < office.days.size());
  return office.days[static_cast<std::size_t>(index)];
}

CivilDate Almanac::working_day_from(CivilDate day, Land land) const {
  return after_working_days(day, 0, land);
}

CivilDate Almanac::working_day_until(CivilDate day, Land land) const {
  return is_working_day(day, land) ? day : after_working_days(day, -1, land);
}

bool Almanac::is_working_day(CivilDate day, Land land) const { return working_day_from(day, land) == day; }

std::array<CivilDate, 3> Almanac::month_end(CivilDate day, Land land) const {
  CivilDate next_month = day + 1;
  while (this->day(next_month).day_of_month != 1) next_month = next_month + 1;
  return {after_working_days(next_month, -3, land), after_working_days(next_month, -2, land),
          after_working_days(next_month, -1, land)};
}

Instant Almanac::instant(Moment at) const {
  return Instant{at.ms - day(day_of(at)).offset_hours * 60 * ms_a_minute};
}

void Almanac::append_date(CivilDate date, std::string& out) const { out.append(day(date).text.data(), 10); }

void Almanac::append_minute(Moment at, std::string& out) const {
  const Day& date = day(day_of(at));
  const int minute = static_cast<int>((at.ms % ms_a_day) / ms_a_minute);
  out.append(date.text.data(), 10);
  out.push_back('T');
  append_two(minute / 60, out);
  out.push_back(':');
  append_two(minute % 60, out);
  out.append(date.offset_hours == 1 ? ":00+01:00" : ":00+02:00");
}

void Almanac::append_millisecond(Moment at, std::string& out) const {
  const Day& date = day(day_of(at));
  const int ms = static_cast<int>(at.ms % ms_a_day);
  out.append(date.text.data(), 10);
  out.push_back('T');
  append_two(ms / 3'600'000, out);
  out.push_back(':');
  append_two(ms / 60'000 % 60, out);
  out.push_back(':');
  append_two(ms / 1000 % 60, out);
  out.push_back('.');
  out.push_back(static_cast<char>('0' + ms / 100 % 10));
  append_two(ms % 100, out);
  out.append(date.offset_hours == 1 ? "+01:00" : "+02:00");
}

}  // namespace geleit
