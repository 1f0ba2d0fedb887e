// Tables in a map, filled with what stories derive: what lists and figures read in tests.
#pragma once

#include <map>
#include <set>

#include "projections/difference.h"
#include "projections/projector.h"
#include "projections/store.h"
#include "projections/table_keys.h"
#include "tests/unit/case_story.h"

namespace geleit::testing {

class MemorySnapshot final : public Snapshot {
 public:
  MemorySnapshot() {
    state_.reached.resize(3);
    state_.reached[1] = {Offset{42}, {}, Instant{1772450000000}};
  }

  /// Adds the story's case to all tables.
  void add(const CaseStory& story) {
    const Case& c = story.now();
    providers_.insert(c.provider);
    tables_[Table::stored_cases][id_key(c.id.value)] = encode_stored_case({c.head, c});
    for (const ReadModel& model : read_models()) {
      Derived derived;
      model.derive(Subject(c, story.rules()), derived);
      auto& table = tables_[model.table];
      for (const DerivedRow& row : derived.rows) {
        table[row_key(c.provider, row.key)] = row.bytes;
        for (const IndexKey& key : row.index)
          table[index_key(key.column, c.provider, key.value, row.key)] = {};
      }
      for (const Contribution& count : derived.counts) {
        std::string& value = table[counter_key(c.provider, count.key)];
        value = encode_counter(count.amount + (value.empty() ? 0 : decode_counter(value)));
      }
    }
  }

  [[nodiscard]] const StoreState& state() const override { return state_; }
  [[nodiscard]] std::optional<std::string> get(Table table, std::string_view key) const override {
    const auto found = at(table).find(std::string(key));
    return found == at(table).end() ? std::nullopt : std::optional(found->second);
  }
  void get_many(Table table, std::span<const std::string> keys,
                std::vector<std::optional<std::string>>& out) const override {
    out.clear();
    for (const std::string& key : keys) out.push_back(get(table, key));
  }
  void scan(Table table, std::string_view from, bool reverse,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    const auto& entries = at(table);
    auto entry = entries.lower_bound(std::string(from));
    if (!reverse) {
      for (; entry != entries.end() && visit(entry->first, entry->second); ++entry) {}
      return;
    }
    while (entry != entries.begin()) {
      --entry;
      if (!visit(entry->first, entry->second)) return;
    }
  }
  [[nodiscard]] std::unique_ptr<Cursor> cursor(Table table) const override {
    return std::make_unique<MapCursor>(at(table));
  }
  [[nodiscard]] std::vector<std::string> providers() const override {
    return {providers_.begin(), providers_.end()};
  }
  [[nodiscard]] Head stream_head(const CaseId&) const override { return {}; }

 private:
  using Entries = std::map<std::string, std::string>;

  class MapCursor final : public Cursor {
   public:
    explicit MapCursor(const Entries& entries) : entries_(entries), at_(entries.end()) {}
    void seek(std::string_view key) override { at_ = entries_.lower_bound(std::string(key)); }
    void seek_before(std::string_view key) override {
      at_ = entries_.lower_bound(std::string(key));
      previous();
    }
    void next() override { ++at_; }
    void previous() override { at_ = at_ == entries_.begin() ? entries_.end() : std::prev(at_); }
    [[nodiscard]] bool valid() const override { return at_ != entries_.end(); }
    [[nodiscard]] std::string_view key() const override { return at_->first; }
    [[nodiscard]] std::string_view value() const override { return at_->second; }

   private:
    const Entries& entries_;
    Entries::const_iterator at_;
  };

  [[nodiscard]] const Entries& at(Table table) const {
    static const Entries none;
    const auto found = tables_.find(table);
    return found == tables_.end() ? none : found->second;
  }

  StoreState state_;
  std::set<std::string> providers_;
  std::map<Table, Entries> tables_;
};

}  // namespace geleit::testing
