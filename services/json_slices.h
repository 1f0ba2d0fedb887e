// JSON that is known to be well-formed, looked at where it lies: for passing values on byte for byte, numbers
// included.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace geleit {

/// The members of an object in order: name (decoded) and the value's own text.
[[nodiscard]] std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view object);
/// The texts of an array's elements.
[[nodiscard]] std::vector<std::string_view> elements_of(std::string_view array);
/// The text of a member's value, or nothing.
[[nodiscard]] std::optional<std::string_view> member_of(std::string_view object, std::string_view name);
/// What a JSON string says; any other value's own text.
[[nodiscard]] std::string plain_text(std::string_view value);

}  // namespace geleit
