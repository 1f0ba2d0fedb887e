#include "events/embedded_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "events/embedded_log_contents.h"
#include "events/embedded_log_database.h"
#include "events/log_subscribers.h"
#include "events/rocks_damage.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

constexpr int read_only_attempts_max = 5;
// Lies in the directory while a log is being created, so that half of one is not taken for a whole one.
constexpr const char* unfinished_name = "UNFINISHED";

struct PendingAppend {
  std::vector<NewRecord> records;
  std::function<void(const Appended&)> done;
  Instant at;
  std::size_t bytes = 0;
};

}  // namespace

class EmbeddedLog::Writer {
 public:
  explicit Writer(EmbeddedLogOptions options)
      : clock_(std::move(options.clock)),
        contents_(options.dir, LogDatabase::Mode::write, {options.block_cache, options.env},
                  options.recent_bytes_max),
        partitions_(contents_.info().partitions),
        thread_([this] { run(); }) {}

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  const EmbeddedLogContents& contents() const { return contents_; }
  LogSubscribers& subscribers() { return subscribers_; }
  EmbeddedLog::Queue queue() const {
    const std::lock_guard lock(mutex_);
    return {queued_records_, queued_bytes_};
  }
  std::string trouble() const {
    const std::lock_guard lock(mutex_);
    return unavailable_;
  }

  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) {
    PendingAppend pending;
    for (const NewRecord& record : records) {
      if (record.partition.value >= partitions_) {
        throw LogRefused(
            fmt::format("expected a partition below {}, but got {}", partitions_, record.partition.value));
      }
      pending.bytes += record.bytes.size();
    }
    pending.records = std::move(records);
    pending.done = std::move(done);
    pending.at = clock_();
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (!unavailable_.empty()) throw LogUnavailable(unavailable_);
      if (!queue_.empty() && (queued_records_ + pending.records.size() > append_queue_records_max ||
                              queued_bytes_ + pending.bytes > append_queue_bytes_max)) {
        throw LogUnavailable(
            fmt::format("the log cannot keep up: {} records are waiting to be written, try again later",
                        queued_records_));
      }
      queued_records_ += pending.records.size();
      queued_bytes_ += pending.bytes;
      queue_.push_back(std::move(pending));
      wake = std::exchange(asleep_, false);
    }
    if (wake) wake_.notify_one();
  }

 private:
  void run() {
    name_thread("log");
    std::vector<PendingAppend> group;
    while (take(group)) {
      const std::string error = write(group);
      if (error.empty()) {
        subscribers_.notify();
      } else {
        refuse(error, group);
      }
      finish(group, error);
      if (!error.empty() && !recover()) return;
    }
  }

  // Waits for appends and takes what fits into one write. False when the log closes and nothing is left.
  bool take(std::vector<PendingAppend>& group) {
    group.clear();
    std::unique_lock lock(mutex_);
    while (queue_.empty()) {
      if (stopping_) return false;
      asleep_ = true;
      wake_.wait(lock);
    }
    asleep_ = false;
    std::size_t records = 0;
    std::size_t bytes = 0;
    while (!queue_.empty()) {
      PendingAppend& next = queue_.front();
      records += next.records.size();
      bytes += next.bytes;
      if (!group.empty() && (records > group_records_max || bytes > group_bytes_max)) break;
      queued_records_ -= next.records.size();
      queued_bytes_ -= next.bytes;
      group.push_back(std::move(next));
      queue_.pop_front();
    }
    return true;
  }

  // Makes the appends durable and readable; says what went wrong.
  std::string write(const std::vector<PendingAppend>& group) {
    timed_.clear();
    std::vector<Instant>& latest = contents_.latest();
    for (const PendingAppend& pending : group) {
      for (const NewRecord& record : pending.records) {
        Instant& recorded = latest[record.partition.value];
        recorded = std::max(recorded, pending.at);
        timed_.push_back({record.partition, recorded, record.bytes});
      }
    }
    if (timed_.empty()) return {};
    Positions ends = contents_.ends();
    try {
      contents_.write(make_groups(timed_, ends));
    } catch (const std::exception& failure) { return failure.what(); }
    return {};
  }

  // From here on appends are refused; what is queued fails with the group.
  void refuse(const std::string& error, std::vector<PendingAppend>& group) {
    const std::lock_guard lock(mutex_);
    unavailable_ = fmt::format("{}. It is being opened again; try again later", error);
    std::move(queue_.begin(), queue_.end(), std::back_inserter(group));
    queue_.clear();
    queued_records_ = queued_bytes_ = 0;
  }

  static void finish(std::vector<PendingAppend>& group, const std::string& error) {
    const Appended outcome{error};
    for (PendingAppend& pending : group) {
      if (pending.done) pending.done(outcome);
      pending = {};
    }
  }

  // Opens the directory again, with all that was acknowledged, and takes appends again. False when the log
  // closes.
  bool recover() {
    int wait_ms = reopen_wait_first_ms;
    bool lost = false;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        if (lost) {
          wake_.wait(lock, [this] { return stopping_; });
        } else {
          wake_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return stopping_; });
        }
        if (stopping_) return false;
      }
      try {
        const bool grown = contents_.reopen();
        {
          const std::lock_guard lock(mutex_);
          unavailable_.clear();
        }
        if (grown) subscribers_.notify();
        return true;
      } catch (const LogCorrupt& damage) {
        const std::lock_guard lock(mutex_);
        unavailable_ = damage.what();
        lost = true;
      } catch (const std::exception& failure) {
        const std::lock_guard lock(mutex_);
        unavailable_ = fmt::format("{}. It is being opened again; try again later", failure.what());
      }
      wait_ms = std::min(2 * wait_ms, reopen_wait_max_ms);
    }
  }

  std::function<Instant()> clock_;
  EmbeddedLogContents contents_;
  std::uint16_t partitions_;
  LogSubscribers subscribers_;
  std::vector<TimedRecord> timed_;  // the writer's own, kept for its room

  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable wake_;
  std::deque<PendingAppend> queue_;
  std::size_t queued_records_ = 0;
  std::size_t queued_bytes_ = 0;
  bool asleep_ = false;
  bool stopping_ = false;
  std::string unavailable_;  // why append refuses; empty = it does not

  std::thread thread_;  // last, for it uses all of the above
};

