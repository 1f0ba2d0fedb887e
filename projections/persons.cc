// `persons`: by index column 1, provider and person id find the cases of a person.
#include "projections/read_models.h"
#include "projections/row_codec.h"

namespace geleit {

void derive_persons(const Case& c, const RuleBook&, Derived& out) {
  const PersonRow row{c.id, c.person_id};
  out.rows.push_back({key_of(c.id), encode(row), {{1, order_key(c.person_id.value)}}});
}

}  // namespace geleit
