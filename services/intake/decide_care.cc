// Team, plan, end and report of the care.
#include "services/intake/judgement.h"

namespace geleit {
namespace {

// SMN-HOME counts minutes, whole visits or not.
Minutes delivered_at_home(const Case& c) {
  Minutes sum;
  for (const Visit& v : c.visits) {
    if (v.delivered() && v.place == Place::home) sum += v.minutes;
  }
  return sum;
}

}  // namespace

Decided decide_on(Judgement& j, const AssignCareTeam& c) {
  if (!j.not_ended() || !j.passes()) return j.refusal();
  return j.accept(CareTeamAssigned{c.lead, c.members_given});
}

Decided decide_on(Judgement& j, const AgreeCarePlan& c) {
  if (!j.not_ended() || !j.passes()) return j.refusal();
  Sealed goals;
  if (!c.goals.empty()) {
    goals = j.seal(SealedField::goals, encode_texts({c.goals.begin(), c.goals.end()}));
  }
  return j.accept(CarePlanAgreed{c.agreed_on, goals});
}

Decided decide_on(Judgement& j, const CompleteCare& c) {
  if (!j.in_state({CaseState::running})) return j.refusal();
  const Minutes at_home = delivered_at_home(j.state());
  if (j.state().benefit == Benefit::smn && at_home < j.numbers().smn_home_minutes) {
    j.breaks(Rule::smn_home, sentence(message::minutes_at_home, j.numbers().smn_home_minutes.value),
             sentence(message::minutes_are, at_home.value));
  }
  if (!j.passes()) return j.refusal();
  return j.accept(CareCompleted{c.completed_on, c.goal_reached});
}

Decided decide_on(Judgement& j, const DiscontinueCare& c) {
  if (!j.not_ended() || !j.passes()) return j.refusal();
  return j.accept(CareDiscontinued{c.discontinued_on, c.cause});
}

Decided decide_on(Judgement& j, const ReopenCase& c) {
  if (!j.in_state({CaseState::completed, CaseState::discontinued, CaseState::withdrawn}) || !j.passes()) {
    return j.refusal();
  }
  return j.accept(CaseReopened{j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const SendFinalReport& c) {
  if (!j.in_state({CaseState::completed, CaseState::discontinued}) || !j.passes()) return j.refusal();
  return j.accept(FinalReportSent{c.sent_on, j.seal(SealedField::to, c.to)});
}

}  // namespace geleit
