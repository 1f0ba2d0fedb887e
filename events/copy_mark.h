// The mark of a copied history: the record at offset 0 of each partition of a log that `geleit log copy`
// made. It is no event and belongs to no case; readers count it neither as foreign nor as stale. Anywhere
// else such a record is foreign.
//
//   "GELEITCM" · u32 format (1) · u16 partition · u16 partitions · u64 u64 the source's id · u64 where the
//   source ended · u64 where the copied records end · i64 begins · i64 latest (ms since 1970, UTC) · SHA-256
//   of all this
//
// All numbers are little-endian. An event begins with the number of its message's segments less one, which is
// 0, so neither is ever taken for the other.
//
// The new log has append times of its own. What counts for a copied record is when it was recorded first: the
// embedded log takes that over as its own time, on Kafka it stands in the header `ce_recordedtime`, which is
// believed only before `end`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/log.h"

namespace geleit {

struct CopyMark {
  Uuid source;  ///< the log that was copied
  Partition partition;
  std::uint16_t partitions = 0;
  Offset source_end;  ///< how much of this partition was copied
  Offset end;         ///< in this log: behind the last copied record
  Instant begins;     ///< when the mark counts as recorded: no copied record was earlier
  Instant latest;     ///< when the last copied record was recorded
  friend bool operator==(const CopyMark&, const CopyMark&) = default;
};

[[nodiscard]] std::string encode_copy_mark(const CopyMark& mark);
/// Nothing when it is no mark.
[[nodiscard]] std::optional<CopyMark> decode_copy_mark(std::string_view record);
/// True for a mark where it must lie.
[[nodiscard]] bool is_copy_mark(const StoredRecord& record);

/// The marks of a log, by partition.
[[nodiscard]] std::vector<std::optional<CopyMark>> copy_marks_of(const ReadableLog& log);
/// For opening: a copied history must be complete. Throws LogRefused when its copying was interrupted.
void require_whole_copy(const ReadableLog& log);

}  // namespace geleit
