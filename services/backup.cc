#include "services/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "events/chain.h"
#include "events/civil_time.h"
#include "events/codec.h"
#include "events/copy_mark.h"
#include "events/embedded_log.h"
#include "events/rocks_damage.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/store.h"
#include "services/file_text.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* manifest_name = "manifest.json";
constexpr const char* manifest_sum_name = "manifest.sha256";
constexpr int manifest_format = 1;
constexpr std::size_t examine_records = 4'096;

/// RocksDB's own messages and lock, which belong to the process that has it open.
bool is_kept(const fs::path& file) {
  const std::string name = file.filename().string();
  return name != "LOCK" && !name.starts_with("LOG");
}

std::string text_of(const fs::path& file) {
  auto text = read_text(file);
  if (!text) throw BackupFailed(fmt::format("expected a backup, but {} cannot be read", file.string()));
  return std::move(*text);
}

/// Goes through a log in the order of each partition and counts what it holds.
class Examiner {
 public:
  Examiner(const ReadableLog& log, const KeyStore& keys, const ErasureJournal& erasures, Positions tables)
      : log_(log), keys_(keys), erasures_(erasures), tables_(std::move(tables)) {}

  void record(const StoredRecord& record, BackupContents& out) {
    ++out.records;
    out.last_recorded = std::max(out.last_recorded.value_or(record.recorded), record.recorded);
    const bool in_tables = !tables_.empty() && record.offset < tables_[record.partition.value];
    if (record.bytes.size() >= hash_octets && recompute_hash(record.bytes) != stated_hash(record.bytes)) {
      throw BackupFailed(fmt::format("the record {}:{} of the log is not what its hash says",
                                     record.partition.value, record.offset.value));
    }
    if (is_copy_mark(record)) return;
    const auto link = link_of(record.bytes);
    const bool ours =
        link && partition_of(link->stream, static_cast<std::uint16_t>(out.ends.size())) == record.partition;
    if (ours) {
      try {
        decode(record.bytes, event_);
      } catch (const BadRecord&) { return foreign(out, in_tables); }
      Head& head = heads_[link->stream];
      if (standing(head, link->version, link->previous) == Standing::stale) {
        ++out.stale;
        of_tables.stale += in_tables ? 1 : 0;
      } else {
        head = {link->version, link->hash};
        ++out.events;
        of_tables.events += in_tables ? 1 : 0;
      }
      key(event_.key, record, out);
    } else {
      foreign(out, in_tables);
    }
  }

  /// What of it the tables have read.
  BackupContents of_tables;

 private:
  void foreign(BackupContents& out, bool in_tables) {
    ++out.foreign;
    of_tables.foreign += in_tables ? 1 : 0;
  }
  void key(KeyId id, const StoredRecord& record, BackupContents& out) {
    if (id.value.is_nil() || !seen_.insert(id).second) return;
    if (keys_.find(id)) {
      ++out.keys;
    } else if (erasures_.contains(id) || keys_.known(id)) {
      ++out.erased;
    } else {
      throw BackupFailed(
          fmt::format("expected the key {} that the record {}:{} of the log is sealed with, but it is "
                      "neither there nor was it erased",
                      to_string(id), record.partition.value, record.offset.value));
    }
  }

  const ReadableLog& log_;
  const KeyStore& keys_;
  const ErasureJournal& erasures_;
  Positions tables_;
  Event event_;
  std::unordered_map<CaseId, Head> heads_;
  std::unordered_set<KeyId> seen_;
};

constexpr const char* tables_folder = "tables";

bool is_of_tables(const BackupFile& file) { return *fs::path(file.path).begin() == tables_folder; }

/// The order of the files is that of the copying: the tables before the log, the log before the keys.
constexpr std::array folders{tables_folder, "log", "keys"};

/// RocksDB looks at a block only when somebody asks for what is in it; here all are looked at.
void require_whole_files(const fs::path& dir) {
  const std::vector<FileDamage> damage = damaged_files(dir);
  if (damage.empty()) return;
  throw BackupFailed(fmt::format("{} is damaged: {}", damage.front().file.string(), damage.front().what));
}

