// The life of a case as verbs, for tests of everything that follows from a case: each verb is one real event,
// folded by `evolve`, judged by the rule set that ships with the program. Only what matters is set; visits
// and approvals are named by small numbers, days are written as texts.
//
//   CaseStory story;
//   story.referred().discharged("2026-02-20").delivered(1, "2026-03-02", 60);
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "events/civil_time.h"
#include "events/event.h"
#include "events/sha256.h"
#include "projections/deadlines.h"
#include "projections/evolve.h"
#include "projections/read_models.h"
#include "projections/row_codec.h"
#include "projections/unit_balances.h"

namespace geleit::testing {

inline CivilDate day(std::string_view text) { return parse_date(text).value(); }
inline VisitId visit_id(int n) { return {{0x0190000000007000ULL, 0x8000000000000000ULL + n}}; }
inline ApprovalId approval_id(int n) { return {{0x0190000000007001ULL, 0x8000000000000000ULL + n}}; }

struct Referral {
  Benefit benefit = Benefit::smn;
  Land land = Land::by;
  std::string_view received_on = "2026-02-19";
  std::string_view discharged_on = {};
  std::string_view expected_discharge_on = {};
  int units = 12;
  std::optional<bool> trial = std::nullopt;
  std::optional<Coverage> coverage = std::nullopt;
  std::string_view provider = "hana-muenchen";
};

struct VisitData {
  Place place = Place::home;
  int hour = 10;
  std::string_view staff = "m.roth";
  int group_size = 0;
};

class CaseStory {
 public:
  explicit CaseStory(int number = 1) {
    id_ = CaseId{{0x0190000000007002ULL, 0x8000000000000000ULL + static_cast<unsigned>(number)}};
    judged_by(shipped_rule_sets().back()->content());
  }

  /// From here on events are judged by the rule set with this text.
  CaseStory& judged_by(const std::string& toml) {
    SettingsAdopted settings;
    settings.hash = sha256(toml);
    settings.content = toml;
    book().adopt(settings);
    judged_ = {settings.hash, {}, {}};
    return *this;
  }

