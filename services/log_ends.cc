#include "services/log_ends.h"

#include <chrono>
#include <condition_variable>
#include <stop_token>

#include "events/thread_name.h"
#include "services/clock.h"

namespace geleit {

LogEnds::LogEnds(const ReadableLog& log, bool beyond) : log_(log), beyond_(beyond) {
  if (!beyond_) return;
  ends_ = log_.ends();
  asked_at_ms_ = monotonic_ms();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

KnownEnds LogEnds::known() const {
  if (!beyond_) return {log_.ends(), 0};
  const std::lock_guard lock(mutex_);
  const std::int64_t old_ms = monotonic_ms() - asked_at_ms_;
  return {ends_, old_ms < ends_old_ms ? 0 : old_ms};
}

void LogEnds::run(const std::stop_token& stop) {
  name_thread("log ends");
  std::mutex waiting;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    const std::int64_t asked_at_ms = monotonic_ms();
    try {
      Positions ends = log_.ends();
      const std::lock_guard lock(mutex_);
      ends_ = std::move(ends);
      asked_at_ms_ = asked_at_ms;
    } catch (const std::exception&) { /* what is wrong with the log it tells itself */
    }
    std::unique_lock lock(waiting);
    never.wait_for(lock, stop, std::chrono::milliseconds(ask_ends_ms), [] { return false; });
  }
}

}  // namespace geleit
