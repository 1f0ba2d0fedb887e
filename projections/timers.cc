#include "projections/timers.h"

#include <algorithm>

#include "events/civil_time.h"
#include "projections/alerts.h"
#include "projections/read_models.h"

namespace geleit {
namespace {

bool is_recorded(const Case& c, const DeadlineRow& row) {
  return std::any_of(c.missed.begin(), c.missed.end(), [&](const Missed& m) { return is_about(m, row); });
}

/// `deadlines` are all of the case.
std::vector<TimerRow> timers_among(const Case& c, const RuleBook& rules,
                                   std::span<const DeadlineRow> deadlines) {
  std::vector<TimerRow> timers;
  for (const DeadlineRow& row : deadlines) {
    if (!is_missed_once_due(row) || is_recorded(c, row)) continue;
    TimerRow& timer = timers.emplace_back();
    timer.id = c.id;
    timer.kind = TimerKind::missed;
    timer.due = raised_at(row.acts_on);
    timer.rule = row.rule;
    timer.generation = row.generation;
  }
  const auto closed = closed_on(c);
  for (const Approval& a : c.approvals) {
    if (!a.stands() || a.lapsed == a.until || (closed && *closed <= a.until)) continue;
    TimerRow& timer = timers.emplace_back();
    timer.id = c.id;
    timer.kind = TimerKind::lapsed;
    timer.due = berlin_midnight(a.until + 1);
    timer.approval = a.id;
    timer.until = a.until;
  }
  if (c.missed.empty()) return timers;
  const CasePolicy by = alert_policy_of(c, rules);
  for (const Missed& m : c.missed) {
    if (closed_by(c, deadlines, m) != AlertClosed::open) continue;
    const auto due = escalation_due(m, *by.policy, by.calendar);
    if (!due) continue;
    TimerRow& timer = timers.emplace_back();
    timer.id = c.id;
    timer.kind = TimerKind::escalation;
    timer.due = *due;
    timer.alert = m.alert;
    timer.level = m.level + 1;
  }
  return timers;
}

}  // namespace

std::vector<TimerRow> timers_of(const Case& c, const RuleBook& rules) {
  return timers_among(c, rules, deadlines_of(c, rules));
}

std::vector<TimerRow> due_timers(const Reading& reading, Instant until, std::size_t most) {
  std::vector<TimerRow> due;
  Run run;
  run.column = timers_by_due;
  const std::string end = order_key(until);
  reading.rows(Table::timers, std::nullopt, run, [&](const FoundRow& row) {
    if (row.value > end || due.size() == most) return false;
    decode(row.key, row.bytes, due.emplace_back());
    return true;
  });
  return due;
}

std::optional<Instant> next_due(const Reading& reading, Instant now) {
  std::optional<Instant> next;
  Run run;
  run.column = timers_by_due;
  run.from = order_key(Instant{now.ms + 1});
  reading.rows(Table::timers, std::nullopt, run, [&](const FoundRow& row) {
    TimerRow timer;
    decode(row.key, row.bytes, timer);
    next = timer.due;
    return false;
  });
  return next;
}

std::vector<TimerRow> stored_timers(const Reading& reading, std::string_view provider, const CaseId& id) {
  std::vector<TimerRow> timers;
  reading.rows_of_case(Table::timers, provider, id, [&](const FoundRow& row) {
    decode(row.key, row.bytes, timers.emplace_back());
    return true;
  });
  return timers;
}

void derive_timers(const Subject& subject, Derived& out) {
  for (const TimerRow& timer : timers_among(subject.c, subject.rules, subject.deadlines())) {
    add_index(out, add_row(out, timer), timers_by_due, timer.due);
  }
}

}  // namespace geleit