  /// From here on events are judged by these settings of the provider too, `{"steps": …}`.
  CaseStory& under_settings(std::string_view settings, std::string_view from = "2026-01-01") {
    const std::string content = R"({"from":")" + std::string(from) + R"(","provider":")" + provider_ +
                                R"(","settings":)" + std::string(settings) + "}";
    static std::uint32_t adopted = 0;
    book().adopt(content, Version{++adopted});
    judged_.provider = sha256(content);
    return *this;
  }

  CaseStory& happens(Payload payload, std::string_view happened = "2026-02-19") {
    Event e;
    e.id = EventId{{0x0190000000007003ULL, 0x8000000000000000ULL + case_.head.version.value}};
    e.stream = id_;
    e.version = next(case_.head.version);
    e.previous = case_.head.hash;
    e.happened = {day(happened), {}};
    e.decided = decided_;
    // An event views its texts, and a story may move.
    static std::set<std::string> slugs;
    e.provider = *slugs.insert(provider_).first;
    e.by = "m.roth";
    e.judged_by = judged_;
    e.findings = findings_;
    e.payload = std::move(payload);
    findings_.clear();
    const Hash hash{{e.version.value, id_.value.low, 3, 4}};
    evolve(case_, e, hash);
    told_.emplace_back(std::move(e), hash);
    return *this;
  }
  /// When events are decided from here on.
  CaseStory& at(std::string_view on, int hour, int minute = 0) {
    decided_ = berlin_time(day(on), hour, minute);
    return *this;
  }
  /// The next event is flagged by this rule.
  CaseStory& flagged(Rule rule) {
    findings_.push_back(rule);
    return *this;
  }

  CaseStory& referred(const Referral& r = {}) {
    provider_ = r.provider;
    ReferralReceived e;
    e.benefit = r.benefit;
    e.land = r.land;
    e.person_id = PersonId{{0x0190000000007004ULL, 0x8000000000000001ULL}};
    e.person = Sealed{"sealed person"};
    e.diagnoses = Sealed{"sealed diagnoses"};
    e.prescribed_on = day(r.received_on) - 1;
    e.received_on = day(r.received_on);
    e.units = r.units;
    if (r.benefit == Benefit::smn) e.setting = Setting::inpatient;
    if (!r.discharged_on.empty()) e.discharged_on = day(r.discharged_on);
    if (!r.expected_discharge_on.empty()) e.expected_discharge_on = day(r.expected_discharge_on);
    e.trial = r.trial;
    e.coverage = r.coverage;
    return happens(e, r.received_on);
  }
  CaseStory& moved_to(Land land) {
    ReferralAmended e;
    e.land = land;
    return happens(e);
  }
  CaseStory& followed_up(std::string_view prescribed_on, int units, bool trial = false) {
    FollowUpReferralReceived e;
    e.prescribed_on = day(prescribed_on);
    e.units = units;
    e.trial = trial;
    return happens(e, prescribed_on);
  }
  CaseStory& withdrawn(std::string_view on) { return happens(ReferralWithdrawn{}, on); }
  CaseStory& discharged(std::string_view on) { return happens(DischargeRecorded{day(on)}, on); }
  CaseStory& has_lead(std::string_view lead) {
    CareTeamAssigned e;
    e.lead = lead;
    return happens(e);
  }
  CaseStory& plans(std::string_view agreed_on) {
    return happens(CarePlanAgreed{day(agreed_on), {}}, agreed_on);
  }

  CaseStory& applied(std::string_view submitted_on, int units = 12, Regime regime = Regime::sgb5_13_3a) {
    ApplicationSubmitted e;
    e.units = units;
    e.submitted_on = day(submitted_on);
    e.regime = regime;
    return happens(e, submitted_on);
  }
  CaseStory& told(std::string_view told_on, std::string_view opinion_on = {}) {
    ExpertOpinionNoted e;
    e.told_on = day(told_on);
    if (!opinion_on.empty()) e.opinion_on = day(opinion_on);
    return happens(e, told_on);
  }
  CaseStory& granted(int approval, std::string_view decided_on, int units, std::string_view from,
                     std::string_view until) {
    return happens(
        ApprovalGranted{approval_id(approval), Sealed{"ref"}, day(decided_on), units, day(from), day(until)},
        decided_on);
  }
  CaseStory& correct_approval(int approval, int units) {
    ApprovalCorrected e;
    e.approval = approval_id(approval);
    e.units = units;
    return happens(e);
  }
  CaseStory& revoked(int approval) { return happens(ApprovalRevoked{approval_id(approval), {}}); }
  CaseStory& denied(std::string_view decided_on, bool instruction_given = true) {
    return happens(ApprovalDenied{{}, day(decided_on), day(decided_on), instruction_given, {}}, decided_on);
  }
  CaseStory& objected(std::string_view on) { return happens(ObjectionFiled{day(on)}, on); }
  CaseStory& objection_decided(std::string_view on, bool upheld) {
    return happens(ObjectionDecided{day(on), upheld}, on);
  }
  CaseStory& extension_requested(std::string_view on, int units) {
    return happens(ExtensionRequested{units, day(on), day(on), {}}, on);
  }
  CaseStory& extension_granted(int approval, std::string_view decided_on, int units, std::string_view from,
                               std::string_view until) {
    return happens(
        ExtensionGranted{approval_id(approval), Sealed{"ref"}, day(decided_on), units, day(from), day(until)},
        decided_on);
  }
  CaseStory& extension_denied(std::string_view decided_on) {
    return happens(ExtensionDenied{{}, day(decided_on), day(decided_on), true, {}}, decided_on);
  }

  CaseStory& scheduled(int visit, std::string_view on, int minutes = 60, const VisitData& data = {}) {
    VisitScheduled e;
    e.visit = visit_id(visit);
    e.starts_at = berlin_time(day(on), data.hour, 0);
    e.minutes = Minutes{minutes};
    e.staff = data.staff;
    e.place = data.place;
    e.category = Category::guidance;
    if (data.group_size > 0) e.group_size = data.group_size;
    return happens(e, on);
  }
  CaseStory& cancelled(int visit) { return happens(VisitCancelled{visit_id(visit), {}}); }
  CaseStory& missed(int visit) { return happens(VisitMissed{visit_id(visit), {}}); }
  /// Of a visit that was not scheduled, or another time than scheduled.
  CaseStory& delivered(int visit, std::string_view on, int minutes = 60, const VisitData& data = {}) {
    VisitDelivered e;
    e.visit = visit_id(visit);
    e.started_at = berlin_time(day(on), data.hour, 0);
    e.minutes = Minutes{minutes};
    e.staff = data.staff;
    e.place = data.place;
    e.category = Category::guidance;
    if (data.group_size > 0) e.group_size = data.group_size;
    return happens(e, on);
  }
  CaseStory& corrected(int visit, int minutes) {
    VisitCorrected e;
    e.visit = visit_id(visit);
    e.minutes = Minutes{minutes};
    return happens(e);
  }
  CaseStory& is_covered(Coverage coverage, std::string_view since = "2026-02-19") {
    return happens(CoverageRecorded{coverage, day(since)}, since);
  }
  CaseStory& corrected_to(int visit, std::string_view on) {
    VisitCorrected e;
    e.visit = visit_id(visit);
    e.started_at = berlin_time(day(on), 10, 0);
    return happens(e);
  }
  CaseStory& voided(int visit) { return happens(VisitVoided{visit_id(visit), {}}); }

  CaseStory& completed(std::string_view on, bool goal_reached = true) {
    return happens(CareCompleted{day(on), goal_reached}, on);
  }
  CaseStory& discontinued(std::string_view on, Cause cause = Cause::moved) {
    return happens(CareDiscontinued{day(on), cause}, on);
  }
  CaseStory& reopened() { return happens(CaseReopened{}); }
  CaseStory& ticks(std::string_view step, std::string_view item, std::string_view on, bool ticked = true) {
    return happens(ChecklistTicked{step, item, ticked}, on);
  }
  CaseStory& reported(std::string_view on) { return happens(FinalReportSent{day(on), {}}, on); }

  // -- asking

  [[nodiscard]] const Case& now() const { return case_; }
  /// Everything that happened, with its hash.
  [[nodiscard]] const std::vector<std::pair<Event, Hash>>& told() const { return told_; }
  [[nodiscard]] const RuleBook& rules() const { return book(); }
  [[nodiscard]] Version version() const { return case_.head.version; }
  [[nodiscard]] UnitBalanceRow balance() const { return balance_of(case_, book()); }
  [[nodiscard]] Derived derive(Table table) const {
    Derived out;
    for (const ReadModel& model : read_models()) {
      if (model.table == table) model.derive(Subject(case_, book()), out);
    }
    return out;
  }
  template <class Row>
  [[nodiscard]] std::vector<Row> rows(Table table) const {
    std::vector<Row> rows;
    for (const DerivedRow& derived : derive(table).rows)
      decode(derived.key, derived.bytes, rows.emplace_back());
    return rows;
  }
  [[nodiscard]] std::vector<DeadlineRow> deadlines(Rule rule) const {
    auto all = rows<DeadlineRow>(Table::deadlines);
    std::erase_if(all, [&](const DeadlineRow& row) { return row.rule != rule; });
    return all;
  }
  /// The only deadline of its rule.
  [[nodiscard]] DeadlineRow deadline(Rule rule) const {
    const auto all = deadlines(rule);
    if (all.size() != 1)
      throw std::logic_error("expected one deadline, but there are " + std::to_string(all.size()));
    return all.front();
  }
  /// The words of what is to be done on a day, sorted; "none" where the case says it is finished.
  [[nodiscard]] std::vector<std::string> tasks_on(std::string_view today) const {
    std::vector<std::string> out;
    for (const TaskRow& row : rows<TaskRow>(Table::tasks)) {
      if (row.since <= day(today) && (!row.until || *row.until >= day(today)))
        out.emplace_back(word(row.task));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  /// One for all stories: reading a set takes longer than a story.
  static RuleBook& book() {
    static RuleBook all;
    return all;
  }

  CaseId id_;
  std::string provider_ = "hana-muenchen";
  JudgedBy judged_;
  std::vector<Rule> findings_;
  Instant decided_;
  std::vector<std::pair<Event, Hash>> told_;
  Case case_;
};

/// A child referred with the discharge known and nothing else.
inline CaseStory discharged_case() {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"});
  return story;
}

}  // namespace geleit::testing
