#include "services/settings_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "events/civil_time.h"
#include "events/settings_events.h"
#include "events/uuid.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/http_client.h"
#include "services/settings_file.h"
#include "services/text_table.h"

namespace geleit {
namespace {

namespace json = boost::json;

struct SettingsAsk {
  std::string file, other, provider, from, on, id, by, server;
  bool dry_run = false, json = false;
};

std::string_view text_in(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(json::string_view(name.data(), name.size()));
  if (!member || !member->is_string()) return {};
  return {member->as_string().data(), member->as_string().size()};
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(json::string_view(name.data(), name.size()));
  return member ? member->if_object() : nullptr;
}

std::string shown(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

/// Speaks with the service about settings.
class Asking {
 public:
  Asking(const SettingsAsk& ask, CommandLine& line)
      : ask_(ask), line_(line), client_(client_of(*parse_server_url(ask.server))) {}

  void adopt() {
    const SettingsFile file = file_of(ask_.file);
    json::object data;
    const std::string provider = ask_.provider.empty() ? file.provider.value_or("") : ask_.provider;
    if (!provider.empty()) data["provider"] = provider;
    std::string from = ask_.from.empty() ? file.from.value_or("") : ask_.from;
    if (from.empty()) {
      const auto today = in_force({}, {});
      if (!today) return;
      from = text_in(*today, "on");
    }
    data["from"] = from;
    data["settings"] = file.settings;
    SystemClock clock;
    SystemChance chance;
    const std::string id =
        ask_.id.empty() ? to_string(uuid_v7(clock.now(), chance.next(), chance.next())) : ask_.id;
    json::object command{{"command", "AdoptSettings"}, {"id", id}, {"data", std::move(data)}};
    if (!ask_.by.empty()) command["by"] = ask_.by;
    // The id is told before anything can break off, so that the same can be sent again.
    if (!ask_.json) fmt::print(stderr, "{}\n", say(line_.for_people, message::settings_id, id));
    const auto answer =
        answered(client_.post(ask_.dry_run ? "/v1/commands?dry_run=true" : "/v1/commands", "application/json",
                              json::serialize(command), {{"Accept-Language", language_tag()}}));
    if (!answer || ask_.json) return;
    const std::string whose =
        provider.empty() ? say(line_.for_people, message::of_the_installation) : provider;
    const auto* version = answer->if_contains("version");
    fmt::print("{}\n", ask_.dry_run ? say(line_.for_people, message::settings_would_do, whose, from)
                                    : say(line_.for_people, message::settings_adopted, whose, from,
                                          version ? json::serialize(*version) : std::string("?")));
  }

  void show() {
    const auto view = in_force(ask_.provider, ask_.on);
    if (!view) return;
    if (ask_.json) {
      fmt::print("{}\n", json::serialize(*view));
      return;
    }
    fmt::print("{}\n",
               say(line_.for_people, message::in_force_on, text_in(*view, "on"), text_in(*view, "rule_set")));
    for (const char* const which : {"installation", "provider_set"}) {
      const auto* set = object_in(*view, which);
      if (!set) continue;
      fmt::print("\n{}\n", say(line_.for_people, message::adopted_set, text_in(*set, "name"),
                               text_in(*set, "from"), text_in(*set, "hash")));
      for (const auto& [path, value] : flat_of(*object_in(*set, "settings")))
        fmt::print("  {} = {}\n", path, value);
    }
  }

  void diff() {
    const SettingsFile first = file_of(ask_.file);
    std::map<std::string, std::string> before, after;
    if (!ask_.other.empty()) {
      before = flat_of(first.settings);
      after = flat_of(file_of(ask_.other).settings);
    } else {
      const std::string provider = ask_.provider.empty() ? first.provider.value_or("") : ask_.provider;
      const auto view = in_force(provider, ask_.on);
      if (!view) return;
      const auto* set = object_in(*view, provider.empty() ? "installation" : "provider_set");
      if (set) before = flat_of(*object_in(*set, "settings"));
      after = flat_of(first.settings);
    }
    json::array differences;
    for (const auto& [path, value] : before) {
      const auto now = after.find(path);
      if (now == after.end())
        differences.push_back(json::object{{"path", path}, {"before", value}, {"after", nullptr}});
      else if (now->second != value)
        differences.push_back(json::object{{"path", path}, {"before", value}, {"after", now->second}});
    }
    for (const auto& [path, value] : after) {
      if (!before.contains(path))
        differences.push_back(json::object{{"path", path}, {"before", nullptr}, {"after", value}});
    }
    line_.status = differences.empty() ? Exit::done : Exit::refused;
    if (ask_.json) {
      fmt::print("{}\n", json::serialize(differences));
      return;
    }
    if (differences.empty()) fmt::print("{}\n", say(line_.for_people, message::nothing_differs));
    for (const json::value& one : differences) {
      const json::object& difference = one.as_object();
      const auto told = [&](char sign, const char* which) {
        if (difference.at(which).is_null()) return;
        fmt::print("{} {} = {}\n", sign, text_in(difference, "path"), text_in(difference, which));
      };
      told('-', "before");
      told('+', "after");
    }
  }

  /// What GET /v1/settings answers; nothing once a refusal was told.
  std::optional<json::object> in_force(const std::string& provider, const std::string& on) {
    std::string target = "/v1/settings";
    const auto add = [&](std::string_view name, const std::string& value) {
      if (value.empty()) return;
      target.append(target.find('?') == std::string::npos ? "?" : "&").append(name).append("=");
      target += percent_encode(value);
    };
    add("provider", provider);
    add("on", on);
    const bool quiet = true;
    return answered(client_.get(target, {{"Accept-Language", language_tag()}}), quiet);
  }

 private:
  [[nodiscard]] SettingsFile file_of(const std::string& name) const {
    try {
      return read_settings_file(name);
    } catch (const SettingsFileRefused& refused) { throw CLI::ValidationError("FILE", refused.what()); }
  }

  [[nodiscard]] std::string language_tag() const {
    return (ask_.json ? line_.for_programs : line_.for_people) == Language::de ? "de" : "en";
  }

  /// The object of a good answer; a refusal is told, and sets the status.
  std::optional<json::object> answered(const ClientResponse& response, bool quiet = false) {
    json::error_code error;
    json::value value = json::parse(response.body, error);
    if (response.status == 200 && !error && value.is_object()) {
      if (ask_.json && !quiet) fmt::print("{}\n", response.body);
      return std::move(value.as_object());
    }
    if (ask_.json && !error) fmt::print("{}\n", response.body);
    std::string told;
    if (!error && value.is_object()) {
      for (const char* name : {"rule", "field", "detail"}) {
        const std::string_view text = text_in(value.as_object(), name);
        if (!text.empty()) told.append(told.empty() ? "" : " · ").append(text);
      }
    }
    if (told.empty()) told = response.body.substr(0, 200);
    fmt::print(stderr, "geleit settings: {} {}\n", response.status, told);
    const bool refused = response.status / 100 == 4 && response.status != 429 && response.status != 408;
    line_.status = refused ? Exit::refused : Exit::unavailable;
    return std::nullopt;
  }

  /// Every plain value under its path; entries of lists by what names them: `contracts[vdek].insurers`.
  static std::map<std::string, std::string> flat_of(const json::object& settings) {
    std::map<std::string, std::string> out;
    flatten({}, settings, out);
    return out;
  }
  static void flatten(const std::string& path, const json::value& value,
                      std::map<std::string, std::string>& out) {
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) {
        const std::string name(member.key().data(), member.key().size());
        flatten(path.empty() ? name : path + "." + name, member.value(), out);
      }
    } else if (const auto* list = value.if_array();
               list && !list->empty() &&
               std::ranges::all_of(*list, [](const auto& v) { return v.is_object(); })) {
      for (const json::value& entry : *list)
        flatten(path + "[" + name_of(entry.as_object()) + "]", entry, out);
    } else {
      out[path] = shown(value);
    }
  }
  static std::string name_of(const json::object& entry) {
    std::string name;
    for (const char* const part :
         {"benefit", "year", "contract", "insurer_ik", "step", "item", "team", "from"}) {
      if (const auto* member = entry.if_contains(part)) name += (name.empty() ? "" : " ") + shown(*member);
    }
    return name;
  }

