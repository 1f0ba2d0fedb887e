// Which rows of the lists changed, told to whoever shows them live: by each write of the projector as it
// happens, or derived from the log for somebody who comes back after a while.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/log.h"
#include "projections/rule_book.h"
#include "projections/store.h"

namespace geleit {

/// Rows that one write tells of, and their octets; what goes beyond is not told row by row.
inline constexpr std::size_t told_rows_max = 20'000;
inline constexpr std::size_t told_octets_max = std::size_t{8} << 20;

/// A row that was made, changed or removed.
struct ChangedRow {
  Table table{};
  std::string provider, key;
  std::optional<std::string> before, after;  ///< the row's bytes; nothing: there was, or is, no row

  [[nodiscard]] std::size_t octets() const {
    return sizeof *this + provider.size() + key.size() + (before ? before->size() : 0) +
           (after ? after->size() : 0);
  }
};

/// Whether changes of this table are told: those that answer as lists.
[[nodiscard]] constexpr bool is_told(Table table) {
  return table == Table::cases || table == Table::deadlines || table == Table::overdue_starts ||
         table == Table::unit_balances || table == Table::tasks || table == Table::visits ||
         table == Table::alerts;
}

/// What brought the lists from one prefix of the log to another; each row stands there at most once, in an
/// order that the log alone decides: by case, table and key.
struct RowChanges {
  Positions from, to;
  std::vector<ChangedRow> rows;
  std::size_t octets = 0;
  bool whole = true;   ///< false: nobody listened, or there were too many; `rows` is then empty
  bool again = false;  ///< rows of records read before, which had not been understood: no log tells them

  void add(Table table, std::string_view provider, std::string_view key,
           std::optional<std::string_view> before, std::optional<std::string_view> after);
  void sort();  ///< once all are added
};

/// Hears of every write, in the projector's thread; must not block.
class RowListener {
 public:
  virtual ~RowListener() = default;
  /// Whether rows are wanted now; else only the positions are told.
  [[nodiscard]] virtual bool listening() const = 0;
  virtual void changed(RowChanges changes) = 0;
};

/// Records between two positions that are worth looking through; beyond it everything is read anew.
inline constexpr std::uint64_t records_between_max = 2'000;

/// What changed between two prefixes of the log, `from` and `to`, by folding the cases that were touched up
/// to either: exact, whoever has written the tables. Not `whole` where more than `records_between_max` lie
/// between them. `to` must not be beyond the snapshot. Throws LogCorrupt, LogUnavailable, StoreFailed.
[[nodiscard]] RowChanges changes_between(const ReadableLog& log, const Snapshot& snapshot,
                                         const RuleBook& rules, const Positions& from, const Positions& to);

}  // namespace geleit
