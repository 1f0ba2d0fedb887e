// The two topics of a log on Kafka, how they must be set, and what the log is called.
//
//   TOPIC        the events: never deleted, never compacted, timed by the broker
//   TOPIC.keys   one partition, compacted: the persons' keys, where a tombstone destroys a key, and under the
//                key `geleit.log` the log's identity (id, partitions, created), written when it was created
#pragma once

#include <cstdint>

#include "events/kafka_client.h"

namespace geleit {

/// The longest record that a topic takes; more than any command may make.
inline constexpr std::size_t kafka_record_bytes_max = 8 << 20;
/// How long the brokers may take to answer before the log counts as gone, and to carry out what an opening or
/// a creation asks for.
inline constexpr int kafka_answer_ms_max = 5'000;
inline constexpr int kafka_opening_ms_max = 10'000;

struct KafkaIdentity {
  Uuid id;
  std::uint16_t partitions = 0;
  Instant created;
};

/// Makes both topics as they must be, with three replicas where there are three brokers, and writes the
/// identity last. Takes up what an interrupted creation has left. Throws LogRefused when there is a log
/// already or a topic is set otherwise, LogUnavailable when the brokers do not answer.
void create_kafka_topics(const KafkaAddress& address, const KafkaSettings& settings,
                         const KafkaIdentity& identity);

/// Looks whether both topics are as they must be and says which log it is. `events` is a client of the
/// events' topic. Throws LogRefused that names the setting, what it is, what it must be and the command that
/// mends it; LogUnavailable when the brokers do not answer.
[[nodiscard]] KafkaIdentity check_kafka_topics(const KafkaClient& events, const KafkaAddress& address,
                                               const KafkaSettings& settings);

/// How many in-sync replicas a write needs where a topic has so many replicas.
/// `max.compaction.lag.ms` of the keys' topic at most: a destroyed key lies there no longer than that.
inline constexpr std::int64_t keys_compaction_lag_ms_max = 24 * 60 * 60 * 1000;
[[nodiscard]] constexpr int in_sync_needed(int replicas) { return replicas >= 3 ? 2 : 1; }

}  // namespace geleit
