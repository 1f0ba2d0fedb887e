#include "projections/evolve.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "events/civil_time.h"
#include "projections/as_of.h"

namespace geleit {
namespace {

template <class T>
void replace(T& field, const std::optional<T>& by) {
  if (by) field = *by;
}
template <class T>
void replace(std::optional<T>& field, const std::optional<T>& by) {
  if (by) field = by;
}

/// What every overload below sees of its event besides the payload.
struct Fold {
  Case& c;
  const Event& event;
  JudgedIndex judged;

  void opens() const {
    if (c.exists()) throw FoldFailed("a case is opened by its first event only");
  }
  Visit& visit(VisitId id) const {
    if (Visit* v = c.find_visit(id)) return *v;
    throw FoldFailed("the case has no such visit");
  }
  Approval& approval(ApprovalId id) const {
    if (Approval* a = c.find_approval(id)) return *a;
    throw FoldFailed("the case has no such approval");
  }
  Missed& alert(EventId id) const {
    for (Missed& m : c.missed) {
      if (m.alert == id) return m;
    }
    throw FoldFailed("the case has no such alert");
  }
  void missed(Rule rule, Version generation, CivilDate due_on, CivilDate acts_on) const {
    Missed& m = c.missed.emplace_back();
    m.alert = event.id;
    m.rule = rule;
    m.generation = generation;
    m.due_on = due_on;
    m.acts_on = acts_on;
    m.level_since = event.decided;
  }
  void answered(Missed& m, AlertAnswer answer, Sealed text, CivilDate until) const {
    m.answer = answer;
    m.answered_at = event.happened.at.value_or(event.decided);
    m.answered_by = event.by;
    copy(text, m.answer_text);
    m.snoozed_until = until;
  }
  std::uint16_t staff(std::string_view slug) const {
    const auto found = std::find(c.staff.begin(), c.staff.end(), slug);
    if (found != c.staff.end()) return static_cast<std::uint16_t>(found - c.staff.begin());
    c.staff.emplace_back(slug);
    return static_cast<std::uint16_t>(c.staff.size() - 1);
  }
  void copy(Sealed sealed, SealedCopy& to) const {
    to.key = event.key;
    to.bytes = sealed.bytes;
  }
  void discharge(std::optional<CivilDate> on) const {
    if (!on || c.discharged_on == on) return;
    c.discharged_on = on;
    c.discharge_version = event.version;
    c.discharge_judged = judged;
    c.discharge_event = static_cast<std::uint8_t>(event.payload.index());
  }
  void severe(const std::optional<Severe>& severe) const {
    if (!severe) return;
    c.no_self_care = severe->no_self_care;
    c.inpatient_stays_12_months = severe->inpatient_stays_12_months;
  }
  std::optional<std::uint16_t> decide_oldest(bool extension, Decision decision, CivilDate on) const {
    for (std::size_t i = 0; i < c.applications.size(); ++i) {
      Application& a = c.applications[i];
      if (a.extension == extension && a.decision == Decision::none) {
        a.decision = decision;
        a.decided_on = on;
        return static_cast<std::uint16_t>(i);
      }
    }
    return std::nullopt;
  }
  template <class Granted>
  void grant(const Granted& e, bool extension) const {
    if (c.find_approval(e.approval)) throw FoldFailed("the approval is known already");
    c.approvals.push_back({e.approval,
                           extension,
                           false,
                           e.units,
                           e.from,
                           e.until,
                           e.decided_on,
                           {},
                           decide_oldest(extension, Decision::granted, e.decided_on),
                           event.version});
    copy(e.reference, c.approvals.back().reference);
  }
  template <class Denied>
  void deny(const Denied& e, bool extension) const {
    c.denials.push_back(
        {extension, e.instruction_given, e.decided_on, e.posted_on, {}, {}, false, event.version, judged});
    decide_oldest(extension, Decision::denied, e.decided_on);
    if (!extension) c.denied_on = e.decided_on;
  }
  void start(Visit& v, Instant at) const {
    v.starts_at = at;
    v.on = berlin_date(at);
  }
  void end(EndKind kind, CivilDate on, std::optional<Cause> cause, std::optional<bool> goal_reached) const {
    c.end = End{kind, on, cause, goal_reached, event.version};
  }
};

struct Apply : Fold {
  void operator()(const ReferralReceived& e) const {
    opens();
    c.id = event.stream;
    c.provider = event.provider;
    c.benefit = e.benefit;
    c.land = e.land;
    c.land_judged = judged;
    c.person_id = e.person_id;
    copy(e.person, c.person);
    copy(e.diagnoses, c.diagnoses);
    c.prescriber = e.prescriber.kind;
    c.prescribed_on = e.prescribed_on;
    c.received_on = e.received_on.value_or(event.happened.date);
    c.units = e.units;
    c.setting = e.setting;
    c.expected_discharge_on = e.expected_discharge_on;
    c.final_stage = e.final_stage;
    c.impairment = e.impairment;
    c.sapv = e.sapv;
    c.gaf = e.gaf;
    c.trial = e.trial;
    c.coverage = e.coverage;
    severe(e.severe);
    discharge(e.discharged_on);
  }
  void operator()(const ReferralAmended& e) const {
    if (e.land && *e.land != c.land) {
      c.lands_before.push_back({c.land, event.version});
      c.land = *e.land;
    }
    if (e.person.present()) copy(e.person, c.person);
    if (e.diagnoses.present()) copy(e.diagnoses, c.diagnoses);
    if (e.prescriber) c.prescriber = e.prescriber->kind;
    replace(c.prescribed_on, e.prescribed_on);
    replace(c.received_on, e.received_on);
    replace(c.units, e.units);
    replace(c.setting, e.setting);
    replace(c.expected_discharge_on, e.expected_discharge_on);
    replace(c.final_stage, e.final_stage);
    replace(c.impairment, e.impairment);
    replace(c.sapv, e.sapv);
    replace(c.gaf, e.gaf);
    replace(c.trial, e.trial);
    replace(c.coverage, e.coverage);
    severe(e.severe);
    discharge(e.discharged_on);
  }
  void operator()(const FollowUpReferralReceived& e) const {
    c.follow_ups.push_back(
        {e.prescribed_on, e.units, e.prescriber.kind, e.trial.value_or(false), event.version});
  }
  void operator()(const ReferralWithdrawn&) const { end(EndKind::withdrawn, event.happened.date, {}, {}); }
  void operator()(const DischargeRecorded& e) const { discharge(e.discharged_on); }
  void operator()(const CareTeamAssigned& e) const { c.lead = e.lead; }
  void operator()(const CoverageRecorded& e) const {
    c.coverage = e.coverage;
    c.coverage_since = e.since;
  }
  // Read by the co-payment, which needs the person's age and is therefore computed for an entitled reader
  // only.
  void operator()(const ExemptionRecorded& e) const { c.exemptions.push_back({e.from, e.until}); }

