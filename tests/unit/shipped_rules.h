// The newest of the rule sets that ship.
#pragma once

#include "projections/rules/rule_set.h"

namespace geleit::testing {

inline const RuleSet& shipped() { return *shipped_rule_sets().back(); }

}  // namespace geleit::testing
