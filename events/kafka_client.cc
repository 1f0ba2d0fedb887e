#include "events/kafka_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace geleit {
namespace {

using Conf = std::unique_ptr<rd_kafka_conf_t, KafkaDestroy<rd_kafka_conf_destroy>>;
using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDestroy<rd_kafka_topic_partition_list_destroy>>;

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
    throw LogRefused(fmt::format("the Kafka setting '{}' was not taken: {}", name, why));
  }
}

void say_nothing(const rd_kafka_t*, int, const char*, const char*) {}

struct Asked {
  std::int32_t partition;
  std::int64_t time;
};

// A leader that has just changed is looked up anew by asking again.
std::vector<std::int64_t> ask_offsets(const KafkaClient& client, std::span<const Asked> asked,
                                      int timeout_ms) {
  constexpr int attempts_max = 5;
  for (int attempt = 1;; ++attempt) {
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(asked.size())));
    const char* topic = rd_kafka_topic_name(client.topic());
    for (const Asked& one : asked) {
      rd_kafka_topic_partition_list_add(list.get(), topic, one.partition)->offset = one.time;
    }
    auto error = rd_kafka_offsets_for_times(client.get(), list.get(), timeout_ms);
    std::vector<std::int64_t> offsets;
    // The answer is in the order of the question.
    for (int i = 0; i < list->cnt; ++i) {
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = list->elems[i].err;
      offsets.push_back(list->elems[i].offset);
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return offsets;
    if (attempt == attempts_max || error == RD_KAFKA_RESP_ERR__TIMED_OUT) {
      throw LogUnavailable(fmt::format("Kafka does not say where the log ends: {}. {}",
                                       rd_kafka_err2str(error), client.last_error()));
    }
    rd_kafka_poll(client.get(), kafka_wait_ms);
  }
}

/// What librdkafka tells wrongly, or not at all.
std::string hint_to(const std::string& error) {
  // It sent a wrong nonce, which brokers before 4.0 took (confluentinc/librdkafka#4895).
  constexpr int scram_is_right = 0x020601ff;
  if (rd_kafka_version() >= scram_is_right || error.find("SCRAM") == std::string::npos) return {};
  return fmt::format(
      ". If user and password are right and the broker is Kafka 4.0 or newer: librdkafka {} cannot log in "
      "there by SCRAM, 2.6.1 and newer can; PLAIN over TLS and certificates work",
      rd_kafka_version_str());
}

}  // namespace

KafkaClient::KafkaClient(rd_kafka_type_t type, const KafkaAddress& address, const std::string& topic,
                         const KafkaSettings& settings, std::initializer_list<Setting> ours,
                         Delivered delivered, void* opaque)
    : delivered_(delivered), opaque_(opaque) {
  Conf conf(rd_kafka_conf_new());
  // A broker that is gone is asked again soon, and one that is silent is given up before its clients give up.
  set(conf.get(), "client.id", "geleit");
  set(conf.get(), "reconnect.backoff.ms", "50");
  set(conf.get(), "reconnect.backoff.max.ms", "1000");
  set(conf.get(), "socket.timeout.ms", "10000");
  set(conf.get(), "socket.connection.setup.timeout.ms", "5000");
  for (const auto& [name, value] : settings) set(conf.get(), name.c_str(), value.c_str());
  set(conf.get(), "bootstrap.servers", address.brokers.c_str());
  set(conf.get(), "socket.nagle.disable", "true");
  set(conf.get(), "allow.auto.create.topics", "false");
  for (const auto& [name, value] : ours) set(conf.get(), name, value);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_log_cb(conf.get(), say_nothing);
  rd_kafka_conf_set_error_cb(conf.get(), hear_error);
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(),
                                [](rd_kafka_t* client, const rd_kafka_message_t* record, void* me) {
                                  const auto& self = *static_cast<KafkaClient*>(me);
                                  if (self.delivered_ != nullptr)
                                    self.delivered_(client, record, self.opaque_);
                                });
  }
  char why[512];
  client_ = rd_kafka_new(type, conf.get(), why, sizeof why);
  if (client_ == nullptr) throw LogRefused(fmt::format("Kafka's client cannot be set up: {}", why));
  (void)conf.release();  // the client has it now
  topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
  if (topic_ == nullptr) {
    rd_kafka_destroy(client_);
    throw LogRefused(fmt::format("'{}' is no name for a Kafka topic", topic));
  }
}

