// `unit-balances`: the minutes of each case (RULES.md, Balance).
#include "projections/unit_balances.h"
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

UnitBalanceRow balance_of(const Case& c, const Booking& booking) {
  UnitBalanceRow row;
  row.id = c.id;
  row.benefit = c.benefit;
  row.prescribed = minutes_of_units(c.units);
  for (const FollowUp& f : c.follow_ups) row.prescribed += minutes_of_units(f.units);
  for (const Application& a : c.applications) row.applied += minutes_of_units(a.units);
  for (const Approval& a : c.approvals) {
    if (!a.stands()) continue;
    row.approved += minutes_of_units(a.units);
    if (a.extension) row.extended += minutes_of_units(a.units);
  }
  const bool ended = is_ended(c);
  for (const Visit& v : c.visits) {
    if (v.state == VisitState::voided) row.voided += v.minutes;
    if (v.state == VisitState::scheduled && !ended) row.scheduled += v.minutes;
    if (!v.delivered()) continue;
    row.delivered += v.minutes;
    if (v.place == Place::home) row.at_home += v.minutes;
    if (is_preparatory(c, v)) row.preparatory += v.minutes;
    if (v.group_size > 1) row.group += v.minutes;
  }
  row.billable = booking.billable;
  row.at_risk = booking.at_risk;
  row.remaining = row.approved - row.billable;
  return row;
}

void derive_unit_balances(const Subject& subject, Derived& out) {
  const UnitBalanceRow row = balance_of(subject.c, subject.booking);
  add_index(out, add_row(out, row), 1, row.remaining.value);
}

}  // namespace geleit
