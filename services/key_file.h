// Files that hold one secret of 32 octets, as 64 hexadecimal digits: the master key and the signing key.
#pragma once

#include <filesystem>
#include <string_view>

#include "services/key_store.h"

namespace geleit {

/// Throws KeyStoreFailed where there is none, where others than its owner may read it, or where it is no key.
[[nodiscard]] KeyBytes load_key_file(const std::filesystem::path& file);
/// Where there is none, makes one of `fresh` with mode 0600, synced. `what`: how sentences call it.
[[nodiscard]] KeyBytes load_or_make_key_file(const std::filesystem::path& file, const KeyBytes& fresh,
                                             std::string_view what);

}  // namespace geleit
