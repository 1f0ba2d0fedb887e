#include "projections/partition_fold.h"

#include <algorithm>
#include <unordered_map>

#include "events/codec.h"
#include "events/copy_mark.h"
#include "events/sha256.h"
#include "projections/evolve.h"
#include "projections/table_keys.h"

namespace geleit {

// ---------------------------------------------------------------- cases and places

PartitionFold::OneCase& PartitionFold::Cases::add(const CaseId& id) {
  if (size_ == cases_.size()) cases_.emplace_back();
  OneCase& one = cases_[size_++];
  one.id = id;
  one.error.clear();
  one.apart = false;
  one.stored.head = {};
  one.stored.state.clear();
  return one;
}

std::uint32_t PartitionFold::Places::find(const CaseId& id, const Cases& cases) const {
  const std::uint64_t hash = std::hash<CaseId>{}(id);
  const auto tag = static_cast<std::uint32_t>(hash);
  for (std::size_t at = (hash >> 32) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.place == none) return none;
    if (slot.tag == tag && cases[slot.place].id == id) return slot.place;
  }
}

void PartitionFold::Places::insert(std::uint64_t hash, std::uint32_t place) {
  std::size_t at = (hash >> 32) & (slots_.size() - 1);
  while (slots_[at].place != none) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {static_cast<std::uint32_t>(hash), place};
}

void PartitionFold::Places::add(const CaseId& id, std::uint32_t place) {
  const std::uint64_t hash = std::hash<CaseId>{}(id);
  hashes_.push_back(hash);
  if (hashes_.size() * 2 <= slots_.size()) return insert(hash, place);
  slots_.assign(slots_.size() * 2, {});
  for (std::size_t i = 0; i < hashes_.size(); ++i) insert(hashes_[i], static_cast<std::uint32_t>(i));
}

void PartitionFold::Places::clear() {
  slots_.assign(slots_.size(), {});
  hashes_.clear();
}

// ---------------------------------------------------------------- folding

void PartitionFold::begin(Partition partition, Offset until, std::optional<CivilDate> as_of) {
  partition_ = partition;
  as_of_ = as_of;
  cases_.clear();
  places_.clear();
  accepted_.clear();
  accepted_.reserve(until.value);
  settings_streams_.clear();
  out_ = {};
}

/// Of the event at hand.
void PartitionFold::fold(OneCase& one, Offset offset) const {
  Case& state = one.stored.state;
  if (one.apart) {
    // Whether it is a case by that day may change yet; nothing else of it is needed before the end.
    if (const auto day = day_referred(event_); day && state.exists()) state.received_on = *day;
    return;
  }
  try {
    evolve(state, event_, one.stored.head.hash);
    one.apart = as_of_ && state.whole_from > *as_of_;
  } catch (const FoldFailed& failure) {
    if (as_of_) {
      // What failed may not count.
      one.apart = true;
      state.clear();
      return;
    }
    one.error = failure.what();
    one.error_at = offset;
  }
}

void PartitionFold::add_stale(const StoredRecord& record) {
  out_.stale.emplace_back(stale_key(event_.stream, {record.partition, record.offset}),
                          stale_value(event_.version));
}

void PartitionFold::take_settings(const StoredRecord& record, const SettingsAdopted& settings) {
  SettingsStream& stream = settings_streams_[event_.stream];
  if (standing(stream.head, event_.version, event_.previous) == Standing::stale) return add_stale(record);
  stream.head = {event_.version, out_.reached.last};
  stream.trail.push_back({record.offset, event_.id.value.low});
  ++out_.events;
  try {
    rules_.adopt(event_);
    out_.settings.push_back(
        {settings.scope, event_.stream, event_.version, settings.hash, std::string(settings.content)});
  } catch (const std::exception& error) {
    // It stands still in its stream; nothing is judged by a set that cannot be read.
    out_.parked.push_back(
        {event_.stream, Table::stored_cases, {record.partition, record.offset}, error.what(), {}});
  }
}

void PartitionFold::add(const StoredRecord& record) {
  out_.reached = {geleit::next(record.offset),
                  record.bytes.size() >= hash_octets ? stated_hash(record.bytes) : Hash{}, record.recorded};
  try {
    decode(record.bytes, event_);
  } catch (const BadRecord&) {
    if (!is_copy_mark(record)) ++out_.foreign;
    return;
  }
  const auto* settings = std::get_if<SettingsAdopted>(&event_.payload);
  std::uint32_t place = settings ? Places::none : places_.find(event_.stream, cases_);
  if (place == Places::none) {
    // Only a stream that is new here can lie in the wrong partition.
    if (partition_of(event_.stream, partitions_) != partition_) {
      ++out_.foreign;
      return;
    }
    if (settings) return take_settings(record, *settings);
    place = cases_.size();
    cases_.add(event_.stream);
    places_.add(event_.stream, place);
  }
  OneCase& one = cases_[place];
  if (standing(one.stored.head, event_.version, event_.previous) == Standing::stale) return add_stale(record);
  ++out_.events;
  one.stored.head = {event_.version, out_.reached.last};
  one.last = record.offset;
  accepted_.push_back({place, {record.offset, event_.id.value.low}});
  if (one.error.empty()) fold(one, record.offset);
}

