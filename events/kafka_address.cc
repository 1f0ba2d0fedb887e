#include "events/kafka_address.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/log.h"

namespace geleit {
namespace {

constexpr std::size_t topic_characters_max = 200;  // Kafka takes 249, and the topic of the keys is longer

bool is_topic(std::string_view topic) {
  return !topic.empty() && topic.size() <= topic_characters_max && topic != "." && topic != ".." &&
         std::ranges::all_of(topic, [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

bool are_brokers(std::string_view brokers) {
  while (true) {
    const auto comma = brokers.find(',');
    const std::string_view one = brokers.substr(0, comma);
    const auto colon = one.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == one.size()) return false;
    if (!std::ranges::all_of(one.substr(colon + 1), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    if (comma == std::string_view::npos) return true;
    brokers.remove_prefix(comma + 1);
  }
}

}  // namespace

KafkaAddress parse_kafka_address(std::string_view where) {
  const auto refuse = [where]() {
    throw LogRefused(fmt::format("expected kafka://HOST:PORT[,HOST:PORT …][/TOPIC], but got '{}'", where));
  };
  if (!is_kafka_address(where)) refuse();
  const std::string_view rest = where.substr(kafka_scheme.size());
  const auto slash = rest.find('/');
  KafkaAddress address{std::string(rest.substr(0, slash)), std::string(kafka_topic_default)};
  if (slash != std::string_view::npos) address.topic = rest.substr(slash + 1);
  if (!are_brokers(address.brokers) || !is_topic(address.topic)) refuse();
  return address;
}

std::string to_string(const KafkaAddress& address) {
  return fmt::format("{}{}/{}", kafka_scheme, address.brokers, address.topic);
}

}  // namespace geleit
