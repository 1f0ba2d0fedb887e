#include "services/scratch_directory.h"

#include <stdlib.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace geleit {

ScratchDirectory::ScratchDirectory(std::span<const std::filesystem::path> parents, std::string_view name) {
  for (const auto& parent : parents) {
    std::string pattern = (parent / std::string(name).append("XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) continue;
    dir_ = pattern;
    return;
  }
  throw std::system_error(errno, std::generic_category(),
                          "no scratch directory can be made in " + parents.front().string());
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

}  // namespace geleit
