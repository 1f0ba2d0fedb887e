#include "projections/deadlines.h"

#include <algorithm>
#include <cassert>

#include "projections/alerts.h"
#include "projections/read_models.h"
#include "projections/soziotherapie.h"

namespace geleit {
namespace {

template <class Event, std::size_t... I>
constexpr std::uint8_t place_of(std::index_sequence<I...>) {
  std::uint8_t place = 0;
  ((std::is_same_v<Event, std::variant_alternative_t<I, Payload>> ? void(place = I) : void()), ...);
  return place;
}
/// The event's place in event_names.
template <class Event>
constexpr std::uint8_t event_number =
    place_of<Event>(std::make_index_sequence<std::variant_size_v<Payload>>{});

Calendar calendar_of(Land land) { return Calendar{land}; }

DeadlineRow row_of(const Case& c, Rule rule, const RuleSet& rules, std::uint8_t anchor_event,
                   CivilDate anchor_on, const DeadlineDates& dates) {
  DeadlineRow row;
  row.id = c.id;
  row.rule = rule;
  row.rule_set = rules.hash();
  row.anchor_event = anchor_event;
  row.anchor_on = anchor_on;
  row.due_on = dates.due_on;
  row.acts_on = dates.acts_on;
  row.hint_on = dates.hint_on;
  row.calendar = calendar_of(c.land);
  return row;
}

/// A fact dated on or before acts_on meets it even if recorded after the end; else an end on or before
/// acts_on makes it moot, without met_on; else a late fact stands beside "missed".
void settle(DeadlineRow& row, std::optional<CivilDate> met_on, std::optional<CivilDate> ended_on) {
  const bool met = met_on && *met_on <= row.acts_on;
  row.moot = !met && ended_on && *ended_on <= row.acts_on;
  if (!row.moot) row.met_on = met_on;
}

/// The insurer's deadlines go by the case's end alone: a denial makes no GKV row moot.
std::optional<CivilDate> end_of(const Case& c) { return c.end ? std::optional(c.end->on) : std::nullopt; }

/// The version that last opened a deadline that rolls: `opened`, or that of a later change of Land which
/// moved it.
template <class Dates>
Version opened_by_land(const Case& c, Version opened, const Dates& dates) {
  for (std::size_t i = 0; i < c.lands_before.size(); ++i) {
    const LandBefore& before = c.lands_before[i];
    if (before.replaced <= opened) continue;
    const Land after = i + 1 < c.lands_before.size() ? c.lands_before[i + 1].land : c.land;
    const DeadlineDates was = dates(calendar_of(before.land));
    const DeadlineDates is = dates(calendar_of(after));
    if (was.due_on != is.due_on || was.acts_on != is.acts_on) opened = before.replaced;
  }
  return opened;
}

/// The delivered visit that a deadline hangs on: the first of that day.
const Visit& first_visit_on(const Case& c, CivilDate on, bool counting) {
  const Visit* first = nullptr;
  for (const Visit& v : c.visits) {
    if (!v.delivered() || v.on != on || (counting && !counts_as_unit(c, v))) continue;
    if (!first || std::tie(v.starts_at, v.id) < std::tie(first->starts_at, first->id)) first = &v;
  }
  assert(first);
  return *first;
}

bool told_in_time(const Case& c, const Application& a, const RuleSet& rules) {
  return a.told_on &&
         *a.told_on <= decision_deadline(rules, a.received_on, false, calendar_of(c.land)).acts_on;
}

DeadlineDates decision_dates(const Application& a, const RuleSet& rules, bool expert, Calendar calendar) {
  return a.regime == Regime::sgb5_13_3a
             ? decision_deadline(rules, a.received_on, expert, calendar)
             : decision_deadline_sgb9(rules, a.received_on, expert ? a.opinion_on : std::nullopt, calendar);
}

/// The referral prescribed on that day, of several the one received first.
std::optional<ReferralIndex> referral_of(const Case& c, CivilDate day) {
  for (ReferralIndex r = 0; r <= c.follow_ups.size(); ++r) {
    if (prescribed_on(c, r) == day) return r;
  }
  return std::nullopt;
}

/// The version that first brought a unit to that day: of those delivered there the one told first.
Version first_dated_on(const Case& c, CivilDate day) {
  std::optional<Version> first;
  for (const Visit& v : c.visits) {
    if (v.delivered() && v.on == day && (!first || v.dated < *first)) first = v.dated;
  }
  assert(first);
  return *first;
}

/// True when an approval of the denial's kind came after it, on or before `acts_on`.
bool approved_since(const Case& c, const Denial& d, CivilDate acts_on) {
  return std::any_of(c.approvals.begin(), c.approvals.end(), [&](const Approval& a) {
    return a.stands() && a.extension == d.extension && a.decided_on <= acts_on &&
           std::tie(a.decided_on, a.version) > std::tie(d.decided_on, d.version);
  });
}

}  // namespace

const RuleSet& rules_at(const Case& c, JudgedIndex judged, const RuleBook& rules) {
  assert(judged < c.judged.size());
  return rules.at(c.judged[judged]);
}

DeadlineState state_on(const DeadlineRow& row, CivilDate today) {
  if (row.met_on && *row.met_on <= row.acts_on) return DeadlineState::met;
  if (row.moot) return DeadlineState::moot;
  return today > row.acts_on ? DeadlineState::missed : DeadlineState::open;
}

std::optional<int> days_left(const DeadlineRow& row, CivilDate today) {
  if (state_on(row, today) != DeadlineState::open) return std::nullopt;
  return row.acts_on - today;
}

std::optional<std::int32_t> warning_on(const DeadlineRow& row, CivilDate today) {
  if (state_on(row, today) != DeadlineState::open) return std::nullopt;
  std::optional<std::int32_t> closest;
  for (const DeadlineRow::Warning& warning : row.warnings) {
    if (warning.from <= today) closest = warning.working_days;
  }
  return closest;
}

bool is_missed_once_due(const DeadlineRow& row) {
  return state_on(row, row.acts_on + 1) == DeadlineState::missed;
}

std::string explain(const RuleSet& rules, const DeadlineRow& row, Language language) {
  return explain(rules,
                 DeadlineStory{row.rule,
                               row.anchor_on,
                               {row.due_on, row.acts_on, row.hint_on},
                               row.calendar,
                               row.expert,
                               row.sgb9,
                               row.instruction_given},
                 language);
}

std::optional<DeadlineRow> start_of(const Case& c, const RuleBook& rules) {
  if (c.benefit != Benefit::smn || !c.discharged_on) return std::nullopt;
  const RuleSet& set = rules_at(c, c.discharge_judged, rules);
  DeadlineRow row = row_of(c, Rule::smn_start, set, c.discharge_event, *c.discharged_on,
                           start_deadline(set, *c.discharged_on, calendar_of(c.land)));
  settle(row, first_unit_on(c), closed_on(c));
  // A benefit window does not roll, so the Land never moves it.
  row.generation = std::max(c.discharge_version, c.first_unit_lost);
  return row;
}

std::optional<DeadlineRow> completion_of(const Case& c, const RuleBook& rules) {
  if (c.benefit != Benefit::smn) return std::nullopt;
  const CompleteAnchor mode =
      rules_at(c, c.discharged_on ? c.discharge_judged : c.land_judged, rules).numbers().smn_complete_anchor;
  std::optional<CivilDate> anchor_on;
  std::uint8_t anchor_event = event_number<VisitDelivered>;
  Version opened;
  JudgedIndex judged = 0;
  switch (mode) {
    case CompleteAnchor::discharge:
      anchor_on = c.discharged_on;
      anchor_event = c.discharge_event;
      opened = c.discharge_version;
      judged = c.discharge_judged;
      break;
    case CompleteAnchor::first_unit:
      anchor_on = first_delivery_on(c);
      opened = c.first_delivery_changed;
      if (anchor_on) judged = first_visit_on(c, *anchor_on, false).judged;
      break;
    case CompleteAnchor::first_unit_after_discharge:
      anchor_on = first_unit_on(c);
      opened = c.first_unit_changed;
      if (anchor_on) judged = first_visit_on(c, *anchor_on, true).judged;
      break;
  }
  if (!anchor_on) return std::nullopt;
  const RuleSet& set = rules_at(c, judged, rules);
  DeadlineRow row = row_of(c, Rule::smn_complete, set, anchor_event, *anchor_on,
                           complete_deadline(set, *anchor_on, c.discharged_on, calendar_of(c.land)));
  const bool meets = c.end && c.end->kind != EndKind::withdrawn;
  settle(row, meets ? std::optional(c.end->on) : std::nullopt, closed_on(c));
  row.generation = std::max(opened, c.reopened);
  return row;
}

std::optional<DeadlineRow> total_of(const Case& c, const RuleBook& rules) {
  if (c.benefit != Benefit::st) return std::nullopt;
  const auto first = first_unit_on(c);
  if (!first) return std::nullopt;
  const RuleSet& first_set = rules_at(c, first_visit_on(c, *first, true).judged, rules);
  const StWindow kind = first_set.numbers().st_window;
  const auto window = current_window(c, first_set.numbers());
  if (!window) return std::nullopt;
  const RuleSet* set = &first_set;
  std::uint8_t anchor_event = event_number<VisitDelivered>;
  Version opened;
  if (const auto referral = referral_of(c, window->from); kind == StWindow::first_referral && referral) {
    anchor_event = *referral == 0 ? event_number<ReferralReceived> : event_number<FollowUpReferralReceived>;
    opened = *referral == 0 ? Version{1} : c.follow_ups[*referral - 1].version;
  } else {
    opened = window->from == *first ? c.first_unit_changed : first_dated_on(c, window->from);
    // A set that counts periods otherwise cannot tell this one.
    const RuleSet& own = rules_at(c, first_visit_on(c, window->from, true).judged, rules);
    if (own.numbers().st_window == kind) set = &own;
  }
  DeadlineRow row = row_of(c, Rule::st_total, *set, anchor_event, window->from,
                           total_deadline(*set, window->from, calendar_of(c.land)));
  settle(row, std::nullopt, closed_on(c));
  // A benefit window does not roll, so the Land never moves it; nothing meets it, so reopening takes nothing
  // back.
  row.generation = opened;
  return row;
}

DeadlineRow decision_of(const Case& c, std::size_t application, const RuleBook& rules) {
  const Application& a = c.applications[application];
  const RuleSet& set = rules_at(c, a.judged, rules);
  const bool expert = told_in_time(c, a, set);
  const auto dates = [&](Calendar calendar) { return decision_dates(a, set, expert, calendar); };
  DeadlineRow row =
      row_of(c, Rule::gkv_decision, set,
             a.extension ? event_number<ExtensionRequested> : event_number<ApplicationSubmitted>,
             a.received_on, dates(calendar_of(c.land)));
  row.ordinal = static_cast<std::uint16_t>(application);
  row.sgb9 = a.regime == Regime::sgb9_14_18;
  row.expert = expert && (!row.sgb9 || a.opinion_on);
  settle(row, a.decided_on, end_of(c));
  Version opened = a.version;
  if (row.expert) opened = std::max({opened, a.told_version, row.sgb9 ? a.opinion_version : Version{}});
  row.generation = opened_by_land(c, opened, dates);
  return row;
}

DeadlineRow objection_of(const Case& c, std::size_t denial, const RuleBook& rules) {
  const Denial& d = c.denials[denial];
  const RuleSet& set = rules_at(c, d.judged, rules);
  const auto dates = [&](Calendar calendar) {
    return objection_deadline(set, d.posted_on, d.instruction_given, calendar);
  };
  DeadlineRow row = row_of(c, Rule::gkv_objection, set,
                           d.extension ? event_number<ExtensionDenied> : event_number<ApprovalDenied>,
                           d.posted_on, dates(calendar_of(c.land)));
  row.ordinal = static_cast<std::uint16_t>(denial);
  row.instruction_given = d.instruction_given;
  settle(row, d.objection_filed_on, end_of(c));
  const bool met = row.met_on && *row.met_on <= row.acts_on;
  if (!met && approved_since(c, d, row.acts_on)) {
    row.moot = true;
    row.met_on.reset();
  }
  row.generation = opened_by_land(c, d.version, dates);
  return row;
}

std::vector<DeadlineRow> deadlines_of(const Case& c, const RuleBook& rules) {
  std::vector<DeadlineRow> rows;
  if (auto row = start_of(c, rules)) rows.push_back(std::move(*row));
  if (auto row = completion_of(c, rules)) rows.push_back(std::move(*row));
  if (auto row = total_of(c, rules)) rows.push_back(std::move(*row));
  for (std::size_t i = 0; i < c.applications.size(); ++i) rows.push_back(decision_of(c, i, rules));
  for (std::size_t i = 0; i < c.denials.size(); ++i) rows.push_back(objection_of(c, i, rules));
  return rows;
}

void derive_deadlines(const Subject& subject, Derived& out) {
  std::optional<CasePolicy> policy;
  for (DeadlineRow row : subject.deadlines()) {
    if (!row.met_on && !row.moot) {
      if (!policy) policy = alert_policy_of(subject.c, subject.rules);
      if (const auto* warned = policy->policy->warnings_of(row.rule)) {
        for (const std::int32_t days : warned->working_days) {
          row.warnings.push_back({days, working_days_before(row.acts_on, days, policy->calendar)});
        }
      }
    }
    DerivedRow& added = add_row(out, row);
    add_index(out, added, 1, row.acts_on);
    add_index(out, added, 2, row.due_on);
  }
}

}  // namespace geleit
