#include <fmt/format.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/record_group.h"
#include "events/uuid.h"
#include "services/audit/verify.h"
#include "services/base64.h"
#include "services/cloud_event.h"
#include "services/seal.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::string_view source_prefix = "urn:uuid:";
/// Stands for what an export may have opened; no event has such a member.
constexpr const char* sealed_name = "$sealed";

const json::string* text_in(const json::object& object, const char* name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr ? found->if_string() : nullptr;
}

std::optional<std::uint64_t> number_in(const json::object& object, const char* name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return std::nullopt;
  json::error_code wrong;
  if (const json::string* text = found->if_string()) {  // beyond 32 bits (cloud_event.cc)
    const json::value value = json::parse(*text, wrong);
    if (wrong || !value.is_number()) return std::nullopt;
    const auto number = value.to_number<std::uint64_t>(wrong);
    return wrong ? std::nullopt : std::optional(number);
  }
  if (!found->is_number()) return std::nullopt;
  const auto number = found->to_number<std::uint64_t>(wrong);
  return wrong ? std::nullopt : std::optional(number);
}

bool same_but_opened(const json::value& line, const json::value& record);

/// A sealed field is as it was sealed, or opened: then a text is as much shorter as the seal is long, so that
/// no sealed text that was changed passes for one.
bool same_or_opened(const json::value& line, std::string_view sealed) {
  const json::string* text = line.if_string();
  if (text == nullptr) return line.is_object() || line.is_array();
  if (std::string_view(*text) == sealed) return true;
  const auto octets = from_base64(sealed);
  return octets && octets->size() >= sealed_overhead_octets &&
         text->size() == octets->size() - sealed_overhead_octets;
}

/// Reasons are a JSON object in a text.
bool same_reasons(const json::value& line, const json::value& record) {
  json::error_code wrong;
  if (!line.is_string() || !record.is_string()) return false;
  const json::value given = json::parse(line.get_string(), wrong);
  return !wrong && same_but_opened(given, json::parse(record.get_string()));
}

/// Whether a line says what its record does, but for what was opened.
bool same_but_opened(const json::value& line, const json::value& record) {
  if (const json::object* expected = record.if_object()) {
    if (const json::string* sealed = text_in(*expected, sealed_name)) return same_or_opened(line, *sealed);
    const json::object* given = line.if_object();
    if (given == nullptr || given->size() != expected->size()) return false;
    for (const auto& [name, value] : *expected) {
      const json::value* found = given->if_contains(name);
      if (found == nullptr) return false;
      if (!(name == "reasons" ? same_reasons(*found, value) : same_but_opened(*found, value))) return false;
    }
    return true;
  }
  if (const json::array* expected = record.if_array()) {
    const json::array* given = line.if_array();
    if (given == nullptr || given->size() != expected->size()) return false;
    for (std::size_t i = 0; i < expected->size(); ++i) {
      if (!same_but_opened((*given)[i], (*expected)[i])) return false;
    }
    return true;
  }
  return line == record;
}

class ExportPass {
 public:
  ExportPass(const std::filesystem::path& file, const VerifyHeads& heads, VerifyProgress& progress)
      : in_(file, std::ios::binary), heads_(heads), progress_(progress) {
    if (!in_) throw std::system_error(errno, std::generic_category(), file.string());
    info_.kind = "export";
    info_.where = file.string();
  }

  VerifyReport run() {
    std::string line;
    while (std::getline(in_, line)) {
      ++number_;
      // A line without its end was cut off, whatever stands in it.
      if (in_.eof()) say_line("expected the end of the line, but the file ends");
      take(line);
      ++progress_.records;
      progress_.octets += line.size() + 1;
    }
    if (!in_.eof()) throw std::system_error(errno, std::generic_category(), info_.where);
    if (checks_.empty()) {
      throw LogRefused(
          fmt::format("expected in {} events with their records (geleit export --records), but {}",
                      info_.where, first_fault_.empty() ? "it is empty" : first_fault_));
    }
    std::vector<PartitionVerified> verified(info_.partitions);
    for (std::uint16_t p = 0; p < info_.partitions; ++p) verified[p] = check(Partition{p}).finish({});
    sorted_.findings.insert(sorted_.findings.end(), findings_.begin(), findings_.end());
    return put_together(info_, heads_, std::move(sorted_), std::move(verified), nullptr);
  }

 private:
  struct Line {
    StoredRecord at;
    std::string record;
  };

