#include "services/audit/verify_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <memory>
#include <thread>

#include "events/sha256.h"
#include "events/uuid.h"
#include "services/audit/public_key_option.h"
#include "services/audit/table_witness.h"
#include "services/audit/verify.h"
#include "services/backup.h"
#include "services/command_options.h"
#include "services/http/json_text.h"
#include "services/open_parts.h"
#include "services/progress_line.h"

namespace geleit {
namespace {

using message::Text;

/// As many partitions side by side as there are cores, within these.
constexpr unsigned verify_workers_min = 2, verify_workers_max = 8;
constexpr std::size_t verify_cases_shown_max = 20;
constexpr std::chrono::milliseconds verify_look_again{50};

// One sentence for each check: the place, then what more is known.
constexpr Message<Text, Text> found_hash{"{}: Der Satz hat nicht den Hash, den er nennt.{}",
                                         "{}: the record does not have the hash that it states.{}"};
constexpr Message<Text, Text> found_foreign{"{}: Der Satz ist kein Ereignis dieses Logs.{}",
                                            "{}: the record is no event of this log.{}"};
constexpr Message<Text, Text> found_time{"{}: früher aufgezeichnet als der Satz davor.{}",
                                         "{}: recorded before the record in front of it.{}"};
constexpr Message<Text, Text> found_order{"{}: Der Satz liegt nicht, wo er liegen muss.{}",
                                          "{}: the record does not lie where it must.{}"};
constexpr Message<Text, Text> found_gap{"{}: Sätze fehlen.{}", "{}: records are missing.{}"};
constexpr Message<Text, Text> found_unreadable{"{}: Sätze sind nicht lesbar.{}",
                                               "{}: records cannot be read.{}"};
constexpr Message<Text, Text> found_predecessor{
    "{}: baut auf einem Ereignis seines Falles auf, das im Log fehlt.{}",
    "{}: builds on an event of its case that the log does not hold.{}"};
constexpr Message<Text, Text> found_head_line{"{}: Zeile ist kein unterschriebener Kopf.{}",
                                              "{}: a line is no signed head.{}"};
constexpr Message<Text, Text> found_head_signature{
    "{}: Ein Kopf trägt nicht die Unterschrift seines Schlüssels.{}",
    "{}: a head does not have the signature of its key.{}"};
constexpr Message<Text, Text> found_head_key{
    "{}: Ein Kopf ist mit einem unbekannten Schlüssel unterschrieben.{}",
    "{}: a head is signed with a key that is not known.{}"};
constexpr Message<Text, Text> found_head_fork{
    "{}: Zwei Köpfe gleicher Größe widersprechen einander: Die Geschichte hat sich geteilt.{}",
    "{}: two heads of one size contradict each other: the history was forked.{}"};
constexpr Message<Text, Text> found_head_beyond{
    "{}: Ein unterschriebener Kopf nennt Sätze, die das Log nicht hält.{}",
    "{}: a signed head covers records that the log does not hold.{}"};
constexpr Message<Text, Text> found_head_root{
    "{}: Die Sätze sind nicht die unterschriebenen: Mindestens einer von diesen ist geändert.{}",
    "{}: the records are not those that were signed: at least one of these was changed.{}"};
constexpr Message<Text, Text> found_table{
    "{}: Die Tabellen kennen ein anderes letztes Ereignis des Falles.{}",
    "{}: the tables know another last event of the case.{}"};
constexpr Message<Text, Text> found_line{"{}: Eine Zeile des Exports ist nicht, was ihr Satz sagt.{}",
                                         "{}: a line of the export is not what its record says.{}"};
constexpr Message<Text, Text> found_files{"{}: Eine Datei ist nicht, wie sie geschrieben wurde.{}",
                                          "{}: a file is not as it was written.{}"};

constexpr Message<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t> read_records{
    "{} Sätze gelesen: {} Ereignisse, {} überholte, {} fremde.",
    "{} records read: {} events, {} stale, {} foreign."};
constexpr Message<std::uint64_t, std::uint64_t> heads_match{
    "{} unterschriebene Köpfe stimmen; sie decken {} Sätze.",
    "{} signed heads match; they cover {} records."};
constexpr Message<> no_heads{
    "Ohne unterschriebene Köpfe bliebe eine Geschichte unbemerkt, die mit richtigen Hashes neu geschrieben "
    "wurde.",
    "Without signed heads, a history rewritten with the right hashes would go unnoticed."};
constexpr Message<> no_key{
    "Der Schlüssel der Köpfe ist nicht bekannt (--key): geprüft ist nur, dass sie zum Log und zueinander "
    "passen.",
    "The key of the heads is not known (--key): it was only checked that they fit the log and each other."};
constexpr Message<Text> no_witness{"Die Tabellen wurden nicht verglichen: {}",
                                   "The tables were not compared: {}"};
constexpr Message<> nothing_found{"Nichts gefunden: Das Log ist, wie es aufgezeichnet wurde.",
                                  "Nothing found: the log is as it was recorded."};
constexpr Message<std::uint64_t, Text> first_found{"{} Befunde, der erste bei {}.",
                                                   "{} findings, the first at {}."};
constexpr Message<std::uint64_t, Text> touched{"{} betroffene Fälle: {}", "{} cases touched: {}"};

struct VerifyAsk {
  DirectoryOptions where;
  bool data_named = false;
  std::string export_file, backup;
  std::vector<std::string> heads, keys;
  bool json = false;
};

std::string place_of(const Finding& finding) {
  if (!finding.at) {
    if (finding.check == Check::table && !finding.cases.empty()) return to_string(finding.cases.front());
    return "–";
  }
  const auto& [partition, offset] = *finding.at;
  if (finding.until.value <= offset.value + 1) return fmt::format("{}:{}", partition.value, offset.value);
  return fmt::format("{0}:{1} – {0}:{2}", partition.value, offset.value, finding.until.value - 1);
}

std::string joined_cases(const auto& cases) {
  std::string out;
  std::size_t shown = 0;
  for (const CaseId& id : cases) {
    if (++shown > verify_cases_shown_max) return out + " …";
    out.append(out.empty() ? "" : ", ").append(to_string(id));
  }
  return out;
}

std::string sentence(Language language, const Finding& finding) {
  const std::string place = place_of(finding);
  std::string more = finding.detail.empty() ? "" : " " + finding.detail;
  if (!finding.cases.empty() && finding.check != Check::table && !finding.explained)
    more.append(" [").append(joined_cases(finding.cases)).append("]");
  const auto told = [&](const auto& message) {
    return say(language, message, std::string_view(place), std::string_view(more));
  };
  switch (finding.check) {
    case Check::hash: return told(found_hash);
    case Check::foreign: return told(found_foreign);
    case Check::time: return told(found_time);
    case Check::order: return told(found_order);
    case Check::gap: return told(found_gap);
    case Check::unreadable: return told(found_unreadable);
    case Check::predecessor: return told(found_predecessor);
    case Check::head_line: return told(found_head_line);
    case Check::head_signature: return told(found_head_signature);
    case Check::head_key: return told(found_head_key);
    case Check::head_fork: return told(found_head_fork);
    case Check::head_beyond: return told(found_head_beyond);
    case Check::head_root: return told(found_head_root);
    case Check::table: return told(found_table);
    case Check::line: return told(found_line);
    case Check::files: return told(found_files);
  }
  return place;
}

class Verification {
 public:
  Verification(const VerifyAsk& ask, CommandLine& line)
      : ask_(ask), line_(line), data_(ask.where.directory()), progress_line_(stderr) {
    if (!ask.backup.empty()) {
      from_ = DataDirectory{ask.backup, {}};
    } else if (ask.export_file.empty()) {
      from_ = data_;
    }
  }

