// What a log on Kafka reads from: the records in memory, and the topic for what is older.
#pragma once

#include <atomic>
#include <memory>

#include "events/kafka_fetch.h"
#include "events/kafka_follower.h"
#include "events/kafka_log.h"
#include "events/kafka_topics.h"

namespace geleit {

class KafkaLogContents final : public ReadableLog {
 public:
  /// `follows`: it grows; else it stays as it was when it was opened.
  KafkaLogContents(const KafkaLogOptions& options, bool follows);
  ~KafkaLogContents() override;

  [[nodiscard]] LogInfo info() const override;
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;

  [[nodiscard]] bool is_in_memory(Position position) const {
    return tail_.holds(position.partition, position.offset);
  }
  [[nodiscard]] KafkaTimes& times() const { return times_; }
  [[nodiscard]] KafkaClient& control() { return control_; }
  [[nodiscard]] KafkaFollower& follower() { return *follower_; }

 private:
  class Reader;
  void check(Partition partition) const;
  [[nodiscard]] Positions ask_ends() const;
  void look_for_marks() const;
  /// Where what can be read ends.
  [[nodiscard]] Offset reached(Partition partition) const;
  void read_some_at(std::span<const Position> positions,
                    const std::function<void(const StoredRecord&)>& found) const;

  KafkaLogOptions options_;
  KafkaClient control_;
  KafkaIdentity identity_;
  mutable KafkaTimes times_;
  mutable KafkaFetchers fetchers_;
  LogTail tail_;
  Positions opened_at_;
  std::unique_ptr<KafkaFollower> follower_;  // null: it does not grow
};

}  // namespace geleit
