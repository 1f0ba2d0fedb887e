// What every making of whole tables is made of: partitions folded side by side, then the rows of all cases in
// the order of providers, into whatever takes sorted runs: new generations of the store, or memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "events/log.h"
#include "projections/partition_fold.h"
#include "projections/rule_book.h"
#include "projections/store.h"

namespace geleit {

/// Workers of a rebuild; each holds the cases of one partition as the fold wants them. All others are held
/// packed, some 50 octets an event.
inline constexpr unsigned rebuild_workers = 2;

/// A worker looks whether it is to go on after so many cases.
inline constexpr std::size_t cases_between_looks = 1'024;

/// Hears the events folded so far; one call at a time, from any of the workers; the
/// same number again while rows are made.
using Progress = std::function<void(std::uint64_t events)>;

/// It was asked to stop before it was finished.
struct RebuildStopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the workers tell while they work, and whether they are to go on.
class Watched {
 public:
  Watched(const Progress& progress, std::stop_token stop) : progress_(progress), stop_(std::move(stop)) {}

  void read(std::uint64_t records) {
    tell(records_.fetch_add(records) + records);
    look();
  }
  void look() const {
    if (stop_.stop_requested()) throw RebuildStopped("the tables are not finished: asked to stop");
  }
  /// The same once more, so that a long silence is none.
  void go_on() { read(0); }
  /// Nothing can be stopped any more.
  void done() { tell(records_); }

 private:
  void tell(std::uint64_t records) {
    // Who finds somebody telling goes on.
    if (const std::unique_lock turn(telling_, std::try_to_lock); progress_ && turn) progress_(records);
  }

  const Progress& progress_;
  std::stop_token stop_;
  std::mutex telling_;
  std::atomic<std::uint64_t> records_{0};
};

/// Folds every partition up to `until`; settings that were read go to `rules`. With a day, each case as it
/// was on it (as_of.h), for which the log is read twice. Throws LogUnavailable, LogCorrupt, RebuildStopped.
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
