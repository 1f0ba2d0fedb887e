// Which records a log held at an instant. Recorded times never go back within a partition, so it is found by
// halving.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "events/log.h"
#include "projections/store.h"

namespace geleit {

/// Thread-safe; remembers what it has looked at.
class RecordedTimes {
 public:
  explicit RecordedTimes(const ReadableLog& log) : log_(log) {}
  /// By partition, of what `state` has read, that which was recorded at `known_at` or before. Throws
  /// LogCorrupt, LogUnavailable.
  [[nodiscard]] std::vector<Reached> reached_by(const StoreState& state, Instant known_at);
  /// The same of what lies before `ends`, as offsets behind the last such record.
  [[nodiscard]] Positions known_by(const Positions& ends, Instant known_at);

 private:
  [[nodiscard]] Offset known_by(Partition partition, Offset end, Instant known_at);
  [[nodiscard]] Instant recorded_at(Position position);

  const ReadableLog& log_;
  std::mutex mutex_;  // guards the next
  std::map<Position, Instant> looked_at_;
};

}  // namespace geleit
