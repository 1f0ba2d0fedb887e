// Where the log ends, for those who tell how far behind they are: readers and whoever watches. A log beyond
// the machine is asked by a thread of this object, so that no answer waits for it; while it does not answer,
// the last ends it told stay, and how old they are counts as lag.
#pragma once

#include <cstdint>
#include <mutex>
#include <thread>

#include "events/log.h"

namespace geleit {

/// How often a log beyond the machine is asked.
inline constexpr std::int64_t ask_ends_ms = 500;
/// Ends that are older than this are told to be old.
inline constexpr std::int64_t ends_old_ms = 3'000;

struct KnownEnds {
  Positions ends;
  std::int64_t old_ms = 0;  ///< for how long they have not been known anew; 0 while less than ends_old_ms
};

/// Thread-safe. The log outlives it.
class LogEnds {
 public:
  /// `beyond`: asking the log goes through a network. Throws as ReadableLog::ends.
  LogEnds(const ReadableLog& log, bool beyond);
  [[nodiscard]] KnownEnds known() const;

 private:
  void run(const std::stop_token& stop);

  const ReadableLog& log_;
  bool beyond_;
  mutable std::mutex mutex_;  // guards the two below
  Positions ends_;
  std::int64_t asked_at_ms_ = 0;
  std::jthread thread_;  // last, for it uses all of the above
};

}  // namespace geleit
