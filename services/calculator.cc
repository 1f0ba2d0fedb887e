#include "services/calculator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "projections/rules/deadline.h"

namespace geleit {
namespace {

namespace json = boost::json;

// The calendar knows holidays from 1990 to 2100; a deadline may lie three years and some days after its
// anchor.
constexpr int first_year = 1990;
constexpr int last_year = 2100;
constexpr int last_anchor_year = 2096;
constexpr std::int64_t cost_cents_max = 100'000'000;

void print(const json::value& value) { std::puts(json::serialize(value).c_str()); }

CLI::Validator a_date() {
  return {[](const std::string& text) {
            return parse_date(text) ? ""
                                    : fmt::format("expected a date such as 2026-02-20, but it is '{}'", text);
          },
          "DATE"};
}

CLI::Validator a_calendar() {
  return {[](const std::string& text) {
            return parse_calendar(text) ? ""
                                        : fmt::format("expected DE or one of {}, but it is '{}'",
                                                      fmt::join(words<Land>, ", "), text);
          },
          "LAND"};
}

CLI::Validator a_rule() {
  return {[](const std::string& text) {
            return parse_word<Rule>(text) ? ""
                                          : fmt::format(
                                                "expected a rule such as SMN-START (`geleit rules` lists "
                                                "them), but it is '{}'",
                                                text);
          },
          "RULE"};
}

[[noreturn]] void refuse_usage(const std::string& expected_but) { throw CLI::ValidationError(expected_but); }

struct DeadlineAsk {
  std::string rule, date, land = "DE";
  bool expert = false, no_instruction = false, json = false;
};

constexpr std::array calculated{Rule::smn_start,    Rule::smn_complete,  Rule::smn_prescriber_window,
                                Rule::gkv_decision, Rule::gkv_objection, Rule::st_total};

DeadlineDates dates_of(const RuleSet& rules, const DeadlineStory& story) {
  if (story.rule == Rule::smn_start) return start_deadline(rules, story.anchor_on, story.calendar);
  if (story.rule == Rule::smn_complete) return complete_deadline(rules, story.anchor_on, {}, story.calendar);
  if (story.rule == Rule::smn_prescriber_window) {
    return prescriber_window_deadline(rules, story.anchor_on, story.calendar);
  }
  if (story.rule == Rule::gkv_decision) {
    return decision_deadline(rules, story.anchor_on, story.expert, story.calendar);
  }
  if (story.rule == Rule::gkv_objection) {
    return objection_deadline(rules, story.anchor_on, story.instruction_given, story.calendar);
  }
  return total_deadline(rules, story.anchor_on, story.calendar);
}

void tell_deadline(const DeadlineAsk& ask, const CommandLine& line) {
  DeadlineStory story;
  story.rule = *parse_word<Rule>(ask.rule);
  story.anchor_on = *parse_date(ask.date);
  story.calendar = *parse_calendar(ask.land);
  story.expert = ask.expert;
  story.instruction_given = !ask.no_instruction;
  if (std::find(calculated.begin(), calculated.end(), story.rule) == calculated.end()) {
    std::string known;
    for (const Rule rule : calculated) known += (known.empty() ? "" : ", ") + std::string(word(rule));
    refuse_usage(fmt::format("RULE: expected one of {}, but it is {}", known, ask.rule));
  }
  const int year = to_ymd(story.anchor_on).year;
  if (year < first_year || year > last_anchor_year) {
    refuse_usage(
        fmt::format("DATE: expected a year from {} to {}, but it is {}", first_year, last_anchor_year, year));
  }
  if (ask.expert && story.rule != Rule::gkv_decision) {
    refuse_usage(fmt::format("--expert: expected only with GKV-DECISION, but the rule is {}", ask.rule));
  }
  if (ask.no_instruction && story.rule != Rule::gkv_objection) {
    refuse_usage(
        fmt::format("--no-instruction: expected only with GKV-OBJECTION, but the rule is {}", ask.rule));
  }
  const std::shared_ptr<const RuleSet> rules = shipped_rule_set_on(story.anchor_on);
  story.dates = dates_of(*rules, story);

  if (ask.json) {
    print(json::object{
        {"rule", ask.rule},
        {"anchor", to_string(story.anchor_on)},
        {"due_on", to_string(story.dates.due_on)},
        {"acts_on", to_string(story.dates.acts_on)},
        {"hint_on",
         story.dates.hint_on ? json::value(to_string(*story.dates.hint_on)) : json::value(nullptr)},
        {"calendar", to_string(story.calendar)},
        {"rule_set", rules->name()},
        {"explanation", explain(*rules, story, line.for_programs)},
    });
    return;
  }
  const Language language = line.for_people;
  fmt::print("{} · {}\n", ask.rule, rules->title(story.rule, language));
  fmt::print("{}\n", explain(*rules, story, language));
  const auto row = [&](const Message<>& name, CivilDate date) {
    fmt::print("  {:<20} {}\n", say(language, name), name_day(date, story.calendar, language));
  };
  row(message::last_day, story.dates.due_on);
  if (story.dates.acts_on != story.dates.due_on) row(message::acts_until, story.dates.acts_on);
  if (story.dates.hint_on) row(message::hint_only, *story.dates.hint_on);
  fmt::print("  {:<20} {}\n", say(language, message::calendar), to_string(story.calendar));
  fmt::print("  {:<20} {} ({})\n", say(language, message::rule_set), rules->name(),
             rules->entry(story.rule, story.anchor_on).source);
}

struct CopayAsk {
  std::int64_t cents = 0;
  std::string on, born, exempt_from, exempt_until;
  bool json = false;
};

std::string euros(Cents cents, Language language) {
  return fmt::format("{}{}{:02} EUR", cents.value / 100, language == Language::de ? "," : ".",
                     cents.value % 100);
}

void tell_copay(const CopayAsk& ask, const CommandLine& line) {
  const CivilDate on = *parse_date(ask.on);
  const CivilDate born = *parse_date(ask.born);
  const std::optional<CivilDate> from = parse_date(ask.exempt_from);
  const std::optional<CivilDate> until = parse_date(ask.exempt_until);
  if (on < born) refuse_usage(fmt::format("--on: expected a day not before the birth, but it is {}", ask.on));
  if (from && until && *until < *from) {
    refuse_usage(fmt::format("--exempt-until: expected a day not before --exempt-from, but it is {}",
                             ask.exempt_until));
  }
  const bool exempt = (from || until) && (!from || on >= *from) && (!until || on <= *until);
  const std::shared_ptr<const RuleSet> rules = shipped_rule_set_on(on);
  const Cents due = copay(*rules, Cents{ask.cents}, on, born, exempt);
  if (ask.json) {
    print(json::object{{"copay", due.value}});
    return;
  }
  fmt::print("{}\n",
             say(line.for_people, message::copay_due, euros(due, line.for_people),
                 euros(Cents{ask.cents}, line.for_people), name_day(on, Calendar{}, line.for_people)));
  fmt::print("{}\n", rules->text(Rule::st_copay, line.for_people));
}

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
    print(sets);
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
  if (as_json_wanted) print(found);
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
  if (as_json_wanted) print(days);
}

}  // namespace

