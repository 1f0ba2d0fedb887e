// What `--config FILE` says: a TOML file.
//
//   [kafka]                                   how a log on Kafka is connected to: any setting of librdkafka
//   security.protocol = "sasl_ssl"            by its name there (events/kafka_settings.h says which not)
//   sasl.mechanism = "SCRAM-SHA-512"
//   sasl.username = "geleit"
//   sasl.password.file = "geleit.password"    NAME.file: the value is what stands in that file, which nobody
//   ssl.ca.location = "ca.pem"                but its owner and group may read; secrets stand nowhere else
//
//   [audit]                                   when heads of the log are signed, and where copies of them go
//   heads_every_records = 10000               (services/audit/README.md)
//   heads_every_minutes = 60
//   deposit_file = "/mnt/notary/heads.ndjson" appended to; a name without a directory lies beside this file
//   deposit_webhook = "https://…"             gets new heads as NDJSON, by POST
//   ca = "ca.pem"                             certificates that the webhook's is checked with
//   allow_private = false                     whether it may go to private addresses and without TLS
//
//   [alert]                                   how alerts reach people: channel_config.h shows one
//
// A file without a directory lies beside the configuration.
#pragma once

#include <filesystem>

#include "events/kafka_address.h"
#include "services/channel_config.h"
#include "services/config_file.h"

namespace geleit {

struct AuditConfig {
  std::uint64_t heads_every_records = 10'000;
  std::int64_t heads_every_minutes = 60;  ///< of the clock, while there are records without a head
  std::filesystem::path deposit_file;     ///< empty: none
  std::string deposit_webhook;            ///< empty: none
  std::filesystem::path ca;               ///< empty: the system's
  bool allow_private = false;
};

struct Config {
  KafkaSettings kafka;
  AuditConfig audit;
  AlertConfig alert;
};

/// Reads the file and the secrets that it names, and has librdkafka look at the settings. An empty path is no
/// configuration. Throws ConfigRefused.
[[nodiscard]] Config read_config(const std::filesystem::path& file);

}  // namespace geleit
