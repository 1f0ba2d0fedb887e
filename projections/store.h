// The tables on disk, in RocksDB. Rows, index keys, the cases and the position reached change in one batch,
// so the tables are always exactly the rows of a prefix of the log, whatever is killed when (WAL on, no sync:
// what is lost after a power cut is read again from the log).
//
// Each table lies in a column family of its own per generation; a rebuilt table is a new generation beside
// the old one, switched to in one step, and the one before is kept for the way back.
//
// Threads: snapshots may be taken and read by any thread; write, bulk and switch by one at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/log.h"
#include "projections/table_keys.h"
#include "projections/tables.h"

namespace rocksdb {
class Cache;
class Env;
}  // namespace rocksdb

namespace geleit {

/// The store cannot be used now; says what and how to get back (tables can always be rebuilt).
struct StoreFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Of these: it is damaged. Trying again does not help; set_tables_aside and a rebuild do.
struct StoreDamaged : StoreFailed {
  using StoreFailed::StoreFailed;
};
/// Of these: another process holds it.
struct StoreInUse : StoreFailed {
  using StoreFailed::StoreFailed;
};
/// Of these: a newer program wrote it.
struct StoreNewer : StoreFailed {
  using StoreFailed::StoreFailed;
};

/// How far the tables have come in one partition, and by what they would notice another log.
struct Reached {
  Offset next;       ///< offset of the next record to read
  Hash last;         ///< stated hash of the record before it; zero at the start
  Instant recorded;  ///< its recorded time
  friend bool operator==(const Reached&, const Reached&) = default;
};

/// What the tables know about themselves and the log. Changes in the same batch as the rows.
struct StoreState {
  Uuid log;                      ///< id of the log they were made from; nil while empty
  std::vector<Reached> reached;  ///< by partition
  std::uint64_t events = 0;      ///< accepted
  std::uint64_t stale = 0;
  std::uint64_t foreign = 0;  ///< records that cannot be decoded or lie in the wrong partition
  std::vector<std::uint64_t> rows = std::vector<std::uint64_t>(32);  ///< by table number
  friend bool operator==(const StoreState&, const StoreState&) = default;

  [[nodiscard]] Positions positions() const;
};

/// A case that stands still because its fold (table = stored_cases) or one read model failed.
struct Parked {
  CaseId id;
  Table table{};
  Position position;  ///< of the event that failed
  std::string error;
  std::string case_bytes;  ///< the case as its rows in that table still show it; empty: it has none there
};

/// A view of all tables at one moment. Cheap; holds disk space while it lives, so let go of it soon.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  [[nodiscard]] virtual const StoreState& state() const = 0;
  [[nodiscard]] virtual std::optional<std::string> get(Table table, std::string_view key) const = 0;
  /// Values by index of `keys`; absent ones stay empty.
  virtual void get_many(Table table, std::span<const std::string> keys,
                        std::vector<std::optional<std::string>>& out) const = 0;
  /// Keys from `from` (inclusive) in order, or, in reverse, from the last key before `from`, until `visit`
  /// says false.
  virtual void scan(Table table, std::string_view from, bool reverse,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
  /// A cursor for merges over many ranges.
  class Cursor {
   public:
    virtual ~Cursor() = default;
    virtual void seek(std::string_view key) = 0;         ///< to the first key at or after it
    virtual void seek_before(std::string_view key) = 0;  ///< to the last key before it
    virtual void next() = 0;
    virtual void previous() = 0;
    [[nodiscard]] virtual bool valid() const = 0;
    [[nodiscard]] virtual std::string_view key() const = 0;
    [[nodiscard]] virtual std::string_view value() const = 0;
  };
  [[nodiscard]] virtual std::unique_ptr<Cursor> cursor(Table table) const = 0;
  /// Slugs of all providers that have a case, sorted.
  [[nodiscard]] virtual std::vector<std::string> providers() const = 0;
  /// Head of a stream that is no case; version 0 where there is none.
  [[nodiscard]] virtual Head stream_head(const CaseId& stream) const = 0;
};

/// Changes of all tables, written together or not at all. Only the projector holds one.
class Batch {
 public:
  virtual ~Batch() = default;
  virtual void put(Table table, std::string_view key, std::string_view value) = 0;
  virtual void remove(Table table, std::string_view key) = 0;
  virtual void provider(std::string_view slug) = 0;  ///< a provider that has a case now
  virtual void settings(const Hash& hash,
                        std::string_view content) = 0;  ///< a shipped rule set that was read
  /// Settings of a provider or the installation that were read.
  virtual void adopted(const CaseId& stream, Version version, std::string_view content) = 0;
  virtual void stream(const CaseId& stream, const Head& head) = 0;  ///< head of a stream that is no case
  virtual void park(const Parked& parked) = 0;
  virtual void unpark(const CaseId& id, Table table) = 0;
};

/// Fills empty tables of a new generation with sorted files; nothing shows before Store::adopt. One thread
/// holds one loader, many may hold theirs at once.
class Loader {
 public:
  virtual ~Loader() = default;
  /// Keys of one run of a table in ascending order. Runs 0 to bulk_runs_max - 1 of a table, and those of
  /// other loaders, must not overlap: between the first and the last key of a run lies none of another, so
  /// that nothing has to be merged later.
  virtual void put(Table table, std::uint8_t run, std::string_view key, std::string_view value) = 0;
  /// Ends the files. Nothing may be put after it.
  virtual void finish() = 0;
};
inline constexpr std::size_t bulk_runs_max = 4;

/// A generation of tables under construction. Dropped unless adopted.
class Generation {
 public:
  virtual ~Generation() = default;
  /// Must be gone before the generation.
  [[nodiscard]] virtual std::unique_ptr<Loader> loader() = 0;
  /// Makes what the loaders wrote readable for Store::compare; no loader may follow. Throws StoreFailed.
  virtual void complete() = 0;
};

struct StoreOptions {
  std::filesystem::path dir;
  bool read_only = false;  ///< for `geleit check` and `export` beside a running service
  /// Shared with other databases of the process; empty: its own, of `cache_octets`.
  std::shared_ptr<rocksdb::Cache> block_cache = {};
  std::size_t cache_octets = std::size_t{128} << 20;
  /// What may wait in memory to be written into sorted files; counts as part of the cache.
  std::size_t write_buffer_octets = std::size_t{64} << 20;
  /// What the files are written through; null: the machine's own. Must outlive the store.
  rocksdb::Env* env = nullptr;
};

class Store {
 public:
  /// Opens or creates. Throws StoreDamaged, StoreInUse, StoreNewer, StoreFailed.
  static std::unique_ptr<Store> open(const StoreOptions& options);
  virtual ~Store() = default;

