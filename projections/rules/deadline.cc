#include "projections/rules/deadline.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "events/civil_time.h"

namespace geleit {
namespace {

constexpr int months_per_year = 12;

/// A day that nothing moves and that needs no hint.
DeadlineDates fixed_on(CivilDate day) { return {day, day, std::nullopt}; }

CivilDate working_day_before(CivilDate day, Calendar calendar) {
  do day = day - 1;
  while (!is_working_day(day, calendar));
  return day;
}

bool is_leap_day(CivilDate day) { return to_ymd(day).month == 2 && to_ymd(day).day == 29; }

/// "42 Tage", "1 Monat".
std::string count(Language language, int number, const Message<>& one, const Message<int>& many) {
  return number == 1 ? say(language, one) : say(language, many, number);
}
std::string days(Language language, int number) {
  return count(language, number, message::one_day, message::days);
}
std::string weeks(Language language, int number) {
  return count(language, number, message::one_week, message::weeks);
}
std::string months(Language language, int number) {
  return count(language, number, message::one_month, message::months);
}
std::string years(Language language, int number) {
  return count(language, number, message::one_year, message::years);
}
/// "6 Wochen (42 Tage)": people speak of weeks, the rule counts days.
std::string weeks_in_days(Language language, int number) {
  constexpr int days_per_week = 7;
  if (number == 0 || number % days_per_week != 0) return days(language, number);
  return say(language, message::weeks_in_days, weeks(language, number / days_per_week),
             days(language, number));
}

const Message<std::string_view>& complete_anchor_said(CompleteAnchor anchor) {
  switch (anchor) {
    case CompleteAnchor::discharge: return message::discharged;
    case CompleteAnchor::first_unit: return message::first_unit;
    case CompleteAnchor::first_unit_after_discharge: return message::first_unit_after_discharge;
  }
  return message::first_unit_after_discharge;
}

const Message<std::string_view>& total_anchor_said(StWindow window) {
  switch (window) {
    case StWindow::first_unit: return message::first_unit;
    case StWindow::first_referral:
    case StWindow::rolling: return message::period_begun;
  }
  return message::first_unit;
}

const decltype(message::total_until)& total_said(StWindow window) {
  switch (window) {
    case StWindow::first_unit: return message::total_until;
    case StWindow::first_referral: return message::total_until_or_referral;
    case StWindow::rolling: return message::total_rolling;
  }
  return message::total_until;
}

/// Tells one deadline: what the sentences about each rule have in common.
class Telling {
 public:
  Telling(const RuleSet& rules, const DeadlineStory& story, Language language)
      : rules_(rules), numbers_(rules.numbers()), story_(story), language_(language) {}

  /// From the anchor to the last day.
  [[nodiscard]] std::string counted() const {
    switch (family_of(story_.rule)) {
      case Family::smn: return counted_smn();
      case Family::st: return counted_st();
      case Family::gkv: return counted_gkv();
      case Family::cal: return counted_cal();
      case Family::rec: return counted_rec();
    }
    return {};
  }

  /// What weekends and holidays do to the last day; empty where they do nothing.
  [[nodiscard]] std::string moved() const {
    const DeadlineDates& dates = story_.dates;
    if (dates.acts_on != dates.due_on) return say(language_, message::rolled);
    if (story_.rule == Rule::cal_roll) return say(language_, message::stays);
    if (is_working_day(dates.due_on, story_.calendar)) {
      return story_.rule == Rule::cal_no_roll ? say(language_, message::stays) : std::string{};
    }
    if (story_.rule == Rule::gkv_notice) return say(language_, message::notified_on_any_day);
    const std::string before = day(working_day_before(dates.due_on, story_.calendar));
    if (story_.rule == Rule::smn_complete) return say(language_, message::not_rolled, before);
    if (dates.hint_on) return say(language_, message::not_rolled_hint, before, day(*dates.hint_on));
    return {};
  }

  [[nodiscard]] std::string hint() const {
    if (story_.rule != Rule::smn_complete || !story_.dates.hint_on) return {};
    return say(language_, message::counted_from_discharge, day(*story_.dates.hint_on));
  }

