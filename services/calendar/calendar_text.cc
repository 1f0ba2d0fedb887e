#include "services/calendar/calendar_text.h"

#include <libical/ical.h>

#include <algorithm>
#include <memory>
#include <new>
#include <set>
#include <vector>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/columns.h"
#include "projections/deadlines.h"
#include "projections/row_codec.h"

namespace geleit {
namespace {

constexpr const char* zone_name = "Europe/Berlin";
/// Since 1996 the clocks go by these rules, and nothing in a calendar is older.
constexpr const char* zone_text =
    "BEGIN:VTIMEZONE\r\n"
    "TZID:Europe/Berlin\r\n"
    "BEGIN:DAYLIGHT\r\n"
    "TZOFFSETFROM:+0100\r\n"
    "TZOFFSETTO:+0200\r\n"
    "TZNAME:CEST\r\n"
    "DTSTART:19960331T020000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
    "END:DAYLIGHT\r\n"
    "BEGIN:STANDARD\r\n"
    "TZOFFSETFROM:+0200\r\n"
    "TZOFFSETTO:+0100\r\n"
    "TZNAME:CET\r\n"
    "DTSTART:19961027T030000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
    "END:STANDARD\r\n"
    "END:VTIMEZONE\r\n";

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
using Component = std::unique_ptr<icalcomponent, FreeComponent>;

Component made(icalcomponent* component) {
  if (component == nullptr) throw std::bad_alloc();
  return Component(component);
}

/// What is added belongs to the component.
void add(icalcomponent* to, icalproperty* property) { icalcomponent_add_property(to, property); }
void add_other(icalcomponent* to, const char* name, const char* value) {
  icalproperty* property = icalproperty_new_x(value);
  icalproperty_set_x_name(property, name);
  add(to, property);
}

icaltimetype day_of(CivilDate date) {
  const YearMonthDay ymd = to_ymd(date);
  icaltimetype time = icaltime_null_date();
  time.year = ymd.year;
  time.month = ymd.month;
  time.day = ymd.day;
  return time;
}

/// Without a zone of the library's: the property names ours.
icaltimetype clock_of(Instant at, int offset_minutes) {
  constexpr std::int64_t minute_ms = 60'000;
  constexpr int minutes_of_day = 1'440;
  const std::int64_t minutes = at.ms / minute_ms + offset_minutes;
  const auto days = static_cast<std::int32_t>(minutes / minutes_of_day);
  const auto rest = static_cast<int>(minutes % minutes_of_day);
  icaltimetype time = day_of(CivilDate{days});
  time.is_date = 0;
  time.hour = rest / 60;
  time.minute = rest % 60;
  time.second = 0;
  return time;
}

icalproperty* in_berlin(icalproperty* property) {
  icalproperty_add_parameter(property, icalparameter_new_tzid(zone_name));
  return property;
}

icaltimetype utc(Instant at) {
  icaltimetype time = clock_of(at, 0);
  time.zone = icaltimezone_get_utc_timezone();
  return time;
}

std::string short_id(const CaseId& id) {
  constexpr std::size_t shown_digits = 8;
  return to_string(id).substr(0, shown_digits);
}

struct Entry {
  Instant at;  ///< for the order
  Component event;
};

Component entry(const std::string& uid, const std::string& summary, Instant stamp) {
  Component event = made(icalcomponent_new_vevent());
  add(event.get(), icalproperty_new_uid((uid + "@geleit").c_str()));
  add(event.get(), icalproperty_new_dtstamp(utc(stamp)));
  add(event.get(), icalproperty_new_summary(summary.c_str()));
  return event;
}

/// When what the tables hold was recorded last: the same tables give the same file.
Instant last_recorded(const StoreState& state) {
  Instant last;
  for (const Reached& reached : state.reached) last = std::max(last, reached.recorded);
  return last;
}

void add_deadlines(const Reading& reading, const PersonCalendar& calendar, CivilDate today, Language language,
                   std::vector<Entry>& entries) {
  const auto provider =
      calendar.provider.empty() ? std::nullopt : std::optional<std::string_view>(calendar.provider);
  std::vector<std::pair<CaseId, std::string>> led;
  CaseRow row;
  reading.rows(Table::cases, provider, {}, [&](const FoundRow& found) {
    decode(found.key, found.bytes, row);
    if (row.lead == calendar.staff && !is_ended(row.state)) led.emplace_back(row.id, row.provider);
    return true;
  });
  const Instant stamp = last_recorded(reading.state());
  DeadlineRow deadline;
  for (const auto& [id, of] : led) {
    reading.rows_of_case(Table::deadlines, of, id, [&](const FoundRow& found) {
      decode(found.key, found.bytes, deadline);
      const DeadlineState state = state_on(deadline, today);
      const bool waits = state == DeadlineState::open || (state == DeadlineState::missed && !deadline.met_on);
      if (!waits || deadline.acts_on < today - calendar_days_back) return true;
      const std::string rule(word(deadline.rule));
      Component event = entry(
          to_string(id) + '-' + rule + '-' + std::to_string(deadline.ordinal),
          say(language, message::calendar_deadline, std::string_view(rule), std::string_view(short_id(id))),
          stamp);
      add(event.get(), icalproperty_new_dtstart(day_of(deadline.acts_on)));
      add(event.get(), icalproperty_new_dtend(day_of(deadline.acts_on + 1)));
      add(event.get(), icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
      entries.push_back({berlin_midnight(deadline.acts_on), std::move(event)});
      return true;
    });
  }
}

void add_visits(const Reading& reading, const PersonCalendar& calendar, CivilDate today, Language language,
                std::vector<Entry>& entries) {
  const auto provider =
      calendar.provider.empty() ? std::nullopt : std::optional<std::string_view>(calendar.provider);
  const Instant stamp = last_recorded(reading.state());
  Run run;
  run.column = list_table(Table::visits).sort("starts_at")->index;
  run.from = order_key(berlin_midnight(today - calendar_days_back));
  VisitRow visit;
  std::size_t taken = 0;
  reading.rows(Table::visits, provider, run, [&](const FoundRow& found) {
    decode(found.key, found.bytes, visit);
    const bool stands = visit.state == VisitState::scheduled || visit.state == VisitState::delivered;
    if (!stands || visit.staff != calendar.staff) return true;
    Component event =
        entry(to_string(visit.visit),
              say(language, message::calendar_visit, std::string_view(short_id(visit.case_id))), stamp);
    const Instant end{visit.starts_at.ms + std::int64_t{visit.minutes.value} * 60'000};
    const auto wall = [](Instant at) { return clock_of(at, berlin_offset_minutes(at)); };
    add(event.get(), in_berlin(icalproperty_new_dtstart(wall(visit.starts_at))));
    add(event.get(), in_berlin(icalproperty_new_dtend(wall(end))));
    entries.push_back({visit.starts_at, std::move(event)});
    return ++taken < calendar_entries_max;
  });
}

}  // namespace

std::string calendar_text(const Reading& reading, const PersonCalendar& calendar, CivilDate today,
                          Language language) {
  std::vector<Entry> entries;
  add_deadlines(reading, calendar, today, language, entries);
  add_visits(reading, calendar, today, language, entries);
  std::ranges::stable_sort(entries, {}, &Entry::at);
  // Who has more than fit keeps what is to come.
  const auto coming = std::ranges::lower_bound(entries, berlin_midnight(today), {}, &Entry::at);
  const auto to_come = static_cast<std::size_t>(entries.end() - coming);
  const std::size_t past = entries.size() - to_come;
  const std::size_t kept = to_come >= calendar_entries_max ? 0 : calendar_entries_max - to_come;
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(past - std::min(past, kept)));
  if (entries.size() > calendar_entries_max) entries.resize(calendar_entries_max);

  const Component whole = made(icalcomponent_new(ICAL_VCALENDAR_COMPONENT));
  add(whole.get(), icalproperty_new_version("2.0"));
  add(whole.get(), icalproperty_new_prodid("-//Geleit//DE"));
  add(whole.get(), icalproperty_new_calscale("GREGORIAN"));
  add(whole.get(), icalproperty_new_method(ICAL_METHOD_PUBLISH));
  add_other(whole.get(), "X-WR-CALNAME",
            say(language, message::calendar_name, std::string_view(calendar.staff)).c_str());
  add_other(whole.get(), "X-WR-TIMEZONE", zone_name);
  add_other(whole.get(), "X-PUBLISHED-TTL", "PT1H");
  icalcomponent_add_component(whole.get(), made(icalcomponent_new_from_string(zone_text)).release());
  for (Entry& one : entries) icalcomponent_add_component(whole.get(), one.event.release());
  const std::unique_ptr<char, decltype(&icalmemory_free_buffer)> text(
      icalcomponent_as_ical_string_r(whole.get()), icalmemory_free_buffer);
  if (!text) throw std::bad_alloc();
  return text.get();
}

}  // namespace geleit
