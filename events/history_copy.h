// A history moved from one log to another, record for record, in either direction between the embedded log
// and Kafka (`geleit log copy`). The new log has the mark of copy_mark.h at offset 0 of each partition, then
// the records of the old one in their order, with the times at which they were recorded first; what is
// appended later follows them. Keys are no part of a log.
//
// Interrupted, it goes on where it stopped, up to where the source ended when the marks were made.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "events/kafka_address.h"
#include "events/log.h"

namespace geleit {

/// Where a history is copied to.
class CopyTarget {
 public:
  virtual ~CopyTarget() = default;
  /// As it is now, what was written and flushed included.
  [[nodiscard]] virtual const ReadableLog& log() const = 0;
  /// The next records of one partition, in their order, each with its time. May return before they are
  /// durable. Throws LogUnavailable when they or earlier ones could not be written.
  virtual void write(std::vector<NewRecord> records, std::vector<Instant> recorded) = 0;
  /// Everything written is durable and readable when it returns.
  virtual void flush() = 0;
};

/// A log to copy to. One that exists is opened; else it is made, as `made`. Throws as opening and making do.
[[nodiscard]] std::unique_ptr<CopyTarget> open_embedded_target(const std::filesystem::path& dir,
                                                               const LogInfo& made);
[[nodiscard]] std::unique_ptr<CopyTarget> open_kafka_target(const KafkaAddress& address,
                                                            const KafkaSettings& settings,
                                                            const LogInfo& made);

struct HistoryCopied {
  std::uint64_t records = 0;  ///< of the source that the target holds now, marks not counted
  std::uint64_t copied = 0;   ///< of them now; the others were there already
};

/// Copies what is missing, then reads both through and compares. Throws LogRefused when the target holds
/// anything but an unfinished copy of this source or has another number of partitions, LogCorrupt when what
/// it holds is not what the source holds, and as reading and writing do.
HistoryCopied copy_history(const ReadableLog& source, CopyTarget& target,
                           const std::function<void(std::uint64_t records)>& progress);

}  // namespace geleit
