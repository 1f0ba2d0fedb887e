// `tasks`: what somebody has to do next in each case, or that it has none (Task::none: the case is finished).
// A task stands from `since` to `until`, so that what changes by the passing of days alone (the insurer's
// answer is late, a visit lies in the past) needs no event. A case is never without a task until it is ended
// and reported.
#include <algorithm>

#include "projections/deadlines.h"
#include "projections/read_models.h"
#include "projections/soziotherapie.h"
#include "projections/unit_balances.h"

namespace geleit {
namespace {

struct Tasks {
  const Subject& subject;
  const Case& c;
  const RuleBook& rules;
  std::vector<TaskRow> rows;

  TaskRow& add(Task task, Role role, CivilDate since, std::optional<CivilDate> due_on = {},
               std::optional<Rule> why = {}) {
    TaskRow row;
    row.id = c.id;
    row.task = task;
    row.since = since;
    row.due_on = due_on;
    row.role = role;
    row.why = why;
    rows.push_back(row);
    return rows.back();
  }

  [[nodiscard]] bool smn() const { return c.benefit == Benefit::smn; }
  [[nodiscard]] bool undecided() const { return oldest_undecided(c) != nullptr; }
  [[nodiscard]] bool approved() const {
    return std::any_of(c.approvals.begin(), c.approvals.end(), [](const Approval& a) { return a.stands(); });
  }
  [[nodiscard]] bool any_scheduled() const {
    return std::any_of(c.visits.begin(), c.visits.end(),
                       [](const Visit& v) { return v.state == VisitState::scheduled; });
  }

  void get_ready() {
    if (c.lead.empty()) add(Task::assign_team, Role::management, c.received_on);
    if (c.coverage && *c.coverage != Coverage::insured) {
      add(Task::clarify_coverage, Role::management, c.coverage_since.value_or(c.received_on));
    }
    if (!c.care_plan_on) add(Task::agree_care_plan, Role::lead, c.received_on);
    if (smn() && !c.discharged_on) {
      add(Task::record_discharge, Role::lead, c.received_on, c.expected_discharge_on, Rule::smn_start);
    }
  }

  // GKV-DECISION: until acts_on the answer is awaited, from the day after it the insurer has to be called,
  // for the approval is then deemed given and yet covers nothing (GKV-FICTION).
  void await_decisions() {
    for (std::size_t i = 0; i < c.applications.size(); ++i) {
      if (c.applications[i].decision != Decision::none) continue;
      const DeadlineRow decision = decision_of(c, i, rules);
      TaskRow& await = add(Task::await_decision, Role::management, c.applications[i].received_on,
                           decision.acts_on, Rule::gkv_decision);
      await.ordinal = decision.ordinal;
      await.until = decision.acts_on;
      const CivilDate late = std::max(decision.acts_on + 1, c.applications[i].received_on);
      add(Task::call_insurer, Role::management, late, late, Rule::gkv_fiction).ordinal = decision.ordinal;
    }
  }

  // The denial that objections belong to. The last day on which the objection can be filed is returned when
  // that is still to be decided.
  std::optional<CivilDate> answer_denial() {
    const Denial* d = latest_denial(c);
    if (!d) return std::nullopt;
    const auto ordinal = static_cast<std::uint16_t>(c.denials.size() - 1);
    if (d->objection_filed_on) {
      const bool answered = d->objection_decided_on && !d->upheld;
      const bool granted_since = std::any_of(c.approvals.begin(), c.approvals.end(), [&](const Approval& a) {
        return a.stands() && a.extension == d->extension && a.version > d->version;
      });
      if (!answered && !granted_since) {
        // Upheld, the objection still needs the insurer's approval before anything can be billed.
        add(Task::await_objection_decision, Role::management,
            d->objection_decided_on.value_or(*d->objection_filed_on), {}, Rule::gkv_objection)
            .ordinal = ordinal;
      }
      return std::nullopt;
    }
    const DeadlineRow objection = objection_of(c, ordinal, rules);
    if (objection.moot) return std::nullopt;
    TaskRow& decide = add(Task::decide_on_objection, Role::management, d->decided_on, objection.acts_on,
                          Rule::gkv_objection);
    decide.ordinal = ordinal;
    decide.until = objection.acts_on;
    return objection.acts_on;
  }

  // ST-APPROVAL: each regular referral needs an application of its own, made after it came; a trial needs
  // none, but a regular referral if the care is to go on. The one received last that has none: applications
  // are dealt out from the latest referral back, as one for a later referral cannot be for both.
  [[nodiscard]] std::optional<ReferralIndex> not_applied_for() {
    std::ptrdiff_t needed = 0;
    for (ReferralIndex r = c.follow_ups.size() + 1; r-- > 0;) {
      if (is_trial(c, r)) continue;
      const Version received = r == 0 ? Version{1} : c.follow_ups[r - 1].version;
      const auto since = std::count_if(c.applications.begin(), c.applications.end(),
                                       [&](const Application& a) { return a.version > received; });
      if (since < ++needed) return r;
    }
    return std::nullopt;
  }

  void refer_again() {
    if (const ReferralIndex latest = latest_referral(c); is_trial(c, latest)) {
      add(Task::obtain_referral, Role::lead, prescribed_on(c, latest), {}, Rule::st_trial);
    } else if (subject.first_unit_on && approved() && !undecided() && !not_applied_for() &&
               balance_of(c, subject.booking).remaining <= Minutes{0}) {
      add(Task::obtain_referral, Role::lead, *subject.last_unit_on, {}, Rule::st_referral);
    }
  }

