#include "projections/rules/deadline.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "events/civil_time.h"

namespace geleit {
namespace {

/// A benefit window (CAL-NO-ROLL): it does not move; where the next working day is a later one, that is the
/// hint.
DeadlineDates window_until(CivilDate due_on, Calendar calendar) {
  const CivilDate working_day = roll(due_on, calendar);
  return {due_on, due_on, working_day == due_on ? std::nullopt : std::optional(working_day)};
}

/// A deadline for acting (CAL-ROLL).
DeadlineDates action_until(CivilDate due_on, Calendar calendar) {
  return {due_on, roll(due_on, calendar), std::nullopt};
}

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

const Message<std::string_view>& complete_anchor_said(CompleteAnchor anchor) {
  switch (anchor) {
    case CompleteAnchor::discharge: return message::discharged;
    case CompleteAnchor::first_unit: return message::first_unit;
    case CompleteAnchor::first_unit_after_discharge: return message::first_unit_after_discharge;
  }
  return message::first_unit_after_discharge;
}

/// The first sentence: anchor + span = last day as counted.
std::string counted(const RuleSet& rules, const DeadlineStory& story, Language language) {
  const RuleNumbers& numbers = rules.numbers();
  const auto day = [&](CivilDate date) { return name_day(date, story.calendar, language); };
  const std::string due = day(story.dates.due_on);
  const std::string anchor = day(story.anchor_on);

  if (story.rule == Rule::smn_start) {
    return say(language, message::start_by, say(language, message::discharged, anchor),
               days(language, numbers.smn_start_days), due);
  }
  if (story.rule == Rule::smn_complete) {
    return say(language, message::complete_by,
               say(language, complete_anchor_said(numbers.smn_complete_anchor), anchor),
               days(language, numbers.smn_complete_days), due);
  }
  if (story.rule == Rule::smn_prescriber_window) {
    return say(language, message::prescribe_by, say(language, message::discharged, anchor),
               days(language, numbers.smn_prescriber_window_days), due);
  }
  if (story.rule == Rule::gkv_decision) {
    const std::string received = say(language, message::received_by_insurer, anchor);
    if (story.sgb9 && story.expert) {
      return say(language, message::decide_by_sgb9_opinion, received,
                 weeks(language, numbers.gkv_sgb9_opinion_weeks),
                 months(language, numbers.gkv_sgb9_total_months), due);
    }
    if (story.sgb9) {
      return say(language, message::decide_by_sgb9, received,
                 weeks(language, numbers.gkv_sgb9_decision_weeks), due);
    }
    if (story.expert) {
      return say(language, message::decide_by_expert, received,
                 weeks(language, numbers.gkv_decision_expert_weeks), due);
    }
    return say(language, message::decide_by, received, weeks(language, numbers.gkv_decision_weeks), due);
  }
  if (story.rule == Rule::gkv_objection) {
    const int notice = rules.notice_days(story.anchor_on);
    const std::string notified = day(story.anchor_on + notice);
    if (story.instruction_given) {
      return say(language, message::object_by, anchor, notice, notified,
                 months(language, numbers.gkv_objection_months), due);
    }
    return say(language, message::object_by_no_instruction, anchor, notice, notified,
               years(language, numbers.gkv_objection_no_instruction_years), due);
  }
  assert(story.rule == Rule::st_total);
  return say(language, message::total_until, say(language, message::first_unit, anchor),
             years(language, numbers.st_total_years), due,
             std::to_string(numbers.st_total_minutes.value / minutes_per_unit));
}

}  // namespace

DeadlineDates start_deadline(const RuleSet& rules, CivilDate discharged_on, Calendar calendar) {
  return window_until(discharged_on + rules.numbers().smn_start_days, calendar);
}

DeadlineDates complete_deadline(const RuleSet& rules, CivilDate anchor_on,
                                std::optional<CivilDate> discharged_on, Calendar) {
  const int days = rules.numbers().smn_complete_days;
  DeadlineDates dates{anchor_on + days, anchor_on + days, std::nullopt};
  if (discharged_on) dates.hint_on = *discharged_on + days;
  return dates;
}

DeadlineDates prescriber_window_deadline(const RuleSet& rules, CivilDate discharged_on, Calendar calendar) {
  return window_until(discharged_on + rules.numbers().smn_prescriber_window_days, calendar);
}

DeadlineDates decision_deadline(const RuleSet& rules, CivilDate received_on, bool expert, Calendar calendar) {
  const RuleNumbers& numbers = rules.numbers();
  return action_until(
      add_weeks(received_on, expert ? numbers.gkv_decision_expert_weeks : numbers.gkv_decision_weeks),
      calendar);
}

DeadlineDates decision_deadline_sgb9(const RuleSet& rules, CivilDate received_on,
                                     std::optional<CivilDate> opinion_on, Calendar calendar) {
  const RuleNumbers& numbers = rules.numbers();
  if (!opinion_on) return action_until(add_weeks(received_on, numbers.gkv_sgb9_decision_weeks), calendar);
  return action_until(std::min(add_weeks(*opinion_on, numbers.gkv_sgb9_opinion_weeks),
                               add_months(received_on, numbers.gkv_sgb9_total_months)),
                      calendar);
}

DeadlineDates objection_deadline(const RuleSet& rules, CivilDate posted_on, bool instruction_given,
                                 Calendar calendar) {
  const RuleNumbers& numbers = rules.numbers();
  const CivilDate notified_on = posted_on + rules.notice_days(posted_on);
  return action_until(
      add_months(notified_on, instruction_given ? numbers.gkv_objection_months
                                                : 12 * numbers.gkv_objection_no_instruction_years),
      calendar);
}

DeadlineDates total_deadline(const RuleSet& rules, CivilDate first_unit_on, Calendar calendar) {
  return window_until(add_months(first_unit_on, 12 * rules.numbers().st_total_years), calendar);
}

std::string explain(const RuleSet& rules, const DeadlineStory& story, Language language) {
  std::string sentence = counted(rules, story, language);
  const auto day = [&](CivilDate date) { return name_day(date, story.calendar, language); };
  if (story.dates.acts_on != story.dates.due_on) {
    sentence += ' ' + say(language, message::rolled_to, day(story.dates.acts_on));
  }
  if (story.dates.hint_on) {
    const bool from_discharge = story.rule == Rule::smn_complete;
    sentence += ' ' + say(language, from_discharge ? message::counted_from_discharge : message::not_rolled,
                          day(*story.dates.hint_on));
  }
  return sentence;
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
