// The life of an alert:
//
//   open ─▶ acknowledged ─▶ snoozed ─▶ escalated ─▶ closed
//
// Each Missed event of a case raises one. Whether it holds follows from the case and its deadlines; what
// people and the service did with it (answers, levels, notices) are facts of their own. Its state on a day is
// computed when asked: closed, if what was missed holds no longer; else snoozed, until its day has come; else
// acknowledged, if that was the last answer; else escalated, if it went up a level; else open. A closed one
// whose cause returns is open again, with the answers it had.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "projections/deadlines.h"
#include "projections/row_codec.h"
#include "projections/rules/alert_policy.h"

namespace geleit {

enum class AlertState : std::uint8_t { open, acknowledged, snoozed, escalated, closed };
template <>
inline constexpr std::array<std::string_view, 5> words<AlertState>{"open", "acknowledged", "snoozed",
                                                                   "escalated", "closed"};

[[nodiscard]] AlertState state_on(const AlertRow& row, CivilDate today);
/// The state of an alert that is not closed.
[[nodiscard]] AlertState open_state_on(std::int32_t level, AlertAnswer answer, CivilDate snoozed_until,
                                       CivilDate today);

/// Whether that is the deadline that was missed, as it was opened then.
[[nodiscard]] inline bool is_about(const Missed& missed, const DeadlineRow& deadline) {
  return missed.rule == deadline.rule && missed.generation == deadline.generation;
}
/// Whether the alert holds, and if not, why. `deadlines` are all of the case.
[[nodiscard]] AlertClosed closed_by(const Case& c, std::span<const DeadlineRow> deadlines,
                                    const Missed& missed);
/// When an alert that holds goes up a level if nobody answers it until then; none: it is acknowledged, or at
/// the highest.
[[nodiscard]] std::optional<Instant> escalation_due(const Missed& missed, const AlertPolicy& policy,
                                                    Calendar calendar);

/// What the last notice of a channel at a level said: its number, 0 where there was none.
[[nodiscard]] const SentNotice* last_notice(std::span<const SentNotice> sent, std::string_view channel,
                                            std::int32_t level);
/// 00:00 of the day after the deadline's last day: when its alert is raised.
[[nodiscard]] Instant raised_at(CivilDate acts_on);

/// Columns that `alerts` are indexed by: when they were raised; and the same for those that are open, or of
/// which somebody was told that they are and nobody yet that they are not.
inline constexpr std::uint8_t alerts_by_raised = 1, alerts_unsettled = 2;
/// The policy that a case goes by, and the holidays that count for it.
struct CasePolicy {
  std::shared_ptr<const AlertPolicy> policy;
  Calendar calendar;
};
[[nodiscard]] CasePolicy alert_policy_of(const Case& c, const RuleBook& rules);

}  // namespace geleit
