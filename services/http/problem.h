// RFC 9457 problems: the one shape of every "no" and every "broken" (API.md, Commands).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/http/http.h"

namespace geleit::http {

/// Every kind of problem that exists; its slug ends the `type` (`urn:geleit:problem:rule-rejected`) and is
/// for ever.
enum class ProblemKind : std::uint8_t {
  malformed,               ///< 400: wrong without looking at case or rule; names the field
  unauthenticated,         ///< 401
  forbidden,               ///< 403
  not_found,               ///< 404: no such path
  no_such_case,            ///< 404
  method_not_allowed,      ///< 405
  not_acceptable,          ///< 406
  request_timeout,         ///< 408
  version_conflict,        ///< 409: expect_version or If-Match; carries `version`
  id_reused,               ///< 409: same id, other content
  already_exists,          ///< 409: the case id is in use
  wrong_state,             ///< 409: not allowed in the case's state
  unknown_reference,       ///< 409: unknown visit, approval, alert or person; names the field
  too_large,               ///< 413
  unsupported_media_type,  ///< 415
  expectation_failed,      ///< 417
  rule_rejected,           ///< 422: names the rule
  reason_required,         ///< 422: carries `reasons_required`
  too_many_requests,       ///< 429
  header_too_large,        ///< 431
  internal,                ///< 500
  not_implemented,         ///< 501: a transfer coding we do not speak
  overloaded,              ///< 503: again in a moment
  not_ready,               ///< 503: starting, stopping, or a position is not reached yet
};

[[nodiscard]] int status_of(ProblemKind kind);
[[nodiscard]] std::string_view slug_of(ProblemKind kind);
/// The same for every occurrence of the kind.
[[nodiscard]] std::string_view title_of(ProblemKind kind, Language language);

struct Problem {
  ProblemKind kind = ProblemKind::internal;
  /// A sentence for people in the language of the request: "expected …, but …".
  std::string detail;
  std::string rule;
  std::string field;
  std::string case_id;
  std::vector<std::string> reasons_required;
  std::optional<std::uint32_t> version;
  /// Further members: name and JSON value.
  std::vector<std::pair<std::string, std::string>> extra;
};

/// Appends the problem as one JSON object without a line end (so it can be a line of an NDJSON answer).
void append_problem(std::string& out, const Problem& problem, Language language);
/// With Retry-After for 429 and 503.
[[nodiscard]] Response to_response(const Problem& problem, Language language);
/// The short way for a kind, a detail and perhaps a field.
[[nodiscard]] Response problem_response(ProblemKind kind, Language language, std::string detail,
                                        std::string field = {});

/// The sentence in the language asked for.
[[nodiscard]] constexpr std::string_view in(Language language, std::string_view de, std::string_view en) {
  return language == Language::de ? de : en;
}

}  // namespace geleit::http
