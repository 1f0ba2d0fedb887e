// The topic of the persons' keys as a table that is written and followed: one partition, compacted, where the
// last record of a name counts and one without a value takes the name away for ever. What the names and
// values say is the key store's own matter; names that begin with `geleit.` are not of keys.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "events/kafka_address.h"
#include "events/log.h"

namespace geleit {

class KafkaClient;

/// One record of the topic; no value: a tombstone.
struct KeysTopicRecord {
  std::string_view name;
  std::optional<std::string_view> value;
  Instant written;  ///< by the clock of whoever wrote it
};

/// A record to write.
struct KeysTopicEntry {
  std::string name;
  std::optional<std::string> value;
};

/// Thread-safe. `put` and `catch_up` wait for the brokers and must not be called by `read`.
class KafkaKeysTopic {
 public:
  /// Reads what there is before it returns, and follows in a thread of its own: `read` gets every record in
  /// the order of the topic, one at a time. Throws LogUnavailable when no broker answers, LogRefused when a
  /// setting is not taken.
  KafkaKeysTopic(const KafkaAddress& address, const KafkaSettings& settings,
                 std::function<void(const KeysTopicRecord&)> read);
  ~KafkaKeysTopic();
  KafkaKeysTopic(const KafkaKeysTopic&) = delete;
  KafkaKeysTopic& operator=(const KafkaKeysTopic&) = delete;

  /// Writes the entries in this order; when it returns they are durable and have been read back. Throws
  /// LogUnavailable; then some of them may come all the same, even later.
  void put(const std::vector<KeysTopicEntry>& entries);
  /// Returns when everything has been read that was there when it was called. Throws LogUnavailable.
  void catch_up();
  /// Why nothing can be written or followed now, in a sentence; empty while it can. Goes away by itself.
  [[nodiscard]] std::string trouble() const;

 private:
  void run();
  void look_after_trouble();
  void wait_until_read(std::int64_t end, int timeout_ms);
  [[nodiscard]] std::int64_t ask_end();
  void start_producer();
  void note_trouble(std::string what);

  KafkaAddress address_;
  KafkaSettings settings_;
  std::function<void(const KeysTopicRecord&)> read_;
  std::unique_ptr<KafkaClient> follower_;
  /// A question of the follower would wait behind its fetch, which the broker holds until something comes.
  std::unique_ptr<KafkaClient> asker_;
  std::mutex putting_;  // held while entries are written; guards the producer
  std::unique_ptr<KafkaClient> producer_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;  // guards the three below
  std::condition_variable moved_;
  std::int64_t reached_ = 0;  // everything before it has been read
  std::string trouble_;
  std::string broken_;  // it is not the topic that it was; this does not go away
  std::thread thread_;  // last, for it uses all of the above
};

}  // namespace geleit
