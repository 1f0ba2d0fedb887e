#include "services/seal.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cstring>

#include "events/sha256.h"
#include "services/wrap.h"

namespace geleit {
namespace {

constexpr std::size_t nonce_octets = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_octets = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(nonce_octets + tag_octets == sealed_overhead_octets);

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// What a sealed field is bound to: moved to another case or field it no longer opens.
struct Binding {
  std::uint64_t words[3];
  Binding(const CaseId& case_id, SealedField field)
      : words{case_id.value.high, case_id.value.low, static_cast<std::uint64_t>(field)} {}
  [[nodiscard]] const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(words); }
};

}  // namespace

PersonKey make_person_key(KeyId id, PersonId person, const KeyBytes& bytes) {
  PersonKey key{id, person, bytes, {}, {}, {}};
  constexpr char context[crypto_kdf_CONTEXTBYTES + 1] = "geleit-1";
  crypto_kdf_derive_from_key(key.sealing.data(), key.sealing.size(), 1, context, bytes.data());
  crypto_kdf_derive_from_key(key.nonces.data(), key.nonces.size(), 2, context, bytes.data());
  crypto_kdf_derive_from_key(key.tags.data(), key.tags.size(), 3, context, bytes.data());
  return key;
}

std::string seal_field(const PersonKey& key, const CaseId& case_id, const EventId& event, SealedField field,
                       std::string_view clear) {
  const Binding binding(case_id, field);
  std::string sealed(nonce_octets + clear.size() + tag_octets, '\0');
  crypto_generichash_state hash;
  crypto_generichash_init(&hash, key.nonces.data(), key.nonces.size(), nonce_octets);
  crypto_generichash_update(&hash, binding.data(), sizeof binding.words);
  crypto_generichash_update(&hash, reinterpret_cast<const unsigned char*>(&event.value), sizeof event.value);
  crypto_generichash_update(&hash, octets(clear), clear.size());
  crypto_generichash_final(&hash, octets(sealed), nonce_octets);
  crypto_aead_xchacha20poly1305_ietf_encrypt(octets(sealed) + nonce_octets, nullptr, octets(clear),
                                             clear.size(), binding.data(), sizeof binding.words, nullptr,
                                             octets(sealed), key.sealing.data());
  return sealed;
}

std::optional<std::string> open_field(const PersonKey& key, const CaseId& case_id, SealedField field,
                                      std::string_view sealed) {
  if (sealed.size() < nonce_octets + tag_octets) return std::nullopt;
  const Binding binding(case_id, field);
  std::string clear(sealed.size() - nonce_octets - tag_octets, '\0');
  const auto ciphertext = sealed.substr(nonce_octets);
  const int refused = crypto_aead_xchacha20poly1305_ietf_decrypt(
      octets(clear), nullptr, nullptr, octets(ciphertext), ciphertext.size(), binding.data(),
      sizeof binding.words, octets(sealed), key.sealing.data());
  if (refused != 0) return std::nullopt;
  return clear;
}

Sealed EventSealer::seal(SealedField field, std::string_view clear) {
  return {sealed_.emplace_back(seal_field(key_, case_, event_, field, clear))};
}

ContentTag content_tag(const PersonKey& key, std::string_view content) {
  // HMAC of a digest: the content is hashed by the machine's fast SHA-256, and only 32 octets are keyed.
  char digest[hash_octets];
  write_octets(sha256(content), digest);
  unsigned char tag[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256(tag, reinterpret_cast<const unsigned char*>(digest), sizeof digest, key.tags.data());
  ContentTag out;
  std::memcpy(&out.high, tag, 8);
  std::memcpy(&out.low, tag + 8, 8);
  return out;
}

// ---------------------------------------------------------------- wrapping (used by the key store)

std::string wrap_key(const MasterKey& master, const PersonKey& key) {
  std::string wrapped(nonce_octets + key.bytes.size() + tag_octets, '\0');
  crypto_generichash_state hash;
  crypto_generichash_init(&hash, master.bytes().data(), master.bytes().size(), nonce_octets);
  crypto_generichash_update(&hash, reinterpret_cast<const unsigned char*>(&key.id.value),
                            sizeof key.id.value);
  crypto_generichash_update(&hash, key.bytes.data(), key.bytes.size());
  crypto_generichash_final(&hash, octets(wrapped), nonce_octets);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      octets(wrapped) + nonce_octets, nullptr, key.bytes.data(), key.bytes.size(),
      reinterpret_cast<const unsigned char*>(&key.id.value), sizeof key.id.value, nullptr, octets(wrapped),
      master.bytes().data());
  return wrapped;
}

std::string service_token(const MasterKey& master) {
  constexpr std::string_view about = "geleit command port 1";
  std::array<unsigned char, hash_octets> token;
  crypto_generichash(token.data(), token.size(), reinterpret_cast<const unsigned char*>(about.data()),
                     about.size(), master.bytes().data(), master.bytes().size());
  std::string digits;
  for (const unsigned char octet : token) digits += fmt::format("{:02x}", octet);
  return digits;
}

std::optional<KeyBytes> unwrap_key(const MasterKey& master, KeyId id, std::string_view wrapped) {
  KeyBytes bytes;
  if (wrapped.size() != nonce_octets + bytes.size() + tag_octets) return std::nullopt;
  const auto ciphertext = wrapped.substr(nonce_octets);
  const int refused = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes.data(), nullptr, nullptr, octets(ciphertext), ciphertext.size(),
      reinterpret_cast<const unsigned char*>(&id.value), sizeof id.value, octets(wrapped),
      master.bytes().data());
  if (refused != 0) return std::nullopt;
  return bytes;
}

}  // namespace geleit
