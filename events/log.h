// The log: the one place where facts lie. A port with three implementations (embedded_log, memory_log, and
// Kafka); tests/contract/log_contract.h says in tests what every one of them promises.
//
// Order: records of one partition are read in exactly the order of their offsets (0, 1, 2 … without gap), the
// same for every reader, for ever. Between partitions there is no order. Durability: a record that a reader
// has seen is durable; it never disappears and never changes. Retry: append may be repeated after a failure;
// the log may then hold the record twice. Readers decide which of two counts (chain.h), so a duplicate is
// harmless.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"

namespace geleit {

/// The log cannot be used now (disk full, broker gone); trying again later may succeed.
struct LogUnavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The log is damaged or is not what it was; says what and how to get back. Trying again does not help.
struct LogCorrupt : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Another process holds the log, or it is not a log, or its settings do not fit.
struct LogRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Of these: another process holds it.
struct LogInUse : LogRefused {
  using LogRefused::LogRefused;
};

struct LogInfo {
  Uuid id;                       ///< minted when the log was created
  std::uint16_t partitions = 0;  ///< fixed at creation, 1 to 1024
  Instant created;
  std::string kind;   ///< "embedded", "memory", "kafka"
  std::string where;  ///< directory or address, for people
};

/// For each partition (by index) the offset after the last one: where the next record will lie, or how far a
/// reader has come.
using Positions = std::vector<Offset>;

/// One record as it lies in the log. `bytes` is aligned to 8 and valid until the reader that gave it is asked
/// again.
struct StoredRecord {
  Partition partition;
  Offset offset;
  Instant recorded;  ///< the log's own append time, the running maximum of its partition
  std::string_view bytes;
};

/// A record to append: `bytes` as events/codec.h made it, a multiple of 8 long.
struct NewRecord {
  Partition partition;
  std::string bytes;
};

/// Reads one partition forward. Not thread-safe; many readers may read at once.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Replaces `out` by the next records, at least one and about `records_max` (a stored group is not split),
  /// or by none when the durable end is reached; asking again later continues. Throws LogUnavailable,
  /// LogCorrupt.
  virtual void next(std::vector<StoredRecord>& out, std::size_t records_max) = 0;
};

/// Ends a subscription when destroyed; after that the callback runs no more.
class LogSubscription {
 public:
  virtual ~LogSubscription() = default;
};

/// What became of an append: empty `error` = durable.
struct Appended {
  std::string error;
  [[nodiscard]] bool ok() const { return error.empty(); }
};

/// A log as readers see it; what offline tools get, which may look at a log while a service writes to it. All
/// of it may be called from any thread. Readers must not outlive the log they read.
class ReadableLog {
 public:
  virtual ~ReadableLog() = default;

  [[nodiscard]] virtual LogInfo info() const = 0;
  /// The durable end of every partition, as of now.
  [[nodiscard]] virtual Positions ends() const = 0;
  /// From this offset on; an offset beyond the end waits for it to come.
  [[nodiscard]] virtual std::unique_ptr<LogReader> read(Partition partition, Offset from) const = 0;
  /// The record at each position, in the order asked, each through `found` (its bytes valid only during the
  /// call). A position beyond the end throws LogCorrupt: somebody knew a record that is gone.
  virtual void read_at(std::span<const Position> positions,
                       const std::function<void(const StoredRecord&)>& found) const = 0;
};

class Log : public ReadableLog {
 public:
  /// Queues the records, kept in this order, and returns; `done` runs once, in a thread of the log, after
  /// they are durable and readable, or have failed (then some of them may be in the log all the same). Must
  /// not block in `done`. Throws LogUnavailable when the queue is full (append_queue_records_max); nothing is
  /// then queued.
  virtual void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) = 0;
  /// Runs `grown` in a thread of the log after records became readable (calls may be merged). It must not
  /// block.
  [[nodiscard]] virtual std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) = 0;
  /// Why append refuses now, in a sentence; empty while it does not.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
};

inline constexpr std::uint16_t partitions_max = 1024;
/// Records that may wait for their turn in one log before append refuses.
inline constexpr std::size_t append_queue_records_max = 262'144;
/// The bytes that may wait with them. One append alone may exceed both, when nothing else waits.
inline constexpr std::size_t append_queue_bytes_max = 256 << 20;

/// For opening: the log must reach what its reader has already seen (positions as the tables keep them).
/// Throws LogCorrupt when it ends before that (a log that lost its tail never starts silently), LogRefused
/// when `known` has more partitions than the log.
void require_reached(const ReadableLog& log, const Positions& known);

/// `(murmur2 & 0x7fffffff) % partitions` of the stream id's 36 lower-case characters, as Kafka's clients
/// compute it.
[[nodiscard]] Partition partition_of(const CaseId& stream, std::uint16_t partitions);

}  // namespace geleit
