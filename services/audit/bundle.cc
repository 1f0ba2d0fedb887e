#include "services/audit/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <set>
#include <system_error>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "schema/embedded.h"
#include "services/audit/bundle_messages.h"
#include "services/audit/bundle_opening.h"
#include "services/audit/bundle_proofs.h"
#include "services/audit/bundle_tables.h"
#include "services/audit/zip_file.h"
#include "services/base64.h"
#include "services/cloud_event.h"
#include "services/durable_file.h"
#include "services/http/json_text.h"

namespace geleit {

std::span<const EmbeddedFile> bundle_readmes();

namespace {

namespace fs = std::filesystem;

constexpr std::size_t flush_octets = 1 << 20;
constexpr std::size_t records_between_looks = 1024;

/// A file of the bundle while it is written. Throws std::system_error.
class FileWriter {
 public:
  explicit FileWriter(const fs::path& file) : file_(file) {
    fs::create_directories(file.parent_path());
    out_.open(file, std::ios::binary);
    check();
  }
  /// What is appended here is written from time to time.
  std::string& text() { return text_; }
  void write_some() {
    if (text_.size() >= flush_octets) write();
  }
  void finish() {
    write();
    out_.close();
    check();
  }

 private:
  void write() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    check();
    text_.clear();
  }
  void check() const {
    if (!out_) throw std::system_error(errno, std::generic_category(), file_.string());
  }

  fs::path file_;
  std::ofstream out_;
  std::string text_;
};

void write_file(const fs::path& file, std::string_view text) {
  FileWriter out(file);
  out.text() = text;
  out.finish();
}

SqlValue text_or_null(std::string text) { return text.empty() ? SqlValue() : SqlValue(std::move(text)); }
SqlValue hash_or_null(const Hash& hash) { return hash.is_zero() ? SqlValue() : SqlValue(to_hex(hash)); }

std::string joined(const std::vector<Rule>& rules) {
  std::string out;
  for (const Rule rule : rules) out.append(out.empty() ? "" : ",").append(word(rule));
  return out;
}

std::string happened_text(const Event& event) {
  return event.happened.at ? to_string(*event.happened.at) : to_string(event.happened.date);
}

const std::array event_columns{
    SqlColumn{"partition", SqlType::integer}, SqlColumn{"offset", SqlType::integer},
    SqlColumn{"case", SqlType::text},         SqlColumn{"version", SqlType::integer},
    SqlColumn{"event", SqlType::text},        SqlColumn{"id", SqlType::text},
    SqlColumn{"provider", SqlType::text},     SqlColumn{"by", SqlType::text},
    SqlColumn{"happened", SqlType::text},     SqlColumn{"decided", SqlType::text},
    SqlColumn{"recorded", SqlType::text},     SqlColumn{"in_range", SqlType::integer},
    SqlColumn{"stale", SqlType::integer},     SqlColumn{"hash", SqlType::text},
    SqlColumn{"previous", SqlType::text},     SqlColumn{"rule_set", SqlType::text},
    SqlColumn{"findings", SqlType::text},     SqlColumn{"reasons", SqlType::text},
    SqlColumn{"data", SqlType::text},
};

std::vector<SqlValue> event_values(const ProviderRecords::Kept& kept, const Event& event, bool in_range,
                                   const OpenSealed& open) {
  const ShowSealed as_base64 = [](std::string& to, Sealed sealed) {
    to.append("\"").append(to_base64(sealed.bytes)).append("\"");
  };
  std::string reasons, data;
  if (!event.deviations.empty()) append_reasons(reasons, event.deviations, open, as_base64);
  append_event_data(data, event, open, as_base64);
  return {std::int64_t{kept.at.partition.value},
          static_cast<std::int64_t>(kept.at.offset.value),
          to_string(event.stream),
          std::int64_t{event.version.value},
          std::string(name_of(event.payload)),
          to_string(event.id),
          text_or_null(std::string(event.provider)),
          text_or_null(std::string(event.by)),
          happened_text(event),
          to_string(event.decided),
          to_string(kept.recorded),
          std::int64_t{in_range ? 1 : 0},
          std::int64_t{kept.standing == Standing::stale ? 1 : 0},
          to_hex(stated_hash(kept.bytes)),
          hash_or_null(event.previous),
          hash_or_null(event.judged_by.shipped),
          text_or_null(joined(event.findings)),
          text_or_null(std::move(reasons)),
          std::move(data)};
}

class BundleWriter {
 public:
  BundleWriter(const BundleSources& sources, const BundleAsk& ask, const fs::path& scratch,
               const std::function<void(std::string_view)>& told, const std::stop_token& stop)
      : sources_(sources),
        records_(sources.records),
        ask_(ask),
        range_(range_of(ask)),
        files_(scratch / "files"),
        tables_dir_(scratch / "tables"),
        told_(told),
        stop_(stop),
        opening_(sources.keys) {
    contents_.opened = sources.keys != nullptr;
    contents_.final = records_.final();
    contents_.foreign = records_.foreign();
    contents_.cases = records_.cases_in_range().size();
    // A range that is over shows its last day; one that is not shows today, by the clock or, where the log's
    // own time is ahead of it, by the last record.
    contents_.tables_on = std::min(ask.to, std::max(ask.today, berlin_date(records_.latest())));
  }

