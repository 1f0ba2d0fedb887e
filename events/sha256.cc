#include "events/sha256.h"

#include <openssl/evp.h>

#include <bit>
#include <cstring>
#include <stdexcept>

namespace geleit {
namespace {

static_assert(std::endian::native == std::endian::little);

void must(int done) {
  if (done != 1) throw std::runtime_error("OpenSSL refuses to compute SHA-256");
}

// Fetching looks through OpenSSL's providers and is slow, so it happens once in a process.
EVP_MD* digest() {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (fetched == nullptr) throw std::runtime_error("OpenSSL offers no SHA-256");
  return fetched;
}

struct Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();

  Context() {
    if (md == nullptr) throw std::bad_alloc();
    begin();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }

  void begin() { must(EVP_DigestInit_ex2(md, digest(), nullptr)); }
  void update(std::string_view bytes) { must(EVP_DigestUpdate(md, bytes.data(), bytes.size())); }
  Hash finish() {
    char octets[hash_octets];
    must(EVP_DigestFinal_ex(md, reinterpret_cast<unsigned char*>(octets), nullptr));
    begin();
    return hash_of_octets(octets);
  }
};

}  // namespace

struct Sha256::State : Context {};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;
void Sha256::update(std::string_view bytes) { state_->update(bytes); }
Hash Sha256::finish() { return state_->finish(); }

Hash sha256(std::string_view bytes) {
  thread_local Context context;
  context.update(bytes);
  return context.finish();
}

void write_octets(const Hash& hash, char* octets) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t word = __builtin_bswap64(hash.words[i]);
    std::memcpy(octets + 8 * i, &word, 8);
  }
}

Hash hash_of_octets(const char* octets) {
  Hash hash;
  for (std::size_t i = 0; i < 4; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets + 8 * i, 8);
    hash.words[i] = __builtin_bswap64(word);
  }
  return hash;
}

std::string to_hex(const Hash& hash) {
  std::string hex(2 * hash_octets, '0');
  for (std::size_t i = 0; i < hex.size(); ++i) {
    hex[i] = "0123456789abcdef"[(hash.words[i / 16] >> (60 - 4 * (i % 16))) & 0xf];
  }
  return hex;
}

std::optional<Hash> parse_hash(std::string_view hex) {
  if (hex.size() != 2 * hash_octets) return std::nullopt;
  Hash hash;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint64_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint64_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    hash.words[i / 16] |= digit << (60 - 4 * (i % 16));
  }
  return hash;
}

}  // namespace geleit
