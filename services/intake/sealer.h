// What decide needs of the keys: it alone writes personal data into events, and only sealed.
#pragma once

#include <string_view>

#include "events/named.h"

namespace geleit {

/// Every kind of personal data that an event carries. Sealed bytes are bound to the number: it is for ever,
/// new ones are added at the end.
enum class SealedField : std::uint8_t {
  person,
  diagnoses,
  prescriber_name,
  reference,
  reason,
  note,
  goals,
  to,
  deviation,
};

/// Seals for one person, with one key. Not shared between threads.
class Sealer {
 public:
  virtual ~Sealer() = default;
  /// The sealed bytes live as long as the sealer. Deterministic: the same field and text give the same bytes,
  /// so that deciding again proposes the same event.
  virtual Sealed seal(SealedField field, std::string_view clear) = 0;
};

}  // namespace geleit
