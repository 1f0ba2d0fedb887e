// What `--config FILE` says: a TOML file.
//
//   [kafka]                                   how a log on Kafka is connected to: any setting of librdkafka
//   security.protocol = "sasl_ssl"            by its name there (events/kafka_settings.h says which not)
//   sasl.mechanism = "SCRAM-SHA-512"
//   sasl.username = "geleit"
//   sasl.password.file = "geleit.password"    NAME.file: the value is what stands in that file, which nobody
//   ssl.ca.location = "ca.pem"                but its owner and group may read; secrets stand nowhere else
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

struct Config {
  KafkaSettings kafka;
  AlertConfig alert;
};

/// Reads the file and the secrets that it names, and has librdkafka look at the settings. An empty path is no
/// configuration. Throws ConfigRefused.
[[nodiscard]] Config read_config(const std::filesystem::path& file);

}  // namespace geleit