 private:
  enum class Family : std::uint8_t { smn, st, gkv, cal, rec };
  static Family family_of(Rule rule) {
    const std::string_view id = word(rule);
    if (id.starts_with("SMN-")) return Family::smn;
    if (id.starts_with("ST-")) return Family::st;
    if (id.starts_with("GKV-")) return Family::gkv;
    if (id.starts_with("CAL-")) return Family::cal;
    return Family::rec;
  }

  [[nodiscard]] std::string day(CivilDate date) const { return name_day(date, story_.calendar, language_); }
  [[nodiscard]] std::string anchor() const { return day(story_.anchor_on); }
  [[nodiscard]] std::string due() const { return day(story_.dates.due_on); }
  [[nodiscard]] std::string day_after() const { return day(story_.dates.due_on + 1); }
  /// "Fr 03.04.2026 (Karfreitag) → Di 07.04.2026", or the one day where nothing moves it.
  [[nodiscard]] std::string last_day() const {
    if (story_.dates.acts_on == story_.dates.due_on) return due();
    return say(language_, message::moves_to, due(), day(story_.dates.acts_on));
  }

  [[nodiscard]] std::string counted_smn() const {
    if (story_.rule == Rule::smn_start) {
      return say(language_, message::start_by, say(language_, message::discharged, anchor()),
                 weeks_in_days(language_, numbers_.smn_start_days), last_day());
    }
    if (story_.rule == Rule::smn_complete) {
      return say(language_, message::complete_by,
                 say(language_, complete_anchor_said(numbers_.smn_complete_anchor), anchor()),
                 weeks_in_days(language_, numbers_.smn_complete_days), last_day());
    }
    if (story_.rule == Rule::smn_prescriber_window) {
      return say(language_, message::prescribe_by, say(language_, message::discharged, anchor()),
                 weeks_in_days(language_, numbers_.smn_prescriber_window_days), last_day());
    }
    assert(story_.rule == Rule::smn_age);
    if (story_.severe) {
      return say(language_, message::first_unit_before_severe_age, anchor(), due(),
                 numbers_.smn_age_severe_years);
    }
    return say(language_, message::first_unit_before_age, anchor(), due(), day_after(),
               numbers_.smn_age_years, day(age_deadline(rules_, story_.anchor_on, true).due_on));
  }

  [[nodiscard]] std::string counted_st() const {
    if (story_.rule == Rule::st_copay) {
      return say(language_, message::copay_from, anchor(), due(), day_after(), numbers_.st_copay_age_years);
    }
    assert(story_.rule == Rule::st_total);
    return say(language_, total_said(numbers_.st_window),
               say(language_, total_anchor_said(numbers_.st_window), anchor()),
               years(language_, numbers_.st_total_years), last_day(),
               std::to_string(numbers_.st_total_minutes.value / minutes_per_unit));
  }

  [[nodiscard]] std::string counted_gkv() const {
    if (story_.rule == Rule::gkv_notice || story_.rule == Rule::gkv_objection) return counted_post();
    const std::string received = say(language_, message::received_by_insurer, anchor());
    if (story_.rule == Rule::gkv_fiction) {
      return say(language_, message::deemed_approved, received, last_day(), day(story_.dates.acts_on + 1));
    }
    assert(story_.rule == Rule::gkv_decision || story_.rule == Rule::gkv_decision_expert);
    if (story_.sgb9) return counted_sgb9(received);
    if (story_.expert || story_.rule == Rule::gkv_decision_expert) {
      return say(language_, message::decide_by_expert, received,
                 weeks(language_, numbers_.gkv_decision_expert_weeks), last_day());
    }
    return say(language_, message::decide_by, received, weeks(language_, numbers_.gkv_decision_weeks),
               last_day());
  }

  [[nodiscard]] std::string counted_sgb9(const std::string& received) const {
    if (!story_.expert) {
      return say(language_, message::decide_by_sgb9, received,
                 weeks(language_, numbers_.gkv_sgb9_decision_weeks), last_day());
    }
    // A deadline that ends before the two months ends so many weeks after the opinion.
    if (story_.dates.due_on == add_months(story_.anchor_on, numbers_.gkv_sgb9_total_months)) {
      return say(language_, message::decide_by_sgb9_in_all, received,
                 months(language_, numbers_.gkv_sgb9_total_months), last_day());
    }
    return say(language_, message::decide_by_sgb9_opinion, received,
               weeks(language_, numbers_.gkv_sgb9_opinion_weeks), last_day(),
               day(add_weeks(story_.dates.due_on, -numbers_.gkv_sgb9_opinion_weeks)));
  }

