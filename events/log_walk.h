// Reading a part of a partition, in large pieces.
#pragma once

#include <algorithm>
#include <vector>

#include "events/log.h"

namespace geleit {

/// About how many records are read at once.
inline constexpr std::size_t walk_records_max = 16'384;

/// Gives `each` the records of a partition from `from` on and before `until`, in their order, and tells
/// `read` after each piece how many were read. Where it ended: before `until` only if the partition does.
/// Throws as reading does.
template <class Each, class Read>
Offset walk_between(const ReadableLog& log, Partition partition, Offset from, Offset until, Each&& each,
                    Read&& read) {
  Offset at = from;
  if (at >= until) return at;
  const auto reader = log.read(partition, from);
  std::vector<StoredRecord> records;
  while (at < until) {
    reader->next(records, std::min<std::uint64_t>(walk_records_max, until.value - at.value));
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
/// From the beginning.
template <class Each, class Read>
Offset walk_partition(const ReadableLog& log, Partition partition, Offset until, Each&& each, Read&& read) {
  return walk_between(log, partition, Offset{}, until, each, read);
}
template <class Each>
Offset walk_partition(const ReadableLog& log, Partition partition, Offset until, Each&& each) {
  return walk_partition(log, partition, until, each, [](std::size_t) {});
}

}  // namespace geleit
