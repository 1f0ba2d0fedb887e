#include "projections/difference.h"

#include <algorithm>

namespace geleit {
namespace {

void sort_rows(Derived& derived) {
  std::sort(derived.rows.begin(), derived.rows.end(),
            [](const DerivedRow& a, const DerivedRow& b) { return a.key < b.key; });
}

bool holds(const IndexKeys& keys, const IndexKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void write_index(Table table, std::string_view provider, const DerivedRow* before, const DerivedRow* after,
                 Batch& batch) {
  static const IndexKeys none;
  const auto& old_keys = before ? before->index : none;
  const auto& new_keys = after ? after->index : none;
  for (const IndexKey& key : old_keys) {
    if (!holds(new_keys, key)) batch.remove(table, index_key(key.column, provider, key.value, before->key));
  }
  for (const IndexKey& key : new_keys) {
    if (!holds(old_keys, key)) batch.put(table, index_key(key.column, provider, key.value, after->key), {});
  }
}

}  // namespace

void compare_rows(Derived& before, Derived& after,
                  const std::function<void(const DerivedRow*, const DerivedRow*)>& visit) {
  sort_rows(before);
  sort_rows(after);
  auto old_row = before.rows.cbegin();
  auto new_row = after.rows.cbegin();
  while (old_row != before.rows.cend() || new_row != after.rows.cend()) {
    const int order = old_row == before.rows.cend()  ? 1
                      : new_row == after.rows.cend() ? -1
                                                     : old_row->key.compare(new_row->key);
    visit(order <= 0 ? &*old_row : nullptr, order >= 0 ? &*new_row : nullptr);
    if (order <= 0) ++old_row;
    if (order >= 0) ++new_row;
  }
}

std::int64_t write_difference(Table table, std::string_view provider, Derived& before, Derived& after,
                              Batch& batch, CounterChanges& counters, RowChanges* told) {
  compare_rows(before, after, [&](const DerivedRow* old_row, const DerivedRow* new_row) {
    write_index(table, provider, old_row, new_row, batch);
    if (old_row && new_row && old_row->bytes == new_row->bytes) return;
    if (new_row) {
      batch.put(table, row_key(provider, new_row->key), new_row->bytes);
    } else {
      batch.remove(table, row_key(provider, old_row->key));
    }
    if (!told) return;
    const auto bytes_of = [](const DerivedRow* row) {
      return row ? std::optional(row->bytes) : std::nullopt;
    };
    told->add(table, provider, (new_row ? new_row : old_row)->key, bytes_of(old_row), bytes_of(new_row));
  });
  for (const Contribution& c : before.counts) counters[counter_key(provider, c.key)] -= c.amount;
  for (const Contribution& c : after.counts) counters[counter_key(provider, c.key)] += c.amount;
  return static_cast<std::int64_t>(after.rows.size()) - static_cast<std::int64_t>(before.rows.size());
}

void write_counters(const CounterChanges& changes, const Snapshot& snapshot, Batch& batch,
                    StoreState& state) {
  std::vector<std::string> keys;
  for (const auto& [key, change] : changes) {
    if (change != 0) keys.push_back(key);
  }
  std::vector<std::optional<std::string>> values;
  snapshot.get_many(Table::key_figures, keys, values);
  auto& rows = state.rows[static_cast<std::size_t>(Table::key_figures)];
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::int64_t was = values[i] ? decode_counter(*values[i]) : 0;
    const std::int64_t now = was + changes.at(keys[i]);
    if (now != 0) {
      batch.put(Table::key_figures, keys[i], encode_counter(now));
      rows += was == 0 ? 1 : 0;
    } else {
      batch.remove(Table::key_figures, keys[i]);
      rows -= 1;
    }
  }
}

std::string encode_counter(std::int64_t value) {
  std::string out;
  append_big_endian(out, value);
  return out;
}

std::int64_t decode_counter(std::string_view bytes) { return read_big_endian<std::int64_t>(bytes); }

}  // namespace geleit
