// Where a log on Kafka lies: `kafka://HOST:PORT[,HOST:PORT …][/TOPIC]`, and how it is connected to.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace geleit {

struct KafkaAddress {
  std::string brokers;  ///< HOST:PORT, separated by commas; some of the cluster's are enough
  std::string topic;    ///< of the events; the persons' keys lie in `TOPIC.keys`
};

inline constexpr std::string_view kafka_scheme = "kafka://";
inline constexpr std::string_view kafka_topic_default = "geleit";
[[nodiscard]] inline bool is_kafka_address(std::string_view where) { return where.starts_with(kafka_scheme); }

/// Throws LogRefused that says what was expected.
[[nodiscard]] KafkaAddress parse_kafka_address(std::string_view where);
[[nodiscard]] std::string to_string(const KafkaAddress& address);
[[nodiscard]] inline std::string keys_topic_of(const KafkaAddress& address) {
  return address.topic + ".keys";
}

/// Settings of librdkafka by their names there (`security.protocol`, `ssl.ca.location` …). What the log's
/// promises rest on is set by Geleit whatever stands here.
using KafkaSettings = std::map<std::string, std::string>;

}  // namespace geleit
