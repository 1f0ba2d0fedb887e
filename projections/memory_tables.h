// Tables of a past, or of some of its cases, in memory: filled once by loaders, then read as a snapshot of
// the store is.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "projections/byte_arena.h"
#include "projections/store.h"

namespace geleit {

/// Loaders may fill it side by side; once `complete` has been called it is only read, by any thread.
class MemoryTables final : public Snapshot {
 public:
  [[nodiscard]] std::unique_ptr<Loader> loader();
  /// After the last loader is finished. `providers` are sorted.
  void complete(StoreState state, std::vector<std::string> providers);
  /// What it takes of memory.
  [[nodiscard]] std::size_t octets() const { return octets_; }

  [[nodiscard]] const StoreState& state() const override { return state_; }
  [[nodiscard]] std::optional<std::string> get(Table table, std::string_view key) const override;
  void get_many(Table table, std::span<const std::string> keys,
                std::vector<std::optional<std::string>>& out) const override;
  void scan(Table table, std::string_view from, bool reverse,
            const std::function<bool(std::string_view key, std::string_view value)>& visit) const override;
  [[nodiscard]] std::unique_ptr<Cursor> cursor(Table table) const override;
  [[nodiscard]] std::vector<std::string> providers() const override { return providers_; }
  [[nodiscard]] Head stream_head(const CaseId&) const override { return {}; }

 private:
  struct Entry {
    std::string_view key, value;
  };
  using Entries = std::vector<Entry>;
  /// Ascending by key; between its first and its last lies none of another run.
  struct Run {
    Table table{};
    Entries entries;
  };
  class RunLoader;
  class EntryCursor;
  [[nodiscard]] const Entries& of(Table table) const { return tables_[static_cast<std::size_t>(table)]; }

  std::mutex mutex_;  // of the next two
  std::vector<Run> runs_;
  std::vector<ByteArena> arenas_;
  std::array<Entries, 32> tables_;
  StoreState state_;
  std::vector<std::string> providers_;
  std::size_t octets_ = 0;
};

}  // namespace geleit
