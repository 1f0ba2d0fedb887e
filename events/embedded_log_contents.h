// What lies in an embedded log, for readers: the groups written last from memory, older ones from RocksDB.
// The writer (embedded_log.cc) adds to it and may close and open the database under the readers.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "events/embedded_log_database.h"
#include "events/high_water.h"
#include "events/log.h"
#include "events/log_tail.h"

namespace geleit {

class EmbeddedLogContents final : public ReadableLog {
 public:
  /// Opens the database and finds the ends. In mode `write` nothing is changed before it is known that the
  /// log reaches what was acknowledged; a last write that was torn and never acknowledged is then cut off.
  EmbeddedLogContents(std::filesystem::path dir, LogDatabase::Mode mode, DatabaseMemory memory,
                      std::size_t recent_bytes_max);
  ~EmbeddedLogContents() override;

  [[nodiscard]] LogInfo info() const override;
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;

  /// Of a partition that exists.
  [[nodiscard]] Offset end_of(Partition partition) const {
    return Offset{ends_[partition.value].load(std::memory_order_acquire)};
  }
  /// See LogDatabase::checkpoint. By any thread.
  void checkpoint(const std::filesystem::path& to) const;

  // For the writer, all from its one thread.

  /// When the last record of each partition was recorded.
  [[nodiscard]] std::vector<Instant>& latest() { return latest_; }
  /// Writes the groups and then lets readers see them. They must begin where the partitions end. When this
  /// throws, the database is in doubt: reopen() before the next write.
  void write(std::span<const std::shared_ptr<const RecordGroup>> groups,
             LogDatabase::Sync sync = LogDatabase::Sync::yes);
  /// A sorted file to be filled from where the partitions end; `ingest` finishes it, takes it in and lets
  /// readers see what it holds, which ends there.
  [[nodiscard]] std::unique_ptr<GroupFile> begin_file(const std::filesystem::path& path) const;
  void ingest(GroupFile& file, Partition partition, Offset end, Instant latest);
  /// Closes the database and opens it again, once the disk takes writes. Throws LogUnavailable or LogRefused
  /// when that does not succeed (then it may be tried again, and reading goes on), LogCorrupt when records
  /// are gone that readers have seen. True when there are records that readers have not seen, of the write
  /// that failed.
  bool reopen();

 private:
  class Reader;
  struct Iteration {
    std::unique_ptr<GroupIterator> groups;
  };

  [[nodiscard]] std::unique_ptr<LogDatabase> open_whole(LogDatabase::Mode mode) const;
  void begin_high_water();
  void check(Partition partition) const;
  /// Holds the gate open for a reader. Throws LogUnavailable when the database is being opened again.
  [[nodiscard]] std::shared_lock<std::shared_mutex> enter() const;
  /// The database, to be used while the gate is held. Throws as `enter`.
  [[nodiscard]] const LogDatabase& database() const;
  [[noreturn]] void throw_reopening() const;
  void read_some_at(std::span<const Position> positions,
                    const std::function<void(const StoredRecord&)>& found) const;

  std::filesystem::path dir_;
  DatabaseMemory memory_;
  LogIdentity identity_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> ends_;
  std::vector<Instant> latest_;
  LogTail tail_;
  HighWater high_water_;
  std::vector<std::uint64_t> reached_;  ///< what it is to say; kept for its room

  // Shared by whoever reads from the database, alone to replace it. Iterators must be gone before it closes,
  // so that all of them are known.
  mutable std::shared_mutex gate_;
  std::atomic<bool> closing_{false};  // turns readers away, who together could hold the gate for ever
  std::unique_ptr<LogDatabase> database_;
  mutable std::mutex iterations_mutex_;
  mutable std::set<Iteration*> iterations_;
};

}  // namespace geleit
