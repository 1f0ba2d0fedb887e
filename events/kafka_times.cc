#include "events/kafka_times.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/copy_mark.h"
#include "events/kafka_headers.h"

namespace geleit {
namespace {

std::optional<Instant> first_recorded(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_header_get_last(headers, kafka_recorded_header, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  return parse_instant({static_cast<const char*>(value), size});
}

}  // namespace

Instant KafkaTimes::recorded(const rd_kafka_message_t& message, Instant stamped) {
  Copied& copied = partitions_.at(static_cast<std::size_t>(message.partition));
  if (message.offset == 0 && copied.end == 0 && message.payload != nullptr) {
    const auto mark = decode_copy_mark({static_cast<const char*>(message.payload), message.len});
    if (mark) {
      copied.begins = mark->begins.ms;
      copied.latest = mark->latest.ms;
      copied.end = mark->end.value;
    }
  }
  const std::uint64_t end = copied.end.load(std::memory_order_acquire);
  if (end == 0) return stamped;
  if (message.offset == 0) return Instant{copied.begins};
  if (static_cast<std::uint64_t>(message.offset) < end) return first_recorded(message).value_or(stamped);
  return std::max(stamped, Instant{copied.latest});
}

}  // namespace geleit
