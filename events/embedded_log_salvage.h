// What can still be read of an embedded log whose files are damaged, whatever RocksDB says of them: sorted
// files without regard to their checksums, write-ahead logs octet by octet. For examination only (`geleit
// audit verify`): what it gives may be wrong, and whoever asks looks at every record's own hash.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/log.h"

namespace geleit {

class EmbeddedLogSalvage {
 public:
  /// Looks through all files of the directory once. Thread-safe afterwards.
  explicit EmbeddedLogSalvage(const std::filesystem::path& dir);
  ~EmbeddedLogSalvage();

  /// What the log is; nothing where even that is lost.
  [[nodiscard]] const std::optional<LogInfo>& info() const;
  /// Where the groups that were found begin, ascending.
  [[nodiscard]] std::vector<Offset> groups(Partition partition) const;
  /// A group's value (record_group.h); nothing where it cannot be read after all.
  [[nodiscard]] std::optional<std::string> value(Partition partition, Offset first) const;

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

}  // namespace geleit
