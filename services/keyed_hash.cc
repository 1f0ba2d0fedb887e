#include "services/keyed_hash.h"

#include <sodium.h>

#include <array>

#include "events/sha256.h"

namespace geleit {

Hash keyed_hash(const Hash& key, std::string_view text) {
  std::array<char, hash_octets> octets{};
  write_octets(key, octets.data());
  std::array<unsigned char, hash_octets> made{};
  crypto_generichash(made.data(), made.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), reinterpret_cast<const unsigned char*>(octets.data()), octets.size());
  return hash_of_octets(reinterpret_cast<const char*>(made.data()));
}

bool same_hash(const Hash& a, const Hash& b) { return sodium_memcmp(a.words, b.words, sizeof a.words) == 0; }

}  // namespace geleit
