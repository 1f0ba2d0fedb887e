// A person key under the installation's master key, as the key store keeps it.
#pragma once

#include "services/key_store.h"

namespace geleit {

[[nodiscard]] std::string wrap_key(const MasterKey& master, const PersonKey& key);
/// Nothing when it was wrapped by another master key or for another id.
[[nodiscard]] std::optional<KeyBytes> unwrap_key(const MasterKey& master, KeyId id, std::string_view wrapped);

}  // namespace geleit
