// How long a text is and whether it says anything, as commands count it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace geleit {

/// Reasons, notes, goals.
inline constexpr std::size_t text_characters_max = 4'000;

/// How many characters a text has, or nothing when it is blank: all of it space as Unicode sees it.
struct Measured {
  std::size_t characters = 0;
  bool blank = true;
};

[[nodiscard]] inline bool is_space(std::uint32_t c) {
  return (c >= 9 && c <= 13) || c == 32 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

/// `text` is UTF-8.
[[nodiscard]] inline Measured measure(std::string_view text) {
  Measured m;
  for (std::size_t i = 0; i < text.size(); ++m.characters) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (m.blank) {
      std::uint32_t c = length == 1 ? byte : byte & (0xffU >> (length + 1));
      for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
        c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
      m.blank = is_space(c);
    }
    i += length;
  }
  return m;
}

/// Whether a command takes it as a reason, a note or a goal.
[[nodiscard]] inline bool is_text(std::string_view text) {
  const Measured m = measure(text);
  return !m.blank && m.characters <= text_characters_max;
}

}  // namespace geleit