  void run() {
    read_heads_and_keys();
    if (!ask_.backup.empty()) check_backup_files();
    VerifyReport report = ask_.export_file.empty() ? verify_directory() : verify_file();
    report.findings.insert(report.findings.end(), beside_.begin(), beside_.end());
    if (!report.ok()) line_.status = Exit::refused;
    ask_.json ? print_json(report) : print_text(report);
  }

 private:
  void read_heads_and_keys() {
    std::vector<std::filesystem::path> files(ask_.heads.begin(), ask_.heads.end());
    if (files.empty() && from_) files.push_back(from_->heads());
    if (files.empty() && ask_.data_named) files.push_back(data_.heads());
    for (const auto& file : files) {
      HeadsFile read = read_heads(file);
      std::ranges::move(read.heads, std::back_inserter(heads_.heads));
      for (const HeadsFile::BadLine& bad : read.bad) {
        beside_.push_back({Check::head_line,
                           std::nullopt,
                           {},
                           {},
                           fmt::format("{}, line {}: {}", file.string(), bad.line, bad.why)});
      }
    }
    for (const std::string& key : ask_.keys) heads_.keys.push_back(*parse_public_key(key));
    const bool of_data = (ask_.backup.empty() && ask_.export_file.empty()) || ask_.data_named;
    if (!heads_.keys.empty() || !of_data) return;
    try {
      heads_.keys.push_back(SigningKey::load(data_.signing_key()).public_key());
    } catch (const KeyStoreFailed&) {}  // told where it matters: no key is known
  }