  const SettingsAsk& ask_;
  CommandLine& line_;
  HttpClient client_;
};

void print_rule(const json::object& rule, Language language) {
  fmt::print("{} · {}\n  {}\n", text_in(rule, "rule"), text_in(rule, "title"), text_in(rule, "text"));
  for (const json::value& one : rule.at("values").as_array()) {
    const json::object& value = one.as_object();
    fmt::print("  {:<12} {} = {} ({}{})\n", say(language, message::value), text_in(value, "name"),
               text_in(value, "value"), text_in(value, "set_by"),
               value.at("locked").as_bool() ? ", " + say(language, message::locked) : "");
  }
  fmt::print("  {:<12} {}\n", say(language, message::acts), text_in(rule, "acts"));
  fmt::print("  {:<12} {}\n", say(language, message::sure), text_in(rule, "sure"));
  fmt::print("  {:<12} {}\n", say(language, message::source), text_in(rule, "source"));
}

void print_in_a_line(const json::object& rule) {
  std::string values;
  for (const json::value& one : rule.at("values").as_array()) {
    const json::object& value = one.as_object();
    values +=
        fmt::format("{}{} = {}", values.empty() ? "" : ", ", text_in(value, "name"), text_in(value, "value"));
    if (text_in(value, "set_by") != word(SettingsScope::shipped))
      values += fmt::format(" [{}]", text_in(value, "set_by"));
  }
  fmt::print("{:<22} {:<8} {:<9} {} {}\n", text_in(rule, "rule"), text_in(rule, "acts"),
             text_in(rule, "sure"), text_in(rule, "title"), values.empty() ? "" : "(" + values + ")");
}

}  // namespace

