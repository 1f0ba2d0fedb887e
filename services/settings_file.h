// A settings file of `geleit settings`, in TOML or JSON (schema/README.md, Settings).
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace geleit {

/// It cannot be read, or is neither TOML nor JSON; a sentence for people.
struct SettingsFileRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct SettingsFile {
  std::optional<std::string> provider, from;  ///< where the file says so
  boost::json::object settings;               ///< everything else
};

/// A file that begins with `{` is JSON, any other TOML. What its members may be is the service's to say.
/// Throws SettingsFileRefused.
[[nodiscard]] SettingsFile read_settings_file(const std::string& name);

}  // namespace geleit
