#include "projections/memory_tables.h"

#include <algorithm>
#include <cassert>

namespace geleit {

class MemoryTables::RunLoader final : public Loader {
 public:
  explicit RunLoader(MemoryTables& tables) : tables_(tables), arena_(std::size_t{1} << 18) {}

  void put(Table table, std::uint8_t run, std::string_view key, std::string_view value) override {
    Entries& entries = runs_[static_cast<std::size_t>(table)][run];
    assert(entries.empty() || entries.back().key < key);
    entries.push_back({arena_.keep(key), arena_.keep(value)});
    octets_ += sizeof(Entry) + key.size() + value.size();
  }
  void finish() override {
    const std::lock_guard lock(tables_.mutex_);
    for (std::size_t table = 0; table < runs_.size(); ++table) {
      for (Entries& entries : runs_[table]) {
        if (!entries.empty()) tables_.runs_.push_back({static_cast<Table>(table), std::move(entries)});
      }
    }
    tables_.arenas_.push_back(std::move(arena_));
    tables_.octets_ += octets_;
  }

 private:
  MemoryTables& tables_;
  ByteArena arena_;
  std::array<std::array<Entries, bulk_runs_max>, 32> runs_;
  std::size_t octets_ = 0;
};

class MemoryTables::EntryCursor final : public Cursor {
 public:
  explicit EntryCursor(const Entries& entries) : entries_(entries), at_(entries.size()) {}
  void seek(std::string_view key) override {
    at_ =
        static_cast<std::size_t>(std::ranges::lower_bound(entries_, key, {}, &Entry::key) - entries_.begin());
  }
  void seek_before(std::string_view key) override {
    seek(key);
    previous();
  }
  void next() override { ++at_; }
  void previous() override { at_ = at_ == 0 ? entries_.size() : at_ - 1; }
  [[nodiscard]] bool valid() const override { return at_ < entries_.size(); }
  [[nodiscard]] std::string_view key() const override { return entries_[at_].key; }
  [[nodiscard]] std::string_view value() const override { return entries_[at_].value; }

 private:
  const Entries& entries_;
  std::size_t at_;
};

std::unique_ptr<Loader> MemoryTables::loader() { return std::make_unique<RunLoader>(*this); }

void MemoryTables::complete(StoreState state, std::vector<std::string> providers) {
  std::ranges::sort(runs_, [](const Run& a, const Run& b) {
    return a.table != b.table ? a.table < b.table : a.entries.front().key < b.entries.front().key;
  });
  for (Run& run : runs_) {
    Entries& all = tables_[static_cast<std::size_t>(run.table)];
    assert(all.empty() || all.back().key < run.entries.front().key);
    if (all.empty()) {
      all = std::move(run.entries);
    } else {
      all.insert(all.end(), run.entries.begin(), run.entries.end());
    }
  }
  runs_ = {};
  state_ = std::move(state);
  providers_ = std::move(providers);
}

std::optional<std::string> MemoryTables::get(Table table, std::string_view key) const {
  const Entries& entries = of(table);
  const auto found = std::ranges::lower_bound(entries, key, {}, &Entry::key);
  if (found == entries.end() || found->key != key) return std::nullopt;
  return std::string(found->value);
}

void MemoryTables::get_many(Table table, std::span<const std::string> keys,
                            std::vector<std::optional<std::string>>& out) const {
  out.clear();
  for (const std::string& key : keys) out.push_back(get(table, key));
}

void MemoryTables::scan(Table table, std::string_view from, bool reverse,
                        const std::function<bool(std::string_view, std::string_view)>& visit) const {
  EntryCursor at(of(table));
  for (reverse ? at.seek_before(from) : at.seek(from); at.valid(); reverse ? at.previous() : at.next()) {
    if (!visit(at.key(), at.value())) return;
  }
}

std::unique_ptr<Snapshot::Cursor> MemoryTables::cursor(Table table) const {
  return std::make_unique<EntryCursor>(of(table));
}

}  // namespace geleit
