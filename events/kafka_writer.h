// Appends to the topic: an idempotent producer whose records count only when they have been read back.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "events/kafka_client.h"
#include "events/kafka_follower.h"
#include "events/kafka_log.h"

namespace geleit {

/// A record that no broker has taken by then has failed; it may lie in the log all the same.
inline constexpr int kafka_delivery_ms_max = 30'000;
/// When nothing of the oldest append was confirmed for so long, appends are refused until writing works
/// again.
inline constexpr int kafka_stalled_ms = 5'000;

class KafkaWriter {
 public:
  /// `source`: what the headers call the log. `control` and `follower` must outlive it.
  KafkaWriter(const KafkaAddress& address, const KafkaSettings& settings, std::string source,
              std::uint16_t partitions, KafkaClient& control, KafkaFollower& follower);
  /// Waits until every append has been answered.
  ~KafkaWriter();
  KafkaWriter(const KafkaWriter&) = delete;
  KafkaWriter& operator=(const KafkaWriter&) = delete;

  /// `first_recorded`: for copied records, when each was recorded first; else empty.
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done,
              std::span<const Instant> first_recorded = {});
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] KafkaLog::Queue queue() const;
  /// For tests, which have it fail as only librdkafka can.
  [[nodiscard]] rd_kafka_t* producer() const;

 private:
  struct Pending;

  static void delivered(rd_kafka_t* client, const rd_kafka_message_t* record, void* opaque);
  void start_producer();
  void replace_producer();
  rd_kafka_resp_err_t produce(const NewRecord& record, std::optional<Instant> first_recorded,
                              Pending& pending);
  void run();
  void wake();
  void finish();
  [[nodiscard]] bool is_read_back(const Pending& pending);
  void watch();
  [[nodiscard]] bool is_stalled();
  [[nodiscard]] std::string why_stalled();

  KafkaAddress address_;
  KafkaSettings settings_;
  std::string source_;
  std::uint16_t partitions_;
  KafkaClient& control_;
  KafkaFollower& follower_;

  mutable std::mutex mutex_;  // guards all that follows up to the thread
  std::unique_ptr<KafkaClient> producer_;
  KafkaQueue events_;  // the producer's: deliveries and errors
  std::deque<std::unique_ptr<Pending>> queue_;
  std::size_t queued_records_ = 0;
  std::size_t queued_bytes_ = 0;
  std::string trouble_;
  bool stopping_ = false;

  std::atomic<bool> awaits_reading_ = false;  // the oldest append only waits for the follower
  struct Seen {
    std::chrono::steady_clock::time_point since;
    std::size_t left = 0;
    std::chrono::steady_clock::time_point unchanged_since;
  };
  Seen oldest_;                                        // the writer's own: the oldest append as it was last
  std::chrono::steady_clock::time_point next_look_{};  // the writer's own
  std::unique_ptr<LogSubscription> subscription_;
  std::thread thread_;  // last, for it uses all of the above
};

}  // namespace geleit
