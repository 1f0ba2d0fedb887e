// What the steps of a case go by besides its facts, for everybody who tells of them.
#pragma once

#include "projections/case.h"
#include "projections/rule_book.h"

namespace geleit {

/// The settings that the steps of a case and their checklists go by: of those that its events were judged by,
/// for the installation and for the provider each the ones with the latest `from` (late paper, judged by what
/// held in its day, does not bring old steps back). So they are the case's own, the same in every replay, and
/// what is adopted counts for a case from its next event on. Throws where one has not been read, which parks
/// the case that asked.
[[nodiscard]] SettingsInForce settings_of(const Case& c, const RuleBook& rules);

}  // namespace geleit
