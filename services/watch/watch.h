// Watch: makes a fact of what has come due. It waits for the next of the tables' due keys, asks an intake to
// record what is due, oldest first, and is told. Any number may run, be killed and start again: the id of
// what they ask for follows from case, rule and generation, so it is recorded once. Intake decides again on
// the log's state; what is not so any more is refused there.
//
// Beside that it derives the due keys afresh from the cases, a few at a time, round after round, and
// compares: a missing one is an error, not a silence.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "projections/rule_book.h"
#include "projections/store.h"
#include "services/clock.h"
#include "services/command_port.h"
#include "services/http/metrics.h"

namespace geleit {

/// Commands asked for in one piece, and pieces that may be under way: many due at one midnight are to leave
/// room for people's commands.
inline constexpr std::size_t watch_piece_max = 256;
inline constexpr std::size_t watch_pieces_max = 4;
/// How long watch rests at most without looking at clock and tables, so that a clock that was set is noticed.
inline constexpr std::chrono::milliseconds watch_looks_after{1'000};
/// What was asked for is asked for again after so long where it still waits: the tables did not follow, or
/// the case cannot be decided on.
inline constexpr std::int64_t watch_asks_again_after_ms = 5'000;
/// Cases whose due keys are derived afresh in one look, and how often: a million cases in some ten minutes.
inline constexpr std::size_t watch_checks_cases = 128;
inline constexpr std::int64_t watch_checks_every_ms = 100;
/// What is due for so long and not recorded should be an alert and is none.
inline constexpr std::int64_t watch_late_after_ms = 60'000;

struct WatchStatus {
  std::uint64_t recorded = 0, refused = 0, later = 0;  ///< answers since the start
  std::optional<Instant> looked_at;   ///< when the last look began: what follows is what it found
  std::uint64_t due = 0;              ///< waiting to be recorded, as far as one look goes: some thousands
  std::optional<Instant> oldest_due;  ///< of these
  std::uint64_t late = 0;             ///< of these, those due, and known, for watch_late_after_ms
  std::optional<Instant> next_due;
  std::uint64_t cases_checked = 0;        ///< since the start
  std::optional<Instant> checked_all_at;  ///< when the last round ended
  /// Cases whose due keys the round before, or this one so far, found missing or in excess; and one of them.
  std::uint64_t wrong_timers = 0;
  std::string wrong_case;
  std::string trouble;  ///< why the tables cannot be read, or empty
};
/// Member `watch` of the status.
[[nodiscard]] std::string to_json(const WatchStatus& status);
/// What is wrong with it, a sentence each.
[[nodiscard]] std::vector<std::string> troubles_of(const WatchStatus& status);

class Watch {
 public:
  /// All outlive it, and every answer of the port.
  Watch(Store& store, const RuleBook& rules, const Clock& clock, CommandPort& port);
  ~Watch();

  /// Counts from here on how long it took from due, and known, to recorded. `metrics` outlives it.
  void measure(http::Metrics& metrics);
  void run(std::stop_token stop);
  /// One look, for tests and the simulation: asks for what is due. True when it asked for something.
  bool step();
  /// One slice of the continuous check. True at the end of a round.
  bool check();
  /// The tables moved on. Any thread.
  void tables_advanced();
  [[nodiscard]] WatchStatus status() const;

 private:
  struct Asked {
    Instant since;                      ///< it has been due, and in the tables
    std::int64_t again_ms = INT64_MAX;  ///< monotonic; under way until then
  };
  void answered(const std::vector<std::string>& keys, const std::vector<PortAnswer>& answers);

  Store& store_;
  const RuleBook& rules_;
  const Clock& clock_;
  CommandPort& port_;
  std::string check_from_;  ///< key of the next case to check
  std::uint64_t wrong_now_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  bool nudged_ = true;
  std::map<std::string, Asked> asked_;  ///< by the timer's key
  bool all_asked_ = false;              ///< the last look left nothing out that it could have found
  std::size_t pieces_ = 0;
  WatchStatus status_;
  http::Histogram delays_;
};

}  // namespace geleit
