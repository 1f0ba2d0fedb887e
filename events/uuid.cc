#include "events/uuid.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace geleit {
namespace {

constexpr std::size_t text_length = 36;

// Two digits per octet, so that writing an id is sixteen look-ups.
constexpr auto hex_pairs = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < 256; ++i) pairs[i] = {digits[i >> 4], digits[i & 15]};
  return pairs;
}();

// 0xff marks what is no digit: it survives being or-ed together, so one test at the end finds any bad
// character.
constexpr std::uint8_t no_digit = 0xff;
constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::uint8_t>(i);
  for (int i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
    values[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

// Where the first digit of each octet stands in the text.
constexpr std::array<std::uint8_t, 16> octet_at{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

constexpr std::uint64_t version_mask = 0xf000;
constexpr std::uint64_t variant_mask = 0xc000'0000'0000'0000;
constexpr std::uint64_t variant_rfc = 0x8000'0000'0000'0000;

void put_big_endian(std::uint64_t value, unsigned char* out) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<unsigned char>(value >> (56 - 8 * i));
}

std::uint64_t get_big_endian(const unsigned char* in) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | in[i];
  return value;
}

Uuid with_version(Uuid id, std::uint64_t version) {
  id.high = (id.high & ~version_mask) | version << 12;
  id.low = (id.low & ~variant_mask) | variant_rfc;
  return id;
}

struct DigestFree {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetching the algorithm by name costs more than the hash itself, hence once per process and one context per
// thread.
const EVP_MD* sha1() {
  static const std::unique_ptr<EVP_MD, DigestFree> digest{EVP_MD_fetch(nullptr, "SHA1", nullptr)};
  if (!digest) throw std::runtime_error("OpenSSL offers no SHA-1, expected it for version 5 UUIDs");
  return digest.get();
}

}  // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != text_length) return std::nullopt;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  std::uint64_t words[2] = {0, 0};
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < octet_at.size(); ++i) {
    const std::uint8_t upper = digit_values[static_cast<unsigned char>(text[octet_at[i]])];
    const std::uint8_t lower = digit_values[static_cast<unsigned char>(text[octet_at[i] + 1])];
    seen |= upper | lower;
    words[i / 8] = words[i / 8] << 8 | static_cast<std::uint64_t>((upper << 4 | lower) & 0xff);
  }
  if (seen > 0xf) return std::nullopt;
  return Uuid{words[0], words[1]};
}

void write_uuid(const Uuid& id, char* out) {
  for (std::size_t i = 0; i < octet_at.size(); ++i) {
    const std::uint64_t word = i < 8 ? id.high : id.low;
    const auto octet = static_cast<std::uint8_t>(word >> (56 - 8 * (i % 8)));
    std::memcpy(out + octet_at[i], hex_pairs[octet].data(), 2);
  }
  out[8] = out[13] = out[18] = out[23] = '-';
}

std::string to_string(const Uuid& id) {
  std::string text(text_length, '\0');
  write_uuid(id, text.data());
  return text;
}

Uuid uuid_v5(const Uuid& space, std::string_view name) {
  thread_local const std::unique_ptr<EVP_MD_CTX, DigestFree> context{EVP_MD_CTX_new()};
  unsigned char prefix[16];
  put_big_endian(space.high, prefix);
  put_big_endian(space.low, prefix + 8);
  unsigned char hash[EVP_MAX_MD_SIZE];
  const bool hashed = context && EVP_DigestInit_ex2(context.get(), sha1(), nullptr) == 1 &&
                      EVP_DigestUpdate(context.get(), prefix, sizeof prefix) == 1 &&
                      EVP_DigestUpdate(context.get(), name.data(), name.size()) == 1 &&
                      EVP_DigestFinal_ex(context.get(), hash, nullptr) == 1;
  if (!hashed) throw std::runtime_error("OpenSSL could not compute SHA-1, expected it for version 5 UUIDs");
  return with_version(Uuid{get_big_endian(hash), get_big_endian(hash + 8)}, 5);
}

Uuid uuid_v7(Instant at, std::uint64_t chance_high, std::uint64_t chance_low) {
  return with_version(Uuid{static_cast<std::uint64_t>(at.ms) << 16 | (chance_high & 0xfff), chance_low}, 7);
}

bool client_may_choose(const Uuid& id) {
  return (id.low & variant_mask) == variant_rfc && (id.version() == 4 || id.version() == 7);
}

}  // namespace geleit