  BundleContents write(const fs::path& to) {
    fs::create_directories(files_);
    SqliteFile sqlite(files_ / "geleit.sqlite", bundle_application_id);
    write_events(sqlite);
    write_rules();
    write_proofs();
    write_tables(sqlite);
    sqlite.finish();
    contents_.keys_gone = opening_.gone().size();
    write_readmes();
    write_manifest();
    told_("ZIP");
    look();
    pack_zip(files_, to, stop_);
    return contents_;
  }

 private:
  void look() const {
    if (stop_.stop_requested()) throw RebuildStopped("the bundle was not finished: asked to stop");
  }

  void write_events(SqliteFile& sqlite) {
    told_("events.ndjson");
    FileWriter out(files_ / "events.ndjson");
    sqlite.create("events", event_columns);
    Event event;
    std::size_t seen = 0;
    for (const ProviderRecords::Kept& kept : records_.records()) {
      if (++seen % records_between_looks == 0) look();
      decode(kept.bytes, event);
      if (!kept.settings) {
        // The tables are of all cases, so the rule sets are, too.
        for (const Hash& hash :
             {event.judged_by.shipped, event.judged_by.installation, event.judged_by.provider}) {
          if (!hash.is_zero()) judged_by_.insert(hash);
        }
        if (!records_.cases_in_range().contains(kept.stream)) continue;
      }
      const bool in_range = range_.holds(kept.recorded);
      const OpenSealed open = opening_.of(event);
      out.text().append(bundle_line(kept, event, records_.info(), in_range, open)).push_back('\n');
      out.write_some();
      sqlite.insert(event_values(kept, event, in_range, open));
      if (kept.settings) {
        ++contents_.settings;
      } else {
        ++contents_.events;
        if (!in_range) ++contents_.before_range;
      }
      if (kept.standing == Standing::stale) ++contents_.stale;
    }
    out.finish();
    constexpr std::array<std::string_view, 2> by_case{"case", "version"};
    sqlite.index("events", by_case);
    for (const std::string_view column : {"event", "recorded", "happened"})
      sqlite.index("events", std::array{column});
  }

  void write_rules() {
    told_("rules/");
    Event event;
    for (const ProviderRecords::Kept& kept : records_.records()) {
      if (!kept.settings || kept.standing != Standing::accepted) continue;
      decode(kept.bytes, event);
      const auto& settings = std::get<SettingsAdopted>(event.payload);
      if (!judged_by_.contains(settings.hash) || rules_.contains(settings.hash)) continue;
      const std::string file = fmt::format("rules/{}.{}", to_hex(settings.hash),
                                           settings.scope == SettingsScope::shipped ? "toml" : "json");
      write_file(files_ / file, settings.content);
      rules_[settings.hash] = {file, settings.scope, settings.from};
    }
  }

