#include "events/kafka_log_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace geleit {
namespace {

// Looked up and held in memory at once.
constexpr std::size_t topic_positions_max = 1'024;
// A gap up to so many records is read through, a larger one is jumped over.
constexpr std::uint64_t read_through_max = 1'000;
// A reader's step ends at about so many octets, as it does at the number of records asked for.
constexpr std::size_t read_bytes_max = 8 << 20;

constexpr std::size_t rounded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

struct Copied {
  Offset offset;
  Instant recorded;
  std::size_t at = 0;  // in the copies
  std::size_t size = 0;
};

Copied copy(Offset offset, Instant recorded, std::string_view bytes, AlignedBytes& copies) {
  const Copied copied{offset, recorded, copies.size(), bytes.size()};
  char* place = copies.extend(rounded(bytes.size()));
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  return copied;
}

}  // namespace

class KafkaLogContents::Reader final : public LogReader {
 public:
  Reader(const KafkaLogContents& log, Partition partition, Offset from)
      : log_(log), partition_(partition), from_(from) {}

  void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
    out.clear();
    recent_.clear();
    const Offset end = log_.reached(partition_);
    if (from_ >= end) return;
    if (log_.tail_.take(partition_, from_, records_max, recent_)) {
      fetch_.reset();
      for (const auto& group : recent_) {
        // Groups are here a moment before the end is moved on; the next call gives those behind it.
        if (group->first >= end) break;
        give(*group, out);
      }
      return;
    }
    fetch(end, std::max<std::size_t>(records_max, 1), out);
  }

 private:
  void give(const RecordGroup& group, std::vector<StoredRecord>& out) {
    GroupCursor cursor(group.value.view());
    Offset offset = group.first;
    while (cursor.next()) {
      if (offset >= from_) {
        out.push_back({partition_, offset, cursor.recorded(), cursor.bytes()});
        from_ = geleit::next(offset);
      }
      offset = geleit::next(offset);
    }
  }

  void fetch(Offset end, std::size_t records_max, std::vector<StoredRecord>& out) {
    copied_.clear();
    copies_.clear();
    if (!fetch_) fetch_ = log_.fetchers_.fetch(partition_, from_);
    if (fetch_->at() != from_) fetch_->seek(from_);
    while (copied_.size() < records_max && copies_.size() < read_bytes_max && fetch_->at() < end) {
      const FetchedRecord record = fetch_->next();
      copied_.push_back(copy(record.offset(), record.recorded, record.bytes(), copies_));
    }
    for (const Copied& each : copied_) {
      out.push_back({partition_, each.offset, each.recorded, {copies_.data() + each.at, each.size}});
    }
    from_ = fetch_->at();
  }

  const KafkaLogContents& log_;
  Partition partition_;
  Offset from_;
  std::vector<std::shared_ptr<const RecordGroup>> recent_;
  std::unique_ptr<KafkaFetch> fetch_;
  std::vector<Copied> copied_;
  AlignedBytes copies_;
};

KafkaLogContents::KafkaLogContents(const KafkaLogOptions& options, bool follows)
    : options_(options),
      control_(RD_KAFKA_CONSUMER, options.address, options.address.topic, options.settings,
               {{"topic.metadata.refresh.interval.ms", "1000"}, {"metadata.max.age.ms", "900000"}}),
      identity_(check_kafka_topics(control_, options.address, options.settings)),
      times_(identity_.partitions),
      fetchers_(options.address, options.settings, control_, times_, identity_.partitions) {
  opened_at_ = ask_ends();
  look_for_marks();
  tail_.reset(identity_.partitions, options.recent_bytes_max);
  if (follows) {
    follower_ = std::make_unique<KafkaFollower>(options.address, options.settings, opened_at_,
                                                latest_before(control_, opened_at_, kafka_answer_ms_max),
                                                times_, tail_);
  }
}

KafkaLogContents::~KafkaLogContents() = default;

