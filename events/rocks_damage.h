// Whether the files of a RocksDB directory are as they were written, found out by looking at them alone.
// RocksDB says only that something is wrong, and where a write-ahead log is damaged it may drop in silence
// what follows; whoever has to decide what to do needs the file and the place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace geleit {

/// What the write-ahead logs of a directory say about themselves.
///
///   whole     every write in them is whole
///   torn      the last write that was begun is not: it was cut off, or it is damaged; who knows whether it
///             was acknowledged knows which
///   damaged   a write is not whole although a later one was begun. Whoever writes only after the last write
///             was synced knows: that one had been acknowledged
struct WriteAheadState {
  enum class Kind : std::uint8_t { whole, torn, damaged } kind = Kind::whole;
  std::filesystem::path file;      ///< the rest is said only where not `whole`
  std::uint64_t offset = 0;        ///< of the first octets that are not as they were written
  std::uint64_t write_begins = 0;  ///< of the write that they belong to
  bool cut_short = false;  ///< torn, and the file ends in the midst of a record, as after a killed write
};
[[nodiscard]] WriteAheadState write_ahead_state(const std::filesystem::path& dir);
/// Cuts a torn last write off, synced. Throws std::system_error.
void drop_torn_write(const WriteAheadState& torn);

/// Why the list of a database's files (its MANIFEST) is not the one that was last written, or empty. One that
/// lost its end names fewer files, and RocksDB would remove the others. Compares with what ListKeeper noted.
[[nodiscard]] std::string list_damage(const std::filesystem::path& dir);
/// Which list it is and how much of it is whole; nothing when there is none.
struct FileList {
  std::uint64_t number = 0;
  std::uint64_t whole_octets = 0;
};
[[nodiscard]] std::optional<FileList> file_list(const std::filesystem::path& dir);

/// True when a database lies or lay there: a file of one exists, other than those with which making it
/// begins. Without its file CURRENT it would be taken for none, and making one anew would remove what is
/// left.
[[nodiscard]] bool has_database_files(const std::filesystem::path& dir);
/// True when it is such a directory and its file CURRENT is missing.
[[nodiscard]] bool has_lost_current(const std::filesystem::path& dir);

struct FileDamage {
  std::filesystem::path file;
  std::string what;
};
/// Reads every sorted file and write-ahead log of a directory through; works beside the process that writes
/// to it. A file that is not whole and not in the database's list was being written. Empty: all are as they
/// were written.
[[nodiscard]] std::vector<FileDamage> damaged_files(const std::filesystem::path& dir);

}  // namespace geleit
