// Due dates as keys: what will have to be recorded once its time has come, in the order of that time. A row
// waits from the moment that it can come true, and is gone when it was recorded or cannot come true any more.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "projections/reading.h"
#include "projections/row_codec.h"
#include "projections/rule_book.h"

namespace geleit {

/// The column that `timers` are indexed by.
inline constexpr std::uint8_t timers_by_due = 1;

/// What is still to be recorded about a case.
[[nodiscard]] std::vector<TimerRow> timers_of(const Case& c, const RuleBook& rules);

/// Those of all cases that are due at `until` or before, oldest first, at most so many.
[[nodiscard]] std::vector<TimerRow> due_timers(const Reading& reading, Instant until, std::size_t most);
/// When the next one after `now` is due; none: nothing waits.
[[nodiscard]] std::optional<Instant> next_due(const Reading& reading, Instant now);
/// The rows that the tables hold of a case.
[[nodiscard]] std::vector<TimerRow> stored_timers(const Reading& reading, std::string_view provider,
                                                  const CaseId& id);

}  // namespace geleit
