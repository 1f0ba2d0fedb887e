// Signatures that anybody can check who knows the public key: Ed25519 (RFC 8032; libsodium).
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "services/key_store.h"

namespace geleit {

struct PublicKey {
  std::array<unsigned char, 32> octets{};
  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
};
/// 64 digits in lower case, and nothing else.
[[nodiscard]] std::string to_hex(const PublicKey& key);
[[nodiscard]] std::optional<PublicKey> parse_public_key(std::string_view hex);

using Signature = std::array<unsigned char, 64>;

/// The installation's own key for what it signs. Its file holds the seed (RFC 8032's private key).
class SigningKey {
 public:
  explicit SigningKey(const KeyBytes& seed);
  /// As MasterKey: made of `fresh` with mode 0600 where there is none; throws KeyStoreFailed.
  [[nodiscard]] static SigningKey load_or_make(const std::filesystem::path& file, const KeyBytes& fresh);
  [[nodiscard]] static SigningKey load(const std::filesystem::path& file);

  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] Signature sign(std::string_view bytes) const;

 private:
  std::array<unsigned char, 64> secret_{};
  PublicKey public_;
};

/// Thread-safe.
[[nodiscard]] bool signature_holds(const PublicKey& key, std::string_view bytes, const Signature& signature);

}  // namespace geleit
