// What one process of `geleit serve` does: `--roles intake,query,watch,alert`. All of them in one process is
// the default; apart, two or more of each may run on one log beyond the machine.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

struct Roles {
  bool intake = true;  ///< takes and decides commands
  bool query = true;   ///< answers from the tables
  bool watch = true;   ///< records what has come due
  bool alert = true;   ///< tells people
  friend bool operator==(const Roles&, const Roles&) = default;
};

struct RoleName {
  std::string_view name;
  bool Roles::*role;
};
inline constexpr std::array role_names{RoleName{"intake", &Roles::intake}, RoleName{"query", &Roles::query},
                                       RoleName{"watch", &Roles::watch}, RoleName{"alert", &Roles::alert}};

/// Names separated by commas; nothing when one is unknown or there is none.
[[nodiscard]] inline std::optional<Roles> parse_roles(std::string_view text) {
  Roles roles{false, false, false, false};
  for (;;) {
    const std::size_t end = text.find(',');
    const std::string_view name = text.substr(0, end);
    bool known = false;
    for (const RoleName& one : role_names) {
      if (one.name != name) continue;
      roles.*one.role = true;
      known = true;
    }
    if (!known) return std::nullopt;
    if (end == std::string_view::npos) return roles;
    text.remove_prefix(end + 1);
  }
}

[[nodiscard]] inline std::vector<std::string> names_of(const Roles& roles) {
  std::vector<std::string> names;
  for (const RoleName& one : role_names) {
    if (roles.*one.role) names.emplace_back(one.name);
  }
  return names;
}

}  // namespace geleit
