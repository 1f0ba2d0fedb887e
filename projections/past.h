// The tables as they were (API.md, Two times): what was known at an instant, what was true on a day. Made of
// the same folds and read models as the live ones, from the log, and read as they are.
//
//   known at K   = the records of each partition up to the first one recorded after K
//   true on day D = of those, the events that count on D (as_of.h)
//
// One case is folded from its own records along its trail; some cases likewise, into memory; everything by
// reading the log, into memory while there is little of it, else into a store of its own on disk.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "projections/as_of.h"
#include "projections/bulk_build.h"
#include "projections/checkpoints.h"
#include "projections/reading.h"
#include "projections/recorded_times.h"

namespace geleit {

/// A past of fewer events is made in memory: some 200 octets an event.
inline constexpr std::uint64_t past_events_in_memory_max = 400'000;

/// One case as it was: made of its first records, those before `until`. Nothing when there is no such case.
/// Throws LogCorrupt, LogUnavailable, StoreDamaged.
[[nodiscard]] std::optional<PastFold> past_case(const ReadableLog& log, const Snapshot& present,
                                                const CaseId& id, Offset until,
                                                std::optional<CivilDate> as_of);

/// The sets and settings that were known by then. Thread-safe; keeps the last few books it has made.
class PastRules {
 public:
  PastRules(const ReadableLog& log, const RuleBook& rules) : log_(log), rules_(rules) {}
  /// `rules` itself where nothing was adopted since. Throws LogCorrupt, LogUnavailable, StoreDamaged.
  [[nodiscard]] std::shared_ptr<const RuleBook> known_by(const Snapshot& present,
                                                         std::span<const Reached> reached);

 private:
  const ReadableLog& log_;
  const RuleBook& rules_;
  std::mutex mutex_;  // guards the next
  std::map<std::vector<Position>, std::shared_ptr<const RuleBook>> made_;
};

/// Which tables are asked for.
struct PastAsk {
  std::vector<Reached> reached;    ///< what was known, by partition
  std::optional<CivilDate> as_of;  ///< none: all of that counts
};
struct PastTables {
  std::shared_ptr<const Snapshot> snapshot;
  std::size_t memory_octets = 0;  ///< that it takes while it lives
  bool on_disk = false;
};

/// Tables of these cases only.
[[nodiscard]] PastTables past_of_cases(const ReadableLog& log, const Snapshot& present, const RuleBook& rules,
                                       const PastAsk& ask, std::span<const CaseId> cases, Watched& watched);
/// The cases of a provider, parked ones included, and how many events they have by now.
struct ProviderCases {
  std::vector<CaseId> cases;
  std::uint64_t events = 0;
};
[[nodiscard]] ProviderCases cases_of(const Store& store, const Snapshot& present, std::string_view provider);

/// A checkpoint is gone on from where the rest is less than this part of the whole: going on, batch by batch,
/// takes as much longer than folding all in bulk.
inline constexpr std::uint64_t tail_part = 10;

/// How a past of everything is made; the defaults are those of the service.
struct PastLimits {
  std::uint64_t events_in_memory_max = past_events_in_memory_max;
  std::uint64_t tail_part = geleit::tail_part;
};

/// Tables of all cases. `scratch` must not exist; what is made there is removed with the tables. Where
/// nothing but what was known is asked for, from the latest of `checkpoints` before it. Throws as
/// rebuild_from_log.
[[nodiscard]] PastTables past_of_all(const ReadableLog& log, const RuleBook& rules, const PastAsk& ask,
                                     const Checkpoints& checkpoints, const std::filesystem::path& scratch,
                                     const Progress& progress, const std::stop_token& stop,
                                     const PastLimits& limits = {});

}  // namespace geleit
