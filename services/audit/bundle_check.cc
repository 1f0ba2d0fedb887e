#include "services/audit/bundle_check.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/audit/bundle.h"
#include "services/audit/bundle_messages.h"
#include "services/audit/bundle_proofs.h"
#include "services/audit/bundle_tables.h"
#include "services/audit/zip_file.h"
#include "services/base64.h"
#include "services/durable_file.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::string_view manifest_name = "manifest.json", sums_name = "SHA256SUMS";
constexpr std::uint64_t manifest_octets_max = 64 << 20;

struct BundleManifest {
  std::string text, provider;
  Uuid log;
  std::uint16_t partitions = 0;
  RecordedRange range;
  CivilDate tables_on;
  bool sealed = false;
  Language language = Language::de;
  std::uint64_t events = 0, settings = 0;
  std::set<std::string> keys;  ///< whose signatures count
  std::map<std::string, FileDigest, std::less<>> files;
};

template <class T>
T given(std::optional<T> value) {
  if (!value) throw std::invalid_argument("a member that cannot be read");
  return *value;
}

/// Throws std::exception of any kind.
BundleManifest parse_manifest(std::string text) {
  const json::value parsed = json::parse(text).as_object();
  const json::object& object = parsed.as_object();
  const auto said = [&](std::string_view name) { return std::string_view(object.at(name).as_string()); };
  if (said("format") != bundle_format) throw std::invalid_argument("another format");
  BundleManifest manifest;
  manifest.text = std::move(text);
  manifest.provider = said("provider");
  manifest.log = given(parse_uuid(said("log")));
  manifest.partitions = object.at("partitions").to_number<std::uint16_t>();
  if (manifest.partitions == 0 || manifest.partitions > partitions_max)
    throw std::invalid_argument("partitions out of bounds");
  manifest.range = {given(parse_instant(said("recorded_from"))),
                    given(parse_instant(said("recorded_before")))};
  manifest.tables_on = given(parse_date(said("tables_on")));
  manifest.sealed = said("personal_data") == "sealed";
  manifest.language = said("language") == "en" ? Language::en : Language::de;
  manifest.events = object.at("events").to_number<std::uint64_t>();
  manifest.settings = object.at("settings").to_number<std::uint64_t>();
  for (const json::value& key : object.at("public_keys").as_array())
    manifest.keys.insert(std::string(key.as_string()));
  for (const json::value& listed : object.at("files").as_array()) {
    const json::object& file = listed.as_object();
    manifest.files[std::string(file.at("name").as_string())] = {
        file.at("bytes").to_number<std::uint64_t>(),
        given(parse_hash(std::string_view(file.at("sha256").as_string())))};
  }
  return manifest;
}

/// Whether a payload as it was told is what the record holds; null stands for what is sealed in the record
/// and may have been opened.
bool says_the_same(const json::value& record, const json::value& told) {
  if (record.is_null()) return true;
  if (record.is_object()) {
    if (!told.is_object() || told.get_object().size() != record.get_object().size()) return false;
    return std::all_of(record.get_object().begin(), record.get_object().end(), [&](const auto& member) {
      const json::value* other = told.get_object().if_contains(member.key());
      return other != nullptr && says_the_same(member.value(), *other);
    });
  }
  if (record.is_array()) {
    if (!told.is_array() || told.get_array().size() != record.get_array().size()) return false;
    return std::equal(record.get_array().begin(), record.get_array().end(), told.get_array().begin(),
                      says_the_same);
  }
  return record == told;
}

