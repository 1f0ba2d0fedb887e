// A place in the log as people and programs write it: `partition:offset`.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

#include "events/named.h"

namespace geleit {

/// `3:1200`; nothing where it is none.
[[nodiscard]] inline std::optional<Position> parse_position(std::string_view text) {
  const auto number = [](std::string_view digits, auto& value) {
    const char* end = digits.data() + digits.size();
    return !digits.empty() && std::from_chars(digits.data(), end, value) == std::from_chars_result{end, {}};
  };
  const std::size_t colon = text.find(':');
  Position position;
  if (colon == std::string_view::npos || !number(text.substr(0, colon), position.partition.value) ||
      !number(text.substr(colon + 1), position.offset.value))
    return std::nullopt;
  return position;
}

}  // namespace geleit
