// The groups written last, kept in memory so that readers that keep up (intake's read-back, the projector)
// never touch the disk.
#pragma once

#include <deque>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "events/record_group.h"

namespace geleit {

/// Thread-safe. Holds at most about `bytes_max` octets; the oldest groups go first, whatever their partition.
class LogTail {
 public:
  /// Empties it and says what it may hold; until then it holds nothing.
  void reset(std::uint16_t partitions, std::size_t bytes_max);

  /// Within a partition the groups must come in the order of their offsets; gaps are allowed.
  void push(std::span<const std::shared_ptr<const RecordGroup>> groups);
  [[nodiscard]] bool holds(Partition partition, Offset offset) const;
  /// Appends to `out` the group that holds the record and those that follow it without gap, until they have
  /// at least `records_max` records. False, and `out` as it was, when the record is not (or no longer) here.
  bool take(Partition partition, Offset from, std::size_t records_max,
            std::vector<std::shared_ptr<const RecordGroup>>& out) const;

 private:
  using Groups = std::deque<std::shared_ptr<const RecordGroup>>;
  mutable std::shared_mutex mutex_;
  std::vector<Groups> partitions_;
  std::deque<Partition> order_;  // the partition of each group, oldest first
  std::size_t bytes_ = 0;
  std::size_t bytes_max_ = 0;
};

}  // namespace geleit
