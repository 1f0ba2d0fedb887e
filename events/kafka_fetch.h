// Reading a partition of the topic itself, from any offset on: what lies further back than the records that
// the log keeps in memory.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "events/kafka_client.h"
#include "events/kafka_times.h"

namespace geleit {

class KafkaFetchers;

/// A record of the topic and when it was recorded (the running maximum of its partition).
struct FetchedRecord {
  KafkaMessage message;
  Instant recorded;
  [[nodiscard]] Offset offset() const { return Offset{static_cast<std::uint64_t>(message->offset)}; }
  [[nodiscard]] std::string_view bytes() const {
    return {static_cast<const char*>(message->payload), message->payload == nullptr ? 0 : message->len};
  }
};

/// One partition that is being fetched. Not thread-safe.
class KafkaFetch {
 public:
  ~KafkaFetch();
  KafkaFetch(const KafkaFetch&) = delete;
  KafkaFetch& operator=(const KafkaFetch&) = delete;

  [[nodiscard]] Offset at() const { return at_; }
  /// Goes on elsewhere.
  void seek(Offset from);
  /// The record at `at()`, which must exist; steps behind it. Throws LogUnavailable when it does not come in
  /// time, LogCorrupt when the topic does not have it any more.
  [[nodiscard]] FetchedRecord next();

 private:
  friend class KafkaFetchers;
  struct Client;
  KafkaFetch(KafkaFetchers& fetchers, std::shared_ptr<Client> client, Partition partition, Offset from);
  void stop();
  [[nodiscard]] Instant recorded_of(const rd_kafka_message_t& message);

  KafkaFetchers& fetchers_;
  std::shared_ptr<Client> client_;
  Partition partition_;
  Offset at_;
  Instant latest_;  // of the brokers' times before at_
  bool latest_known_ = false;
  bool started_ = false;
};

/// The clients that fetch: one fetches many partitions, but each partition once. Thread-safe; must outlive
/// its fetches.
class KafkaFetchers {
 public:
  /// `control` answers where records of a time lie.
  KafkaFetchers(KafkaAddress address, KafkaSettings settings, const KafkaClient& control, KafkaTimes& times,
                std::uint16_t partitions);
  ~KafkaFetchers();
  [[nodiscard]] std::unique_ptr<KafkaFetch> fetch(Partition partition, Offset from);

 private:
  friend class KafkaFetch;
  KafkaAddress address_;
  KafkaSettings settings_;
  const KafkaClient& control_;
  KafkaTimes& times_;
  std::uint16_t partitions_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<KafkaFetch::Client>> clients_;
};

/// What is wrong when the topic does not have a record that it once had.
[[nodiscard]] LogCorrupt kafka_record_gone(const KafkaAddress& address, Partition partition, Offset expected,
                                           const std::string& instead);

}  // namespace geleit
