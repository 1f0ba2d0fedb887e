#include "services/rules_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>
#include <stdexcept>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "projections/rules/deadline.h"
#include "projections/rules/rule_difference.h"
#include "services/command_options.h"
#include "services/file_text.h"
#include "services/rule_options.h"
#include "services/settings_command.h"

namespace geleit {
namespace {

namespace json = boost::json;

/// Fewer digits of a hash could be a word.
constexpr std::size_t hash_digits_min = 8;

json::object as_json(const RuleEntry& entry) {
  json::object values;
  for (const RuleValue& value : entry.values) {
    values[value.name] =
        json::object{{"value", value.value}, {"sure", word(value.sure)}, {"locked", value.locked}};
  }
  return {
      {"rule", word(entry.rule)},
      {"title", json::object{{"de", entry.title_de}, {"en", entry.title_en}}},
      {"text", json::object{{"de", entry.text_de}, {"en", entry.text_en}}},
      {"acts", word(entry.acts)},
      {"sure", word(entry.sure)},
      {"locked", entry.locked},
      {"source", entry.source},
      {"from", to_string(entry.from)},
      {"until", entry.until ? json::value(to_string(*entry.until)) : json::value(nullptr)},
      {"values", std::move(values)},
  };
}

std::string values_said(const RuleEntry& entry) {
  std::string said;
  for (const RuleValue& value : entry.values) {
    said += fmt::format("{}{} = {}", said.empty() ? "" : ", ", value.name, value.value);
  }
  return said;
}

void list_rules(bool as_json_wanted, const CommandLine& line) {
  if (as_json_wanted) {
    json::array sets;
    for (const auto& set : shipped_rule_sets()) {
      json::array entries;
      for (const RuleEntry& entry : set->entries()) entries.push_back(as_json(entry));
      sets.push_back(json::object{{"rule_set", set->name()},
                                  {"hash", to_hex(set->hash())},
                                  {"from", to_string(set->from())},
                                  {"rules", std::move(entries)}});
    }
    print_json(sets);
    return;
  }
  const Language language = line.for_people;
  for (const auto& set : shipped_rule_sets()) {
    fmt::print("{}\n", say(language, message::rule_set_in_force, set->name(), to_string(set->from()),
                           to_hex(set->hash())));
    for (const RuleEntry& entry : set->entries()) {
      fmt::print("{:<22} {:<8} {:<9} {} {}\n", word(entry.rule), word(entry.acts), word(entry.sure),
                 language == Language::de ? entry.title_de : entry.title_en,
                 entry.values.empty() ? "" : "(" + values_said(entry) + ")");
      fmt::print("{:<22} {}\n", "", entry.source);
    }
  }
  fmt::print("{}\n", say(language, message::rules_more));
}

void show_rule(Rule rule, bool as_json_wanted, const CommandLine& line) {
  json::array found;
  for (const auto& set : shipped_rule_sets()) {
    for (const RuleEntry& entry : set->entries()) {
      if (entry.rule != rule) continue;
      if (as_json_wanted) {
        json::object object = as_json(entry);
        object["rule_set"] = set->name();
        found.push_back(std::move(object));
        continue;
      }
      const Language language = line.for_people;
      const auto row = [&](const Message<>& name, std::string_view what) {
        fmt::print("  {:<12} {}\n", say(language, name), what);
      };
      fmt::print("{} · {}\n", word(rule), language == Language::de ? entry.title_de : entry.title_en);
      fmt::print("  {}\n", language == Language::de ? entry.text_de : entry.text_en);
      for (const RuleValue& value : entry.values) {
        row(message::value, fmt::format("{} = {} ({}{})", value.name, value.value, word(value.sure),
                                        value.locked ? ", " + say(language, message::locked) : ""));
      }
      row(message::acts, word(entry.acts));
      row(message::sure,
          fmt::format("{}{}", word(entry.sure), entry.locked ? ", " + say(language, message::locked) : ""));
      row(message::source, entry.source);
      row(message::valid, entry.until ? fmt::format("{} – {}", to_string(entry.from), to_string(*entry.until))
                                      : fmt::format("{} –", to_string(entry.from)));
      row(message::rule_set, set->name());
    }
  }
  if (as_json_wanted) print_json(found);
}

void list_holidays(int year, Calendar calendar, bool as_json_wanted, const CommandLine& line) {
  json::array days;
  for (CivilDate day = civil(year, 1, 1); day <= civil(year, 12, 31); day = day + 1) {
    const std::string_view name = holiday_name(day, calendar);
    if (name.empty()) continue;
    if (as_json_wanted) {
      days.push_back(json::object{{"date", to_string(day)}, {"name", name}});
    } else {
      fmt::print("{}\n", name_day(day, calendar, line.for_people));
    }
  }
  if (as_json_wanted) print_json(days);
}

json::object as_json(const RuleSet& set) {
  return {{"rule_set", set.name()}, {"hash", to_hex(set.hash())}, {"from", to_string(set.from())}};
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

json::object sentence_of(const RuleEntry* entry) {
  if (entry == nullptr) return {{"de", nullptr}, {"en", nullptr}};
  return {{"de", entry->text_de}, {"en", entry->text_en}};
}

json::array as_json(const std::vector<RuleDifference>& differences) {
  json::array rules;
  for (const RuleDifference& difference : differences) {
    json::array changes;
    for (const RuleChange& change : difference.changes) {
      changes.push_back(json::object{{"field", change.field},
                                     {"old", text_or_null(change.old_text)},
                                     {"new", text_or_null(change.new_text)}});
    }
    rules.push_back(json::object{
        {"rule", word(difference.rule)},
        {"from", to_string(difference.from)},
        {"changes", std::move(changes)},
        {"text", json::object{{"old", sentence_of(difference.old_entry)},
                              {"new", sentence_of(difference.new_entry)}}},
    });
  }
  return rules;
}

void print_difference(const RuleDifference& difference, Language language) {
  const RuleEntry& titled = difference.new_entry != nullptr ? *difference.new_entry : *difference.old_entry;
  fmt::print("{} · {} ({})\n", word(difference.rule),
             language == Language::de ? titled.title_de : titled.title_en,
             say(language, message::since, to_string(difference.from)));
  for (const RuleChange& change : difference.changes) {
    // The sentences stand below, whether they changed or not.
    if (change.field == "text_de" || change.field == "text_en") continue;
    fmt::print("  {}: {} → {}\n", change.field, change.old_text.value_or("-"), change.new_text.value_or("-"));
  }
  const auto sentence = [&](const Message<>& name, const RuleEntry* entry) {
    if (entry == nullptr) return;
    fmt::print("  {:<8} {}\n", say(language, name),
               language == Language::de ? entry->text_de : entry->text_en);
  };
  sentence(message::before, difference.old_entry);
  sentence(message::afterwards, difference.new_entry);
}

Exit tell_differences(const RuleSet& a, const RuleSet& b, bool as_json_wanted, const CommandLine& line) {
  const std::vector<RuleDifference> differences = differences_of(a, b);
  if (as_json_wanted) {
    print_json(json::object{{"old", as_json(a)}, {"new", as_json(b)}, {"rules", as_json(differences)}});
  } else {
    const Language language = line.for_people;
    for (const RuleSet* set : {&a, &b}) {
      fmt::print("{}\n", say(language, message::rule_set_in_force, set->name(), to_string(set->from()),
                             to_hex(set->hash())));
    }
    for (const RuleDifference& difference : differences) print_difference(difference, language);
    if (differences.empty()) {
      fmt::print("{}\n", say(language, message::every_rule_is_the_same));
    } else {
      fmt::print("{}\n", say(language, message::rules_differ, static_cast<int>(differences.size())));
    }
  }
  return differences.empty() ? Exit::done : Exit::refused;
}

}  // namespace

std::shared_ptr<const RuleSet> rule_set_called(const std::string& what) {
  const bool is_hash =
      what.size() >= hash_digits_min && what.find_first_not_of("0123456789abcdef") == std::string::npos;
  for (const auto& set : shipped_rule_sets()) {
    if (set->name() == what || (is_hash && to_hex(set->hash()).starts_with(what))) return set;
  }
  const std::string content = read_text(what).value_or("");
  if (content.empty()) {
    std::string known;
    for (const auto& set : shipped_rule_sets()) known += (known.empty() ? "" : ", ") + set->name();
    refuse_usage(fmt::format("expected a rule set ({}), its hash or a file, but it is '{}'", known, what));
  }
  try {
    return RuleSet::parse(content);
  } catch (const std::invalid_argument& wrong) {
    refuse_usage(fmt::format("expected {} to be a rule set, but: {}", what, wrong.what()));
  }
}

void add_rules(CommandLine& line) {
  struct Ask {
    std::string rule, land = "DE", a, b, provider, server;
    int year = 0;
    bool json = false;
  };
  auto ask = std::make_shared<Ask>();
  CLI::App* command = line.app.add_subcommand("rules", "The rule sets in force, with their sources");
  command->add_flag("--json", ask->json, "For programs");
  const auto add_provider = [&ask](CLI::App* app) {
    app->add_option("--provider", ask->provider, "As the service has them in force for this provider");
    add_server_option(*app, ask->server);
  };
  add_provider(command);
  CLI::App* show = command->add_subcommand("show", "One rule in full");
  add_provider(show);
  show->add_option("rule", ask->rule, "The rule's id, such as SMN-START")->required()->check(a_rule());
  show->add_flag("--json", ask->json, "For programs");
  CLI::App* diff = command->add_subcommand("diff", "How two rule sets differ, rule by rule");
  diff->add_option("a", ask->a, "Name or hash of a shipped set, or path of a file")->required();
  diff->add_option("b", ask->b, "The set to compare it with")->required();
  diff->add_flag("--json", ask->json, "For programs");
  CLI::App* holidays = command->add_subcommand("holidays", "The public holidays of a year");
  holidays->add_option("--year", ask->year, "The year")
      ->required()
      ->check(CLI::Range(first_holiday_year, last_holiday_year));
  holidays->add_option("--land", ask->land, "Of this Land (DE-BY); DE: those that hold everywhere")
      ->check(a_calendar());
  holidays->add_flag("--json", ask->json, "For programs");
  command->require_subcommand(0, 1);
  command->callback([ask, show, diff, holidays, &line] {
    if (diff->parsed()) {
      line.status = tell_differences(*rule_set_called(ask->a), *rule_set_called(ask->b), ask->json, line);
    } else if (holidays->parsed()) {
      list_holidays(ask->year, *parse_calendar(ask->land), ask->json, line);
    } else if (!ask->provider.empty()) {
      tell_rules_in_force({ask->provider, ask->server, parse_word<Rule>(ask->rule), ask->json}, line);
    } else if (show->parsed()) {
      show_rule(*parse_word<Rule>(ask->rule), ask->json, line);
    } else {
      list_rules(ask->json, line);
    }
  });
}

}  // namespace geleit
