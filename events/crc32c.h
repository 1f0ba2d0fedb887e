// CRC-32C (Castagnoli), as RocksDB's files use it; eight octets a step.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace geleit {

inline constexpr auto crc32c_tables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < tables.size(); ++t) {
    for (std::size_t i = 0; i < 256; ++i)
      tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
  }
  return tables;
}();

/// Of "123456789" it is e3069283.
constexpr std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  std::size_t at = 0;
  const auto octet = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[at + i])}; };
  for (; bytes.size() - at >= 8; at += 8) {
    const std::uint32_t low = crc ^ (octet(0) | octet(1) << 8 | octet(2) << 16 | octet(3) << 24);
    crc = crc32c_tables[7][low & 0xff] ^ crc32c_tables[6][low >> 8 & 0xff] ^
          crc32c_tables[5][low >> 16 & 0xff] ^ crc32c_tables[4][low >> 24] ^ crc32c_tables[3][octet(4)] ^
          crc32c_tables[2][octet(5)] ^ crc32c_tables[1][octet(6)] ^ crc32c_tables[0][octet(7)];
  }
  for (; at < bytes.size(); ++at) crc = crc >> 8 ^ crc32c_tables[0][(crc ^ octet(0)) & 0xff];
  return ~crc;
}
static_assert(crc32c("123456789") == 0xe3069283u);

}  // namespace geleit
