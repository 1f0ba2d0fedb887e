// A signed head: what a partition held at a moment, so that nobody, not even who holds the signing key and
// the disk, can change it later without showing it to whoever kept the head.
//
// On a line of heads.ndjson, members in any order, no others:
//   {"format":"geleit-head-1","log":"<uuid>","partition":3,"size":1234,"root":"<64 hex>",
//    "time":"2026-03-02T00:00:00+01:00","key":"<64 hex>","signature":"<base64>"}
// README.md, Bytes and hashes, has what is signed.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "events/log.h"
#include "services/signing.h"

namespace geleit {

struct SignedHead {
  Uuid log;
  Partition partition;
  std::uint64_t size = 0;  ///< records, hence the offset after the last one
  Hash root;               ///< of the tree over them (merkle.h)
  Instant at;              ///< the signer's clock; never before the last record's recorded time
  PublicKey key;           ///< whose signature; also its id
  Signature signature{};
  friend bool operator==(const SignedHead&, const SignedHead&) = default;
};

/// What is signed: all but the signature.
[[nodiscard]] std::string signed_octets(const SignedHead& head);
/// Sets key and signature.
void sign(SignedHead& head, const SigningKey& key);
/// By the key that the head itself names: whether that is the right one the caller knows.
[[nodiscard]] bool signature_holds(const SignedHead& head);

/// It is no head; says what was expected.
struct BadHead : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// One line, without its end.
[[nodiscard]] std::string to_json(const SignedHead& head);
/// Exactly what to_json writes but for blanks and the order of members. Throws BadHead.
[[nodiscard]] SignedHead parse_head(std::string_view json);
[[nodiscard]] SignedHead head_of(const boost::json::value& json);

struct HeadsFile {
  std::vector<SignedHead> heads;   ///< in the order written
  std::uint64_t whole_octets = 0;  ///< a line behind it that has no end was being written
  struct BadLine {
    std::uint64_t line = 0;  ///< from 1
    std::string why;
  };
  std::vector<BadLine> bad;
};
/// Nothing is in a file that is not there. Throws std::system_error where it cannot be read.
[[nodiscard]] HeadsFile read_heads(const std::filesystem::path& file);

}  // namespace geleit
