// `visits`: every visit of a case. While the case is ended its scheduled visits show as cancelled.
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

void derive_visits(const Subject& subject, Derived& out) {
  const Case& c = subject.c;
  VisitRow row;
  row.case_id = c.id;
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    const Visit& v = c.visits[i];
    row.visit = v.id;
    row.state = subject.ended && v.state == VisitState::scheduled ? VisitState::cancelled : v.state;
    row.starts_at = v.starts_at;
    row.minutes = v.minutes;
    if (v.staff < c.staff.size()) {
      row.staff = c.staff[v.staff];
    } else {
      row.staff.clear();
    }
    row.place = v.place;
    row.category = v.category;
    row.billable = subject.booking.visits[i].billable;
    row.at_risk = subject.booking.visits[i].at_risk;
    row.corrected = v.corrected;
    add_index(out, add_row(out, row), 1, row.starts_at);
  }
}

}  // namespace geleit
