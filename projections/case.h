// The case as its events tell it: one person, one benefit, one episode. Facts only: what follows from them
// (state, deadlines, balance) is computed, here for what everybody asks, in the read models for the rest. No
// personal data in clear.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/chain.h"
#include "events/event.h"

namespace geleit {

/// Index into Case::judged: the sets that an event was judged by.
using JudgedIndex = std::uint8_t;

/// Sealed bytes kept by the case, with the key that opens them.
struct SealedCopy {
  KeyId key;
  std::string bytes;
  friend bool operator==(const SealedCopy&, const SealedCopy&) = default;
};

struct FollowUp {
  CivilDate prescribed_on;
  std::int32_t units = 0;
  PrescriberKind prescriber{};
  bool trial = false;
  Version version;  ///< of the event that brought it
  friend bool operator==(const FollowUp&, const FollowUp&) = default;
};

enum class Decision : std::uint8_t { none, granted, denied };

/// An application, or a request for an extension: what the insurer has to decide.
struct Application {
  bool extension = false;
  std::int32_t units = 0;
  CivilDate submitted_on;  ///< an extension's `requested_on`
  CivilDate received_on;   ///< by the insurer; anchor of GKV-DECISION
  Regime regime = Regime::sgb5_13_3a;
  std::optional<CivilDate> told_on;  ///< expert opinion: first told
  std::optional<CivilDate> opinion_on;
  Version told_version, opinion_version;  ///< of the events that last changed them
  Decision decision = Decision::none;
  std::optional<CivilDate> decided_on;
  Version version;
  JudgedIndex judged = 0;
  friend bool operator==(const Application&, const Application&) = default;
};

struct Approval {
  ApprovalId id;
  bool extension = false;
  bool revoked = false;
  std::int32_t units = 0;
  CivilDate from, until, decided_on;
  SealedCopy reference;
  std::optional<std::uint16_t> decides;  ///< index into Case::applications; none where nothing was undecided
  Version version;
  std::optional<CivilDate> lapsed{};  ///< the `until` that was recorded as passed
  friend bool operator==(const Approval&, const Approval&) = default;
  [[nodiscard]] bool stands() const { return !revoked; }
};

struct Denial {
  bool extension = false;
  bool instruction_given = true;
  CivilDate decided_on, posted_on;
  std::optional<CivilDate> objection_filed_on, objection_decided_on;
  bool upheld = false;
  Version version;
  JudgedIndex judged = 0;
  friend bool operator==(const Denial&, const Denial&) = default;
};

enum class VisitState : std::uint8_t { scheduled, delivered, cancelled, missed, voided };

/// A visit as it stands now. A delivered one starts at `started_at`, else at its `starts_at` (API.md, Visits
/// and balance): `starts_at` here is that start, `on` its Berlin date, `minutes` what was delivered, else
/// planned.
struct Visit {
  VisitId id;
  Instant starts_at;
  CivilDate on;
  Minutes minutes;
  std::uint16_t staff = 0;       ///< index into Case::staff
  std::uint16_t corrected = 0;   ///< how often
  std::uint16_t group_size = 0;  ///< 0: not stated
  VisitState state = VisitState::scheduled;
  Place place{};
  std::optional<Category> category;
  JudgedIndex judged = 0;  ///< of the delivery
  Version dated;           ///< of the event that last said on which day it was delivered
  friend bool operator==(const Visit&, const Visit&) = default;
  [[nodiscard]] bool delivered() const { return state == VisitState::delivered; }
};

/// ST-COPAY: no co-payment from the certificate's own date on, whenever it became known.
struct Exemption {
  CivilDate from, until;
  friend bool operator==(const Exemption&, const Exemption&) = default;
};

/// A Land the case had before it was amended: deadlines that roll may have been others then.
struct LandBefore {
  Land land{};
  Version replaced;  ///< by the event of this version
  friend bool operator==(const LandBefore&, const LandBefore&) = default;
};

/// An item of a step's checklist that is ticked.
struct Tick {
  std::string step, item;  ///< as the event names them
  std::string by;          ///< staff slug
  CivilDate on;            ///< the day it happened
  friend bool operator==(const Tick&, const Tick&) = default;
};

enum class EndKind : std::uint8_t { completed, discontinued, withdrawn };
struct End {
  EndKind kind{};
  CivilDate on;  ///< completed_on, discontinued_on, the date of the withdrawal's `happened`
  std::optional<Cause> cause;
  std::optional<bool> goal_reached;
  Version version;
  friend bool operator==(const End&, const End&) = default;
};

/// A rule that flagged an event, or a reason given for one.
struct CaseFinding {
  Version version;
  Rule rule{};
  bool deviation = false;  ///< a reason was given; false: a flag
  friend bool operator==(const CaseFinding&, const CaseFinding&) = default;
};

/// A notice of an alert that went out, or was given up.
struct SentNotice {
  std::string channel;  ///< slug
  std::int32_t level = 1;
  std::int32_t number = 1;  ///< within channel and level: odd ones said "open", even ones "closed"
  Instant at;
  std::string outcome;
  friend bool operator==(const SentNotice&, const SentNotice&) = default;
};

/// What people last said to an alert.
enum class AlertAnswer : std::uint8_t { none, acknowledged, snoozed };

/// A missed deadline that became a fact, and what came of the alert about it. Whether the alert is open is
/// no fact of its own but follows from the deadline (alerts.h).
struct Missed {
  EventId alert;
  Rule rule{};
  Version generation;
  CivilDate due_on, acts_on;
  std::int32_t level = 1;
  Instant level_since;  ///< when it was recorded, or last went up
  AlertAnswer answer = AlertAnswer::none;
  Instant answered_at;
  std::string answered_by;  ///< staff slug; may be empty
  SealedCopy answer_text;   ///< the note, or the reason
  CivilDate snoozed_until;  ///< of a snoozed one: the day on which it wakes
  std::vector<SentNotice> notices;
  friend bool operator==(const Missed&, const Missed&) = default;
};

/// Whether what was told about the person may be read (REC-ERASE).
enum class PersonalDataState : std::uint8_t {
  kept,
  restricted,  ///< stored and nothing else
  erased,      ///< the keys are destroyed: nobody can read it
};
template <>
inline constexpr std::array<std::string_view, 3> words<PersonalDataState>{"kept", "restricted", "erased"};

struct Case {
  CaseId id;
  Head head;  ///< the last accepted event; version 0 = no such case yet
  std::string provider;
  std::vector<JudgedBy> judged;  ///< distinct sets in the order met

