// Where the parts of an installation lie.
//
//   <data>/log         the events; the only thing that cannot be made again
//   <data>/keys        person keys, wrapped by <data>/master.key (mode 0600)
//   <data>/tables      the read models; removing them costs a rebuild
#pragma once

#include <filesystem>
#include <optional>

namespace geleit {

struct DataDirectory {
  std::filesystem::path dir;
  std::optional<std::filesystem::path> log_elsewhere;  ///< `--log DIR`
  [[nodiscard]] std::filesystem::path log() const { return log_elsewhere.value_or(dir / "log"); }
  [[nodiscard]] std::filesystem::path tables() const { return dir / "tables"; }
  [[nodiscard]] std::filesystem::path keys() const { return dir / "keys"; }
  [[nodiscard]] std::filesystem::path master_key() const { return dir / "master.key"; }
};

}  // namespace geleit
