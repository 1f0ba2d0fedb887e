// A share of a topic's partitions: of the processes that name the same group each partition belongs to one at
// a time, by Kafka's group membership. Nothing is read through it; who owns a partition may do for it what
// only one should do. When one of them ends or is gone the others have its partitions within seconds. In
// between, and while a process does not know yet that it has lost one, nobody or two may own it for a moment.
#pragma once

#include <memory>
#include <string>

#include "events/kafka_address.h"
#include "events/named.h"

namespace geleit {

/// After so long without a word from a process its partitions go to others.
inline constexpr int group_session_ms = 6'000;

class KafkaGroup {
 public:
  /// Joins. Throws LogRefused when a setting is not taken; that brokers cannot be reached is waited for.
  KafkaGroup(const KafkaAddress& address, const KafkaSettings& settings, const std::string& group);
  /// Leaves, so that others need not wait.
  ~KafkaGroup();
  KafkaGroup(const KafkaGroup&) = delete;
  KafkaGroup& operator=(const KafkaGroup&) = delete;

  /// Thread-safe.
  [[nodiscard]] bool owns(Partition partition) const;

 private:
  class Member;
  std::unique_ptr<Member> member_;
};

}  // namespace geleit
