// What somebody wants: one struct per command of API.md, its members under the names of the surface and with
// the shape that a value must have. Reading them from JSON, and every refusal that needs neither case nor
// rule, follows from these descriptions (command_json.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "events/event_words.h"
#include "events/named.h"
#include "events/referral_events.h"
#include "events/rule.h"

namespace geleit {

/// What the JSON of a member must look like, beyond its C++ type.
enum class Shape : std::uint8_t {
  as_typed,   ///< a word, a boolean, an object
  fact,       ///< a date or instant that must not lie ahead (API.md, Refusals)
  plan,       ///< a date or instant that may
  chosen_id,  ///< names something new: UUID v4 or v7
  known_id,   ///< refers to something: also the v5 ids that the service makes
  slug,
  name,  ///< a short text (limits::name_characters_max)
  text,  ///< a long one (limits::text_characters_max)
  minutes,
  units,
  people,
  stays,
  gaf,
  number,  ///< 1, 2, 3 …
};

template <class Owner, class Type>
struct Member {
  std::string_view name;
  Type Owner::*at;
  Shape shape;
  bool required;
};
template <class Owner, class Type>
constexpr Member<Owner, Type> need(std::string_view name, Type Owner::*at, Shape shape = Shape::as_typed) {
  return {name, at, shape, true};
}
/// Left out, it keeps its default: no value, an empty text, an empty list, false, 0.
template <class Owner, class Type>
constexpr Member<Owner, Type> may(std::string_view name, Type Owner::*at, Shape shape = Shape::as_typed) {
  return {name, at, shape, false};
}

// Texts are views of the command's content (Command::content); empty means absent, for a blank one is
// refused.

struct PersonGiven {
  std::string_view given_name, family_name;
  CivilDate born;
  std::string_view insurance_number, insurer_ik, guardian, phone, email, postal_code;
  static constexpr auto members =
      std::tuple{need("given_name", &PersonGiven::given_name, Shape::name),
                 need("family_name", &PersonGiven::family_name, Shape::name),
                 need("born", &PersonGiven::born, Shape::fact),
                 may("insurance_number", &PersonGiven::insurance_number, Shape::name),
                 may("insurer_ik", &PersonGiven::insurer_ik, Shape::name),
                 may("guardian", &PersonGiven::guardian, Shape::name),
                 may("phone", &PersonGiven::phone, Shape::name),
                 may("email", &PersonGiven::email, Shape::name),
                 may("postal_code", &PersonGiven::postal_code, Shape::name)};
};

struct PrescriberGiven {
  PrescriberKind kind{};
  std::string_view name, lanr, bsnr;
  static constexpr auto members = std::tuple{
      need("kind", &PrescriberGiven::kind), may("name", &PrescriberGiven::name, Shape::name),
      may("lanr", &PrescriberGiven::lanr, Shape::name), may("bsnr", &PrescriberGiven::bsnr, Shape::name)};
};

struct SevereGiven {
  bool no_self_care = false;
  std::int32_t inpatient_stays_12_months = 0;
  static constexpr auto members =
      std::tuple{may("no_self_care", &SevereGiven::no_self_care),
                 may("inpatient_stays_12_months", &SevereGiven::inpatient_stays_12_months, Shape::stays)};
};

struct DiagnosisGiven {
  std::string_view icd;
  static constexpr auto members = std::tuple{need("icd", &DiagnosisGiven::icd, Shape::name)};
};

// ---------------------------------------------------------------- referral and discharge

/// Opens a case. Exactly one of `person` and `person_id`. From `setting` to `sapv` for SMN only (which needs
/// the setting), `gaf` and `trial` for ST only.
struct ReceiveReferral {
  Benefit benefit{};
  std::string_view provider;
  Land land{};
  std::optional<PersonGiven> person;
  std::optional<PersonId> person_id;
  PrescriberGiven prescriber;
  CivilDate prescribed_on;
  std::optional<CivilDate> received_on;
  std::int32_t units = 0;
  std::vector<DiagnosisGiven> diagnoses;
  std::optional<Setting> setting;
  std::optional<CivilDate> discharged_on, expected_discharge_on;
  std::optional<SevereGiven> severe;
  std::optional<bool> final_stage, impairment, sapv;
  std::optional<std::int32_t> gaf;
  std::optional<bool> trial;
  std::optional<Coverage> coverage;
  static constexpr std::string_view command = "ReceiveReferral";
  static constexpr auto members =
      std::tuple{need("benefit", &ReceiveReferral::benefit),
                 need("provider", &ReceiveReferral::provider, Shape::slug),
                 need("land", &ReceiveReferral::land),
                 may("person", &ReceiveReferral::person),
                 may("person_id", &ReceiveReferral::person_id, Shape::known_id),
                 need("prescriber", &ReceiveReferral::prescriber),
                 need("prescribed_on", &ReceiveReferral::prescribed_on, Shape::fact),
                 may("received_on", &ReceiveReferral::received_on, Shape::fact),
                 need("units", &ReceiveReferral::units, Shape::units),
                 need("diagnoses", &ReceiveReferral::diagnoses),
                 may("setting", &ReceiveReferral::setting),
                 may("discharged_on", &ReceiveReferral::discharged_on, Shape::fact),
                 may("expected_discharge_on", &ReceiveReferral::expected_discharge_on, Shape::plan),
                 may("severe", &ReceiveReferral::severe),
                 may("final_stage", &ReceiveReferral::final_stage),
                 may("impairment", &ReceiveReferral::impairment),
                 may("sapv", &ReceiveReferral::sapv),
                 may("gaf", &ReceiveReferral::gaf, Shape::gaf),
                 may("trial", &ReceiveReferral::trial),
                 may("coverage", &ReceiveReferral::coverage)};
};

/// Replaces whole fields; benefit, provider and person_id cannot change.
struct AmendReferral {
  std::optional<Land> land;
  std::optional<PersonGiven> person;
  std::optional<PrescriberGiven> prescriber;
  std::optional<CivilDate> prescribed_on, received_on;
  std::optional<std::int32_t> units;
  std::vector<DiagnosisGiven> diagnoses;  ///< empty: not amended
  std::optional<Setting> setting;
  std::optional<CivilDate> discharged_on, expected_discharge_on;
  std::optional<SevereGiven> severe;
  std::optional<bool> final_stage, impairment, sapv;
  std::optional<std::int32_t> gaf;
  std::optional<bool> trial;
  std::optional<Coverage> coverage;
  static constexpr std::string_view command = "AmendReferral";
  static constexpr auto members =
      std::tuple{may("land", &AmendReferral::land),
                 may("person", &AmendReferral::person),
                 may("prescriber", &AmendReferral::prescriber),
                 may("prescribed_on", &AmendReferral::prescribed_on, Shape::fact),
                 may("received_on", &AmendReferral::received_on, Shape::fact),
                 may("units", &AmendReferral::units, Shape::units),
                 may("diagnoses", &AmendReferral::diagnoses),
                 may("setting", &AmendReferral::setting),
                 may("discharged_on", &AmendReferral::discharged_on, Shape::fact),
                 may("expected_discharge_on", &AmendReferral::expected_discharge_on, Shape::plan),
                 may("severe", &AmendReferral::severe),
                 may("final_stage", &AmendReferral::final_stage),
                 may("impairment", &AmendReferral::impairment),
                 may("sapv", &AmendReferral::sapv),
                 may("gaf", &AmendReferral::gaf, Shape::gaf),
                 may("trial", &AmendReferral::trial),
                 may("coverage", &AmendReferral::coverage)};
};

struct ReceiveFollowUpReferral {
  CivilDate prescribed_on;
  std::int32_t units = 0;
  PrescriberGiven prescriber;
  std::optional<bool> trial;  ///< ST
  std::vector<DiagnosisGiven> diagnoses;
  static constexpr std::string_view command = "ReceiveFollowUpReferral";
  static constexpr auto members = std::tuple{
      need("prescribed_on", &ReceiveFollowUpReferral::prescribed_on, Shape::fact),
      need("units", &ReceiveFollowUpReferral::units, Shape::units),
      need("prescriber", &ReceiveFollowUpReferral::prescriber), may("trial", &ReceiveFollowUpReferral::trial),
      may("diagnoses", &ReceiveFollowUpReferral::diagnoses)};
};

struct WithdrawReferral {
  std::string_view reason;
  static constexpr std::string_view command = "WithdrawReferral";
  static constexpr auto members = std::tuple{need("reason", &WithdrawReferral::reason, Shape::text)};
};

struct RecordDischarge {
  CivilDate discharged_on;
  static constexpr std::string_view command = "RecordDischarge";
  static constexpr auto members =
      std::tuple{need("discharged_on", &RecordDischarge::discharged_on, Shape::fact)};
};

struct RecordCoverage {
  Coverage coverage{};
  CivilDate since;
  static constexpr std::string_view command = "RecordCoverage";
  static constexpr auto members = std::tuple{need("coverage", &RecordCoverage::coverage),
                                             need("since", &RecordCoverage::since, Shape::fact)};
};

/// ST: exempt from co-payment in a period (§ 62 SGB V).
struct RecordExemption {
  CivilDate from, until;
  static constexpr std::string_view command = "RecordExemption";
  static constexpr auto members = std::tuple{need("from", &RecordExemption::from, Shape::plan),
                                             need("until", &RecordExemption::until, Shape::plan)};
};

// ---------------------------------------------------------------- application and the insurer's decision

struct SubmitApplication {
  std::int32_t units = 0;
  CivilDate submitted_on;
  std::optional<CivilDate> received_on;
  std::optional<Regime> regime;
  std::optional<bool> care_plan_attached;
  static constexpr std::string_view command = "SubmitApplication";
  static constexpr auto members =
      std::tuple{need("units", &SubmitApplication::units, Shape::units),
                 need("submitted_on", &SubmitApplication::submitted_on, Shape::fact),
                 may("received_on", &SubmitApplication::received_on, Shape::fact),
                 may("regime", &SubmitApplication::regime),
                 may("care_plan_attached", &SubmitApplication::care_plan_attached)};
};

struct NoteExpertOpinion {
  CivilDate told_on;
  std::optional<CivilDate> opinion_on;
  static constexpr std::string_view command = "NoteExpertOpinion";
  static constexpr auto members = std::tuple{need("told_on", &NoteExpertOpinion::told_on, Shape::fact),
                                             may("opinion_on", &NoteExpertOpinion::opinion_on, Shape::fact)};
};

/// What GrantApproval and GrantExtension say.
struct Granted {
  std::optional<ApprovalId> approval;  ///< left out: v5 of the command's id
  std::string_view reference;
  CivilDate decided_on;
  std::int32_t units = 0;
  CivilDate from, until;
  static constexpr auto members = std::tuple{may("approval", &Granted::approval, Shape::chosen_id),
                                             need("reference", &Granted::reference, Shape::name),
                                             need("decided_on", &Granted::decided_on, Shape::fact),
                                             need("units", &Granted::units, Shape::units),
                                             need("from", &Granted::from, Shape::plan),
                                             need("until", &Granted::until, Shape::plan)};
};
/// What DenyApproval and DenyExtension say.
struct Denied {
  std::string_view reference;
  CivilDate decided_on, posted_on;
  bool instruction_given = false;
  std::string_view reason;
  static constexpr auto members = std::tuple{need("reference", &Denied::reference, Shape::name),
                                             need("decided_on", &Denied::decided_on, Shape::fact),
                                             need("posted_on", &Denied::posted_on, Shape::fact),
                                             need("instruction_given", &Denied::instruction_given),
                                             may("reason", &Denied::reason, Shape::text)};
};

struct GrantApproval : Granted {
  static constexpr std::string_view command = "GrantApproval";
};
struct DenyApproval : Denied {
  static constexpr std::string_view command = "DenyApproval";
};

/// Replaces the fields that are given.
struct CorrectApproval {
  ApprovalId approval;
  std::string_view reference;
  std::optional<CivilDate> decided_on;
  std::optional<std::int32_t> units;
  std::optional<CivilDate> from, until;
  std::string_view reason;
  static constexpr std::string_view command = "CorrectApproval";
  static constexpr auto members = std::tuple{need("approval", &CorrectApproval::approval, Shape::known_id),
                                             may("reference", &CorrectApproval::reference, Shape::name),
                                             may("decided_on", &CorrectApproval::decided_on, Shape::fact),
                                             may("units", &CorrectApproval::units, Shape::units),
                                             may("from", &CorrectApproval::from, Shape::plan),
                                             may("until", &CorrectApproval::until, Shape::plan),
                                             need("reason", &CorrectApproval::reason, Shape::text)};
};

struct RevokeApproval {
  ApprovalId approval;
  std::string_view reason;
  static constexpr std::string_view command = "RevokeApproval";
  static constexpr auto members = std::tuple{need("approval", &RevokeApproval::approval, Shape::known_id),
                                             need("reason", &RevokeApproval::reason, Shape::text)};
};

struct FileObjection {
  CivilDate filed_on;
  static constexpr std::string_view command = "FileObjection";
  static constexpr auto members = std::tuple{need("filed_on", &FileObjection::filed_on, Shape::fact)};
};

struct DecideObjection {
  CivilDate decided_on;
  bool upheld = false;
  static constexpr std::string_view command = "DecideObjection";
  static constexpr auto members = std::tuple{need("decided_on", &DecideObjection::decided_on, Shape::fact),
                                             need("upheld", &DecideObjection::upheld)};
};

// ---------------------------------------------------------------- extension

struct RequestExtension {
  std::int32_t units = 0;
  CivilDate requested_on, documentation_form_on;
  std::string_view reason;
  static constexpr std::string_view command = "RequestExtension";
  static constexpr auto members =
      std::tuple{need("units", &RequestExtension::units, Shape::units),
                 need("requested_on", &RequestExtension::requested_on, Shape::fact),
                 need("documentation_form_on", &RequestExtension::documentation_form_on, Shape::fact),
                 need("reason", &RequestExtension::reason, Shape::text)};
};
struct GrantExtension : Granted {
  static constexpr std::string_view command = "GrantExtension";
};
struct DenyExtension : Denied {
  static constexpr std::string_view command = "DenyExtension";
};

// ---------------------------------------------------------------- visits

struct ScheduleVisit {
  std::optional<VisitId> visit;  ///< left out: v5 of the command's id
  Instant starts_at;
  Minutes minutes;
  std::string_view staff;
  Place place{};
  std::optional<Category> category;        ///< its absence is judged by SMN-CATEGORY
  std::optional<std::int32_t> group_size;  ///< ST
  static constexpr std::string_view command = "ScheduleVisit";
  static constexpr auto members = std::tuple{may("visit", &ScheduleVisit::visit, Shape::chosen_id),
                                             need("starts_at", &ScheduleVisit::starts_at, Shape::plan),
                                             need("minutes", &ScheduleVisit::minutes, Shape::minutes),
                                             need("staff", &ScheduleVisit::staff, Shape::slug),
                                             need("place", &ScheduleVisit::place),
                                             may("category", &ScheduleVisit::category),
                                             may("group_size", &ScheduleVisit::group_size, Shape::people)};
};

struct RescheduleVisit {
  VisitId visit;
  Instant starts_at;
  std::optional<Minutes> minutes;
  std::string_view staff;
  static constexpr std::string_view command = "RescheduleVisit";
  static constexpr auto members = std::tuple{need("visit", &RescheduleVisit::visit, Shape::known_id),
                                             need("starts_at", &RescheduleVisit::starts_at, Shape::plan),
                                             may("minutes", &RescheduleVisit::minutes, Shape::minutes),
                                             may("staff", &RescheduleVisit::staff, Shape::slug)};
};

struct CancelVisit {
  VisitId visit;
  std::string_view reason;
  static constexpr std::string_view command = "CancelVisit";
  static constexpr auto members = std::tuple{need("visit", &CancelVisit::visit, Shape::known_id),
                                             need("reason", &CancelVisit::reason, Shape::text)};
};

struct MissVisit {
  VisitId visit;
  std::string_view reason;
  static constexpr std::string_view command = "MissVisit";
  static constexpr auto members = std::tuple{need("visit", &MissVisit::visit, Shape::known_id),
                                             may("reason", &MissVisit::reason, Shape::text)};
};

/// A scheduled visit, or one that the case does not know and that carries all of its schedule. `starts_at` is
/// a plan beside `started_at`, and the fact itself without it.
struct DeliverVisit {
  VisitId visit;
  std::optional<Instant> starts_at, started_at;
  Minutes minutes;
  std::optional<Place> place;
  std::optional<Category> category;
  std::string_view staff;
  std::optional<std::int32_t> group_size;
  std::string_view note;
  static constexpr std::string_view command = "DeliverVisit";
  static constexpr auto members = std::tuple{need("visit", &DeliverVisit::visit, Shape::known_id),
                                             may("starts_at", &DeliverVisit::starts_at, Shape::plan),
                                             may("started_at", &DeliverVisit::started_at, Shape::fact),
                                             need("minutes", &DeliverVisit::minutes, Shape::minutes),
                                             may("place", &DeliverVisit::place),
                                             may("category", &DeliverVisit::category),
                                             may("staff", &DeliverVisit::staff, Shape::slug),
                                             may("group_size", &DeliverVisit::group_size, Shape::people),
                                             may("note", &DeliverVisit::note, Shape::text)};
};

struct CorrectVisit {
  VisitId visit;
  std::optional<Instant> started_at;
  std::optional<Minutes> minutes;
  std::optional<Place> place;
  std::optional<Category> category;
  std::string_view staff;
  std::optional<std::int32_t> group_size;
  std::string_view note, reason;
  static constexpr std::string_view command = "CorrectVisit";
  static constexpr auto members = std::tuple{need("visit", &CorrectVisit::visit, Shape::known_id),
                                             may("started_at", &CorrectVisit::started_at, Shape::fact),
                                             may("minutes", &CorrectVisit::minutes, Shape::minutes),
                                             may("place", &CorrectVisit::place),
                                             may("category", &CorrectVisit::category),
                                             may("staff", &CorrectVisit::staff, Shape::slug),
                                             may("group_size", &CorrectVisit::group_size, Shape::people),
                                             may("note", &CorrectVisit::note, Shape::text),
                                             need("reason", &CorrectVisit::reason, Shape::text)};
};

struct VoidVisit {
  VisitId visit;
  std::string_view reason;
  static constexpr std::string_view command = "VoidVisit";
  static constexpr auto members = std::tuple{need("visit", &VoidVisit::visit, Shape::known_id),
                                             need("reason", &VoidVisit::reason, Shape::text)};
};

// ---------------------------------------------------------------- care

struct AssignCareTeam {
  std::string_view lead;
  std::vector<std::string_view> members_given;
  static constexpr std::string_view command = "AssignCareTeam";
  static constexpr auto members = std::tuple{need("lead", &AssignCareTeam::lead, Shape::slug),
                                             may("members", &AssignCareTeam::members_given, Shape::slug)};
};

struct AgreeCarePlan {
  CivilDate agreed_on;
  std::vector<std::string_view> goals;
  static constexpr std::string_view command = "AgreeCarePlan";
  static constexpr auto members = std::tuple{need("agreed_on", &AgreeCarePlan::agreed_on, Shape::fact),
                                             need("goals", &AgreeCarePlan::goals, Shape::text)};
};

struct CompleteCare {
  CivilDate completed_on;
  bool goal_reached = false;
  static constexpr std::string_view command = "CompleteCare";
  static constexpr auto members = std::tuple{need("completed_on", &CompleteCare::completed_on, Shape::fact),
                                             need("goal_reached", &CompleteCare::goal_reached)};
};

struct DiscontinueCare {
  CivilDate discontinued_on;
  Cause cause{};
  static constexpr std::string_view command = "DiscontinueCare";
  static constexpr auto members =
      std::tuple{need("discontinued_on", &DiscontinueCare::discontinued_on, Shape::fact),
                 need("cause", &DiscontinueCare::cause)};
};

struct ReopenCase {
  std::string_view reason;
  static constexpr std::string_view command = "ReopenCase";
  static constexpr auto members = std::tuple{need("reason", &ReopenCase::reason, Shape::text)};
};

struct SendFinalReport {
  CivilDate sent_on;
  std::string_view to;
  static constexpr std::string_view command = "SendFinalReport";
  static constexpr auto members = std::tuple{need("sent_on", &SendFinalReport::sent_on, Shape::fact),
                                             need("to", &SendFinalReport::to, Shape::name)};
};

/// An item of the checklist of a step, as the settings in force name it.
struct TickChecklist {
  std::string_view step, item;
  bool ticked = true;  ///< false takes it back
  static constexpr std::string_view command = "TickChecklist";
  static constexpr auto members =
      std::tuple{need("step", &TickChecklist::step, Shape::slug),
                 need("item", &TickChecklist::item, Shape::slug), may("ticked", &TickChecklist::ticked)};
};

// ---------------------------------------------------------------- settings

/// What a settings file says (schema/README.md, Settings), as one JSON document with sorted members: the
/// content of the event. Owns it, for no command holds it in this form.
struct SettingsGiven {
  std::string document;
};

/// Of a provider, or of the installation where none is named. Belongs to no case: its stream is the
/// provider's or the installation's (settings.h).
struct AdoptSettings {
  std::string_view provider;
  CivilDate from;
  SettingsGiven settings;
  static constexpr std::string_view command = "AdoptSettings";
  static constexpr auto members =
      std::tuple{may("provider", &AdoptSettings::provider, Shape::slug),
                 need("from", &AdoptSettings::from, Shape::plan), need("settings", &AdoptSettings::settings)};
};

// ---------------------------------------------------------------- alerts

struct AcknowledgeAlert {
  EventId alert;
  std::string_view note;
  static constexpr std::string_view command = "AcknowledgeAlert";
  static constexpr auto members = std::tuple{need("alert", &AcknowledgeAlert::alert, Shape::known_id),
                                             may("note", &AcknowledgeAlert::note, Shape::text)};
};

/// Until the beginning of that day.
struct SnoozeAlert {
  EventId alert;
  CivilDate until;
  std::string_view reason;
  static constexpr std::string_view command = "SnoozeAlert";
  static constexpr auto members = std::tuple{need("alert", &SnoozeAlert::alert, Shape::known_id),
                                             need("until", &SnoozeAlert::until, Shape::plan),
                                             need("reason", &SnoozeAlert::reason, Shape::text)};
};

// ---------------------------------------------------------------- personal data

/// From then on the data is stored, and nothing else.
struct RestrictProcessing {
  std::string_view reason;
  static constexpr std::string_view command = "RestrictProcessing";
  static constexpr auto members = std::tuple{need("reason", &RestrictProcessing::reason, Shape::text)};
};
struct LiftRestriction {
  std::string_view reason;
  static constexpr std::string_view command = "LiftRestriction";
  static constexpr auto members = std::tuple{need("reason", &LiftRestriction::reason, Shape::text)};
};

// ---------------------------------------------------------------- the service's own
//
// What watch and alert ask for; refused from everybody else. Their id is no choice: it follows from what they
// say (own_id_of), so that however many ask, it is recorded once.

/// SMN-START has passed without a unit.
struct MissStartDeadline {
  std::int32_t generation = 0;  ///< version of the event that last opened the deadline
  static constexpr bool of_the_service = true;
  static constexpr std::string_view command = "MissStartDeadline";
  static constexpr auto members =
      std::tuple{need("generation", &MissStartDeadline::generation, Shape::number)};
};

/// Another rule's deadline has passed.
struct MissDeadline {
  Rule rule{};
  std::int32_t generation = 0;
  static constexpr bool of_the_service = true;
  static constexpr std::string_view command = "MissDeadline";
  static constexpr auto members = std::tuple{need("rule", &MissDeadline::rule),
                                             need("generation", &MissDeadline::generation, Shape::number)};
};

/// An approval's period has passed.
struct LapseApprovalPeriod {
  ApprovalId approval;
  CivilDate until;
  static constexpr bool of_the_service = true;
  static constexpr std::string_view command = "LapseApprovalPeriod";
  static constexpr auto members =
      std::tuple{need("approval", &LapseApprovalPeriod::approval, Shape::known_id),
                 need("until", &LapseApprovalPeriod::until, Shape::plan)};
};

/// A notice went out, or was given up.
struct SendAlert {
  EventId alert;
  std::string_view channel;
  std::int32_t level = 0;
  std::int32_t number = 0;
  Instant at;
  std::string_view outcome;
  static constexpr bool of_the_service = true;
  static constexpr std::string_view command = "SendAlert";
  static constexpr auto members = std::tuple{
      need("alert", &SendAlert::alert, Shape::known_id), need("channel", &SendAlert::channel, Shape::slug),
      need("level", &SendAlert::level, Shape::number),   need("number", &SendAlert::number, Shape::number),
      need("at", &SendAlert::at, Shape::fact),           need("outcome", &SendAlert::outcome, Shape::name)};
};

/// Nobody has answered an alert in time.
struct EscalateAlert {
  EventId alert;
  std::int32_t level = 0;
  static constexpr bool of_the_service = true;
  static constexpr std::string_view command = "EscalateAlert";
  static constexpr auto members = std::tuple{need("alert", &EscalateAlert::alert, Shape::known_id),
                                             need("level", &EscalateAlert::level, Shape::number)};
};

/// The keys of the person are destroyed (privacy.h).
struct ErasePersonalData {
  ErasureGrounds grounds{};
  static constexpr bool of_the_service = true;
  static constexpr std::string_view command = "ErasePersonalData";
  static constexpr auto members = std::tuple{need("grounds", &ErasePersonalData::grounds)};
};

/// Every command that is understood.
using CommandData =
    std::variant<ReceiveReferral, AmendReferral, ReceiveFollowUpReferral, WithdrawReferral, RecordDischarge,
                 AssignCareTeam, SubmitApplication, NoteExpertOpinion, GrantApproval, CorrectApproval,
                 RevokeApproval, DenyApproval, FileObjection, DecideObjection, RecordCoverage,
                 RecordExemption, AgreeCarePlan, ScheduleVisit, RescheduleVisit, CancelVisit, MissVisit,
                 DeliverVisit, CorrectVisit, VoidVisit, RequestExtension, GrantExtension, DenyExtension,
                 CompleteCare, DiscontinueCare, ReopenCase, SendFinalReport, AdoptSettings, TickChecklist,
                 AcknowledgeAlert, SnoozeAlert, MissStartDeadline, MissDeadline, LapseApprovalPeriod,
                 SendAlert, EscalateAlert, RestrictProcessing, LiftRestriction, ErasePersonalData>;

template <class T>
concept OfTheService = requires {
  requires T::of_the_service;
};

/// A reason given for a rule.
struct ReasonGiven {
  Rule rule{};
  std::string_view text;
};

/// One command, understood. It owns its bytes: `data` and `reasons` view `content`, which moves with it.
struct Command {
  EventId id;  ///< nil when left out: whoever takes the command in mints one
  bool id_given = false;
  std::optional<CaseId> case_id;  ///< none: opens one (ReceiveReferral only)
  Happened happened;              ///< left out: the moment it was read
  bool happened_given = false;
  std::string by;  ///< staff slug; empty when left out
  std::optional<Version> expect_version;
  std::vector<ReasonGiven> reasons;  ///< blank ones dropped, in the order sent
  std::optional<Instant> entered;
  /// The only provider whose cases exist for whoever sends it; empty: all.
  std::string only_provider;
  CommandData data;
  /// The canonical text of `command`, `case`, `happened`, `reasons` and `data` as sent: the same for every
  /// order of members and spelling of numbers, different for everything else. What the content's tag is made
  /// of.
  std::string content;

