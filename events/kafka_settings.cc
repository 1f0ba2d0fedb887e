#include "events/kafka_settings.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "events/kafka_client.h"
#include "events/log.h"

namespace geleit {
namespace {

using namespace std::string_view_literals;
using Conf = std::unique_ptr<rd_kafka_conf_t, KafkaDestroy<rd_kafka_conf_destroy>>;

constexpr std::array from_the_address{"bootstrap.servers"sv, "metadata.broker.list"sv};

// With their other names. Some decide what an append or a read promises, some what becomes of a record that
// was not taken, some how much is kept in memory; the last few would take the broker or what it says away.
constexpr std::array fixed{
    "acks"sv,
    "request.required.acks"sv,
    "enable.idempotence"sv,
    "enable.gapless.guarantee"sv,
    "max.in.flight"sv,
    "max.in.flight.requests.per.connection"sv,
    "message.send.max.retries"sv,
    "retries"sv,
    "retry.backoff.ms"sv,
    "message.timeout.ms"sv,
    "delivery.timeout.ms"sv,
    "request.timeout.ms"sv,
    "message.max.bytes"sv,
    "linger.ms"sv,
    "queue.buffering.max.ms"sv,
    "queue.buffering.max.messages"sv,
    "queue.buffering.max.kbytes"sv,
    "queue.buffering.backpressure.threshold"sv,
    "queuing.strategy"sv,
    "compression.codec"sv,
    "compression.type"sv,
    "partitioner"sv,
    "transactional.id"sv,
    "transaction.timeout.ms"sv,
    "delivery.report.only.error"sv,
    "produce.offset.report"sv,
    "auto.offset.reset"sv,
    "enable.auto.commit"sv,
    "auto.commit.enable"sv,
    "enable.auto.offset.store"sv,
    "offset.store.method"sv,
    "group.id"sv,
    "group.instance.id"sv,
    "partition.assignment.strategy"sv,
    "isolation.level"sv,
    "enable.partition.eof"sv,
    "fetch.wait.max.ms"sv,
    "fetch.error.backoff.ms"sv,
    "fetch.message.max.bytes"sv,
    "max.partition.fetch.bytes"sv,
    "queued.min.messages"sv,
    "queued.max.messages.kbytes"sv,
    "topic.metadata.refresh.interval.ms"sv,
    "metadata.max.age.ms"sv,
    "allow.auto.create.topics"sv,
    "socket.nagle.disable"sv,
    "enabled_events"sv,
    "log.queue"sv,
    "test.mock.num.brokers"sv,
};

constexpr std::array secrets{
    "sasl.password"sv, "sasl.oauthbearer.client.secret"sv, "ssl.key.password"sv,
    "ssl.key.pem"sv,   "ssl.keystore.password"sv,
};

constexpr std::array secret_files{"ssl.key.location"sv, "ssl.keystore.location"sv, "sasl.kerberos.keytab"sv};
constexpr std::array open_files{"ssl.ca.location"sv, "ssl.certificate.location"sv, "ssl.crl.location"sv};

template <class List>
bool is_in(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

}  // namespace

bool is_fixed_kafka_setting(std::string_view name) { return is_in(fixed, name); }

bool is_secret_kafka_setting(std::string_view name) { return is_in(secrets, name); }

KafkaSettingFile file_of_kafka_setting(std::string_view name) {
  if (is_in(secret_files, name)) return KafkaSettingFile::secret;
  return is_in(open_files, name) ? KafkaSettingFile::open_to_all : KafkaSettingFile::none;
}

void check_kafka_settings(const KafkaSettings& settings) {
  char why[512];
  Conf conf(rd_kafka_conf_new());
  for (const auto& [name, value] : settings) {
    if (is_in(from_the_address, name)) {
      throw LogRefused(
          fmt::format("the Kafka setting '{}' comes from --log kafka://HOST:PORT/TOPIC; leave it out", name));
    }
    if (is_fixed_kafka_setting(name)) {
      throw LogRefused(fmt::format(
          "the Kafka setting '{}' is Geleit's own, for what the log promises rests on it; leave it out",
          name));
    }
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
      throw LogRefused(fmt::format("the Kafka setting '{}' was not taken: {}", name, why));
    }
  }
  // What contradicts another one, and files that are not what they should be, show when a client is made.
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why, sizeof why);
  if (client == nullptr) throw LogRefused(fmt::format("the Kafka settings were not taken: {}", why));
  (void)conf.release();  // the client has it now
  rd_kafka_destroy(client);
}

}  // namespace geleit
