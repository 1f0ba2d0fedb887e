// Which of librdkafka's settings are the operator's, and what librdkafka says of their values. Names are
// those of librdkafka's own documentation (CONFIGURATION.md).
#pragma once

#include <string_view>

#include "events/kafka_address.h"

namespace geleit {

/// Looks at all of them, alone and together, without asking a broker; files that they name are read. Throws
/// LogRefused that names the setting: one that Geleit itself sets, because what the log promises rests on it
/// (`acks`, `auto.offset.reset` …), one that librdkafka does not know, or a value that it does not take.
void check_kafka_settings(const KafkaSettings& settings);

/// Set by Geleit itself, whatever the operator wants.
[[nodiscard]] bool is_fixed_kafka_setting(std::string_view name);

/// The value is a secret: a password or a private key.
[[nodiscard]] bool is_secret_kafka_setting(std::string_view name);

enum class KafkaSettingFile { none, open_to_all, secret };
/// Whether the value names a file, and whether that file is a secret.
[[nodiscard]] KafkaSettingFile file_of_kafka_setting(std::string_view name);

}  // namespace geleit
