// Base64 of RFC 4648 with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace geleit {

[[nodiscard]] std::string to_base64(std::string_view octets);
/// Nothing for what is no canonical base64: other characters, missing padding, bits left over.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace geleit
