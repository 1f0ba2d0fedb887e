#include "events/copied_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "events/kafka_sweep.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

// More than this is fetched in files; less is taken as it comes.
constexpr std::uint64_t sweep_records_min = 20'000;
// A file in the making is taken in at this size: so much of a partition is fetched again after a kill.
constexpr std::size_t file_bytes = 64 << 20;
// What comes is gathered for so long, so that it lies in large groups.
constexpr int gather_ms = 100;
constexpr std::size_t copied_records_max = 8'192;
constexpr int retry_ms = 1'000;
constexpr std::size_t copy_positions_max = 1'024;

/// The copy could not be written: not the topic's fault.
struct CopyFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
template <class Work>
void writing(Work work) {
  try {
    work();
  } catch (const std::exception& failure) { throw CopyFailed(failure.what()); }
}

/// Fills the copy with sorted files, one in the making for each partition that is fetched.
class Files final : public KafkaSweep::Taker {
 public:
  Files(LogCopy& copy, std::atomic<std::uint64_t>& held)
      : copy_(copy), held_(held), making_(copy.contents().info().partitions) {}

  void take(const SweptRecord& record) override {
    writing([&] { add(record); });
  }
  void reached(Partition partition) override {
    writing([&] { take_in(partition); });
  }
  /// What has been fetched so far.
  void take_in_all() {
    for (std::uint16_t p = 0; p < making_.size(); ++p) reached(Partition{p});
  }

 private:
  struct Making {
    std::unique_ptr<GroupFile> file;
    GroupBuilder group;
    Offset first;  // of the group
    Offset begin, end;
    Instant latest;
  };

  void add(const SweptRecord& record) {
    Making& making = making_[record.partition.value];
    if (!making.file) begin(making, record);
    const std::size_t size = record.bytes.size() + 24;
    if (making.group.count() > 0 && making.group.size() + size > value_bytes_target)
      end_group(making, record);
    if (making.group.count() == 0) making.first = record.offset;
    making.group.add(record.recorded, record.bytes);
    making.end = next(record.offset);
    making.latest = record.recorded;
  }
  void begin(Making& making, const SweptRecord& record) {
    making.file = copy_.contents().begin_file(copy_.place_for_file(record.partition));
    making.begin = record.offset;
  }
  void end_group(Making& making, const SweptRecord& record) {
    making.file->add(record.partition, making.first, making.group.value());
    making.group.clear();
    if (making.file->size() < file_bytes) return;
    take_in(record.partition);
    begin(making, record);
  }
  void take_in(Partition partition) {
    Making& making = making_[partition.value];
    if (!making.file) return;
    if (making.group.count() > 0) making.file->add(partition, making.first, making.group.value());
    making.group.clear();
    copy_.contents().ingest(*making.file, partition, making.end, making.latest);
    making.file.reset();
    held_ += making.end.value - making.begin.value;
  }

  LogCopy& copy_;
  std::atomic<std::uint64_t>& held_;
  std::vector<Making> making_;
};

}  // namespace

class CopiedLog::Reader final : public LogReader {
 public:
  Reader(const CopiedLog& log, Partition partition, Offset from)
      : log_(log), partition_(partition), from_(from) {}

  void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
    out.clear();
    const Position here{partition_, from_};
    if (!log_.log_->is_in_memory(here) && log_.is_copied(here)) read_copy(out, records_max);
    if (!out.empty() && (out.size() >= records_max || log_.is_copied({partition_, from_}))) return;
    if (!topic_ || topic_at_ != from_) topic_ = log_.log_->read(partition_, from_);
    if (out.empty()) {
      copy_.reset();
      topic_->next(out, records_max);
    } else {
      topic_->next(more_, records_max - out.size());
      out.insert(out.end(), more_.begin(), more_.end());
    }
    step(out);
    topic_at_ = from_;
  }

 private:
  void read_copy(std::vector<StoredRecord>& out, std::size_t records_max) {
    try {
      if (!copy_ || copy_at_ != from_) copy_ = log_.copy_.contents().read(partition_, from_);
      copy_->next(out, records_max);
      if (!out.empty()) copy_at_ = geleit::next(out.back().offset);
    } catch (const LogCorrupt& damage) {
      log_.lose_copy(damage);
      out.clear();
    }
    // Groups are larger here than they were written, and whoever asks for few would get many.
    if (out.size() > records_max + std::max<std::size_t>(records_max / 8, 8))
      out.resize(std::max<std::size_t>(records_max, 1));
    step(out);
  }
  void step(const std::vector<StoredRecord>& out) {
    if (!out.empty()) from_ = geleit::next(out.back().offset);
  }

  const CopiedLog& log_;
  Partition partition_;
  Offset from_;
  // What `out` views.
  std::unique_ptr<LogReader> copy_, topic_;
  Offset copy_at_, topic_at_;  // where they go on
  std::vector<StoredRecord> more_;
};

