#include "projections/recorded_times.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "events/codec.h"
#include "events/sha256.h"

namespace geleit {
namespace {

constexpr std::size_t looked_at_max = 65'536;
/// Where so few are left, a guess is seldom further from where it lies than half a window of records, which
/// are about as many as are unpacked for one of them.
constexpr std::uint64_t few_records = 512;
constexpr std::uint64_t window_records = 64;
/// Places that the first question about a partition remembers, evenly apart, so that the second one guesses
/// as well as the hundredth.
constexpr std::uint64_t first_looks = 64;

}  // namespace

/// Every second one: what is left lies as it did.
void RecordedTimes::forget_half() {
  for (auto at = looked_at_.begin(); at != looked_at_.end();) {
    at = looked_at_.erase(at);
    if (at != looked_at_.end()) ++at;
  }
}

Reached RecordedTimes::reached_in(Partition partition, Offset end, Instant known_at) {
  struct Point {
    std::uint64_t offset;
    Instant recorded;
  };
  std::optional<Point> before, after;  // the nearest that were looked at
  {
    const std::lock_guard lock(mutex_);
    const auto above =
        looked_at_.upper_bound({partition, known_at, Offset{std::numeric_limits<std::uint64_t>::max()}});
    const auto point = [&](const auto& at) -> std::optional<Point> {
      const auto& [of, recorded, offset] = *at;
      return of == partition ? std::optional(Point{offset.value, recorded}) : std::nullopt;
    };
    if (above != looked_at_.end()) after = point(above);
    if (above != looked_at_.begin()) before = point(std::prev(above));
  }
  // All before `first` are known at that instant, none from `last` on.
  std::uint64_t first = before ? std::min(before->offset + 1, end.value) : 0;
  std::uint64_t last = after ? std::min(after->offset, end.value) : end.value;
  Reached out;
  const auto look = [&](std::uint64_t from, std::uint64_t to) {
    std::vector<Position> window;
    for (std::uint64_t at = from; at < to; ++at) window.push_back({partition, Offset{at}});
    log_.read_at(window, [&](const StoredRecord& record) {
      const Point point{record.offset.value, record.recorded};
      if (point.offset == from || point.offset + 1 == to) {
        const std::lock_guard lock(mutex_);
        if (looked_at_.size() >= looked_at_max) forget_half();
        looked_at_.emplace(partition, point.recorded, record.offset);
      }
      if (point.recorded > known_at) {
        if (point.offset < last) {
          last = point.offset;
          after = point;
        }
        return;
      }
      first = point.offset + 1;
      before = point;
      out = {next(record.offset), record.bytes.size() >= hash_octets ? stated_hash(record.bytes) : Hash{},
             record.recorded};
    });
  };
  if (const std::uint64_t apart = (last - first) / first_looks; !before && !after && apart > 0) {
    const std::uint64_t begin = first;
    for (std::uint64_t i = 1; i < first_looks; ++i) look(begin + i * apart, begin + i * apart + 1);
  }
  for (bool guess = true; first < last; guess = !guess) {
    std::uint64_t middle = first + (last - first) / 2;
    if (guess && before && after) {
      const double part = static_cast<double>(known_at.ms - before->recorded.ms) /
                          static_cast<double>(after->recorded.ms - before->recorded.ms);
      middle = before->offset +
               static_cast<std::uint64_t>(part * static_cast<double>(after->offset - before->offset));
    }
    const std::uint64_t left = last - first;
    const std::uint64_t size = left > few_records ? 1 : std::min(window_records, left);
    const std::uint64_t from = std::clamp(middle - std::min(middle, size / 2), first, last - size);
    look(from, from + size);
  }
  if (first > 0 && out.next.value != first) look(first - 1, first);
  return out;
}

Positions RecordedTimes::known_by(const Positions& ends, Instant known_at) {
  Positions out;
  for (std::uint16_t p = 0; p < ends.size(); ++p)
    out.push_back(reached_in(Partition{p}, ends[p], known_at).next);
  return out;
}

std::vector<Reached> RecordedTimes::reached_by(const StoreState& state, Instant known_at) {
  std::vector<Reached> out = state.reached;
  for (std::size_t p = 0; p < out.size(); ++p) {
    if (out[p].next.value == 0 || out[p].recorded <= known_at) continue;
    out[p] = reached_in(Partition{static_cast<std::uint16_t>(p)}, out[p].next, known_at);
  }
  return out;
}

}  // namespace geleit