/// The fields of the CSV lines that append_csv_header and append_row_csv write; none where the text is no
/// such CSV.
std::optional<std::vector<std::vector<std::string>>> parse_csv(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  std::vector<std::vector<std::string>> lines;
  for (std::size_t at = text.starts_with(mark) ? mark.size() : 0; at < text.size();) {
    std::vector<std::string>& fields = lines.emplace_back(1);
    for (bool quoted = false;; ++at) {
      if (at == text.size()) return std::nullopt;
      const char c = text[at];
      if (quoted) {
        if (c != '"') {
          fields.back().push_back(c);
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          fields.back().push_back(text[++at]);
        } else {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == ';') {
        fields.emplace_back();
      } else if (text.substr(at).starts_with("\r\n")) {
        at += 2;
        break;
      } else {
        fields.back().push_back(c);
      }
    }
  }
  return lines;
}

/// What a row says of a person stands in columns that nothing but the keys can fill.
bool is_personal(std::string_view column) {
  return column.starts_with("person") || column == "acknowledged.note" || column == "snoozed.reason";
}

class Checker {
 public:
  Checker(const std::filesystem::path& bundle, const std::filesystem::path& scratch, Language language)
      : bundle_(bundle), scratch_(scratch), language_(language) {}

  BundleCheck check() {
    check_.sha256 = digest_of(bundle_).sha256;
    try {
      zip_.emplace(bundle_);
    } catch (const ZipFailed& failure) {
      find({}, say(language_, message::zip_is_damaged, std::string_view(failure.what())));
      return std::move(check_);
    }
    if (!read_manifest()) return std::move(check_);
    check_names();
    for (const auto& [name, digest] : manifest_.files) check_file(name, digest);
    check_events();
    check_rules();
    check_proofs();
    if (chains_hold_) check_tables();
    return std::move(check_);
  }

 private:
  void find(std::string_view file, std::string what) {
    check_.findings.push_back({std::string(file), std::move(what)});
  }
  void find(std::string_view file, const Message<>& what) { find(file, say(language_, what)); }

  /// Its content, as far as it can be read; one that is longer than it should be is no content.
  std::optional<std::string> content(std::string_view name, std::uint64_t octets_max) const {
    std::string text;
    try {
      zip_->read(std::string(name), [&](std::string_view piece) {
        text.append(piece);
        if (text.size() > octets_max) throw ZipFailed("longer than it was");
      });
    } catch (const ZipFailed&) { return std::nullopt; }
    return text;
  }

  bool read_manifest() {
    auto text = content(manifest_name, manifest_octets_max);
    try {
      if (text) {
        manifest_ = parse_manifest(std::move(*text));
        return true;
      }
      find(manifest_name, message::file_is_missing);
    } catch (const std::exception&) { find(manifest_name, message::no_manifest); }
    return false;
  }

  void check_names() {
    std::set<std::string_view> seen;
    for (const std::string& name : zip_->names()) {
      if (!seen.insert(name).second) find(name, message::is_twice);
      if (name != manifest_name && name != sums_name && !manifest_.files.contains(name))
        find(name, message::is_unlisted);
    }
    std::string sums;
    for (const auto& [name, digest] : manifest_.files) append_sum(sums, digest.sha256, name);
    const std::size_t of_files = sums.size();
    append_sum(sums, sha256(manifest_.text), manifest_name);
    const auto told = content(sums_name, sums.size());
    if (told != sums) find(sums_name, message::other_sums);
    // Either may be the altered one.
    if (!told || !told->ends_with(std::string_view(sums).substr(of_files)))
      find(manifest_name, message::other_than_sums);
    check_.files = seen.size();
  }

  void check_file(const std::string& name, const FileDigest& digest) {
    if (std::find(zip_->names().begin(), zip_->names().end(), name) == zip_->names().end())
      return find(name, message::file_is_missing);
    Sha256 hash;
    std::uint64_t octets = 0;
    try {
      zip_->read(name, [&](std::string_view piece) {
        hash.update(piece);
        octets += piece.size();
        if (octets > digest.octets) throw ZipFailed("longer than it was");
      });
      if (FileDigest{octets, hash.finish()} == digest) return;
    } catch (const ZipFailed&) {}
    find(name, message::file_was_altered);
  }

  // -------------------------------------------------------------- events

  static constexpr std::string_view events_name = "events.ndjson";

  void check_events() {
    std::string rest;
    std::uint64_t line = 0;
    const auto take = [&](std::string_view text) {
      if (const auto wrong = check_line(text, ++line))
        find(events_name, say(language_, message::bad_line, line, *wrong));
    };
    try {
      zip_->read(std::string(events_name), [&](std::string_view piece) {
        rest.append(piece);
        std::size_t begin = 0;
        for (std::size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
          take(std::string_view(rest).substr(begin, end - begin));
        rest.erase(0, begin);
      });
      if (!rest.empty()) take(rest);
    } catch (const ZipFailed&) {}  // the file's own finding says so
    check_.events = events_;
    check_.cases = cases_.size();
    if (events_ != manifest_.events || settings_ != manifest_.settings) {
      find(events_name,
           say(language_, message::other_count, manifest_.events + manifest_.settings, events_ + settings_));
      chains_hold_ = false;
    }
  }

  /// What is wrong with it.
  std::optional<std::string> check_line(std::string_view text, std::uint64_t line) {
    json::object parsed;
    ProviderRecords::Kept kept;
    Event event;
    try {
      parsed = json::parse(text).as_object();
      const auto said = [&](std::string_view name) { return std::string_view(parsed.at(name).as_string()); };
      kept.bytes = given(from_base64(said("record")));
      decode(kept.bytes, event);
      kept.at.partition = Partition{parsed.at("partition").to_number<std::uint16_t>()};
      // Beyond 32 bits it is a text (cloud_event.cc).
      const json::value& offset = parsed.at("offset");
      kept.at.offset = Offset{offset.is_string() ? std::stoull(std::string(said("offset")))
                                                 : offset.to_number<std::uint64_t>()};
      kept.recorded = given(parse_instant(said("time")));
    } catch (const std::exception&) {
      chains_hold_ = false;
      return say(language_, message::no_event_line);
    }
    const std::string id = to_string(event.stream);
    const auto wrong = [&](std::string what) {
      chains_hold_ = false;
      return what;
    };
    kept.stream = event.stream;
    kept.settings = std::holds_alternative<SettingsAdopted>(event.payload);
    if (kept.settings) {
      ++settings_;
    } else {
      ++events_;
      cases_.insert(event.stream);
    }
    if (recompute_hash(kept.bytes) != stated_hash(kept.bytes))
      return wrong(say(language_, message::record_altered, id));
    if ((line > 1 && kept.at <= last_) || kept.at.partition.value >= manifest_.partitions ||
        partition_of(event.stream, manifest_.partitions) != kept.at.partition)
      return wrong(say(language_, message::out_of_order, id));
    last_ = kept.at;
    Head& head = heads_[event.stream];
    kept.standing = standing(head, event.version, event.previous);
    const json::value* stale = parsed.if_contains("stale");
    const bool told_stale = stale != nullptr && *stale == json::value(true);
    if (kept.standing == Standing::stale && !told_stale) {
      // Told once: all that follows hangs in the air with it.
      if (!broken_.insert(event.stream).second) return std::nullopt;
      return wrong(say(language_, message::chain_broken, id, head.version.value));
    }
    if (kept.standing == Standing::accepted) head = {event.version, stated_hash(kept.bytes)};
    if (!kept.settings) {
      for (const Hash& hash :
           {event.judged_by.shipped, event.judged_by.installation, event.judged_by.provider}) {
        if (!hash.is_zero()) judged_by_.emplace(hash, event.stream);
      }
    }
    if (const auto member = contradiction(kept, event, parsed))
      return wrong(say(language_, message::line_contradicts, id, *member));
    records_.push_back(std::move(kept));
    return std::nullopt;
  }

  /// The member of the line that does not say what the record says.
  [[nodiscard]] std::optional<std::string> contradiction(const ProviderRecords::Kept& kept,
                                                         const Event& event, const json::object& told) const {
    const json::value record =
        json::parse(bundle_line(kept, event, log_info(), manifest_.range.holds(kept.recorded), {}));
    for (const auto& member : record.get_object()) {
      const json::value* other = told.if_contains(member.key());
      if (other == nullptr) return std::string(member.key());
      if (*other == member.value()) continue;
      if (!manifest_.sealed && member.key() == "reasons") continue;
      if (!manifest_.sealed && member.key() == "data") {
        std::string data;
        append_event_data(data, event, {});
        if (says_the_same(json::parse(data), *other)) continue;
      }
      return std::string(member.key());
    }
    for (const auto& member : told) {
      if (!record.get_object().contains(member.key())) return std::string(member.key());
    }
    return std::nullopt;
  }

  // -------------------------------------------------------------- rules, tables

  void check_rules() {
    std::set<std::string> there;
    for (const auto& [name, digest] : manifest_.files) {
      if (!name.starts_with("rules/")) continue;
      const std::string hash = name.substr(6, name.rfind('.') - 6);
      there.insert(hash);
      if (to_hex(digest.sha256) != hash) find(name, message::not_its_name);
    }
    for (const auto& [hash, stream] : judged_by_) {
      if (!there.contains(to_hex(hash)))
        find("rules/", say(language_, message::no_rules_of, to_string(stream), to_hex(hash)));
    }
  }

  // -------------------------------------------------------------- heads, proofs

  void check_proofs() {
    static constexpr std::string_view heads_name = "heads.ndjson", folder = "proofs/", ending = ".json";
    std::map<Partition, SignedHead> heads;
    std::uint64_t line = 0;
    const std::string text = content(heads_name, octets_of(heads_name)).value_or("");
    for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      ++line;
      try {
        const SignedHead head = parse_head(std::string_view(text).substr(begin, end - begin));
        if (head.log != manifest_.log || !signature_holds(head) || !manifest_.keys.contains(to_hex(head.key)))
          throw BadHead(say(language_, message::no_such_head));
        heads[head.partition] = head;
      } catch (const BadHead& wrong) {
        find(heads_name, say(language_, message::bad_line, line, std::string_view(wrong.what())));
      }
    }
    std::map<CaseId, std::vector<const ProviderRecords::Kept*>> covered;
    for (const ProviderRecords::Kept& kept : records_) {
      const auto head = heads.find(kept.at.partition);
      if (!kept.settings && head != heads.end() && kept.at.offset.value < head->second.size)
        covered[kept.stream].push_back(&kept);
    }
    for (const auto& [id, records] : covered) {
      const std::string name = std::string(folder) + to_string(id) + std::string(ending);
      if (!manifest_.files.contains(name)) find(name, message::file_is_missing);
    }
    for (const auto& [name, digest] : manifest_.files) {
      if (!name.starts_with(folder) || !name.ends_with(ending)) continue;
      const auto proof_text = content(name, digest.octets);
      try {
        const Proof proof = parse_proof(proof_text.value_or(""));
        static_cast<void>(check_proof(proof));
        const auto head = heads.find(proof.head.partition);
        if (head == heads.end() || head->second != proof.head ||
            name.substr(folder.size()) != to_string(proof.id) + std::string(ending))
          throw ProofRefused(say(language_, message::no_such_head));
        // Where lines are missing, they have told so.
        if (chains_hold_ && !proves(proof, covered[proof.id]))
          throw ProofRefused(say(language_, message::other_events));
      } catch (const ProofRefused& wrong) { find(name, wrong.what()); }
    }
  }

  static bool proves(const Proof& proof, const std::vector<const ProviderRecords::Kept*>& records) {
    return std::equal(proof.events.begin(), proof.events.end(), records.begin(), records.end(),
                      [](const ProvenEvent& proven, const ProviderRecords::Kept* kept) {
                        return proven.offset == kept->at.offset && proven.recorded == kept->recorded &&
                               proven.record == kept->bytes;
                      });
  }

  [[nodiscard]] LogInfo log_info() const {
    LogInfo info;
    info.id = manifest_.log;
    info.partitions = manifest_.partitions;
    return info;
  }

  [[nodiscard]] std::uint64_t octets_of(std::string_view name) const {
    const auto listed = manifest_.files.find(name);
    return listed == manifest_.files.end() ? 0 : listed->second.octets;
  }

  /// The records are what they were: what follows from them must be what the tables say of their cases.
  void check_tables() {
    const ProviderRecords records(log_info(), std::move(records_));
    const ReplayedTables tables(records, scratch_, {}, {});
    const Reading reading = tables.reading();
    const Asked asked{manifest_.tables_on, manifest_.language, &tables.rules(), nullptr, nullptr};
    BundleOpening sealed(nullptr);
    bool every_case = true;
    for (const BundleTable& table : bundle_tables()) {
      // Figures sum over all cases.
      if (table.list == nullptr && !every_case) continue;
      std::string computed;
      append_csv_header(computed, table.columns);
      visit_rows(table, reading, manifest_.provider, asked, sealed, [&](const AnyRow& row, const Asked& as) {
        append_row_csv(computed, table.columns, row, as);
      });
      const std::string name = "tables/" + std::string(table.name) + ".csv";
      const auto listed = manifest_.files.find(name);
      if (listed == manifest_.files.end()) {
        find(name, message::file_is_missing);
        continue;
      }
      const auto text = content(name, listed->second.octets);
      const auto told = text ? parse_csv(*text) : std::nullopt;
      const auto line =
          told ? differing_line(*parse_csv(computed), *told, every_case) : std::optional<std::size_t>(1);
      if (line) find(name, say(language_, message::rows_differ, std::uint64_t{*line}));
    }
  }

  /// The first line, from 1, in which the rows of the bundle's cases differ. `every_case` becomes false where
  /// there are rows of others.
  std::optional<std::size_t> differing_line(const std::vector<std::vector<std::string>>& computed,
                                            const std::vector<std::vector<std::string>>& told,
                                            bool& every_case) const {
    if (told.empty() || told.front() != computed.front()) return 1;
    const std::vector<std::string>& names = computed.front();
    const auto column = std::find(names.begin(), names.end(), "case") - names.begin();
    std::size_t at = 1;
    for (std::size_t i = 1; i < told.size(); ++i) {
      if (told[i].size() != names.size()) return i + 1;
      if (static_cast<std::size_t>(column) < names.size()) {
        const auto id = parse_uuid(told[i][static_cast<std::size_t>(column)]);
        if (!id) return i + 1;
        if (!cases_.contains(CaseId{*id})) {
          every_case = false;
          continue;
        }
      }
      if (at == computed.size()) return i + 1;
      for (std::size_t field = 0; field < names.size(); ++field) {
        const bool may_be_opened = !manifest_.sealed && is_personal(names[field]);
        if (!may_be_opened && told[i][field] != computed[at][field]) return i + 1;
      }
      ++at;
    }
    return at == computed.size() ? std::nullopt : std::optional(told.size() + 1);
  }

  const std::filesystem::path& bundle_;
  const std::filesystem::path& scratch_;
  Language language_;
  BundleCheck check_;
  std::optional<ZipReader> zip_;
  BundleManifest manifest_;
  std::vector<ProviderRecords::Kept> records_;
  std::map<CaseId, Head> heads_;
  std::set<CaseId> cases_, broken_;
  std::map<Hash, CaseId> judged_by_;
  Position last_;
  std::uint64_t events_ = 0, settings_ = 0;
  bool chains_hold_ = true;
};

}  // namespace

BundleCheck check_bundle(const std::filesystem::path& bundle, const std::filesystem::path& scratch,
                         Language language) {
  return Checker(bundle, scratch, language).check();
}

}  // namespace geleit
