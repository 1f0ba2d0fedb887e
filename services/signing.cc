#include "services/signing.h"

#include <fmt/format.h>
#include <sodium.h>

#include "events/sha256.h"
#include "services/key_file.h"

namespace geleit {
namespace {

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string to_hex(const PublicKey& key) {
  std::string hex;
  for (const unsigned char octet : key.octets) hex += fmt::format("{:02x}", octet);
  return hex;
}

std::optional<PublicKey> parse_public_key(std::string_view hex) {
  const auto value = parse_hash(hex);
  if (!value || to_hex(*value) != hex) return std::nullopt;
  PublicKey key;
  write_octets(*value, reinterpret_cast<char*>(key.octets.data()));
  return key;
}

SigningKey::SigningKey(const KeyBytes& seed) {
  static_assert(crypto_sign_ed25519_SEEDBYTES == std::tuple_size_v<KeyBytes>);
  static_assert(crypto_sign_ed25519_SECRETKEYBYTES == sizeof secret_);
  crypto_sign_ed25519_seed_keypair(public_.octets.data(), secret_.data(), seed.data());
}

SigningKey SigningKey::load_or_make(const std::filesystem::path& file, const KeyBytes& fresh) {
  return SigningKey(load_or_make_key_file(file, fresh, "the signing key"));
}
SigningKey SigningKey::load(const std::filesystem::path& file) { return SigningKey(load_key_file(file)); }

Signature SigningKey::sign(std::string_view bytes) const {
  static_assert(crypto_sign_ed25519_BYTES == std::tuple_size_v<Signature>);
  Signature signature{};
  crypto_sign_ed25519_detached(signature.data(), nullptr, octets_of(bytes), bytes.size(), secret_.data());
  return signature;
}

bool signature_holds(const PublicKey& key, std::string_view bytes, const Signature& signature) {
  return crypto_sign_ed25519_verify_detached(signature.data(), octets_of(bytes), bytes.size(),
                                             key.octets.data()) == 0;
}

}  // namespace geleit
