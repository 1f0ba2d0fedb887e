// The small readings of header values that several files share.
#pragma once

#include <string_view>

namespace geleit::http {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr bool equal_in_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A weight "0.75" in thousandths; what is none counts as 0.
[[nodiscard]] constexpr int parse_weight(std::string_view text) {
  text = trim(text);
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int unit = 100;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 0;
    value += (text[i] - '0') * unit;
  }
  return value > 1000 ? 1000 : value;
}

/// Calls `each(name, weight)` for the items of an Accept-like list; weight in thousandths, 1000 where none is
/// given. Other parameters are passed over.
template <class Each>
constexpr void for_each_weighted(std::string_view list, Each each) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    std::size_t semicolon = item.find(';');
    const std::string_view name = trim(item.substr(0, semicolon));
    int weight = 1000;
    while (semicolon != std::string_view::npos) {
      item = item.substr(semicolon + 1);
      semicolon = item.find(';');
      const std::string_view parameter = trim(item.substr(0, semicolon));
      if (parameter.size() > 2 && lower(parameter[0]) == 'q' && parameter[1] == '=') {
        weight = parse_weight(parameter.substr(2));
      }
    }
    if (!name.empty()) each(name, weight);
  }
}

}  // namespace geleit::http