// ---------------------------------------------------------------- packing

/// A failed fold leaves a case undefined: it is folded again, up to the event before.
void PartitionFold::fold_before_failure(const ReadableLog& log, std::uint32_t number) {
  OneCase& one = cases_[number];
  std::vector<Position> before;
  for (const Accepted& accepted : accepted_) {
    if (accepted.entry.offset == one.error_at) break;
    if (accepted.number == number) before.push_back({partition_, accepted.entry.offset});
  }
  one.stored.state = {};
  log.read_at(before, [&](const StoredRecord& record) {
    decode(record.bytes, event_);
    evolve(one.stored.state, event_, stated_hash(record.bytes));
  });
}

/// The cases from place `from` on and before `to` that are folded apart, all their records in one reading.
void PartitionFold::fold_apart(const ReadableLog& log, std::uint32_t from, std::uint32_t to) {
  std::vector<Position> positions;
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, entry] : accepted_) {
    if (number < from || number >= to || !cases_[number].apart) continue;
    positions.push_back({partition_, entry.offset});
    numbers.push_back(number);
  }
  ByteArena octets{std::size_t{1} << 20};
  std::vector<std::vector<std::string_view>> records(to - from);
  auto number = numbers.begin();
  log.read_at(positions, [&](const StoredRecord& record) {
    records[*number++ - from].push_back(octets.keep_words(record.bytes));
  });
  for (std::uint32_t i = from; i < to; ++i) {
    OneCase& one = cases_[i];
    if (!one.apart) continue;
    PastFold past = fold_past(records[i - from], as_of_);
    one.stored.state = std::move(past.state);
    if (past.error.empty()) continue;
    one.error = std::move(past.error);
    std::size_t at = 0;
    for (std::size_t before = 0; numbers[at] != i || before++ < past.failed; ++at) {}
    one.error_at = positions[at].offset;
  }
}

void PartitionFold::fold_apart(const ReadableLog& log) {
  std::uint32_t from = 0;
  std::size_t records = 0;
  for (std::uint32_t i = 0; i < cases_.size(); ++i) {
    OneCase& one = cases_[i];
    if (one.apart && one.stored.state.exists() && one.stored.state.received_on > *as_of_) {
      one.apart = false;  // nothing of it counts
      one.stored.state.clear();
    }
    if (one.apart) records += one.stored.head.version.value;
    if (records < apart_records_max && i + 1 < cases_.size()) continue;
    if (records > 0) fold_apart(log, from, i + 1);
    from = i + 1;
    records = 0;
  }
}

void PartitionFold::pack_trails() {
  std::vector<char*> place(cases_.size());
  for (std::uint32_t i = 0; i < cases_.size(); ++i) {
    place[i] = out_.octets.take(cases_[i].stored.head.version.value * trail_entry_octets);
  }
  for (const Accepted& accepted : accepted_) {
    char*& at = place[accepted.number];
    at = write_big_endian(write_big_endian(at, accepted.entry.offset.value), accepted.entry.id_tail);
  }
  accepted_ = {};
  for (std::uint32_t i = 0; i < cases_.size(); ++i) {
    const std::size_t size = cases_[i].stored.head.version.value * trail_entry_octets;
    out_.streams.push_back({cases_[i].id, {}, {place[i] - size, size}, {}, cases_[i].last});
  }
}

FoldedPartition PartitionFold::finish(const ReadableLog& log) {
  fold_apart(log);
  for (std::uint32_t i = 0; i < cases_.size(); ++i) {
    const OneCase& one = cases_[i];
    if (one.error.empty()) continue;
    if (!one.apart) fold_before_failure(log, i);
    out_.parked.push_back({one.id, Table::stored_cases, {partition_, one.error_at}, one.error, {}});
  }
  out_.streams.reserve(cases_.size() + settings_streams_.size());
  pack_trails();
  std::unordered_map<std::string, std::string_view> providers;
  std::string bytes;
  for (std::uint32_t i = 0; i < cases_.size(); ++i) {
    const StoredCase& stored = cases_[i].stored;
    if (stored.head.version.value == 0) continue;
    bytes.clear();
    append_stored_case(bytes, stored);
    out_.streams[i].stored = out_.octets.keep(bytes);
    if (!stored.state.exists()) continue;
    auto known = providers.find(stored.state.provider);
    if (known == providers.end()) {
      known = providers.emplace(stored.state.provider, out_.octets.keep(stored.state.provider)).first;
    }
    out_.streams[i].provider = known->second;
  }
  std::erase_if(out_.streams, [](const FoldedPartition::Stream& s) { return s.stored.empty(); });
  for (const auto& [id, stream] : settings_streams_) {
    if (stream.head.version.value == 0) continue;
    bytes.clear();
    for (const TrailEntry& entry : stream.trail) append_trail(bytes, entry);
    out_.streams.push_back({id, {}, out_.octets.keep(bytes), {}, stream.trail.back().offset});
    out_.settings_streams.emplace_back(id, stream.head);
  }
  return std::move(out_);
}

}  // namespace geleit
