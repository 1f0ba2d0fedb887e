#include "services/json_slices.h"

#include <boost/json.hpp>
#include <stdexcept>

namespace geleit {
namespace {

constexpr std::string_view json_blanks = " \t\r\n";

/// Walks over one JSON text.
struct Walk {
  std::string_view text;
  std::size_t at = 0;

  void skip_blanks() {
    at = text.find_first_not_of(json_blanks, at);
    if (at == std::string_view::npos) at = text.size();
  }
  [[nodiscard]] char peek() const {
    if (at >= text.size()) throw std::invalid_argument("expected more JSON, but it ends");
    return text[at];
  }
  std::string_view quoted() {
    const std::size_t begin = at++;
    while (peek() != '"') at += peek() == '\\' ? 2 : 1;
    ++at;
    return text.substr(begin, at - begin);
  }
  std::string_view value() {
    skip_blanks();
    if (peek() == '"') return quoted();
    const std::size_t begin = at;
    int depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        quoted();
        continue;
      }
      if (depth == 0 && (c == ',' || c == ']' || c == '}' || json_blanks.find(c) != std::string_view::npos))
        break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        ++at;
        if (--depth == 0) break;
        continue;
      }
      ++at;
    } while (at < text.size());
    return text.substr(begin, at - begin);
  }
  /// Goes to the first value behind `open`; false when the list is empty.
  bool enter(char open, char close) {
    skip_blanks();
    if (peek() != open) throw std::invalid_argument(std::string("expected ") + open + " in JSON");
    ++at;
    skip_blanks();
    return peek() != close;
  }
  /// Over the comma; false at the end of the list.
  bool more() {
    skip_blanks();
    return text[at++] == ',';
  }
};

}  // namespace

std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view object) {
  std::vector<std::pair<std::string, std::string_view>> out;
  Walk walk{object};
  if (!walk.enter('{', '}')) return out;
  do {
    walk.skip_blanks();
    std::string name = plain_text(walk.quoted());
    walk.skip_blanks();
    ++walk.at;
    out.emplace_back(std::move(name), walk.value());
  } while (walk.more());
  return out;
}

std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> out;
  Walk walk{array};
  if (!walk.enter('[', ']')) return out;
  do out.push_back(walk.value());
  while (walk.more());
  return out;
}

std::optional<std::string_view> member_of(std::string_view object, std::string_view name) {
  for (const auto& [found, value] : members_of(object)) {
    if (found == name) return value;
  }
  return std::nullopt;
}

std::string plain_text(std::string_view value) {
  if (!value.starts_with('"')) return std::string(value);
  const boost::json::value parsed = boost::json::parse(boost::json::string_view(value.data(), value.size()));
  return std::string(std::string_view(parsed.as_string()));
}

}  // namespace geleit
