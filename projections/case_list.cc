// `cases`: one row each, for whoever looks for a case.
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

void derive_cases(const Case& c, const RuleBook&, Derived& out) {
  CaseRow row;
  row.id = c.id;
  row.provider = c.provider;
  row.version = c.head.version;
  row.benefit = c.benefit;
  row.land = c.land;
  row.state = state_of(c);
  row.lead = c.lead;
  row.referred_on = c.received_on;
  row.discharged_on = c.discharged_on;
  row.first_unit_on = first_unit_on(c);
  row.last_unit_on = last_unit_on(c);
  row.closed_on = closed_on(c);
  row.person_id = c.person_id;
  row.person = c.person;
  out.rows.push_back(
      {key_of(c.id),
       encode(row),
       {{1, order_key(row.referred_on)}, {2, order_key(row.discharged_on)}, {3, order_key(row.closed_on)}}});
}

}  // namespace geleit