  void check_backup_files() {
    try {
      const Manifest manifest = read_manifest(ask_.backup);
      for (const BackupFile& file : manifest.files) {
        const std::filesystem::path path = std::filesystem::path(ask_.backup) / file.path;
        if (!std::filesystem::exists(path)) {
          files_finding(fmt::format("{} is missing", path.string()));
        } else if (digest_of(path) != file.digest) {
          files_finding(fmt::format("{} is not the file that the manifest names", path.string()));
        }
      }
    } catch (const BackupFailed& failed) { files_finding(failed.what()); }
  }

  void files_finding(std::string what) {
    beside_.push_back({Check::files, std::nullopt, {}, {}, std::move(what)});
  }

  VerifyReport verify_directory() {
    // The tables before the log: that is then at least as far.
    TablesAsWitness tables(from_->tables());
    std::unique_ptr<ReadableLog> log;
    try {
      log = open_log_read_only(*from_);
    } catch (const LogCorrupt& damage) {
      if (from_->kafka) throw;
      files_finding(damage.what());
    }
    std::optional<std::filesystem::path> embedded;
    if (!from_->kafka) embedded = from_->log();
    const auto witness = [&](const LogInfo& info) {
      const TableWitness* found = tables.of(info);
      if (found == nullptr) without_tables_ = tables.why();
      return found;
    };
    const unsigned workers =
        std::clamp(std::thread::hardware_concurrency(), verify_workers_min, verify_workers_max);
    return shown([&] { return verify_log(log.get(), embedded, heads_, witness, workers, progress_); });
  }

  VerifyReport verify_file() {
    return shown([&] { return verify_export(ask_.export_file, heads_, progress_); });
  }

  template <class Work>
  VerifyReport shown(const Work& work) {
    auto report = std::async(std::launch::async, work);
    while (report.wait_for(verify_look_again) != std::future_status::ready) {
      if (!progress_line_.due()) continue;
      const std::uint64_t records = progress_.records;
      progress_line_.show(fmt::format("{} records ({}/s, {} MiB/s)", records,
                                      per_second(records, progress_line_.elapsed()),
                                      per_second(progress_.octets, progress_line_.elapsed()) >> 20));
    }
    return report.get();
  }

  struct Sums {
    std::uint64_t records = 0, octets = 0, events = 0, stale = 0, foreign = 0, unlinked = 0, matched = 0,
                  unchecked = 0, covered = 0;
  };
  static Sums sums_of(const VerifyReport& report) {
    Sums sums;
    for (const PartitionVerified& p : report.partitions) {
      sums.records += p.records;
      sums.octets += p.octets;
      sums.events += p.events;
      sums.stale += p.stale;
      sums.foreign += p.foreign;
      sums.unlinked += p.unlinked;
      sums.matched += p.matched;
      sums.unchecked += p.unchecked;
      sums.covered += p.covered;
    }
    return sums;
  }

