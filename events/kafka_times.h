// When the records of a topic were recorded: the broker's append time, and for the records of a copied
// history (copy_mark.h) the time that stands beside them. Thread-safe.
#pragma once

#include <atomic>
#include <vector>

#include "events/kafka_client.h"

namespace geleit {

class KafkaTimes {
 public:
  explicit KafkaTimes(std::uint16_t partitions) : partitions_(partitions) {}

  /// `stamped`: the latest of the brokers' times of all records of the partition up to this one. The mark of
  /// a partition must have come by before its other records do; it is noticed here.
  [[nodiscard]] Instant recorded(const rd_kafka_message_t& message, Instant stamped);

 private:
  struct Copied {
    std::atomic<std::uint64_t> end = 0;  // behind the last copied record; 0: none was
    std::atomic<std::int64_t> begins = 0, latest = 0;
  };
  std::vector<Copied> partitions_;
};

}  // namespace geleit
