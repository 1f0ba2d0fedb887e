// Who asks, for the log of looks: the token's name, and while there are no tokens what everybody says of
// themselves in the header fields of a request.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/access_log.h"
#include "services/http/http.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/principal.h"

namespace geleit {

inline constexpr std::string_view by_header = "X-Geleit-By", purpose_header = "X-Geleit-Purpose";
/// The purpose for which restricted data of one case is opened (Art. 18(2) GDPR).
inline constexpr std::string_view legal_claims = "legal_claims";

/// The trace id of a W3C traceparent; nil where it is none, which is no fault of the request.
[[nodiscard]] inline TraceId trace_of(std::optional<std::string_view> traceparent) {
  TraceId trace;
  if (!traceparent || traceparent->size() < 36 || !traceparent->starts_with("00-") ||
      (*traceparent)[35] != '-')
    return trace;
  const auto half = [&](std::size_t from, std::uint64_t& value) {
    const char* begin = traceparent->data() + from;
    return std::from_chars(begin, begin + 16, value, 16).ptr == begin + 16;
  };
  if (!half(3, trace.value.high) || !half(19, trace.value.low)) return {};
  return trace;
}

struct Asker {
  std::string by = "-", purpose = "-";
  TraceId trace;
  std::string token;  ///< its id; empty: it came without one
};
/// What is no word is left out; refused_asker has said so.
[[nodiscard]] inline Asker asker_of(const http::Request& request) {
  const auto word_in = [&](std::string_view header) {
    const auto given = request.header(header);
    return given && is_access_word(*given) ? std::string(*given) : std::string("-");
  };
  const Principal* asks = request.principal();
  return {asks && !asks->name.empty() ? asks->name : word_in(by_header), word_in(purpose_header),
          trace_of(request.header("traceparent")), asks ? asks->token : std::string()};
}
/// The answer to one whose header fields are no words (is_access_word).
[[nodiscard]] inline std::optional<http::Response> refused_asker(const http::Request& request) {
  const Language in = from_http(request.language());
  for (const std::string_view header : {by_header, purpose_header}) {
    if (const auto given = request.header(header); given && !is_access_word(*given)) {
      return http::problem_response(
          http::ProblemKind::malformed, request.language(),
          say(in, message::expected_but, say(in, message::an_access_word), say(in, message::another_value)),
          std::string(header));
    }
  }
  return std::nullopt;
}

/// A look by whoever asks at these cases, each of them once.
[[nodiscard]] inline Access look_of(Asker asker, Instant at, std::string what, std::vector<CaseId> cases) {
  std::ranges::sort(cases);
  cases.erase(std::unique(cases.begin(), cases.end()), cases.end());
  return {at, std::move(asker.by), std::move(asker.purpose), std::move(what), asker.trace, std::move(cases)};
}

}  // namespace geleit