  [[nodiscard]] std::string counted_post() const {
    const int notice = rules_.notice_days(story_.anchor_on);
    const std::string posted =
        say(language_, message::posted_and_notified, anchor(), notice, day(story_.anchor_on + notice));
    if (story_.rule == Rule::gkv_notice) return posted;
    if (story_.instruction_given) {
      return say(language_, message::object_by, posted, months(language_, numbers_.gkv_objection_months),
                 last_day());
    }
    return say(language_, message::object_by_no_instruction, posted,
               years(language_, numbers_.gkv_objection_no_instruction_years), last_day());
  }

  [[nodiscard]] std::string counted_cal() const {
    if (story_.rule == Rule::cal_roll) return say(language_, message::action_ends, last_day());
    if (story_.rule == Rule::cal_no_roll) return say(language_, message::window_ends, last_day());
    if (story_.rule == Rule::cal_event_day) {
      return say(language_, message::days_counted, anchor(), days(language_, story_.count), due());
    }
    if (story_.rule == Rule::cal_weeks) {
      return say(language_, message::weeks_counted, anchor(), weeks(language_, story_.count), due());
    }
    if (story_.rule == Rule::cal_months) {
      const bool same_number = to_ymd(story_.anchor_on).day == to_ymd(story_.dates.due_on).day;
      return say(language_, same_number ? message::months_counted : message::months_counted_to_the_last,
                 anchor(), months(language_, story_.count), due());
    }
    assert(story_.rule == Rule::cal_birthday);
    std::string sentence = say(language_, message::year_of_life, anchor(), due(), day_after(), story_.count);
    if (is_leap_day(story_.anchor_on) && !is_leap_day(story_.dates.due_on + 1)) {
      sentence += ' ' + say(language_, message::no_29_february);
    }
    return sentence;
  }

  [[nodiscard]] std::string counted_rec() const {
    assert(story_.rule == Rule::rec_retention);
    if (story_.invoice) {
      return say(language_, message::keep_invoice, anchor(), years(language_, numbers_.rec_invoice_years),
                 due());
    }
    return say(language_, message::keep_treatment_records, anchor(),
               years(language_, numbers_.rec_treatment_years), due());
  }

