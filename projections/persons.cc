// `persons`: by index column 1, provider and person id find the cases of a person.
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

void derive_persons(const Subject& subject, Derived& out) {
  const PersonRow row{subject.c.id, subject.c.person_id};
  add_index(out, add_row(out, row), 1, row.person_id.value);
}

}  // namespace geleit
