#include "projections/recorded_times.h"

#include "events/codec.h"
#include "events/sha256.h"

namespace geleit {
namespace {

constexpr std::size_t looked_at_max = 65'536;

}  // namespace

Instant RecordedTimes::recorded_at(Position position) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = looked_at_.find(position); found != looked_at_.end()) return found->second;
  }
  Instant recorded;
  log_.read_at({&position, 1}, [&](const StoredRecord& record) { recorded = record.recorded; });
  const std::lock_guard lock(mutex_);
  if (looked_at_.size() >= looked_at_max) looked_at_.clear();
  looked_at_.emplace(position, recorded);
  return recorded;
}

Offset RecordedTimes::known_by(Partition partition, Offset end, Instant known_at) {
  // The same halves are asked for again and again, whatever the instant and wherever the log ends.
  std::uint64_t size = 1;
  while (size < end.value) size *= 2;
  std::uint64_t first = 0;  // all before it are known at that instant
  const auto known = [&](std::uint64_t at) {
    return at < end.value && recorded_at({partition, Offset{at}}) <= known_at;
  };
  for (std::uint64_t step = size / 2; step > 0; step /= 2) {
    if (known(first + step - 1)) first += step;
  }
  if (known(first)) ++first;
  return Offset{first};
}

Positions RecordedTimes::known_by(const Positions& ends, Instant known_at) {
  Positions out;
  for (std::uint16_t p = 0; p < ends.size(); ++p) out.push_back(known_by(Partition{p}, ends[p], known_at));
  return out;
}

std::vector<Reached> RecordedTimes::reached_by(const StoreState& state, Instant known_at) {
  std::vector<Reached> out = state.reached;
  for (std::size_t p = 0; p < out.size(); ++p) {
    Reached& reached = out[p];
    if (reached.next.value == 0 || reached.recorded <= known_at) continue;
    const Partition partition{static_cast<std::uint16_t>(p)};
    const Offset first = known_by(partition, reached.next, known_at);
    reached = {};
    reached.next = first;
    if (first.value == 0) continue;
    const Position last{partition, Offset{first.value - 1}};
    log_.read_at({&last, 1}, [&](const StoredRecord& record) {
      reached.recorded = record.recorded;
      if (record.bytes.size() >= hash_octets) reached.last = stated_hash(record.bytes);
    });
  }
  return out;
}

}  // namespace geleit
