// A list as an XLSX workbook of one sheet: the columns' names in a row that stays when one scrolls, a filter
// over it, dates as dates and numbers as numbers. The one place that knows libxlsxwriter.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "projections/columns.h"

namespace geleit {

/// There was no room to make it in; says why.
struct SpreadsheetFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Memory holds it while it grows, never a disk: names of patients may stand in it.
class Spreadsheet {
 public:
  /// `beside` are columns of the row that is shown beside each. Columns that are objects are left out, as in
  /// CSV. Both outlive it. Throws SpreadsheetFailed.
  Spreadsheet(std::string_view name, std::span<const Column> columns, std::span<const Column> beside);
  ~Spreadsheet();
  Spreadsheet(const Spreadsheet&) = delete;
  Spreadsheet& operator=(const Spreadsheet&) = delete;
  void add(const AnyRow& row, const AnyRow& beside, const Asked& asked);
  /// The file. Nothing may be added after it. Throws SpreadsheetFailed.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace geleit