void write_positions(http::JsonWriter& out, std::string_view name, const Positions& positions) {
  out.member(name).array();
  for (const Offset offset : positions) out.number(offset.value);
  out.end();
}

Positions positions_of(const json::value& value) {
  Positions out;
  for (const json::value& one : value.as_array()) out.push_back(Offset{one.to_number<std::uint64_t>()});
  return out;
}

/// A path of the manifest stays within the backup.
bool is_within(const fs::path& path) {
  return path.is_relative() && std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
}

}  // namespace

std::uint64_t Manifest::octets() const {
  std::uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.digest.octets;
  return sum;
}

BackupContents examine(const DataDirectory& data, const MasterKey& master, const ErasureJournal& erasures,
                       const Examined& examined) {
  for (const fs::path& dir : {data.tables(), data.log(), data.keys()}) require_whole_files(dir);
  StoreState state;
  if (fs::exists(data.tables()))
    state = Store::open({.dir = data.tables(), .read_only = true})->snapshot()->state();
  const auto log = EmbeddedLog::open_read_only(data.log());
  const auto keys = open_key_store(data.keys(), master, true);
  if (const auto findings = keys->findings(); !findings.empty()) throw BackupFailed(findings.front());
  BackupContents out;
  out.log = log->info().id;
  out.ends = log->ends();
  if (!state.log.is_nil()) {
    if (state.log != out.log) throw BackupFailed("the tables were made from another log than the one beside");
    out.tables = state.positions();
    require_reached(*log, out.tables);
  }
  Examiner examiner(*log, *keys, erasures, out.tables);
  std::vector<StoredRecord> records;
  for (std::uint16_t p = 0; p < out.ends.size(); ++p) {
    const auto reader = log->read(Partition{p}, Offset{0});
    std::uint64_t expected = 0;
    for (reader->next(records, examine_records); !records.empty(); reader->next(records, examine_records)) {
      for (const StoredRecord& record : records) {
        if (record.offset.value != expected++)
          throw BackupFailed(fmt::format("partition {} of the log has a gap", p));
        examiner.record(record, out);
      }
      if (examined) examined(out.records);
    }
    if (expected != out.ends[p].value)
      throw BackupFailed(
          fmt::format("partition {} of the log ends at {}, expected {}", p, expected, out.ends[p].value));
  }
  const BackupContents& counted = examiner.of_tables;
  if (!out.tables.empty() &&
      (counted.events != state.events || counted.stale != state.stale || counted.foreign != state.foreign)) {
    throw BackupFailed(fmt::format(
        "the tables count {} events, {} stale and {} foreign records, but the log "
        "holds {}, {} and {} up to there",
        state.events, state.stale, state.foreign, counted.events, counted.stale, counted.foreign));
  }
  return out;
}

std::vector<BackupFile> copy_checkpoint(const fs::path& checkpoint, const fs::path& to) {
  std::vector<BackupFile> files;
  for (const char* folder : folders) {
    fs::create_directory(to / folder);
    for (const auto& entry : fs::directory_iterator(checkpoint / folder)) {
      if (!entry.is_regular_file() || !is_kept(entry.path())) continue;
      const std::string path = (fs::path(folder) / entry.path().filename()).string();
      files.push_back({path, copy_durably(entry.path(), to / path)});
    }
    sync_directory(to / folder);
  }
  std::ranges::sort(files, {}, &BackupFile::path);
  return files;
}

