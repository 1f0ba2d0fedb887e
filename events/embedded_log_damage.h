// Where a write-ahead log of RocksDB is damaged. RocksDB says only that one is; whoever has to decide what to
// do needs the file and the place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace geleit {

struct WriteAheadDamage {
  std::filesystem::path file;
  std::uint64_t offset;  ///< of the first block record that is not as it was written
};

/// The first damage in the write-ahead logs of a database directory; an incomplete record at the end of a
/// file (a torn write) is none. Nothing when all of them are well or cannot be read.
[[nodiscard]] std::optional<WriteAheadDamage> find_write_ahead_damage(const std::filesystem::path& dir);

}  // namespace geleit
