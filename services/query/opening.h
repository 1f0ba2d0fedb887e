// Opening personal data for an answer, with the keys of the persons it is about.
#pragma once

#include <vector>

#include "services/event_json.h"
#include "services/key_store.h"
#include "services/query/lists.h"

namespace geleit {

/// Cases of which something was opened, in the order opened, some of them more than once.
using Looked = std::vector<CaseId>;

/// Opens what a list or a case shows, and notes in `looked` of which cases; not what is only searched. Both
/// outlive it.
[[nodiscard]] Opener opener_of(const KeyStore& keys, Looked& looked);
/// Opens the fields of one event. `keys` outlives it.
[[nodiscard]] OpenSealed opener_of(const KeyStore& keys, const Event& event, Looked& looked);

}  // namespace geleit
