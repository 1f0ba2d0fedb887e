// What reading a whole log is made of: partitions side by side, each from its beginning in large pieces, by
// workers who tell how far they are and look whether they are to go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <vector>

#include "events/log_walk.h"

namespace geleit {

/// Workers of a rebuild; each holds the cases of one partition as the fold wants them. All others are held
/// packed, some 50 octets an event.
inline constexpr unsigned rebuild_workers = 2;

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
  explicit Watched(const Progress& progress, std::stop_token stop = {})
      : progress_(progress), stop_(std::move(stop)) {}

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
  [[nodiscard]] std::uint64_t records() const { return records_; }

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

/// What a worker is to do, told which one it is.
using Work = std::function<void(std::size_t worker)>;
/// Runs all tasks on so many workers; when one fails, the others end after the task they are at, and what it
/// has thrown is thrown on.
void run_all(std::span<const Work> tasks, unsigned workers = rebuild_workers);

[[noreturn]] void throw_ended_before(Partition partition, Offset until);

/// Reads records of a partition in their order, up to `until`. Throws LogCorrupt where it ends before that.
template <class Each>
void read_partition(const ReadableLog& log, Partition partition, Offset until, Watched& watched,
                    Each&& each) {
  const Offset end =
      walk_partition(log, partition, until, each, [&](std::size_t records) { watched.read(records); });
  if (end < until) throw_ended_before(partition, until);
}

}  // namespace geleit
