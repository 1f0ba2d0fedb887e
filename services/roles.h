// What one process of `geleit serve` does: `--roles intake,query`. All of them in one process is the default;
// apart, two or more of each may run on one log beyond the machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

struct Roles {
  bool intake = true;  ///< takes and decides commands
  bool query = true;   ///< answers from the tables
  [[nodiscard]] bool all() const { return intake && query; }
  friend bool operator==(const Roles&, const Roles&) = default;
};

/// Names separated by commas; nothing when one is unknown or there is none.
[[nodiscard]] inline std::optional<Roles> parse_roles(std::string_view text) {
  Roles roles{false, false};
  for (;;) {
    const std::size_t end = text.find(',');
    const std::string_view name = text.substr(0, end);
    if (name == "intake") {
      roles.intake = true;
    } else if (name == "query") {
      roles.query = true;
    } else {
      return std::nullopt;
    }
    if (end == std::string_view::npos) return roles;
    text.remove_prefix(end + 1);
  }
}

[[nodiscard]] inline std::vector<std::string> names_of(const Roles& roles) {
  std::vector<std::string> names;
  if (roles.intake) names.emplace_back("intake");
  if (roles.query) names.emplace_back("query");
  return names;
}

}  // namespace geleit
