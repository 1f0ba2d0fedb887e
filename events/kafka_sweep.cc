#include "events/kafka_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "events/kafka_fetch.h"
#include "events/kafka_topics.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

// As long as one record of the topic may keep its readers waiting (kafka_fetch.cc), and a change of leaders.
constexpr int silence_ms_max = 15'000;

// A queue that holds fewer records than this may be filled again.
constexpr std::size_t queue_low_records = 50'000;
constexpr auto wake_every = std::chrono::milliseconds(10);

}  // namespace

KafkaSweep::KafkaSweep(const KafkaAddress& address, const KafkaSettings& settings, KafkaTimes& times,
                       const Positions& from, const Positions& until)
    : address_(address),
      times_(times),
      client_(RD_KAFKA_CONSUMER, address, address.topic, settings,
              {{"auto.offset.reset", "error"},
               {"queued.max.messages.kbytes", "65536"},
               {"queued.min.messages", "1000000"},
               {"fetch.message.max.bytes", "2097152"},
               {"fetch.wait.max.ms", "20"},
               {"fetch.error.backoff.ms", "50"}}),
      queue_(rd_kafka_queue_new(client_.get())),
      partitions_(from.size()) {
  (void)topic_state(client_, kafka_opening_ms_max);  // it then knows the leaders and need not wait for them
  const auto latest = latest_before(client_, from, kafka_opening_ms_max);
  for (std::size_t p = 0; p < from.size(); ++p) {
    partitions_[p] = {from[p], until[p], latest[p], false, from[p] >= until[p]};
  }
  static_assert(sweep_queue_bytes_max == 65'536 << 10, "it is written out above");
  start_some();
  waker_ = std::thread([this] { wake_fetching(); });
}

KafkaSweep::~KafkaSweep() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ends_.notify_all();
  waker_.join();
  for (std::size_t p = 0; p < partitions_.size(); ++p) {
    if (partitions_[p].started && !partitions_[p].finished) {
      rd_kafka_consume_stop(client_.topic(), static_cast<std::int32_t>(p));
    }
  }
}

void KafkaSweep::start_some() {
  for (; first_unstarted_ < partitions_.size() && under_way_ < sweep_partitions_max; ++first_unstarted_) {
    Swept& swept = partitions_[first_unstarted_];
    if (swept.finished) continue;
    if (rd_kafka_consume_start_queue(client_.topic(), static_cast<std::int32_t>(first_unstarted_),
                                     static_cast<std::int64_t>(swept.next.value), queue_.get()) != 0) {
      throw LogUnavailable(fmt::format("partition {} of the log at {} cannot be read: {}", first_unstarted_,
                                       to_string(address_), rd_kafka_err2str(rd_kafka_last_error())));
    }
    swept.started = true;
    ++under_way_;
  }
}

bool KafkaSweep::step(Taker& taker) {
  if (under_way_ == 0) return false;
  taker_ = &taker;
  const int taken = rd_kafka_consume_callback_queue(queue_.get(), kafka_wait_ms, consumed, this);
  taker_ = nullptr;
  rd_kafka_poll(client_.get(), 0);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (taken > 0) {
    silent_ms_ = 0;
  } else if ((silent_ms_ += kafka_wait_ms) > silence_ms_max) {
    throw LogUnavailable(fmt::format("the records of the log at {} do not come. {}", to_string(address_),
                                     client_.last_error()));
  }
  for (std::size_t p = 0; p < partitions_.size(); ++p) {
    Swept& swept = partitions_[p];
    if (!swept.started || swept.finished || swept.next < swept.until) continue;
    finish(Partition{static_cast<std::uint16_t>(p)});
    taker.reached(Partition{static_cast<std::uint16_t>(p)});
  }
  start_some();
  return under_way_ > 0;
}

/// librdkafka looks only once a second whether there is room again in a queue that was full, unless its
/// thread is awake for another reason: so it is asked something that costs next to nothing.
void KafkaSweep::wake_fetching() {
  name_thread("log sweep");
  const std::vector<std::int64_t> ends(partitions_.size(), kafka_end);
  std::unique_lock lock(mutex_);
  while (!ends_.wait_for(lock, wake_every, [this] { return ending_; })) {
    if (rd_kafka_queue_length(queue_.get()) > queue_low_records) continue;
    lock.unlock();
    try {
      (void)offsets_at(client_, ends, kafka_answer_ms_max);
    } catch (const LogUnavailable&) { /* who waits for the records will hear of it */
    }
    lock.lock();
  }
}

void KafkaSweep::finish(Partition partition) {
  rd_kafka_consume_stop(client_.topic(), partition.value);
  partitions_[partition.value].finished = true;
  --under_way_;
}

// Nothing may be thrown through librdkafka.
void KafkaSweep::consumed(rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<KafkaSweep*>(opaque);
  if (self.failure_) return;
  try {
    self.take(*message);
  } catch (...) { self.failure_ = std::current_exception(); }
}

void KafkaSweep::take(const rd_kafka_message_t& message) {
  const Partition partition{static_cast<std::uint16_t>(message.partition)};
  Swept& swept = partitions_.at(partition.value);
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    throw kafka_record_gone(address_, partition, swept.next,
                            "the topic does not reach from there to its end");
  }
  // Everything else passes: a leader is looked for, a connection is made again.
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR || swept.next >= swept.until) return;
  const Offset offset{static_cast<std::uint64_t>(message.offset)};
  if (offset != swept.next) {
    throw kafka_record_gone(address_, partition, swept.next,
                            fmt::format("the next one lies at {}", message.offset));
  }
  rd_kafka_timestamp_type_t type{};
  swept.latest = std::max(swept.latest, Instant{rd_kafka_message_timestamp(&message, &type)});
  taker_->take({partition,
                offset,
                times_.recorded(message, swept.latest),
                {static_cast<const char*>(message.payload), message.payload == nullptr ? 0 : message.len}});
  swept.next = next(swept.next);
}

}  // namespace geleit
