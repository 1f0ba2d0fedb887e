// `tasks`: what somebody has to do next in each case, or that it has none (Task::none: the case is finished).
// Which steps there are, their days, roles and titles is told by the workflow file that was in force when the
// case was referred (rules/workflow.h) and by the settings that the case goes by; what a condition and an
// anchor mean for a case is told here.
//
// A task stands from `since` to `until`, so that what changes by the passing of days alone (the insurer's
// answer is late, a visit lies in the past) needs no event. A case is never without a task until it is ended
// and reported.
#include "projections/tasks.h"

#include <algorithm>

#include "projections/deadlines.h"
#include "projections/read_models.h"
#include "projections/rules/workflow.h"
#include "projections/soziotherapie.h"
#include "projections/unit_balances.h"

namespace geleit {
namespace {

struct Tasks {
  const Subject& subject;
  const Case& c;
  const RuleBook& rules;
  const Workflow& workflow;
  const SettingsInForce settings;
  std::vector<TaskRow> rows;
  std::optional<UnitBalanceRow> balance_once;
  std::optional<std::optional<ReferralIndex>> missing_once;

  [[nodiscard]] bool smn() const { return c.benefit == Benefit::smn; }
  [[nodiscard]] bool undecided() const { return oldest_undecided(c) != nullptr; }
  [[nodiscard]] bool approved() const {
    return std::any_of(c.approvals.begin(), c.approvals.end(), [](const Approval& a) { return a.stands(); });
  }
  [[nodiscard]] bool any_scheduled() const {
    return std::any_of(c.visits.begin(), c.visits.end(),
                       [](const Visit& v) { return v.state == VisitState::scheduled; });
  }
  [[nodiscard]] bool closed() const {
    return subject.state == CaseState::completed || subject.state == CaseState::discontinued;
  }
  [[nodiscard]] const RuleNumbers& numbers() const { return rules_at(c, c.latest_judged, rules).numbers(); }
  [[nodiscard]] const UnitBalanceRow& balance() {
    if (!balance_once) balance_once = balance_of(c, subject.booking);
    return *balance_once;
  }

