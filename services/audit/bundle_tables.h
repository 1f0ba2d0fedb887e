// The tables of an audit bundle: every list of one provider as the service would give it on a day, whole, row
// by row; as CSV by the code that answers GET, and with types for SQLite.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "projections/columns.h"
#include "projections/rebuild.h"
#include "services/audit/bundle_opening.h"
#include "services/audit/sqlite_file.h"

namespace geleit {

struct BundleTable {
  std::string_view name;  ///< as in the path: "unit-balances"
  std::span<const Column> columns;
  const ListTable* list = nullptr;  ///< null: key figures, a row a month
};
/// Every list, in the order of the surface.
[[nodiscard]] const std::vector<BundleTable>& bundle_tables();

/// The tables that follow from some records, made in an empty directory by the code that makes the live ones.
class ReplayedTables {
 public:
  /// Throws as rebuild_from_log.
  ReplayedTables(const ReadableLog& records, const std::filesystem::path& dir, const Progress& progress,
                 const std::stop_token& stop);
  [[nodiscard]] Reading reading() const { return Reading(store_->snapshot()); }
  [[nodiscard]] const RuleBook& rules() const { return rules_; }
  /// Cases or rows that stand still and are missing.
  [[nodiscard]] std::size_t parked() const { return store_->parked().size(); }

 private:
  RuleBook rules_;
  std::unique_ptr<Store> store_;
};

/// Visits the rows that stand in the list on `asked.today`, in the order of `sort=case`; persons and notes
/// are opened for the call.
void visit_rows(const BundleTable& table, const Reading& reading, std::string_view provider,
                const Asked& asked, BundleOpening& opening,
                const std::function<void(const AnyRow& row, const Asked& asked)>& visit);

/// `unit-balances` as `unit_balances`, `person.born` as `person_born`: names that SQL takes without care.
[[nodiscard]] std::string sql_name(std::string_view name);
/// The columns that stand in the CSV, too: members of objects each by itself.
[[nodiscard]] std::vector<SqlColumn> sql_columns(const BundleTable& table);
/// Replaces `out`: dates and instants as the surface writes them, decimals as numbers.
void sql_values(const BundleTable& table, const AnyRow& row, const Asked& asked, std::vector<SqlValue>& out);

}  // namespace geleit
