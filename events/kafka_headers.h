// What stands beside a record on Kafka, so that a consumer that never heard of Geleit can follow it: the case
// as key, and headers as CloudEvents 1.0 wants them in binary mode, with the W3C trace context.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/named.h"

namespace geleit {

inline constexpr std::string_view kafka_content_type = "application/x-capnp";
/// When a copied record was recorded first (copy_mark.h).
inline constexpr const char* kafka_recorded_header = "ce_recordedtime";

struct KafkaHeaders {
  std::string key;  ///< the case id; empty where the record is no event
  std::vector<std::pair<const char*, std::string>> headers;
};

/// `source` names the log (`urn:uuid:…`). ce_time is when it was decided; when it was recorded says the
/// record's own time, or `first_recorded` for a copied one. A copy's mark is told as `LogCopied`, without a
/// key; what is neither event nor mark has neither key nor headers.
[[nodiscard]] KafkaHeaders kafka_headers(std::string_view record, const std::string& source,
                                         std::optional<Instant> first_recorded = {});

}  // namespace geleit
