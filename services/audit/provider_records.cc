#include "services/audit/provider_records.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "events/codec.h"
#include "events/copy_mark.h"
#include "projections/rebuild.h"
#include "projections/rules/settings.h"

namespace geleit {
namespace {

constexpr std::size_t records_at_once = 4096;

/// Whose a case is.
enum class Owner : std::uint8_t { unknown, ours, another };
struct Stream {
  Head head;
  Owner owner = Owner::unknown;
};

bool decoded(const StoredRecord& record, Event& event) {
  try {
    decode(record.bytes, event);
    return true;
  } catch (const BadRecord&) { return false; }
}

void look(const std::stop_token& stop) {
  if (stop.stop_requested()) throw RebuildStopped("the log was not read to its end: asked to stop");
}

}  // namespace

ProviderRecords::ProviderRecords(const ReadableLog& log, std::string_view provider,
                                 const RecordedRange& range, const Read& progress,
                                 const std::stop_token& stop)
    : info_(log.info()), positions_(info_.partitions) {
  const Positions ends = log.ends();
  for (std::uint16_t p = 0; p < info_.partitions; ++p)
    take(log, Partition{p}, ends[p], provider, range, progress, stop);
  if (!known_) look_for(log, provider, stop);
}

ProviderRecords::ProviderRecords(const LogInfo& info, std::vector<Kept> records)
    : info_(info),
      records_(std::make_move_iterator(records.begin()), std::make_move_iterator(records.end())),
      known_(true) {
  positions_ = ends();
}

void ProviderRecords::take(const ReadableLog& log, Partition partition, Offset end, std::string_view provider,
                           const RecordedRange& range, const Read& progress, const std::stop_token& stop) {
  const CaseId installation = installation_stream(), own = provider_stream(provider);
  std::unordered_map<CaseId, Stream> streams;
  std::vector<StoredRecord> found;
  std::deque<Kept> kept;
  Event event;
  bool past = false;
  const auto reader = log.read(partition, Offset{});
  for (Offset next_offset; next_offset < end && !past;) {
    look(stop);
    reader->next(found, records_at_once);
    if (found.empty()) break;
    for (const StoredRecord& record : found) {
      latest_ = std::max(latest_, record.recorded);
      past = record.recorded >= range.until;
      if (past) break;
      next_offset = next(record.offset);
      positions_[partition.value] = next_offset;
      ++read_;
      const auto link = link_of(record.bytes);
      if (!link || partition_of(link->stream, info_.partitions) != partition || !decoded(record, event)) {
        if (!is_copy_mark(record)) ++foreign_;
        continue;
      }
      Stream& stream = streams[link->stream];
      const Standing stands = standing(stream.head, link->version, link->previous);
      const bool first = stream.head.version.value == 0;
      if (stands == Standing::accepted) stream.head = {link->version, link->hash};
      const bool settings = std::holds_alternative<SettingsAdopted>(event.payload);
      const bool named = event.provider == provider;
      if (settings) {
        stream.owner = event.stream == installation || event.stream == own ? Owner::ours : Owner::another;
      } else if (first && stands == Standing::accepted) {
        stream.owner = named ? Owner::ours : Owner::another;
      }
      known_ = known_ || named;
      if (stream.owner == Owner::another || (stream.owner == Owner::unknown && !named)) continue;
      kept.push_back({{record.partition, record.offset},
                      record.recorded,
                      link->stream,
                      stands,
                      settings,
                      std::string(record.bytes)});
    }
    if (progress) progress(read_);
  }
  final_ = final_ && past;
  for (Kept& one : kept) {
    // What came before a case's first accepted event was taken by what it said itself.
    if (streams[one.stream].owner == Owner::another) continue;
    if (!one.settings && range.holds(one.recorded)) in_range_.insert(one.stream);
    records_.push_back(std::move(one));
  }
}

void ProviderRecords::look_for(const ReadableLog& log, std::string_view provider,
                               const std::stop_token& stop) {
  std::vector<StoredRecord> found;
  Event event;
  const Positions ends = log.ends();
  for (std::uint16_t p = 0; p < info_.partitions && !known_; ++p) {
    const auto reader = log.read(Partition{p}, positions_[p]);
    for (Offset next_offset = positions_[p]; next_offset < ends[p] && !known_;) {
      look(stop);
      reader->next(found, records_at_once);
      if (found.empty()) break;
      next_offset = next(found.back().offset);
      known_ = std::any_of(found.begin(), found.end(), [&](const StoredRecord& record) {
        return decoded(record, event) && event.provider == provider;
      });
    }
  }
}

// ---------------------------------------------------------------- as a log

class ProviderRecords::Reader final : public LogReader {
 public:
  Reader(std::deque<Kept>::const_iterator from, std::deque<Kept>::const_iterator to, Partition partition)
      : from_(from), to_(to), partition_(partition) {}
  void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
    out.clear();
    for (; from_ != to_ && from_->at.partition == partition_ && out.size() < records_max; ++from_)
      out.push_back({from_->at.partition, from_->at.offset, from_->recorded, from_->bytes});
  }

 private:
  std::deque<Kept>::const_iterator from_, to_;
  Partition partition_;
};

std::deque<ProviderRecords::Kept>::const_iterator ProviderRecords::at(const Position& position) const {
  return std::lower_bound(records_.begin(), records_.end(), position,
                          [](const Kept& kept, const Position& wanted) { return kept.at < wanted; });
}

Positions ProviderRecords::ends() const {
  Positions ends(info_.partitions);
  for (const Kept& kept : records_) ends[kept.at.partition.value] = next(kept.at.offset);
  return ends;
}

std::unique_ptr<LogReader> ProviderRecords::read(Partition partition, Offset from) const {
  return std::make_unique<Reader>(at({partition, from}), records_.end(), partition);
}

void ProviderRecords::read_at(std::span<const Position> positions,
                              const std::function<void(const StoredRecord&)>& found) const {
  for (const Position& position : positions) {
    const auto kept = at(position);
    if (kept == records_.end() || kept->at != position)
      throw LogCorrupt("expected a record that was read before, but it is not there");
    found({kept->at.partition, kept->at.offset, kept->recorded, kept->bytes});
  }
}

}  // namespace geleit
