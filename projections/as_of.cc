#include "projections/as_of.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "projections/evolve.h"

namespace geleit {

/// Each event's own day and what it is about, as its payload says.
struct CountedFacts::Reads {
  const Event& event;

  [[nodiscard]] Fact fact(Kind kind, CivilDate own, Uuid about = {}, Instant at = no_instant) const {
    Fact f;
    f.kind = kind;
    f.own = own;
    f.about = about;
    f.at = at;
    return f;
  }
  [[nodiscard]] Fact happened(Kind kind = Kind::dated, Uuid about = {}, Instant at = no_instant) const {
    return fact(kind, event.happened.date, about, at);
  }
  [[nodiscard]] Fact missed(Version generation, Rule rule) const {
    Fact f = happened(Kind::misses, event.id.value);
    f.generation = generation;
    f.by_discharge = rule == Rule::smn_start || rule == Rule::smn_complete;
    return f;
  }
  [[nodiscard]] Fact of_kind(Kind kind, CivilDate own, bool extension, Uuid about = {}) const {
    Fact f = fact(kind, own, about);
    f.extension = extension;
    return f;
  }

  Fact operator()(const ReferralReceived& e) const {
    Fact f = fact(Kind::opens, e.received_on.value_or(event.happened.date));
    f.other = e.discharged_on.value_or(no_day);
    return f;
  }
  Fact operator()(const ReferralAmended& e) const {
    Fact f = fact(Kind::amends, e.received_on.value_or(no_day));
    f.other = e.discharged_on.value_or(no_day);
    return f;
  }
  Fact operator()(const FollowUpReferralReceived& e) const { return fact(Kind::dated, e.prescribed_on); }
  Fact operator()(const ReferralWithdrawn&) const { return happened(Kind::ends); }
  Fact operator()(const DischargeRecorded& e) const {
    Fact f = fact(Kind::discharges, e.discharged_on);
    f.other = e.discharged_on;
    return f;
  }
  Fact operator()(const CareTeamAssigned&) const { return happened(); }
  Fact operator()(const CoverageRecorded& e) const { return fact(Kind::dated, e.since); }
  Fact operator()(const ExemptionRecorded& e) const { return fact(Kind::dated, e.from); }

  Fact operator()(const ApplicationSubmitted& e) const {
    return of_kind(Kind::applies, e.submitted_on, false);
  }
  Fact operator()(const ExpertOpinionNoted& e) const { return fact(Kind::opinion, e.told_on); }
  Fact operator()(const ApprovalGranted& e) const {
    return of_kind(Kind::grants, e.decided_on, false, e.approval.value);
  }
  Fact operator()(const ApprovalCorrected& e) const {
    Fact f = happened(Kind::corrects_approval, e.approval.value);
    f.other = e.decided_on.value_or(no_day);
    return f;
  }
  Fact operator()(const ApprovalRevoked& e) const { return happened(Kind::about_approval, e.approval.value); }
  Fact operator()(const ApprovalDenied& e) const { return of_kind(Kind::denies, e.decided_on, false); }
  Fact operator()(const ObjectionFiled& e) const { return fact(Kind::objects, e.filed_on); }
  Fact operator()(const ObjectionDecided& e) const { return fact(Kind::decides_objection, e.decided_on); }
  Fact operator()(const ExtensionRequested& e) const { return of_kind(Kind::applies, e.requested_on, true); }
  Fact operator()(const ExtensionGranted& e) const {
    return of_kind(Kind::grants, e.decided_on, true, e.approval.value);
  }
  Fact operator()(const ExtensionDenied& e) const { return of_kind(Kind::denies, e.decided_on, true); }

