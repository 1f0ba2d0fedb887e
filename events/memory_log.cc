#include "events/memory_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <chrono>

namespace geleit {

class MemoryLog::Reader final : public LogReader {
 public:
  Reader(const MemoryLog& log, Partition partition, Offset from)
      : log_(log), partition_(partition), from_(from) {}

  void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
    out.clear();
    const std::lock_guard lock(log_.mutex_);
    log_.refuse_if_crashed();
    const auto& stored = log_.partitions_[partition_.value];
    while (from_.value < stored.size() && out.size() < std::max<std::size_t>(records_max, 1)) {
      const Stored& record = stored[from_.value];
      out.push_back({partition_, from_, record.recorded, record.bytes});
      from_ = geleit::next(from_);
    }
  }

 private:
  const MemoryLog& log_;
  Partition partition_;
  Offset from_;
};

MemoryLog::MemoryLog(MemoryLogOptions options) : options_(std::move(options)) {
  if (options_.partitions < 1 || options_.partitions > partitions_max) {
    throw LogRefused(
        fmt::format("expected 1 to {} partitions, but got {}", partitions_max, options_.partitions));
  }
  if (!options_.clock) throw LogRefused("expected a clock for the log, but there is none");
  partitions_.resize(options_.partitions);
  latest_.assign(options_.partitions, Instant{std::numeric_limits<std::int64_t>::min()});
  if (options_.delivery == Delivery::threaded) thread_ = std::thread([this] { run(); });
}

MemoryLog::~MemoryLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

LogInfo MemoryLog::info() const {
  return {options_.id, options_.partitions, options_.created, "memory", "memory"};
}

void MemoryLog::append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) {
  Write write;
  for (const NewRecord& record : records) {
    if (record.partition.value >= options_.partitions) {
      throw LogRefused(fmt::format("expected a partition below {}, but got {}", options_.partitions,
                                   record.partition.value));
    }
    write.bytes += record.bytes.size();
  }
  write.at = options_.clock();
  write.records = std::move(records);
  write.done = std::move(done);
  bool deliver = false;
  {
    const std::lock_guard lock(mutex_);
    refuse_if_crashed();
    if (!queue_.empty() && (queued_records_ + write.records.size() > append_queue_records_max ||
                            queued_bytes_ + write.bytes > append_queue_bytes_max)) {
      throw LogUnavailable(fmt::format(
          "the log cannot keep up: {} records are waiting to be written, try again later", queued_records_));
    }
    queued_records_ += write.records.size();
    queued_bytes_ += write.bytes;
    queue_.push_back(std::move(write));
    // An append made by a callback is carried out by the loop that runs the callback.
    deliver = options_.delivery == Delivery::at_once && !delivering_;
  }
  if (options_.delivery == Delivery::threaded) wake_.notify_one();
  if (!deliver) return;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty() || queue_.front().held > 0) return;
    }
    step();
  }
}

Positions MemoryLog::ends() const {
  const std::lock_guard lock(mutex_);
  refuse_if_crashed();
  Positions ends;
  ends.reserve(partitions_.size());
  for (const auto& stored : partitions_) ends.emplace_back(stored.size());
  return ends;
}

std::unique_ptr<LogReader> MemoryLog::read(Partition partition, Offset from) const {
  if (partition.value >= options_.partitions) {
    throw LogRefused(
        fmt::format("expected a partition below {}, but got {}", options_.partitions, partition.value));
  }
  return std::make_unique<Reader>(*this, partition, from);
}

void MemoryLog::read_at(std::span<const Position> positions,
                        const std::function<void(const StoredRecord&)>& found) const {
  for (const Position& position : positions) {
    StoredRecord record{position.partition, position.offset, {}, {}};
    {
      const std::lock_guard lock(mutex_);
      refuse_if_crashed();
      if (position.partition.value >= options_.partitions ||
          position.offset.value >= partitions_[position.partition.value].size()) {
        throw LogCorrupt(fmt::format("expected a record at {}:{}, but the log ends before it",
                                     position.partition.value, position.offset.value));
      }
      const Stored& stored = partitions_[position.partition.value][position.offset.value];
      record.recorded = stored.recorded;
      record.bytes = stored.bytes;
    }
    found(record);
  }
}

std::unique_ptr<LogSubscription> MemoryLog::subscribe(std::function<void()> grown) {
  return subscribers_.add(std::move(grown));
}

bool MemoryLog::step() {
  std::deque<Write> lost;  // destroyed without the lock: what callbacks hold may ask the log
  Write write;
  Appended outcome;
  bool grew = false;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty() || crashed_) return false;
    Write& oldest = queue_.front();
    if (!oldest.judged) {
      oldest.judged = true;
      if (options_.faults) oldest.fault = options_.faults(writes_, oldest.records);
      if (oldest.fault.kind == MemoryFault::Kind::none && !injected_.empty()) {
        oldest.fault = injected_.front();
        injected_.pop_front();
      }
      ++writes_;
      if (oldest.fault.kind == MemoryFault::Kind::hold) oldest.held = oldest.fault.amount;
      if (oldest.held > 0) return true;
    }
    if (oldest.held > 0 && --oldest.held > 0) return true;
    write = std::move(oldest);
    queue_.pop_front();
    queued_records_ -= write.records.size();
    queued_bytes_ -= write.bytes;
    std::size_t kept = write.records.size();
    switch (write.fault.kind) {
      case MemoryFault::Kind::none:
      case MemoryFault::Kind::hold: break;
      case MemoryFault::Kind::fail:
        kept = std::min(kept, write.fault.amount);
        outcome.error = "the write failed, as the test asked for";
        break;
      case MemoryFault::Kind::lose_acknowledgement:
        outcome.error = "the acknowledgement was lost, as the test asked for";
        break;
      case MemoryFault::Kind::duplicate: store(write, kept); break;
      case MemoryFault::Kind::crash: kept = std::min(kept, write.fault.amount); break;
    }
    store(write, kept);
    grew = kept > 0;
    if (write.fault.kind == MemoryFault::Kind::crash) {
      crashed_ = true;
      lost.swap(queue_);
      queued_records_ = queued_bytes_ = 0;
      return true;
    }
    delivering_ = true;
  }
  if (grew) subscribers_.notify();
  if (write.done) write.done(outcome);
  write = {};
  const std::lock_guard lock(mutex_);
  delivering_ = false;
  return true;
}

void MemoryLog::inject(MemoryFault fault) {
  const std::lock_guard lock(mutex_);
  injected_.push_back(fault);
}

void MemoryLog::crash() {
  std::deque<Write> lost;  // destroyed without the lock: what callbacks hold may ask the log
  const std::lock_guard lock(mutex_);
  crashed_ = true;
  lost.swap(queue_);
  queued_records_ = queued_bytes_ = 0;
}

void MemoryLog::restart() {
  const std::lock_guard lock(mutex_);
  crashed_ = false;
}

bool MemoryLog::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

std::size_t MemoryLog::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void MemoryLog::refuse_if_crashed() const {
  if (crashed_) throw LogUnavailable("the log has crashed, as the test asked for, and was not restarted");
}

void MemoryLog::store(const Write& write, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) {
    const NewRecord& record = write.records[i];
    Instant& latest = latest_[record.partition.value];
    latest = std::max(latest, write.at);
    partitions_[record.partition.value].push_back({latest, record.bytes});
  }
}

void MemoryLog::run() {
  while (true) {
    bool held = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      held = queue_.front().held > 0;
    }
    if (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    step();
  }
}

}  // namespace geleit
