#include "events/kafka_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "events/kafka_headers.h"
#include "events/kafka_topics.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

using Watch = std::chrono::steady_clock;

// How often it is looked after a stalled log.
constexpr auto watch_every = std::chrono::milliseconds(500);
constexpr int probe_ms_max = 2'000;

bool has_waited(Watch::time_point since, int ms) {
  return Watch::now() - since > std::chrono::milliseconds(ms);
}

}  // namespace

struct KafkaWriter::Pending {
  std::function<void(const Appended&)> done;
  std::size_t records = 0;
  std::size_t bytes = 0;
  Watch::time_point since = Watch::now();
  std::atomic<std::size_t> left = 0;  // records that have not been reported on
  std::string refused;                // why some were not even taken; guarded by the mutex
  // Of the writer's thread:
  std::string error;
  std::vector<Position> last;  // in each partition the last record of it
  bool asks_ends = false;      // the broker knew a record already and does not say where it lies
};

KafkaWriter::KafkaWriter(const KafkaAddress& address, const KafkaSettings& settings, std::string source,
                         std::uint16_t partitions, KafkaClient& control, KafkaFollower& follower)
    : address_(address),
      settings_(settings),
      source_(std::move(source)),
      partitions_(partitions),
      control_(control),
      follower_(follower) {
  start_producer();
  subscription_ = follower_.subscribers().add([this] {
    if (awaits_reading_) wake();
  });
  thread_ = std::thread([this] { run(); });
}

KafkaWriter::~KafkaWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  subscription_.reset();
}

void KafkaWriter::start_producer() {
  auto producer = std::make_unique<KafkaClient>(
      RD_KAFKA_PRODUCER, address_, address_.topic, settings_,
      std::initializer_list<KafkaClient::Setting>{{"enable.idempotence", "true"},
                                                  {"acks", "all"},
                                                  {"max.in.flight", "5"},
                                                  {"linger.ms", "0"},
                                                  {"compression.codec", "lz4"},
                                                  {"message.timeout.ms", "30000"},
                                                  {"message.max.bytes", "8421376"},
                                                  {"queue.buffering.max.messages", "10000000"},
                                                  {"queue.buffering.max.kbytes", "2097151"},
                                                  {"retry.backoff.ms", "50"},
                                                  {"topic.metadata.refresh.interval.ms", "1000"},
                                                  {"metadata.max.age.ms", "900000"}},
      delivered, this);
  static_assert(kafka_delivery_ms_max == 30'000 && kafka_record_bytes_max + (32 << 10) == 8'421'376,
                "the producer's limits are written out above");
  // Else the first record would wait until the producer has learnt who leads its partition.
  try {
    (void)topic_state(*producer, kafka_answer_ms_max);
  } catch (const LogUnavailable&) { /* it learns it when the broker is there */
  }
  KafkaQueue events(rd_kafka_queue_get_main(producer->get()));
  const std::lock_guard lock(mutex_);
  events_ = std::move(events);
  producer_ = std::move(producer);
}

void KafkaWriter::append(std::vector<NewRecord> records, std::function<void(const Appended&)> done,
                         std::span<const Instant> first_recorded) {
  auto pending = std::make_unique<Pending>();
  for (const NewRecord& record : records) {
    if (record.partition.value >= partitions_) {
      throw LogRefused(
          fmt::format("expected a partition below {}, but got {}", partitions_, record.partition.value));
    }
    pending->bytes += record.bytes.size();
  }
  pending->records = records.size();
  pending->left = records.size();
  pending->done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    if (!trouble_.empty()) throw LogUnavailable(trouble_);
    if (!queue_.empty() && (queued_records_ + pending->records > append_queue_records_max ||
                            queued_bytes_ + pending->bytes > append_queue_bytes_max)) {
      throw LogUnavailable(fmt::format(
          "the log cannot keep up: {} records are waiting to be written, try again later", queued_records_));
    }
    queued_records_ += pending->records;
    queued_bytes_ += pending->bytes;
    queue_.push_back(std::move(pending));
    Pending& queued = *queue_.back();
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto error = produce(
          records[i], first_recorded.empty() ? std::nullopt : std::optional(first_recorded[i]), queued);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      // What follows must not lie in the log without what was before it.
      queued.refused = fmt::format("the record was not taken: {}", rd_kafka_err2str(error));
      queued.left -= records.size() - i;
      break;
    }
    if (!records.empty() && queued.refused.empty()) return;
  }
  wake();
}

rd_kafka_resp_err_t KafkaWriter::produce(const NewRecord& record, std::optional<Instant> first_recorded,
                                         Pending& pending) {
  const KafkaHeaders beside = kafka_headers(record.bytes, source_, first_recorded);
  rd_kafka_headers_t* headers = rd_kafka_headers_new(beside.headers.size());
  for (const auto& [name, value] : beside.headers) {
    rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
  }
  const void* key = beside.key.empty() ? nullptr : beside.key.data();
  const auto error = rd_kafka_producev(
      producer_->get(), RD_KAFKA_V_RKT(producer_->topic()), RD_KAFKA_V_PARTITION(record.partition.value),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, beside.key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(record.bytes.data()), record.bytes.size()),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(&pending), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

std::string KafkaWriter::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

KafkaLog::Queue KafkaWriter::queue() const {
  const std::lock_guard lock(mutex_);
  return {queued_records_, queued_bytes_};
}

rd_kafka_t* KafkaWriter::producer() const {
  const std::lock_guard lock(mutex_);
  return producer_->get();
}

void KafkaWriter::wake() {
  const std::lock_guard lock(mutex_);
  rd_kafka_queue_yield(events_.get());
}

// In the writer's thread, while it polls.
void KafkaWriter::delivered(rd_kafka_t*, const rd_kafka_message_t* record, void*) {
  Pending& pending = *static_cast<Pending*>(record->_private);
  if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    pending.error = fmt::format("Kafka has not confirmed the record: {}", rd_kafka_err2str(record->err));
  } else if (record->offset < 0) {
    pending.asks_ends = true;
  } else {
    const Position at{Partition{static_cast<std::uint16_t>(record->partition)},
                      Offset{static_cast<std::uint64_t>(record->offset)}};
    const auto found = std::ranges::find(pending.last, at.partition, &Position::partition);
    if (found == pending.last.end()) {
      pending.last.push_back(at);
    } else {
      found->offset = std::max(found->offset, at.offset);
    }
  }
  --pending.left;
}

