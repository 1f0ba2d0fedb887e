// The rule sets that ship with the program enter the log as SettingsAdopted events of the installation's
// stream, first of all, so that every later event can name by hash what it was judged by.
#pragma once

#include "events/log.h"
#include "projections/projector.h"
#include "projections/rule_book.h"
#include "projections/rules/settings.h"
#include "services/clock.h"

namespace geleit {

/// Appends the shipped sets that the log does not hold yet and folds until they have been read back.
/// `projector` must have been prepared and stand still meanwhile. Throws LogUnavailable.
void adopt_shipped_rules(Log& log, Store& store, RuleBook& rules, Projector& projector, const Clock& clock);

}  // namespace geleit
