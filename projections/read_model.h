// A read model is a pure function from a case to its rows. The projector compares what a case had with what
// it has now and writes the difference; rows, index keys and counters fall out of the comparison.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "projections/case.h"
#include "projections/rule_book.h"
#include "projections/tables.h"

namespace geleit {

/// A row's place in the order of one sortable column. `value` sorts as bytes as the column sorts (see
/// order_key in row_codec.h).
struct IndexKey {
  std::uint8_t column = 0;  ///< the column's number in its table, for ever
  std::string value;
  friend bool operator==(const IndexKey&, const IndexKey&) = default;
};

/// One row: its key is unique in the table and begins with the 16 octets of the case id; its bytes are a
/// message of schema/row.capnp.
struct DerivedRow {
  std::string key;
  std::string bytes;
  std::vector<IndexKey> index;
  friend bool operator==(const DerivedRow&, const DerivedRow&) = default;
};

/// What a case adds to a counter; counters are sums over all cases.
struct Contribution {
  std::string key;
  std::int64_t amount = 0;
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

struct Derived {
  std::vector<DerivedRow> rows;
  std::vector<Contribution> counts;
  void clear() {
    rows.clear();
    counts.clear();
  }
};

struct ReadModel {
  Table table;
  /// Adds the case's rows and counts. Deterministic: the same case gives the same bytes in the same order.
  /// "Now" is never in a row. May throw; that parks the case in this table.
  void (*derive)(const Case& c, const RuleBook& rules, Derived& out);
};

/// All of them, in the order of their tables' numbers.
[[nodiscard]] std::span<const ReadModel> read_models();

}  // namespace geleit
