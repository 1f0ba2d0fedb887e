// SHA-256: the hash chain, rule sets, and everything else that is named by its content.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"

namespace geleit {

/// SHA-256 of the bytes. Thread-safe, allocates only on a thread's first call: it runs once for every event.
[[nodiscard]] Hash sha256(std::string_view bytes);

/// The same over bytes that come in pieces. Not thread-safe. After finish() it begins anew.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(std::string_view bytes);
  [[nodiscard]] Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr std::size_t hash_octets = 32;

/// 64 digits in lower case.
[[nodiscard]] std::string to_hex(const Hash& hash);
/// 64 hexadecimal digits of either case, nothing else.
[[nodiscard]] std::optional<Hash> parse_hash(std::string_view hex);
/// Between the octets as they are stored and the value; `octets` has room for 32.
void write_octets(const Hash& hash, char* octets);
[[nodiscard]] Hash hash_of_octets(const char* octets);

}  // namespace geleit
