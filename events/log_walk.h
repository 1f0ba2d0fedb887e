// Reading a partition from its beginning, in large pieces.
#pragma once

#include <vector>

#include "events/log.h"

namespace geleit {

/// About how many records are read at once.
inline constexpr std::size_t walk_records_max = 16'384;

/// Gives `each` the records of a partition before `until`, in their order, and tells `read` after each piece
/// how many were read. Where it ended: before `until` only if the partition does. Throws as reading does.
template <class Each, class Read>
Offset walk_partition(const ReadableLog& log, Partition partition, Offset until, Each&& each, Read&& read) {
  const auto reader = log.read(partition, Offset{});
  std::vector<StoredRecord> records;
  Offset at;
  while (at < until) {
    reader->next(records, walk_records_max);
    if (records.empty()) break;
    for (const StoredRecord& record : records) {
      if (record.offset >= until) break;
      each(record);
    }
    at = next(records.back().offset);
    read(records.size());
  }
  return at;
}
template <class Each>
Offset walk_partition(const ReadableLog& log, Partition partition, Offset until, Each&& each) {
  return walk_partition(log, partition, until, each, [](std::size_t) {});
}

}  // namespace geleit
