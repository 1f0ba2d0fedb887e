#include "services/restore_command.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "events/civil_time.h"
#include "services/backup.h"
#include "services/command_options.h"
#include "services/progress_line.h"
#include "services/token_book.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

struct RestoreAsk {
  std::string from, data = "data", master, erasures;
  bool no_erasures = false, without_tables = false;
};

/// A data directory may hold what a restore needs, and what an earlier one left.
void require_nothing_there(const DataDirectory& data) {
  if (!fs::exists(data.dir)) return;
  for (const auto& entry : fs::directory_iterator(data.dir)) {
    const fs::path& path = entry.path();
    if (path == data.master_key() || path == data.signing_key() || path == data.erasures() ||
        path == data.restoring() || path == data.access() || path == data.tokens() ||
        path == token_lock(data.tokens()))
      continue;
    throw BackupFailed(fmt::format("expected {} to hold no data, but {} is there; move it away first",
                                   data.dir.string(), path.filename().string()));
  }
}

MasterKey load_master(const fs::path& file) {
  if (!fs::exists(file)) {
    throw BackupFailed(
        fmt::format("expected the master key in {}, but there is none: it is in no backup. "
                    "Name its file with --master-key",
                    file.string()));
  }
  return MasterKey::load(file);
}

std::string positions_text(const Positions& ends) {
  std::string out;
  for (std::size_t p = 0; p < ends.size(); ++p)
    out += fmt::format("{}{}:{}", p == 0 ? "" : " ", p, ends[p].value);
  return out;
}

/// Whatever any journal at hand names stays erased. One that lacks what the backup knows is not the last one.
void add_journal(ErasureJournal& all, const fs::path& file, std::span<const Erasure> of_backup) {
  const ErasureJournal journal(file);
  const auto lacking = std::ranges::count_if(
      of_backup, [&](const Erasure& erasure) { return !journal.contains(erasure.key); });
  if (lacking > 0) {
    throw BackupFailed(fmt::format(
        "expected in {} the last journal of erasures, but it is older than the backup: it lacks {} "
        "that the backup knows of. Name the last one with --erasures; if it is lost and no person "
        "was erased since the backup, move that file away and say --no-erasures",
        file.string(), lacking));
  }
  all.add(journal.all());
}

/// A master key that is there already may be all that opens something else.
void require_same_master(const fs::path& there, const MasterKey& master) {
  if (fs::exists(there) && MasterKey::load(there).bytes() != master.bytes()) {
    throw BackupFailed(fmt::format(
        "expected no other master key than the one of --master-key, but {} holds another one; move it away",
        there.string()));
  }
}

void restore(const RestoreAsk& ask, CommandLine& line) {
  ::umask(077);
  const DataDirectory data{ask.data, {}};
  const DataDirectory staged{data.restoring(), {}};
  require_nothing_there(data);
  const bool journal_there = fs::exists(data.erasures());
  if (ask.erasures.empty() && !ask.no_erasures && !journal_there) {
    throw CLI::ValidationError(
        "--erasures",
        "expected the journal of erasures of the data directory that is lost "
        "(erasures.journal), or --no-erasures if no person was erased since the backup");
  }
  if (!ask.erasures.empty() && !fs::exists(ask.erasures))
    throw BackupFailed(
        fmt::format("expected the journal of erasures in {}, but there is none", ask.erasures));
  const Manifest manifest = read_manifest(ask.from);
  const fs::path master_file = ask.master.empty() ? data.master_key() : fs::path(ask.master);
  const MasterKey master = load_master(master_file);
  require_same_master(data.master_key(), master);

  fs::create_directories(data.restoring());
  const FileLock turn(data.restoring());
  if (!turn.held())
    throw BackupFailed(
        fmt::format("expected one restore at a time, but another one holds {}", data.restoring().string()));
  require_nothing_there(data);
  for (const auto& left : fs::directory_iterator(data.restoring())) fs::remove_all(left.path());
  copy_checked(ask.from, manifest, data.restoring(), !ask.without_tables);

  ErasureJournal journal(staged.erasures());
  const std::vector<Erasure> of_backup = journal.all();
  if (journal_there) add_journal(journal, data.erasures(), of_backup);
  if (!ask.erasures.empty()) add_journal(journal, ask.erasures, of_backup);
  std::size_t erased = 0;
  try {
    erased = complete_erasures(*open_key_store(staged.keys(), master), journal);
  } catch (const KeyStoreFailed& failure) {
    throw BackupFailed(fmt::format("{} (master key: {})", failure.what(), master_file.string()));
  }

  ProgressLine progress(stderr);
  BackupContents contents;
  try {
    contents = examine(staged, master, journal, [&progress](std::uint64_t records) {
      if (progress.due()) progress.show(fmt::format("{} records", records));
    });
  } catch (const std::exception& failure) {
    throw BackupFailed(fmt::format(
        "{}; take another backup, or --without-tables where only they are not whole", failure.what()));
  }
  if (contents.ends != manifest.contents.ends || contents.log != manifest.contents.log)
    throw BackupFailed("the log is not the one that the manifest describes");
  if (!fs::exists(data.master_key())) copy_durably(master_file, data.master_key());
  // Without its log nothing is served, so the log comes last.
  const std::array moves{std::pair{staged.heads(), data.heads()},
                         std::pair{staged.erasures(), data.erasures()}, std::pair{staged.keys(), data.keys()},
                         std::pair{staged.tables(), data.tables()}, std::pair{staged.log(), data.log()}};
  // What lies here knows of more looks than the backup does, and of tokens that were revoked since.
  if (fs::exists(staged.access()) && !fs::exists(data.access())) fs::rename(staged.access(), data.access());
  if (fs::exists(staged.tokens()) && !fs::exists(data.tokens())) fs::rename(staged.tokens(), data.tokens());
  for (const auto& [from, to] : moves) {
    if (fs::exists(from)) fs::rename(from, to);
    sync_directory(data.dir);
  }
  fs::remove_all(data.restoring());

  const Language language = line.for_people;
  const std::string last =
      contents.last_recorded ? to_string(*contents.last_recorded) : say(language, message::never_recorded);
  fmt::print("{}\n", say(language, message::restored, data.dir.string(), contents.events, last,
                         positions_text(contents.ends), contents.keys, static_cast<std::uint64_t>(erased)));
}

}  // namespace

void add_restore(CommandLine& line) {
  auto ask = std::make_shared<RestoreAsk>();
  CLI::App* command =
      line.app.add_subcommand("restore", "Put a backup into a data directory that holds no data");
  command->add_option("backup", ask->from, "The directory that geleit backup made")->required();
  command->add_option("--data", ask->data, "Where to")->capture_default_str();
  command->add_option("--master-key", ask->master, "The master key's file, if it is not there already");
  auto* erasures = command->add_option("--erasures", ask->erasures,
                                       "The journal of erasures of the directory that is lost");
  command->add_flag("--no-erasures", ask->no_erasures, "No person was erased since the backup")
      ->excludes(erasures);
  command->add_flag("--without-tables", ask->without_tables,
                    "Leave the tables out; geleit serve makes them anew from the log");
  command->callback([ask, &line] { restore(*ask, line); });
}

}  // namespace geleit
