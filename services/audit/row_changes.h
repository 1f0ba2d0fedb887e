// What differs between the rows of one case at two moments, row by row and column by column: told by the same
// read models and the same columns that lists are made of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "projections/columns.h"
#include "projections/read_model.h"

namespace geleit {

/// One column; `monostate` where there is no value or no row.
struct FieldChange {
  std::string_view field;
  ColumnType type = ColumnType::text;
  Value before, after;
};

enum class RowChangeKind : std::uint8_t { added, removed, changed };

/// One row, or one approval of the case, which has no table of its own.
struct RowChange {
  std::string_view table;  ///< as lists are called, or "approvals"
  RowChangeKind kind = RowChangeKind::changed;
  /// What tells the row apart from others of the case: rule and ordinal, visit, alert …; empty where there is
  /// only one.
  std::vector<FieldChange> name;
  /// Of a row that is new or gone all columns that have a value.
  std::vector<FieldChange> fields;
  std::string about;  ///< for people: what the row is about, in the language of `Asked`
};

/// The rows of one state of a case in some of list_tables(). Made to be used again.
class CaseRows {
 public:
  /// In the order of `tables`. They outlive it.
  explicit CaseRows(std::span<const Table> tables) : tables_(tables), rows_(tables.size()) {}
  /// Replaces what it holds; a case that does not exist has no rows. Throws what read models throw.
  void derive(const Case& c, const RuleBook& rules);

 private:
  friend class RowComparison;
  std::span<const Table> tables_;
  std::vector<Derived> rows_;
};

/// How a comparison looks at rows.
struct RowView {
  Asked before, after;    ///< by whom and when each side is looked at
  bool rule_sets = true;  ///< whether another rule set alone is a difference of a deadline
};

/// Rows of the same tables, in the order of tables, then keys. What follows from other columns (days left,
/// the explanation, counts of versions) and personal data is no change of its own.
[[nodiscard]] std::vector<RowChange> changes_between(const CaseRows& before, const CaseRows& after,
                                                     const RowView& view);
/// One row; either may be null, not both. Nothing where no column differs.
[[nodiscard]] std::optional<RowChange> change_of(const ListTable& table, const AnyRow* before,
                                                 const AnyRow* after, const RowView& view);
/// Approvals have no table.
[[nodiscard]] std::vector<RowChange> approval_changes(const Case& before, const Case& after,
                                                      Language language);
/// False for columns that are passed over.
[[nodiscard]] bool is_compared(const Column& column);

/// "Frist SMN-START (Beginn der Nachsorge): letzter Tag 03.04.2026 → 10.04.2026"
[[nodiscard]] std::string change_words(const RowChange& change, Language language);
/// "Frist SMN-START (…)": what the row is.
[[nodiscard]] std::string row_words(const RowChange& change, Language language);
/// False for what people need not be told besides the rest of the change.
[[nodiscard]] bool is_said(const RowChange& change, const FieldChange& field);
/// False where none of it need be told.
[[nodiscard]] bool is_worth_saying(const RowChange& change);
/// "billable 45 → 90", without the row.
[[nodiscard]] std::string field_change_words(const RowChange& change, const FieldChange& field,
                                             Language language);
/// {"table": …, "change": "changed", "rule": …, "fields": {"due_on": {"before": …, "after": …}}}
[[nodiscard]] std::string change_json(const RowChange& change);

}  // namespace geleit
