#include "projections/alerts.h"

#include <algorithm>

#include "events/civil_time.h"
#include "projections/read_models.h"
#include "projections/tasks.h"

namespace geleit {

AlertState open_state_on(std::int32_t level, AlertAnswer answer, CivilDate snoozed_until, CivilDate today) {
  if (answer == AlertAnswer::snoozed && today < snoozed_until) return AlertState::snoozed;
  if (answer == AlertAnswer::acknowledged) return AlertState::acknowledged;
  return level > 1 ? AlertState::escalated : AlertState::open;
}

AlertState state_on(const AlertRow& row, CivilDate today) {
  if (row.closed != AlertClosed::open) return AlertState::closed;
  return open_state_on(row.level, row.answer, row.snoozed_until, today);
}

Instant raised_at(CivilDate acts_on) { return berlin_midnight(acts_on + 1); }

AlertClosed closed_by(const Case& c, std::span<const DeadlineRow> deadlines, const Missed& missed) {
  const auto row = std::find_if(deadlines.begin(), deadlines.end(),
                                [&](const DeadlineRow& one) { return is_about(missed, one); });
  if (row == deadlines.end()) return AlertClosed::corrected;
  if (row->met_on) return AlertClosed::met;
  return is_ended(c) ? AlertClosed::ended : AlertClosed::open;
}

std::optional<Instant> escalation_due(const Missed& missed, const AlertPolicy& policy, Calendar calendar) {
  if (missed.answer == AlertAnswer::acknowledged || missed.level >= alert_levels) return std::nullopt;
  Instant from = missed.level_since;
  if (missed.answer == AlertAnswer::snoozed) from = std::max(from, berlin_midnight(missed.snoozed_until));
  const auto minutes = policy.escalate_after_minutes[static_cast<std::size_t>(missed.level - 1)];
  return add_working_minutes(from, minutes, policy, calendar);
}

const SentNotice* last_notice(std::span<const SentNotice> sent, std::string_view channel,
                              std::int32_t level) {
  const SentNotice* last = nullptr;
  for (const SentNotice& one : sent) {
    if (one.channel == channel && one.level == level && (!last || one.number > last->number)) last = &one;
  }
  return last;
}

CasePolicy alert_policy_of(const Case& c, const RuleBook& rules) {
  auto policy = alert_policy(settings_of(c, rules), c.received_on);
  const Calendar calendar{policy->land.value_or(c.land)};
  return {std::move(policy), calendar};
}

void derive_alerts(const Subject& subject, Derived& out) {
  const Case& c = subject.c;
  if (c.missed.empty()) return;
  const SettingsInForce settings = settings_of(c, subject.rules);
  for (const Missed& m : c.missed) {
    AlertRow row;
    row.case_id = c.id;
    row.alert = m.alert;
    row.benefit = c.benefit;
    row.rule = m.rule;
    row.due_on = m.due_on;
    row.acts_on = m.acts_on;
    row.raised_at = raised_at(m.acts_on);
    row.closed = closed_by(c, subject.deadlines(), m);
    row.level = m.level;
    row.answer = m.answer;
    row.answered_at = m.answered_at;
    row.answered_by = m.answered_by;
    if (c.personal_data == PersonalDataState::kept) row.note = m.answer_text;
    row.snoozed_until = m.snoozed_until;
    row.lead = c.lead;
    row.team = settings.team_of(c.lead);
    row.sent = m.notices;
    const bool told_open = std::any_of(m.notices.begin(), m.notices.end(), [&](const SentNotice& n) {
      return n.number % 2 == 1 && last_notice(m.notices, n.channel, n.level) == &n;
    });
    DerivedRow& added = add_row(out, row);
    add_index(out, added, alerts_by_raised, row.raised_at);
    if (row.closed == AlertClosed::open || told_open) add_index(out, added, alerts_unsettled, row.raised_at);
  }
}

}  // namespace geleit
