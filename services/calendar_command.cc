#include "services/calendar_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "events/civil_time.h"
#include "projections/rules/settings.h"
#include "services/calendar/calendar_book.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/http/json_text.h"
#include "services/text_table.h"

namespace geleit {
namespace {

struct CalendarAsk {
  std::string data = "data";
  std::string staff, provider, id, server;
  bool json = false;
};

/// Of a person as of a provider.
CLI::Validator a_calendar_slug() {
  return {[](const std::string& text) {
            return is_provider_slug(text) ? std::string()
                                          : "expected a slug such as m.roth, but it is '" + text + "'";
          },
          "SLUG"};
}

std::string calendar_json(const PersonCalendar& calendar, const std::string& address = {}) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("calendar").string(calendar.id).member("staff").string(calendar.staff);
  json.member("provider");
  calendar.provider.empty() ? json.null() : json.string(calendar.provider);
  json.member("created").string(to_string(calendar.created));
  if (!address.empty()) json.member("address").string(address);
  json.end();
  return out;
}

std::filesystem::path calendars_file(const CalendarAsk& ask) {
  return data_directory(ask.data, {}, {}).calendars();
}

void create(const CalendarAsk& ask, CommandLine& line) {
  SystemChance chance;
  const Hash secret{{chance.next(), chance.next(), chance.next(), chance.next()}};
  const NewCalendar made =
      CalendarBook(calendars_file(ask)).add(ask.staff, ask.provider, SystemClock().now(), secret);
  const std::string address = ask.server + "/v1/calendars/" + made.secret + ".ics";
  if (ask.json) {
    fmt::print("{}\n", calendar_json(made.calendar, address));
  } else {
    fmt::print("{}\n", say(line.for_people, message::calendar_made, std::string_view(made.calendar.id),
                           std::string_view(address)));
  }
}

void list_calendars(const CalendarAsk& ask, CommandLine& line) {
  std::vector<std::string> rows;
  CalendarBook book(calendars_file(ask));
  for (const PersonCalendar& calendar : book.all()) rows.push_back(calendar_json(calendar));
  if (ask.json) {
    fmt::print("{}", json_list(rows));
  } else if (rows.empty()) {
    fmt::print(stderr, "{}\n", say(line.for_people, message::no_calendars));
  } else {
    fmt::print("{}", lay_out_rows(std::vector<std::string_view>(rows.begin(), rows.end())));
  }
}

void revoke(const CalendarAsk& ask, CommandLine& line) {
  const bool known = CalendarBook(calendars_file(ask)).remove(ask.id);
  const std::string_view id = ask.id;
  if (known) {
    fmt::print("{}\n", say(line.for_people, message::calendar_revoked, id));
  } else {
    fmt::print(stderr, "geleit calendar: {}\n", say(line.for_people, message::calendar_unknown, id));
    line.status = Exit::refused;
  }
}

}  // namespace

void add_calendar(CommandLine& line) {
  auto* command = line.app.add_subcommand("calendar", "Secret addresses of persons' calendars");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, void (*act)(const CalendarAsk&, CommandLine&)) {
    auto ask = std::make_shared<CalendarAsk>();
    auto* sub = command->add_subcommand(name, what);
    sub->add_option("--data", ask->data, "Directory of log, keys and tables")->capture_default_str();
    sub->callback([&line, ask, act] { act(*ask, line); });
    return std::pair(sub, ask);
  };
  auto [made, new_one] = add("create", "Make a person's calendar; its address is shown once", create);
  made->add_option("--staff", new_one->staff, "Whose deadlines and visits")
      ->required()
      ->check(a_calendar_slug());
  made->add_option("--provider", new_one->provider, "Only cases of this provider")->check(a_calendar_slug());
  add_server_option(*made, new_one->server);
  made->add_flag("--json", new_one->json, "As JSON");
  auto [listed, all] = add("list", "Whose calendars there are", list_calendars);
  listed->add_flag("--json", all->json, "As JSON");
  auto [revoked, gone] = add("revoke", "End an address; it is 404 at once", revoke);
  revoked->add_option("CALENDAR", gone->id, "As list shows it")->required();
}

}  // namespace geleit
