// What every making of whole tables is made of: partitions folded side by side, then the rows of all cases in
// the order of providers, into whatever takes sorted runs: new generations of the store, or memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/log.h"
#include "projections/partition_fold.h"
#include "projections/partition_walk.h"
#include "projections/rule_book.h"
#include "projections/store.h"

namespace geleit {

/// A worker looks whether it is to go on after so many cases.
inline constexpr std::size_t cases_between_looks = 1'024;

/// Folds every partition up to `until`; settings that were read go to `rules`. With a day, each case as it
/// was on it (as_of.h). Throws LogUnavailable, LogCorrupt, RebuildStopped.
[[nodiscard]] std::vector<FoldedPartition> fold_partitions(const ReadableLog& log, const Positions& until,
                                                           RuleBook& rules, std::optional<CivilDate> as_of,
                                                           Watched& watched);

/// What came of it, besides what the loaders were given.
struct BulkBuilt {
  StoreState state;  ///< without the log's id
  std::vector<Parked> parked;
  std::vector<std::string> providers;  ///< sorted
};
using MakeLoader = std::function<std::unique_ptr<Loader>()>;
/// All tables of these partitions, by several threads, each with loaders of its own.
[[nodiscard]] BulkBuilt build_tables(std::vector<FoldedPartition>& partitions, const RuleBook& rules,
                                     const MakeLoader& make_loader, Watched& watched);

}  // namespace geleit
