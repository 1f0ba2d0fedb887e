// How records lie in the embedded log: the records of one partition that were written together form a group,
// which is one value of the store. All numbers are little-endian; everything begins on a multiple of 8
// octets.
//
//   group   u8 format (1) · 3 octets 0 · u32 count · records …
//   record  i64 recorded (ms since 1970, UTC) · u32 length · u8 flags · u8 0 · u16 header length · header ·
//   bytes ·
//           0 to 7 octets 0, up to the next multiple of 8
//
// `header length` is a multiple of 8. Flags and header are reserved: no group of format 1 has any yet, and
// one that has is refused as written by a newer Geleit. A copied record needs none: `recorded` is then the
// time at which it was recorded first (copy_mark.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "events/log.h"

namespace geleit {

/// Octets aligned to 8 that grow at the end without being cleared first.
class AlignedBytes {
 public:
  /// Room for `size` more octets at the end; what earlier calls returned may have moved.
  char* extend(std::size_t size);
  [[nodiscard]] char* begin() { return reinterpret_cast<char*>(words_.get()); }
  void clear() { size_ = 0; }
  [[nodiscard]] const char* data() const { return reinterpret_cast<const char*>(words_.get()); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view view() const { return {data(), size_}; }

 private:
  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // octets, a multiple of 8
};

/// Some consecutive records of one partition and the octets of their value.
struct RecordGroup {
  Partition partition;
  Offset first;
  std::uint32_t count = 0;
  AlignedBytes value;

  [[nodiscard]] Offset end() const { return Offset{first.value + count}; }
};

/// A record that has been given its time and waits for its offset.
struct TimedRecord {
  Partition partition;
  Instant recorded;
  std::string_view bytes;
};

/// A value stops growing at this size, so that reading one record does not cost a large one.
inline constexpr std::size_t value_bytes_target = 32 << 10;

/// Lays the records out as groups, in their order, each partition from its offset in `ends` on; moves `ends`
/// to where they end. Within a partition the groups are in the order of their offsets.
[[nodiscard]] std::vector<std::shared_ptr<const RecordGroup>> make_groups(
    std::span<const TimedRecord> records, Positions& ends);

/// One value in the making, for records that come one by one.
class GroupBuilder {
 public:
  void add(Instant recorded, std::string_view bytes);
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t size() const { return value_.size(); }
  /// The value so far; at least one record must have been added. Valid until the next `add` or `clear`.
  [[nodiscard]] std::string_view value();
  void clear();

 private:
  AlignedBytes value_;
  std::uint32_t count_ = 0;
};

/// Walks through the records of a group's value, which need not be aligned; the records' bytes are views of
/// it.
class GroupCursor {
 public:
  /// Throws LogCorrupt when this is not the beginning of a group.
  explicit GroupCursor(std::string_view value);
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// Steps to the next record; false behind the last one. Throws LogCorrupt when the value is cut short or
  /// goes on behind its last record.
  bool next();
  [[nodiscard]] Instant recorded() const { return recorded_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  std::string_view value_;
  std::size_t at_;
  std::uint32_t count_;
  std::uint32_t left_;
  Instant recorded_;
  std::string_view bytes_;
};

}  // namespace geleit
