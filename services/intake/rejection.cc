#include "services/intake/rejection.h"

namespace geleit {

int status_of(RejectionKind kind) {
  switch (kind) {
    case RejectionKind::malformed: return 400;
    case RejectionKind::forbidden: return 403;
    case RejectionKind::no_such_case: return 404;
    case RejectionKind::version_conflict:
    case RejectionKind::id_reused:
    case RejectionKind::already_exists:
    case RejectionKind::wrong_state:
    case RejectionKind::unknown_reference: return 409;
    case RejectionKind::too_large: return 413;
    case RejectionKind::rule_rejected:
    case RejectionKind::reason_required: return 422;
    case RejectionKind::overloaded:
    case RejectionKind::not_ready: return 503;
  }
  return 500;
}

Rejection case_in_use(const CaseId& id) {
  return {.kind = RejectionKind::already_exists,
          .detail = expected_but(sentence(message::a_new_case_id), sentence(message::case_is_known)),
          .field = "case",
          .case_id = id};
}

Sentence expected_but(const Sentence& expected, const Sentence& found) {
  return sentence(message::expected_but, expected, found);
}

}  // namespace geleit
