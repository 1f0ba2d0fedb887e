// What every file of the configuration has in common: how it is read, how secrets lie in files of their own,
// and in which words it is refused.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace geleit {

/// Its message says which file, which setting, what was expected and what is there.
class ConfigRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Everything that is refused is refused by what it is called there.
class RefuseConfig {
 public:
  explicit RefuseConfig(std::string where) : where_(std::move(where)) {}
  /// Throws ConfigRefused.
  template <class... Args>
  [[noreturn]] void operator()(fmt::format_string<Args...> what, Args&&... args) const {
    throw ConfigRefused(fmt::format("{}: {}", where_, fmt::format(what, std::forward<Args>(args)...)));
  }

 private:
  std::string where_;
};

/// A secret lies in a file that nobody but its owner and at most its group can read.
enum class ConfigFileKind : std::uint8_t { open, secret };

/// The file's octets, at most 1 MiB.
[[nodiscard]] std::string config_text(const std::filesystem::path& file, const RefuseConfig& refuse);
/// What a file of a secret holds, without the ends of lines behind it; not empty, no zero octet.
[[nodiscard]] std::string config_secret(const std::filesystem::path& file, const RefuseConfig& refuse);
/// Refuses a file that cannot be read, and a secret that others can.
void require_config_file(const std::filesystem::path& file, ConfigFileKind kind, const RefuseConfig& refuse);

}  // namespace geleit