void KafkaWriter::run() {
  name_thread("log write");
  while (true) {
    // Only this thread replaces the producer, so its queue may be polled without the lock.
    rd_kafka_queue_poll_callback(events_.get(), kafka_wait_ms);
    rd_kafka_poll(control_.get(), 0);
    finish();
    watch();
    char why[512];
    if (rd_kafka_fatal_error(producer_->get(), why, sizeof why) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      replace_producer();
    }
    const std::lock_guard lock(mutex_);
    if (stopping_ && queue_.empty()) return;
  }
}

// An idempotent producer that can no longer keep its promise says so and does nothing more. What it held has
// failed (some of it may lie in the log); a new one begins anew.
void KafkaWriter::replace_producer() {
  {
    const std::lock_guard lock(mutex_);
    trouble_ = "Kafka's producer has given up and is being replaced; try again later";
  }
  rd_kafka_purge(producer_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(producer_->get()) > 0) rd_kafka_poll(producer_->get(), kafka_wait_ms);
  finish();
  start_producer();
  const std::lock_guard lock(mutex_);
  trouble_.clear();
}

bool KafkaWriter::is_read_back(const Pending& pending) {
  return std::ranges::all_of(
      pending.last, [this](const Position& last) { return follower_.reached(last.partition) > last.offset; });
}

void KafkaWriter::finish() {
  while (true) {
    std::unique_ptr<Pending> finished;
    Appended outcome;
    {
      std::unique_lock lock(mutex_);
      if (queue_.empty() || queue_.front()->left > 0) {
        awaits_reading_ = false;
        return;
      }
      Pending& oldest = *queue_.front();
      outcome.error = oldest.refused.empty() ? oldest.error : oldest.refused;
      if (outcome.error.empty()) {
        awaits_reading_ = true;  // before it is looked, so that what comes meanwhile wakes us
        try {
          if (oldest.asks_ends) {
            lock.unlock();
            const auto ends =
                offsets_at(control_, std::vector<std::int64_t>(partitions_, kafka_end), kafka_answer_ms_max);
            lock.lock();
            oldest.asks_ends = false;
            for (std::uint16_t p = 0; p < partitions_; ++p) {
              if (ends[p] > 0) {
                oldest.last.push_back({Partition{p}, Offset{static_cast<std::uint64_t>(ends[p]) - 1}});
              }
            }
          }
          if (!is_read_back(oldest)) {
            if (!has_waited(oldest.since, 2 * kafka_delivery_ms_max)) return;
            outcome.error = "Kafka has confirmed the record, but does not give it back";
          }
        } catch (const std::exception& failure) { outcome.error = failure.what(); }
      }
      if (!lock.owns_lock()) lock.lock();
      finished = std::move(queue_.front());
      queue_.pop_front();
      queued_records_ -= finished->records;
      queued_bytes_ -= finished->bytes;
    }
    if (finished->done) finished->done(outcome);
  }
}

void KafkaWriter::watch() {
  bool look = false;
  std::string broken = follower_.broken();
  {
    const std::lock_guard lock(mutex_);
    if (!broken.empty()) {
      trouble_ = std::move(broken);
      return;
    }
    look = is_stalled() || !trouble_.empty();
  }
  if (!look) {
    next_look_ = {};
    return;
  }
  if (Watch::now() < next_look_) return;
  std::string why = why_stalled();
  next_look_ = Watch::now() + watch_every;
  const std::lock_guard lock(mutex_);
  if (why.empty() && is_stalled()) why = "Kafka has not confirmed a record for some seconds";
  trouble_ = why.empty() ? std::string() : why + "; try again later";
}

// A long queue is no standstill as long as it moves.
bool KafkaWriter::is_stalled() {
  if (queue_.empty()) return false;
  const Pending& oldest = *queue_.front();
  if (oldest_.since != oldest.since || oldest_.left != oldest.left)
    oldest_ = {oldest.since, oldest.left, Watch::now()};
  return has_waited(oldest_.unchanged_since, kafka_stalled_ms);
}

// Empty: every partition can be written to, as far as the brokers know.
std::string KafkaWriter::why_stalled() {
  try {
    const KafkaTopicState state = topic_state(control_, probe_ms_max);
    if (state.partitions == 0) return "Kafka does not know the log's topic";
    if (state.leaderless > 0) return fmt::format("{} partitions of the log have no leader", state.leaderless);
    const int needed = in_sync_needed(state.replicas);
    if (state.in_sync < needed) {
      return fmt::format("a partition of the log has {} in-sync replicas, but a write needs {}",
                         state.in_sync, needed);
    }
    return {};
  } catch (const LogUnavailable& gone) { return gone.what(); }
}

}  // namespace geleit
