// UUIDs of RFC 9562: text, the deterministic v5 and the time-ordered v7. Hand-written: no packaged library
// makes v7.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"

namespace geleit {

/// 36 characters, any case; nothing else ("{…}", "urn:uuid:" and 32 digits are refused).
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);
/// 36 characters in lower case.
[[nodiscard]] std::string to_string(const Uuid& id);
/// Writes the 36 characters to `out`, which must have room for them.
void write_uuid(const Uuid& id, char* out);
template <class Tag>
[[nodiscard]] std::string to_string(const Id<Tag>& id) {
  return to_string(id.value);
}

/// Version 5 (SHA-1) of `name` in the namespace `space`: what the service makes itself, the same on every
/// retry.
[[nodiscard]] Uuid uuid_v5(const Uuid& space, std::string_view name);
/// Geleit's own namespace, the root of ids that belong to no command (installation and provider streams).
inline constexpr Uuid geleit_namespace{0x6b1f5e0a4c0d5e8bULL, 0x9a3d7c2b1e4f6088ULL};

/// Version 7 from a time and 74 bits of chance.
[[nodiscard]] Uuid uuid_v7(Instant at, std::uint64_t chance_high, std::uint64_t chance_low);
/// True for the versions that a client may choose for a command, case, visit, person or approval: 4 and 7.
[[nodiscard]] bool client_may_choose(const Uuid& id);

}  // namespace geleit
