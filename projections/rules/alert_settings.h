// What a provider or the installation has set about alerts: the member `alerts` of adopted settings
// (settings.h). What it makes of the policy that ships: alert_policy.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// 1: the team, 2: its lead, 3: the provider's management.
inline constexpr std::int32_t alert_levels = 3;
/// Warnings that one rule may have.
inline constexpr std::size_t warnings_max = 6;
/// Working days before the last day on which a warning may come.
inline constexpr std::int32_t warning_days_max = 90;
/// Working hours at one level.
inline constexpr std::int32_t escalate_hours_max = 240;
/// Urgent alerts that may be told one by one.
inline constexpr std::int32_t singles_limit = 100;
/// Days for which an alert may be snoozed.
inline constexpr std::int32_t snooze_days_limit = 90;

/// Whose deadlines stand in the table of deadlines: of these there can be alerts.
inline constexpr std::array alert_rules{Rule::smn_start, Rule::smn_complete, Rule::st_total,
                                        Rule::gkv_decision, Rule::gkv_objection};
[[nodiscard]] constexpr bool is_alert_rule(Rule rule) {
  for (const Rule one : alert_rules) {
    if (one == rule) return true;
  }
  return false;
}
[[nodiscard]] std::string alert_rule_ids();  ///< "SMN-START, SMN-COMPLETE, …"

/// Minutes since 00:00, wall clock of Berlin: 0 to 1439.
struct DayMinute {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(const DayMinute&, const DayMinute&) = default;
};
/// "07:30", nothing else; 00:00 to 23:59.
[[nodiscard]] std::optional<DayMinute> parse_day_minute(std::string_view text);
[[nodiscard]] std::string to_string(DayMinute at);  ///< "07:30"

/// When people are warned of a rule's deadlines.
struct RuleWarnings {
  Rule rule{};
  std::vector<std::int32_t> working_days;  ///< before acts_on; descending, each once; none: no warning
  friend bool operator==(const RuleWarnings&, const RuleWarnings&) = default;
};

/// Two times of a day.
struct DaySpan {
  DayMinute from, until;
  friend bool operator==(const DaySpan&, const DaySpan&) = default;
};
/// Whether a time lies within, the end excluded; a span whose end comes first runs over midnight, one without
/// length holds nothing.
[[nodiscard]] bool is_within(DayMinute at, const DaySpan& span);

/// Each member as it was set; what is absent stays as it ships.
struct AlertSettings {
  std::vector<RuleWarnings> warnings;  ///< only of these rules the warnings differ
  std::optional<std::vector<Rule>> urgent;
  std::optional<std::array<std::int32_t, alert_levels - 1>> escalate_after_hours;
  std::optional<DaySpan> work;   ///< from < until
  std::optional<DaySpan> quiet;  ///< may run over midnight; equal: none
  std::optional<bool> quiet_on_free_days;
  std::optional<DayMinute> digest_at;
  std::optional<std::int32_t> singles_max, snooze_days_max;
  std::optional<Land> land;
  friend bool operator==(const AlertSettings&, const AlertSettings&) = default;
};

}  // namespace geleit
