// Who asks, as the header fields of a request say it: while there are no tokens, everybody says it of
// themselves.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "services/access_log.h"
#include "services/http/http.h"

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
};
/// Or the header field that is no word (is_access_word).
[[nodiscard]] inline std::variant<Asker, std::string_view> asker_of(const http::Request& request) {
  Asker asker;
  for (const auto& [name, to] :
       {std::pair{by_header, &asker.by}, std::pair{purpose_header, &asker.purpose}}) {
    const auto given = request.header(name);
    if (!given) continue;
    if (!is_access_word(*given)) return name;
    *to = *given;
  }
  asker.trace = trace_of(request.header("traceparent"));
  return asker;
}

/// A look by whoever asks at these cases, each of them once.
[[nodiscard]] inline Access look_of(Asker asker, Instant at, std::string what, std::vector<CaseId> cases) {
  std::ranges::sort(cases);
  cases.erase(std::unique(cases.begin(), cases.end()), cases.end());
  return {at, std::move(asker.by), std::move(asker.purpose), std::move(what), asker.trace, std::move(cases)};
}

}  // namespace geleit
