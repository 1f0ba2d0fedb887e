// A log that lives in memory: for tests and for the simulation, with faults on demand. It keeps every promise
// of events/log.h except that nothing is left when it is destroyed.
//
// One append is one write here (appends are never merged), so a fault can be aimed at exactly one of them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "events/log.h"
#include "events/log_subscribers.h"

namespace geleit {

/// What becomes of one write.
struct MemoryFault {
  enum class Kind : std::uint8_t {
    none,
    fail,                  ///< done gets an error; the first `amount` records are in the log all the same
    lose_acknowledgement,  ///< all records are in the log, yet done gets an error
    duplicate,  ///< all records are in the log twice, one set behind the other; done hears of success
    hold,       ///< a slow sync: the write waits, and all behind it, for `amount` steps (or milliseconds)
    crash,      ///< the first `amount` records are in the log, then the process is gone (see crash())
  };
  Kind kind = Kind::none;
  std::size_t amount = 0;
};
inline constexpr std::size_t all_records = std::numeric_limits<std::size_t>::max();

/// When a write is carried out and `done` and `grown` run.
enum class Delivery : std::uint8_t {
  threaded,  ///< in a thread of the log, as the other logs do
  at_once,  ///< in the thread that appends, before append returns: deterministic, but mind the locks you hold
  stepped,  ///< in the thread that calls step(): deterministic, and the test decides when
};

struct MemoryLogOptions {
  std::uint16_t partitions = 8;
  Uuid id;
  Instant created;
  std::function<Instant()> clock;  ///< required; asked once per append, in the appending thread
  Delivery delivery = Delivery::threaded;
  /// Asked before each write, which are numbered from 0; none means that all go well.
  std::function<MemoryFault(std::uint64_t write, std::span<const NewRecord> records)> faults;
};

class MemoryLog final : public Log {
 public:
  explicit MemoryLog(MemoryLogOptions options);
  /// Threaded: writes what is queued. Else what is queued is dropped and its `done` never runs.
  ~MemoryLog() override;

  [[nodiscard]] LogInfo info() const override;
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) override;
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) override;

  /// Carries out the oldest queued write (or lets one step of its hold pass). False when nothing is queued.
  bool step();
  /// The next write that has no fault of its own meets this one; several are met one after another.
  void inject(MemoryFault fault);
  /// As if the process had been killed: queued writes are gone, their `done` never runs, and everything
  /// throws LogUnavailable until restart(). What was written stays.
  void crash();
  void restart();
  [[nodiscard]] bool crashed() const;
  /// Appends that are queued and not yet written.
  [[nodiscard]] std::size_t waiting() const;

 private:
  class Reader;
  struct Stored {
    Instant recorded;
    std::string bytes;
  };
  struct Write {
    std::vector<NewRecord> records;
    std::function<void(const Appended&)> done;
    Instant at;
    std::size_t bytes = 0;
    bool judged = false;  // its fault has been asked for
    MemoryFault fault;
    std::size_t held = 0;  // steps that the hold still lasts
  };

  void refuse_if_crashed() const;
  void store(const Write& write, std::size_t records);
  void run();

  MemoryLogOptions options_;
  LogSubscribers subscribers_;
  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable wake_;
  std::vector<std::deque<Stored>>
      partitions_;               // elements never move, so readers may view them without the lock
  std::vector<Instant> latest_;  // the running maximum of `recorded` by partition
  std::deque<Write> queue_;
  std::size_t queued_records_ = 0;
  std::size_t queued_bytes_ = 0;
  std::deque<MemoryFault> injected_;
  std::uint64_t writes_ = 0;
  bool delivering_ = false;
  bool crashed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace geleit