  Command() = default;
  Command(Command&&) = default;
  Command& operator=(Command&&) = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  [[nodiscard]] std::string_view name() const {
    return std::visit([](const auto& data) { return data.command; }, data);
  }
  [[nodiscard]] bool knows_of(std::string_view provider) const {
    return only_provider.empty() || only_provider == provider;
  }
  /// Whether only the service itself may ask for it.
  [[nodiscard]] bool of_the_service() const {
    return std::visit([]<class T>(const T&) { return OfTheService<T>; }, data);
  }
};
/// The id that a command of the service has in its case: the same for everybody who asks for the same.
[[nodiscard]] EventId own_id_of(const CaseId& id, const CommandData& data);

/// The first member given that belongs to the other benefit only.
template <class Referral>
[[nodiscard]] std::optional<std::string_view> field_of_the_other(Benefit benefit, const Referral& c) {
  if (benefit == Benefit::smn) {
    if (c.gaf) return "gaf";
    if (c.trial) return "trial";
    return std::nullopt;
  }
  if (c.setting) return "setting";
  if (c.discharged_on) return "discharged_on";
  if (c.expected_discharge_on) return "expected_discharge_on";
  if (c.severe) return "severe";
  if (c.final_stage) return "final_stage";
  if (c.impairment) return "impairment";
  if (c.sapv) return "sapv";
  return std::nullopt;
}

/// The case a command is about: the one it names, or v5 of its id for one it opens. The id must be set. For
/// settings the stream that they go into.
[[nodiscard]] CaseId case_of(const Command& command);
/// The person a referral is about: the one it names, or v5 of the command's id.
[[nodiscard]] PersonId person_of(const Command& command, const ReceiveReferral& referral);

}  // namespace geleit
