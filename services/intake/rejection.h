// "No" as a value: why a command was refused, in both languages, and what its answer names. Nothing here
// knows HTTP beyond the number of a status.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/named.h"
#include "events/rule.h"
#include "projections/case.h"
#include "services/intake/sentence.h"

namespace geleit {

enum class RejectionKind : std::uint8_t {
  malformed,          ///< 400: wrong without looking at case or rule; names the field
  forbidden,          ///< 403
  no_such_case,       ///< 404
  version_conflict,   ///< 409: carries the current version
  id_reused,          ///< 409: same id, other content
  already_exists,     ///< 409: the case, visit or approval is known already
  wrong_state,        ///< 409: not allowed in the state of the case or visit
  unknown_reference,  ///< 409: unknown visit, approval or person; names the field
  too_large,          ///< 413
  rule_rejected,      ///< 422: names the rule
  reason_required,    ///< 422: names the rules that want a reason
  overloaded,         ///< 503: again in a moment
  not_ready,          ///< 503: the case cannot be decided on now
};
[[nodiscard]] int status_of(RejectionKind kind);

struct Rejection {
  RejectionKind kind = RejectionKind::malformed;
  Sentence detail;  ///< "erwartet …, aber …" / "expected …, but …"
  std::optional<Rule> rule{};
  /// The member at fault under its own name: `happened` at the top, `minutes`, `person.born` inside data;
  /// empty where none is.
  std::string field{};
  std::optional<CaseId> case_id{};
  std::vector<Rule> reasons_required{};
  std::optional<CaseState> state{};  ///< of the case, with every 409 about what it is or knows
  std::optional<Version> version{};  ///< the current one
};

/// A new case was given the id of one that there is, whoever's it is.
[[nodiscard]] Rejection case_in_use(const CaseId& id);

/// The two halves put together.
[[nodiscard]] Sentence expected_but(const Sentence& expected, const Sentence& found);

}  // namespace geleit