  [[nodiscard]] virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  /// After a failed write it first brings the store back, and throws StoreFailed while that is not possible.
  /// Snapshots go on; a store that had to be opened again may hold what failed after all, so whoever writes
  /// looks at the state anew.
  [[nodiscard]] virtual std::unique_ptr<Batch> batch() = 0;
  /// Writes the batch and the new state in one step. Throws StoreFailed; then nobody has seen any of it, and
  /// no batch from before may be written.
  virtual void write(std::unique_ptr<Batch> batch, const StoreState& state) = 0;
  /// Why it cannot be written, or what in it was found to be damaged, in a sentence; empty while all is well.
  /// Damage is told until the store is opened again: that then fails with StoreDamaged.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
  /// For whoever finds that a value read from it makes no sense.
  virtual void note_damage(const std::string& what) { (void)what; }

  /// Tables whose stored version is not the program's (all of them in a new store).
  [[nodiscard]] virtual std::vector<Table> outdated() const = 0;
  /// Begins new generations of these tables beside the present ones.
  [[nodiscard]] virtual std::unique_ptr<Generation> begin(std::span<const Table> tables) = 0;
  /// Switches to them in one step together with the state and the batch; the present ones become the way
  /// back.
  virtual void adopt(std::unique_ptr<Generation> generation, std::unique_ptr<Batch> batch,
                     const StoreState& state) = 0;

  /// Key and value pairs of a table in which this store and another differ, in key order.
  virtual void compare(const Store& other, Table table,
                       const std::function<void(std::string_view key)>& differs) const = 0;
  /// The same between the present table and the one of a complete generation that is to replace it.
  virtual void compare(const Generation& generation, Table table,
                       const std::function<void(std::string_view key)>& differs) const = 0;
  [[nodiscard]] virtual std::vector<Parked> parked() const = 0;
  [[nodiscard]] virtual std::vector<std::string> settings()
      const = 0;  ///< contents of the shipped rule sets read so far
  struct Adoption {
    Version version;  ///< in its stream
    std::string content;
  };
  /// Settings read so far, by stream, then version.
  [[nodiscard]] virtual std::vector<Adoption> adoptions() const = 0;
  [[nodiscard]] virtual Head stream_head(const CaseId& stream) const = 0;
  [[nodiscard]] virtual std::uint64_t disk_octets() const = 0;
  /// Makes the directory `dir`, which must not exist, with the tables as they are at some moment during the
  /// call; its files are hard links where both lie on one file system. By any thread. Throws StoreFailed.
  virtual void checkpoint(const std::filesystem::path& dir) const = 0;
};

/// Moves a tables' directory out of the way, so that they are made anew from the log, and keeps it beside for
/// examination: `<dir>.damaged-<n>`, which is returned. Throws StoreFailed.
std::filesystem::path set_tables_aside(const std::filesystem::path& dir);

}  // namespace geleit
