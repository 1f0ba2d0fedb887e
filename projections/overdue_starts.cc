// `overdue-starts`: SMN cases with a discharge, not ended, without a unit since. The row waits here from the
// discharge on; it stands in the answer from the day after `due_on` (SMN-START).
#include "events/civil_time.h"
#include "projections/deadlines.h"
#include "projections/read_models.h"

namespace geleit {

void derive_overdue_starts(const Case& c, const RuleBook& rules, Derived& out) {
  if (is_ended(c) || first_unit_on(c)) return;
  const auto start = start_of(c, rules);
  if (!start) return;
  OverdueStartRow row;
  row.id = c.id;
  row.discharged_on = *c.discharged_on;
  row.due_on = start->due_on;
  row.lead = c.lead;
  for (const Missed& m : c.missed) {
    if (m.rule != Rule::smn_start || m.generation != start->generation) continue;
    row.alert = m.alert;
    row.raised_at = berlin_midnight(m.acts_on + 1);
  }
  out.rows.push_back({key_of(c.id), encode(row), {{1, order_key(row.due_on)}}});
}

}  // namespace geleit
