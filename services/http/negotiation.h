// What the client wants to read (Accept) and which version it means (ETag, If-Match).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace geleit::http {

enum class Media : std::uint8_t { json, csv, ndjson, problem, events, html, text, xlsx };

/// Which of the offered media the client likes best (weights, then the more exact name, then the order
/// offered); the first one where there is no Accept; nothing = 406.
[[nodiscard]] std::optional<Media> negotiate(std::optional<std::string_view> accept,
                                             std::span<const Media> offered);

/// The media type of a Content-Type value without its parameters, compared in any case:
/// `is_media("Application/JSON; charset=utf-8", "application/json")`.
[[nodiscard]] bool is_media(std::string_view content_type, std::string_view name);

/// The entity tag of a case: its version in quotes.
[[nodiscard]] std::string etag_of(std::uint32_t version);

/// If-Match: `*` (any), one version, or something that is no tag of ours.
struct IfMatch {
  bool any = false;
  std::optional<std::uint32_t> version;
};
/// Nothing where the value is not `*` or exactly one of our tags (a weak one counts): then 400.
[[nodiscard]] std::optional<IfMatch> parse_if_match(std::string_view value);

}  // namespace geleit::http
