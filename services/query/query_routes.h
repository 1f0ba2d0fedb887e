// The reading half of the surface: every GET of API.md over one snapshot of the tables each.
#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "events/log.h"
#include "projections/rule_book.h"
#include "projections/store.h"
#include "services/access_log.h"
#include "services/clock.h"
#include "services/http/router.h"
#include "services/key_store.h"
#include "services/log_ends.h"

namespace geleit {

/// A read that asks for a position waits this long for it, then it is 503.
inline constexpr std::int64_t wait_for_ms_max = 5'000;
/// A read of a past that is still being made waits as long, then it is 503 and tells how far that is.
inline constexpr std::int64_t past_wait_ms_max = 5'000;
/// When the clock is so far past an instant, and all of a partition was read, nothing recorded before that
/// instant comes any more; a clock set back by less does not matter.
inline constexpr std::int64_t clock_trusted_ms = 24 * 3'600 * std::int64_t{1'000};
/// Between two looks whether the position was reached: a tenth of what it has waited, within these.
inline constexpr std::int64_t wait_for_step_ms_min = 2, wait_for_step_ms_max = 50;
/// Reads that wait for a position; a further one that would have to is 503 at once.
inline constexpr std::size_t waiting_reads_max = 2'048;
/// Whole lists that are asked for and not made yet, one after the other in a thread of their own.
inline constexpr std::size_t whole_lists_max = 16;

/// What the routes read from. All of it outlives them and is only read.
struct QuerySources {
  const Store& store;
  const ReadableLog& log;
  const RuleBook& rules;
  const KeyStore& keys;
  const Clock& clock;
  http::Timers& timers;
  std::string clock_mode;  ///< for the status: "system", "entered" …
  std::vector<std::string> roles;
  /// Who decides commands, as far as this process knows: addresses of intakes.
  std::vector<std::string> deciders;
  std::function<KnownEnds()> ends;
  /// What is wrong now, a sentence each.
  std::function<std::vector<std::string>()> troubles;
  /// Where it is written down who looked at personal data.
  AccessLog& access;
  /// Hears what a read could not read, before that read is answered 503.
  std::function<void(const std::exception&)> unreadable;
  /// The last backup as a JSON object, or `null`.
  std::function<std::string()> last_backup;
  /// How watch and alert are doing, a JSON object each, or `null` where this process has not that role.
  std::function<std::string()> watch, alert;
  /// The signed heads of the log, likewise.
  std::function<std::string()> audit;
  /// Asks for the tables to be brought on, since a read waits for them.
  std::function<void()> hurry;
  /// Reads that wait now.
  std::atomic<std::size_t>& waiting_reads;
  std::atomic<std::size_t>& whole_lists;  ///< likewise
  /// Where pasts that are too large for memory may lie; what is there is removed.
  std::filesystem::path pasts;
};

/// Adds the routes; `router` keeps what they need.
void add_query_routes(http::Router& router, QuerySources sources);
/// What every process tells, whatever its roles: the status, and what its surface is.
void add_status_routes(http::Router& router, QuerySources sources);

}  // namespace geleit
