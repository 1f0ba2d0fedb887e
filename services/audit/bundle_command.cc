#include "services/audit/bundle_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "projections/rules/settings.h"
#include "services/audit/bundle.h"
#include "services/audit/bundle_check.h"
#include "services/audit/bundle_messages.h"
#include "services/audit/proof.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/durable_file.h"
#include "services/http/json_text.h"
#include "services/open_parts.h"
#include "services/progress_line.h"
#include "services/scratch_directory.h"
#include "services/signals.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

struct ExportAsk {
  DirectoryOptions where;
  std::string provider, from, to, out, purpose;
  bool sealed = false, force = false, json = false;
};

/// What is wrong with the command line itself, in the language of its reader.
[[noreturn]] void refuse(const CommandLine& line, const char* option, const std::string& expected,
                         const std::string& found) {
  throw CLI::ValidationError(option, say(line.for_people, message::expected_but, expected, found));
}

CivilDate day_of(const CommandLine& line, const char* option, const std::string& text) {
  const auto day = parse_date(text);
  if (!day || *day < civil(1900, 1, 1) || *day > civil(2200, 12, 31))
    refuse(line, option, say(line.for_people, message::a_filter_date),
           say(line.for_people, message::got, text));
  return *day;
}

BundleAsk understood(const ExportAsk& ask, const CommandLine& line) {
  const Language language = line.for_people;
  BundleAsk out;
  if (!is_provider_slug(ask.provider))
    refuse(line, "--provider", say(language, message::a_provider_of_the_log),
           say(language, message::got, ask.provider));
  out.provider = ask.provider;
  out.from = day_of(line, "--from", ask.from);
  out.to = day_of(line, "--to", ask.to);
  if (out.to < out.from)
    refuse(line, "--to", say(language, message::to_not_before_from, ask.from),
           say(language, message::got, ask.to));
  const fs::path file = fs::absolute(ask.out);
  std::error_code ignored;
  if (!file.has_filename() || !fs::is_directory(file.parent_path(), ignored) ||
      fs::is_directory(file, ignored))
    refuse(line, "--out", say(language, message::a_folder_to_write_to), say(language, message::got, ask.out));
  if (!ask.force && fs::exists(fs::symlink_status(file, ignored)))
    refuse(line, "--out", say(language, message::a_new_file),
           say(language, message::is_there_already, ask.out));
  out.purpose = ask.purpose;
  out.language = line.for_programs;
  out.today = berlin_date(SystemClock().now());
  out.program = "geleit " GELEIT_VERSION;
  return out;
}

/// Durable, then under its name in one step. Throws std::system_error.
void put_in_place(const fs::path& made, const fs::path& out, bool force) {
  fs::permissions(made, fs::perms::owner_read | fs::perms::owner_write);
  const int fd = ::open(made.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) throw std::system_error(error, std::generic_category(), made.string());
  // A link fails where somebody was faster; some file systems have none.
  std::error_code no_link = std::make_error_code(std::errc::not_supported);
  if (!force) fs::create_hard_link(made, out, no_link);
  if (no_link == std::errc::file_exists) throw std::system_error(no_link, out.string());
  if (no_link) fs::rename(made, out);
  sync_directory(out.parent_path());
}

void tell(const ExportAsk& ask, const BundleAsk& bundle, const BundleContents& contents,
          const std::string& digest, const CommandLine& line, ProgressLine& progress) {
  if (ask.json) {
    std::string out;
    http::JsonWriter json(out);
    json.object().member("file").string(ask.out).member("sha256").string(digest);
    json.member("provider").string(bundle.provider).member("from").string(ask.from);
    json.member("to").string(ask.to).member("tables_on").string(to_string(contents.tables_on));
    json.member("opened").boolean(contents.opened).member("final").boolean(contents.final);
    json.member("events").number(contents.events).member("before_range").number(contents.before_range);
    json.member("cases").number(contents.cases).member("rows").number(contents.rows);
    json.member("stale").number(contents.stale).member("keys_gone").number(contents.keys_gone);
    json.member("parked").number(contents.parked).member("foreign").number(contents.foreign);
    json.member("proofs").number(contents.proofs).member("beyond_heads").number(contents.beyond_heads).end();
    fmt::print("{}\n", out);
    return;
  }
  const Language language = line.for_people;
  fmt::print("{}\n", say(language, message::bundle_written, ask.out, contents.events, contents.cases,
                         contents.before_range, contents.rows));
  fmt::print("{}\n", say(language, message::bundle_digest, digest));
  if (contents.cases == 0) progress.tell(say(language, message::bundle_is_empty));
  if (!contents.final) progress.tell(say(language, message::bundle_not_final, ask.to));
  if (contents.keys_gone > 0) progress.tell(say(language, message::bundle_keys_gone, contents.keys_gone));
  if (contents.proofs == 0 && contents.cases > 0) {
    progress.tell(say(language, message::bundle_without_heads));
  } else if (contents.beyond_heads > 0) {
    progress.tell(say(language, message::bundle_beyond_heads, contents.beyond_heads));
  }
  if (contents.parked > 0) progress.tell(say(language, message::bundle_parked, contents.parked));
  if (contents.foreign > 0) progress.tell(say(language, message::bundle_foreign, contents.foreign));
}