KafkaClient::~KafkaClient() {
  if (rd_kafka_type(client_) == RD_KAFKA_PRODUCER) {
    rd_kafka_purge(client_,
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
  rd_kafka_topic_destroy(topic_);
  rd_kafka_destroy(client_);
}

std::string KafkaClient::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

bool KafkaClient::turned_away() const {
  const std::lock_guard lock(mutex_);
  return turned_away_;
}

void KafkaClient::hear_error(rd_kafka_t* client, int error, const char* reason, void* opaque) {
  auto& self = *static_cast<KafkaClient*>(opaque);
  std::string said = reason;
  char fatal[512];
  if (error == RD_KAFKA_RESP_ERR__FATAL && rd_kafka_fatal_error(client, fatal, sizeof fatal) != 0)
    said = fatal;
  const std::lock_guard lock(self.mutex_);
  // That all brokers are gone says less than why the last one is.
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self.last_error_.empty()) return;
  self.last_error_ = std::move(said);
  self.turned_away_ = error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL;
}

KafkaTopicState topic_state(const KafkaClient& client, int timeout_ms) {
  // While there is no connection, what goes wrong with it is looked at between short waits. A broker that has
  // just started may not know its users yet.
  constexpr int look_ms = 200;
  constexpr int turned_away_ms_max = 2'000;
  const rd_kafka_metadata_t* metadata = nullptr;
  auto error = RD_KAFKA_RESP_ERR__TRANSPORT;
  for (int waited = 0; error != RD_KAFKA_RESP_ERR_NO_ERROR;) {
    const int left = timeout_ms - waited;
    if (left <= 0 || (client.turned_away() && waited >= turned_away_ms_max)) {
      throw LogUnavailable(
          client.turned_away()
              ? fmt::format("Kafka turns us away: {}{}", client.last_error(), hint_to(client.last_error()))
              : fmt::format("Kafka does not answer: {}. {}", rd_kafka_err2str(error), client.last_error()));
    }
    const int wait = error == RD_KAFKA_RESP_ERR__TRANSPORT ? std::min(left, look_ms) : left;
    error = rd_kafka_metadata(client.get(), 0, client.topic(), &metadata, wait);
    waited += wait;
    rd_kafka_poll(client.get(), 0);
  }
  const std::unique_ptr<const rd_kafka_metadata_t, KafkaDestroy<rd_kafka_metadata_destroy>> held(metadata);
  KafkaTopicState state;
  state.brokers = metadata->broker_cnt;
  for (int i = 0; i < metadata->broker_cnt; ++i) state.broker_ids.push_back(metadata->brokers[i].id);
  if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return state;
  const rd_kafka_metadata_topic_t& topic = metadata->topics[0];
  state.partitions = topic.partition_cnt;
  state.replicas = state.in_sync = std::numeric_limits<int>::max();
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& partition = topic.partitions[i];
    state.replicas = std::min(state.replicas, partition.replica_cnt);
    if (partition.leader < 0) {
      ++state.leaderless;
    } else {
      state.in_sync = std::min(state.in_sync, partition.isr_cnt);
    }
  }
  return state;
}

std::vector<std::int64_t> offsets_at(const KafkaClient& client, std::span<const std::int64_t> times,
                                     int timeout_ms) {
  std::vector<Asked> asked;
  for (std::size_t p = 0; p < times.size(); ++p) asked.push_back({static_cast<std::int32_t>(p), times[p]});
  return ask_offsets(client, asked, timeout_ms);
}

std::int64_t offset_at(const KafkaClient& client, Partition partition, std::int64_t time, int timeout_ms) {
  const Asked asked{partition.value, time};
  return ask_offsets(client, {&asked, 1}, timeout_ms).front();
}

std::vector<Instant> latest_before(const KafkaClient& client, const Positions& before, int timeout_ms) {
  // Kafka tells where the first record of a time or a later one lies, so the latest time before an offset is
  // the largest whose answer is before it: found bit by bit, for all partitions at once.
  if (std::ranges::all_of(before, [](Offset offset) { return offset == Offset{0}; })) {
    return std::vector<Instant>(before.size(), Instant{std::numeric_limits<std::int64_t>::min()});
  }
  constexpr int bits = 43;  // milliseconds until the year 2248
  std::vector<std::int64_t> found(before.size(), 0);
  for (int bit = bits - 1; bit >= 0; --bit) {
    std::vector<std::int64_t> tried = found;
    for (auto& time : tried) time |= std::int64_t{1} << bit;
    const auto offsets = offsets_at(client, tried, timeout_ms);
    for (std::size_t p = 0; p < before.size(); ++p) {
      if (offsets[p] >= 0 && static_cast<std::uint64_t>(offsets[p]) < before[p].value) found[p] = tried[p];
    }
  }
  std::vector<Instant> latest(before.size(), Instant{std::numeric_limits<std::int64_t>::min()});
  for (std::size_t p = 0; p < before.size(); ++p) {
    if (before[p] > Offset{0}) latest[p] = Instant{found[p]};
  }
  return latest;
}

}  // namespace geleit
