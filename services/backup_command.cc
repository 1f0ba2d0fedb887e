#include "services/backup_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <thread>

#include "events/civil_time.h"
#include "events/embedded_log.h"
#include "services/access_log.h"
#include "services/backup.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/http/json_text.h"
#include "services/http_client.h"
#include "services/json_member.h"
#include "services/progress_line.h"
#include "services/service.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

/// A service that is just starting is asked again for so long.
constexpr std::chrono::milliseconds wait_for_service{60'000};
constexpr std::chrono::milliseconds ask_again{200};

struct BackupAsk {
  std::string to, server;
  DirectoryOptions where;
};

/// One backup of a data directory at a time, however it ends.
class Turn {
 public:
  explicit Turn(const fs::path& file) : lock_(file) {
    if (!lock_.held())
      throw BackupFailed(
          fmt::format("expected one backup at a time, but another one holds {}", file.string()));
  }

 private:
  FileLock lock_;
};

/// What lay there before is gone, and what lies there when this ends is too, unless it was kept.
class Removed {
 public:
  explicit Removed(fs::path dir) : dir_(std::move(dir)) { fs::remove_all(dir_); }
  ~Removed() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(dir_, ignored);
  }
  void keep() { kept_ = true; }
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;

 private:
  fs::path dir_;
  bool kept_ = false;
};

/// True while some process holds the log for writing.
bool is_served(const DataDirectory& data) {
  const int fd = ::open((data.log() / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool held = ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(fd);
  return held;
}

ClientResponse post_backup(HttpClient& client, const DataDirectory& data) {
  try {
    return client.post("/v1/backup", {}, {}, {{"Accept-Language", "en"}});
  } catch (const ServerUnavailable& failure) {
    throw ServerUnavailable(fmt::format(
        "{}. Another process has {} open: if that is geleit serve, name its address with --server, "
        "else wait until it has ended",
        failure.what(), data.log().string()));
  }
}

void ask_service(const DataDirectory& data, const std::string& server) {
  HttpClient client = client_of(*parse_server_url(server));
  const std::int64_t give_up = monotonic_ms() + wait_for_service.count();
  for (;;) {
    const ClientResponse response = post_backup(client, data);
    if (response.status == 503 && monotonic_ms() < give_up) {
      std::this_thread::sleep_for(ask_again);
      continue;
    }
    if (response.status != 200) {
      throw BackupFailed(fmt::format("the service at {} answered {}: {}", server, response.status,
                                     text_member(response.body, "detail")));
    }
    const fs::path made = text_member(response.body, "checkpoint");
    std::error_code ignored;
    if (fs::equivalent(made, data.checkpoint(), ignored)) return;
    fs::remove_all(made, ignored);
    throw BackupFailed(fmt::format("the service at {} serves {}, not {}; name its address with --server",
                                   server, made.parent_path().string(), fs::absolute(data.dir).string()));
  }
}

/// What was copied is examined, not what it was copied from: the sentence names both.
BackupContents examine_copy(const DataDirectory& copy, const DataDirectory& data, const Examined& examined) {
  const auto failed = [&](const std::exception& failure) {
    return BackupFailed(
        fmt::format("no backup was made, for what was copied is not whole: {}. geleit check --data {} tells "
                    "whether that is so where it was copied from, and the way back",
                    failure.what(), data.dir.string()));
  };
  try {
    return examine(copy, MasterKey::load(data.master_key()), ErasureJournal(copy.erasures()), examined);
  } catch (const BackupFailed& failure) { throw failed(failure); } catch (const LogCorrupt& failure) {
    throw failed(failure);
  } catch (const KeyStoreDamaged& failure) { throw failed(failure); } catch (const StoreDamaged& failure) {
    throw failed(failure);
  }
}

void backup(const BackupAsk& ask, CommandLine& line) {
  ::umask(077);
  const DataDirectory data = ask.where.directory();
  const fs::path to = fs::absolute(ask.to).lexically_normal();
  const fs::path target = to.has_filename() ? to : to.parent_path();
  if (!data.kafka && !EmbeddedLog::exists(data.log()))
    throw BackupFailed(fmt::format("expected a log in {}, but there is none", data.log().string()));
  if (fs::exists(target))
    throw BackupFailed(fmt::format("expected a new directory, but {} is there already", target.string()));
  const SystemClock clock;
  ProgressLine progress(stderr);
  const Turn turn(data.backup_lock());
  const fs::path partial = target.string() + ".partial";
  Removed unfinished(partial);
  fs::create_directories(partial);

  Manifest manifest;
  manifest.program = GELEIT_VERSION;
  manifest.made = clock.now();
  // Before the log, so that the copied log reaches every head.
  std::vector<BackupFile> heads;
  if (fs::exists(data.heads()))
    heads.push_back({"heads.ndjson", copy_durably(data.heads(), DataDirectory{partial, {}}.heads())});
  {
    const Removed checkpoint(data.checkpoint());
    if (is_served(data)) {
      ask_service(data, ask.server);
    } else {
      const Service service(data, ClockChoice{});
      for (const std::string& note : service.notes()) fmt::print(stderr, "geleit backup: {}\n", note);
      service.checkpoint();
    }
    manifest.files = copy_checkpoint(data.checkpoint(), partial);
    manifest.files.insert(manifest.files.end(), heads.begin(), heads.end());
  }
  // After the keys, so that it tells of every key that is not there.
  if (fs::exists(data.erasures())) {
    const DataDirectory copy{partial, {}};
    manifest.files.push_back({"erasures.journal", copy_durably(data.erasures(), copy.erasures())});
  }
  const DataDirectory copy{partial, {}};
  for (const auto& [name, digest] : copy_accesses(data.access(), copy.access()))
    manifest.files.push_back({"access/" + name, digest});
  // So that a restored installation is as closed as this one.
  if (fs::exists(data.tokens()))
    manifest.files.push_back({"tokens.ndjson", copy_durably(data.tokens(), copy.tokens())});
  manifest.contents = examine_copy(copy, data, [&progress](std::uint64_t records) {
    if (progress.due()) progress.show(fmt::format("{} records", records));
  });
  write_manifest(partial, manifest);
  fs::rename(partial, target);
  unfinished.keep();
  sync_directory(target.parent_path());

  std::string told;
  http::JsonWriter json(told);
  json.object().member("made").string(to_string(manifest.made)).member("to").string(target.string());
  json.member("events").number(manifest.contents.events).member("octets").number(manifest.octets()).end();
  write_whole(data.last_backup(), told);

  const BackupContents& contents = manifest.contents;
  const Language language = line.for_people;
  const std::string last =
      contents.last_recorded ? to_string(*contents.last_recorded) : say(language, message::never_recorded);
  fmt::print("{}\n", say(language, message::backed_up, target.string(), contents.events, last, contents.keys,
                         contents.erased, static_cast<double>(manifest.octets()) / (1 << 20),
                         static_cast<double>(progress.elapsed().count()) / 1000));
  fmt::print("{}\n", say(language, message::master_key_apart, data.master_key().string()));
}

}  // namespace

void add_backup(CommandLine& line) {
  auto ask = std::make_shared<BackupAsk>();
  CLI::App* command = line.app.add_subcommand(
      "backup", "Copy tables, log and keys of one moment and examine the copy; a service may be running");
  command->add_option("dest", ask->to, "A new directory")->required();
  add_directory_options(*command, ask->where);
  add_server_option(*command, ask->server);
  command->callback([ask, &line] { backup(*ask, line); });
}

}  // namespace geleit