  const RuleSet& rules_;
  const RuleNumbers& numbers_;
  const DeadlineStory& story_;
  Language language_;
};

}  // namespace

DeadlineDates window_deadline(CivilDate due_on, Calendar calendar) {
  const CivilDate working_day = roll(due_on, calendar);
  return {due_on, due_on, working_day == due_on ? std::nullopt : std::optional(working_day)};
}

DeadlineDates action_deadline(CivilDate due_on, Calendar calendar) {
  return {due_on, roll(due_on, calendar), std::nullopt};
}

DeadlineDates start_deadline(const RuleSet& rules, CivilDate discharged_on, Calendar calendar) {
  return window_deadline(discharged_on + rules.numbers().smn_start_days, calendar);
}

DeadlineDates complete_deadline(const RuleSet& rules, CivilDate anchor_on,
                                std::optional<CivilDate> discharged_on, Calendar) {
  const int days = rules.numbers().smn_complete_days;
  DeadlineDates dates = fixed_on(anchor_on + days);
  if (discharged_on) dates.hint_on = *discharged_on + days;
  return dates;
}

DeadlineDates prescriber_window_deadline(const RuleSet& rules, CivilDate discharged_on, Calendar calendar) {
  return window_deadline(discharged_on + rules.numbers().smn_prescriber_window_days, calendar);
}

DeadlineDates decision_deadline(const RuleSet& rules, CivilDate received_on, bool expert, Calendar calendar) {
  const RuleNumbers& numbers = rules.numbers();
  return action_deadline(
      add_weeks(received_on, expert ? numbers.gkv_decision_expert_weeks : numbers.gkv_decision_weeks),
      calendar);
}

DeadlineDates decision_deadline_sgb9(const RuleSet& rules, CivilDate received_on,
                                     std::optional<CivilDate> opinion_on, Calendar calendar) {
  const RuleNumbers& numbers = rules.numbers();
  if (!opinion_on) return action_deadline(add_weeks(received_on, numbers.gkv_sgb9_decision_weeks), calendar);
  return action_deadline(std::min(add_weeks(*opinion_on, numbers.gkv_sgb9_opinion_weeks),
                                  add_months(received_on, numbers.gkv_sgb9_total_months)),
                         calendar);
}

DeadlineDates objection_deadline(const RuleSet& rules, CivilDate posted_on, bool instruction_given,
                                 Calendar calendar) {
  const RuleNumbers& numbers = rules.numbers();
  return action_deadline(
      add_months(notice_deadline(rules, posted_on).due_on,
                 instruction_given ? numbers.gkv_objection_months
                                   : months_per_year * numbers.gkv_objection_no_instruction_years),
      calendar);
}

DeadlineDates notice_deadline(const RuleSet& rules, CivilDate posted_on) {
  return fixed_on(posted_on + rules.notice_days(posted_on));
}

DeadlineDates total_deadline(const RuleSet& rules, CivilDate first_unit_on, Calendar calendar) {
  return window_deadline(add_months(first_unit_on, months_per_year * rules.numbers().st_total_years),
                         calendar);
}

DeadlineDates age_deadline(const RuleSet& rules, CivilDate born, bool severe) {
  const RuleNumbers& numbers = rules.numbers();
  return fixed_on(birthday(born, severe ? numbers.smn_age_severe_years : numbers.smn_age_years) - 1);
}

DeadlineDates no_copay_deadline(const RuleSet& rules, CivilDate born) {
  return fixed_on(birthday(born, rules.numbers().st_copay_age_years) - 1);
}

DeadlineDates retention_deadline(const RuleSet& rules, CivilDate from, bool invoice) {
  const RuleNumbers& numbers = rules.numbers();
  if (invoice) return fixed_on(civil(to_ymd(from).year + numbers.rec_invoice_years, 12, 31));
  return fixed_on(add_months(from, months_per_year * numbers.rec_treatment_years));
}

DeadlineDates counted_deadline(Rule rule, CivilDate from, int count) {
  if (rule == Rule::cal_event_day) return fixed_on(from + count);
  if (rule == Rule::cal_weeks) return fixed_on(add_weeks(from, count));
  if (rule == Rule::cal_months) return fixed_on(add_months(from, count));
  assert(rule == Rule::cal_birthday);
  return fixed_on(birthday(from, count) - 1);
}

std::string explain(const RuleSet& rules, const DeadlineStory& story, Language language) {
  const Telling telling(rules, story, language);
  std::string sentences = telling.counted();
  for (const std::string& more : {telling.moved(), telling.hint()}) {
    if (!more.empty()) sentences += ' ' + more;
  }
  return sentences;
}

Cents copay(const RuleSet& rules, Cents cost, CivilDate on, CivilDate born, bool exempt) {
  const RuleNumbers& numbers = rules.numbers();
  if (exempt || cost.value <= 0 || !has_completed(born, numbers.st_copay_age_years, on)) return Cents{0};
  // The highest co-payment is reached long before a cost at which the product could overflow.
  const std::int64_t capped = std::min(cost.value, numbers.st_copay_max.value * 100);
  const Cents share{(capped * numbers.st_copay_percent + 50) / 100};
  return std::min(cost, std::clamp(share, numbers.st_copay_min, numbers.st_copay_max));
}

std::string name_day(CivilDate day, Calendar calendar, Language language) {
  constexpr std::array<std::string_view, 7> de{"Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"};
  constexpr std::array<std::string_view, 7> en{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const auto weekday = static_cast<std::size_t>(weekday_of(day));
  const YearMonthDay ymd = to_ymd(day);
  std::string text = language == Language::de
                         ? fmt::format("{} {:02}.{:02}.{}", de[weekday], ymd.day, ymd.month, ymd.year)
                         : fmt::format("{} {}", en[weekday], to_string(day));
  if (const std::string_view holiday = holiday_name(day, calendar); !holiday.empty()) {
    text += fmt::format(" ({})", holiday);
  }
  return text;
}

}  // namespace geleit
