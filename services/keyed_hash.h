// Keyed BLAKE2b (libsodium), for what is compared and never read again.
#pragma once

#include <string_view>

#include "events/named.h"

namespace geleit {

/// `key` has 32 octets of chance.
[[nodiscard]] Hash keyed_hash(const Hash& key, std::string_view text);
/// In the same time whatever they are.
[[nodiscard]] bool same_hash(const Hash& a, const Hash& b);

}  // namespace geleit