  Benefit benefit{};
  Land land{};
  JudgedIndex land_judged = 0;
  std::vector<LandBefore> lands_before;  ///< oldest first
  PersonId person_id;
  SealedCopy person, diagnoses;  ///< none once erased
  PersonalDataState personal_data = PersonalDataState::kept;
  PrescriberKind prescriber{};
  CivilDate prescribed_on, received_on;  ///< received_on is `referred_on`
  std::int32_t units = 0;
  std::optional<Setting> setting;
  std::optional<CivilDate> discharged_on, expected_discharge_on;
  Version discharge_version;         ///< of the event that last set or changed discharged_on
  std::uint8_t discharge_event = 0;  ///< and its place in event_names
  JudgedIndex discharge_judged = 0;
  std::optional<bool> no_self_care;
  std::optional<std::int32_t> inpatient_stays_12_months;
  std::optional<bool> final_stage, impairment, sapv, trial;
  std::optional<std::int32_t> gaf;
  std::optional<Coverage> coverage;
  std::optional<CivilDate> coverage_since;
  std::vector<Exemption> exemptions;  ///< ST

  std::string lead;
  std::optional<CivilDate> care_plan_on, final_report_on;
  std::vector<FollowUp> follow_ups;
  std::vector<Application> applications;
  std::vector<Approval> approvals;
  std::vector<Denial> denials;
  /// A denial of the application (or of the objection to it) is the insurer's last word (see state_of).
  std::optional<CivilDate> denied_on;
  std::vector<std::string> staff;  ///< slugs that visits refer to
  std::vector<Visit> visits;       ///< in the order they became known
  std::optional<End> end;
  std::vector<CaseFinding> findings;
  std::vector<Missed> missed;
  std::vector<Tick> ticks;        ///< in the order ticked
  JudgedIndex latest_judged = 0;  ///< of the last event that somebody asked for
  Version
      client_version;  ///< of the last event that somebody asked for: expect_version passes over later ones

