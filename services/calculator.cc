#include "services/calculator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>

#include "events/civil_time.h"
#include "projections/rules/deadline.h"
#include "services/rule_options.h"

namespace geleit {
namespace {

namespace json = boost::json;

// A deadline that rolls lies three years and some days after its anchor at most, and its holidays are known.
constexpr int first_birth_year = 1900;
constexpr int last_anchor_year = 2096;
constexpr int count_max = 1000;
constexpr std::int64_t cost_cents_max = 100'000'000;

struct DeadlineAsk {
  std::string rule, date, land = "DE";
  std::string regime, opinion_on, discharged_on;
  int count = 0;
  bool expert = false, no_instruction = false, severe = false, invoice = false, json = false;
};

/// The rules that yield a date; those without one (SMN-HOME) are no part of the calculator.
constexpr std::array calculated{Rule::smn_start,
                                Rule::smn_complete,
                                Rule::smn_prescriber_window,
                                Rule::smn_age,
                                Rule::st_total,
                                Rule::st_copay,
                                Rule::gkv_decision,
                                Rule::gkv_decision_expert,
                                Rule::gkv_fiction,
                                Rule::gkv_notice,
                                Rule::gkv_objection,
                                Rule::cal_event_day,
                                Rule::cal_birthday,
                                Rule::cal_weeks,
                                Rule::cal_months,
                                Rule::cal_roll,
                                Rule::cal_no_roll,
                                Rule::rec_retention};

std::string calculated_rules() {
  std::string known;
  for (const Rule rule : calculated) known += (known.empty() ? "" : ", ") + std::string(word(rule));
  return known;
}

bool is_from_birth(Rule rule) {
  return rule == Rule::smn_age || rule == Rule::st_copay || rule == Rule::cal_birthday;
}
bool is_counted(Rule rule) {
  return rule == Rule::cal_event_day || rule == Rule::cal_weeks || rule == Rule::cal_months ||
         rule == Rule::cal_birthday;
}

DeadlineDates dates_of(const RuleSet& rules, const DeadlineStory& story, const DeadlineAsk& ask) {
  const CivilDate anchor = story.anchor_on;
  const Calendar calendar = story.calendar;
  if (is_counted(story.rule)) return counted_deadline(story.rule, anchor, story.count);
  if (story.rule == Rule::smn_start) return start_deadline(rules, anchor, calendar);
  if (story.rule == Rule::smn_complete) {
    return complete_deadline(rules, anchor, parse_date(ask.discharged_on), calendar);
  }
  if (story.rule == Rule::smn_prescriber_window) return prescriber_window_deadline(rules, anchor, calendar);
  if (story.rule == Rule::smn_age) return age_deadline(rules, anchor, story.severe);
  if (story.rule == Rule::st_total) return total_deadline(rules, anchor, calendar);
  if (story.rule == Rule::st_copay) return no_copay_deadline(rules, anchor);
  if (story.rule == Rule::gkv_notice) return notice_deadline(rules, anchor);
  if (story.rule == Rule::gkv_objection) {
    return objection_deadline(rules, anchor, story.instruction_given, calendar);
  }
  if (story.rule == Rule::cal_roll) return action_deadline(anchor, calendar);
  if (story.rule == Rule::cal_no_roll) return window_deadline(anchor, calendar);
  if (story.rule == Rule::rec_retention) return retention_deadline(rules, anchor, story.invoice);
  if (story.sgb9) return decision_deadline_sgb9(rules, anchor, parse_date(ask.opinion_on), calendar);
  return decision_deadline(rules, anchor, story.expert, calendar);
}

/// Refuses an option that was given but says nothing about the rule.
void refuse_unless(bool given, bool fits, std::string_view option, std::string_view with) {
  if (given && !fits) refuse_usage(fmt::format("{}: expected only with {}, but it is not", option, with));
}

void refuse_unfit_options(const DeadlineAsk& ask, const DeadlineStory& story) {
  const Rule rule = story.rule;
  refuse_unless(ask.expert, (rule == Rule::gkv_decision && !story.sgb9) || rule == Rule::gkv_fiction,
                "--expert", "GKV-DECISION under Sgb5_13_3a or GKV-FICTION");
  refuse_unless(!ask.regime.empty(), rule == Rule::gkv_decision, "--regime", "GKV-DECISION");
  refuse_unless(!ask.opinion_on.empty(), story.sgb9, "--opinion-on", "--regime Sgb9_14_18");
  refuse_unless(ask.no_instruction, rule == Rule::gkv_objection, "--no-instruction", "GKV-OBJECTION");
  refuse_unless(ask.severe, rule == Rule::smn_age, "--severe", "SMN-AGE");
  refuse_unless(ask.invoice, rule == Rule::rec_retention, "--invoice", "REC-RETENTION");
  refuse_unless(!ask.discharged_on.empty(), rule == Rule::smn_complete, "--discharged-on", "SMN-COMPLETE");
  refuse_unless(ask.count != 0, is_counted(rule), "--count",
                "CAL-EVENT-DAY, CAL-WEEKS, CAL-MONTHS or CAL-BIRTHDAY");
  if (is_counted(rule) && ask.count == 0) {
    refuse_usage(fmt::format("--count: expected with {}, but it is missing", ask.rule));
  }
  if (const auto opinion_on = parse_date(ask.opinion_on); opinion_on && *opinion_on < story.anchor_on) {
    refuse_usage(
        fmt::format("--opinion-on: expected a day not before the receipt, but it is {}", ask.opinion_on));
  }
}

/// What was asked, once it makes sense; `dates` are still to be computed.
DeadlineStory story_of(const DeadlineAsk& ask) {
  DeadlineStory story;
  story.rule = *parse_word<Rule>(ask.rule);
  story.anchor_on = *parse_date(ask.date);
  story.calendar = *parse_calendar(ask.land);
  story.sgb9 = ask.regime == word(Regime::sgb9_14_18);
  story.expert = ask.expert || story.rule == Rule::gkv_decision_expert || !ask.opinion_on.empty();
  story.instruction_given = !ask.no_instruction;
  story.severe = ask.severe;
  story.invoice = ask.invoice;
  story.count = ask.count;
  if (std::find(calculated.begin(), calculated.end(), story.rule) == calculated.end()) {
    refuse_usage(fmt::format("RULE: expected one of {}, but it is {}", calculated_rules(), ask.rule));
  }
  const int year = to_ymd(story.anchor_on).year;
  const int first = is_from_birth(story.rule) ? first_birth_year : first_holiday_year;
  if (year < first || year > last_anchor_year) {
    refuse_usage(
        fmt::format("DATE: expected a year from {} to {}, but it is {}", first, last_anchor_year, year));
  }
  refuse_unfit_options(ask, story);
  return story;
}

void tell_deadline(const DeadlineAsk& ask, const CommandLine& line) {
  DeadlineStory story = story_of(ask);
  const std::shared_ptr<const RuleSet> rules = shipped_rule_set_on(story.anchor_on);
  story.dates = dates_of(*rules, story, ask);

  if (ask.json) {
    print_json(json::object{
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
    print_json(json::object{{"copay", due.value}});
    return;
  }
  fmt::print("{}\n",
             say(line.for_people, message::copay_due, euros(due, line.for_people),
                 euros(Cents{ask.cents}, line.for_people), name_day(on, Calendar{}, line.for_people)));
  fmt::print("{}\n", rules->text(Rule::st_copay, line.for_people));
}

}  // namespace

void add_deadline(CommandLine& line) {
  auto ask = std::make_shared<DeadlineAsk>();
  CLI::App* command = line.app.add_subcommand("deadline", "Compute a deadline: one rule, one anchor date");
  command->add_option("rule", ask->rule, "One of " + calculated_rules())->required()->check(a_rule());
  command
      ->add_option(
          "date", ask->date,
          "The anchor date, such as 2026-02-20: discharge (SMN-START, SMN-PRESCRIBER-WINDOW), first "
          "unit (SMN-COMPLETE, ST-TOTAL), birth (SMN-AGE, ST-COPAY, CAL-BIRTHDAY), receipt "
          "(GKV-DECISION, GKV-DECISION-EXPERT, GKV-FICTION), posting (GKV-NOTICE, GKV-OBJECTION), event "
          "(CAL-EVENT-DAY, CAL-WEEKS, CAL-MONTHS), last day (CAL-ROLL, CAL-NO-ROLL), end of treatment "
          "(REC-RETENTION)")
      ->required()
      ->check(a_date());
  command->add_option("--land", ask->land, "Holidays of this Land (DE-BY); DE: those that hold everywhere")
      ->check(a_calendar());
  command->add_flag("--expert", ask->expert, "GKV-DECISION, GKV-FICTION with an expert opinion");
  command
      ->add_option("--regime", ask->regime,
                   "GKV-DECISION: Sgb5_13_3a (§ 13(3a) SGB V, default) or Sgb9_14_18 (§§ 14–18 SGB IX)")
      ->check(CLI::IsMember(std::vector<std::string>(words<Regime>.begin(), words<Regime>.end())));
  command->add_option("--opinion-on", ask->opinion_on, "Day of the expert opinion under Sgb9_14_18")
      ->check(a_date());
  command->add_flag("--no-instruction", ask->no_instruction, "GKV-OBJECTION without instruction on remedies");
  command
      ->add_option("--discharged-on", ask->discharged_on,
                   "SMN-COMPLETE: the discharge, for the earlier warning (hint_on)")
      ->check(a_date());
  command->add_flag("--severe", ask->severe, "SMN-AGE in an especially severe case");
  command->add_flag("--invoice", ask->invoice, "REC-RETENTION of an invoice of that date");
  command
      ->add_option("--count", ask->count,
                   "So many days (CAL-EVENT-DAY), weeks (CAL-WEEKS), months (CAL-MONTHS) or years of life "
                   "(CAL-BIRTHDAY)")
      ->check(CLI::Range(1, count_max));
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

}  // namespace geleit