  void operator()(const ApplicationSubmitted& e) const {
    Application a;
    a.units = e.units;
    a.submitted_on = e.submitted_on;
    a.received_on = e.received_on.value_or(e.submitted_on);
    a.regime = e.regime.value_or(Regime::sgb5_13_3a);
    a.version = event.version;
    a.judged = judged;
    c.applications.push_back(a);
    c.denied_on.reset();
  }
  void operator()(const ExpertOpinionNoted& e) const {
    for (Application& a : c.applications) {
      if (a.decision != Decision::none) continue;
      // Told again, with the opinion's date perhaps: what counts is whether it was told in time at all.
      if (!a.told_on || e.told_on < *a.told_on) {
        a.told_on = e.told_on;
        a.told_version = event.version;
      }
      if (e.opinion_on && e.opinion_on != a.opinion_on) {
        a.opinion_on = e.opinion_on;
        a.opinion_version = event.version;
      }
      return;
    }
    throw FoldFailed("an expert opinion without an undecided application");
  }
  void operator()(const ApprovalGranted& e) const { grant(e, false); }
  void operator()(const ApprovalCorrected& e) const {
    Approval& a = approval(e.approval);
    replace(a.units, e.units);
    replace(a.from, e.from);
    replace(a.until, e.until);
    replace(a.decided_on, e.decided_on);
    if (e.reference.present()) copy(e.reference, a.reference);
    // The corrected day is also the day on which the application was decided.
    if (e.decided_on && a.decides) c.applications[*a.decides].decided_on = e.decided_on;
  }
  void operator()(const ApprovalRevoked& e) const { approval(e.approval).revoked = true; }
  void operator()(const ApprovalDenied& e) const { deny(e, false); }
  void operator()(const ObjectionFiled& e) const {
    if (c.denials.empty()) throw FoldFailed("an objection without a denial");
    c.denials.back().objection_filed_on = e.filed_on;
    if (!c.denials.back().extension) c.denied_on.reset();
  }
  void operator()(const ObjectionDecided& e) const {
    if (c.denials.empty()) throw FoldFailed("a decision on an objection without a denial");
    Denial& denial = c.denials.back();
    denial.objection_decided_on = e.decided_on;
    denial.upheld = e.upheld;
    if (!denial.extension && !e.upheld) c.denied_on = e.decided_on;
  }
  void operator()(const ExtensionRequested& e) const {
    Application a;
    a.extension = true;
    a.units = e.units;
    a.submitted_on = a.received_on = e.requested_on;
    a.version = event.version;
    a.judged = judged;
    if (!c.applications.empty()) a.regime = c.applications.front().regime;
    c.applications.push_back(a);
  }
  void operator()(const ExtensionGranted& e) const { grant(e, true); }
  void operator()(const ExtensionDenied& e) const { deny(e, true); }

