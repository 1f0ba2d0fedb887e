// The log folded once more, case by case in memory, for as many cases as are asked for: what narrowed
// comparisons and "what if" are made of. Whole tables are made by rebuild_from_log.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "events/log.h"
#include "projections/case.h"
#include "projections/deadlines.h"
#include "projections/rebuild.h"
#include "projections/rule_book.h"

namespace geleit {

/// Which cases are asked for; all of it must fit.
struct ReplayScope {
  std::optional<CaseId> case_id;
  std::string provider;             ///< empty: all
  std::optional<Instant> from, to;  ///< something of the case was recorded then, both inclusive
  [[nodiscard]] bool narrows() const { return case_id || !provider.empty() || from || to; }
};

/// An alert as watch raises it: once a deadline is missed, unless something was recorded before that meets
/// it.
struct RaisedAlert {
  Rule rule{};
  Version generation;
  CivilDate due_on, acts_on;
  Instant at;  ///< when the deadline had passed, or when what made it missed was recorded
  friend bool operator==(const RaisedAlert&, const RaisedAlert&) = default;
};

/// Finds out event by event what watch would have raised under one rule book.
class AlertWatch {
 public:
  /// After an event was folded. Throws what deadlines_of throws.
  void look(const Case& c, Instant recorded, const RuleBook& rules);
  /// Before the next event, or at the end: raises what came due before `until`.
  void pass(Instant until);
  [[nodiscard]] const std::vector<RaisedAlert>& raised() const { return raised_; }

 private:
  Instant since_;
  std::vector<DeadlineRow> waiting_;  ///< those that are missed once due
  std::vector<RaisedAlert> raised_;
};

/// A case while it is folded.
struct ReplayedCase {
  CaseId id;
  Head head;            ///< of the last accepted event
  Case state;           ///< behind `head` where the fold has failed: up to the event before
  Offset last;          ///< of its last accepted event
  std::string failure;  ///< why the fold or a rule failed, or empty
  bool in_range = false;
  AlertWatch watches[2];  ///< for ReplayHooks
};

/// Called from several threads, for different cases at a time. Any may be empty.
struct ReplayHooks {
  std::function<void(ReplayedCase&, Instant recorded)> before_event, after_event;
  /// For each case in scope, once its partition was read.
  std::function<void(ReplayedCase&)> done;
};

/// What was read and folded.
struct ReplayCounts {
  std::uint64_t records = 0;  ///< read
  std::uint64_t events = 0;   ///< folded
  std::uint64_t cases = 0;    ///< in scope
};

/// Reads every rule set and all settings that the log holds up to `until` into each of the books. Throws
/// LogUnavailable, LogCorrupt.
void read_rule_books(const ReadableLog& log, const Positions& until, std::span<RuleBook* const> books,
                     const Progress& progress);

/// Folds the cases in scope up to `until`; of the log only what may hold them is read. `progress` hears of
/// records, one call at a time. Throws LogUnavailable, LogCorrupt, and what hooks throw.
[[nodiscard]] ReplayCounts replay_cases(const ReadableLog& log, const Positions& until,
                                        const ReplayScope& scope, const ReplayHooks& hooks,
                                        const Progress& progress);

}  // namespace geleit
