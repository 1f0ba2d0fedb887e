// Opening personal data for an answer, with the keys of the persons it is about.
#pragma once

#include "services/event_json.h"
#include "services/key_store.h"
#include "services/query/lists.h"

namespace geleit {

/// Opens what a list or a case shows. `keys` outlives it.
[[nodiscard]] Opener opener_of(const KeyStore& keys);
/// Opens the fields of one event.
[[nodiscard]] OpenSealed opener_of(const KeyStore& keys, const Event& event);

}  // namespace geleit
