#include "events/embedded_log_damage.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {
namespace {

// The file is a sequence of blocks; a block holds records, each with a header of seven octets (u32 masked
// CRC-32C of type and data, u16 length, u8 type; little-endian); what is left of a block and holds no header
// is zero.
constexpr std::size_t block_octets = 32'768;
constexpr std::size_t header_octets = 7;
constexpr unsigned char type_max = 4;  // zero (preallocated), full, first, middle, last

constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    table[i] = crc;
  }
  return table;
}();

std::uint32_t masked_crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

std::uint32_t octet(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// Where in the block the first bad record begins. `last`: the file ends with this block.
std::optional<std::size_t> damage_in_block(std::string_view block, bool last) {
  std::size_t at = 0;
  while (block.size() - at >= header_octets) {
    const std::uint32_t crc = octet(block, at) | octet(block, at + 1) << 8 | octet(block, at + 2) << 16 |
                              octet(block, at + 3) << 24;
    const std::size_t length = octet(block, at + 4) | octet(block, at + 5) << 8;
    const std::uint32_t type = octet(block, at + 6);
    if (type == 0 && length == 0) return std::nullopt;  // never written
    if (at + header_octets + length > block.size()) {
      // Cut short by the end of the file: a torn write. Within a whole block no record may reach beyond it.
      return last && block.size() < block_octets && at + header_octets + length <= block_octets
                 ? std::nullopt
                 : std::optional(at);
    }
    if (type > type_max || masked_crc32c(block.substr(at + 6, 1 + length)) != crc) return at;
    at += header_octets + length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<WriteAheadDamage> find_write_ahead_damage(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    if (entry.path().extension() == ".log") files.push_back(entry.path());
  }
  std::ranges::sort(files);  // their names are numbers of equal length
  std::string block(block_octets, '\0');
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    for (std::uint64_t begin = 0; stream; begin += block_octets) {
      stream.read(block.data(), block_octets);
      const auto size = static_cast<std::size_t>(stream.gcount());
      const auto damage = damage_in_block({block.data(), size}, size < block_octets);
      if (damage) return WriteAheadDamage{file, begin + *damage};
    }
  }
  return std::nullopt;
}

}  // namespace geleit
