// librdkafka's handles as C++ knows ownership. Only events/kafka_* includes this.
#pragma once

#include <librdkafka/rdkafka.h>

#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/kafka_address.h"
#include "events/log.h"

namespace geleit {

template <auto destroy>
struct KafkaDestroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDestroy<rd_kafka_message_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDestroy<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDestroy<rd_kafka_event_destroy>>;

/// How long a queue of librdkafka is listened to at a time, so that whoever waits notices that it shall end.
inline constexpr int kafka_wait_ms = 100;

/// The octets of a record's key or value; none where it has none.
[[nodiscard]] inline std::string_view kafka_octets(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), data == nullptr ? 0 : size};
}

/// One client instance: its threads, its connections and its one topic. Thread-safe, as librdkafka is.
class KafkaClient {
 public:
  using Delivered = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void* opaque);
  using Setting = std::pair<const char*, const char*>;

  /// `ours` wins over `settings`. A producer calls `delivered` for every record, from whoever polls it.
  /// Throws LogRefused when librdkafka does not take a setting.
  KafkaClient(rd_kafka_type_t type, const KafkaAddress& address, const std::string& topic,
              const KafkaSettings& settings, std::initializer_list<Setting> ours,
              Delivered delivered = nullptr, void* opaque = nullptr);
  /// Waits until librdkafka's threads have ended; what a producer has queued is dropped.
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  [[nodiscard]] rd_kafka_t* get() const { return client_; }
  [[nodiscard]] rd_kafka_topic_t* topic() const { return topic_; }
  /// The last thing that went wrong with a broker or a connection, in librdkafka's words; what whoever polls
  /// the client has heard of.
  [[nodiscard]] std::string last_error() const;
  /// A broker was there and took neither the password nor the certificate, or showed a wrong one itself.
  [[nodiscard]] bool turned_away() const;

 private:
  static void hear_error(rd_kafka_t* client, int error, const char* reason, void* opaque);

  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  Delivered delivered_;
  void* opaque_;
  mutable std::mutex mutex_;
  std::string last_error_;
  bool turned_away_ = false;
};

/// What the metadata say of a topic.
struct KafkaTopicState {
  int brokers = 0;  ///< that are up
  std::vector<std::int32_t> broker_ids;
  int partitions = 0;  ///< 0: there is no such topic
  int replicas = 0;    ///< the fewest that a partition has
  int in_sync = 0;     ///< the fewest in-sync replicas that a partition with a leader has
  int leaderless = 0;  ///< partitions without a leader
};

/// Asks the brokers. Throws LogUnavailable with the reason when none answers in time, or sooner when one
/// turns us away.
[[nodiscard]] KafkaTopicState topic_state(const KafkaClient& client, int timeout_ms);

/// For each partition, the offset of its first record with this time or a later one; -1 where there is none.
/// `times` has one entry a partition; `kafka_end` asks for the end instead. Throws LogUnavailable.
inline constexpr std::int64_t kafka_end = RD_KAFKA_OFFSET_END;
[[nodiscard]] std::vector<std::int64_t> offsets_at(const KafkaClient& client,
                                                   std::span<const std::int64_t> times, int timeout_ms);
/// The same for one partition.
[[nodiscard]] std::int64_t offset_at(const KafkaClient& client, Partition partition, std::int64_t time,
                                     int timeout_ms);

/// For each partition the latest time of its records before `before[p]`; the smallest instant where that is
/// 0. (A broker's clock may be behind that of the broker that led before.)
[[nodiscard]] std::vector<Instant> latest_before(const KafkaClient& client, const Positions& before,
                                                 int timeout_ms);

}  // namespace geleit
