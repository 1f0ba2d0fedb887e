// Every read model by name: one function each, in the file of its name. read_models.cc lists them.
#pragma once

#include "projections/read_model.h"

namespace geleit {

void derive_persons(const Case& c, const RuleBook& rules, Derived& out);
void derive_cases(const Case& c, const RuleBook& rules, Derived& out);
void derive_deadlines(const Case& c, const RuleBook& rules, Derived& out);
void derive_overdue_starts(const Case& c, const RuleBook& rules, Derived& out);
void derive_unit_balances(const Case& c, const RuleBook& rules, Derived& out);
void derive_tasks(const Case& c, const RuleBook& rules, Derived& out);
void derive_visits(const Case& c, const RuleBook& rules, Derived& out);
void derive_key_figures(const Case& c, const RuleBook& rules, Derived& out);

}  // namespace geleit
