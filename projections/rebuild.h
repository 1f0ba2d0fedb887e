// Tables made anew: folded from the log in bulk, or derived again from the stored cases, always beside the
// present ones and switched to in one step. The same folds and read models as the live projector; only the
// writing differs (sorted files instead of batches). During a rebuild nothing is sent to anyone.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "events/log.h"
#include "projections/bulk_build.h"
#include "projections/projector.h"

namespace geleit {

/// True for the tables that only the log can give back; the others follow from the stored cases.
[[nodiscard]] constexpr bool is_from_log(Table table) {
  return table == Table::stored_cases || table == Table::trail || table == Table::stale;
}

/// May look at the finished new tables (Store::compare) before the switch.
using BeforeSwitch = std::function<void(const Generation& made)>;

/// Folds the log up to `until` into new generations of all tables and switches to them. Throws
/// LogUnavailable, LogCorrupt, StoreFailed, RebuildStopped; the present tables are then as they were. With a
/// day, the tables as they were on it (as_of.h).
void rebuild_from_log(const ReadableLog& log, Store& store, RuleBook& rules, const Positions& until,
                      const Progress& progress, const BeforeSwitch& before_switch = {},
                      const std::stop_token& stop = {}, std::optional<CivilDate> as_of = {});

/// Derives these tables (none of is_from_log) anew from the stored cases and switches to them.
void rebuild_from_cases(Store& store, const RuleBook& rules, std::span<const Table> tables,
                        const Progress& progress, const BeforeSwitch& before_switch = {},
                        const std::stop_token& stop = {});

/// Where the accepted events of a stream lie, from version `first` to `last`. Throws StoreDamaged.
[[nodiscard]] std::vector<Position> positions_along_trail(const Snapshot& snapshot, const CaseId& id,
                                                          Version first, Version last);
/// The event that a fold cannot take.
struct FoldStop {
  Position at;
  std::string error;
};
/// Folds what the trail knows beyond the case's own head; where that fails, up to the event before. Throws
/// LogCorrupt, LogUnavailable, StoreDamaged.
[[nodiscard]] std::optional<FoldStop> fold_along_trail(const ReadableLog& log, const Snapshot& snapshot,
                                                       const CaseId& id, StoredCase& stored);

struct TableDifference {
  Table table{};
  std::uint64_t keys = 0;  ///< that differ
  std::string example;     ///< one of them, in hexadecimal
};
/// Derives everything afresh in `scratch` (removed afterwards) from the log up to where `store` stands, and
/// compares all tables byte for byte. Empty: they are the same.
[[nodiscard]] std::vector<TableDifference> check_tables(const ReadableLog& log, const Store& store,
                                                        const std::filesystem::path& scratch,
                                                        const Progress& progress,
                                                        const std::stop_token& stop = {});

}  // namespace geleit