  Fact operator()(const VisitScheduled& e) const {
    return happened(Kind::plans_visit, e.visit.value, e.starts_at);
  }
  Fact operator()(const VisitRescheduled& e) const {
    return happened(Kind::plans_visit, e.visit.value, e.starts_at);
  }
  Fact operator()(const VisitCancelled& e) const { return happened(Kind::about_plan, e.visit.value); }
  Fact operator()(const VisitMissed& e) const { return happened(Kind::about_plan, e.visit.value); }
  Fact operator()(const VisitDelivered& e) const {
    return happened(Kind::delivers, e.visit.value,
                    e.started_at ? *e.started_at : e.starts_at.value_or(no_instant));
  }
  Fact operator()(const VisitCorrected& e) const {
    return happened(Kind::corrects_visit, e.visit.value, e.started_at.value_or(no_instant));
  }
  Fact operator()(const VisitVoided& e) const { return happened(Kind::voids_visit, e.visit.value); }

  Fact operator()(const CarePlanAgreed& e) const { return fact(Kind::dated, e.agreed_on); }
  Fact operator()(const CareCompleted& e) const { return fact(Kind::ends, e.completed_on); }
  Fact operator()(const CareDiscontinued& e) const { return fact(Kind::ends, e.discontinued_on); }
  Fact operator()(const CaseReopened&) const { return happened(Kind::reopens); }
  Fact operator()(const FinalReportSent& e) const { return fact(Kind::dated, e.sent_on); }
  Fact operator()(const ChecklistTicked&) const { return happened(); }

  Fact operator()(const StartDeadlineMissed& e) const { return missed(e.generation, Rule::smn_start); }
  Fact operator()(const DeadlineMissed& e) const { return missed(e.generation, e.rule); }
  Fact operator()(const ApprovalPeriodLapsed& e) const {
    return happened(Kind::about_approval, e.approval.value);
  }
  Fact operator()(const AlertAcknowledged& e) const { return happened(Kind::about_alert, e.alert.value); }
  Fact operator()(const AlertSnoozed& e) const { return happened(Kind::about_alert, e.alert.value); }
  Fact operator()(const AlertSent& e) const { return happened(Kind::about_alert, e.alert.value); }
  Fact operator()(const AlertEscalated& e) const { return happened(Kind::about_alert, e.alert.value); }
  Fact operator()(const PersonalDataErased&) const { return happened(); }
  Fact operator()(const ProcessingRestricted&) const { return happened(); }
  Fact operator()(const RestrictionLifted&) const { return happened(); }
  Fact operator()(const SettingsAdopted&) const { return happened(); }
};

void CountedFacts::add(const Event& event) { facts_.push_back(std::visit(Reads{event}, event.payload)); }

// What other events say of an event is a day that one of them bears itself (Meanings::read), so the last of
// all days is none too early.
CivilDate last_day_of(const Event& event) {
  const CountedFacts::Fact fact = std::visit(CountedFacts::Reads{event}, event.payload);
  const CivilDate last = std::max(fact.own, fact.other);
  return fact.at == CountedFacts::no_instant ? last : std::max(last, berlin_date(fact.at));
}

std::optional<CivilDate> day_referred(const Event& event) {
  // Two of all kinds say it; the others are looked at by what they are only.
  if (!std::holds_alternative<ReferralReceived>(event.payload) &&
      !std::holds_alternative<ReferralAmended>(event.payload))
    return std::nullopt;
  const CivilDate day = std::visit(CountedFacts::Reads{event}, event.payload).own;
  return day == CountedFacts::no_day ? std::nullopt : std::optional(day);
}

/// What all facts together say: which earlier fact each is about, and from which day it counts.
struct CountedFacts::Meanings {
  static constexpr std::size_t none = SIZE_MAX;
  struct Known {
    Uuid id;
    std::size_t by = none;         ///< the fact that brought it: a plan, an approval, an alert
    std::size_t delivered = none;  ///< of a visit
    Instant at = no_instant;
  };
  struct Asked {
    std::size_t by;
    bool extension;
    bool decided = false;
  };

  explicit Meanings(const std::vector<Fact>& facts) : about(facts.size(), none), own(facts.size()) {
    for (std::size_t i = 0; i < facts.size(); ++i) read(facts, i);
    for (const Known& visit : visits) {
      if (visit.delivered != none) own[visit.delivered] = berlin_date(visit.at);
    }
    // What was planned of a visit completes its delivery, so it counts from then on, too.
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (facts[i].kind != Kind::plans_visit) continue;
      const Known& visit = *find(visits, facts[i].about);
      if (visit.delivered != none && visit.delivered > i) own[i] = std::min(own[i], own[visit.delivered]);
    }
  }