LogInfo KafkaLogContents::info() const {
  return {identity_.id, identity_.partitions, identity_.created, "kafka", to_string(options_.address)};
}

void KafkaLogContents::check(Partition partition) const {
  if (partition.value < identity_.partitions) return;
  throw LogRefused(
      fmt::format("expected a partition below {}, but got {}", identity_.partitions, partition.value));
}

Positions KafkaLogContents::ask_ends() const {
  const auto offsets =
      offsets_at(control_, std::vector<std::int64_t>(identity_.partitions, kafka_end), kafka_answer_ms_max);
  Positions ends;
  for (const std::int64_t offset : offsets) {
    ends.emplace_back(static_cast<std::uint64_t>(std::max<std::int64_t>(offset, 0)));
  }
  return ends;
}

// What was copied has its times from before; without its mark a record further on could not be told.
void KafkaLogContents::look_for_marks() const {
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) {
    if (opened_at_[p] > Offset{0}) (void)fetchers_.fetch(Partition{p}, Offset{0})->next();
  }
}

Offset KafkaLogContents::reached(Partition partition) const {
  return follower_ ? follower_->reached(partition) : opened_at_[partition.value];
}

Positions KafkaLogContents::ends() const {
  if (!follower_) return opened_at_;
  Positions ends = ask_ends();
  // A broker that has just become leader may know an earlier end for a moment.
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) ends[p] = std::max(ends[p], reached(Partition{p}));
  return ends;
}

std::unique_ptr<LogReader> KafkaLogContents::read(Partition partition, Offset from) const {
  check(partition);
  return std::make_unique<Reader>(*this, partition, from);
}

void KafkaLogContents::read_at(std::span<const Position> positions,
                               const std::function<void(const StoredRecord&)>& found) const {
  for (std::size_t at = 0; at < positions.size(); at += topic_positions_max) {
    read_some_at(positions.subspan(at, std::min(topic_positions_max, positions.size() - at)), found);
  }
}

void KafkaLogContents::read_some_at(std::span<const Position> positions,
                                    const std::function<void(const StoredRecord&)>& found) const {
  std::vector<Copied> records(positions.size());
  AlignedBytes copies;
  std::vector<std::uint32_t> order(positions.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [positions](std::uint32_t i) { return positions[i]; });

  std::unique_ptr<KafkaFetch> fetch;
  Partition fetched;
  std::vector<std::shared_ptr<const RecordGroup>> recent;
  const std::uint32_t* before = nullptr;
  for (const std::uint32_t& i : order) {
    const Position& position = positions[i];
    check(position.partition);
    if (before != nullptr && positions[*before] == position) {
      records[i] = records[*before];
      continue;
    }
    before = &i;
    if (position.offset >= reached(position.partition)) {
      throw LogCorrupt(fmt::format(
          "the log at {} has lost its tail: expected a record at {}:{}, but the partition ends at {}",
          to_string(options_.address), position.partition.value, position.offset.value,
          reached(position.partition).value));
    }
    recent.clear();
    if (tail_.take(position.partition, position.offset, 1, recent)) {
      GroupCursor cursor(recent.front()->value.view());
      for (Offset at = recent.front()->first; cursor.next(); at = next(at)) {
        if (at != position.offset) continue;
        records[i] = copy(at, cursor.recorded(), cursor.bytes(), copies);
        break;
      }
      continue;
    }
    if (!fetch || fetched != position.partition) {
      fetch = fetchers_.fetch(position.partition, position.offset);
      fetched = position.partition;
    } else if (position.offset.value - fetch->at().value > read_through_max) {
      fetch->seek(position.offset);
    }
    while (true) {
      const FetchedRecord record = fetch->next();
      if (record.offset() < position.offset) continue;
      records[i] = copy(record.offset(), record.recorded, record.bytes(), copies);
      break;
    }
  }
  fetch.reset();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    found({positions[i].partition,
           positions[i].offset,
           records[i].recorded,
           {copies.data() + records[i].at, records[i].size}});
  }
}

}  // namespace geleit
