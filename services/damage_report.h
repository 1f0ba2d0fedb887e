// Everything of a data directory read through: every file, every record, every key. For `geleit check`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/data_directory.h"

namespace geleit {

struct DamageReport {
  /// A sentence each, with directory and file where known; empty: nothing is damaged.
  std::vector<std::string> log, keys, tables;
  [[nodiscard]] bool empty() const { return log.empty() && keys.empty() && tables.empty(); }
};

/// Works beside a running service. `progress` hears the records read so far. What cannot be opened is told as
/// damage only where it is: LogRefused, LogUnavailable, KeyStoreFailed and StoreFailed come through.
[[nodiscard]] DamageReport find_damage(const DataDirectory& data,
                                       const std::function<void(std::uint64_t records)>& progress);

}  // namespace geleit
