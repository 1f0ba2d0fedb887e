// Follows the whole topic from where it ended when the log was opened: what comes is kept in memory for the
// readers that keep up, and whoever subscribed is told. One stream of fetches for the whole process.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "events/kafka_client.h"
#include "events/kafka_times.h"
#include "events/log_subscribers.h"
#include "events/log_tail.h"

namespace geleit {

class KafkaFollower {
 public:
  /// `latest`: the latest of the brokers' times before `from`, for each partition.
  KafkaFollower(const KafkaAddress& address, const KafkaSettings& settings, Positions from,
                std::vector<Instant> latest, KafkaTimes& times, LogTail& tail);
  ~KafkaFollower();
  KafkaFollower(const KafkaFollower&) = delete;
  KafkaFollower& operator=(const KafkaFollower&) = delete;

  /// Everything before it has been read and can be read. Throws LogCorrupt when the topic is not what it was.
  [[nodiscard]] Offset reached(Partition partition) const;
  [[nodiscard]] LogSubscribers& subscribers() { return subscribers_; }
  /// Why it cannot go on; empty while it does.
  [[nodiscard]] std::string broken() const;

 private:
  void run();
  void take(KafkaMessage message);
  void publish();
  void fail(const LogCorrupt& damage);

  KafkaAddress address_;
  KafkaClient client_;
  KafkaQueue queue_;
  KafkaTimes& times_;
  LogTail& tail_;
  LogSubscribers subscribers_;
  Positions next_;               // the follower's own
  std::vector<Instant> latest_;  // the follower's own
  std::vector<KafkaMessage> batch_;
  std::vector<std::atomic<std::uint64_t>> reached_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> is_broken_ = false;
  mutable std::mutex mutex_;  // guards broken_
  std::string broken_;
  std::thread thread_;  // last, for it uses all of the above
};

}  // namespace geleit
