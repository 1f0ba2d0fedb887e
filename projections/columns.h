// What every list table offers to those who ask: its columns by name and type, which of them filter and sort,
// and how a row becomes JSON or CSV. The one place where the names of API.md stand for the tables.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "events/codec.h"
#include "projections/figures.h"
#include "projections/row_codec.h"
#include "projections/rule_book.h"
#include "projections/rules/catalogue.h"

namespace geleit {

/// A line of a case's history: an event as it was recorded, told from its record when asked.
struct HistoryRow {
  Version version;
  std::string event;
  std::string happened;  ///< a date or an instant
  Instant recorded;
  std::string by;                       ///< empty: the service itself
  std::string data, reasons, position;  ///< JSON objects
  std::string rule_set, hash;
  bool stale = false;
};

using AnyRow = std::variant<CaseRow, DeadlineRow, OverdueStartRow, UnitBalanceRow, TaskRow, VisitRow,
                            AlertRow, FigureRow, HistoryRow>;

/// By whom and when a row is looked at.
struct Asked {
  CivilDate today;
  Language language = Language::de;
  const RuleBook* rules = nullptr;     ///< never null where deadlines are read
  const PersonData* person = nullptr;  ///< of the row's case, opened; null: the asker may not see it
  const std::string* note = nullptr;   ///< of the row's alert, likewise
};

enum class ColumnType : std::uint8_t {
  uuid,
  text,
  vocabulary,  ///< one of a closed set of words
  date,
  instant,
  integer,
  decimal,  ///< kept in hundredths
  boolean,  ///< "true" or "false"
  object,   ///< written as JSON by `get`; has members of its own in CSV
};

/// Null; a number (days, milliseconds, hundredths as the type says); text; an id.
using Value = std::variant<std::monostate, std::int64_t, std::string, Uuid>;

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::text;
  Value (*get)(const AnyRow& row, const Asked& asked) = nullptr;
  /// Whether a text is one that this column can hold (a known word, a well-formed slug); null: any that is
  /// not blank.
  bool (*accepts)(std::string_view text) = nullptr;
  bool in_json =
      true;  ///< false: a member of an object, by itself in CSV only; the object's own name holds its id
  [[nodiscard]] bool filters() const { return in_json && type != ColumnType::object; }
  /// Also with `.from` and `.to`.
  [[nodiscard]] bool has_range() const {
    return type == ColumnType::date || type == ColumnType::instant || type == ColumnType::integer ||
           type == ColumnType::decimal;
  }
};

/// A column by which the table's rows are indexed (IndexKey::column), or `case`, the order of the keys.
struct SortColumn {
  std::string_view name;
  std::uint8_t index = 0;
  /// Two more indexes by the same values: of the rows that stand in an answer from just that day on, and of
  /// those that stand until just that day. So what is still to come, and what is long over, is not looked
  /// through. 0: there is none.
  std::uint8_t index_once_due = 0, index_until_due = 0;
  /// One more, of rows that a filter for their `state` may ask for; 0: there is none.
  std::uint8_t index_unsettled = 0;
};

struct ListTable {
  Table table{};
  std::string_view name;  ///< in the path: "unit-balances"
  std::span<const Column> columns;
  std::span<const SortColumn> sorts;  ///< the first one is the default
  /// Replaces `out`. Throws BadRow.
  void (*decode)(std::string_view key, std::string_view bytes, AnyRow& out) = nullptr;
  /// Whether the row stands in the answer on that day; null: always.
  bool (*stands)(const AnyRow& row, CivilDate today) = nullptr;

  [[nodiscard]] const Column* column(std::string_view column_name) const;
  [[nodiscard]] const SortColumn* sort(std::string_view column_name) const;
};

/// `cases`, `deadlines`, `overdue-starts`, `unit-balances`, `tasks`, `visits`, `alerts`.
[[nodiscard]] std::span<const ListTable> list_tables();
[[nodiscard]] const ListTable& list_table(Table table);  ///< asserted to be one of them
/// The columns of `key-figures`, whose rows are computed when asked.
[[nodiscard]] std::span<const Column> figure_columns();

/// The columns of a case's `history`.
[[nodiscard]] std::span<const Column> history_columns();

/// What tells a row of a list from all others of it: the case, and where there are several of a case `/` and
/// what they are about: `CASE`, `CASE/VISIT`, `CASE/ALERT`, `CASE/RULE/N`, `CASE/TASK/N`.
[[nodiscard]] std::string key_text(const AnyRow& row);

/// The row as one JSON object.
void append_row_json(std::string& out, std::span<const Column> columns, const AnyRow& row,
                     const Asked& asked);
/// Fields with `;` between and CRLF at the end (RFC 4180); a text that a spreadsheet would run as a formula
/// gets an apostrophe before it.
void append_row_csv(std::string& out, std::span<const Column> columns, const AnyRow& row, const Asked& asked);
/// Byte-order mark and the columns' names.
void append_csv_header(std::string& out, std::span<const Column> columns);

/// A JSON string with its quotes. `text` is UTF-8.
void append_json_text(std::string& out, std::string_view text);
/// `{"person_id": …, "given_name": …}` without what is not known.
void append_person_json(std::string& out, const PersonId& id, const PersonData& person);

}  // namespace geleit