  void write_proofs() {
    told_("proofs/");
    heads_ = covering_heads(sources_.heads, records_.info().id, records_.positions());
    // Of partitions that the bundle's cases lie in.
    std::map<CaseId, Offset> ends;
    for (const ProviderRecords::Kept& kept : records_.records()) {
      if (records_.cases_in_range().contains(kept.stream)) ends[kept.stream] = next(kept.at.offset);
    }
    std::set<Partition> lie_in;
    for (const auto& [id, end] : ends) {
      const Partition partition = partition_of(id, records_.info().partitions);
      lie_in.insert(partition);
      const auto head = heads_.find(partition);
      if (head == heads_.end() || head->second.size < end.value) ++contents_.beyond_heads;
    }
    std::erase_if(heads_, [&](const auto& head) { return !lie_in.contains(head.first); });
    visit_proofs(sources_.log, records_, heads_, [&](const Proof& proof) {
      look();
      write_file(files_ / fmt::format("proofs/{}.json", to_string(proof.id)), to_json(proof));
      ++contents_.proofs;
    });
    std::string lines;
    for (const auto& [partition, head] : heads_) lines += to_json(head) + "\n";
    write_file(files_ / "heads.ndjson", lines);
  }

  void write_tables(SqliteFile& sqlite) {
    told_("tables/");
    const ReplayedTables tables(records_, tables_dir_, {}, stop_);
    contents_.parked = tables.parked();
    const Reading reading = tables.reading();
    const Asked asked{contents_.tables_on, ask_.language, &tables.rules(), nullptr, nullptr};
    std::vector<SqlValue> values;
    for (const BundleTable& table : bundle_tables()) {
      look();
      FileWriter out(files_ / fmt::format("tables/{}.csv", table.name));
      append_csv_header(out.text(), table.columns);
      const std::string name = sql_name(table.name);
      const std::vector<SqlColumn> columns = sql_columns(table);
      sqlite.create(name, columns);
      visit_rows(table, reading, ask_.provider, asked, opening_, [&](const AnyRow& row, const Asked& as) {
        append_row_csv(out.text(), table.columns, row, as);
        out.write_some();
        sql_values(table, row, as, values);
        sqlite.insert(values);
        ++contents_.rows;
      });
      out.finish();
      if (table.list == nullptr) continue;
      for (const SortColumn& sort : table.list->sorts) sqlite.index(name, std::array{sort.name});
    }
  }

  void write_readmes() {
    for (const EmbeddedFile& readme : bundle_readmes()) {
      const Language language =
          readme.name.find(".de.") != std::string_view::npos ? Language::de : Language::en;
      std::string text =
          say(language, message::bundle_title, ask_.provider, to_string(ask_.from), to_string(ask_.to)) +
          "\n\n";
      const auto tell = [&](const std::string& sentence) { text += "- " + sentence + "\n"; };
      if (contents_.cases == 0) tell(say(language, message::bundle_is_empty));
      tell(say(language, message::bundle_holds, contents_.events, contents_.cases));
      tell(say(language, message::bundle_tables_on, to_string(contents_.tables_on)));
      if (contents_.opened) {
        tell(say(language, message::bundle_is_opened));
      } else {
        tell(say(language, message::bundle_is_sealed));
      }
      if (!contents_.final) tell(say(language, message::bundle_not_final, to_string(ask_.to)));
      if (!ask_.purpose.empty()) tell(say(language, message::bundle_purpose, ask_.purpose));
      if (contents_.keys_gone > 0) tell(say(language, message::bundle_keys_gone, contents_.keys_gone));
      if (heads_.empty()) {
        tell(say(language, message::bundle_without_heads));
      } else if (contents_.beyond_heads > 0) {
        tell(say(language, message::bundle_beyond_heads, contents_.beyond_heads));
      }
      if (contents_.parked > 0) tell(say(language, message::bundle_parked, contents_.parked));
      if (contents_.foreign > 0) tell(say(language, message::bundle_foreign, contents_.foreign));
      text += "\n";
      text += readme.bytes;
      write_file(files_ / (language == Language::de ? "README.de.md" : "README.en.md"), text);
    }
  }

  /// Every file, by the order of the names.
  [[nodiscard]] std::map<std::string, FileDigest> digests() const {
    std::map<std::string, FileDigest> files;
    for (const auto& entry : fs::recursive_directory_iterator(files_)) {
      if (entry.is_regular_file())
        files[entry.path().lexically_relative(files_).generic_string()] = digest_of(entry.path());
    }
    return files;
  }