  void take(const std::string& text) {
    json::error_code wrong;
    const json::value value = json::parse(text, wrong);
    if (wrong || !value.is_object()) return say_line("expected a JSON object");
    const json::object& object = value.get_object();
    Line line;
    if (std::string why = read(object, line); !why.empty()) return say_line(std::move(why));
    octets_.clear();
    std::memcpy(octets_.extend(line.record.size() + 8), line.record.data(), line.record.size());
    line.at.bytes = {octets_.data(), line.record.size()};
    PartitionCheck& partition = check(line.at.partition);
    const auto standing = partition.take(line.at);
    if (!is_told(text, value, line.at, standing, partition.event()))
      say_line(fmt::format("the line is not what its record {}:{} says", line.at.partition.value,
                           line.at.offset.value),
               line.at);
  }

  /// What keeps the line from being looked at, or empty.
  std::string read(const json::object& object, Line& out) {
    const json::string* source = text_in(object, "source");
    const json::string* time = text_in(object, "time");
    const json::string* record = text_in(object, "record");
    const auto partition = number_in(object, "partition");
    const auto offset = number_in(object, "offset");
    const auto partitions = number_in(object, "partitions");
    if (record == nullptr || !partitions)
      return "expected 'record' and 'partitions' (geleit export --records)";
    const std::string_view from = source != nullptr ? std::string_view(*source) : std::string_view();
    const auto log =
        from.starts_with(source_prefix) ? parse_uuid(from.substr(source_prefix.size())) : std::nullopt;
    if (!log) return "expected 'source' to name the log";
    const auto recorded = time != nullptr ? parse_instant(std::string_view(*time)) : std::nullopt;
    const auto octets = from_base64(std::string_view(*record));
    if (!recorded) return "expected 'time' to be when the record was recorded";
    if (!octets) return "expected 'record' to be base64";
    if (!partition || !offset || *partitions < 1 || *partitions > partitions_max || *partition >= *partitions)
      return "expected 'partition', 'offset' and 'partitions' to be a place in a log";
    if (checks_.empty()) {
      info_.id = *log;
      info_.partitions = static_cast<std::uint16_t>(*partitions);
      sorted_ = sort_heads(heads_, info_);
    } else if (info_.id != *log || info_.partitions != *partitions) {
      return fmt::format("expected the log {}, but it is another one", to_string(info_.id));
    }
    out.at = {Partition{static_cast<std::uint16_t>(*partition)}, Offset{*offset}, *recorded, {}};
    out.record = *octets;
    return {};
  }

  PartitionCheck& check(Partition partition) {
    auto& found = checks_[partition];
    if (!found) {
      found = std::make_unique<PartitionCheck>(partition, info_.partitions,
                                               std::move(sorted_.of_partition[partition.value]),
                                               !heads_.keys.empty(), nullptr);
    }
    return *found;
  }

  /// The line again from the record; where personal data was opened, all but that.
  bool is_told(const std::string& text, const json::value& given, const StoredRecord& record,
               std::optional<Standing> standing, const Event& event) {
    const std::string source = std::string(source_prefix).append(to_string(info_.id));
    told_.clear();
    if (!standing) {
      append_foreign_record(told_, source, record, info_.partitions);
      return told_ == text;
    }
    const RecordView view{record, event, stated_hash(record.bytes), *standing, info_.partitions};
    append_cloud_event(told_, source, view, {});
    if (told_ == text) return true;
    told_.clear();
    append_cloud_event(told_, source, view, {}, [](std::string& to, Sealed sealed) {
      to.append("{\"").append(sealed_name).append("\":\"").append(base64(sealed.bytes)).append("\"}");
    });
    return same_but_opened(given, json::parse(told_));
  }

  void say_line(std::string why, const std::optional<StoredRecord>& at = {}) {
    if (first_fault_.empty()) first_fault_ = fmt::format("line {}: {}", number_, why);
    if (findings_.size() >= findings_max) return;
    Finding finding{Check::line, std::nullopt, {}, {}, fmt::format("line {}: {}", number_, why)};
    if (at) {
      finding.at = Position{at->partition, at->offset};
      finding.until = next(at->offset);
    }
    findings_.push_back(std::move(finding));
  }

  std::ifstream in_;
  const VerifyHeads& heads_;
  VerifyProgress& progress_;
  LogInfo info_;
  SortedHeads sorted_;
  std::map<Partition, std::unique_ptr<PartitionCheck>> checks_;
  std::vector<Finding> findings_;
  std::string first_fault_, told_;
  std::uint64_t number_ = 0;
  AlignedBytes octets_;
};

}  // namespace

VerifyReport verify_export(const std::filesystem::path& file, const VerifyHeads& heads,
                           VerifyProgress& progress) {
  return ExportPass(file, heads, progress).run();
}

}  // namespace geleit