  // ST-APPROVAL: each regular referral needs an application of its own, made after it came; a trial needs
  // none, but a regular referral if the care is to go on. The one received last that has none: applications
  // are dealt out from the latest referral back, as one for a later referral cannot be for both.
  [[nodiscard]] std::optional<ReferralIndex> not_applied_for() {
    if (!missing_once) missing_once = find_not_applied_for();
    return *missing_once;
  }
  [[nodiscard]] std::optional<ReferralIndex> find_not_applied_for() const {
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

  // ---------------------------------------------------------------- conditions

  // Upheld, an objection still needs the insurer's approval before anything can be billed.
  [[nodiscard]] bool objection_undecided() const {
    const Denial* d = latest_denial(c);
    if (!d || !d->objection_filed_on || (d->objection_decided_on && !d->upheld)) return false;
    return std::none_of(c.approvals.begin(), c.approvals.end(), [&](const Approval& a) {
      return a.stands() && a.extension == d->extension && a.version > d->version;
    });
  }
  [[nodiscard]] bool objection_possible() const {
    const Denial* d = latest_denial(c);
    return d && !d->objection_filed_on && !objection_of(c, c.denials.size() - 1, rules).moot;
  }
  /// All that had to be applied for was, and the insurer has nothing to answer.
  [[nodiscard]] bool insurer_is_done() {
    if (!smn() && (not_applied_for() || !any_regular_referral(c))) return false;
    return !c.applications.empty() && !undecided() && !objection_undecided();
  }
  [[nodiscard]] bool first_visit_open(bool planned) {
    return !subject.first_unit_on && (!smn() || c.discharged_on) && any_scheduled() == planned;
  }
  [[nodiscard]] bool trial_goes_on() const {
    const ReferralIndex latest = latest_referral(c);
    return !smn() && is_trial(c, latest) &&
           trial_minutes(c, latest, {}) < minutes_of_units(numbers().st_trial_units_max);
  }
  [[nodiscard]] std::size_t extensions_asked_for() const {
    return static_cast<std::size_t>(std::count_if(c.applications.begin(), c.applications.end(),
                                                  [](const Application& a) { return a.extension; }));
  }
  // SMN-EXTENSION: nothing is being asked for, and what was granted leaves room. Of how many units is the
  // file's to say: a contract may set the rule, and no fold knows the insurer.
  [[nodiscard]] bool extension_has_room(const WorkflowStep& step) const {
    if (oldest_undecided(c, true)) return false;
    std::int32_t units = 0;
    for (const Approval& a : c.approvals) units += a.extension && a.stands() ? a.units : 0;
    return units < step.units;
  }

  /// Whether the step's condition holds; of those that hold once per application or visit, for this one.
  [[nodiscard]] bool holds(const WorkflowStep& step, std::size_t ordinal) {
    const bool open = !subject.ended;
    switch (step.when) {
      case StepWhen::no_team: return open && c.lead.empty();
      case StepWhen::coverage_unsettled: return open && c.coverage && *c.coverage != Coverage::insured;
      case StepWhen::no_care_plan: return open && !c.care_plan_on;
      case StepWhen::no_discharge: return open && smn() && !c.discharged_on;
      case StepWhen::nothing_applied_for: return open && smn() && c.applications.empty();
      case StepWhen::referral_not_applied_for: return open && !smn() && not_applied_for();
      case StepWhen::nothing_approved: return open && insurer_is_done() && !approved();
      case StepWhen::minutes_at_risk:
        return open && insurer_is_done() && approved() && subject.booking.at_risk > Minutes{0};
      case StepWhen::answer_out:
        // An answer that is still out decides what of the care given can be billed.
        return (open || closed()) && c.applications[ordinal].decision == Decision::none;
      case StepWhen::objection_possible:
        return (open || subject.state == CaseState::denied) && objection_possible();
      case StepWhen::objection_undecided:
        return (open || subject.state == CaseState::denied) && objection_undecided();
      case StepWhen::visit_undocumented: return open && c.visits[ordinal].state == VisitState::scheduled;
      case StepWhen::first_visit_unplanned: return open && first_visit_open(false);
      case StepWhen::first_visit_planned: return open && first_visit_open(true);
      case StepWhen::no_visit_planned:
        return open && subject.first_unit_on && !any_scheduled() &&
               (trial_goes_on() || balance().remaining > Minutes{0});
      case StepWhen::home_minimum_open:
        return open && smn() && subject.first_unit_on && balance().at_home < numbers().smn_home_minutes;
      case StepWhen::units_running_out:
        return open && subject.first_unit_on && balance().remaining > Minutes{0} &&
               balance().remaining <= Minutes{step.minutes};
      case StepWhen::extension_possible:
        return open && smn() && subject.first_unit_on && approved() &&
               balance().remaining <= Minutes{step.minutes} &&
               extensions_asked_for() >= c.follow_ups.size() && extension_has_room(step);
      case StepWhen::follow_up_not_asked_for:
        return smn() && subject.state == CaseState::running && extensions_asked_for() < c.follow_ups.size();
      case StepWhen::trial_without_referral: return open && !smn() && is_trial(c, latest_referral(c));
      case StepWhen::units_used_up:
        return open && !smn() && !is_trial(c, latest_referral(c)) && subject.first_unit_on && approved() &&
               !undecided() && !not_applied_for() && balance().remaining <= Minutes{0};
      case StepWhen::care_running: return open && subject.first_unit_on;
      case StepWhen::final_report_open: return closed() && !c.final_report_on;
    }
    return false;
  }

  /// How often the condition is asked: once, or once for each application or visit.
  [[nodiscard]] std::size_t times(StepWhen when) const {
    if (when == StepWhen::answer_out) return c.applications.size();
    if (when == StepWhen::visit_undocumented) return c.visits.size();
    return 1;
  }
  /// What tells the rows of one step apart for ever.
  [[nodiscard]] std::uint16_t ordinal_of(StepWhen when, std::size_t ordinal) const {
    const bool of_denial = when == StepWhen::objection_possible || when == StepWhen::objection_undecided;
    return static_cast<std::uint16_t>(of_denial ? c.denials.size() - 1 : ordinal);
  }

  // ---------------------------------------------------------------- days

  [[nodiscard]] CivilDate last_delivery() const {
    CivilDate last = c.received_on;
    for (const Visit& v : c.visits) {
      if (v.delivered()) last = std::max(last, v.on);
    }
    return last;
  }

  [[nodiscard]] std::optional<CivilDate> anchor(const WorkflowStep& step, StepAnchor anchor,
                                                std::size_t ordinal, CivilDate since) {
    const auto acts_on = [](const std::optional<DeadlineRow>& row) {
      return row ? std::optional(row->acts_on) : std::nullopt;
    };
    switch (anchor) {
      case StepAnchor::since: return since;
      case StepAnchor::referral: return c.received_on;
      case StepAnchor::coverage: return c.coverage_since.value_or(c.received_on);
      case StepAnchor::expected_discharge: return c.expected_discharge_on;
      case StepAnchor::discharge: return c.discharged_on;
      case StepAnchor::application:
        if (c.applications.empty()) return std::nullopt;
        return step.when == StepWhen::answer_out ? c.applications[ordinal].received_on
                                                 : c.applications.back().received_on;
      case StepAnchor::latest_referral: return prescribed_on(c, latest_referral(c));
      case StepAnchor::missing_referral: {
        const auto missing = smn() ? std::nullopt : not_applied_for();
        if (!missing) return std::nullopt;
        return *missing == 0 ? c.received_on : prescribed_on(c, *missing);
      }
      case StepAnchor::follow_up:
        return c.follow_ups.empty() ? std::nullopt : std::optional(c.follow_ups.back().prescribed_on);
      case StepAnchor::decision_due:
        if (step.when != StepWhen::answer_out) return std::nullopt;
        return decision_of(c, ordinal, rules).acts_on;
      case StepAnchor::denial: {
        const Denial* d = latest_denial(c);
        return d ? std::optional(d->decided_on) : std::nullopt;
      }
      case StepAnchor::objection_due:
        if (c.denials.empty()) return std::nullopt;
        return objection_of(c, c.denials.size() - 1, rules).acts_on;
      case StepAnchor::objection: {
        const Denial* d = latest_denial(c);
        return d && d->objection_decided_on ? d->objection_decided_on
               : d                          ? d->objection_filed_on
                                            : std::nullopt;
      }
      case StepAnchor::visit:
        if (step.when != StepWhen::visit_undocumented) return std::nullopt;
        return c.visits[ordinal].on;
      case StepAnchor::first_unit: return subject.first_unit_on;
      case StepAnchor::last_unit: return subject.last_unit_on;
      case StepAnchor::last_delivery: return last_delivery();
      case StepAnchor::start_due: {
        // A benefit window: the day that is not rolled.
        const auto start = smn() ? start_of(c, rules) : std::nullopt;
        return start ? std::optional(start->due_on) : std::nullopt;
      }
      case StepAnchor::complete_due: return smn() ? acts_on(completion_of(c, rules)) : std::nullopt;
      case StepAnchor::total_due: return smn() ? std::nullopt : acts_on(total_of(c, rules));
      case StepAnchor::end: return closed_on(c);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<CivilDate> day(const WorkflowStep& step, const StepDay& day,
                                             std::size_t ordinal, CivilDate since,
                                             std::optional<std::int32_t> days = {}) {
    const auto from = anchor(step, day.anchor, ordinal, since);
    if (!from) return std::nullopt;
    const std::int32_t count = days.value_or(day.days);
    return *from + (day.before ? -count : count);
  }

  // ---------------------------------------------------------------- rows

  void add(const WorkflowStep& step, std::size_t ordinal, const StepSetting* set) {
    TaskRow row;
    row.id = c.id;
    row.task = step.task;
    row.ordinal = ordinal_of(step.when, ordinal);
    const auto told = [&](const TaskRow& other) {
      return other.task == row.task && other.ordinal == row.ordinal;
    };
    if (std::any_of(rows.begin(), rows.end(), told)) return;
    std::optional<CivilDate> since;
    for (const StepDay& one : step.since) {
      const auto from = day(step, one, ordinal, c.received_on);
      if (from && (!since || *from > *since)) since = from;
    }
    row.since = since.value_or(c.received_on);
    if (step.until) row.until = day(step, *step.until, ordinal, row.since);
    for (const StepDay& one : step.due) {
      row.due_on = day(step, one, ordinal, row.since, set ? set->days : std::nullopt);
      if (row.due_on) break;
    }
    row.role = step.role;
    row.why = step.rule;
    row.workflow = workflow.from();
    row.entry = static_cast<std::uint8_t>(&step - workflow.steps().data());
    if (set) {
      if (const auto role = parse_word<Role>(set->role)) row.role = role;
      row.title_de = set->title.de;
      row.title_en = set->title.en;
    }
    rows.push_back(std::move(row));
  }

  void tell() {
    for (const WorkflowStep& step : workflow.steps()) {
      if (!step.is_of(c.benefit)) continue;
      const StepSetting* set = settings.step(word(step.task), c.benefit);
      if (set && set->off && !step.required) continue;
      for (std::size_t ordinal = 0; ordinal < times(step.when); ++ordinal) {
        if (holds(step, ordinal)) add(step, ordinal, set);
      }
    }
    if (subject.ended) finish();
  }

  /// An ended case is finished once no step stands, and stays so.
  void finish() {
    CivilDate since = closed_on(c).value_or(c.received_on);
    if (closed() && c.final_report_on) since = std::max(since, *c.final_report_on);
    for (const TaskRow& row : rows) {
      if (!row.until) return;
      since = std::max(since, *row.until + 1);
    }
    TaskRow& row = rows.emplace_back();
    row.id = c.id;
    row.since = since;
  }
};

}  // namespace

SettingsInForce settings_of(const Case& c, const RuleBook& rules) {
  SettingsInForce out;
  const auto later = [](std::shared_ptr<const Settings>& than, const std::shared_ptr<const Settings>& one) {
    if (one && (!than || one->from() >= than->from())) than = one;
  };
  for (const JudgedBy& judged_by : c.judged) {
    if (judged_by.installation.is_zero() && judged_by.provider.is_zero() && !rules.assumes_settings())
      continue;
    (void)rules.at(judged_by);
    const SettingsInForce one = rules.settings(judged_by);
    later(out.installation, one.installation);
    later(out.provider, one.provider);
  }
  return out;
}

void derive_tasks(const Subject& subject, Derived& out) {
  const Case& c = subject.c;
  Tasks tasks{
      subject, c, subject.rules, shipped_workflow_on(c.received_on), settings_of(c, subject.rules), {},
      {},      {}};
  tasks.tell();
  for (const TaskRow& row : tasks.rows) {
    const std::uint8_t column = row.due_on == row.since                 ? tasks_once_due
                                : row.due_on && row.due_on == row.until ? tasks_until_due
                                                                        : tasks_by_due;
    add_index(out, add_row(out, row), column, row.due_on);
  }
}

}  // namespace geleit
