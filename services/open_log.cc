#include "services/open_log.h"

#include "events/embedded_log.h"
#include "events/kafka_log.h"

namespace geleit {

std::unique_ptr<ReadableLog> open_log_read_only(const std::string& where, const Config& config) {
  if (!is_kafka_address(where)) return EmbeddedLog::open_read_only(where);
  return KafkaLog::open_read_only({parse_kafka_address(where), config.kafka, 0});
}

}  // namespace geleit
