#include "events/history_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "events/copy_mark.h"
#include "events/embedded_log.h"
#include "events/embedded_log_contents.h"
#include "events/kafka_log.h"
#include "events/uuid.h"

namespace geleit {
namespace {

constexpr std::size_t batch_records = 2'000;
constexpr std::size_t batches_under_way_max = 32;

class EmbeddedTarget final : public CopyTarget {
 public:
  explicit EmbeddedTarget(const std::filesystem::path& dir)
      : contents_(dir, LogDatabase::Mode::write, {}, 0) {}

  const ReadableLog& log() const override { return contents_; }
  void write(std::vector<NewRecord> records, std::vector<Instant> recorded) override {
    for (std::size_t i = 0; i < records.size(); ++i) {
      bytes_ += records[i].bytes.size();
      waiting_.push_back(std::move(records[i]));
      times_.push_back(recorded[i]);
    }
    if (waiting_.size() >= group_records_max || bytes_ >= group_bytes_max) flush();
  }
  void flush() override {
    if (waiting_.empty()) return;
    std::vector<TimedRecord> timed;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      timed.push_back({waiting_[i].partition, times_[i], waiting_[i].bytes});
    }
    Positions ends = contents_.ends();
    contents_.write(make_groups(timed, ends));
    waiting_.clear();
    times_.clear();
    bytes_ = 0;
  }

 private:
  EmbeddedLogContents contents_;
  std::vector<NewRecord> waiting_;
  std::vector<Instant> times_;
  std::size_t bytes_ = 0;
};

class KafkaTarget final : public CopyTarget {
 public:
  KafkaTarget(const KafkaAddress& address, const KafkaSettings& settings)
      : log_(KafkaLog::open({address, settings, 1 << 20})) {}

  const ReadableLog& log() const override { return *log_; }
  void write(std::vector<NewRecord> records, std::vector<Instant> recorded) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return under_way_ < batches_under_way_max || !error_.empty(); });
      if (!error_.empty()) throw LogUnavailable(error_);
      ++under_way_;
    }
    try {
      log_->append_copied(std::move(records), std::move(recorded), [this](const Appended& outcome) {
        const std::lock_guard lock(mutex_);
        if (error_.empty()) error_ = outcome.error;
        --under_way_;
        changed_.notify_all();
      });
    } catch (...) {
      const std::lock_guard lock(mutex_);
      --under_way_;
      throw;
    }
  }
  void flush() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
    if (!error_.empty()) throw LogUnavailable(error_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  std::string error_;
  std::unique_ptr<KafkaLog> log_;  // last: it answers every append before it goes
};

/// How one partition is copied: the source's offset less `shift` is the target's.
struct Part {
  CopyMark mark;
  std::uint64_t source_first = 0;  // behind the source's own mark, which is not copied
  [[nodiscard]] Offset source_of(Offset target) const { return Offset{target.value - 1 + source_first}; }
};

Part part_of(const ReadableLog& source, const LogInfo& info, Partition partition, Offset source_end,
             bool source_is_copy) {
  Part part;
  part.source_first = source_is_copy ? 1 : 0;
  CopyMark& mark = part.mark;
  mark.source = info.id;
  mark.partition = partition;
  mark.partitions = info.partitions;
  mark.source_end = source_end;
  mark.end = Offset{source_end.value - part.source_first + 1};
  mark.begins = mark.latest = info.created;
  if (mark.end == Offset{1}) return part;
  const std::vector<Position> first_and_last{{partition, Offset{part.source_first}},
                                             {partition, Offset{source_end.value - 1}}};
  bool is_first = true;
  source.read_at(first_and_last, [&](const StoredRecord& record) {
    if (is_first) mark.begins = std::min(mark.begins, record.recorded);
    mark.latest = record.recorded;
    is_first = false;
  });
  return part;
}

void require_same(const ReadableLog& source, const ReadableLog& target, const Part& part, Offset end) {
  if (end <= Offset{1}) return;
  const Offset last{end.value - 1};
  std::string bytes;
  Instant recorded;
  const std::vector<Position> there{{part.mark.partition, part.source_of(last)}};
  source.read_at(there, [&](const StoredRecord& record) {
    bytes = record.bytes;
    recorded = record.recorded;
  });
  const std::vector<Position> here{{part.mark.partition, last}};
  target.read_at(here, [&](const StoredRecord& record) {
    if (record.bytes == bytes && record.recorded == recorded) return;
    throw LogCorrupt(
        fmt::format("the copy in {} is not what the log in {} holds: its record at {}:{} differs. Remove it "
                    "and copy anew",
                    target.info().where, source.info().where, part.mark.partition.value, last.value));
  });
}

