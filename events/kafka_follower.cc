#include "events/kafka_follower.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/kafka_fetch.h"
#include "events/kafka_topics.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

// What is taken into memory before readers hear of it.
constexpr std::size_t batch_records_max = 8'192;

}  // namespace

KafkaFollower::KafkaFollower(const KafkaAddress& address, const KafkaSettings& settings, Positions from,
                             std::vector<Instant> latest, KafkaTimes& times, LogTail& tail)
    : address_(address),
      client_(RD_KAFKA_CONSUMER, address, address.topic, settings,
              {{"auto.offset.reset", "error"},
               {"queued.max.messages.kbytes", "8192"},
               {"fetch.wait.max.ms", "500"},
               {"fetch.error.backoff.ms", "50"},
               {"topic.metadata.refresh.interval.ms", "1000"},
               {"metadata.max.age.ms", "900000"}}),
      queue_(rd_kafka_queue_new(client_.get())),
      times_(times),
      tail_(tail),
      next_(std::move(from)),
      latest_(std::move(latest)),
      reached_(next_.size()) {
  (void)topic_state(client_, kafka_opening_ms_max);  // it then knows the leaders and need not wait for them
  for (std::size_t p = 0; p < next_.size(); ++p) {
    reached_[p] = next_[p].value;
    if (rd_kafka_consume_start_queue(client_.topic(), static_cast<std::int32_t>(p),
                                     static_cast<std::int64_t>(next_[p].value), queue_.get()) != 0) {
      throw LogUnavailable(fmt::format("partition {} of the log at {} cannot be followed: {}", p,
                                       to_string(address_), rd_kafka_err2str(rd_kafka_last_error())));
    }
  }
  thread_ = std::thread([this] { run(); });
}

KafkaFollower::~KafkaFollower() {
  stopping_ = true;
  rd_kafka_queue_yield(queue_.get());
  if (thread_.joinable()) thread_.join();
  for (std::size_t p = 0; p < next_.size(); ++p) {
    rd_kafka_consume_stop(client_.topic(), static_cast<std::int32_t>(p));
  }
}

Offset KafkaFollower::reached(Partition partition) const {
  if (is_broken_) throw LogCorrupt(broken());
  return Offset{reached_[partition.value].load(std::memory_order_acquire)};
}

std::string KafkaFollower::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void KafkaFollower::run() {
  name_thread("log follow");
  try {
    while (!stopping_) {
      KafkaMessage message(rd_kafka_consume_queue(queue_.get(), kafka_wait_ms));
      rd_kafka_poll(client_.get(), 0);
      while (message) {
        take(std::move(message));
        if (batch_.size() >= batch_records_max) break;
        message.reset(rd_kafka_consume_queue(queue_.get(), 0));
      }
      if (!batch_.empty()) publish();
    }
  } catch (const LogCorrupt& damage) { fail(damage); }
}

void KafkaFollower::take(KafkaMessage message) {
  const Partition partition{static_cast<std::uint16_t>(message->partition)};
  if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    throw kafka_record_gone(address_, partition, next_.at(partition.value),
                            "the topic does not reach from there to its end");
  }
  // Everything else passes: a leader is looked for, a connection is made again.
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  Offset& expected = next_.at(partition.value);
  if (static_cast<std::uint64_t>(message->offset) != expected.value) {
    throw kafka_record_gone(address_, partition, expected,
                            fmt::format("the next one lies at {}", message->offset));
  }
  expected = next(expected);
  batch_.push_back(std::move(message));
}

void KafkaFollower::publish() {
  std::vector<TimedRecord> timed;
  timed.reserve(batch_.size());
  Positions ends(reached_.size());
  for (std::size_t p = 0; p < ends.size(); ++p) ends[p] = Offset{reached_[p]};
  for (const KafkaMessage& message : batch_) {
    const Partition partition{static_cast<std::uint16_t>(message->partition)};
    rd_kafka_timestamp_type_t type{};
    Instant& latest = latest_[partition.value];
    latest = std::max(latest, Instant{rd_kafka_message_timestamp(message.get(), &type)});
    timed.push_back(
        {partition,
         times_.recorded(*message, latest),
         {static_cast<const char*>(message->payload), message->payload == nullptr ? 0 : message->len}});
  }
  tail_.push(make_groups(timed, ends));
  for (std::size_t p = 0; p < ends.size(); ++p) reached_[p].store(ends[p].value, std::memory_order_release);
  batch_.clear();
  subscribers_.notify();
}

void KafkaFollower::fail(const LogCorrupt& damage) {
  {
    const std::lock_guard lock(mutex_);
    broken_ = damage.what();
  }
  is_broken_ = true;
  subscribers_.notify();
}

}  // namespace geleit
