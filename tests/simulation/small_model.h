// What must hold, told a second time and as briefly as possible: a case as its accepted commands make it, and
// what intake has to say to a command (API.md, What is allowed when; RULES.md). Nothing of the product's
// rules, folds or calendar is used here, only the types of ids and hashes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"

namespace geleit::simulation {

/// Every command, with the event it becomes.
enum class Name : std::uint8_t {
  receive_referral,
  amend_referral,
  receive_follow_up,
  withdraw_referral,
  record_discharge,
  record_coverage,
  assign_team,
  submit_application,
  note_opinion,
  grant_approval,
  correct_approval,
  revoke_approval,
  deny_approval,
  file_objection,
  decide_objection,
  agree_plan,
  schedule_visit,
  reschedule_visit,
  cancel_visit,
  miss_visit,
  deliver_visit,
  correct_visit,
  void_visit,
  request_extension,
  grant_extension,
  deny_extension,
  complete_care,
  discontinue_care,
  reopen_case,
  send_report,
  record_exemption,
  tick_checklist,
};
struct Named {
  std::string_view command, event;
};
inline constexpr std::array<Named, 32> names{{{"ReceiveReferral", "ReferralReceived"},
                                              {"AmendReferral", "ReferralAmended"},
                                              {"ReceiveFollowUpReferral", "FollowUpReferralReceived"},
                                              {"WithdrawReferral", "ReferralWithdrawn"},
                                              {"RecordDischarge", "DischargeRecorded"},
                                              {"RecordCoverage", "CoverageRecorded"},
                                              {"AssignCareTeam", "CareTeamAssigned"},
                                              {"SubmitApplication", "ApplicationSubmitted"},
                                              {"NoteExpertOpinion", "ExpertOpinionNoted"},
                                              {"GrantApproval", "ApprovalGranted"},
                                              {"CorrectApproval", "ApprovalCorrected"},
                                              {"RevokeApproval", "ApprovalRevoked"},
                                              {"DenyApproval", "ApprovalDenied"},
                                              {"FileObjection", "ObjectionFiled"},
                                              {"DecideObjection", "ObjectionDecided"},
                                              {"AgreeCarePlan", "CarePlanAgreed"},
                                              {"ScheduleVisit", "VisitScheduled"},
                                              {"RescheduleVisit", "VisitRescheduled"},
                                              {"CancelVisit", "VisitCancelled"},
                                              {"MissVisit", "VisitMissed"},
                                              {"DeliverVisit", "VisitDelivered"},
                                              {"CorrectVisit", "VisitCorrected"},
                                              {"VoidVisit", "VisitVoided"},
                                              {"RequestExtension", "ExtensionRequested"},
                                              {"GrantExtension", "ExtensionGranted"},
                                              {"DenyExtension", "ExtensionDenied"},
                                              {"CompleteCare", "CareCompleted"},
                                              {"DiscontinueCare", "CareDiscontinued"},
                                              {"ReopenCase", "CaseReopened"},
                                              {"SendFinalReport", "FinalReportSent"},
                                              {"RecordExemption", "ExemptionRecorded"},
                                              {"TickChecklist", "ChecklistTicked"}}};
inline const Named& of(Name name) { return names[static_cast<std::size_t>(name)]; }

/// What an answer can be. The words are those of the problems' kinds.
enum class Verdict : std::uint8_t {
  accepted,
  repeated,
  dry,
  malformed,
  no_such_case,
  version_conflict,
  id_reused,
  already_exists,
  wrong_state,
  unknown_reference,
  rule_rejected,
  reason_required,
  overloaded,
  not_ready,
};
inline constexpr std::array<std::string_view, 14> verdict_words{
    "accepted",         "repeated",        "dry run",        "malformed",   "no such case",
    "version conflict", "id reused",       "already exists", "wrong state", "unknown reference",
    "rule rejected",    "reason required", "overloaded",     "not ready"};
inline std::string_view word_of(Verdict v) { return verdict_words[static_cast<std::size_t>(v)]; }

enum class Doctor : std::uint8_t { hospital, paediatrician, other };
enum class Where : std::uint8_t { home, facility, phone };
enum class Kind : std::uint8_t { preparation, coordination, guidance };

/// A command as the simulation tells it: days since 1970, instants in milliseconds. What is not set is not
/// said.
struct Told {
  Name name{};
  Uuid id;
  bool id_given = true;
  std::optional<Uuid> case_id;
  std::optional<std::uint32_t> expect_version;
  bool reasons = true;  ///< for every rule that asks for one
  std::int32_t happened = 0;
  std::string provider;
  bool st = false;            ///< a referral to Soziotherapie
  std::optional<bool> trial;  ///< ST
  std::optional<bool> plan_attached;
  std::optional<Uuid> person_id;
  std::optional<std::int32_t> born;
  std::optional<Doctor> doctor;
  std::optional<bool> listed_diagnosis;
  std::optional<bool> ambulatory;
  std::optional<std::string> land;
  std::optional<std::int32_t> prescribed, received, discharged;
  std::optional<Uuid> target;  ///< the visit or approval
  std::optional<std::int32_t> units, minutes, day, from, until;
  std::int32_t item = 0;  ///< of the checklist
  std::optional<std::int64_t> starts_at, started_at;
  std::optional<Where> place;
  std::optional<Kind> kind;
  std::optional<bool> yes;  ///< upheld, goal_reached, instruction_given, ticked
  bool died = false;
  std::int32_t staff = 0;
};

/// Items that the settings of the simulation's installation know: `item-1` to this one.
inline constexpr std::int32_t items_known = 3;

/// No child of the simulation is older, so that only what happened long ago lies before a birth.
inline constexpr std::int32_t born_from = 17'532;  // 2018-01-01

enum class State : std::uint8_t {
  referred,
  applied,
  approved,
  running,
  completed,
  discontinued,
  withdrawn,
  denied
};
enum class VisitIs : std::uint8_t { scheduled, delivered, cancelled, missed, voided };

// Berlin keeps UTC+1, and UTC+2 from the last Sunday of March to the last Sunday of October, 01:00 UTC.
inline std::int32_t days_of(int y, int m, int d) {
  y -= m <= 2;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}
inline int year_of(std::int32_t day) {
  int year = 2030;
  while (day < days_of(year, 1, 1)) --year;
  return year;
}
inline std::int64_t summer_change(int year, int month) {
  const std::int32_t last = days_of(year, month, 31);
  const std::int32_t sunday = last - (last + 4) % 7;
  return std::int64_t{sunday} * 86'400'000 + 3'600'000;
}
inline std::int32_t berlin_day(std::int64_t ms) {
  // The years that the simulation visits.
  bool summer = false;
  for (int year = 2024; year <= 2030; ++year) {
    if (ms >= summer_change(year, 3) && ms < summer_change(year, 10)) summer = true;
  }
  const std::int64_t local = ms + (summer ? 7'200'000 : 3'600'000);
  return static_cast<std::int32_t>((local >= 0 ? local : local - 86'399'999) / 86'400'000);
}

struct ModelVisit {
  Uuid id;
  VisitIs is{};
  std::int64_t start = 0;
  std::int32_t minutes = 0;
  Where place{};
  std::optional<Kind> kind = {};
  std::int32_t staff = 0;
  int corrected = 0;
  [[nodiscard]] std::int32_t on() const { return berlin_day(start); }
};
struct ModelFollowUp {
  std::int32_t prescribed = 0, units = 0;
  bool trial = false;
};
struct ModelApplication {
  bool extension = false;
  std::int32_t units = 0;
  bool decided = false;
};
struct ModelApproval {
  Uuid id;
  bool extension = false, revoked = false;
  std::int32_t units = 0, from = 0, until = 0, decided_on = 0;
};
struct ModelDenial {
  bool extension = false, filed = false, decided = false;
};
enum class EndIs : std::uint8_t { completed, discontinued, withdrawn };
struct ModelEnd {
  EndIs kind{};
  std::int32_t on = 0;
  bool died = false;
};

/// `is` and `judge` are pure; `apply` takes a command that the log holds as accepted.
struct ModelCase {
  Uuid id, person;
  std::string provider, land;
  std::uint32_t version = 0;
  std::int32_t born = 0, prescribed = 0, received = 0, units = 0, lead = -1;
  Doctor doctor{};
  std::optional<std::int32_t> discharged;
  bool st = false, trial = false, plan = false;
  std::vector<ModelFollowUp> follow_ups;
  std::vector<ModelApplication> applications;
  std::vector<ModelApproval> approvals;
  std::vector<ModelDenial> denials;
  std::optional<std::int32_t> denied_on;
  std::optional<ModelEnd> end;
  std::vector<ModelVisit> visits;
  std::set<std::int32_t> ticked;