/// The parts, those that were begun as they were begun.
std::vector<Part> parts_of(const ReadableLog& source, const ReadableLog& target) {
  const LogInfo from = source.info();
  const LogInfo to = target.info();
  if (from.partitions != to.partitions) {
    throw LogRefused(fmt::format(
        "expected a log of {} partitions to copy to, as the one in {} has, but the one in {} has {}",
        from.partitions, from.where, to.where, to.partitions));
  }
  require_whole_copy(source);
  const auto source_marks = copy_marks_of(source);
  const auto marks = copy_marks_of(target);
  const Positions source_ends = source.ends();
  const Positions ends = target.ends();
  std::vector<Part> parts;
  for (std::uint16_t p = 0; p < from.partitions; ++p) {
    const Offset source_end = marks[p] ? marks[p]->source_end : source_ends[p];
    if (source_end > source_ends[p]) {
      throw LogRefused(fmt::format(
          "the copy in {} was begun when partition {} of the log in {} ended at {}, but now it ends at {}",
          to.where, p, from.where, source_end.value, source_ends[p].value));
    }
    parts.push_back(part_of(source, from, Partition{p}, source_end, source_marks[p].has_value()));
    if (ends[p] == Offset{0}) continue;
    if (marks[p] != parts[p].mark || ends[p] > parts[p].mark.end) {
      throw LogRefused(fmt::format(
          "expected the log in {} to be empty or an unfinished copy of the one in {}, but partition {} holds "
          "other records",
          to.where, from.where, p));
    }
    require_same(source, target, parts[p], ends[p]);
  }
  return parts;
}

void compare(const ReadableLog& source, const ReadableLog& target, const Part& part) {
  const auto theirs = source.read(part.mark.partition, Offset{part.source_first});
  const auto ours = target.read(part.mark.partition, Offset{1});
  std::vector<StoredRecord> expected, found;
  std::size_t e = 0, f = 0;
  for (Offset at{1}; at < part.mark.end; at = next(at)) {
    if (e == expected.size()) {
      theirs->next(expected, batch_records);
      e = 0;
    }
    if (f == found.size()) {
      ours->next(found, batch_records);
      f = 0;
    }
    if (!expected.empty() && !found.empty() && expected[e].bytes == found[f].bytes &&
        expected[e].recorded == found[f].recorded) {
      ++e;
      ++f;
      continue;
    }
    throw LogCorrupt(
        fmt::format("the copy in {} is not what the log in {} holds: its record at {}:{} differs. Remove it "
                    "and copy anew",
                    target.info().where, source.info().where, part.mark.partition.value, at.value));
  }
}

}  // namespace

std::unique_ptr<CopyTarget> open_embedded_target(const std::filesystem::path& dir, const LogInfo& made) {
  if (!EmbeddedLog::exists(dir)) EmbeddedLog::create(dir, made.partitions, made.id, made.created);
  return std::make_unique<EmbeddedTarget>(dir);
}

std::unique_ptr<CopyTarget> open_kafka_target(const KafkaAddress& address, const KafkaSettings& settings,
                                              const LogInfo& made) {
  try {
    KafkaLog::create(address, settings, made.partitions, made.id, made.created);
  } catch (const LogRefused&) { /* there is one, or opening says what is wrong */
  }
  return std::make_unique<KafkaTarget>(address, settings);
}

HistoryCopied copy_history(const ReadableLog& source, CopyTarget& target,
                           const std::function<void(std::uint64_t)>& progress) {
  const std::vector<Part> parts = parts_of(source, target.log());
  const Positions ends = target.log().ends();
  HistoryCopied result;
  for (const Part& part : parts) {
    const Partition partition = part.mark.partition;
    if (ends[partition.value] > Offset{0}) continue;
    target.write({{partition, encode_copy_mark(part.mark)}}, {part.mark.begins});
  }
  target.flush();  // the marks first: who goes on needs them
  std::vector<std::unique_ptr<LogReader>> readers;
  std::vector<Offset> at;
  for (const Part& part : parts) {
    at.push_back(std::max(ends[part.mark.partition.value], Offset{1}));
    readers.push_back(source.read(part.mark.partition, part.source_of(at.back())));
    result.records += at.back().value - 1;
  }
  std::vector<StoredRecord> some;
  for (bool more = true; more;) {
    more = false;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      if (at[p] >= parts[p].mark.end) continue;
      readers[p]->next(some, batch_records);
      if (some.empty()) throw LogUnavailable("the log that is copied has become shorter");
      if (some.size() > parts[p].mark.end.value - at[p].value)
        some.resize(parts[p].mark.end.value - at[p].value);
      std::vector<NewRecord> records;
      std::vector<Instant> recorded;
      for (const StoredRecord& record : some) {
        records.push_back({record.partition, std::string(record.bytes)});
        recorded.push_back(record.recorded);
      }
      target.write(std::move(records), std::move(recorded));
      at[p].value += some.size();
      result.records += some.size();
      result.copied += some.size();
      more = true;
    }
    if (progress) progress(result.records);
  }
  target.flush();
  for (const Part& part : parts) compare(source, target.log(), part);
  return result;
}

}  // namespace geleit