void make_bundle(const ExportAsk& ask, CommandLine& line) {
  const BundleAsk bundle = understood(ask, line);
  std::stop_source ending;
  // Before any thread: what was made so far is removed when it is stopped.
  const Signals signals([&] { ending.request_stop(); },
                        [] { std::quick_exit(static_cast<int>(Exit::unavailable)); });
  ProgressLine progress(stderr);
  const DataDirectory data = ask.where.directory();
  const auto log = open_log_read_only(data);
  const ProviderRecords records(
      *log, bundle.provider, range_of(bundle),
      [&](std::uint64_t read) {
        if (progress.due()) progress.show(fmt::format("{}", read));
      },
      ending.get_token());
  if (!records.known()) {
    const Language language = line.for_people;
    progress.tell(
        fmt::format("geleit audit export: {}",
                    say(language, message::expected_but, say(language, message::a_provider_of_the_log),
                        say(language, message::is_not_in_the_log, bundle.provider))));
    line.status = Exit::refused;
    return;
  }
  // After the log: a key is kept before the event that needs it.
  std::unique_ptr<StoredKeys> keys;
  if (!ask.sealed) {
    std::string why;
    keys = open_keys_if_readable(data, line.for_people, why);
    if (!keys) progress.tell(say(line.for_people, message::export_stays_sealed, why));
  }
  const fs::path out = fs::absolute(ask.out);
  const ScratchDirectory scratch(std::array{out.parent_path()}, "." + out.filename().string() + "-");
  const fs::path made = scratch.dir() / "bundle.zip";
  const HeadsFile heads = read_heads(data.heads());
  const BundleContents contents = write_bundle(
      {*log, records, heads.heads, keys.get()}, bundle, scratch.dir(), made,
      [&](std::string_view part) {
        if (progress.due()) progress.show(part);
      },
      ending.get_token());
  const std::string digest = to_hex(digest_of(made).sha256);
  put_in_place(made, out, ask.force);
  tell(ask, bundle, contents, digest, line, progress);
}

void export_bundle(const ExportAsk& ask, CommandLine& line) {
  try {
    make_bundle(ask, line);
  } catch (const ProofRefused& refused) {
    // The log is not the one that was signed: nothing of it is handed out.
    fmt::print(stderr, "geleit audit export: {}\n", refused.what());
    line.status = Exit::refused;
  }
}

// ---------------------------------------------------------------- check-bundle

struct CheckAsk {
  std::string file, sha256;
  bool json = false;
};

constexpr std::size_t findings_shown_max = 20;

void check(const CheckAsk& ask, CommandLine& line) {
  const ScratchDirectory scratch(std::array{fs::temp_directory_path()}, "geleit-bundle-");
  BundleCheck found = check_bundle(ask.file, scratch.dir(), ask.json ? line.for_programs : line.for_people);
  const std::string digest = to_hex(found.sha256);
  if (const auto wanted = parse_hash(ask.sha256); wanted && *wanted != found.sha256) {
    found.findings.insert(found.findings.begin(), {"", say(ask.json ? line.for_programs : line.for_people,
                                                           message::other_digest, to_hex(*wanted))});
  }
  if (!found.findings.empty()) line.status = Exit::refused;
  if (ask.json) {
    std::string out;
    http::JsonWriter json(out);
    json.object().member("whole").boolean(found.findings.empty()).member("sha256").string(digest);
    json.member("files").number(found.files).member("events").number(found.events);
    json.member("cases").number(found.cases).member("findings").array();
    for (const BundleFinding& finding : found.findings) {
      json.object().member("file");
      if (finding.file.empty()) {
        json.null();
      } else {
        json.string(finding.file);
      }
      json.member("what").string(finding.what).end();
    }
    json.end().end();
    fmt::print("{}\n", out);
    return;
  }
  const std::size_t shown = std::min(found.findings.size(), findings_shown_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const BundleFinding& finding = found.findings[i];
    fmt::print("{}: {}\n", finding.file.empty() ? ask.file : finding.file, finding.what);
  }
  if (shown < found.findings.size())
    fmt::print("{}\n", say(line.for_people, message::and_more, found.findings.size() - shown));
  if (found.findings.empty()) {
    fmt::print("{}\n", say(line.for_people, message::bundle_is_whole, ask.file, found.files, found.events,
                           found.cases));
  }
  fmt::print("SHA-256 {}\n", digest);
}

}  // namespace

void add_audit_export(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<ExportAsk>();
  CLI::App* command = group.add_subcommand(
      "export", "What was recorded of a provider on some days, as a ZIP that an auditor can read and check");
  command->add_option("--provider", ask->provider, "Whose cases")->required();
  command->add_option("--from", ask->from, "First day (Berlin) on which an event was recorded")
      ->type_name("DATE")
      ->required();
  command->add_option("--to", ask->to, "Last day; the tables show its evening")
      ->type_name("DATE")
      ->required();
  command->add_option("--out", ask->out, "The ZIP")->type_name("FILE")->required();
  command->add_option("--purpose", ask->purpose, "Why, for the manifest");
  command->add_flag("--sealed", ask->sealed, "Leave personal data sealed");
  command->add_flag("--force", ask->force, "Replace a file that is there");
  add_directory_options(*command, ask->where);
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] { export_bundle(*ask, line); });
}

void add_audit_check_bundle(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<CheckAsk>();
  CLI::App* command = group.add_subcommand("check-bundle", "Whether an audit bundle is what it was");
  command->add_option("file", ask->file, "The ZIP")->required()->check(CLI::ExistingFile);
  command->add_option("--sha256", ask->sha256, "What its maker said of the whole file")
      ->check(expecting("64 hexadecimal digits", "HEX",
                        [](const std::string& text) { return parse_hash(text).has_value(); }));
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] { check(*ask, line); });
}

}  // namespace geleit
