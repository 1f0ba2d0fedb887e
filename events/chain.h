// Which records count. Kafka has no conditional append, so validity is a pure function of the log: an event
// is accepted if its version is one more than the last accepted version of its stream and its previous-hash
// is that event's hash; otherwise it is stale: kept, counted, shown to auditors, applied by nobody. Of two
// writers that race, the first record in log order wins, and every reader agrees.
#pragma once

#include "events/codec.h"

namespace geleit {

/// The last accepted event of a stream; version 0 and a zero hash before the first.
struct Head {
  Version version;
  Hash hash;
  friend bool operator==(const Head&, const Head&) = default;
};

enum class Standing : std::uint8_t { accepted, stale };

[[nodiscard]] inline Standing standing(const Head& head, Version version, const Hash& previous) {
  return version == next(head.version) && previous == head.hash ? Standing::accepted : Standing::stale;
}

}  // namespace geleit
