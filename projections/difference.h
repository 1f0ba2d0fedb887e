// What changes in the tables when a case changes: rows and index entries by comparison, counters by
// subtraction.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "projections/read_model.h"
#include "projections/store.h"
#include "projections/told_rows.h"

namespace geleit {

using CounterChanges = std::unordered_map<std::string, std::int64_t>;

/// Adds to `batch` what turns the rows of `before` into those of `after` (both of one case and table,
/// reordered here), to `counters` the change of the counts, and to `told`, if anybody listens, the rows that
/// changed. The change in the number of rows.
std::int64_t write_difference(Table table, std::string_view provider, Derived& before, Derived& after,
                              Batch& batch, CounterChanges& counters, RowChanges* told = nullptr);

/// Every row of `before` beside the one of `after` with the same key (both reordered here), in the order of
/// the keys; null where there is none.
void compare_rows(Derived& before, Derived& after,
                  const std::function<void(const DerivedRow* before, const DerivedRow* after)>& visit);

/// Adds the changes to the stored counters; `state.rows` learns how many there are.
void write_counters(const CounterChanges& changes, const Snapshot& snapshot, Batch& batch, StoreState& state);

/// A counter's value as stored: 8 octets. A counter that is zero is not stored.
[[nodiscard]] std::string encode_counter(std::int64_t value);
[[nodiscard]] std::int64_t decode_counter(std::string_view bytes);

}  // namespace geleit
