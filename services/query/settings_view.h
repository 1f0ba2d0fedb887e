// `settings`: which rules, prices, targets, steps, checklists and teams are in force, for a provider or for
// all of them, and whose word each value is.
#pragma once

#include <string>
#include <string_view>

#include "projections/rule_book.h"
#include "projections/rules/catalogue.h"

namespace geleit {

/// The JSON of GET /v1/settings, or nothing while the shipped set of that day has not been read. `provider`
/// may be empty: what holds for whoever has set nothing.
[[nodiscard]] std::string settings_view(const RuleBook& rules, std::string_view provider, CivilDate on,
                                        Language language);

}  // namespace geleit