void tell_rules_in_force(const RulesInForce& ask, CommandLine& line) {
  SettingsAsk settings;
  settings.server = ask.server;
  settings.json = ask.json;
  const auto view = Asking(settings, line).in_force(ask.provider, {});
  if (!view) return;
  json::array found;
  for (const json::value& rule : view->at("rules").as_array()) {
    if (!ask.rule || text_in(rule.as_object(), "rule") == word(*ask.rule)) found.push_back(rule);
  }
  if (ask.json) {
    fmt::print("{}\n", json::serialize(json::object{{"provider", ask.provider},
                                                    {"rule_set", view->at("rule_set")},
                                                    {"rules", std::move(found)}}));
    return;
  }
  fmt::print("{}\n",
             say(line.for_people, message::in_force_on, text_in(*view, "on"), text_in(*view, "rule_set")));
  for (const json::value& rule : found) {
    if (ask.rule)
      print_rule(rule.as_object(), line.for_people);
    else
      print_in_a_line(rule.as_object());
  }
}

void add_settings(CommandLine& line) {
  auto ask = std::make_shared<SettingsAsk>();
  CLI::App* command = line.app.add_subcommand(
      "settings", "Values of rules, prices, targets, steps, checklists, teams and alerts of a provider");
  command->require_subcommand(1);
  const auto common = [ask](CLI::App* sub) {
    sub->add_option("--provider", ask->provider, "Whose; left out: the installation's");
    sub->add_flag("--json", ask->json, "For programs");
    add_server_option(*sub, ask->server);
  };
  CLI::App* adopt = command->add_subcommand("adopt", "Adopt a file (TOML or JSON): it holds from a day on");
  adopt->add_option("file", ask->file, "The settings, all of them: they replace those before")->required();
  common(adopt);
  adopt->add_option("--from", ask->from, "First day; left out: as the file says, else today")
      ->check(a_date());
  adopt->add_option("--id", ask->id, "The command's id, to send again what broke off")->check(a_uuid());
  adopt->add_option("--by", ask->by, "Who adopts them");
  adopt->add_flag("--dry-run", ask->dry_run, "Only say whether they would be adopted");
  adopt->callback([ask, &line] { Asking(*ask, line).adopt(); });

  CLI::App* show = command->add_subcommand("show", "What is in force");
  common(show);
  show->add_option("--on", ask->on, "On this day; left out: today")->check(a_date());
  show->callback([ask, &line] { Asking(*ask, line).show(); });

  CLI::App* diff =
      command->add_subcommand("diff", "How a file differs from another one, or from what is in force");
  diff->add_option("file", ask->file, "A file")->required();
  diff->add_option("other", ask->other, "Another one; left out: the first is compared with what is in force");
  common(diff);
  diff->add_option("--on", ask->on, "In force on this day; left out: today")->check(a_date());
  diff->callback([ask, &line] { Asking(*ask, line).diff(); });
}

}  // namespace geleit
