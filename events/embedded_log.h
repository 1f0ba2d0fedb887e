// The log on one machine: a directory that RocksDB keeps, written by one process, nothing else to install.
//
// One thread writes. While one write is being synced the next appends collect, and all that have collected go
// into the next write together (group commit); record_group.h says how they lie there. What was written last
// stays in memory, so that readers that keep up do not touch the disk.
//
// When a write or sync fails, everything queued fails with it, and append throws LogUnavailable until the log
// has closed the directory, opened it again and found every acknowledged record; it tries this again and
// again by itself, once the disk takes writes at all. Reading goes on meanwhile; it throws LogUnavailable
// only in the moment in which the directory is closed.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "events/log.h"

namespace rocksdb {
class Cache;
class Env;
}  // namespace rocksdb

namespace geleit {

inline constexpr std::uint16_t embedded_partitions_default = 8;
/// One write takes at most so much of what is queued, but always at least one whole append.
inline constexpr std::size_t group_records_max = 16'384;
inline constexpr std::size_t group_bytes_max = 8 << 20;
/// After a failed write: the wait before the first attempt to open again, and the longest between two.
inline constexpr int reopen_wait_first_ms = 100;
inline constexpr int reopen_wait_max_ms = 5'000;

struct EmbeddedLogOptions {
  std::filesystem::path dir;
  std::function<Instant()> clock;  ///< required; asked once per append, in the appending thread
  /// What is kept in memory of what was written last.
  std::size_t recent_bytes_max = 64 << 20;
  /// To share with other databases of the process; empty: 32 MiB of its own.
  std::shared_ptr<rocksdb::Cache> block_cache;
  /// What the files are written through; null: the machine's own. Must outlive the log.
  rocksdb::Env* env = nullptr;
};

class EmbeddedLog final : public Log {
 public:
  /// Makes a log with nothing in it; the directory is made if need be. Takes up what an interrupted create
  /// has left. Throws LogRefused when there is a log already, when the directory holds something else, or
  /// when `partitions` is not 1 to 1024, LogCorrupt when it holds what is left of a log.
  static void create(const std::filesystem::path& dir, std::uint16_t partitions, const Uuid& id,
                     Instant created);
  /// True when there is a log that was completely created.
  [[nodiscard]] static bool exists(const std::filesystem::path& dir);

  /// Takes the log for this process. Throws LogInUse when another process holds it, LogRefused when it is
  /// none, LogCorrupt when it is damaged or ends before what was last acknowledged (nothing was changed
  /// then), LogUnavailable when the machine fails. Ready in well under a second, however long the log is.
  [[nodiscard]] static std::unique_ptr<EmbeddedLog> open(EmbeddedLogOptions options);
  /// For offline tools: the log as it was at this moment, also while a service writes to it; it does not
  /// grow, and nothing in the directory is changed. A last group that the service is just writing may be seen
  /// before its client is told that it is durable. Takes as much memory as the service has not yet put into
  /// sorted files (at most some 100 MiB). Throws as `open` does.
  [[nodiscard]] static std::unique_ptr<ReadableLog> open_read_only(const std::filesystem::path& dir);

  /// Writes what is queued, then lets the directory go. Readers and subscriptions must be gone.
  ~EmbeddedLog() override;

  [[nodiscard]] LogInfo info() const override;
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) override;
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) override;
  [[nodiscard]] std::string trouble() const override;
  /// Makes the directory `to`, which must not exist, with the log as it is at some moment during the call,
  /// all that readers saw before included; its files are hard links where both lie on one file system.
  /// Throws as reading does.
  void checkpoint(const std::filesystem::path& to) const;
  /// What waits to be written now, of append_queue_records_max and append_queue_bytes_max.
  struct Queue {
    std::size_t records = 0, bytes = 0;
  };
  [[nodiscard]] Queue append_queue() const;

 private:
  class Writer;
  explicit EmbeddedLog(std::unique_ptr<Writer> writer);

  std::unique_ptr<Writer> writer_;
};

}  // namespace geleit
