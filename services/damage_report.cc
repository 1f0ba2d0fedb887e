#include "services/damage_report.h"

#include <fmt/format.h>

#include <unordered_set>

#include "events/codec.h"
#include "events/copy_mark.h"
#include "events/rocks_damage.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/store.h"
#include "services/open_parts.h"

namespace geleit {
namespace {

/// Findings of one kind that are told one by one; the rest are counted.
constexpr std::size_t told_max = 20;
constexpr std::size_t records_at_once = 4'096;

std::vector<std::string> file_damage(const std::filesystem::path& dir) {
  std::vector<std::string> found;
  for (const FileDamage& damage : damaged_files(dir))
    found.push_back(fmt::format("{}: {}", damage.file.string(), damage.what));
  return found;
}

/// A file that the service removed while it was looked at is not damaged the next time.
std::vector<std::string> lasting_file_damage(const std::filesystem::path& dir) {
  std::vector<std::string> found = file_damage(dir);
  if (!found.empty()) found = file_damage(dir);
  return found;
}

void tell(std::vector<std::string>& found, std::string what) {
  if (found.size() < told_max) found.push_back(std::move(what));
}

/// Every record's hash is computed again; gives the keys that the events need.
std::unordered_set<Uuid> read_log(const DataDirectory& data, std::vector<std::string>& found,
                                  const std::function<void(std::uint64_t)>& progress) {
  std::unordered_set<Uuid> keys;
  const auto log = open_log_read_only(data);
  const Positions ends = log->ends();
  std::vector<StoredRecord> records;
  std::uint64_t read = 0;
  Event event;
  for (std::uint16_t p = 0; p < ends.size(); ++p) {
    try {
      const auto reader = log->read(Partition{p}, Offset{0});
      for (reader->next(records, records_at_once); !records.empty(); reader->next(records, records_at_once)) {
        for (const StoredRecord& record : records) {
          if (record.bytes.size() < hash_octets ||
              recompute_hash(record.bytes) != stated_hash(record.bytes)) {
            tell(found, fmt::format("{}: the record {}:{} does not have the hash that it states",
                                    data.log_place(), p, record.offset.value));
            continue;
          }
          try {
            decode(record.bytes, event);
            if (!event.key.value.is_nil()) keys.insert(event.key.value);
          } catch (const BadRecord& bad) {
            if (is_copy_mark(record)) continue;
            tell(found, fmt::format("{}: the record {}:{}: {}", data.log_place(), p, record.offset.value,
                                    bad.what()));
          }
        }
        read += records.size();
        if (progress) progress(read);
      }
    } catch (const LogCorrupt& damage) { tell(found, damage.what()); }
  }
  return keys;
}

void read_keys(const DataDirectory& data, const std::unordered_set<Uuid>& needed,
               std::vector<std::string>& found) {
  const auto keys = open_keys_read_only(data);
  for (std::string& finding : keys->findings()) tell(found, std::move(finding));
  std::size_t missing = 0;
  std::string example;
  for (const Uuid& id : needed) {
    try {
      if (keys->known(KeyId{id})) continue;
    } catch (const KeyStoreDamaged&) { continue; }  // is among the findings
    if (missing++ == 0) example = to_string(id);
  }
  if (missing == 0) return;
  found.push_back(fmt::format("{}: {} keys that events in the log need are missing, for example {}",
                              data.keys_place(), missing, example));
}

}  // namespace

DamageReport find_damage(const DataDirectory& data, const std::function<void(std::uint64_t)>& progress) {
  DamageReport report;
  if (!data.kafka) {
    report.log = lasting_file_damage(data.log());
    report.keys = lasting_file_damage(data.keys());
  }
  report.tables = lasting_file_damage(data.tables());
  // What a write-ahead log of the tables lost is read again from the log.
  std::erase_if(report.tables, [](const std::string& what) { return what.find(".log: ") != what.npos; });
  std::unordered_set<Uuid> needed;
  try {
    needed = read_log(data, report.log, progress);
  } catch (const LogCorrupt& damage) { tell(report.log, damage.what()); }
  const bool has_keys = data.kafka || has_database_files(data.keys());
  if (has_keys || !needed.empty()) {
    try {
      if (!has_keys) throw KeyStoreDamaged(fmt::format("{}: there are no keys", data.keys_place()));
      read_keys(data, needed, report.keys);
    } catch (const KeyStoreDamaged& damage) { tell(report.keys, damage.what()); }
  }
  return report;
}

}  // namespace geleit
