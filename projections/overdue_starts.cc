// `overdue-starts`: SMN cases with a discharge, not ended, without a unit since. The row waits here from the
// discharge on; it stands in the answer from the day after `due_on` (SMN-START).
#include "projections/alerts.h"
#include "projections/read_models.h"

namespace geleit {

void derive_overdue_starts(const Subject& subject, Derived& out) {
  const Case& c = subject.c;
  if (subject.ended || subject.first_unit_on) return;
  const auto start = start_of(c, subject.rules);
  if (!start) return;
  OverdueStartRow row;
  row.id = c.id;
  row.discharged_on = *c.discharged_on;
  row.due_on = start->due_on;
  row.lead = c.lead;
  for (const Missed& m : c.missed) {
    if (!is_about(m, *start)) continue;
    row.alert = m.alert;
    row.raised_at = raised_at(m.acts_on);
    row.level = m.level;
    row.acknowledged = m.answer == AlertAnswer::acknowledged;
    if (m.answer == AlertAnswer::snoozed) row.snoozed_until = m.snoozed_until;
  }
  add_index(out, add_row(out, row), 1, row.due_on);
}

}  // namespace geleit
