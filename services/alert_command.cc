#include "services/alert_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/uuid.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/http_client.h"
#include "services/json_slices.h"
#include "services/text_table.h"

namespace geleit {
namespace {

namespace json = boost::json;

/// States of an alert that is not closed; the words of the surface.
constexpr std::array<std::string_view, 4> unsettled_states{"open", "escalated", "snoozed", "acknowledged"};
/// Columns that a list for people shows; `sent` as a number, as in CSV.
constexpr std::array<std::string_view, 9> shown_columns{"alert", "case", "rule", "due_on",       "state",
                                                        "level", "lead", "team", "snoozed_until"};

struct AlertAsk {
  std::string alert, state, provider, note, until, reason, by, server;
  bool all = false, json = false;
};

class AlertDialogue {
 public:
  AlertDialogue(const AlertAsk& ask, CommandLine& line)
      : ask_(ask),
        line_(line),
        language_(ask.json ? line.for_programs : line.for_people),
        client_(client_of(*parse_server_url(ask.server))) {}

  void list() {
    std::vector<std::string> rows;
    if (ask_.all || !ask_.state.empty()) {
      if (!take_rows(ask_.state, rows)) return;
    } else {
      // One that changed its state between two of the questions may come twice.
      for (const std::string_view state : unsettled_states) {
        if (!take_rows(state, rows)) return;
      }
      std::ranges::stable_sort(rows, {}, [](const std::string& row) { return text(row, "raised"); });
      std::set<std::string> seen;
      std::erase_if(rows, [&](const std::string& row) { return !seen.insert(text(row, "alert")).second; });
    }
    if (ask_.json) {
      fmt::print("{}", json_list(rows));
      return;
    }
    if (rows.empty()) {
      fmt::print(stderr, "{}\n", say(language_, message::no_alerts));
      return;
    }
    for (std::string& row : rows) row = shown_row(row);
    fmt::print("{}", lay_out_rows(std::vector<std::string_view>(rows.begin(), rows.end())));
  }

  void acknowledge() {
    json::object data{{"alert", ask_.alert}};
    if (!ask_.note.empty()) data["note"] = ask_.note;
    answer("AcknowledgeAlert", std::move(data));
  }

  void snooze() {
    answer("SnoozeAlert", {{"alert", ask_.alert}, {"until", ask_.until}, {"reason", ask_.reason}});
  }

  void resend() {
    const ClientResponse response =
        client_.post("/v1/alerts/" + percent_encode(ask_.alert) + "/resend", {}, {}, headers());
    const auto told = member_of_good(response, 202, "channels");
    if (!told) return;
    std::string channels;
    for (const std::string_view channel : elements_of(*told))
      channels += (channels.empty() ? "" : ", ") + plain_text(channel);
    if (channels.empty()) line_.status = Exit::refused;
    if (ask_.json) {
      fmt::print("{}\n", response.body);
    } else if (channels.empty()) {
      fmt::print("{}\n", say(language_, message::no_channel_takes_alert, ask_.alert));
    } else {
      fmt::print("{}\n", say(language_, message::alert_told_again, ask_.alert, channels));
    }
  }

 private:
  static std::string text(std::string_view row, std::string_view name) {
    const auto member = member_of(row, name);
    return member ? plain_text(*member) : std::string();
  }

  static std::string shown_row(std::string_view row) {
    std::string out = "{";
    const auto add = [&](std::string_view name, std::string_view value) {
      out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value);
    };
    for (const std::string_view name : shown_columns) add(name, member_of(row, name).value_or("null"));
    add("sent", std::to_string(elements_of(member_of(row, "sent").value_or("[]")).size()));
    return out + "}";
  }

  [[nodiscard]] ClientHeaders headers() const {
    return {{"Accept", "application/json"}, {"Accept-Language", language_ == Language::de ? "de" : "en"}};
  }

