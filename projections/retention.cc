#include "projections/retention.h"

#include <algorithm>

#include "projections/rules/deadline.h"

namespace geleit {

std::optional<CivilDate> kept_until(const Case& c, const RuleSet& rules) {
  auto ended = closed_on(c);
  if (!ended) return std::nullopt;
  // Late paper: a unit after the end is treatment, too.
  for (const Visit& v : c.visits) {
    if (v.delivered()) ended = std::max(*ended, v.on);
  }
  // Invoices are kept to the end of a year, for fewer years: the later one counts.
  return std::max(retention_deadline(rules, *ended, false).due_on,
                  retention_deadline(rules, *ended, true).due_on);
}

std::optional<CivilDate> kept_longest(std::span<const std::optional<CivilDate>> cases) {
  std::optional<CivilDate> longest;
  for (const auto& one : cases) {
    if (!one) return std::nullopt;
    longest = std::max(longest, one);
  }
  return longest;
}

}  // namespace geleit
