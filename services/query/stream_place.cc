#include "services/query/stream_place.h"

#include <charconv>
#include <limits>
#include <utility>

#include "services/position_text.h"

namespace geleit {
namespace {

template <class Number>
void append(std::string& out, Number number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

template <class Number>
bool read(std::string_view digits, Number& number) {
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number);
  return result.ec == std::errc{} && result.ptr == end;
}

constexpr std::string_view nothing = "-";

/// Of the partitions that stand elsewhere than in `beside`.
void append_positions(std::string& out, const Positions& at, const Positions& beside) {
  bool first = true;
  for (std::size_t p = 0; p < at.size(); ++p) {
    if (at[p] == beside[p]) continue;
    if (!std::exchange(first, false)) out.push_back(',');
    append(out, p);
    out.push_back(':');
    append(out, at[p].value - 1);
  }
}

bool read_positions(std::string_view text, Positions& at) {
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    const auto position = parse_position(one);
    if (!position || position->partition.value >= at.size() ||
        position->offset.value >= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return false;
    }
    at[position->partition.value] = next(position->offset);
  }
  return true;
}

}  // namespace

std::string to_string(const StreamPlace& place) {
  std::string out;
  append_positions(out, place.at, Positions(place.at.size()));
  if (out.empty()) out = nothing;
  if (place.rows > 0) {
    out.push_back('/');
    append(out, place.rows);
    out.push_back('~');
    append_positions(out, place.to, place.at);
  }
  return out;
}

std::optional<StreamPlace> parse_stream_place(std::string_view text, std::size_t partitions) {
  StreamPlace place{Positions(partitions), 0, {}};
  const std::size_t slash = text.find('/');
  const std::string_view at = text.substr(0, slash);
  if (at != nothing && !read_positions(at, place.at)) return std::nullopt;
  place.to = place.at;
  if (slash == std::string_view::npos) return place;
  const std::string_view rest = text.substr(slash + 1);
  const std::size_t tilde = rest.find('~');
  if (tilde == std::string_view::npos || !read(rest.substr(0, tilde), place.rows)) return std::nullopt;
  const std::string_view to = rest.substr(tilde + 1);
  if (!to.empty() && !read_positions(to, place.to)) return std::nullopt;
  for (std::size_t p = 0; p < partitions; ++p) {
    if (place.to[p] < place.at[p]) return std::nullopt;
  }
  return place;
}

}  // namespace geleit
