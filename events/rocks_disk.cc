#include "events/rocks_disk.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <cstdarg>
#include <mutex>

#include "events/high_water.h"
#include "events/rocks_damage.h"

namespace geleit {
namespace {

constexpr const char* probe_name = "PROBE";
constexpr std::size_t probe_octets = 4096;

}  // namespace

std::string why_not_writable(rocksdb::Env* env, const std::filesystem::path& dir) {
  if (env == nullptr) env = rocksdb::Env::Default();
  std::uint64_t needed = room_to_open_bytes;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    if (entry.path().extension() == ".log") needed += entry.file_size(ignored);
  }
  std::uint64_t room = 0;
  if (env->GetFreeSpace(dir.string(), &room).ok() && room < needed)
    return fmt::format("only {} octets are free, {} are needed", room, needed);
  const std::string probe = (dir / probe_name).string();
  const rocksdb::Status written =
      rocksdb::WriteStringToFile(env, std::string(probe_octets, '-'), probe, true);
  const rocksdb::Status removed = env->DeleteFile(probe);
  if (!written.ok()) return written.ToString();
  return removed.ok() ? std::string() : removed.ToString();
}

class ListKeeper::Listener final : public rocksdb::EventListener {
 public:
  explicit Listener(std::filesystem::path dir) : dir_(std::move(dir)) {}
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { note(); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { note(); }
  void OnExternalFileIngested(rocksdb::DB*, const rocksdb::ExternalFileIngestionInfo&) override { note(); }

  void begin() {
    const std::lock_guard lock(mutex_);
    if (const auto list = file_list(dir_)) {
      const std::uint64_t values[2] = {list->number, list->whole_octets};
      noted_.begin(dir_, values);
      begun_ = true;
    }
  }

 private:
  void note() {
    const std::lock_guard lock(mutex_);
    if (!begun_) return;
    if (const auto list = file_list(dir_)) {
      const std::uint64_t values[2] = {list->number, list->whole_octets};
      noted_.write(values);
    }
  }

  std::filesystem::path dir_;
  std::mutex mutex_;
  HighWater noted_{HighWater::Of::listed};
  bool begun_ = false;
};

ListKeeper::ListKeeper(std::filesystem::path dir) : listener_(std::make_shared<Listener>(std::move(dir))) {}
std::shared_ptr<rocksdb::EventListener> ListKeeper::listener() const { return listener_; }
void ListKeeper::opened() { listener_->begin(); }

std::shared_ptr<rocksdb::Logger> no_messages() {
  class NoMessages final : public rocksdb::Logger {
   public:
    using Logger::Logv;
    void Logv(const char*, va_list) override {}
  };
  return std::make_shared<NoMessages>();
}

bool is_damage(const rocksdb::Status& status, bool opening) {
  if (status.IsCorruption()) return true;
  if (!opening) return false;
  return status.IsNotFound() || status.IsPathNotFound() ||
         (status.IsIOError() && status.ToString().find("No such file") != std::string::npos);
}

bool is_in_use(const rocksdb::Status& status) {
  // Another error may name that file too: where nothing can be written it cannot be made.
  const std::string text = status.ToString();
  return status.IsIOError() && (text.find("While lock file") != std::string::npos ||
                                text.find("lock hold by current process") != std::string::npos);
}

}  // namespace geleit
