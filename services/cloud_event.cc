#include "services/cloud_event.h"

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

/// The whole numbers of CloudEvents have 32 bits; beyond, they are written as text.
constexpr std::uint64_t whole_number_max = 2'147'483'647;

void write_number(http::JsonWriter& json, std::uint64_t number) {
  if (number <= whole_number_max)
    json.number(number);
  else
    json.string(std::to_string(number));
}

std::string joined(const std::vector<Rule>& rules) {
  std::string out;
  for (const Rule rule : rules) out.append(out.empty() ? "" : ",").append(word(rule));
  return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) out.push_back(j <= count ? digits[group >> (18 - 6 * j) & 63U] : '=');
  }
  return out;
}

void append_cloud_event(std::string& out, std::string_view source, const RecordView& view,
                        const OpenSealed& open, const ShowSealed& shown) {
  const Event& event = view.event;
  const std::string_view name = name_of(event.payload);
  const ShowSealed as_base64 = shown ? shown : [](std::string& to, Sealed sealed) {
    to.append("\"").append(base64(sealed.bytes)).append("\"");
  };
  http::JsonWriter json(out);
  const auto text = [&](std::string_view attribute, std::string_view value) {
    if (!value.empty()) json.member(attribute).string(value);
  };
  const auto hash = [&](std::string_view attribute, const Hash& value) {
    if (!value.is_zero()) json.member(attribute).string(to_hex(value));
  };
  json.object();
  text("specversion", "1.0");
  text("id", to_string(event.id));
  text("source", source);
  text("type", std::string(cloud_event_type_prefix).append(name));
  text("subject", to_string(event.stream));
  text("time", to_string(view.record.recorded));
  text("dataschema", std::string(cloud_event_schema_prefix).append(name));
  text("datacontenttype", "application/json");
  text("provider", event.provider);
  text("by", event.by);
  text("happened", event.happened.at ? to_string(*event.happened.at) : to_string(event.happened.date));
  text("decided", to_string(event.decided));
  json.member("version").number(event.version.value);
  json.member("stale").boolean(view.standing == Standing::stale);
  json.member("partition").number(view.record.partition.value);
  json.member("offset");
  write_number(json, view.record.offset.value);
  hash("hash", view.hash);
  hash("previous", event.previous);
  hash("ruleset", event.judged_by.shipped);
  hash("rulesetinstallation", event.judged_by.installation);
  hash("rulesetprovider", event.judged_by.provider);
  if (!event.key.is_nil()) text("key", to_string(event.key));
  if (!event.trace.is_nil()) text("trace", to_string(event.trace));
  text("findings", joined(event.findings));
  if (!event.deviations.empty()) {
    std::string reasons;
    append_reasons(reasons, event.deviations, open, as_base64);
    text("reasons", reasons);
  }
  if (view.partitions > 0) {
    json.member("partitions").number(view.partitions);
    json.member("record").string(base64(view.record.bytes));
  }
  std::string data;
  append_event_data(data, event, open, as_base64);
  json.member("data").raw(data).end();
}

void append_foreign_record(std::string& out, std::string_view source, const StoredRecord& record,
                           std::uint16_t partitions) {
  http::JsonWriter json(out);
  json.object().member("specversion").string("1.0");
  json.member("id").string(
      std::to_string(record.partition.value).append(":").append(std::to_string(record.offset.value)));
  json.member("source").string(source).member("type").string(foreign_record_type);
  json.member("time").string(to_string(record.recorded));
  json.member("partition").number(record.partition.value).member("offset");
  write_number(json, record.offset.value);
  json.member("partitions").number(partitions).member("record").string(base64(record.bytes)).end();
}

}  // namespace geleit
