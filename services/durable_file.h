// Files that are there after a power cut: written, synced, and their directory too. Everything throws
// std::system_error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "events/named.h"

namespace geleit {

struct FileDigest {
  std::uint64_t octets = 0;
  Hash sha256;
  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

/// Writes `text` at this offset, cuts off what was behind it, and syncs; makes the file (mode 0600) if need
/// be.
void write_at_end(const std::filesystem::path& file, std::uint64_t at, std::string_view text);
/// The whole file, complete or not at all: written beside and renamed. What is there and is no file, such as
/// /dev/null, is written to as it is.
void write_whole(const std::filesystem::path& file, std::string_view text);
/// Copies and syncs (mode 0600); what was read. `to` must not exist.
FileDigest copy_durably(const std::filesystem::path& from, const std::filesystem::path& to);
[[nodiscard]] FileDigest digest_of(const std::filesystem::path& file);
/// A file or directory that one process at a time holds; the file is made if need be. Given back when this or
/// the process ends.
class FileLock {
 public:
  /// `waits`: until the other one, who holds it for a moment, has given it back.
  explicit FileLock(const std::filesystem::path& path, bool waits = false);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  /// False: another one holds it.
  [[nodiscard]] bool held() const { return held_; }

 private:
  int fd_;
  bool held_;
};
/// Names that were added, renamed or removed in it are durable after this.
void sync_directory(const std::filesystem::path& dir);

}  // namespace geleit