  void apply() {
    if (!smn()) {
      if (const auto referral = not_applied_for()) {
        add(Task::submit_application, Role::management,
            *referral == 0 ? c.received_on : prescribed_on(c, *referral), {}, Rule::st_approval);
        return;
      }
      if (!any_regular_referral(c)) return;
    }
    if (c.applications.empty()) {
      add(Task::submit_application, Role::management, c.received_on);
      return;
    }
    if (undecided()) return;
    const bool waits_for_objection = std::any_of(rows.begin(), rows.end(), [](const TaskRow& row) {
      return row.task == Task::await_objection_decision;
    });
    if (waits_for_objection) return;
    if (!approved()) {
      // Every approval was taken back, or the denial was of something else: without a new application nothing
      // that is delivered can be billed.
      add(Task::submit_application, Role::management, c.applications.back().received_on);
    } else if (subject.booking.at_risk > Minutes{0}) {
      add(Task::secure_approval, Role::management, last_delivery());
    }
  }

  [[nodiscard]] CivilDate last_delivery() const {
    CivilDate last = c.received_on;
    for (const Visit& v : c.visits) {
      if (v.delivered()) last = std::max(last, v.on);
    }
    return last;
  }

  void care() {
    for (std::size_t i = 0; i < c.visits.size(); ++i) {
      const Visit& v = c.visits[i];
      if (v.state != VisitState::scheduled) continue;
      add(Task::document_visit, Role::team, v.on + 1, v.on + 1).ordinal = static_cast<std::uint16_t>(i);
    }
    if (!smn()) return care_of_soziotherapie();
    const auto first = subject.first_unit_on;
    if (!first) {
      if (const auto start = start_of(c, rules)) {
        add(any_scheduled() ? Task::start_care : Task::schedule_first_visit, Role::team, *c.discharged_on,
            start->due_on, Rule::smn_start);
      }
      return;
    }
    const auto completion = completion_of(c, rules);
    const std::optional<CivilDate> complete_by =
        completion ? std::optional(completion->acts_on) : std::nullopt;
    const UnitBalanceRow balance = balance_of(c, subject.booking);
    if (balance.at_home < rules_at(c, c.latest_judged, rules).numbers().smn_home_minutes) {
      add(Task::visit_at_home, Role::team, *first, complete_by, Rule::smn_home);
    }
    if (!any_scheduled() && balance.remaining > Minutes{0}) {
      add(Task::schedule_visit, Role::team, *subject.last_unit_on);
    }
    add(Task::complete_care, Role::lead, *first, complete_by, Rule::smn_complete);
  }

  void care_of_soziotherapie() {
    const auto first = subject.first_unit_on;
    if (!first) {
      add(any_scheduled() ? Task::start_care : Task::schedule_first_visit, Role::team, c.received_on);
      return;
    }
    if (!any_scheduled() && (trial_goes_on() || balance_of(c, subject.booking).remaining > Minutes{0})) {
      add(Task::schedule_visit, Role::team, *subject.last_unit_on);
    }
    const auto total = total_of(c, rules);
    add(Task::complete_care, Role::lead, *first, total ? std::optional(total->acts_on) : std::nullopt,
        Rule::st_total);
  }
  [[nodiscard]] bool trial_goes_on() const {
    const ReferralIndex latest = latest_referral(c);
    return is_trial(c, latest) &&
           trial_minutes(c, latest, {}) <
               minutes_of_units(rules_at(c, c.latest_judged, rules).numbers().st_trial_units_max);
  }

  void extend() {
    if (!smn()) return refer_again();
    const auto asked = std::count_if(c.applications.begin(), c.applications.end(),
                                     [](const Application& a) { return a.extension; });
    if (static_cast<std::size_t>(asked) < c.follow_ups.size() && subject.state == CaseState::running) {
      add(Task::request_extension, Role::lead, c.follow_ups.back().prescribed_on, {}, Rule::smn_extension);
    }
  }

  void finish(CivilDate since) {
    TaskRow row;
    row.id = c.id;
    row.since = since;
    rows.push_back(row);
  }

  void after_the_end() {
    const CaseState state = subject.state;
    const CivilDate ended = closed_on(c).value_or(c.received_on);
    if (state == CaseState::denied) {
      const auto until = answer_denial();
      finish(until ? std::max(*until + 1, ended) : ended);
      return;
    }
    if (state == CaseState::withdrawn) return finish(ended);
    // An answer that is still out decides what of the care given can be billed.
    await_decisions();
    if (!c.final_report_on) {
      add(Task::send_final_report, Role::lead, ended);
    } else if (rows.empty()) {
      finish(std::max(ended, *c.final_report_on));
    }
  }
};

}  // namespace

void derive_tasks(const Subject& subject, Derived& out) {
  Tasks tasks{subject, subject.c, subject.rules, {}};
  if (subject.ended) {
    tasks.after_the_end();
  } else {
    tasks.get_ready();
    tasks.await_decisions();
    tasks.answer_denial();
    tasks.apply();
    tasks.care();
    tasks.extend();
  }
  for (const TaskRow& row : tasks.rows) {
    const std::uint8_t column = row.due_on == row.since                 ? tasks_once_due
                                : row.due_on && row.due_on == row.until ? tasks_until_due
                                                                        : tasks_by_due;
    add_index(out, add_row(out, row), column, row.due_on);
  }
}

}  // namespace geleit
