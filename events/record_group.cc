#include "events/record_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

namespace geleit {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the formats of the log are written as they lie in memory");

constexpr std::uint8_t group_format = 1;

struct GroupHeader {
  std::uint8_t format;
  std::uint8_t zero[3];
  std::uint32_t count;
};
static_assert(sizeof(GroupHeader) == 8);

struct RecordHeader {
  std::int64_t recorded_ms;
  std::uint32_t length;
  std::uint8_t flags;
  std::uint8_t zero;
  std::uint16_t header_length;
};
static_assert(sizeof(RecordHeader) == 16);

constexpr std::size_t rounded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

constexpr std::uint32_t no_group = std::numeric_limits<std::uint32_t>::max();

/// Writes a record at `at`, which must have room for it; where it ends.
char* write_record(char* at, Instant recorded, std::string_view bytes) {
  const RecordHeader header{recorded.ms, static_cast<std::uint32_t>(bytes.size()), 0, 0, 0};
  std::memcpy(at, &header, sizeof header);
  at += sizeof header;
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  std::memset(at + bytes.size(), 0, rounded(bytes.size()) - bytes.size());
  return at + rounded(bytes.size());
}

}  // namespace

char* AlignedBytes::extend(std::size_t size) {
  if (size_ + size > capacity_) {
    const std::size_t capacity = std::max(rounded(size_ + size), capacity_ * 2);
    auto words = std::make_unique_for_overwrite<std::uint64_t[]>(capacity / 8);
    if (size_ > 0) std::memcpy(words.get(), words_.get(), size_);
    words_ = std::move(words);
    capacity_ = capacity;
  }
  char* place = reinterpret_cast<char*>(words_.get()) + size_;
  size_ += size;
  return place;
}

std::vector<std::shared_ptr<const RecordGroup>> make_groups(std::span<const TimedRecord> records,
                                                            Positions& ends) {
  // First to which group each record goes and how large each group is, so that every group is allocated once
  // and exactly: groups stay in memory for a while.
  std::vector<std::shared_ptr<RecordGroup>> groups;
  std::vector<std::size_t> sizes;
  std::vector<std::uint32_t> group_of(records.size());
  std::vector<std::uint32_t> open(ends.size(), no_group);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const TimedRecord& record = records[i];
    assert(record.bytes.size() <= std::numeric_limits<std::uint32_t>::max());
    const std::size_t size = sizeof(RecordHeader) + rounded(record.bytes.size());
    std::uint32_t& group = open.at(record.partition.value);
    if (group == no_group || sizes[group] + size > value_bytes_target) {
      group = static_cast<std::uint32_t>(groups.size());
      groups.push_back(std::make_shared<RecordGroup>());
      groups.back()->partition = record.partition;
      groups.back()->first = ends[record.partition.value];
      sizes.push_back(sizeof(GroupHeader));
    }
    group_of[i] = group;
    sizes[group] += size;
    ++groups[group]->count;
    ++ends[record.partition.value].value;
  }

  std::vector<char*> place(groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const GroupHeader header{group_format, {}, groups[g]->count};
    place[g] = groups[g]->value.extend(sizes[g]);
    std::memcpy(place[g], &header, sizeof header);
    place[g] += sizeof header;
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const TimedRecord& record = records[i];
    char*& at = place[group_of[i]];
    at = write_record(at, record.recorded, record.bytes);
  }
  return {groups.begin(), groups.end()};
}

void GroupBuilder::add(Instant recorded, std::string_view bytes) {
  assert(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  if (count_ == 0) (void)value_.extend(sizeof(GroupHeader));
  (void)write_record(value_.extend(sizeof(RecordHeader) + rounded(bytes.size())), recorded, bytes);
  ++count_;
}

std::string_view GroupBuilder::value() {
  assert(count_ > 0);
  const GroupHeader header{group_format, {}, count_};
  std::memcpy(value_.begin(), &header, sizeof header);
  return value_.view();
}

void GroupBuilder::clear() {
  value_.clear();
  count_ = 0;
}

GroupCursor::GroupCursor(std::string_view value) : value_(value), at_(sizeof(GroupHeader)) {
  GroupHeader header{};
  if (value.size() < sizeof header) {
    throw LogCorrupt(fmt::format("expected a group of records, but there are only {} octets", value.size()));
  }
  std::memcpy(&header, value.data(), sizeof header);
  if (header.format != group_format || header.zero[0] != 0 || header.zero[1] != 0 || header.zero[2] != 0) {
    throw LogCorrupt(
        fmt::format("expected a group of records in format {}, but found format {}: it is damaged or was "
                    "written by a newer Geleit",
                    group_format, header.format));
  }
  if (header.count == 0) throw LogCorrupt("expected a group of at least one record, but it holds none");
  count_ = left_ = header.count;
}

bool GroupCursor::next() {
  if (left_ == 0) {
    if (at_ == value_.size()) return false;
    throw LogCorrupt(fmt::format("expected a group of {} records to end after {} octets, but it has {}",
                                 count_, at_, value_.size()));
  }
  RecordHeader header{};
  if (value_.size() - at_ >= sizeof header) {
    std::memcpy(&header, value_.data() + at_, sizeof header);
    if (header.flags != 0 || header.zero != 0 || header.header_length != 0) {
      throw LogCorrupt(
          fmt::format("expected a plain record, but found flags {}: it is damaged or was written by a newer "
                      "Geleit",
                      header.flags));
    }
    at_ += sizeof header;
    const std::size_t size = rounded(header.length);
    if (value_.size() - at_ >= size) {
      recorded_ = Instant{header.recorded_ms};
      bytes_ = value_.substr(at_, header.length);
      at_ += size;
      --left_;
      return true;
    }
  }
  throw LogCorrupt(fmt::format("a group of {} records is cut short: {} of them are missing", count_, left_));
}

}  // namespace geleit
