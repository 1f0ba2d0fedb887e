#include "events/kafka_keys_topic.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "events/kafka_client.h"
#include "events/kafka_topics.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

// How long a record may take until it counts as not written; it may come all the same. Longer than the
// brokers need to replace a leader that led the controllers too.
constexpr int put_ms_max = 15'000;
// After so many polls it is looked whether what was wrong is over, for so long at most.
constexpr int polls_between_looks = 5;
constexpr int look_ms_max = 500;
constexpr Partition only_partition{0};

/// What became of the records of one `put`.
struct PutOutcome {
  std::size_t left = 0;
  std::int64_t end = 0;   // behind the last of them
  bool asks_end = false;  // the broker knew one already and does not say where it lies
  std::string error;
};

void delivered(rd_kafka_t*, const rd_kafka_message_t* record, void*) {
  auto& outcome = *static_cast<PutOutcome*>(record->_private);
  --outcome.left;
  if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    outcome.error = rd_kafka_err2str(record->err);
  } else if (record->offset < 0) {
    outcome.asks_end = true;
  } else {
    outcome.end = std::max(outcome.end, record->offset + 1);
  }
}

}  // namespace

KafkaKeysTopic::KafkaKeysTopic(const KafkaAddress& address, const KafkaSettings& settings,
                               std::function<void(const KeysTopicRecord&)> read)
    : address_(address), settings_(settings), read_(std::move(read)) {
  follower_ = std::make_unique<KafkaClient>(
      RD_KAFKA_CONSUMER, address_, keys_topic_of(address_), settings_,
      std::initializer_list<KafkaClient::Setting>{{"enable.partition.eof", "true"},
                                                  {"auto.offset.reset", "error"},
                                                  {"queued.max.messages.kbytes", "8192"},
                                                  {"fetch.wait.max.ms", "500"},
                                                  {"fetch.error.backoff.ms", "50"},
                                                  {"topic.metadata.refresh.interval.ms", "1000"},
                                                  {"metadata.max.age.ms", "900000"}});
  asker_ = std::make_unique<KafkaClient>(RD_KAFKA_PRODUCER, address_, keys_topic_of(address_), settings_,
                                         std::initializer_list<KafkaClient::Setting>{});
  start_producer();
  const std::int64_t end = ask_end();
  if (rd_kafka_consume_start(follower_->topic(), only_partition.value, RD_KAFKA_OFFSET_BEGINNING) != 0) {
    throw LogUnavailable(fmt::format("the topic '{}' cannot be read: {}", keys_topic_of(address_),
                                     rd_kafka_err2str(rd_kafka_last_error())));
  }
  thread_ = std::thread([this] { run(); });
  try {
    wait_until_read(end, kafka_opening_ms_max);
  } catch (...) {
    stopping_ = true;
    thread_.join();
    rd_kafka_consume_stop(follower_->topic(), only_partition.value);
    throw;
  }
}

KafkaKeysTopic::~KafkaKeysTopic() {
  stopping_ = true;
  thread_.join();
  rd_kafka_consume_stop(follower_->topic(), only_partition.value);
}

void KafkaKeysTopic::start_producer() {
  // Idempotent, so that a key that was destroyed meanwhile does not come back by a record sent twice.
  producer_ = std::make_unique<KafkaClient>(
      RD_KAFKA_PRODUCER, address_, keys_topic_of(address_), settings_,
      std::initializer_list<KafkaClient::Setting>{{"enable.idempotence", "true"},
                                                  {"acks", "all"},
                                                  {"max.in.flight", "5"},
                                                  {"linger.ms", "0"},
                                                  {"message.timeout.ms", "15000"},
                                                  {"retry.backoff.ms", "50"},
                                                  {"topic.metadata.refresh.interval.ms", "1000"},
                                                  {"metadata.max.age.ms", "900000"}},
      delivered);
  static_assert(put_ms_max == 15'000, "the producer's limit is written out above");
  // Else the first record would wait until the producer has learnt who leads the partition.
  try {
    (void)topic_state(*producer_, kafka_answer_ms_max);
  } catch (const LogUnavailable&) { /* it learns it when the broker is there */
  }
}

std::int64_t KafkaKeysTopic::ask_end() {
  return offset_at(*asker_, only_partition, kafka_end, kafka_answer_ms_max);
}

// In time means: something came within that long.
void KafkaKeysTopic::wait_until_read(std::int64_t end, int timeout_ms) {
  std::unique_lock lock(mutex_);
  while (reached_ < end) {
    if (!broken_.empty()) throw LogUnavailable(broken_);
    const std::int64_t before = reached_;
    moved_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return reached_ > before || !broken_.empty(); });
    if (reached_ == before && broken_.empty()) {
      throw LogUnavailable(fmt::format("the topic '{}' does not give what it holds. {}",
                                       keys_topic_of(address_), follower_->last_error()));
    }
  }
}

