// `cases`: one row each, for whoever looks for a case.
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

void derive_cases(const Subject& subject, Derived& out) {
  const Case& c = subject.c;
  CaseRow row;
  row.id = c.id;
  row.provider = c.provider;
  row.version = c.head.version;
  row.benefit = c.benefit;
  row.land = c.land;
  row.state = subject.state;
  row.lead = c.lead;
  row.referred_on = c.received_on;
  row.discharged_on = c.discharged_on;
  row.first_unit_on = subject.first_unit_on;
  row.last_unit_on = subject.last_unit_on;
  row.closed_on = closed_on(c);
  row.person_id = c.person_id;
  row.personal_data = c.personal_data;
  if (c.personal_data == PersonalDataState::kept) row.person = c.person;
  DerivedRow& added = add_row(out, row);
  add_index(out, added, 1, row.referred_on);
  add_index(out, added, 2, row.discharged_on);
  add_index(out, added, 3, row.closed_on);
}

}  // namespace geleit
