// A read model is a pure function from a case to its rows. The projector compares what a case had with what
// it has now and writes the difference; rows, index keys and counters fall out of the comparison.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "projections/booking.h"
#include "projections/byte_arena.h"
#include "projections/case.h"
#include "projections/key_figures.h"
#include "projections/rule_book.h"
#include "projections/tables.h"

namespace geleit {

/// A row's place in the order of one sortable column. `value` sorts as bytes as the column sorts (see
/// order_key in row_codec.h).
struct IndexKey {
  std::uint8_t column = 0;  ///< the column's number in its table, for ever
  std::string_view value;
  friend bool operator==(const IndexKey&, const IndexKey&) = default;
};

/// Columns of one table that rows may be indexed by.
inline constexpr std::size_t index_keys_max = 3;

class IndexKeys {
 public:
  void push_back(IndexKey key) {
    assert(size_ < keys_.size());
    keys_[size_++] = key;
  }
  [[nodiscard]] const IndexKey* begin() const { return keys_.data(); }
  [[nodiscard]] const IndexKey* end() const { return keys_.data() + size_; }
  friend bool operator==(const IndexKeys& a, const IndexKeys& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<IndexKey, index_keys_max> keys_;
  std::uint8_t size_ = 0;
};

/// One row: its key is unique in the table and begins with the 16 octets of the case id; its bytes are a
/// message of schema/row.capnp. Views the `octets` of the Derived it lies in.
struct DerivedRow {
  std::string_view key;
  std::string_view bytes;
  IndexKeys index;
  friend bool operator==(const DerivedRow&, const DerivedRow&) = default;
};

/// What a case adds to a counter of its provider; counters are sums over all cases.
struct Contribution {
  FigureKey key;
  std::int64_t amount = 0;
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

/// Made to be used again and again: once it has grown, a case costs it no allocation. row_codec.h adds rows.
struct Derived {
  ByteArena octets;
  std::vector<DerivedRow> rows;
  std::vector<Contribution> counts;
  void clear() {
    octets.clear();
    rows.clear();
    counts.clear();
  }
};

struct DeadlineRow;  // row_codec.h

/// A case, and what several read models ask of it, computed once. Views both.
struct Subject {
  Subject(const Case& the_case, const RuleBook& rule_book);

  const Case& c;
  const RuleBook& rules;
  CaseState state;
  bool ended;
  std::optional<CivilDate> first_unit_on, last_unit_on;
  Booking booking;
  /// As deadlines_of says; computed when first asked for. Not thread-safe.
  [[nodiscard]] const std::vector<DeadlineRow>& deadlines() const;

 private:
  mutable std::shared_ptr<const std::vector<DeadlineRow>> deadlines_;
};

struct ReadModel {
  Table table;
  /// Adds the case's rows and counts. Deterministic: the same case gives the same bytes in the same order.
  /// "Now" is never in a row. May throw; that parks the case in this table.
  void (*derive)(const Subject& subject, Derived& out);
};

/// All of them, in the order of their tables' numbers.
[[nodiscard]] std::span<const ReadModel> read_models();

}  // namespace geleit
