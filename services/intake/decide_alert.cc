// Missed deadlines, lapsed approvals, and the life of an alert (projections/alerts.h).
#include <algorithm>

#include "projections/alerts.h"
#include "projections/timers.h"
#include "services/intake/judgement.h"

namespace geleit {
namespace {

// What watch has seen in the tables may not be true any more, so it is looked at again, on the case as the
// log has it.
std::optional<DeadlineRow> missed_by_now(const Judgement& j, Rule rule, std::int32_t generation) {
  for (const DeadlineRow& row : deadlines_of(j.state(), j.rule_book())) {
    if (row.rule != rule || row.generation.value != static_cast<std::uint32_t>(generation)) continue;
    if (is_missed_once_due(row) && raised_at(row.acts_on) <= j.now()) return row;
  }
  return std::nullopt;
}

/// Whether such a timer stands on the case, and its time has come.
template <class Asked>
bool is_due(const Judgement& j, Asked&& asked) {
  const std::vector<TimerRow> timers = timers_of(j.state(), j.rule_book());
  return std::any_of(timers.begin(), timers.end(),
                     [&](const TimerRow& timer) { return timer.due <= j.now() && asked(timer); });
}

Rejection not_missed(Judgement& j) {
  j.stands(false, sentence(message::a_missed_deadline), sentence(message::deadline_not_missed), "generation");
  return j.refusal();
}

const Missed* alert_of(Judgement& j, EventId alert) {
  const Missed* found = j.state().find_alert(alert);
  j.refers(found != nullptr, RejectionKind::unknown_reference, "alert", sentence(message::a_known_alert),
           sentence(message::alert_is_unknown));
  return found;
}

bool is_closed(const Judgement& j, const Missed& alert) {
  return closed_by(j.state(), deadlines_of(j.state(), j.rule_book()), alert) != AlertClosed::open;
}
/// Set where what is said changes nothing.
std::optional<bool> without_effect(const Judgement& j, const Missed& alert) {
  return is_closed(j, alert) ? std::optional(true) : std::nullopt;
}

}  // namespace

Decided decide_on(Judgement& j, const MissStartDeadline& c) {
  const auto row = missed_by_now(j, Rule::smn_start, c.generation);
  if (!row) return not_missed(j);
  return j.accept(StartDeadlineMissed{row->generation, row->due_on, row->acts_on});
}

Decided decide_on(Judgement& j, const MissDeadline& c) {
  const auto row = missed_by_now(j, c.rule, c.generation);
  if (!row || c.rule == Rule::smn_start) return not_missed(j);
  return j.accept(DeadlineMissed{row->rule, row->generation, row->due_on, row->acts_on});
}

Decided decide_on(Judgement& j, const LapseApprovalPeriod& c) {
  const bool lapsed = is_due(j, [&](const TimerRow& timer) {
    return timer.kind == TimerKind::lapsed && timer.approval == c.approval && timer.until == c.until;
  });
  if (!j.stands(lapsed, sentence(message::a_lapsed_approval), sentence(message::approval_not_lapsed),
                "approval")) {
    return j.refusal();
  }
  return j.accept(ApprovalPeriodLapsed{c.approval, c.until});
}

Decided decide_on(Judgement& j, const AcknowledgeAlert& c) {
  const Missed* alert = alert_of(j, c.alert);
  if (!j.passes()) return j.refusal();
  return j.accept(AlertAcknowledged{c.alert, j.seal(SealedField::note, c.note), without_effect(j, *alert)});
}

Decided decide_on(Judgement& j, const SnoozeAlert& c) {
  const CivilDate today = berlin_date(j.now());
  const CivilDate last = today + alert_policy(j.settings(), today)->snooze_days_max;
  const Missed* alert = alert_of(j, c.alert);
  if (!j.refers(c.until > today && c.until <= last, RejectionKind::malformed, "until",
                sentence(message::snooze_between, today + 1, last), sentence(message::day_is, c.until)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(
      AlertSnoozed{c.alert, c.until, j.seal(SealedField::reason, c.reason), without_effect(j, *alert)});
}

Decided decide_on(Judgement& j, const SendAlert& c) {
  const Missed* alert = alert_of(j, c.alert);
  if (!j.passes()) return j.refusal();
  const SentNotice* last = last_notice(alert->notices, c.channel, c.level);
  const std::int32_t next = last ? last->number + 1 : 1;
  // One more is left out where the same is said again: odd numbers say "open", even ones "closed".
  if (!j.stands(c.number == next || (last && c.number == next + 1), sentence(message::notice_number, next),
                sentence(message::notice_number_came, c.number), "number")) {
    return j.refusal();
  }
  return j.accept(AlertSent{c.alert, c.channel, c.level, c.number, c.at, c.outcome});
}

Decided decide_on(Judgement& j, const EscalateAlert& c) {
  alert_of(j, c.alert);
  if (!j.passes()) return j.refusal();
  const bool unanswered = is_due(j, [&](const TimerRow& timer) {
    return timer.kind == TimerKind::escalation && timer.alert == c.alert && timer.level == c.level;
  });
  if (!j.stands(unanswered, sentence(message::an_unanswered_alert),
                sentence(message::alert_needs_no_escalation), "alert")) {
    return j.refusal();
  }
  return j.accept(AlertEscalated{c.alert, c.level});
}

}  // namespace geleit