  std::vector<std::size_t> about;
  std::vector<CivilDate> own;
  CivilDate received = no_day, discharged = no_day;  ///< the latest known

 private:
  void read(const std::vector<Fact>& facts, std::size_t i) {
    const Fact& f = facts[i];
    own[i] = f.own;
    switch (f.kind) {
      case Kind::opens:
      case Kind::amends:
        if (f.own != no_day) received = f.own;
        if (f.other != no_day) discharged = f.other;
        break;
      case Kind::discharges: discharged = f.other; break;
      case Kind::applies: asked.push_back({i, f.extension}); break;
      case Kind::opinion: about[i] = oldest_undecided({}, false); break;
      case Kind::grants:
        about[i] = oldest_undecided(f.extension, true);
        approvals.push_back({f.about, i});
        break;
      case Kind::corrects_approval:
        if (const Known* approval = find(approvals, f.about)) {
          about[i] = approval->by;
          own[i] = no_day;
          if (f.other != no_day) own[approval->by] = f.other;
        }
        break;
      case Kind::about_approval:
        if (const Known* approval = find(approvals, f.about)) about[i] = approval->by;
        break;
      case Kind::denies:
        about[i] = oldest_undecided(f.extension, true);
        denial = i;
        break;
      case Kind::objects:
        about[i] = denial;
        objection = i;
        break;
      case Kind::decides_objection: about[i] = objection; break;
      case Kind::plans_visit:
        if (Known* visit = find(visits, f.about)) {
          about[i] = visit->by;
          visit->at = f.at;
        } else {
          visits.push_back({f.about, i, none, f.at});
        }
        break;
      case Kind::about_plan:
        if (const Known* visit = find(visits, f.about)) about[i] = visit->by;
        break;
      case Kind::delivers: {
        Known* visit = find(visits, f.about);
        if (!visit) visit = &visits.emplace_back(Known{f.about});
        visit->delivered = i;
        if (f.at != no_instant) visit->at = f.at;
        break;
      }
      case Kind::corrects_visit:
      case Kind::voids_visit:
        if (Known* visit = find(visits, f.about)) {
          about[i] = visit->delivered;
          own[i] = no_day;
          if (f.at != no_instant) visit->at = f.at;
        }
        break;
      case Kind::ends: end = i; break;
      case Kind::reopens: about[i] = end; break;
      case Kind::misses:
        alerts.push_back({f.about, i});
        if (f.generation.value > 0 && f.generation.value <= i) about[i] = f.generation.value - 1;
        break;
      case Kind::about_alert:
        if (const Known* alert = find(alerts, f.about)) about[i] = alert->by;
        break;
      case Kind::dated: break;
    }
  }
  /// Mostly what came last is meant.
  static Known* find(std::vector<Known>& all, const Uuid& id) {
    for (std::size_t i = all.size(); i > 0; --i) {
      if (all[i - 1].id == id) return &all[i - 1];
    }
    return nullptr;
  }
  std::size_t oldest_undecided(std::optional<bool> extension, bool decide) {
    for (Asked& one : asked) {
      if (one.decided || (extension && one.extension != *extension)) continue;
      one.decided = decide;
      return one.by;
    }
    return none;
  }

  std::vector<Known> visits, approvals, alerts;
  std::vector<Asked> asked;
  std::size_t denial = none, objection = none, end = none;
};

