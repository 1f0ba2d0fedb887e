#include "services/http/negotiation.h"

#include <charconv>

#include "services/http/http.h"
#include "services/http/text_scan.h"

namespace geleit::http {

namespace {

std::string_view name_of(Media media) {
  switch (media) {
    case Media::json: return "application/json";
    case Media::csv: return "text/csv";
    case Media::ndjson: return "application/x-ndjson";
    case Media::problem: return "application/problem+json";
    case Media::events: return "text/event-stream";
    case Media::html: return "text/html";
    case Media::text: return "text/plain";
    case Media::xlsx: return content::xlsx;
  }
  return {};
}

/// How exactly a range names the media: 3 exact, 2 `text/*`, 1 `*/*`, 0 not at all.
int exactness(std::string_view range, std::string_view name) {
  if (equal_in_any_case(range, name)) return 3;
  if (range == "*/*" || range == "*") return 1;
  if (range.size() >= 2 && range.ends_with("/*")) {
    const std::size_t slash = range.size() - 1;
    if (name.size() > slash && equal_in_any_case(range.substr(0, slash), name.substr(0, slash))) return 2;
  }
  return 0;
}

}  // namespace

std::optional<Media> negotiate(std::optional<std::string_view> accept, std::span<const Media> offered) {
  if (offered.empty()) return std::nullopt;
  if (!accept || trim(*accept).empty()) return offered.front();
  std::optional<Media> best;
  int best_weight = 0;
  int best_exactness = 0;
  for (const Media media : offered) {
    // The most exact range decides the weight of a media type (RFC 9110, 12.5.1).
    int weight = 0;
    int exact = 0;
    for_each_weighted(*accept, [&](std::string_view range, int range_weight) {
      const int how = exactness(range, name_of(media));
      if (how > exact) {
        exact = how;
        weight = range_weight;
      }
    });
    if (weight > best_weight || (weight == best_weight && weight > 0 && exact > best_exactness)) {
      best = media;
      best_weight = weight;
      best_exactness = exact;
    }
  }
  return best;
}

bool is_media(std::string_view content_type, std::string_view name) {
  return equal_in_any_case(trim(content_type.substr(0, content_type.find(';'))), name);
}

std::string etag_of(std::uint32_t version) { return '"' + std::to_string(version) + '"'; }

std::optional<IfMatch> parse_if_match(std::string_view value) {
  value = trim(value);
  if (value == "*") return IfMatch{true, std::nullopt};
  if (value.starts_with("W/")) value.remove_prefix(2);
  if (value.size() < 3 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), version);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return IfMatch{false, version};
}

}  // namespace geleit::http
