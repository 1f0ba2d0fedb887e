// The hash by which Kafka's clients choose a partition: MurmurHash2, 32 bits, seed 0x9747b28c.
#pragma once

#include <cstdint>
#include <string_view>

namespace geleit {

[[nodiscard]] constexpr std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t m = 0x5bd1e995;
  constexpr int r = 24;
  const auto octet = [key](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(key[i]));
  };
  std::uint32_t h = 0x9747b28c ^ static_cast<std::uint32_t>(key.size());
  std::size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    std::uint32_t k = octet(at) | octet(at + 1) << 8 | octet(at + 2) << 16 | octet(at + 3) << 24;
    k *= m;
    k ^= k >> r;
    k *= m;
    h *= m;
    h ^= k;
  }
  const std::size_t rest = key.size() - at;
  if (rest >= 3) h ^= octet(at + 2) << 16;
  if (rest >= 2) h ^= octet(at + 1) << 8;
  if (rest >= 1) {
    h ^= octet(at);
    h *= m;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return h;
}

}  // namespace geleit