void add_deadline(CommandLine& line) {
  auto ask = std::make_shared<DeadlineAsk>();
  CLI::App* command = line.app.add_subcommand("deadline", "Compute a deadline: one rule, one anchor date");
  command
      ->add_option("rule", ask->rule,
                   "SMN-START, SMN-COMPLETE, SMN-PRESCRIBER-WINDOW, GKV-DECISION, "
                   "GKV-OBJECTION (DATE is the posting) or ST-TOTAL")
      ->required()
      ->check(a_rule());
  command->add_option("date", ask->date, "The anchor date, such as 2026-02-20")->required()->check(a_date());
  command->add_option("--land", ask->land, "Holidays of this Land (DE-BY); DE: those that hold everywhere")
      ->check(a_calendar());
  command->add_flag("--expert", ask->expert, "GKV-DECISION with an expert opinion");
  command->add_flag("--no-instruction", ask->no_instruction, "GKV-OBJECTION without instruction on remedies");
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] { tell_deadline(*ask, line); });
}

void add_copay(CommandLine& line) {
  auto ask = std::make_shared<CopayAsk>();
  CLI::App* command = line.app.add_subcommand("copay", "Compute the co-payment of one day (Soziotherapie)");
  command->add_option("cents", ask->cents, "The day's cost in cents")
      ->required()
      ->check(CLI::Range(std::int64_t{0}, cost_cents_max));
  command->add_option("--on", ask->on, "The day with a service")->required()->check(a_date());
  command->add_option("--born", ask->born, "Date of birth")->required()->check(a_date());
  command->add_option("--exempt-from", ask->exempt_from, "First day of the exemption (§ 62)")
      ->check(a_date());
  command->add_option("--exempt-until", ask->exempt_until, "Last day of the exemption")->check(a_date());
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] { tell_copay(*ask, line); });
}

void add_rules(CommandLine& line) {
  struct Ask {
    std::string rule, land = "DE";
    int year = 0;
    bool json = false;
  };
  auto ask = std::make_shared<Ask>();
  CLI::App* command = line.app.add_subcommand("rules", "The rule sets in force, with their sources");
  command->add_flag("--json", ask->json, "For programs");
  CLI::App* show = command->add_subcommand("show", "One rule in full");
  show->add_option("rule", ask->rule, "The rule's id, such as SMN-START")->required()->check(a_rule());
  show->add_flag("--json", ask->json, "For programs");
  CLI::App* holidays = command->add_subcommand("holidays", "The public holidays of a year");
  holidays->add_option("--year", ask->year, "The year")->required()->check(CLI::Range(first_year, last_year));
  holidays->add_option("--land", ask->land, "Of this Land (DE-BY); DE: those that hold everywhere")
      ->check(a_calendar());
  holidays->add_flag("--json", ask->json, "For programs");
  command->require_subcommand(0, 1);
  command->callback([ask, show, holidays, &line] {
    if (show->parsed()) {
      show_rule(*parse_word<Rule>(ask->rule), ask->json, line);
    } else if (holidays->parsed()) {
      list_holidays(ask->year, *parse_calendar(ask->land), ask->json, line);
    } else {
      list_rules(ask->json, line);
    }
  });
}

}  // namespace geleit
