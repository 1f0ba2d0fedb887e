#include "events/embedded_log_salvage.h"

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "events/embedded_log_database.h"

namespace geleit {
namespace {

// The write-ahead log's format: see rocks_damage.cc.
constexpr std::size_t ahead_block_octets = 32'768;
constexpr std::size_t fragment_head_octets = 7;
enum class Fragment : std::uint8_t { full = 1, first, middle, last };
// A write is u64 sequence · u32 count · entries; an entry of a value is its tag, key and value, each with its
// length as a varint before it.
constexpr std::size_t write_head_octets = 12;
constexpr unsigned char value_entry = 1, family_value_entry = 5;

rocksdb::ReadOptions unchecked() {
  rocksdb::ReadOptions options;
  options.verify_checksums = false;
  options.fill_cache = false;
  return options;
}

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

bool take_varint(std::string_view& bytes, std::uint32_t& out) {
  out = 0;
  for (unsigned shift = 0; shift <= 28 && !bytes.empty(); shift += 7) {
    const auto octet = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    out |= static_cast<std::uint32_t>(octet & 0x7fU) << shift;
    if ((octet & 0x80U) == 0) return true;
  }
  return false;
}
bool take_text(std::string_view& bytes, std::string_view& out) {
  std::uint32_t length = 0;
  if (!take_varint(bytes, length) || length > bytes.size()) return false;
  out = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return true;
}

/// Calls `entry(key, value)` for what can be understood of a write.
void each_entry(std::string_view write, const auto& entry) {
  if (write.size() < write_head_octets) return;
  write.remove_prefix(write_head_octets);
  while (!write.empty()) {
    const auto tag = static_cast<unsigned char>(write.front());
    write.remove_prefix(1);
    std::uint32_t family = 0;
    std::string_view key, value;
    if (tag == family_value_entry && !take_varint(write, family)) return;
    if ((tag != value_entry && tag != family_value_entry) || !take_text(write, key) ||
        !take_text(write, value))
      return;
    entry(key, value);
  }
}

/// Puts the writes of a write-ahead log together, whatever their checksums say.
void each_write(const std::filesystem::path& file, const auto& write) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::string begun;
  for (std::size_t block = 0; block < bytes.size(); block += ahead_block_octets) {
    const std::string_view part = std::string_view(bytes).substr(block, ahead_block_octets);
    for (std::size_t at = 0; at + fragment_head_octets <= part.size();) {
      const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(part[at + i]); };
      const std::size_t length = octet(4) | static_cast<std::size_t>(octet(5)) << 8U;
      const auto type = static_cast<Fragment>(octet(6));
      if (type < Fragment::full || type > Fragment::last || at + fragment_head_octets + length > part.size())
        break;  // next block
      if (type == Fragment::full || type == Fragment::first) begun.clear();
      begun.append(part.substr(at + fragment_head_octets, length));
      if (type == Fragment::full || type == Fragment::last) write(std::string_view(begun));
      at += fragment_head_octets + length;
    }
  }
}

}  // namespace

struct EmbeddedLogSalvage::Files {
  struct Place {
    int sorted = -1;    // of `readers`; -1: in `value`
    std::string value;  // from a write-ahead log
  };
  std::optional<LogInfo> info;
  std::vector<std::unique_ptr<rocksdb::SstFileReader>> readers;
  std::map<Position, Place> groups;
  mutable std::mutex mutex;
  mutable std::map<int, std::unique_ptr<rocksdb::Iterator>> iterators;

  void note(std::string_view key, std::string_view value, int sorted) {
    if (const auto identity = LogDatabase::identity_of(key, value)) {
      if (!info) info = LogInfo{identity->id, identity->partitions, identity->created, "embedded", {}};
    } else if (const auto position = LogDatabase::position_of(key)) {
      groups.try_emplace(*position, Place{sorted, sorted < 0 ? std::string(value) : std::string()});
    }
  }

  void read_sorted(const std::filesystem::path& file) {
    rocksdb::Options options;
    auto reader = std::make_unique<rocksdb::SstFileReader>(options);
    if (!reader->Open(file.string()).ok()) return;
    const int number = static_cast<int>(readers.size());
    const std::unique_ptr<rocksdb::Iterator> all(reader->NewIterator(unchecked()));
    std::string reached;
    for (all->SeekToFirst();;) {
      for (; all->Valid(); all->Next()) {
        reached = all->key().ToString();
        note(view_of(all->key()), view_of(all->value()), number);
      }
      if (all->status().ok() || !skip(*all, reached)) break;
    }
    readers.push_back(std::move(reader));
  }

  /// Over blocks that cannot be read, to the first key behind them; false: there is none.
  static bool skip(rocksdb::Iterator& all, const std::string& reached) {
    auto from = LogDatabase::position_of(reached);
    if (!from) from = Position{};
    const auto seek = [&](std::uint64_t ahead) {
      all.Seek(LogDatabase::key_at({from->partition, Offset{from->offset.value + ahead}}));
      return all.Valid();
    };
    std::uint64_t step = 1;
    while (!seek(step)) {
      if (all.status().ok() || step > std::uint64_t{1} << 40U) break;
      step *= 2;
    }
    if (!all.Valid()) {
      // What is left of the file may be of the next partition.
      all.Seek(LogDatabase::key_at({Partition{static_cast<std::uint16_t>(from->partition.value + 1)}, {}}));
      return all.Valid() && view_of(all.key()) > reached;
    }
    std::uint64_t bad = step / 2;
    while (step - bad > 1) {
      const std::uint64_t middle = bad + (step - bad) / 2;
      (seek(middle) ? step : bad) = middle;
    }
    return seek(step);
  }
};

EmbeddedLogSalvage::EmbeddedLogSalvage(const std::filesystem::path& dir) : files_(std::make_unique<Files>()) {
  std::vector<std::filesystem::path> sorted, ahead;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    if (entry.path().extension() == ".sst") sorted.push_back(entry.path());
    if (entry.path().extension() == ".log") ahead.push_back(entry.path());
  }
  std::ranges::sort(sorted);
  std::ranges::sort(ahead);
  for (const auto& file : sorted) files_->read_sorted(file);
  for (const auto& file : ahead) {
    each_write(file, [this](std::string_view write) {
      each_entry(write,
                 [this](std::string_view key, std::string_view value) { files_->note(key, value, -1); });
    });
  }
  if (files_->info) files_->info->where = dir.string();
}

EmbeddedLogSalvage::~EmbeddedLogSalvage() = default;

const std::optional<LogInfo>& EmbeddedLogSalvage::info() const { return files_->info; }

std::vector<Offset> EmbeddedLogSalvage::groups(Partition partition) const {
  std::vector<Offset> found;
  for (auto group = files_->groups.lower_bound({partition, {}});
       group != files_->groups.end() && group->first.partition == partition; ++group)
    found.push_back(group->first.offset);
  return found;
}

std::optional<std::string> EmbeddedLogSalvage::value(Partition partition, Offset first) const {
  const auto found = files_->groups.find({partition, first});
  if (found == files_->groups.end()) return std::nullopt;
  const Files::Place& place = found->second;
  if (place.sorted < 0) return place.value;
  const std::lock_guard lock(files_->mutex);
  auto& iterator = files_->iterators[place.sorted];
  if (!iterator)
    iterator.reset(files_->readers[static_cast<std::size_t>(place.sorted)]->NewIterator(unchecked()));
  const std::string key = LogDatabase::key_at({partition, first});
  iterator->Seek(key);
  if (!iterator->Valid() || view_of(iterator->key()) != key) return std::nullopt;
  return iterator->value().ToString();
}

}  // namespace geleit
