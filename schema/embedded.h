// Files that are built into the program (schema/embed.cmake).
#pragma once

#include <string_view>

namespace geleit {

struct EmbeddedFile {
  std::string_view name;   ///< without its folder: "smn-st-2026-01.toml"
  std::string_view bytes;  ///< the file as it lies in the repository
};

}  // namespace geleit