void KafkaKeysTopic::run() {
  name_thread("keys follow");
  int polls = 0;
  while (!stopping_) {
    const KafkaMessage record(rd_kafka_consume(follower_->topic(), only_partition.value, kafka_wait_ms));
    rd_kafka_poll(follower_->get(), 0);
    rd_kafka_poll(asker_->get(), 0);
    if (++polls % polls_between_looks == 0) look_after_trouble();
    if (!record) continue;
    std::int64_t reached = 0;
    if (record->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_timestamp_type_t type{};
      KeysTopicRecord read{kafka_octets(record->key, record->key_len), std::nullopt,
                           Instant{rd_kafka_message_timestamp(record.get(), &type)}};
      if (record->payload != nullptr) read.value = kafka_octets(record->payload, record->len);
      read_(read);
      reached = record->offset + 1;
    } else if (record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      reached = record->offset;
    } else if (record->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               record->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      const std::lock_guard lock(mutex_);
      broken_ = fmt::format("the topic '{}' of the persons' keys is not what it was: it ends before {}",
                            keys_topic_of(address_), reached_);
    } else {
      continue;  // passes: a leader is looked for, a connection is made again
    }
    {
      const std::lock_guard lock(mutex_);
      reached_ = std::max(reached_, reached);
    }
    moved_.notify_all();
  }
}

void KafkaKeysTopic::look_after_trouble() {
  {
    const std::lock_guard lock(mutex_);
    if (trouble_.empty()) return;
  }
  try {
    const KafkaTopicState state = topic_state(*follower_, look_ms_max);
    if (state.partitions != 1 || state.leaderless > 0 || state.in_sync < in_sync_needed(state.replicas))
      return;
    note_trouble({});
  } catch (const LogUnavailable&) { /* it lasts */
  }
}

void KafkaKeysTopic::note_trouble(std::string what) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(what);
}

std::string KafkaKeysTopic::trouble() const {
  const std::lock_guard lock(mutex_);
  return broken_.empty() ? trouble_ : broken_;
}

void KafkaKeysTopic::put(const std::vector<KeysTopicEntry>& entries) {
  if (entries.empty()) return;
  const std::lock_guard turn(putting_);
  if (const std::string why = trouble(); !why.empty()) throw LogUnavailable(why);
  char fatal[512];
  if (rd_kafka_fatal_error(producer_->get(), fatal, sizeof fatal) != RD_KAFKA_RESP_ERR_NO_ERROR)
    start_producer();
  PutOutcome outcome;
  for (const KeysTopicEntry& entry : entries) {
    void* value = entry.value ? const_cast<char*>(entry.value->data()) : nullptr;
    const std::size_t size = entry.value ? entry.value->size() : 0;
    const auto error = rd_kafka_producev(
        producer_->get(), RD_KAFKA_V_RKT(producer_->topic()), RD_KAFKA_V_PARTITION(only_partition.value),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(entry.name.data(), entry.name.size()),
        RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_OPAQUE(&outcome), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++outcome.left;
      continue;
    }
    outcome.error = rd_kafka_err2str(error);
    break;
  }
  // The producer's own time limit ends this.
  while (outcome.left > 0) rd_kafka_poll(producer_->get(), kafka_wait_ms);
  try {
    if (!outcome.error.empty()) throw LogUnavailable(outcome.error);
    wait_until_read(outcome.asks_end ? ask_end() : outcome.end, put_ms_max);
  } catch (const LogUnavailable& failure) {
    std::string why =
        fmt::format("the persons' keys cannot be written to the topic '{}': {}; try again later",
                    keys_topic_of(address_), failure.what());
    note_trouble(why);
    throw LogUnavailable(why);
  }
}

void KafkaKeysTopic::catch_up() { wait_until_read(ask_end(), kafka_answer_ms_max); }

}  // namespace geleit