  [[nodiscard]] const ModelVisit* visit(const Uuid& visit_id) const {
    const auto at =
        std::find_if(visits.begin(), visits.end(), [&](const ModelVisit& v) { return v.id == visit_id; });
    return at == visits.end() ? nullptr : &*at;
  }
  [[nodiscard]] const ModelApproval* approval(const Uuid& approval_id) const {
    const auto at = std::find_if(approvals.begin(), approvals.end(),
                                 [&](const ModelApproval& a) { return a.id == approval_id; });
    return at == approvals.end() ? nullptr : &*at;
  }
  [[nodiscard]] bool preparatory(const ModelVisit& v) const {
    return !st && (!discharged || v.on() < *discharged);
  }
  /// ST: the referral prescribed last on or before a day, by its number; 0 opened the case. A trial is over
  /// once a regular referral has come, whatever day that bears.
  [[nodiscard]] std::size_t referral_on(std::int32_t on) const {
    std::size_t found = 0;
    std::optional<std::int32_t> latest;
    if (prescribed <= on) latest = prescribed;
    for (std::size_t i = 0; i < follow_ups.size(); ++i) {
      const bool on_trial = found == 0 ? trial : follow_ups[found - 1].trial;
      const bool older = latest && follow_ups[i].prescribed < *latest;
      if (follow_ups[i].prescribed > on || (older && (!on_trial || follow_ups[i].trial))) continue;
      latest = follow_ups[i].prescribed;
      found = i + 1;
    }
    return found;
  }
  [[nodiscard]] bool is_trial(std::int32_t on) const {
    const std::size_t referral = referral_on(on);
    return st && (referral == 0 ? trial : follow_ups[referral - 1].trial);
  }
  /// Trials prescribed in a year, the opening referral only if it is to count.
  [[nodiscard]] int trials_in(int year, bool opening) const {
    int count = opening && trial && year_of(prescribed) == year ? 1 : 0;
    for (const ModelFollowUp& f : follow_ups) count += f.trial && year_of(f.prescribed) == year ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::optional<std::int32_t> first_unit() const {
    std::optional<std::int32_t> first;
    for (const ModelVisit& v : visits) {
      if (v.is != VisitIs::delivered || preparatory(v)) continue;
      first = std::min(first.value_or(v.on()), v.on());
    }
    return first;
  }
  [[nodiscard]] bool undecided(bool extension) const {
    return std::any_of(applications.begin(), applications.end(),
                       [&](const ModelApplication& a) { return a.extension == extension && !a.decided; });
  }
  [[nodiscard]] State state() const {
    if (end) {
      return end->kind == EndIs::completed      ? State::completed
             : end->kind == EndIs::discontinued ? State::discontinued
                                                : State::withdrawn;
    }
    const bool stands =
        std::any_of(approvals.begin(), approvals.end(), [](const ModelApproval& a) { return !a.revoked; });
    if (denied_on && !stands) return State::denied;
    if (first_unit()) return State::running;
    if (stands) return State::approved;
    return applications.empty() ? State::referred : State::applied;
  }
  [[nodiscard]] bool ended() const { return state() >= State::completed; }
  [[nodiscard]] std::int32_t extension_units(const Uuid& except) const {
    std::int32_t sum = 0;
    for (const ModelApproval& a : approvals) sum += a.extension && !a.revoked && a.id != except ? a.units : 0;
    return sum;
  }
};

/// Reasons that a command without any lacks, and rules that reject it, after its state was looked at.
inline Verdict by_rules(bool rejected, bool reason_missing, const Told& t) {
  if (rejected) return Verdict::rule_rejected;
  return reason_missing && !t.reasons ? Verdict::reason_required : Verdict::accepted;
}

/// What is judged of a delivery and of its correction alike.
inline Verdict by_delivery(const ModelCase& c, const Told& t, std::int32_t on, bool has_kind,
                           bool born_later) {
  if (c.st) {
    // The simulation's time is short: all that is delivered lies within three years.
    std::int32_t all = 0, of_trial = 0, minutes = 0;
    bool no_more = false;  // a correction that takes nothing more
    for (const ModelVisit& v : c.visits) {
      if (v.id == *t.target) {
        minutes = v.minutes;
        no_more = v.is == VisitIs::delivered && v.on() == on && t.minutes.value_or(minutes) <= minutes;
      }
      if (v.is != VisitIs::delivered || v.id == *t.target) continue;
      all += v.minutes;
      if (c.referral_on(v.on()) == c.referral_on(on)) of_trial += v.minutes;
    }
    minutes = t.minutes.value_or(minutes);
    const bool too_much = all + minutes > 7200 || (c.is_trial(on) && of_trial + minutes > 300);
    return by_rules(born_later || (too_much && !no_more), false, t);
  }
  const auto first = c.first_unit();
  const bool late = first && on > *first + 84;
  const bool after_death = c.end && c.end->died && on > c.end->on;
  return by_rules(!has_kind || born_later, late || after_death, t);
}

/// What a command that is well formed and new gets on this case; null: there is none. `person_known` counts
/// where it names one.
inline Verdict judge(const ModelCase* found, const Told& t, std::int64_t now, bool person_known) {
  if (!found && t.name != Name::receive_referral) return Verdict::no_such_case;
  if (t.expect_version && *t.expect_version != (found ? found->version : 0)) return Verdict::version_conflict;
  if (found && t.name == Name::receive_referral) return Verdict::already_exists;
  if (!found) {
    if (t.person_id && !person_known) return Verdict::unknown_reference;
    if (t.st) {
      const bool trial = t.trial.value_or(false);
      return by_rules(((t.doctor != Doctor::hospital || trial) && *t.units > 5) ||
                          t.happened<t.born.value_or(born_from), *t.units> 30 || !*t.listed_diagnosis,
                      t);
    }
    const bool window =
        t.doctor == Doctor::paediatrician && t.discharged && *t.prescribed > *t.discharged + 42;
    return by_rules(t.doctor == Doctor::other || t.happened < t.born.value_or(born_from),
                    window || !*t.listed_diagnosis || *t.ambulatory || *t.units < 6 || *t.units > 20, t);
  }
  const ModelCase& c = *found;
  const State is = c.state();
  const bool open = !c.ended();
  const bool before_birth = t.happened < t.born.value_or(c.born);
  const auto allowed = [&](bool condition) {
    return condition ? by_rules(before_birth, false, t) : Verdict::wrong_state;
  };
  const ModelVisit* visit = t.target ? c.visit(*t.target) : nullptr;
  const ModelApproval* approval = t.target ? c.approval(*t.target) : nullptr;
  const bool ordinary = std::any_of(c.applications.begin(), c.applications.end(),
                                    [](const ModelApplication& a) { return !a.extension; });
  const auto on_scheduled = [&] {
    if (!open) return Verdict::wrong_state;
    if (!visit) return Verdict::unknown_reference;
    return allowed(visit->is == VisitIs::scheduled);
  };
  switch (t.name) {
    case Name::receive_referral: return Verdict::already_exists;
    case Name::amend_referral: {
      if (is == State::withdrawn) return Verdict::wrong_state;
      if (c.st) {
        if (t.discharged || t.ambulatory) return Verdict::wrong_state;
        const bool trials = c.trial && c.trials_in(year_of(c.prescribed), true) > 2;
        return by_rules(
            before_birth ||
                (t.units && (((c.doctor != Doctor::hospital || c.trial) && *t.units > 5) || trials)),
            t.units && *t.units > 30, t);
      }
      return by_rules(before_birth, (t.units && (*t.units < 6 || *t.units > 20)) || t.ambulatory == true, t);
    }
    case Name::withdraw_referral:
      return allowed(open && std::none_of(c.visits.begin(), c.visits.end(),
                                          [](const ModelVisit& v) { return v.is == VisitIs::delivered; }));
    case Name::record_discharge: return allowed(!c.st && is != State::withdrawn);
    case Name::record_coverage: return allowed(is != State::withdrawn);
    case Name::tick_checklist:
      if (is == State::withdrawn) return Verdict::wrong_state;
      return t.item > items_known ? Verdict::unknown_reference : allowed(true);
    case Name::record_exemption: return allowed(c.st && is != State::withdrawn);
    case Name::receive_follow_up:
      if (!open || (!c.st && t.trial)) return Verdict::wrong_state;
      if (c.st) {
        const bool trial = t.trial.value_or(false);
        return by_rules(before_birth || ((t.doctor != Doctor::hospital || trial) && *t.units > 5) ||
                            (trial && c.trials_in(year_of(*t.day), true) >= 2),
                        *t.units > 30, t);
      }
      return by_rules(t.doctor == Doctor::other || before_birth, false, t);
    case Name::assign_team:
    case Name::agree_plan:
    case Name::discontinue_care: return allowed(open);
    case Name::submit_application:
      if (!open && is != State::denied) return Verdict::wrong_state;
      return by_rules(before_birth || (c.st && !t.plan_attached.value_or(c.plan)), false, t);
    case Name::note_opinion: return allowed(c.undecided(false) || c.undecided(true));
    case Name::grant_approval:
      if (is == State::withdrawn || !ordinary) return Verdict::wrong_state;
      return approval ? Verdict::already_exists : allowed(true);
    case Name::deny_approval: return allowed(is != State::withdrawn && ordinary);
    case Name::correct_approval:
      if (!approval) return Verdict::unknown_reference;
      if (approval->revoked || t.until.value_or(approval->until) < t.from.value_or(approval->from))
        return Verdict::wrong_state;
      return by_rules(
          before_birth || (approval->extension && t.units && c.extension_units(approval->id) + *t.units > 10),
          false, t);
    case Name::revoke_approval: return !approval ? Verdict::unknown_reference : allowed(!approval->revoked);
    case Name::file_objection: return allowed(!c.denials.empty() && !c.denials.back().filed);
    case Name::decide_objection:
      return allowed(!c.denials.empty() && c.denials.back().filed && !c.denials.back().decided);
    case Name::request_extension:
      if (is != State::running || c.st) return Verdict::wrong_state;
      return by_rules(
          before_birth || c.follow_ups.empty() || *t.units > std::min(10, c.follow_ups.back().units), false,
          t);
    case Name::grant_extension:
      if (!c.undecided(true)) return Verdict::wrong_state;
      if (approval) return Verdict::already_exists;
      return by_rules(before_birth || c.extension_units({}) + *t.units > 10, false, t);
    case Name::deny_extension: return allowed(c.undecided(true));
    case Name::schedule_visit:
      if (!open) return Verdict::wrong_state;
      if (visit) return Verdict::already_exists;
      return by_rules((!c.st && !t.kind) || before_birth, false, t);
    case Name::reschedule_visit:
    case Name::cancel_visit:
    case Name::miss_visit: return on_scheduled();
    case Name::deliver_visit: {
      if (!open && is != State::completed && is != State::discontinued) return Verdict::wrong_state;
      const auto start = t.started_at ? t.started_at : t.starts_at;
      if (!start && !visit) return Verdict::unknown_reference;
      const std::int32_t on = berlin_day(start.value_or(visit ? visit->start : 0));
      if (c.end && (c.st || !c.end->died) && on > c.end->on) return Verdict::wrong_state;
      if (visit && visit->is != VisitIs::scheduled) return Verdict::wrong_state;
      if (visit && !start && visit->start > now) return Verdict::wrong_state;
      if (!visit && !t.place) return Verdict::unknown_reference;
      return by_delivery(c, t, on, t.kind || (visit && visit->kind), before_birth);
    }
    case Name::correct_visit: {
      if (!visit) return Verdict::unknown_reference;
      if (visit->is != VisitIs::delivered) return Verdict::wrong_state;
      const std::int32_t on = t.started_at ? berlin_day(*t.started_at) : visit->on();
      if (on != visit->on() && c.end && (c.st || !c.end->died) && on > c.end->on) return Verdict::wrong_state;
      return by_delivery(c, t, on, t.kind || visit->kind, before_birth);
    }
    case Name::void_visit:
      return !visit ? Verdict::unknown_reference : allowed(visit->is == VisitIs::delivered);
    case Name::complete_care: return allowed(is == State::running);
    case Name::reopen_case:
      return allowed(is == State::completed || is == State::discontinued || is == State::withdrawn);
    case Name::send_report: return allowed(is == State::completed || is == State::discontinued);
  }
  return Verdict::malformed;
}

/// `own` makes the id of what a command leaves unnamed.
template <class OwnId>
void apply(ModelCase& c, const Told& t, const OwnId& own) {
  ++c.version;
  const auto visit = [&]() -> ModelVisit& {
    return *std::find_if(c.visits.begin(), c.visits.end(),
                         [&](const ModelVisit& v) { return v.id == *t.target; });
  };
  const auto approval = [&]() -> ModelApproval& {
    return *std::find_if(c.approvals.begin(), c.approvals.end(),
                         [&](const ModelApproval& a) { return a.id == *t.target; });
  };
  const auto decide = [&](bool extension) {
    for (ModelApplication& a : c.applications) {
      if (a.extension != extension || a.decided) continue;
      a.decided = true;
      return;
    }
  };
  const auto grant = [&](bool extension) {
    c.approvals.push_back(
        {t.target ? *t.target : own("approval"), extension, false, *t.units, *t.from, *t.until, *t.day});
    decide(extension);
  };
  const auto deny = [&](bool extension) {
    c.denials.push_back({extension});
    decide(extension);
    if (!extension) c.denied_on = *t.day;
  };
  const auto replace = [](auto& field, const auto& by) {
    if (by) field = *by;
  };
  switch (t.name) {
    case Name::receive_referral:
      c.provider = t.provider;
      c.land = *t.land;
      c.person = t.person_id ? *t.person_id : own("person");
      c.prescribed = *t.prescribed;
      c.received = t.received.value_or(t.happened);
      c.units = *t.units;
      c.doctor = *t.doctor;
      c.discharged = t.discharged;
      c.st = t.st;
      c.trial = t.trial.value_or(false);
      break;
    case Name::amend_referral:
      replace(c.land, t.land);
      replace(c.born, t.born);
      replace(c.units, t.units);
      if (t.discharged) c.discharged = t.discharged;
      break;
    case Name::receive_follow_up: c.follow_ups.push_back({*t.day, *t.units, t.trial.value_or(false)}); break;
    case Name::withdraw_referral: c.end = ModelEnd{EndIs::withdrawn, t.happened}; break;
    case Name::record_discharge: c.discharged = t.discharged; break;
    case Name::agree_plan: c.plan = true; break;
    case Name::record_coverage:
    case Name::record_exemption:
    case Name::note_opinion:
    case Name::send_report: break;
    case Name::assign_team: c.lead = t.staff; break;
    case Name::tick_checklist:
      if (*t.yes)
        c.ticked.insert(t.item);
      else
        c.ticked.erase(t.item);
      break;
    case Name::submit_application:
      c.applications.push_back({false, *t.units});
      c.denied_on.reset();
      break;
    case Name::grant_approval: grant(false); break;
    case Name::correct_approval:
      replace(approval().units, t.units);
      replace(approval().from, t.from);
      replace(approval().until, t.until);
      replace(approval().decided_on, t.day);
      break;
    case Name::revoke_approval: approval().revoked = true; break;
    case Name::deny_approval: deny(false); break;
    case Name::file_objection:
      c.denials.back().filed = true;
      if (!c.denials.back().extension) c.denied_on.reset();
      break;
    case Name::decide_objection:
      c.denials.back().decided = true;
      if (!c.denials.back().extension && !*t.yes) c.denied_on = *t.day;
      break;
    case Name::request_extension: c.applications.push_back({true, *t.units}); break;
    case Name::grant_extension: grant(true); break;
    case Name::deny_extension: deny(true); break;
    case Name::schedule_visit:
      c.visits.push_back({t.target ? *t.target : own("visit"), VisitIs::scheduled, *t.starts_at, *t.minutes,
                          *t.place, t.kind, t.staff});
      break;
    case Name::reschedule_visit:
      visit().start = *t.starts_at;
      replace(visit().minutes, t.minutes);
      break;
    case Name::cancel_visit: visit().is = VisitIs::cancelled; break;
    case Name::miss_visit: visit().is = VisitIs::missed; break;
    case Name::deliver_visit: {
      if (!c.visit(*t.target)) c.visits.emplace_back().id = *t.target;
      ModelVisit& v = visit();
      v.is = VisitIs::delivered;
      replace(v.start, t.started_at ? t.started_at : t.starts_at);
      v.minutes = *t.minutes;
      replace(v.place, t.place);
      if (t.kind) v.kind = t.kind;
      if (t.place) v.staff = t.staff;
      break;
    }
    case Name::correct_visit: {
      ModelVisit& v = visit();
      replace(v.start, t.started_at);
      replace(v.minutes, t.minutes);
      replace(v.place, t.place);
      if (t.kind) v.kind = t.kind;
      ++v.corrected;
      break;
    }
    case Name::void_visit: visit().is = VisitIs::voided; break;
    case Name::complete_care: c.end = ModelEnd{EndIs::completed, *t.day}; break;
    case Name::discontinue_care: c.end = ModelEnd{EndIs::discontinued, *t.day, t.died}; break;
    case Name::reopen_case: c.end.reset(); break;
  }
}

/// The minutes of a case, and what is booked (API.md, Visits and balance).
struct ModelBalance {
  std::int32_t prescribed = 0, applied = 0, approved = 0, extended = 0, scheduled = 0, delivered = 0,
               at_home = 0, preparatory = 0, voided = 0, billable = 0, at_risk = 0;
};
inline ModelBalance balance_of(const ModelCase& c) {
  ModelBalance b;
  b.prescribed = 60 * c.units;
  for (const ModelFollowUp& f : c.follow_ups) b.prescribed += 60 * f.units;
  for (const ModelApplication& a : c.applications) b.applied += 60 * a.units;
  std::vector<std::pair<ModelApproval, std::int32_t>> left;
  for (const ModelApproval& a : c.approvals) {
    if (a.revoked) continue;
    b.approved += 60 * a.units;
    if (a.extension) b.extended += 60 * a.units;
    left.emplace_back(a, 60 * a.units);
  }
  std::sort(left.begin(), left.end(), [](const auto& x, const auto& y) {
    return std::tie(x.first.until, x.first.decided_on, x.first.id) <
           std::tie(y.first.until, y.first.decided_on, y.first.id);
  });
  std::vector<ModelVisit> in_order;
  for (const ModelVisit& v : c.visits) {
    if (v.is == VisitIs::voided) b.voided += v.minutes;
    if (v.is == VisitIs::scheduled && !c.ended()) b.scheduled += v.minutes;
    if (v.is != VisitIs::delivered) continue;
    b.delivered += v.minutes;
    if (v.place == Where::home) b.at_home += v.minutes;
    if (c.preparatory(v)) b.preparatory += v.minutes;
    if (!c.is_trial(v.on())) in_order.push_back(v);
  }
  std::sort(in_order.begin(), in_order.end(), [](const ModelVisit& x, const ModelVisit& y) {
    return std::tie(x.start, x.id) < std::tie(y.start, y.id);
  });
  for (const ModelVisit& v : in_order) {
    std::int32_t wanted = v.minutes;
    for (auto& [a, minutes] : left) {
      if (v.on() < a.from || v.on() > a.until) continue;
      const std::int32_t taken = std::min(wanted, minutes);
      minutes -= taken;
      wanted -= taken;
    }
    b.billable += v.minutes - wanted;
    b.at_risk += wanted;
  }
  return b;
}

}  // namespace geleit::simulation