  void operator()(const VisitScheduled& e) const {
    if (c.find_visit(e.visit)) throw FoldFailed("the visit is known already");
    Visit v;
    v.id = e.visit;
    start(v, e.starts_at);
    v.minutes = e.minutes;
    v.staff = staff(e.staff);
    v.place = e.place;
    v.category = e.category;
    v.group_size = static_cast<std::uint16_t>(e.group_size.value_or(0));
    c.visits.push_back(v);
  }
  void operator()(const VisitRescheduled& e) const {
    Visit& v = visit(e.visit);
    start(v, e.starts_at);
    replace(v.minutes, e.minutes);
    if (!e.staff.empty()) v.staff = staff(e.staff);
  }
  void operator()(const VisitCancelled& e) const { visit(e.visit).state = VisitState::cancelled; }
  void operator()(const VisitMissed& e) const { visit(e.visit).state = VisitState::missed; }
  void operator()(const VisitDelivered& e) const {
    Visit* known = c.find_visit(e.visit);
    if (!known) {
      if (!e.starts_at && !e.started_at) throw FoldFailed("a delivered visit without a start");
      known = &c.visits.emplace_back();
      known->id = e.visit;
    }
    Visit& v = *known;
    v.state = VisitState::delivered;
    if (const auto at = e.started_at ? e.started_at : e.starts_at) start(v, *at);
    v.minutes = e.minutes;
    replace(v.place, e.place);
    replace(v.category, e.category);
    if (!e.staff.empty()) v.staff = staff(e.staff);
    if (e.group_size) v.group_size = static_cast<std::uint16_t>(*e.group_size);
    v.judged = judged;
    v.dated = event.version;
  }
  void operator()(const VisitCorrected& e) const {
    Visit& v = visit(e.visit);
    if (e.started_at) {
      const CivilDate before = v.on;
      start(v, *e.started_at);
      if (v.on != before) v.dated = event.version;
    }
    replace(v.minutes, e.minutes);
    replace(v.place, e.place);
    replace(v.category, e.category);
    if (!e.staff.empty()) v.staff = staff(e.staff);
    if (e.group_size) v.group_size = static_cast<std::uint16_t>(*e.group_size);
    ++v.corrected;
  }
  void operator()(const VisitVoided& e) const { visit(e.visit).state = VisitState::voided; }

  void operator()(const CarePlanAgreed& e) const { c.care_plan_on = e.agreed_on; }
  void operator()(const CareCompleted& e) const {
    end(EndKind::completed, e.completed_on, {}, e.goal_reached);
  }
  void operator()(const CareDiscontinued& e) const {
    end(EndKind::discontinued, e.discontinued_on, e.cause, {});
  }
  void operator()(const CaseReopened&) const {
    c.end.reset();
    c.reopened = event.version;
  }
  void operator()(const FinalReportSent& e) const { c.final_report_on = e.sent_on; }
  // Who ticked first stands; an item that is not ticked has no entry.
  void operator()(const ChecklistTicked& e) const {
    const auto known = std::find_if(c.ticks.begin(), c.ticks.end(), [&](const Tick& tick) {
      return tick.step == e.step && tick.item == e.item;
    });
    if (!e.ticked) {
      if (known != c.ticks.end()) c.ticks.erase(known);
    } else if (known == c.ticks.end()) {
      c.ticks.push_back(
          {std::string(e.step), std::string(e.item), std::string(event.by), event.happened.date});
    }
  }

