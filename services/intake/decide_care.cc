// Team, plan, end and report of the care.
#include <algorithm>

#include "projections/rules/workflow.h"
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

// An item that is ticked can be taken back though no settings name it any more. Again with the same answer is
// accepted, as a team assigned twice is: it changes nothing.
Decided decide_on(Judgement& j, const TickChecklist& c) {
  if (!j.in_state({CaseState::referred, CaseState::applied, CaseState::approved, CaseState::running,
                   CaseState::completed, CaseState::discontinued, CaseState::denied})) {
    return j.refusal();
  }
  const Case& state = j.state();
  const bool ticked = std::any_of(state.ticks.begin(), state.ticks.end(), [&](const Tick& tick) {
    return tick.step == c.step && tick.item == c.item;
  });
  const auto items = j.settings().checklist(c.step, state.benefit);
  const bool known =
      std::any_of(items.begin(), items.end(), [&](const ChecklistItem& item) { return item.item == c.item; });
  const Workflow& workflow = shipped_workflow_on(state.received_on);
  const bool is_a_step = is_step(c.step) && workflow.has(*parse_word<Task>(c.step), state.benefit);
  if (!j.refers(ticked || is_a_step, RejectionKind::unknown_reference, "step",
                sentence(message::a_known_step), sentence(message::step_is_unknown, c.step)) ||
      !j.refers(ticked || known, RejectionKind::unknown_reference, "item",
                sentence(message::an_item_of_step, c.step), sentence(message::item_is_unknown, c.item)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(ChecklistTicked{c.step, c.item, c.ticked});
}

}  // namespace geleit
