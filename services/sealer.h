// What decide needs of the keys: it alone writes personal data into events, and only sealed.
#pragma once

#include <string_view>

#include "events/named.h"
#include "events/sealed_field.h"

namespace geleit {

/// Seals for one person, with one key. Not shared between threads.
class Sealer {
 public:
  virtual ~Sealer() = default;
  /// The sealed bytes live as long as the sealer. Deterministic: the same field and text give the same bytes,
  /// so that deciding again proposes the same event.
  virtual Sealed seal(SealedField field, std::string_view clear) = 0;
};

}  // namespace geleit