std::unique_ptr<CopiedLog> CopiedLog::open(CopiedLogOptions options) {
  return std::unique_ptr<CopiedLog>(new CopiedLog(std::move(options)));
}

CopiedLog::CopiedLog(CopiedLogOptions options)
    : options_(std::move(options)),
      log_(KafkaLog::open(options_.kafka)),
      copy_(options_.copy, *log_, options_.memory),
      opened_at_(log_->ends()) {
  for (const Offset end : copied()) held_ += end.value;
  subscription_ = log_->subscribe([this] {
    const std::lock_guard lock(mutex_);
    grown_ = true;
    changed_.notify_all();
  });
  thread_ = std::thread([this] { run(); });
}

CopiedLog::~CopiedLog() {
  stopping_ = true;
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  thread_.join();
  subscription_.reset();
}

// ---------------------------------------------------------------- keeping the copy up

void CopiedLog::run() {
  name_thread("log copy");
  while (!stopping_ && !copy_lost_ && !attempt([this] { fetch(opened_at_); })) {}
  while (!stopping_ && !copy_lost_) {
    attempt([this] {
      {
        const std::lock_guard lock(mutex_);
        caught_up_ = true;
        changed_.notify_all();
      }
      follow();
    });
  }
}

/// True when it succeeded; else it has waited a little.
template <class Work>
bool CopiedLog::attempt(Work work) {
  bool copy_failed = false;
  try {
    work();
    say_trouble({});
    return true;
  } catch (const CopyFailed& failure) {
    copy_failed = true;
    say_trouble(failure.what());
  } catch (const std::exception& failure) { say_trouble(failure.what()); }
  readers_.clear();
  {
    const std::lock_guard lock(mutex_);
    grown_ = true;  // what was to be copied still is
    caught_up_ = caught_up_ || copy_failed;
    changed_.notify_all();
  }
  if (!pause(retry_ms) && copy_failed) mend_copy();
  return false;
}

/// After a failed write the copy's directory is opened again, once the disk takes writes.
void CopiedLog::mend_copy() {
  do {
    try {
      (void)copy_.contents().reopen();
      std::uint64_t held = 0;
      for (const Offset end : copied()) held += end.value;
      held_ = held;
      return;
    } catch (const LogCorrupt& damage) { return lose_copy(damage); } catch (const std::exception& failure) {
      say_trouble(failure.what());
    }
  } while (!pause(retry_ms));
}

/// Waits; true when the log closes.
bool CopiedLog::pause(int ms) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping_.load(); });
}

/// Much is missing that is not in memory any more.
bool CopiedLog::is_far_behind(const Positions& until) const {
  std::uint64_t missing = 0;
  for (std::uint16_t p = 0; p < until.size(); ++p) {
    const Offset end = copy_.contents().end_of(Partition{p});
    if (end < until[p] && !log_->is_in_memory({Partition{p}, end})) missing += until[p].value - end.value;
  }
  return missing >= sweep_records_min;
}

void CopiedLog::fetch(const Positions& until) {
  if (is_far_behind(until)) sweep(until);
  while (!stopping_ && copy_some()) {}
}

void CopiedLog::sweep(const Positions& until) {
  Files files(copy_, held_);
  try {
    KafkaSweep sweep(options_.kafka.address, options_.kafka.settings, log_->times(), copied(), until);
    while (!stopping_ && sweep.step(files)) {}
    files.take_in_all();
  } catch (const CopyFailed&) { throw; } catch (...) {
    files.take_in_all();
    throw;
  }
}

void CopiedLog::follow() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return grown_ || stopping_.load(); });
    grown_ = false;
  }
  while (!stopping_ && copy_some()) {}
  if (pause(gather_ms)) return;
}

/// Copies some records of every partition, in one write. False when there are none.
bool CopiedLog::copy_some() {
  Positions ends = copied();
  if (readers_.empty()) {
    for (std::uint16_t p = 0; p < ends.size(); ++p) readers_.push_back(log_->read(Partition{p}, ends[p]));
  }
  std::vector<TimedRecord> timed;
  std::vector<StoredRecord> some;
  std::vector<Instant>& latest = copy_.contents().latest();
  for (std::uint16_t p = 0; p < ends.size(); ++p) {
    readers_[p]->next(some, copied_records_max);
    for (const StoredRecord& record : some)
      timed.push_back({record.partition, record.recorded, record.bytes});
    if (!some.empty()) latest[p] = some.back().recorded;
  }
  if (timed.empty()) return false;
  writing([&] { copy_.contents().write(make_groups(timed, ends), LogDatabase::Sync::no); });
  held_ += timed.size();
  return true;
}

