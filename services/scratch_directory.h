// A directory for what is needed only while something is made.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace geleit {

/// Nobody else has it (mode 0700), and it is gone with all that is in it when this ends.
class ScratchDirectory {
 public:
  /// Makes `<parent>/<name>XXXXXX` in the first of these where that is possible. Throws std::system_error.
  ScratchDirectory(std::span<const std::filesystem::path> parents, std::string_view name);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }

 private:
  std::filesystem::path dir_;
};

}  // namespace geleit