void CountedFacts::on(CivilDate day, std::vector<Verdict>& out) const {
  out.assign(facts_.size(), {});
  Meanings meanings(facts_);
  if (meanings.received == no_day || meanings.received > day) return;
  const bool discharged = meanings.discharged <= day;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    const Fact& f = facts_[i];
    const std::size_t about = meanings.about[i];
    Verdict& verdict = out[i];
    switch (f.kind) {
      case Kind::opens:
      case Kind::amends:
        verdict.counts = f.other == no_day || discharged ? Counts::yes : Counts::without_discharge;
        continue;
      case Kind::discharges: verdict.counts = discharged ? Counts::yes : Counts::no; continue;
      case Kind::opinion:
      case Kind::grants:
      case Kind::denies:
        if (about != Meanings::none) verdict.about = Version{static_cast<std::uint32_t>(about + 1)};
        break;
      case Kind::misses:
        if (about != Meanings::none && out[about].counts == Counts::without_discharge && f.by_discharge)
          continue;
        break;
      case Kind::applies:
      case Kind::corrects_approval:
      case Kind::about_approval:
      case Kind::objects:
      case Kind::decides_objection:
      case Kind::plans_visit:
      case Kind::about_plan:
      case Kind::delivers:
      case Kind::corrects_visit:
      case Kind::voids_visit:
      case Kind::ends:
      case Kind::reopens:
      case Kind::about_alert:
      case Kind::dated: break;
    }
    if (meanings.own[i] <= day && (about == Meanings::none || out[about].counts != Counts::no))
      verdict.counts = Counts::yes;
  }
}

namespace {

bool decides(const Payload& payload) {
  return std::holds_alternative<ApprovalGranted>(payload) ||
         std::holds_alternative<ApprovalDenied>(payload) ||
         std::holds_alternative<ExtensionGranted>(payload) ||
         std::holds_alternative<ExtensionDenied>(payload) ||
         std::holds_alternative<ExpertOpinionNoted>(payload);
}

}  // namespace

void evolve_counted(Case& c, Event& event, const Hash& hash, const Verdict& verdict) {
  if (verdict.counts == Counts::no) return;
  if (verdict.counts == Counts::without_discharge) {
    if (auto* referral = std::get_if<ReferralReceived>(&event.payload)) referral->discharged_on.reset();
    if (auto* amended = std::get_if<ReferralAmended>(&event.payload)) amended->discharged_on.reset();
  }
  // The events between are left out.
  if (c.exists()) c.head = {Version{event.version.value - 1}, event.previous};
  if (!decides(event.payload)) return evolve(c, event, hash);
  // The fold gives a decision to the oldest undecided application. Where a decision on an older one does not
  // count yet, that is not the one it was about: others are kept from it meanwhile.
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < c.applications.size(); ++i) {
    Application& a = c.applications[i];
    if (a.decision != Decision::none || a.version == verdict.about) continue;
    a.decision = Decision::denied;
    others.push_back(i);
  }
  evolve(c, event, hash);
  for (const std::size_t i : others) c.applications[i].decision = Decision::none;
}

PastFold fold_past(std::span<const std::string_view> records, std::optional<CivilDate> as_of) {
  std::vector<Verdict> verdicts;
  Event event;
  if (as_of) {
    CountedFacts facts;
    for (const std::string_view record : records) {
      decode(record, event);
      facts.add(event);
    }
    facts.on(*as_of, verdicts);
  }
  PastFold fold;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (as_of && verdicts[i].counts == Counts::no) continue;
    decode(records[i], event);
    try {
      if (as_of) {
        evolve_counted(fold.state, event, stated_hash(records[i]), verdicts[i]);
      } else {
        evolve(fold.state, event, stated_hash(records[i]));
      }
    } catch (const FoldFailed& failure) {
      // It leaves the case undefined. What came before is folded again, each as it was.
      fold = {};
      fold.error = failure.what();
      fold.failed = i;
      for (std::size_t before = 0; before < i; ++before) {
        if (as_of && verdicts[before].counts == Counts::no) continue;
        decode(records[before], event);
        as_of ? evolve_counted(fold.state, event, stated_hash(records[before]), verdicts[before])
              : evolve(fold.state, event, stated_hash(records[before]));
        fold.counted.push_back(event.version);
      }
      return fold;
    }
    fold.counted.push_back(event.version);
  }
  return fold;
}

}  // namespace geleit
