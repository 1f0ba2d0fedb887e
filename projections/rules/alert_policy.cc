#include "projections/rules/alert_policy.h"

#include <algorithm>
#include <cassert>

#include "events/civil_time.h"
#include "projections/rules/toml_fields.h"
#include "schema/embedded.h"

namespace geleit {

std::span<const EmbeddedFile> shipped_alert_files();

namespace {

constexpr std::string_view alerts_document = "alerts";
constexpr std::int32_t working_hour_minutes = 60;
constexpr std::int64_t working_minute_ms = 60'000;

// ---------------------------------------------------------------- the file

DayMinute read_day_minute(TomlFields& fields, std::string_view name) {
  const std::optional<DayMinute> at = parse_day_minute(fields.text(name));
  if (!at) fields.refuse(name, "a time of day such as 07:30");
  return *at;
}

/// Numbers from 1 to `most`.
std::vector<std::int32_t> read_numbers_to(TomlFields& fields, std::string_view name, std::int32_t most) {
  std::vector<std::int32_t> out;
  for (const int number : fields.numbers(name)) {
    if (number < 1 || number > most) fields.refuse(name, fmt::format("whole numbers from 1 to {}", most));
    out.push_back(number);
  }
  return out;
}

std::int32_t read_number_to(TomlFields& fields, std::string_view name, std::int32_t most) {
  const int number = fields.number(name);
  if (number < 1 || number > most) fields.refuse(name, fmt::format("a whole number from 1 to {}", most));
  return number;
}

RuleWarnings read_warnings(TomlFields& fields, Rule rule) {
  RuleWarnings warnings{rule, read_numbers_to(fields, word(rule), warning_days_max)};
  auto& days = warnings.working_days;
  std::sort(days.begin(), days.end(), std::greater<>());
  if (std::adjacent_find(days.begin(), days.end()) != days.end() || days.size() > warnings_max)
    fields.refuse(word(rule), fmt::format("at most {} days, each once", warnings_max));
  return warnings;
}

const toml::table& table_of(TomlFields& fields, std::string_view name) {
  const toml::table* table = fields.table_if_any(name);
  if (!table) fields.refuse(name, "a table");
  return *table;
}

// ---------------------------------------------------------------- settings over it

void put_over(AlertPolicy& policy, const AlertSettings& settings) {
  for (const RuleWarnings& set : settings.warnings) {
    const auto at = std::lower_bound(policy.warnings.begin(), policy.warnings.end(), set.rule,
                                     [](const RuleWarnings& one, Rule rule) { return one.rule < rule; });
    const bool known = at != policy.warnings.end() && at->rule == set.rule;
    if (set.working_days.empty()) {
      if (known) policy.warnings.erase(at);
    } else if (known) {
      at->working_days = set.working_days;
    } else {
      policy.warnings.insert(at, set);
    }
  }
  if (settings.urgent) policy.urgent = *settings.urgent;
  if (settings.escalate_after_hours) {
    for (std::size_t i = 0; i < policy.escalate_after_minutes.size(); ++i)
      policy.escalate_after_minutes[i] = (*settings.escalate_after_hours)[i] * working_hour_minutes;
  }
  if (settings.work) {
    policy.work_from = settings.work->from;
    policy.work_until = settings.work->until;
  }
  if (settings.quiet) {
    policy.quiet_from = settings.quiet->from;
    policy.quiet_until = settings.quiet->until;
  }
  if (settings.quiet_on_free_days) policy.quiet_on_free_days = *settings.quiet_on_free_days;
  if (settings.digest_at) policy.digest_at = *settings.digest_at;
  if (settings.singles_max) policy.singles_max = *settings.singles_max;
  if (settings.snooze_days_max) policy.snooze_days_max = *settings.snooze_days_max;
  if (settings.land) policy.land = settings.land;
}

// ---------------------------------------------------------------- times

Instant instant_of(CivilDate day, DayMinute at) {
  return berlin_time(day, at.value / working_hour_minutes, at.value % working_hour_minutes);
}

}  // namespace

std::shared_ptr<const AlertPolicy> AlertPolicy::parse(std::string_view content) {
  const toml::table table = read_toml(alerts_document, content);
  TomlFields fields(alerts_document, table, "document");
  auto policy = std::make_shared<AlertPolicy>();
  policy->name = fields.text("name");
  policy->from = fields.date("from");
  policy->urgent = fields.choices<Rule>("urgent");
  if (!std::all_of(policy->urgent.begin(), policy->urgent.end(), is_alert_rule))
    fields.refuse("urgent", "words of " + alert_rule_ids());
  const auto hours = read_numbers_to(fields, "escalate_after_hours", escalate_hours_max);
  if (hours.size() != policy->escalate_after_minutes.size())
    fields.refuse("escalate_after_hours", fmt::format("{} whole numbers", alert_levels - 1));
  for (std::size_t i = 0; i < hours.size(); ++i)
    policy->escalate_after_minutes[i] = hours[i] * working_hour_minutes;
  policy->digest_at = read_day_minute(fields, "digest_at");
  policy->singles_max = read_number_to(fields, "singles_max", singles_limit);
  policy->snooze_days_max = read_number_to(fields, "snooze_days_max", snooze_days_limit);

  const toml::table& warned_of = table_of(fields, "warnings");
  TomlFields warnings(alerts_document, warned_of, "warnings");
  for (const Rule rule : alert_rules) {
    if (warned_of.contains(word(rule))) policy->warnings.push_back(read_warnings(warnings, rule));
  }
  warnings.refuse_unknown();
  std::sort(policy->warnings.begin(), policy->warnings.end(),
            [](const RuleWarnings& a, const RuleWarnings& b) { return a.rule < b.rule; });

  TomlFields work(alerts_document, table_of(fields, "work"), "work");
  policy->work_from = read_day_minute(work, "from");
  policy->work_until = read_day_minute(work, "until");
  if (policy->work_from >= policy->work_until) work.refuse("until", "a time after from");
  work.refuse_unknown();

  TomlFields quiet(alerts_document, table_of(fields, "quiet"), "quiet");
  policy->quiet_from = read_day_minute(quiet, "from");
  policy->quiet_until = read_day_minute(quiet, "until");
  policy->quiet_on_free_days = quiet.yes_or_no("free_days");
  quiet.refuse_unknown();
  if (is_within(policy->digest_at, {policy->quiet_from, policy->quiet_until}))
    fields.refuse("digest_at", "a time outside quiet hours");
  fields.refuse_unknown();
  return policy;
}

const RuleWarnings* AlertPolicy::warnings_of(Rule rule) const {
  const auto found = std::find_if(warnings.begin(), warnings.end(),
                                  [&](const RuleWarnings& one) { return one.rule == rule; });
  return found == warnings.end() ? nullptr : &*found;
}

bool AlertPolicy::is_urgent(Rule rule) const {
  return std::find(urgent.begin(), urgent.end(), rule) != urgent.end();
}

const AlertPolicies& shipped_alert_policies() {
  static const AlertPolicies all = [] {
    AlertPolicies read;
    for (const EmbeddedFile& file : shipped_alert_files()) read.push_back(AlertPolicy::parse(file.bytes));
    std::sort(read.begin(), read.end(), [](const auto& a, const auto& b) { return a->from < b->from; });
    return read;
  }();
  return all;
}

const std::shared_ptr<const AlertPolicy>& in_force_on(CivilDate day, const AlertPolicies& policies) {
  const std::shared_ptr<const AlertPolicy>* found = &policies.front();
  for (const auto& policy : policies) {
    if (policy->from <= day) found = &policy;
  }
  return *found;
}

std::shared_ptr<const AlertPolicy> alert_policy(const SettingsInForce& settings, CivilDate day) {
  const std::shared_ptr<const AlertPolicy>& shipped = in_force_on(day, shipped_alert_policies());
  const auto sets = [](const std::shared_ptr<const Settings>& one) { return one && one->alerts(); };
  if (!sets(settings.installation) && !sets(settings.provider)) return shipped;
  auto policy = std::make_shared<AlertPolicy>(*shipped);
  for (const auto* one : {&settings.installation, &settings.provider}) {
    if (sets(*one)) put_over(*policy, *(*one)->alerts());
  }
  // Each by itself is sound, but the digest of one may lie in the quiet hours of the other.
  if (is_within(policy->digest_at, {policy->quiet_from, policy->quiet_until}))
    policy->digest_at = policy->quiet_until;
  return policy;
}

// ---------------------------------------------------------------- working time

CivilDate working_days_before(CivilDate day, std::int32_t count, Calendar calendar) {
  assert(count >= 0);
  while (count > 0) {
    day = day - 1;
    if (is_working_day(day, calendar)) --count;
  }
  return day;
}

std::int32_t working_days_between(CivilDate from, CivilDate until, Calendar calendar) {
  std::int32_t count = 0;
  for (CivilDate day = from + 1; day <= until; day = day + 1) {
    if (is_working_day(day, calendar)) ++count;
  }
  return count;
}

Instant add_working_minutes(Instant from, std::int32_t minutes, const AlertPolicy& policy,
                            Calendar calendar) {
  assert(minutes >= 0);
  assert(policy.work_from < policy.work_until);
  const Calendar counted = policy.calendar(calendar);
  std::int64_t left_ms = minutes * working_minute_ms;
  Instant at = from;
  for (CivilDate day = berlin_date(from); left_ms > 0; day = day + 1) {
    if (!is_working_day(day, counted)) continue;
    const Instant begin = std::max(at, instant_of(day, policy.work_from));
    const Instant end = instant_of(day, policy.work_until);
    if (begin >= end) continue;
    const std::int64_t worked_ms = std::min(left_ms, end.ms - begin.ms);
    at = {begin.ms + worked_ms};
    left_ms -= worked_ms;
  }
  return at;
}

namespace {

/// The end of the stretch of quiet hours that holds the instant; none: it lies in no such stretch.
std::optional<Instant> end_of_quiet_hours(Instant at, const AlertPolicy& policy) {
  const bool over_midnight = policy.quiet_from > policy.quiet_until;
  const CivilDate today = berlin_date(at);
  for (const CivilDate day : {today - 1, today}) {
    const Instant begin = instant_of(day, policy.quiet_from);
    const Instant end = instant_of(over_midnight ? day + 1 : day, policy.quiet_until);
    if (begin <= at && at < end) return end;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Instant> quiet_until(Instant at, bool urgent, const AlertPolicy& policy, Calendar calendar) {
  const bool free_days = policy.quiet_on_free_days && !urgent;
  const Calendar counted = policy.calendar(calendar);
  Instant end = at;
  // A free day may follow upon quiet hours, and quiet hours upon a free day.
  for (bool quiet = true; quiet;) {
    const CivilDate day = berlin_date(end);
    if (free_days && !is_working_day(day, counted)) {
      end = berlin_midnight(day + 1);
    } else if (const auto hours_end = end_of_quiet_hours(end, policy)) {
      end = *hours_end;
    } else {
      quiet = false;
    }
  }
  return end == at ? std::nullopt : std::optional(end);
}

Instant next_digest(Instant at, const AlertPolicy& policy, Calendar calendar) {
  const Calendar counted = policy.calendar(calendar);
  CivilDate day = berlin_date(at);
  while (!is_working_day(day, counted) || instant_of(day, policy.digest_at) < at) day = day + 1;
  return instant_of(day, policy.digest_at);
}

}  // namespace geleit