  /// All rows of a state, of every state where it is empty. False once a refusal was told.
  bool take_rows(std::string_view state, std::vector<std::string>& rows) {
    std::string cursor;
    for (;;) {
      std::string target = "/v1/alerts?limit=500";
      const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) target.append("&").append(name).append("=").append(percent_encode(value));
      };
      add("state", state);
      add("provider", ask_.provider);
      add("cursor", cursor);
      const ClientResponse response = client_.get(target, headers());
      const auto items = member_of_good(response, 200, "items");
      if (!items) return false;
      for (const std::string_view row : elements_of(*items)) rows.emplace_back(row);
      const auto next = member_of(response.body, "next");
      if (!next || *next == "null") return true;
      cursor = plain_text(*next);
    }
  }

  /// The alert's row, once the tables have read `position` where one is given.
  std::optional<std::string> row_of_alert(const std::string& position = {}) {
    std::string target = "/v1/alerts?alert=" + percent_encode(ask_.alert);
    if (!position.empty()) target += "&wait_for=" + percent_encode(position);
    const ClientResponse response = client_.get(target, headers());
    const auto items = member_of_good(response, 200, "items");
    if (!items) return std::nullopt;
    const auto rows = elements_of(*items);
    if (rows.empty()) {
      refuse(say(language_, message::expected_but, say(language_, message::alert_of_service),
                 say(language_, message::alert_not_known, ask_.alert)));
      return std::nullopt;
    }
    return std::string(rows.front());
  }

  void answer(std::string_view command_name, json::object data) {
    const auto before = row_of_alert();
    if (!before) return;
    SystemClock clock;
    SystemChance chance;
    json::object command{{"command", command_name},
                         {"id", to_string(uuid_v7(clock.now(), chance.next(), chance.next()))},
                         {"case", text(*before, "case")},
                         {"data", std::move(data)}};
    if (!ask_.by.empty()) command["by"] = ask_.by;
    const ClientResponse response =
        client_.post("/v1/commands", "application/json", json::serialize(command), headers());
    const auto position = member_of_good(response, 200, "position");
    if (!position) return;
    if (ask_.json) {
      fmt::print("{}\n", response.body);
      return;
    }
    const auto after = row_of_alert(text(*position, "partition") + ":" + text(*position, "offset"));
    if (!after) return;
    const std::string of_case = text(*after, "case");
    const std::string state = text(*after, "state");
    if (state == "acknowledged") {
      fmt::print("{}\n", say(language_, message::alert_is_acknowledged, ask_.alert, of_case));
    } else if (state == "snoozed") {
      fmt::print("{}\n", say(language_, message::alert_is_snoozed, ask_.alert, of_case,
                             text(*after, "snoozed_until")));
    } else {
      fmt::print("{}\n", say(language_, message::alert_stays, ask_.alert, of_case, state));
    }
  }

  /// A member's text of a good answer; a refusal is told, and sets the status.
  std::optional<std::string_view> member_of_good(const ClientResponse& response, int good,
                                                 std::string_view name) {
    json::error_code error;
    const json::value value = json::parse(response.body, error);
    const auto* object = error ? nullptr : value.if_object();
    if (response.status == good && object) {
      if (auto member = member_of(response.body, name)) return member;
    }
    if (ask_.json && object) fmt::print("{}\n", response.body);
    std::string told;
    for (const char* const part : {"field", "detail"}) {
      const auto* member = object ? object->if_contains(part) : nullptr;
      if (member && member->is_string())
        told.append(told.empty() ? "" : " · ").append(std::string_view(member->as_string()));
    }
    if (told.empty()) told = response.body.substr(0, 200);
    refuse(fmt::format("{} {}", response.status, told));
    const bool refused = response.status / 100 == 4 && response.status != 429 && response.status != 408;
    if (!refused) line_.status = Exit::unavailable;
    return std::nullopt;
  }

  void refuse(std::string_view why) {
    fmt::print(stderr, "geleit alert: {}\n", why);
    line_.status = Exit::refused;
  }

  const AlertAsk& ask_;
  CommandLine& line_;
  Language language_;
  HttpClient client_;
};

}  // namespace

void add_alert(CommandLine& line) {
  auto ask = std::make_shared<AlertAsk>();
  CLI::App* command =
      line.app.add_subcommand("alert", "Missed deadlines that wait for an answer, and the answer");
  command->require_subcommand(1);
  const auto common = [ask](CLI::App* sub) {
    sub->add_flag("--json", ask->json, "For programs: the service's answer");
    add_server_option(*sub, ask->server);
  };
  const auto of_one = [ask, &common](CLI::App* sub) {
    sub->add_option("alert", ask->alert, "The alert's id, as list shows it")
        ->required()
        ->check(a_uuid("the id of an alert", "ALERT"));
    common(sub);
  };
  const auto by_whom = [ask](CLI::App* sub) { sub->add_option("--by", ask->by, "Who says so"); };

  CLI::App* list = command->add_subcommand("list", "Alerts that are not closed, the oldest first");
  auto* state = list->add_option("--state", ask->state, "Only those in this state")
                    ->check(CLI::IsMember({"open", "acknowledged", "snoozed", "escalated", "closed"}));
  list->add_flag("--all", ask->all, "Closed ones, too")->excludes(state);
  list->add_option("--provider", ask->provider, "Of this provider only");
  common(list);
  list->callback([ask, &line] { AlertDialogue(*ask, line).list(); });

  CLI::App* ack = command->add_subcommand(
      "ack", "Somebody takes care of it: nobody is told any more, and it goes up no level");
  of_one(ack);
  ack->add_option("--note", ask->note, "What will be done");
  by_whom(ack);
  ack->callback([ask, &line] { AlertDialogue(*ask, line).acknowledge(); });

  CLI::App* snooze = command->add_subcommand("snooze", "Silent until the beginning of a day");
  of_one(snooze);
  snooze->add_option("--until", ask->until, "That day, after today")->required()->check(a_date());
  snooze->add_option("--reason", ask->reason, "Why it may wait")->required();
  by_whom(snooze);
  snooze->callback([ask, &line] { AlertDialogue(*ask, line).snooze(); });

  CLI::App* resend = command->add_subcommand("resend", "Tell people once more, whatever they were told");
  of_one(resend);
  resend->callback([ask, &line] { AlertDialogue(*ask, line).resend(); });
}

}  // namespace geleit
