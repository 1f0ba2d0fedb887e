// Payloads to and from Cap'n Proto, and the small pieces that both halves of the codec need. Known to codecs
// only.
#pragma once

#include <cstring>

#include "events/codec.h"
#include "schema/event.capnp.h"

namespace geleit::codec {

[[nodiscard]] inline unsigned size(std::string_view value) { return static_cast<unsigned>(value.size()); }
// An empty view may point nowhere, which memcpy must not be given.
inline void fill(capnp::Text::Builder out, std::string_view value) {
  if (!value.empty()) std::memcpy(out.begin(), value.data(), value.size());
}
inline void fill(capnp::Data::Builder out, std::string_view value) {
  if (!value.empty()) std::memcpy(out.begin(), value.data(), value.size());
}
[[nodiscard]] inline std::string_view view(capnp::Text::Reader value) {
  return {value.begin(), value.size()};
}
[[nodiscard]] inline std::string_view view(capnp::Data::Reader value) {
  return {reinterpret_cast<const char*>(value.begin()), value.size()};
}
/// The 32 octets of a hash.
[[nodiscard]] std::string hash_bytes(const Hash& hash);
/// Zero when empty. Throws BadRecord when it is of another length.
[[nodiscard]] Hash hash_of_bytes(std::string_view bytes);
/// Throws BadRecord for a number that this version does not know.
[[nodiscard]] Rule rule(std::uint16_t number);

void write_payload(const Payload& payload, schema::Event::Payload::Builder out);
/// Throws BadRecord.
void read_payload(schema::Event::Payload::Reader in, Payload& out);

}  // namespace geleit::codec
