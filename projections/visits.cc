// `visits`: every visit of a case. While the case is ended its scheduled visits show as cancelled.
#include "projections/booking.h"
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

void derive_visits(const Case& c, const RuleBook&, Derived& out) {
  if (c.visits.empty()) return;
  const Booking booking = book(c);
  const bool ended = is_ended(c);
  out.rows.reserve(out.rows.size() + c.visits.size());
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    const Visit& v = c.visits[i];
    VisitRow row;
    row.case_id = c.id;
    row.visit = v.id;
    row.state = ended && v.state == VisitState::scheduled ? VisitState::cancelled : v.state;
    row.starts_at = v.starts_at;
    row.minutes = v.minutes;
    if (v.staff < c.staff.size()) row.staff = c.staff[v.staff];
    row.place = v.place;
    row.category = v.category;
    row.billable = booking.visits[i].billable;
    row.at_risk = booking.visits[i].at_risk;
    row.corrected = v.corrected;
    out.rows.push_back({key_of(row), encode(row), {{1, order_key(row.starts_at)}}});
  }
}

}  // namespace geleit
