#include "events/kafka_headers.h"

#include <fmt/format.h>

#include "events/civil_time.h"
#include "events/cloud_event_names.h"
#include "events/codec.h"
#include "events/copy_mark.h"
#include "events/uuid.h"

namespace geleit {

namespace {

KafkaHeaders headers_of(const CopyMark& mark, const std::string& source) {
  KafkaHeaders out;
  const std::string name = "LogCopied";
  out.headers.emplace_back("ce_specversion", "1.0");
  out.headers.emplace_back("ce_id", fmt::format("{}-{}", to_string(mark.source), mark.partition.value));
  out.headers.emplace_back("ce_source", source);
  out.headers.emplace_back("ce_type", std::string(cloud_event_type_prefix).append(name));
  out.headers.emplace_back("ce_time", to_string(mark.begins));
  out.headers.emplace_back("ce_dataschema", std::string(cloud_event_schema_prefix).append(name));
  out.headers.emplace_back("content-type", "application/octet-stream");
  return out;
}

}  // namespace

KafkaHeaders kafka_headers(std::string_view record, const std::string& source,
                           std::optional<Instant> first_recorded) {
  if (const auto mark = decode_copy_mark(record)) return headers_of(*mark, source);
  KafkaHeaders out;
  Event event;
  try {
    decode(record, event);
  } catch (const BadRecord&) {
    if (first_recorded) out.headers.emplace_back(kafka_recorded_header, to_string(*first_recorded));
    return out;
  }
  const std::string_view name = name_of(event.payload);
  out.key = to_string(event.stream);
  out.headers.reserve(10);
  out.headers.emplace_back("ce_specversion", "1.0");
  out.headers.emplace_back("ce_id", to_string(event.id));
  out.headers.emplace_back("ce_source", source);
  out.headers.emplace_back("ce_type", std::string(cloud_event_type_prefix).append(name));
  out.headers.emplace_back("ce_subject", out.key);
  out.headers.emplace_back("ce_time", to_string(event.decided));
  out.headers.emplace_back("ce_dataschema", std::string(cloud_event_schema_prefix).append(name));
  out.headers.emplace_back("content-type", std::string(kafka_content_type));
  if (first_recorded) out.headers.emplace_back(kafka_recorded_header, to_string(*first_recorded));
  if (!event.trace.is_nil()) {
    // Recording it is a step of its own in the trace; its id follows from the event's, so a retry has the
    // same.
    out.headers.emplace_back(
        "traceparent", fmt::format("00-{:016x}{:016x}-{:016x}-01", event.trace.value.high,
                                   event.trace.value.low, event.id.value.low != 0 ? event.id.value.low : 1));
  }
  return out;
}

}  // namespace geleit
