// The RocksDB under an embedded log: keys, options and errors. Only embedded_log*.cc includes this.
//
// Keys are 10 octets, big-endian: u16 partition, u64 offset of the group's first record; so a partition's
// groups lie side by side in order. What the log is (LogInfo) lies under the one key that no partition can
// have: FFFF "geleit".
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "events/log.h"
#include "events/record_group.h"

namespace rocksdb {
class Cache;
class DB;
class Env;
class Iterator;
class SstFileWriter;
}  // namespace rocksdb

namespace geleit {

/// What a log is, fixed when it is created.
struct LogIdentity {
  Uuid id;
  std::uint16_t partitions = 0;
  Instant created;
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

/// What is shared with other databases of the process; empty: its own.
struct DatabaseMemory {
  std::shared_ptr<rocksdb::Cache> block_cache;
  rocksdb::Env* env = nullptr;  ///< null: the machine's own
};

/// Goes through the groups of one partition as they were when it was made.
class GroupIterator {
 public:
  GroupIterator(std::unique_ptr<rocksdb::Iterator> groups, Partition partition, std::filesystem::path dir);
  ~GroupIterator();
  GroupIterator(const GroupIterator&) = delete;
  GroupIterator& operator=(const GroupIterator&) = delete;

  /// To the group that holds the offset, or would if it were there: the last one that begins at or before it.
  void seek(Offset offset);
  void next();
  /// False behind the last group (or before the first). Throws what reading met with.
  [[nodiscard]] bool valid() const;
  /// Of the group here; only when valid.
  [[nodiscard]] Offset first() const;
  [[nodiscard]] std::string_view value() const;

 private:
  std::unique_ptr<rocksdb::Iterator> groups_;
  Partition partition_;
  std::filesystem::path dir_;
};

/// A sorted file in the making that lies outside the database until LogDatabase::ingest takes it in: the way
/// to bring in very many records, without a write-ahead log and without sorting. Not compressed: that would
/// take more than half of a fetch's processor time. Removed when it was not taken in.
class GroupFile {
 public:
  GroupFile(std::unique_ptr<rocksdb::SstFileWriter> writer, std::filesystem::path path,
            std::filesystem::path dir);
  ~GroupFile();
  GroupFile(const GroupFile&) = delete;
  GroupFile& operator=(const GroupFile&) = delete;

  /// The value of a group; in the order of partitions and offsets.
  void add(Partition partition, Offset first, std::string_view value);
  /// Octets that were added.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Nothing is added any more; synced when it returns.
  void finish();

 private:
  friend class LogDatabase;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  std::filesystem::path path_;
  std::filesystem::path dir_;
  std::size_t size_ = 0;
};

/// Opens, writes and iterates; everything thrown is one of the log's three errors and names the directory.
/// Thread-safe but for write().
class LogDatabase {
 public:
  /// `look` reads as `read` does, but where the write-ahead log is damaged it ends there: to find out what is
  /// whole before anything is changed.
  enum class Mode : std::uint8_t { create, write, read, look };

  LogDatabase(const std::filesystem::path& dir, Mode mode, const DatabaseMemory& memory);
  ~LogDatabase();
  LogDatabase(const LogDatabase&) = delete;
  LogDatabase& operator=(const LogDatabase&) = delete;

  /// The octets of keys and of the identity, for whoever reads the files without this database.
  [[nodiscard]] static std::string key_at(Position first);
  [[nodiscard]] static std::optional<Position> position_of(std::string_view key);
  [[nodiscard]] static std::optional<LogIdentity> identity_of(std::string_view key, std::string_view value);

  /// Nothing when the log was never completely created.
  [[nodiscard]] std::optional<LogIdentity> identity() const;
  void put_identity(const LogIdentity& identity);
  /// True when there is not one key.
  [[nodiscard]] bool empty() const;

  /// Unsynced, a write outlives the process, but not the machine.
  enum class Sync : std::uint8_t { no, yes };
  /// All groups or none.
  void write(std::span<const std::shared_ptr<const RecordGroup>> groups, Sync sync = Sync::yes);
  /// `path` on the database's own file system.
  [[nodiscard]] std::unique_ptr<GroupFile> begin_file(const std::filesystem::path& path) const;
  /// Takes a finished file in, whose groups must lie behind all that the database holds of their partitions.
  void ingest(GroupFile& file);
  [[nodiscard]] bool writable() const { return writable_; }

  /// Makes the directory `to`, which must not exist, with all that was written before the call.
  void checkpoint(const std::filesystem::path& to) const;

  enum class Use : std::uint8_t { scan, lookup };
  [[nodiscard]] std::unique_ptr<GroupIterator> groups(Partition partition, Use use) const;

  struct End {
    Offset end;
    Instant latest;  ///< when the last record was recorded; the smallest instant when there is none
  };
  /// Where a partition ends, its last group read through. Throws LogCorrupt when it is not whole, or when the
  /// partition does not begin at offset 0.
  [[nodiscard]] End end_of(Partition partition) const;

 private:
  std::filesystem::path dir_;
  DatabaseMemory memory_;
  bool writable_;
  bool failed_ = false;  // a write failed: what lies in memory is in doubt
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace geleit
