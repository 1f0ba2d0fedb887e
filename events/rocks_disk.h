// What the databases of an installation ask of the disk below them: whether a write that failed may be tried
// again. Asked first, so that a database need not be closed, and reading stop, for an attempt that must fail.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace rocksdb {
class Env;
class EventListener;
class Logger;
class Status;
}  // namespace rocksdb

namespace geleit {

/// Beyond what the write-ahead log holds: room for the files that opening makes.
inline constexpr std::uint64_t room_to_open_bytes = 2 << 20;

/// Why a database in this directory could not be opened for writing now, or empty: it writes and syncs a
/// small file and compares the free room with what opening may take. `env` null: the machine's own.
[[nodiscard]] std::string why_not_writable(rocksdb::Env* env, const std::filesystem::path& dir);

/// Notes after every change of a database's files how much of their list was written, for list_damage; to be
/// among its listeners. Begins with what there is when `opened` is called.
class ListKeeper {
 public:
  explicit ListKeeper(std::filesystem::path dir);
  [[nodiscard]] std::shared_ptr<rocksdb::EventListener> listener() const;
  void opened();

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

/// Takes RocksDB's own messages and keeps none. Written to its file LOG, one that finds the disk full would
/// end the process: the library asserts that nothing is appended to a file after a failure.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> no_messages();

/// True when this is damage: what the machine gave is not what was written, or a file is gone. `opening`:
/// then even a file that is not found is.
[[nodiscard]] bool is_damage(const rocksdb::Status& status, bool opening);
/// True when opening failed because another process (or this one) has it open.
[[nodiscard]] bool is_in_use(const rocksdb::Status& status);

}  // namespace geleit
