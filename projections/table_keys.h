// How rows, index entries, trails and positions are keyed in the store. Numbers are big-endian so that keys
// sort as numbers do.
//
//   row     0x00 provider 0x00 key                          -> row bytes
//   index   0x01 column provider 0x00 value key key-length  -> nothing
//
// The provider stands first, so that a list over one provider is one range and a list over all is a merge of
// as many ranges as there are providers. Column 0 is the row order itself and needs no entries.
#pragma once

#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "events/named.h"
#include "projections/read_model.h"

namespace geleit {

/// The same octets in the other order.
template <class Int>
[[nodiscard]] Int turned(Int value) {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(Int) == 8) return static_cast<Int>(__builtin_bswap64(value));
  if constexpr (sizeof(Int) == 4) return static_cast<Int>(__builtin_bswap32(value));
  if constexpr (sizeof(Int) == 2) return static_cast<Int>(__builtin_bswap16(value));
  return value;
}
/// Writes the octets of `value` to `out` and returns where they end.
template <class Int>
char* write_big_endian(char* out, Int value) {
  const Int octets = turned(value);
  std::memcpy(out, &octets, sizeof octets);
  return out + sizeof octets;
}
template <class Int>
void append_big_endian(std::string& out, Int value) {
  char octets[sizeof(Int)];
  out.append(octets, static_cast<std::size_t>(write_big_endian(octets, value) - octets));
}
template <class Int>
[[nodiscard]] Int read_big_endian(std::string_view bytes) {
  assert(bytes.size() >= sizeof(Int));
  Int octets;
  std::memcpy(&octets, bytes.data(), sizeof octets);
  return turned(octets);
}

inline constexpr std::size_t id_octets = 16;
inline char* write_id(char* out, const Uuid& id) {
  return write_big_endian(write_big_endian(out, id.high), id.low);
}
[[nodiscard]] inline std::string id_key(const Uuid& id) {
  std::string out;
  out.reserve(16);
  append_big_endian(out, id.high);
  append_big_endian(out, id.low);
  return out;
}
[[nodiscard]] inline Uuid read_id(std::string_view bytes) {
  return {read_big_endian<std::uint64_t>(bytes), read_big_endian<std::uint64_t>(bytes.substr(8))};
}

inline constexpr char row_space = 0;
inline constexpr char index_space = 1;

/// What all rows of a provider in a table begin with; an empty provider gives the beginning of all rows.
[[nodiscard]] inline std::string rows_of(std::string_view provider) {
  std::string out(1, row_space);
  if (!provider.empty()) out.append(provider).push_back('\0');
  return out;
}
[[nodiscard]] inline std::string row_key(std::string_view provider, std::string_view key) {
  return rows_of(provider).append(key);
}
/// What all index entries of a column and provider begin with.
[[nodiscard]] inline std::string index_of(std::uint8_t column, std::string_view provider) {
  std::string out{index_space, static_cast<char>(column)};
  out.append(provider).push_back('\0');
  return out;
}
[[nodiscard]] inline std::string index_key(std::uint8_t column, std::string_view provider,
                                           std::string_view value, std::string_view key) {
  assert(column != 0 && key.size() <= 255);
  std::string out = index_of(column, provider);
  out.append(value).append(key).push_back(static_cast<char>(key.size()));
  return out;
}
/// The row's key within an index entry.
[[nodiscard]] inline std::string_view key_in_index(std::string_view entry) {
  const auto length = static_cast<unsigned char>(entry.back());
  assert(entry.size() > length);
  return entry.substr(entry.size() - 1 - length, length);
}

/// Versions 1 to 32 of a stream lie in block 0 of its trail, and so on.
inline constexpr std::uint32_t trail_block_versions = 32;
/// Offset and the last eight octets of the event's id.
struct TrailEntry {
  Offset offset;
  std::uint64_t id_tail = 0;
  friend bool operator==(const TrailEntry&, const TrailEntry&) = default;
};
inline constexpr std::size_t trail_entry_octets = 16;
[[nodiscard]] inline std::string trail_key(const CaseId& stream, std::uint32_t block) {
  std::string out = id_key(stream.value);
  append_big_endian(out, block);
  return out;
}
[[nodiscard]] inline std::uint32_t trail_block_of(Version version) {
  assert(version.value > 0);
  return (version.value - 1) / trail_block_versions;
}
inline void append_trail(std::string& block, const TrailEntry& entry) {
  append_big_endian(block, entry.offset.value);
  append_big_endian(block, entry.id_tail);
}
[[nodiscard]] inline TrailEntry read_trail(std::string_view block, std::size_t index) {
  const auto bytes = block.substr(index * trail_entry_octets, trail_entry_octets);
  return {Offset{read_big_endian<std::uint64_t>(bytes)}, read_big_endian<std::uint64_t>(bytes.substr(8))};
}

/// Stale records by stream, so that a history finds those of its case; the value is the version they claimed.
[[nodiscard]] inline std::string stale_key(const CaseId& stream, Position position) {
  std::string out = id_key(stream.value);
  append_big_endian(out, position.partition.value);
  append_big_endian(out, position.offset.value);
  return out;
}
[[nodiscard]] inline Position position_in_stale_key(std::string_view key) {
  return {Partition{read_big_endian<std::uint16_t>(key.substr(16))},
          Offset{read_big_endian<std::uint64_t>(key.substr(18))}};
}
[[nodiscard]] inline std::string stale_value(Version version) {
  std::string out;
  append_big_endian(out, version.value);
  return out;
}

}  // namespace geleit
