// More units after the first contingent (SMN-EXTENSION): a follow-up referral, a request, the insurer's
// answer.
#include <algorithm>

#include "services/intake/judgement.h"

namespace geleit {
namespace {

bool requested(Judgement& j) {
  return j.stands(oldest_undecided(j.state(), true) != nullptr, sentence(message::an_undecided_request),
                  sentence(message::none_is_open));
}

}  // namespace

// SMN-EXTENSION: at most ten units, and no more than the latest follow-up referral prescribes.
Decided decide_on(Judgement& j, const RequestExtension& c) {
  if (!of_benefit(j, Benefit::smn) || !j.in_state({CaseState::running})) return j.refusal();
  const auto& follow_ups = j.state().follow_ups;
  if (follow_ups.empty()) {
    j.breaks(Rule::smn_extension, sentence(message::a_follow_up), sentence(message::there_is_none));
  } else {
    const std::int32_t most = std::min(j.numbers().smn_extension_units_max, follow_ups.back().units);
    if (c.units > most) {
      j.breaks(Rule::smn_extension, sentence(message::extension_at_most, most),
               sentence(message::units_are, c.units), "units");
    }
  }
  if (!j.passes()) return j.refusal();
  return j.accept(ExtensionRequested{c.units, c.requested_on, c.documentation_form_on,
                                     j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const GrantExtension& c) {
  if (!requested(j)) return j.refusal();
  const ApprovalId approval = c.approval ? *c.approval : ApprovalId{j.own_id("approval")};
  if (!new_approval(j, approval)) return j.refusal();
  judge_extension_total(j, c.units, approval);
  if (!j.passes()) return j.refusal();
  return j.accept(ExtensionGranted{approval, j.seal(SealedField::reference, c.reference), c.decided_on,
                                   c.units, c.from, c.until});
}

Decided decide_on(Judgement& j, const DenyExtension& c) {
  if (!requested(j) || !j.passes()) return j.refusal();
  return j.accept(ExtensionDenied{j.seal(SealedField::reference, c.reference), c.decided_on, c.posted_on,
                                  c.instruction_given, j.seal(SealedField::reason, c.reason)});
}

}  // namespace geleit
