// REC-RETENTION: how long the records of a case are kept, and whether all of a person's may go.
#pragma once

#include <optional>
#include <span>

#include "projections/case.h"
#include "projections/rules/rule_set.h"

namespace geleit {

/// The last day on which the records of the case are kept: so many years from the end of the treatment, which
/// is the day it was closed, or of a unit delivered after that. None while it has not ended.
[[nodiscard]] std::optional<CivilDate> kept_until(const Case& c, const RuleSet& rules);

/// Of several cases of one person the longest; none while one of them has not ended. What `kept_until` gave
/// for each.
[[nodiscard]] std::optional<CivilDate> kept_longest(std::span<const std::optional<CivilDate>> cases);

/// Whether retention has passed on that day: the day after the last one is the first on which it has.
[[nodiscard]] inline bool may_go_on(CivilDate day, std::optional<CivilDate> kept) {
  return kept && day > *kept;
}

}  // namespace geleit
