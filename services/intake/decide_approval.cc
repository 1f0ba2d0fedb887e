// Application, expert opinion, the insurer's decision, objection.
#include <algorithm>

#include "projections/deadlines.h"
#include "services/intake/judgement.h"

namespace geleit {
namespace {

bool applied(Judgement& j) {
  const Case& c = j.state();
  const CaseState is = state_of(c);
  return j.stands(is != CaseState::withdrawn, sentence(message::case_not_withdrawn),
                  sentence(message::case_is, word(is))) &&
         j.stands(std::any_of(c.applications.begin(), c.applications.end(),
                              [](const Application& a) { return !a.extension; }),
                  sentence(message::an_application), sentence(message::none_was_made));
}

/// The approval a command refers to, when it stands; else 409 with its field.
const Approval* standing_approval(Judgement& j, ApprovalId id) {
  const Approval* approval = j.state().find_approval(id);
  if (!j.refers(approval != nullptr, RejectionKind::unknown_reference, "approval",
                sentence(message::a_known_approval), sentence(message::approval_is_unknown)) ||
      !j.stands(approval->stands(), sentence(message::a_standing_approval),
                sentence(message::approval_is_revoked), "approval")) {
    return nullptr;
  }
  return approval;
}

/// GKV-REGIME: where the application names none and the set has another default than the statute's, the event
/// says which; a fold knows no settings.
std::optional<Regime> regime_of(const Judgement& j, std::optional<Regime> given) {
  if (given || j.numbers().gkv_regime == Regime::sgb5_13_3a) return given;
  return j.numbers().gkv_regime;
}

}  // namespace

bool new_approval(Judgement& j, ApprovalId id) {
  return j.refers(!j.state().find_approval(id), RejectionKind::already_exists, "approval",
                  sentence(message::a_new_approval), sentence(message::approval_is_known));
}

void judge_extension_total(Judgement& j, std::int32_t units, ApprovalId except) {
  std::int32_t total = units;
  for (const Approval& a : j.state().approvals) {
    if (a.extension && a.stands() && a.id != except) total += a.units;
  }
  if (total > j.numbers().smn_extension_units_max) {
    j.breaks(Rule::smn_extension, sentence(message::extensions_at_most, j.numbers().smn_extension_units_max),
             sentence(message::extensions_would_be, total), "units");
  }
}

Decided decide_on(Judgement& j, const SubmitApplication& c) {
  if (!j.in_state({CaseState::referred, CaseState::applied, CaseState::approved, CaseState::running,
                   CaseState::denied})) {
    return j.refusal();
  }
  if (j.state().benefit == Benefit::st) judge_st_plan(j, c.care_plan_attached);
  if (!j.passes()) return j.refusal();
  return j.accept(ApplicationSubmitted{c.units, c.submitted_on, c.received_on, regime_of(j, c.regime),
                                       c.care_plan_attached});
}

// GKV-DECISION-EXPERT: told after the day on which the three weeks end, it is flagged and moves nothing.
Decided decide_on(Judgement& j, const NoteExpertOpinion& c) {
  const Application* application = oldest_undecided(j.state());
  if (!j.stands(application != nullptr, sentence(message::an_undecided_application),
                sentence(message::none_is_open)) ||
      !j.passes()) {
    return j.refusal();
  }
  const RuleSet& rules = rules_at(j.state(), application->judged, j.rule_book());
  const DeadlineDates three_weeks =
      decision_deadline(rules, application->received_on, false, {j.state().land});
  if (c.told_on > three_weeks.acts_on) j.flags(Rule::gkv_decision_expert);
  return j.accept(ExpertOpinionNoted{c.told_on, c.opinion_on});
}

Decided decide_on(Judgement& j, const GrantApproval& c) {
  if (!applied(j)) return j.refusal();
  const ApprovalId approval = c.approval ? *c.approval : ApprovalId{j.own_id("approval")};
  if (!new_approval(j, approval) || !j.passes()) return j.refusal();
  return j.accept(ApprovalGranted{approval, j.seal(SealedField::reference, c.reference), c.decided_on,
                                  c.units, c.from, c.until});
}

Decided decide_on(Judgement& j, const CorrectApproval& c) {
  const Approval* approval = standing_approval(j, c.approval);
  if (!approval) return j.refusal();
  const CivilDate from = c.from.value_or(approval->from);
  const CivilDate until = c.until.value_or(approval->until);
  if (!j.stands(until >= from, sentence(message::not_before_from, from), sentence(message::day_is, until),
                c.until ? "until" : "from")) {
    return j.refusal();
  }
  if (approval->extension && c.units) judge_extension_total(j, *c.units, c.approval);
  if (!j.passes()) return j.refusal();
  return j.accept(ApprovalCorrected{c.approval, j.seal(SealedField::reference, c.reference), c.decided_on,
                                    c.units, c.from, c.until, j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const RevokeApproval& c) {
  if (!standing_approval(j, c.approval) || !j.passes()) return j.refusal();
  return j.accept(ApprovalRevoked{c.approval, j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const DenyApproval& c) {
  if (!applied(j) || !j.passes()) return j.refusal();
  return j.accept(ApprovalDenied{j.seal(SealedField::reference, c.reference), c.decided_on, c.posted_on,
                                 c.instruction_given, j.seal(SealedField::reason, c.reason)});
}

// Objections belong to the latest denial.
Decided decide_on(Judgement& j, const FileObjection& c) {
  const Denial* denial = latest_denial(j.state());
  if (!j.stands(denial != nullptr, sentence(message::a_denial), sentence(message::none_came_from_insurer)) ||
      !j.stands(!denial->objection_filed_on, sentence(message::a_denial_without_objection),
                sentence(message::objection_is_filed)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(ObjectionFiled{c.filed_on});
}

Decided decide_on(Judgement& j, const DecideObjection& c) {
  const Denial* denial = latest_denial(j.state());
  if (!j.stands(denial && denial->objection_filed_on, sentence(message::an_undecided_objection),
                sentence(message::none_is_filed)) ||
      !j.stands(!denial->objection_decided_on, sentence(message::an_undecided_objection),
                sentence(message::objection_is_decided)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(ObjectionDecided{c.decided_on, c.upheld});
}

}  // namespace geleit
