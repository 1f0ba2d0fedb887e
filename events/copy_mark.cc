#include "events/copy_mark.h"

#include <fmt/format.h>

#include <cstring>

#include "events/sha256.h"

namespace geleit {
namespace {

constexpr char mark_magic[8] = {'G', 'E', 'L', 'E', 'I', 'T', 'C', 'M'};
constexpr std::uint32_t mark_format = 1;

struct StoredMark {
  char magic[8];
  std::uint32_t format;
  std::uint16_t partition;
  std::uint16_t partitions;
  std::uint64_t source_high;
  std::uint64_t source_low;
  std::uint64_t source_end;
  std::uint64_t end;
  std::int64_t begins_ms;
  std::int64_t latest_ms;
};
static_assert(sizeof(StoredMark) == 64);
constexpr std::size_t mark_octets = sizeof(StoredMark) + hash_octets;

}  // namespace

std::string encode_copy_mark(const CopyMark& mark) {
  StoredMark stored{};
  std::memcpy(stored.magic, mark_magic, sizeof mark_magic);
  stored.format = mark_format;
  stored.partition = mark.partition.value;
  stored.partitions = mark.partitions;
  stored.source_high = mark.source.high;
  stored.source_low = mark.source.low;
  stored.source_end = mark.source_end.value;
  stored.end = mark.end.value;
  stored.begins_ms = mark.begins.ms;
  stored.latest_ms = mark.latest.ms;
  std::string record(mark_octets, '\0');
  std::memcpy(record.data(), &stored, sizeof stored);
  write_octets(sha256({record.data(), sizeof stored}), record.data() + sizeof stored);
  return record;
}

std::optional<CopyMark> decode_copy_mark(std::string_view record) {
  if (record.size() != mark_octets || std::memcmp(record.data(), mark_magic, sizeof mark_magic) != 0) {
    return std::nullopt;
  }
  StoredMark stored{};
  std::memcpy(&stored, record.data(), sizeof stored);
  if (stored.format != mark_format ||
      sha256(record.substr(0, sizeof stored)) != hash_of_octets(record.data() + sizeof stored)) {
    return std::nullopt;
  }
  return CopyMark{{stored.source_high, stored.source_low},
                  Partition{stored.partition},
                  stored.partitions,
                  Offset{stored.source_end},
                  Offset{stored.end},
                  Instant{stored.begins_ms},
                  Instant{stored.latest_ms}};
}

bool is_copy_mark(const StoredRecord& record) {
  return record.offset == Offset{0} && decode_copy_mark(record.bytes).has_value();
}

std::vector<std::optional<CopyMark>> copy_marks_of(const ReadableLog& log) {
  const Positions ends = log.ends();
  std::vector<Position> first;
  for (std::uint16_t p = 0; p < ends.size(); ++p) {
    if (ends[p] > Offset{0}) first.push_back({Partition{p}, Offset{0}});
  }
  std::vector<std::optional<CopyMark>> marks(ends.size());
  log.read_at(first, [&](const StoredRecord& record) {
    marks[record.partition.value] = decode_copy_mark(record.bytes);
  });
  return marks;
}

void require_whole_copy(const ReadableLog& log) {
  const auto marks = copy_marks_of(log);
  const Positions ends = log.ends();
  std::size_t missing = 0;
  bool copied = false;
  for (std::size_t p = 0; p < marks.size(); ++p) {
    copied = copied || marks[p];
    if (!marks[p] || ends[p] < marks[p]->end) ++missing;
  }
  if (!copied || missing == 0) return;
  throw LogRefused(
      fmt::format("the log in {} is a copy that is not finished: {} of {} partitions are not complete. Give "
                  "the same geleit log copy again, which goes on where it stopped",
                  log.info().where, missing, marks.size()));
}

}  // namespace geleit