void CopiedLog::say_trouble(std::string why) {
  const std::lock_guard lock(mutex_);
  if (copy_lost_) return;
  trouble_ = std::move(why);
  changed_.notify_all();
}

void CopiedLog::lose_copy(const std::exception& damage) const {
  if (copy_lost_.exchange(true)) return;
  copy_.give_up();
  const std::lock_guard lock(mutex_);
  trouble_ = fmt::format(
      "the local copy in {} is damaged and not used any more; it is fetched anew when the service starts "
      "next: "
      "{}",
      options_.copy.string(), damage.what());
  changed_.notify_all();
}

void CopiedLog::catch_up(const std::function<void(std::uint64_t)>& progress) {
  constexpr auto every = std::chrono::milliseconds(200);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, every, [this] { return caught_up_ || copy_lost_; })) {
    lock.unlock();
    if (progress) progress(held_);
    lock.lock();
  }
}

void CopiedLog::checkpoint(const std::filesystem::path& to, const Positions& wanted) const {
  constexpr auto look_every = std::chrono::milliseconds(20);
  constexpr int looks_max = 500;
  const auto holds_all = [&] {
    for (std::uint16_t p = 0; p < wanted.size(); ++p) {
      if (copy_.contents().end_of(Partition{p}) < wanted[p]) return false;
    }
    return !copy_lost_;
  };
  {
    std::unique_lock lock(mutex_);
    for (int looks = 0; !holds_all(); ++looks) {
      if (looks == looks_max || copy_lost_) {
        throw LogUnavailable(fmt::format("the local copy in {} does not hold what the tables have read. {}",
                                         options_.copy.string(), trouble_));
      }
      changed_.wait_for(lock, look_every);
    }
  }
  copy_.contents().checkpoint(to);
}

// ---------------------------------------------------------------- reading

bool CopiedLog::is_copied(Position position) const {
  return !copy_lost_ && position.offset < copy_.contents().end_of(position.partition);
}

std::unique_ptr<LogReader> CopiedLog::read(Partition partition, Offset from) const {
  if (partition.value >= opened_at_.size()) return log_->read(partition, from);  // which refuses
  return std::make_unique<Reader>(*this, partition, from);
}

void CopiedLog::read_at(std::span<const Position> positions,
                        const std::function<void(const StoredRecord&)>& found) const {
  struct Found {
    Instant recorded;
    std::size_t at = 0, size = 0;  // in copies
  };
  std::vector<Position> asked[2];  // of the copy, of the topic
  std::vector<bool> from_topic;
  std::vector<Found> records[2];
  AlignedBytes copies;
  for (std::size_t begin = 0; begin < positions.size(); begin += copy_positions_max) {
    const auto some = positions.subspan(begin, std::min(copy_positions_max, positions.size() - begin));
    from_topic.clear();
    for (auto& each : asked) each.clear();
    for (auto& each : records) each.clear();
    copies.clear();
    for (const Position& position : some) {
      const bool copied = position.partition.value < opened_at_.size() && is_copied(position) &&
                          !log_->is_in_memory(position);
      from_topic.push_back(!copied);
      asked[copied ? 0 : 1].push_back(position);
    }
    const auto keep_in = [&](std::vector<Found>& kept) {
      return [&kept, &copies](const StoredRecord& record) {
        kept.push_back({record.recorded, copies.size(), record.bytes.size()});
        char* place = copies.extend((record.bytes.size() + 7) & ~std::size_t{7});
        if (!record.bytes.empty()) std::memcpy(place, record.bytes.data(), record.bytes.size());
      };
    };
    try {
      if (!asked[0].empty()) copy_.contents().read_at(asked[0], keep_in(records[0]));
    } catch (const LogCorrupt& damage) {
      lose_copy(damage);
      records[0].clear();
      log_->read_at(asked[0], keep_in(records[0]));
    }
    if (!asked[1].empty()) log_->read_at(asked[1], keep_in(records[1]));
    std::size_t next[2] = {0, 0};
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::size_t which = from_topic[i] ? 1 : 0;
      const Found& record = records[which][next[which]++];
      found({some[i].partition, some[i].offset, record.recorded, {copies.data() + record.at, record.size}});
    }
  }
}

// ---------------------------------------------------------------- what is Kafka's

LogInfo CopiedLog::info() const { return log_->info(); }
void CopiedLog::append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) {
  log_->append(std::move(records), std::move(done));
}
Positions CopiedLog::ends() const { return log_->ends(); }
std::unique_ptr<LogSubscription> CopiedLog::subscribe(std::function<void()> grown) {
  return log_->subscribe(std::move(grown));
}
KafkaLog::Queue CopiedLog::append_queue() const { return log_->append_queue(); }
std::string CopiedLog::trouble() const { return log_->trouble(); }
Positions CopiedLog::copied() const { return copy_.contents().ends(); }
std::string CopiedLog::copy_trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace geleit
