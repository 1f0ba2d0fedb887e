// Reads a topic through, many partitions at once, as fast as the brokers give it: what a local copy is
// fetched with. Between partitions there is no order.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "events/kafka_client.h"
#include "events/kafka_times.h"

namespace geleit {

/// What may wait in librdkafka's queue, all partitions together. What is on its way and what is being taken
/// over comes on top of it.
inline constexpr std::size_t sweep_queue_bytes_max = 64 << 20;
/// Read at once; of a topic with more partitions the next ones follow when some are through.
inline constexpr std::size_t sweep_partitions_max = 32;

/// A record on its way, valid during the call only.
struct SweptRecord {
  Partition partition;
  Offset offset;
  Instant recorded;  ///< the running maximum of its partition
  std::string_view bytes;
};

class KafkaSweep {
 public:
  /// Takes the records; what it throws is thrown by `step`.
  class Taker {
   public:
    virtual ~Taker() = default;
    virtual void take(const SweptRecord& record) = 0;
    /// The partition has been read up to where it was to be.
    virtual void reached(Partition partition) = 0;
  };

  /// From `from` up to `until`, which the topic must reach.
  KafkaSweep(const KafkaAddress& address, const KafkaSettings& settings, KafkaTimes& times,
             const Positions& from, const Positions& until);
  ~KafkaSweep();
  KafkaSweep(const KafkaSweep&) = delete;
  KafkaSweep& operator=(const KafkaSweep&) = delete;

  /// Gives what has come, or nothing after a while. False when all is through. Throws LogUnavailable when
  /// nothing has come for long, LogCorrupt when the topic does not have a record any more.
  bool step(Taker& taker);

 private:
  struct Swept {
    Offset next, until;
    Instant latest;  // of the brokers' times
    bool started = false, finished = false;
  };
  static void consumed(rd_kafka_message_t* message, void* opaque);
  void start_some();
  void take(const rd_kafka_message_t& message);
  void finish(Partition partition);
  void wake_fetching();

  KafkaAddress address_;
  KafkaTimes& times_;
  KafkaClient client_;
  KafkaQueue queue_;
  std::vector<Swept> partitions_;
  std::size_t under_way_ = 0;
  std::size_t first_unstarted_ = 0;
  int silent_ms_ = 0;
  // While `step` runs.
  Taker* taker_ = nullptr;
  std::exception_ptr failure_;
  std::mutex mutex_;  // guards ending_
  std::condition_variable ends_;
  bool ending_ = false;
  std::thread waker_;  // last, for it uses what is above
};

}  // namespace geleit
