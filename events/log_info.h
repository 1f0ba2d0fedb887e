// What can be told of a log at a glance: `geleit log info`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "events/log.h"

namespace geleit {

struct PartitionReport {
  Offset end;                             ///< also the number of its records
  std::optional<Instant> first_recorded;  ///< none: it is empty
  std::optional<Instant> last_recorded;
};

struct LogReport {
  LogInfo log;
  std::vector<PartitionReport> partitions;  ///< by index
  std::uint64_t records = 0;
  std::optional<Instant> first_recorded;  ///< over all partitions; none: the log is empty
  std::optional<Instant> last_recorded;
  std::optional<std::uint64_t> bytes_on_disk;  ///< of a log that is a directory: all its files
};

/// Reads the first and the last record of every partition. Throws as reading does.
[[nodiscard]] LogReport report_on(const ReadableLog& log);

}  // namespace geleit
