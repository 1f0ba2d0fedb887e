// How alerts behave, where no rule of the benefits says so: which deadlines are warned of and when, what is
// urgent, when an unanswered alert goes one level up, when people want quiet. What ships lies in
// schema/alerts/*.toml (assumptions about good practice); a provider changes it by adopted settings, member
// `alerts` (schema/README.md, Settings).
//
//   shipped file of the day ── installation's `alerts` ── provider's `alerts` ─▶ AlertPolicy
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"
#include "events/rule.h"
#include "projections/rules/alert_settings.h"
#include "projections/rules/calendar.h"
#include "projections/rules/settings.h"

namespace geleit {

struct AlertPolicy {
  std::string name;                    ///< of the file that ships: "2026-01"
  CivilDate from;                      ///< its first day
  std::vector<RuleWarnings> warnings;  ///< by number of the rule; rules that are not here are not warned of
  std::vector<Rule> urgent;            ///< told one by one and at once; others by the digest
  /// Working minutes without an answer at level 1, 2 before it goes up.
  std::array<std::int32_t, alert_levels - 1> escalate_after_minutes{};
  DayMinute work_from, work_until;    ///< of a working day; from < until
  DayMinute quiet_from, quiet_until;  ///< may run over midnight; equal: none
  bool quiet_on_free_days = true;     ///< weekends and holidays are quiet altogether, but for what is urgent
  DayMinute digest_at;                ///< on working days; never within quiet hours
  std::int32_t singles_max = 0;       ///< more urgent ones than that at once go as one message
  std::int32_t snooze_days_max = 0;
  std::optional<Land> land;  ///< whose holidays count; none: those of the case's Land

  /// Reads one TOML document. Throws std::invalid_argument naming the field that is missing or wrong.
  static std::shared_ptr<const AlertPolicy> parse(std::string_view toml);

  [[nodiscard]] const RuleWarnings* warnings_of(Rule rule) const;  ///< null: not warned of
  [[nodiscard]] bool is_urgent(Rule rule) const;
  /// Whose holidays count: the provider's own, else those of the case.
  [[nodiscard]] Calendar calendar(Calendar of_case) const { return land ? Calendar{land} : of_case; }
};

/// Oldest first (by `from`), at least one.
using AlertPolicies = std::vector<std::shared_ptr<const AlertPolicy>>;
/// The one in force on that day; the oldest one before the first.
[[nodiscard]] const std::shared_ptr<const AlertPolicy>& in_force_on(CivilDate day,
                                                                    const AlertPolicies& policies);
/// The files built into this program.
[[nodiscard]] const AlertPolicies& shipped_alert_policies();

/// What ships on that day, changed by the installation's settings, then by the provider's: member by member,
/// warnings rule by rule. A digest that lies within quiet hours comes when they end. Never null. Where nobody
/// has set anything about alerts it is the shipped one itself, and nothing is copied.
[[nodiscard]] std::shared_ptr<const AlertPolicy> alert_policy(const SettingsInForce& settings, CivilDate day);

// ---------------------------------------------------------------- working time
//
// Functions that take a policy count its own `land` before the calendar they are given.

/// The day that lies so many working days before `day`, which need not be one: 1 is the last working day
/// before it, 0 the day itself. Example: 2 working days before Good Friday 2026-04-03 is Wednesday
/// 2026-04-01. For what is warned of, give policy.calendar(…).
[[nodiscard]] CivilDate working_days_before(CivilDate day, std::int32_t count, Calendar calendar);
/// Working days from the day after `from` to `until`, inclusive; 0 where `until` is not later.
[[nodiscard]] std::int32_t working_days_between(CivilDate from, CivilDate until, Calendar calendar);
/// The first instant by which so many minutes of working time have passed since `from`. Working hours
/// 08:00–17:00: 8 hours from Thursday 2026-04-02, 16:00 have passed on Tuesday 2026-04-07, 15:00 (Friday and
/// Monday are holidays). Berlin's clock changes on Sundays, which are no working days, so a working day has
/// the same minutes all year.
[[nodiscard]] Instant add_working_minutes(Instant from, std::int32_t minutes, const AlertPolicy& policy,
                                          Calendar calendar);
/// Whether people want quiet at that instant, and until when; none: they do not. What is urgent waits for
/// quiet hours only, not for free days. Where the clock skips an end of quiet hours, it is the moment after
/// the gap; where it is doubled, the first of the two.
[[nodiscard]] std::optional<Instant> quiet_until(Instant at, bool urgent, const AlertPolicy& policy,
                                                 Calendar calendar);
/// The first digest at or after an instant: at digest_at of a working day.
[[nodiscard]] Instant next_digest(Instant at, const AlertPolicy& policy, Calendar calendar);

}  // namespace geleit