  // What opens a deadline anew (DESIGN.md, Time): versions of the events that last …
  Version first_unit_changed;      ///< … changed first_unit_on
  Version first_delivery_changed;  ///< … changed the first delivered visit's date, preparatory ones included
  Version first_unit_lost;         ///< … took the first unit back or moved it to a later day
  Version reopened;                ///< … removed the end

  CivilDate whole_from{INT32_MIN};  ///< as of that day or later, all events count (as_of.h, last_day_of)
  friend bool operator==(const Case&, const Case&) = default;

  [[nodiscard]] bool exists() const { return head.version.value > 0; }
  /// Makes it no case again; its lists and texts keep their memory for the next one.
  void clear();
  [[nodiscard]] Visit* find_visit(VisitId visit);
  [[nodiscard]] const Visit* find_visit(VisitId visit) const;
  [[nodiscard]] Approval* find_approval(ApprovalId approval);
  [[nodiscard]] const Approval* find_approval(ApprovalId approval) const;
  [[nodiscard]] const Missed* find_alert(EventId alert) const;
};

/// Referred → applied → approved → running → completed | discontinued | withdrawn | denied (API.md, States).
enum class CaseState : std::uint8_t {
  referred,
  applied,
  approved,
  running,
  completed,
  discontinued,
  withdrawn,
  denied
};
template <>
inline constexpr std::array<std::string_view, 8> words<CaseState>{
    "referred", "applied", "approved", "running", "completed", "discontinued", "withdrawn", "denied"};
template <>
inline constexpr std::array<std::string_view, 5> words<VisitState>{"scheduled", "delivered", "cancelled",
                                                                   "missed", "voided"};

[[nodiscard]] CaseState state_of(const Case& c);
/// Completed, discontinued, withdrawn or denied.
[[nodiscard]] bool is_ended(CaseState state);
[[nodiscard]] inline bool is_ended(const Case& c) { return is_ended(state_of(c)); }
/// The day it ended, as API.md defines it per state; none while it has not.
[[nodiscard]] std::optional<CivilDate> closed_on(const Case& c);
/// Delivered, not voided, for SMN on or after the discharge: what counts as first and last unit.
[[nodiscard]] bool counts_as_unit(const Case& c, const Visit& v);
/// SMN: delivered or planned before the discharge, or none is recorded.
[[nodiscard]] bool is_preparatory(const Case& c, const Visit& v);
[[nodiscard]] std::optional<CivilDate> first_unit_on(const Case& c);
[[nodiscard]] std::optional<CivilDate> last_unit_on(const Case& c);
/// The first delivered, not voided visit's date, preparatory ones included.
[[nodiscard]] std::optional<CivilDate> first_delivery_on(const Case& c);
/// Any delivered, not voided visit, preparatory ones included.
[[nodiscard]] bool any_delivered(const Case& c);
/// The oldest application (or extension request) without a decision; null when there is none.
[[nodiscard]] const Application* oldest_undecided(const Case& c, bool extension);
[[nodiscard]] const Application* oldest_undecided(const Case& c);  ///< of either kind
/// The denial that objections belong to: the latest; null when there is none.
[[nodiscard]] const Denial* latest_denial(const Case& c);

}  // namespace geleit
