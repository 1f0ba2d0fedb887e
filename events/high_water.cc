#include "events/high_water.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "events/crc32c.h"

namespace geleit {
namespace {

const char* name_of(HighWater::Of of) { return of == HighWater::Of::reached ? "REACHED" : "LISTED"; }
constexpr char water_magic[8] = {'G', 'E', 'L', 'E', 'I', 'T', 'H', 'W'};
constexpr std::size_t slot_multiple = 512;
constexpr std::size_t values_max = 4096;

struct SlotHeader {
  char magic[8];
  std::uint64_t turn;
  std::uint32_t count;
  std::uint32_t crc;
};
static_assert(sizeof(SlotHeader) == 24);

std::size_t slot_octets(std::size_t count) {
  const std::size_t octets = sizeof(SlotHeader) + 8 * count;
  return (octets + slot_multiple - 1) / slot_multiple * slot_multiple;
}

std::uint32_t checksum(const SlotHeader& header, const char* values) {
  std::string all(reinterpret_cast<const char*>(&header.turn), sizeof header.turn);
  all.append(reinterpret_cast<const char*>(&header.count), sizeof header.count);
  all.append(values, 8 * header.count);
  return crc32c(all);
}

/// The header of a whole slot.
std::optional<SlotHeader> slot_at(const std::string& bytes, std::size_t at) {
  SlotHeader header{};
  if (bytes.size() < at + sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data() + at, sizeof header);
  if (std::memcmp(header.magic, water_magic, sizeof water_magic) != 0 || header.count > values_max ||
      bytes.size() < at + sizeof header + 8 * header.count ||
      checksum(header, bytes.data() + at + sizeof header) != header.crc) {
    return std::nullopt;
  }
  return header;
}

}  // namespace

bool HighWater::is_name(std::string_view name) {
  return name == name_of(Of::reached) || name == name_of(Of::listed);
}

std::optional<std::vector<std::uint64_t>> HighWater::read(const std::filesystem::path& dir, Of of) {
  std::ifstream in(dir / name_of(of), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::optional<SlotHeader> newest;
  std::size_t newest_at = 0;
  // Where the second slot lies follows from the count, so every place where one may lie is looked at.
  for (std::size_t at = 0; at < bytes.size(); at += slot_multiple) {
    const auto header = slot_at(bytes, at);
    if (!header || (newest && newest->turn > header->turn)) continue;
    newest = header;
    newest_at = at;
  }
  if (!newest) return std::nullopt;
  std::vector<std::uint64_t> values(newest->count);
  if (!values.empty())
    std::memcpy(values.data(), bytes.data() + newest_at + sizeof(SlotHeader), 8 * values.size());
  return values;
}

HighWater::~HighWater() {
  if (file_ >= 0) ::close(file_);
}

void HighWater::begin(const std::filesystem::path& dir, std::span<const std::uint64_t> values) {
  if (file_ >= 0) ::close(file_);
  const std::filesystem::path path = dir / name_of(of_);
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  slot_.assign(slot_octets(values.size()), '\0');
  // Both slots at once, so that no later write has to find room for one.
  turn_ = 0;
  write(values);
  write(values);
}

void HighWater::write(std::span<const std::uint64_t> values) {
  if (file_ < 0) return;
  SlotHeader header{};
  std::memcpy(header.magic, water_magic, sizeof water_magic);
  header.turn = ++turn_;
  header.count = static_cast<std::uint32_t>(values.size());
  char* const place = slot_.data() + sizeof header;
  if (!values.empty()) std::memcpy(place, values.data(), 8 * values.size());
  header.crc = checksum(header, place);
  std::memcpy(slot_.data(), &header, sizeof header);
  const auto at = static_cast<off_t>(turn_ % 2 * slot_.size());
  if (::pwrite(file_, slot_.data(), slot_.size(), at) != static_cast<ssize_t>(slot_.size())) {
    ::close(file_);
    file_ = -1;
  }
}

}  // namespace geleit
