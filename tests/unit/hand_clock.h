// A clock that stands still until a test turns it, in either direction.
#pragma once

#include "events/civil_time.h"
#include "services/clock.h"

namespace geleit {

class HandClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return at; }
  Instant at = berlin_time(civil(2026, 3, 10), 9, 0);
};

}  // namespace geleit
