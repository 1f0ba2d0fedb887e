// A table as somebody has kept it: what `geleit get TABLE --json` or `--csv` printed, or a page of the HTTP
// interface.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "events/log.h"
#include "services/audit/row_changes.h"

namespace geleit {

/// It cannot be read, or is no such table; a sentence for people.
struct ExportRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The rows of an export, by case.
class ExportedRows {
 public:
  /// Throws ExportRefused.
  ExportedRows(const std::string& file, const ListTable& table);

  /// Where the tables stood, if the export says so: for each partition named the offset of the last record.
  [[nodiscard]] const std::optional<std::map<std::uint16_t, std::uint64_t>>& positions() const {
    return positions_;
  }
  [[nodiscard]] const std::optional<CivilDate>& today() const { return today_; }

  /// Compares the case's rows, those that stand on that day. Columns that the export does not have, that
  /// depend on the language and personal data are passed over. Each case once, from any thread.
  [[nodiscard]] std::vector<RowChange> compare(const CaseId& id, const std::vector<AnyRow>& rows,
                                               const Asked& asked) const;
  /// The rows of a case that no replayed case has.
  [[nodiscard]] std::vector<RowChange> compare_missing(const CaseId& id, Language language) const;
  [[nodiscard]] std::set<CaseId> cases() const;

 private:
  /// Column to what it says; JSON values as their text.
  using Fields = std::map<std::string, std::string>;
  void read_json(const std::string& text);
  void read_csv(const std::string& text);
  void keep(Fields fields, std::size_t number);
  [[nodiscard]] std::string place_of(const Fields& fields) const;
  [[nodiscard]] Fields fields_of(const AnyRow& row, const Asked& asked) const;
  [[nodiscard]] RowChange change(const Fields* before, const Fields* after, Language language) const;

  std::string file_;
  const ListTable& table_;
  bool csv_ = false;
  std::set<std::string> columns_;  ///< that the export has and that are compared
  std::map<CaseId, std::vector<Fields>> rows_;
  std::optional<std::map<std::uint16_t, std::uint64_t>> positions_;
  std::optional<CivilDate> today_;
};

}  // namespace geleit
