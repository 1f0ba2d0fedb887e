// Where the parts of an installation lie.
//
//   <data>/log         the events; the only thing that cannot be made again
//   <data>/keys        person keys, wrapped by <data>/master.key (mode 0600)
//                      (where the log is on Kafka: an expendable copy of it, and no keys)
//   <data>/tables      the read models; removing them costs a rebuild
//   <data>/signing.key beside the master key: what heads of the log are signed with (mode 0600)
//   <data>/heads.ndjson the signed heads so far, heads.edge what spares reading the log again to sign more
//   <data>/pasts       checkpoints of them; removing them costs auditors time
//   <data>/erasures.journal   which keys were destroyed; a restore needs it (erasures.h)
//   <data>/access      who looked at personal data (access_log.h)
//   <data>/tokens.ndjson      who may come in; without it, whoever reaches this machine (token_book.h)
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "events/kafka_address.h"

namespace geleit {

/// `--log kafka://…`
struct KafkaPlace {
  KafkaAddress address;
  KafkaSettings settings;
};

struct DataDirectory {
  std::filesystem::path dir;
  std::optional<std::filesystem::path> log_elsewhere;                    ///< `--log DIR`
  std::optional<KafkaPlace> kafka = std::nullopt;                        ///< events and keys lie there
  std::optional<std::filesystem::path> master_elsewhere = std::nullopt;  ///< `--master-key FILE`
  [[nodiscard]] std::filesystem::path log() const { return log_elsewhere.value_or(dir / "log"); }
  [[nodiscard]] std::filesystem::path tables() const { return dir / "tables"; }
  [[nodiscard]] std::filesystem::path keys() const { return dir / "keys"; }
  [[nodiscard]] std::filesystem::path master_key() const {
    return master_elsewhere.value_or(dir / "master.key");
  }
  [[nodiscard]] std::filesystem::path signing_key() const {
    return master_key().parent_path() / "signing.key";
  }
  [[nodiscard]] std::filesystem::path heads() const { return dir / "heads.ndjson"; }
  [[nodiscard]] std::filesystem::path heads_edge() const { return dir / "heads.edge"; }
  [[nodiscard]] std::filesystem::path erasures() const { return dir / "erasures.journal"; }
  /// What lies there while a backup copies it; removed afterwards.
  [[nodiscard]] std::filesystem::path checkpoint() const { return dir / "checkpoint"; }
  /// Tables of a past that somebody asked for, and checkpoints to make them from; expendable.
  [[nodiscard]] std::filesystem::path pasts() const { return dir / "pasts"; }
  /// Says when the last backup was made, and where.
  [[nodiscard]] std::filesystem::path last_backup() const { return dir / "backup.json"; }
  /// Which digests went out; without it today's go out once more.
  [[nodiscard]] std::filesystem::path digests() const { return dir / "digests.json"; }
  /// Who looked (access_log.h).
  [[nodiscard]] std::filesystem::path access() const { return dir / "access"; }
  /// Whose calendars there are, and the hashes of their addresses (calendar_book.h).
  [[nodiscard]] std::filesystem::path calendars() const { return dir / "calendars.json"; }
  /// Who may come in, as hashes (token_book.h); on Kafka they lie in the keys' topic.
  [[nodiscard]] std::filesystem::path tokens() const { return dir / "tokens.ndjson"; }
  /// Held by the one that makes a backup.
  [[nodiscard]] std::filesystem::path backup_lock() const { return dir / "backup.lock"; }
  /// Holds what a restore has copied until all of it was examined; held by that restore.
  [[nodiscard]] std::filesystem::path restoring() const { return dir / "restoring"; }
  /// For people: where the log is, and where the keys are.
  [[nodiscard]] std::string log_place() const { return kafka ? to_string(kafka->address) : log().string(); }
  [[nodiscard]] std::string keys_place() const {
    return kafka ? keys_topic_of(kafka->address) : keys().string();
  }
};

/// `--data DIR` and `--log DIR|kafka://…`, which may be empty, and how one on Kafka is connected to. Throws
/// LogRefused where that is no address.
[[nodiscard]] inline DataDirectory data_directory(const std::string& data, const std::string& log,
                                                  KafkaSettings settings) {
  DataDirectory out{data, {}};
  if (log.empty()) return out;
  if (log.find("://") != std::string::npos) {
    out.kafka = KafkaPlace{parse_kafka_address(log), std::move(settings)};
  } else {
    out.log_elsewhere = log;
  }
  return out;
}

}  // namespace geleit