void EmbeddedLog::create(const std::filesystem::path& dir, std::uint16_t partitions, const Uuid& id,
                         Instant created) {
  if (partitions < 1 || partitions > partitions_max) {
    throw LogRefused(fmt::format("expected 1 to {} partitions, but got {}", partitions_max, partitions));
  }
  if (exists(dir)) throw LogRefused(fmt::format("there is a log in {} already", dir.string()));
  if (!std::filesystem::exists(dir / unfinished_name)) {
    if (has_database_files(dir)) {
      throw LogCorrupt(fmt::format(
          "the log in {} is damaged: its file CURRENT is missing. Nothing was changed. Restore it "
          "from its last backup",
          dir.string()));
    }
  }
  std::error_code failed;
  std::filesystem::create_directories(dir, failed);
  if (!failed && !std::ofstream(dir / unfinished_name)) failed = std::make_error_code(std::errc::io_error);
  if (failed) {
    throw LogUnavailable(fmt::format("no log can be made in {}: {}", dir.string(), failed.message()));
  }
  {
    LogDatabase database(dir, LogDatabase::Mode::create, {});
    if (!database.identity() && !database.empty()) {
      throw LogRefused(fmt::format("expected {} to be empty, but it holds another database", dir.string()));
    }
    database.put_identity({id, partitions, created});
  }
  std::filesystem::remove(dir / unfinished_name);
}

bool EmbeddedLog::exists(const std::filesystem::path& dir) {
  std::error_code ignored;
  return std::filesystem::exists(dir / "CURRENT", ignored) &&
         !std::filesystem::exists(dir / unfinished_name, ignored);
}

std::unique_ptr<EmbeddedLog> EmbeddedLog::open(EmbeddedLogOptions options) {
  if (!options.clock) throw LogRefused("expected a clock for the log, but there is none");
  return std::unique_ptr<EmbeddedLog>(new EmbeddedLog(std::make_unique<Writer>(std::move(options))));
}

std::unique_ptr<ReadableLog> EmbeddedLog::open_read_only(const std::filesystem::path& dir) {
  // The service may remove a file between RocksDB's reading of the list and its opening of the file.
  for (int attempt = 1;; ++attempt) {
    try {
      return std::make_unique<EmbeddedLogContents>(dir, LogDatabase::Mode::read, DatabaseMemory{}, 0);
    } catch (const LogRefused&) { throw; } catch (const std::exception&) {
      if (attempt == read_only_attempts_max) throw;
    }
  }
}

EmbeddedLog::EmbeddedLog(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
EmbeddedLog::~EmbeddedLog() = default;

LogInfo EmbeddedLog::info() const { return writer_->contents().info(); }

void EmbeddedLog::append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) {
  writer_->append(std::move(records), std::move(done));
}

Positions EmbeddedLog::ends() const { return writer_->contents().ends(); }

std::unique_ptr<LogReader> EmbeddedLog::read(Partition partition, Offset from) const {
  return writer_->contents().read(partition, from);
}

void EmbeddedLog::read_at(std::span<const Position> positions,
                          const std::function<void(const StoredRecord&)>& found) const {
  writer_->contents().read_at(positions, found);
}

std::unique_ptr<LogSubscription> EmbeddedLog::subscribe(std::function<void()> grown) {
  return writer_->subscribers().add(std::move(grown));
}

std::string EmbeddedLog::trouble() const { return writer_->trouble(); }
void EmbeddedLog::checkpoint(const std::filesystem::path& to) const { writer_->contents().checkpoint(to); }

EmbeddedLog::Queue EmbeddedLog::append_queue() const { return writer_->queue(); }

}  // namespace geleit