  void print_text(const VerifyReport& report) {
    const Language language = line_.for_people;
    const Sums sums = sums_of(report);
    const auto tell = [](const std::string& text) { fmt::print("{}\n", text); };
    for (const Finding& finding : report.findings) tell(sentence(language, finding));
    tell(say(language, read_records, sums.records, sums.events, sums.stale, sums.foreign));
    if (sums.matched > 0) tell(say(language, heads_match, sums.matched, sums.covered));
    if (report.heads == 0) tell(say(language, no_heads));
    if (report.heads > 0 && !report.keys_known) tell(say(language, no_key));
    if (!without_tables_.empty() && from_ && !from_->kafka)
      tell(say(language, no_witness, std::string_view(without_tables_)));
    if (report.ok()) return tell(say(language, nothing_found));
    tell(say(language, first_found, report.findings.size(),
             std::string_view(place_of(report.findings.front()))));
    if (!report.affected.empty()) {
      const std::string cases = joined_cases(report.affected);
      tell(say(language, touched, report.affected.size(), std::string_view(cases)));
    }
  }

  static void put_cases(http::JsonWriter& json, const auto& cases) {
    json.member("cases").array();
    for (const CaseId& id : cases) json.string(to_string(id));
    json.end();
  }

  void put_finding(http::JsonWriter& json, const Finding& finding) const {
    json.object().member("check").string(word(finding.check));
    if (finding.at) {
      json.member("partition").number(finding.at->partition.value);
      json.member("offset").number(finding.at->offset.value).member("until").number(finding.until.value);
    }
    put_cases(json, finding.cases);
    if (finding.check == Check::head_root) json.member("explained").boolean(finding.explained);
    json.member("detail").string(finding.detail);
    json.member("text").string(sentence(line_.for_programs, finding)).end();
  }

  void print_json(const VerifyReport& report) const {
    const Sums sums = sums_of(report);
    std::string out;
    http::JsonWriter json(out);
    json.object().member("ok").boolean(report.ok()).member("log").string(to_string(report.log.id));
    json.member("where").string(report.log.where);
    json.member("records").number(sums.records).member("octets").number(sums.octets);
    json.member("events").number(sums.events).member("stale").number(sums.stale);
    json.member("foreign").number(sums.foreign).member("unlinked").number(sums.unlinked);
    json.member("heads").object().member("of_this_log").number(report.heads);
    json.member("of_other_logs").number(report.other_heads).member("matched").number(sums.matched);
    json.member("unchecked").number(sums.unchecked).member("key_known").boolean(report.keys_known).end();
    json.member("covered").object();
    for (std::size_t p = 0; p < report.partitions.size(); ++p)
      json.member(std::to_string(p)).number(report.partitions[p].covered);
    json.end().member("tables_compared").boolean(from_.has_value() && without_tables_.empty());
    json.member("first");
    if (report.ok())
      json.null();
    else
      put_finding(json, report.findings.front());
    put_cases(json, report.affected);
    json.member("findings").array();
    for (const Finding& finding : report.findings) put_finding(json, finding);
    json.end();
    json.member("seconds").decimal(static_cast<double>(progress_line_.elapsed().count()) / 1000, 3).end();
    fmt::print("{}\n", out);
  }

  const VerifyAsk& ask_;
  CommandLine& line_;
  DataDirectory data_;
  std::optional<DataDirectory> from_;  ///< none: an export
  VerifyHeads heads_;
  std::vector<Finding> beside_;  ///< what is about no place in the log
  std::string without_tables_;
  VerifyProgress progress_;
  ProgressLine progress_line_;
};

}  // namespace

void add_audit_verify(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<VerifyAsk>();
  CLI::App* command = group.add_subcommand(
      "verify", "Compute every hash, chain, tree and signature again; a service may be running");
  add_directory_options(*command, ask->where);
  CLI::Option* from_export =
      command->add_option("--export", ask->export_file, "Of this file, which geleit export --records wrote")
          ->check(CLI::ExistingFile);
  command->add_option("--backup", ask->backup, "Of this backup")
      ->check(CLI::ExistingDirectory)
      ->excludes(from_export);
  command
      ->add_option("--heads", ask->heads,
                   "Signed heads, such as were deposited; else those beside the log. May be repeated")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--key", ask->keys,
                   "Public key that heads are signed with; else the data directory's. May be repeated")
      ->check(a_public_key());
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, command, &line] {
    ask->data_named = command->count("--data") > 0;
    Verification(*ask, line).run();
  });
}

}  // namespace geleit
