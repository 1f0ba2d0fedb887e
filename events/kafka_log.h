// The log beyond one machine: a topic of Apache Kafka. kafka_topics.h says which topics and how they must be
// set, kafka_headers.h what stands beside a record.
//
// `recorded` is the broker's append time. An append is done when the process has read its records back from
// the topic; an append that failed may lie in the log all the same. What came since the log was opened is
// kept in memory for readers that keep up; what is older they fetch from the topic.
//
// While no broker takes records, or fewer replicas are in sync than a write needs, appends are refused with
// the reason (trouble()) when none was confirmed for kafka_stalled_ms, and taken again by themselves.
// ends() asks the brokers and throws LogUnavailable when none answers; reading what has been read goes on.
#pragma once

#include <memory>

#include "events/kafka_address.h"
#include "events/log.h"

namespace geleit {

class KafkaTimes;

struct KafkaLogOptions {
  KafkaAddress address;
  KafkaSettings settings;
  /// What is kept in memory of what came last.
  std::size_t recent_bytes_max = 64 << 20;
};

class KafkaLog final : public Log {
 public:
  /// Makes the topics as they must be: events and keys, on as many replicas as there are brokers, three at
  /// most. Takes up what an interrupted create has left. Throws LogRefused when there is a log already or a
  /// topic is set otherwise, LogUnavailable when no broker answers.
  static void create(const KafkaAddress& address, const KafkaSettings& settings, std::uint16_t partitions,
                     const Uuid& id, Instant created);

  /// Throws LogRefused when there is no log or a topic is not set as it must be, LogUnavailable when no
  /// broker answers. Ready within a second or two.
  [[nodiscard]] static std::unique_ptr<KafkaLog> open(const KafkaLogOptions& options);
  /// For offline tools: the log as it was at this moment; it does not grow. Throws as `open` does.
  [[nodiscard]] static std::unique_ptr<ReadableLog> open_read_only(const KafkaLogOptions& options);

  /// Waits until every append has been answered. Readers and subscriptions must be gone.
  ~KafkaLog() override;

  [[nodiscard]] LogInfo info() const override;
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) override;
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) override;
  [[nodiscard]] std::string trouble() const override;
  /// What was appended and not answered yet, of append_queue_records_max and append_queue_bytes_max.
  struct Queue {
    std::size_t records = 0, bytes = 0;
  };
  [[nodiscard]] Queue append_queue() const;
  /// True when reading from this record on needs no broker now.
  [[nodiscard]] bool is_in_memory(Position position) const;
  /// For whoever reads the topic by itself.
  [[nodiscard]] KafkaTimes& times() const;
  /// Appends records of another log as `append` does, each with the time at which it was recorded there.
  void append_copied(std::vector<NewRecord> records, std::vector<Instant> recorded,
                     std::function<void(const Appended&)> done);

 private:
  class Parts;
  explicit KafkaLog(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace geleit
