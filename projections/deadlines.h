// The deadlines of a case (API.md, Deadlines): which there are, what met them, what made them moot. Whether
// one is open or missed depends on today and is told when asked.
#pragma once

#include <optional>
#include <vector>

#include "projections/row_codec.h"
#include "projections/rule_book.h"
#include "projections/rules/deadline.h"

namespace geleit {

enum class DeadlineState : std::uint8_t { open, met, missed, moot };
template <>
inline constexpr std::array<std::string_view, 4> words<DeadlineState>{"open", "met", "missed", "moot"};

/// Met on or before `acts_on`, missed from the day after; met late stays missed.
[[nodiscard]] DeadlineState state_on(const DeadlineRow& row, CivilDate today);
/// `acts_on` − today; none unless open.
[[nodiscard]] std::optional<int> days_left(const DeadlineRow& row, CivilDate today);
/// The tightest of its warnings that has come: so many working days before acts_on, or fewer, are left. None
/// unless open.
[[nodiscard]] std::optional<std::int32_t> warning_on(const DeadlineRow& row, CivilDate today);
/// True when the day after `acts_on` finds it missed, whenever that is.
[[nodiscard]] bool is_missed_once_due(const DeadlineRow& row);
/// The sentence for a case manager; `rules` is the set that the row names.
[[nodiscard]] std::string explain(const RuleSet& rules, const DeadlineRow& row, Language language);

/// SMN-START; none without a discharge.
[[nodiscard]] std::optional<DeadlineRow> start_of(const Case& c, const RuleBook& rules);
/// SMN-COMPLETE; none while its anchor has not happened.
[[nodiscard]] std::optional<DeadlineRow> completion_of(const Case& c, const RuleBook& rules);
/// ST-TOTAL: the window in which the case stands with its last unit; none without a unit. Nothing meets it.
[[nodiscard]] std::optional<DeadlineRow> total_of(const Case& c, const RuleBook& rules);
/// GKV-DECISION of one application or extension request of the case.
[[nodiscard]] DeadlineRow decision_of(const Case& c, std::size_t application, const RuleBook& rules);
/// GKV-OBJECTION of one denial of the case.
[[nodiscard]] DeadlineRow objection_of(const Case& c, std::size_t denial, const RuleBook& rules);
/// All of them in the order of their keys.
[[nodiscard]] std::vector<DeadlineRow> deadlines_of(const Case& c, const RuleBook& rules);

/// The set that an event of the case was judged by. The caller has made sure that it was read (asserted).
[[nodiscard]] const RuleSet& rules_at(const Case& c, JudgedIndex judged, const RuleBook& rules);

}  // namespace geleit