void write_manifest(const fs::path& backup, const Manifest& manifest) {
  std::set<std::string> named;
  std::string text;
  http::JsonWriter out(text);
  out.object().member("format").number(manifest_format).member("program").string(manifest.program);
  out.member("made").string(to_string(manifest.made));
  const BackupContents& contents = manifest.contents;
  out.member("log").string(to_string(contents.log));
  write_positions(out, "ends", contents.ends);
  write_positions(out, "tables", contents.tables);
  out.member("records").number(contents.records).member("events").number(contents.events);
  out.member("stale").number(contents.stale).member("foreign").number(contents.foreign);
  out.member("keys").number(contents.keys).member("erased").number(contents.erased);
  out.member("last_recorded");
  contents.last_recorded ? out.string(to_string(*contents.last_recorded)) : out.null();
  out.member("files").array();
  for (const BackupFile& file : manifest.files) {
    named.insert(file.path);
    out.object().member("path").string(file.path).member("octets").number(file.digest.octets);
    out.member("sha256").string(to_hex(file.digest.sha256)).end();
  }
  out.end().end();
  text += '\n';
  std::vector<fs::path> unnamed;  // what looking at the copy has left there
  for (const auto& entry : fs::recursive_directory_iterator(backup)) {
    if (entry.is_regular_file() && !named.contains(fs::relative(entry.path(), backup).string()))
      unnamed.push_back(entry.path());
  }
  for (const fs::path& file : unnamed) fs::remove(file);
  write_whole(backup / manifest_name, text);
  write_whole(backup / manifest_sum_name, fmt::format("{}  {}\n", to_hex(sha256(text)), manifest_name));
}

Manifest read_manifest(const fs::path& backup) {
  const std::string text = text_of(backup / manifest_name);
  const std::string sum = text_of(backup / manifest_sum_name);
  if (sum != fmt::format("{}  {}\n", to_hex(sha256(text)), manifest_name))
    throw BackupFailed(fmt::format("{} is not as it was written", (backup / manifest_name).string()));
  try {
    const json::value value = json::parse(text);
    const json::object& in = value.as_object();
    if (const auto format = in.at("format").to_number<int>(); format != manifest_format) {
      throw BackupFailed(
          fmt::format("expected a backup of format {}, but {} has format {}: it was made by a "
                      "newer Geleit",
                      manifest_format, backup.string(), format));
    }
    Manifest out;
    out.program = json::value_to<std::string>(in.at("program"));
    out.made = parse_instant(json::value_to<std::string>(in.at("made"))).value();
    out.contents.log = parse_uuid(json::value_to<std::string>(in.at("log"))).value();
    out.contents.ends = positions_of(in.at("ends"));
    out.contents.tables = positions_of(in.at("tables"));
    out.contents.events = in.at("events").to_number<std::uint64_t>();
    for (const json::value& one : in.at("files").as_array()) {
      const json::object& file = one.as_object();
      BackupFile& made = out.files.emplace_back();
      made.path = json::value_to<std::string>(file.at("path"));
      made.digest.octets = file.at("octets").to_number<std::uint64_t>();
      made.digest.sha256 = parse_hash(json::value_to<std::string>(file.at("sha256"))).value();
      if (!is_within(made.path)) throw BackupFailed(fmt::format("{} leads out of the backup", made.path));
    }
    return out;
  } catch (const BackupFailed&) { throw; } catch (const std::exception& failure) {
    throw BackupFailed(
        fmt::format("{} is no manifest of a backup: {}", (backup / manifest_name).string(), failure.what()));
  }
}

void copy_checked(const fs::path& backup, const Manifest& manifest, const fs::path& to, bool with_tables) {
  std::set<fs::path> filled{to};
  for (const BackupFile& file : manifest.files) {
    const bool of_tables = is_of_tables(file);
    if (of_tables && !with_tables) continue;
    const fs::path from = backup / file.path;
    const char* const way_out = of_tables
                                    ? "take another backup, or leave the tables out (--without-tables): "
                                      "geleit serve makes them anew from the log"
                                    : "take another backup";
    if (!fs::exists(from)) throw BackupFailed(fmt::format("{} is missing; {}", from.string(), way_out));
    const fs::path folder = (to / file.path).parent_path();
    fs::create_directories(folder);
    filled.insert(folder);
    if (copy_durably(from, to / file.path) != file.digest) {
      throw BackupFailed(fmt::format("{} is damaged: it is not the file that the manifest names; {}",
                                     from.string(), way_out));
    }
  }
  for (const fs::path& folder : filled) sync_directory(folder);
}

}  // namespace geleit
