// Which records a log held at an instant. Recorded times never go back within a partition and come about as
// often at all times, so where it lies between two that are known is guessed, and halved where guesses are
// bad.
#pragma once

#include <mutex>
#include <set>
#include <tuple>
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
  void forget_half();
  /// Of what lies before `end`.
  [[nodiscard]] Reached reached_in(Partition partition, Offset end, Instant known_at);

  const ReadableLog& log_;
  std::mutex mutex_;  // guards the next
  std::set<std::tuple<Partition, Instant, Offset>> looked_at_;
};

}  // namespace geleit