  void write_manifest() {
    told_("manifest.json");
    const auto files = digests();
    std::string out;
    http::JsonWriter json(out);
    json.object();
    const auto member = [&](std::string_view name) -> http::JsonWriter& {
      out += "\n ";
      return json.member(name);
    };
    member("format").string(bundle_format);
    member("program").string(ask_.program);
    member("provider").string(ask_.provider);
    member("from").string(to_string(ask_.from));
    member("to").string(to_string(ask_.to));
    member("recorded_from").string(to_string(range_.from));
    member("recorded_before").string(to_string(range_.until));
    if (!ask_.purpose.empty()) member("purpose").string(ask_.purpose);
    member("personal_data").string(contents_.opened ? "opened" : "sealed");
    member("language").string(ask_.language == Language::de ? "de" : "en");
    member("tables_on").string(to_string(contents_.tables_on));
    member("log").string(to_string(records_.info().id));
    member("partitions").number(records_.info().partitions);
    member("positions").object();
    for (std::size_t p = 0; p < records_.positions().size(); ++p) {
      const std::uint64_t end = records_.positions()[p].value;
      if (end > 0) json.member(std::to_string(p)).number(end - 1);
    }
    json.end();
    member("final").boolean(contents_.final);
    member("cases").number(contents_.cases);
    member("events").number(contents_.events);
    member("before_range").number(contents_.before_range);
    member("settings").number(contents_.settings);
    member("stale").number(contents_.stale);
    member("foreign").number(contents_.foreign);
    member("keys_gone").number(contents_.keys_gone);
    member("parked").number(contents_.parked);
    member("proofs").number(contents_.proofs);
    member("beyond_heads").number(contents_.beyond_heads);
    std::set<std::string> keys;
    for (const auto& [partition, head] : heads_) keys.insert(to_hex(head.key));
    member("public_keys").array();
    for (const std::string& key : keys) json.string(key);
    json.end();
    member("rules").array();
    for (const auto& [hash, rules] : rules_) {
      out += "\n  ";
      json.object().member("file").string(rules.file).member("scope").string(word(rules.scope));
      json.member("from").string(to_string(rules.from)).member("hash").string(to_hex(hash)).end();
    }
    json.end();
    member("files").array();
    for (const auto& [name, digest] : files) {
      out += "\n  ";
      json.object().member("name").string(name).member("bytes").number(digest.octets);
      json.member("sha256").string(to_hex(digest.sha256)).end();
    }
    json.end().end();
    out.push_back('\n');
    write_file(files_ / "manifest.json", out);

    std::string sums;
    for (const auto& [name, digest] : files) append_sum(sums, digest.sha256, name);
    append_sum(sums, sha256(out), "manifest.json");
    write_file(files_ / "SHA256SUMS", sums);
  }

  struct Rules {
    std::string file;
    SettingsScope scope{};
    CivilDate from;
  };

  const BundleSources& sources_;
  const ProviderRecords& records_;
  const BundleAsk& ask_;
  RecordedRange range_;
  fs::path files_, tables_dir_;
  const std::function<void(std::string_view)>& told_;
  const std::stop_token& stop_;
  BundleOpening opening_;
  BundleContents contents_;
  std::set<Hash> judged_by_;
  std::map<Hash, Rules> rules_;
  std::map<Partition, SignedHead> heads_;
};

}  // namespace

RecordedRange range_of(const BundleAsk& ask) {
  return {berlin_midnight(ask.from), berlin_midnight(ask.to + 1)};
}

BundleContents write_bundle(const BundleSources& sources, const BundleAsk& ask,
                            const std::filesystem::path& scratch, const std::filesystem::path& to,
                            const std::function<void(std::string_view)>& told, const std::stop_token& stop) {
  return BundleWriter(sources, ask, scratch, told, stop).write(to);
}

std::string bundle_line(const ProviderRecords::Kept& kept, const Event& event, const LogInfo& log,
                        bool in_range, const OpenSealed& open) {
  const StoredRecord record{kept.at.partition, kept.at.offset, kept.recorded, kept.bytes};
  std::string line;
  append_cloud_event(line, "urn:uuid:" + to_string(log.id),
                     {record, event, stated_hash(kept.bytes), kept.standing, log.partitions}, open);
  line.pop_back();
  return line.append(",\"inrange\":").append(in_range ? "true}" : "false}");
}

void append_sum(std::string& out, const Hash& hash, std::string_view file) {
  out.append(to_hex(hash)).append("  ").append(file).append("\n");
}

}  // namespace geleit
