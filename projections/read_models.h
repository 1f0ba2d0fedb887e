// Every read model by name: one function each, in the file of its name. read_models.cc lists them.
#pragma once

#include <cstdint>

#include "projections/read_model.h"

namespace geleit {

void derive_persons(const Subject& subject, Derived& out);
void derive_cases(const Subject& subject, Derived& out);
void derive_deadlines(const Subject& subject, Derived& out);
void derive_overdue_starts(const Subject& subject, Derived& out);
void derive_unit_balances(const Subject& subject, Derived& out);
void derive_tasks(const Subject& subject, Derived& out);
/// The columns that `tasks` are indexed by: due_on, but tasks that begin or end with the day they are due
/// have columns of their own (SortColumn).
inline constexpr std::uint8_t tasks_by_due = 1, tasks_once_due = 2, tasks_until_due = 3;
void derive_visits(const Subject& subject, Derived& out);
void derive_key_figures(const Subject& subject, Derived& out);
void derive_alerts(const Subject& subject, Derived& out);
void derive_timers(const Subject& subject, Derived& out);

}  // namespace geleit