  void operator()(const StartDeadlineMissed& e) const {
    missed(Rule::smn_start, e.generation, e.due_on, e.acts_on);
  }
  void operator()(const DeadlineMissed& e) const { missed(e.rule, e.generation, e.due_on, e.acts_on); }
  // A lapsed approval period changes no state and no minutes (API.md, States).
  void operator()(const ApprovalPeriodLapsed& e) const { approval(e.approval).lapsed = e.until; }
  void operator()(const AlertAcknowledged& e) const {
    Missed& m = alert(e.alert);
    if (!e.without_effect.value_or(false)) answered(m, AlertAnswer::acknowledged, e.note, {});
  }
  void operator()(const AlertSnoozed& e) const {
    Missed& m = alert(e.alert);
    if (!e.without_effect.value_or(false)) answered(m, AlertAnswer::snoozed, e.reason, e.until);
  }
  void operator()(const AlertSent& e) const {
    alert(e.alert).notices.push_back(
        {std::string(e.channel), e.level, e.number, e.at, std::string(e.outcome)});
  }
  void operator()(const AlertEscalated& e) const {
    Missed& m = alert(e.alert);
    m.level = e.level;
    m.level_since = event.decided;
  }
  void operator()(const ProcessingRestricted&) const { c.personal_data = PersonalDataState::restricted; }
  void operator()(const RestrictionLifted&) const { c.personal_data = PersonalDataState::kept; }
  // Nothing opens what was sealed any more, so nothing of it is kept.
  void operator()(const PersonalDataErased&) const {
    c.personal_data = PersonalDataState::erased;
    c.person = c.diagnoses = {};
    for (Approval& a : c.approvals) a.reference = {};
    for (Missed& m : c.missed) m.answer_text = {};
  }
  void operator()(const SettingsAdopted&) const { throw FoldFailed("settings belong to no case"); }
};

/// Events that the service adds by itself.
bool made_by_service(const Payload& payload) {
  return std::holds_alternative<StartDeadlineMissed>(payload) ||
         std::holds_alternative<DeadlineMissed>(payload) ||
         std::holds_alternative<ApprovalPeriodLapsed>(payload) ||
         std::holds_alternative<AlertSent>(payload) || std::holds_alternative<AlertEscalated>(payload) ||
         std::holds_alternative<PersonalDataErased>(payload);
}

JudgedIndex index_of(Case& c, const JudgedBy& judged_by) {
  for (std::size_t i = 0; i < c.judged.size(); ++i) {
    if (c.judged[i] == judged_by) return static_cast<JudgedIndex>(i);
  }
  if (c.judged.size() > 255) throw FoldFailed("a case judged by more than 256 sets");
  c.judged.push_back(judged_by);
  return static_cast<JudgedIndex>(c.judged.size() - 1);
}

/// Events that can change which visit is the first one.
bool touches_first_unit(const Payload& payload) {
  return std::holds_alternative<VisitDelivered>(payload) || std::holds_alternative<VisitCorrected>(payload) ||
         std::holds_alternative<VisitVoided>(payload) || std::holds_alternative<DischargeRecorded>(payload) ||
         std::holds_alternative<ReferralAmended>(payload);
}

/// First unit and first delivery of the case, in one pass.
struct FirstDays {
  std::optional<CivilDate> unit, delivery;
};
FirstDays first_days(const Case& c) {
  constexpr CivilDate never{INT32_MAX};
  // Of the first day on a delivered visit is a unit; without a discharge no SMN visit is one.
  const CivilDate units_from = c.benefit != Benefit::smn ? CivilDate{INT32_MIN}
                               : c.discharged_on         ? *c.discharged_on
                                                         : never;
  CivilDate unit = never;
  CivilDate delivery = never;
  for (const Visit& v : c.visits) {
    const CivilDate on = v.delivered() ? v.on : never;
    delivery = std::min(delivery, on);
    unit = std::min(unit, on >= units_from ? on : never);
  }
  const auto known = [&](CivilDate day) { return day == never ? std::nullopt : std::optional(day); };
  return {known(unit), known(delivery)};
}

}  // namespace

void evolve(Case& c, const Event& event, const Hash& hash) {
  assert(standing(c.head, event.version, event.previous) == Standing::accepted);
  if (!c.exists() && !std::holds_alternative<ReferralReceived>(event.payload)) {
    throw FoldFailed("a case begins with its referral");
  }
  const JudgedIndex judged = index_of(c, event.judged_by);
  if (touches_first_unit(event.payload)) {
    const FirstDays before = first_days(c);
    std::visit(Apply{{c, event, judged}}, event.payload);
    const auto [unit, delivery] = first_days(c);
    if (unit != before.unit) c.first_unit_changed = event.version;
    if (before.unit && (!unit || *unit > *before.unit)) c.first_unit_lost = event.version;
    if (delivery != before.delivery) c.first_delivery_changed = event.version;
  } else {
    std::visit(Apply{{c, event, judged}}, event.payload);
  }
  if (!made_by_service(event.payload)) {
    c.latest_judged = judged;
    c.client_version = event.version;
  }
  for (const Rule rule : event.findings) c.findings.push_back({event.version, rule, false});
  for (const Deviation& d : event.deviations) c.findings.push_back({event.version, d.rule, true});
  c.whole_from = std::max(c.whole_from, last_day_of(event));
  c.head = {event.version, hash};
}

}  // namespace geleit
