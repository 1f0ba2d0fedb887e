// Payloads to and from Cap'n Proto: one `write` and one `read` per struct of schema/event.capnp, in its
// order.
#include "events/payload_codec.h"

#include <capnp/message.h>

#include "events/sha256.h"

namespace geleit::codec {
namespace {

// An absent number is its default in the schema, so that it costs nothing; an absent word is `unset`, so that
// every word's number is one more than in event_words.h.
template <class Schema, Vocabulary E>
Schema to_schema(E value) {
  return static_cast<Schema>(static_cast<int>(value) + 1);
}
template <class Schema, Vocabulary E>
Schema to_schema(const std::optional<E>& value) {
  return value ? to_schema<Schema>(*value) : Schema::UNSET;
}

template <class T>
struct Words {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct Words<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};

template <class T, class Schema>
T from_schema(Schema value) {
  using E = typename Words<T>::type;
  const auto number = static_cast<std::size_t>(value);
  if (number > words<E>.size()) throw BadRecord("a word that this version does not know");
  if (number == 0) {
    if constexpr (Words<T>::optional)
      return std::nullopt;
    else
      throw BadRecord("a required word is unset");
  } else {
    return static_cast<E>(number - 1);
  }
}

std::int32_t days(CivilDate date) { return date.days; }
std::int32_t days(const std::optional<CivilDate>& date) { return date ? date->days : schema::NO_DATE; }
CivilDate date(std::int32_t days) { return CivilDate{days}; }
std::optional<CivilDate> optional_date(std::int32_t days) {
  return days == schema::NO_DATE ? std::nullopt : std::optional(CivilDate{days});
}
std::int64_t millis(Instant at) { return at.ms; }
std::int64_t millis(const std::optional<Instant>& at) { return at ? at->ms : schema::NO_INSTANT; }
Instant instant(std::int64_t ms) { return Instant{ms}; }
std::optional<Instant> optional_instant(std::int64_t ms) {
  return ms == schema::NO_INSTANT ? std::nullopt : std::optional(Instant{ms});
}
std::int32_t number(std::int32_t value) { return value; }
std::int32_t number(Minutes value) { return value.value; }
template <class T>
std::int32_t number(const std::optional<T>& value) {
  return value ? number(*value) : schema::NO_NUMBER;
}
template <class T>
std::optional<T> optional_number(std::int32_t value) {
  return value == schema::NO_NUMBER ? std::nullopt : std::optional<T>(T(value));
}
schema::Answer answer(const std::optional<bool>& value) {
  return !value ? schema::Answer::UNSET : *value ? schema::Answer::YES : schema::Answer::NO;
}
std::optional<bool> optional_bool(schema::Answer value) {
  return value == schema::Answer::UNSET ? std::nullopt : std::optional(value == schema::Answer::YES);
}

void write_texts(const std::vector<std::string_view>& texts, capnp::List<capnp::Text>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) fill(out.init(i, size(texts[i])), texts[i]);
}
std::vector<std::string_view> read_texts(capnp::List<capnp::Text>::Reader texts) {
  std::vector<std::string_view> out;
  out.reserve(texts.size());
  for (const auto t : texts) out.push_back(view(t));
  return out;
}

void write(const Prescriber& e, schema::Prescriber::Builder b) {
  b.setKind(to_schema<schema::PrescriberKind>(e.kind));
  if (e.name.present()) fill(b.initName(size(e.name.bytes)), e.name.bytes);
  if (!e.lanr.empty()) fill(b.initLanr(size(e.lanr)), e.lanr);
  if (!e.bsnr.empty()) fill(b.initBsnr(size(e.bsnr)), e.bsnr);
}
void write(const Severe& e, schema::Severe::Builder b) {
  b.setNoSelfCare(e.no_self_care);
  b.setInpatientStays12Months(number(e.inpatient_stays_12_months));
}
void write(const ReferralReceived& e, schema::ReferralReceived::Builder b) {
  b.setBenefit(to_schema<schema::Benefit>(e.benefit));
  b.setLand(to_schema<schema::Land>(e.land));
  b.setPersonIdHigh(e.person_id.value.high);
  b.setPersonIdLow(e.person_id.value.low);
  if (e.person.present()) fill(b.initPerson(size(e.person.bytes)), e.person.bytes);
  write(e.prescriber, b.initPrescriber());
  b.setPrescribedOn(days(e.prescribed_on));
  b.setReceivedOn(days(e.received_on));
  b.setUnits(number(e.units));
  if (e.diagnoses.present()) fill(b.initDiagnoses(size(e.diagnoses.bytes)), e.diagnoses.bytes);
  b.setSetting(to_schema<schema::Setting>(e.setting));
  b.setDischargedOn(days(e.discharged_on));
  b.setExpectedDischargeOn(days(e.expected_discharge_on));
  if (e.severe) write(*e.severe, b.initSevere());
  b.setFinalStage(answer(e.final_stage));
  b.setImpairment(answer(e.impairment));
  b.setSapv(answer(e.sapv));
  b.setGaf(number(e.gaf));
  b.setTrial(answer(e.trial));
  b.setCoverage(to_schema<schema::Coverage>(e.coverage));
}
void write(const ReferralAmended& e, schema::ReferralAmended::Builder b) {
  b.setLand(to_schema<schema::Land>(e.land));
  if (e.person.present()) fill(b.initPerson(size(e.person.bytes)), e.person.bytes);
  if (e.prescriber) write(*e.prescriber, b.initPrescriber());
  b.setPrescribedOn(days(e.prescribed_on));
  b.setReceivedOn(days(e.received_on));
  b.setUnits(number(e.units));
  if (e.diagnoses.present()) fill(b.initDiagnoses(size(e.diagnoses.bytes)), e.diagnoses.bytes);
  b.setSetting(to_schema<schema::Setting>(e.setting));
  b.setDischargedOn(days(e.discharged_on));
  b.setExpectedDischargeOn(days(e.expected_discharge_on));
  if (e.severe) write(*e.severe, b.initSevere());
  b.setFinalStage(answer(e.final_stage));
  b.setImpairment(answer(e.impairment));
  b.setSapv(answer(e.sapv));
  b.setGaf(number(e.gaf));
  b.setTrial(answer(e.trial));
  b.setCoverage(to_schema<schema::Coverage>(e.coverage));
}
void write(const FollowUpReferralReceived& e, schema::FollowUpReferralReceived::Builder b) {
  b.setPrescribedOn(days(e.prescribed_on));
  b.setUnits(number(e.units));
  write(e.prescriber, b.initPrescriber());
  b.setTrial(answer(e.trial));
  if (e.diagnoses.present()) fill(b.initDiagnoses(size(e.diagnoses.bytes)), e.diagnoses.bytes);
}
void write(const ReferralWithdrawn& e, schema::ReferralWithdrawn::Builder b) {
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const DischargeRecorded& e, schema::DischargeRecorded::Builder b) {
  b.setDischargedOn(days(e.discharged_on));
}
void write(const CareTeamAssigned& e, schema::CareTeamAssigned::Builder b) {
  if (!e.lead.empty()) fill(b.initLead(size(e.lead)), e.lead);
  write_texts(e.members, b.initMembers(static_cast<unsigned>(e.members.size())));
}
void write(const CoverageRecorded& e, schema::CoverageRecorded::Builder b) {
  b.setCoverage(to_schema<schema::Coverage>(e.coverage));
  b.setSince(days(e.since));
}
void write(const ExemptionRecorded& e, schema::ExemptionRecorded::Builder b) {
  b.setFrom(days(e.from));
  b.setUntil(days(e.until));
}
void write(const ApplicationSubmitted& e, schema::ApplicationSubmitted::Builder b) {
  b.setUnits(number(e.units));
  b.setSubmittedOn(days(e.submitted_on));
  b.setReceivedOn(days(e.received_on));
  b.setRegime(to_schema<schema::Regime>(e.regime));
  b.setCarePlanAttached(answer(e.care_plan_attached));
}
void write(const ExpertOpinionNoted& e, schema::ExpertOpinionNoted::Builder b) {
  b.setToldOn(days(e.told_on));
  b.setOpinionOn(days(e.opinion_on));
}
void write(const ApprovalGranted& e, schema::ApprovalGranted::Builder b) {
  b.setApprovalHigh(e.approval.value.high);
  b.setApprovalLow(e.approval.value.low);
  if (e.reference.present()) fill(b.initReference(size(e.reference.bytes)), e.reference.bytes);
  b.setDecidedOn(days(e.decided_on));
  b.setUnits(number(e.units));
  b.setFrom(days(e.from));
  b.setUntil(days(e.until));
}
void write(const ApprovalCorrected& e, schema::ApprovalCorrected::Builder b) {
  b.setApprovalHigh(e.approval.value.high);
  b.setApprovalLow(e.approval.value.low);
  if (e.reference.present()) fill(b.initReference(size(e.reference.bytes)), e.reference.bytes);
  b.setDecidedOn(days(e.decided_on));
  b.setUnits(number(e.units));
  b.setFrom(days(e.from));
  b.setUntil(days(e.until));
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const ApprovalRevoked& e, schema::ApprovalRevoked::Builder b) {
  b.setApprovalHigh(e.approval.value.high);
  b.setApprovalLow(e.approval.value.low);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const ApprovalDenied& e, schema::ApprovalDenied::Builder b) {
  if (e.reference.present()) fill(b.initReference(size(e.reference.bytes)), e.reference.bytes);
  b.setDecidedOn(days(e.decided_on));
  b.setPostedOn(days(e.posted_on));
  b.setInstructionGiven(e.instruction_given);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const ObjectionFiled& e, schema::ObjectionFiled::Builder b) { b.setFiledOn(days(e.filed_on)); }
void write(const ObjectionDecided& e, schema::ObjectionDecided::Builder b) {
  b.setDecidedOn(days(e.decided_on));
  b.setUpheld(e.upheld);
}
void write(const ExtensionRequested& e, schema::ExtensionRequested::Builder b) {
  b.setUnits(number(e.units));
  b.setRequestedOn(days(e.requested_on));
  b.setDocumentationFormOn(days(e.documentation_form_on));
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const ExtensionGranted& e, schema::ExtensionGranted::Builder b) {
  b.setApprovalHigh(e.approval.value.high);
  b.setApprovalLow(e.approval.value.low);
  if (e.reference.present()) fill(b.initReference(size(e.reference.bytes)), e.reference.bytes);
  b.setDecidedOn(days(e.decided_on));
  b.setUnits(number(e.units));
  b.setFrom(days(e.from));
  b.setUntil(days(e.until));
}
void write(const ExtensionDenied& e, schema::ExtensionDenied::Builder b) {
  if (e.reference.present()) fill(b.initReference(size(e.reference.bytes)), e.reference.bytes);
  b.setDecidedOn(days(e.decided_on));
  b.setPostedOn(days(e.posted_on));
  b.setInstructionGiven(e.instruction_given);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const VisitScheduled& e, schema::VisitScheduled::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  b.setStartsAt(millis(e.starts_at));
  b.setMinutes(number(e.minutes));
  if (!e.staff.empty()) fill(b.initStaff(size(e.staff)), e.staff);
  b.setPlace(to_schema<schema::Place>(e.place));
  b.setCategory(to_schema<schema::Category>(e.category));
  b.setGroupSize(number(e.group_size));
}
void write(const VisitRescheduled& e, schema::VisitRescheduled::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  b.setStartsAt(millis(e.starts_at));
  b.setMinutes(number(e.minutes));
  if (!e.staff.empty()) fill(b.initStaff(size(e.staff)), e.staff);
}
void write(const VisitCancelled& e, schema::VisitCancelled::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const VisitMissed& e, schema::VisitMissed::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const VisitDelivered& e, schema::VisitDelivered::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  b.setStartsAt(millis(e.starts_at));
  b.setStartedAt(millis(e.started_at));
  b.setMinutes(number(e.minutes));
  b.setPlace(to_schema<schema::Place>(e.place));
  b.setCategory(to_schema<schema::Category>(e.category));
  if (!e.staff.empty()) fill(b.initStaff(size(e.staff)), e.staff);
  b.setGroupSize(number(e.group_size));
  if (e.note.present()) fill(b.initNote(size(e.note.bytes)), e.note.bytes);
}
void write(const VisitCorrected& e, schema::VisitCorrected::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  b.setStartedAt(millis(e.started_at));
  b.setMinutes(number(e.minutes));
  b.setPlace(to_schema<schema::Place>(e.place));
  b.setCategory(to_schema<schema::Category>(e.category));
  if (!e.staff.empty()) fill(b.initStaff(size(e.staff)), e.staff);
  b.setGroupSize(number(e.group_size));
  if (e.note.present()) fill(b.initNote(size(e.note.bytes)), e.note.bytes);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const VisitVoided& e, schema::VisitVoided::Builder b) {
  b.setVisitHigh(e.visit.value.high);
  b.setVisitLow(e.visit.value.low);
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const CarePlanAgreed& e, schema::CarePlanAgreed::Builder b) {
  b.setAgreedOn(days(e.agreed_on));
  if (e.goals.present()) fill(b.initGoals(size(e.goals.bytes)), e.goals.bytes);
}
void write(const CareCompleted& e, schema::CareCompleted::Builder b) {
  b.setCompletedOn(days(e.completed_on));
  b.setGoalReached(e.goal_reached);
}
void write(const CareDiscontinued& e, schema::CareDiscontinued::Builder b) {
  b.setDiscontinuedOn(days(e.discontinued_on));
  b.setCause(to_schema<schema::Cause>(e.cause));
}
void write(const CaseReopened& e, schema::CaseReopened::Builder b) {
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const FinalReportSent& e, schema::FinalReportSent::Builder b) {
  b.setSentOn(days(e.sent_on));
  if (e.to.present()) fill(b.initTo(size(e.to.bytes)), e.to.bytes);
}
void write(const AlertAcknowledged& e, schema::AlertAcknowledged::Builder b) {
  b.setAlertHigh(e.alert.value.high);
  b.setAlertLow(e.alert.value.low);
  if (e.note.present()) fill(b.initNote(size(e.note.bytes)), e.note.bytes);
  b.setWithoutEffect(answer(e.without_effect));
}
void write(const AlertSnoozed& e, schema::AlertSnoozed::Builder b) {
  b.setAlertHigh(e.alert.value.high);
  b.setAlertLow(e.alert.value.low);
  b.setUntil(days(e.until));
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
  b.setWithoutEffect(answer(e.without_effect));
}
void write(const StartDeadlineMissed& e, schema::StartDeadlineMissed::Builder b) {
  b.setGeneration(e.generation.value);
  b.setDueOn(days(e.due_on));
  b.setActsOn(days(e.acts_on));
}
void write(const DeadlineMissed& e, schema::DeadlineMissed::Builder b) {
  b.setRule(static_cast<std::uint16_t>(e.rule));
  b.setGeneration(e.generation.value);
  b.setDueOn(days(e.due_on));
  b.setActsOn(days(e.acts_on));
}
void write(const ApprovalPeriodLapsed& e, schema::ApprovalPeriodLapsed::Builder b) {
  b.setApprovalHigh(e.approval.value.high);
  b.setApprovalLow(e.approval.value.low);
  b.setUntil(days(e.until));
}
void write(const AlertSent& e, schema::AlertSent::Builder b) {
  b.setAlertHigh(e.alert.value.high);
  b.setAlertLow(e.alert.value.low);
  if (!e.channel.empty()) fill(b.initChannel(size(e.channel)), e.channel);
  b.setLevel(number(e.level));
  b.setNumber(number(e.number));
  b.setAt(millis(e.at));
  if (!e.outcome.empty()) fill(b.initOutcome(size(e.outcome)), e.outcome);
}
void write(const AlertEscalated& e, schema::AlertEscalated::Builder b) {
  b.setAlertHigh(e.alert.value.high);
  b.setAlertLow(e.alert.value.low);
  b.setLevel(number(e.level));
}
void write(const SettingsAdopted& e, schema::SettingsAdopted::Builder b) {
  b.setScope(to_schema<schema::SettingsScope>(e.scope));
  b.setFrom(days(e.from));
  fill(b.initHash(32), hash_bytes(e.hash));
  if (!e.content.empty()) fill(b.initContent(size(e.content)), e.content);
}
void write(const PersonalDataErased& e, schema::PersonalDataErased::Builder b) {
  b.setGrounds(to_schema<schema::ErasureGrounds>(e.grounds));
  b.setKeptUntil(days(e.kept_until));
}
void write(const ProcessingRestricted& e, schema::ProcessingRestricted::Builder b) {
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const RestrictionLifted& e, schema::RestrictionLifted::Builder b) {
  if (e.reason.present()) fill(b.initReason(size(e.reason.bytes)), e.reason.bytes);
}
void write(const ChecklistTicked& e, schema::ChecklistTicked::Builder b) {
  if (!e.step.empty()) fill(b.initStep(size(e.step)), e.step);
  if (!e.item.empty()) fill(b.initItem(size(e.item)), e.item);
  b.setTicked(e.ticked);
}

void read(schema::Prescriber::Reader r, Prescriber& e) {
  e.kind = from_schema<PrescriberKind>(r.getKind());
  e.name.bytes = view(r.getName());
  e.lanr = view(r.getLanr());
  e.bsnr = view(r.getBsnr());
}
void read(schema::Severe::Reader r, Severe& e) {
  e.no_self_care = r.getNoSelfCare();
  e.inpatient_stays_12_months = r.getInpatientStays12Months();
}
void read(schema::ReferralReceived::Reader r, ReferralReceived& e) {
  e.benefit = from_schema<Benefit>(r.getBenefit());
  e.land = from_schema<Land>(r.getLand());
  e.person_id.value = {r.getPersonIdHigh(), r.getPersonIdLow()};
  e.person.bytes = view(r.getPerson());
  read(r.getPrescriber(), e.prescriber);
  e.prescribed_on = date(r.getPrescribedOn());
  e.received_on = optional_date(r.getReceivedOn());
  e.units = r.getUnits();
  e.diagnoses.bytes = view(r.getDiagnoses());
  e.setting = from_schema<std::optional<Setting>>(r.getSetting());
  e.discharged_on = optional_date(r.getDischargedOn());
  e.expected_discharge_on = optional_date(r.getExpectedDischargeOn());
  if (r.hasSevere()) read(r.getSevere(), e.severe.emplace());
  e.final_stage = optional_bool(r.getFinalStage());
  e.impairment = optional_bool(r.getImpairment());
  e.sapv = optional_bool(r.getSapv());
  e.gaf = optional_number<std::int32_t>(r.getGaf());
  e.trial = optional_bool(r.getTrial());
  e.coverage = from_schema<std::optional<Coverage>>(r.getCoverage());
}
void read(schema::ReferralAmended::Reader r, ReferralAmended& e) {
  e.land = from_schema<std::optional<Land>>(r.getLand());
  e.person.bytes = view(r.getPerson());
  if (r.hasPrescriber()) read(r.getPrescriber(), e.prescriber.emplace());
  e.prescribed_on = optional_date(r.getPrescribedOn());
  e.received_on = optional_date(r.getReceivedOn());
  e.units = optional_number<std::int32_t>(r.getUnits());
  e.diagnoses.bytes = view(r.getDiagnoses());
  e.setting = from_schema<std::optional<Setting>>(r.getSetting());
  e.discharged_on = optional_date(r.getDischargedOn());
  e.expected_discharge_on = optional_date(r.getExpectedDischargeOn());
  if (r.hasSevere()) read(r.getSevere(), e.severe.emplace());
  e.final_stage = optional_bool(r.getFinalStage());
  e.impairment = optional_bool(r.getImpairment());
  e.sapv = optional_bool(r.getSapv());
  e.gaf = optional_number<std::int32_t>(r.getGaf());
  e.trial = optional_bool(r.getTrial());
  e.coverage = from_schema<std::optional<Coverage>>(r.getCoverage());
}
void read(schema::FollowUpReferralReceived::Reader r, FollowUpReferralReceived& e) {
  e.prescribed_on = date(r.getPrescribedOn());
  e.units = r.getUnits();
  read(r.getPrescriber(), e.prescriber);
  e.trial = optional_bool(r.getTrial());
  e.diagnoses.bytes = view(r.getDiagnoses());
}
void read(schema::ReferralWithdrawn::Reader r, ReferralWithdrawn& e) { e.reason.bytes = view(r.getReason()); }
void read(schema::DischargeRecorded::Reader r, DischargeRecorded& e) {
  e.discharged_on = date(r.getDischargedOn());
}
void read(schema::CareTeamAssigned::Reader r, CareTeamAssigned& e) {
  e.lead = view(r.getLead());
  e.members = read_texts(r.getMembers());
}
void read(schema::CoverageRecorded::Reader r, CoverageRecorded& e) {
  e.coverage = from_schema<Coverage>(r.getCoverage());
  e.since = date(r.getSince());
}
void read(schema::ExemptionRecorded::Reader r, ExemptionRecorded& e) {
  e.from = date(r.getFrom());
  e.until = date(r.getUntil());
}
void read(schema::ApplicationSubmitted::Reader r, ApplicationSubmitted& e) {
  e.units = r.getUnits();
  e.submitted_on = date(r.getSubmittedOn());
  e.received_on = optional_date(r.getReceivedOn());
  e.regime = from_schema<std::optional<Regime>>(r.getRegime());
  e.care_plan_attached = optional_bool(r.getCarePlanAttached());
}
void read(schema::ExpertOpinionNoted::Reader r, ExpertOpinionNoted& e) {
  e.told_on = date(r.getToldOn());
  e.opinion_on = optional_date(r.getOpinionOn());
}
void read(schema::ApprovalGranted::Reader r, ApprovalGranted& e) {
  e.approval.value = {r.getApprovalHigh(), r.getApprovalLow()};
  e.reference.bytes = view(r.getReference());
  e.decided_on = date(r.getDecidedOn());
  e.units = r.getUnits();
  e.from = date(r.getFrom());
  e.until = date(r.getUntil());
}
void read(schema::ApprovalCorrected::Reader r, ApprovalCorrected& e) {
  e.approval.value = {r.getApprovalHigh(), r.getApprovalLow()};
  e.reference.bytes = view(r.getReference());
  e.decided_on = optional_date(r.getDecidedOn());
  e.units = optional_number<std::int32_t>(r.getUnits());
  e.from = optional_date(r.getFrom());
  e.until = optional_date(r.getUntil());
  e.reason.bytes = view(r.getReason());
}
void read(schema::ApprovalRevoked::Reader r, ApprovalRevoked& e) {
  e.approval.value = {r.getApprovalHigh(), r.getApprovalLow()};
  e.reason.bytes = view(r.getReason());
}
void read(schema::ApprovalDenied::Reader r, ApprovalDenied& e) {
  e.reference.bytes = view(r.getReference());
  e.decided_on = date(r.getDecidedOn());
  e.posted_on = date(r.getPostedOn());
  e.instruction_given = r.getInstructionGiven();
  e.reason.bytes = view(r.getReason());
}
void read(schema::ObjectionFiled::Reader r, ObjectionFiled& e) { e.filed_on = date(r.getFiledOn()); }
void read(schema::ObjectionDecided::Reader r, ObjectionDecided& e) {
  e.decided_on = date(r.getDecidedOn());
  e.upheld = r.getUpheld();
}
void read(schema::ExtensionRequested::Reader r, ExtensionRequested& e) {
  e.units = r.getUnits();
  e.requested_on = date(r.getRequestedOn());
  e.documentation_form_on = date(r.getDocumentationFormOn());
  e.reason.bytes = view(r.getReason());
}
void read(schema::ExtensionGranted::Reader r, ExtensionGranted& e) {
  e.approval.value = {r.getApprovalHigh(), r.getApprovalLow()};
  e.reference.bytes = view(r.getReference());
  e.decided_on = date(r.getDecidedOn());
  e.units = r.getUnits();
  e.from = date(r.getFrom());
  e.until = date(r.getUntil());
}
void read(schema::ExtensionDenied::Reader r, ExtensionDenied& e) {
  e.reference.bytes = view(r.getReference());
  e.decided_on = date(r.getDecidedOn());
  e.posted_on = date(r.getPostedOn());
  e.instruction_given = r.getInstructionGiven();
  e.reason.bytes = view(r.getReason());
}
void read(schema::VisitScheduled::Reader r, VisitScheduled& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.starts_at = instant(r.getStartsAt());
  e.minutes = Minutes(r.getMinutes());
  e.staff = view(r.getStaff());
  e.place = from_schema<Place>(r.getPlace());
  e.category = from_schema<std::optional<Category>>(r.getCategory());
  e.group_size = optional_number<std::int32_t>(r.getGroupSize());
}
void read(schema::VisitRescheduled::Reader r, VisitRescheduled& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.starts_at = instant(r.getStartsAt());
  e.minutes = optional_number<Minutes>(r.getMinutes());
  e.staff = view(r.getStaff());
}
void read(schema::VisitCancelled::Reader r, VisitCancelled& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.reason.bytes = view(r.getReason());
}
void read(schema::VisitMissed::Reader r, VisitMissed& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.reason.bytes = view(r.getReason());
}
void read(schema::VisitDelivered::Reader r, VisitDelivered& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.starts_at = optional_instant(r.getStartsAt());
  e.started_at = optional_instant(r.getStartedAt());
  e.minutes = Minutes(r.getMinutes());
  e.place = from_schema<std::optional<Place>>(r.getPlace());
  e.category = from_schema<std::optional<Category>>(r.getCategory());
  e.staff = view(r.getStaff());
  e.group_size = optional_number<std::int32_t>(r.getGroupSize());
  e.note.bytes = view(r.getNote());
}
void read(schema::VisitCorrected::Reader r, VisitCorrected& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.started_at = optional_instant(r.getStartedAt());
  e.minutes = optional_number<Minutes>(r.getMinutes());
  e.place = from_schema<std::optional<Place>>(r.getPlace());
  e.category = from_schema<std::optional<Category>>(r.getCategory());
  e.staff = view(r.getStaff());
  e.group_size = optional_number<std::int32_t>(r.getGroupSize());
  e.note.bytes = view(r.getNote());
  e.reason.bytes = view(r.getReason());
}
void read(schema::VisitVoided::Reader r, VisitVoided& e) {
  e.visit.value = {r.getVisitHigh(), r.getVisitLow()};
  e.reason.bytes = view(r.getReason());
}
void read(schema::CarePlanAgreed::Reader r, CarePlanAgreed& e) {
  e.agreed_on = date(r.getAgreedOn());
  e.goals.bytes = view(r.getGoals());
}
void read(schema::CareCompleted::Reader r, CareCompleted& e) {
  e.completed_on = date(r.getCompletedOn());
  e.goal_reached = r.getGoalReached();
}
void read(schema::CareDiscontinued::Reader r, CareDiscontinued& e) {
  e.discontinued_on = date(r.getDiscontinuedOn());
  e.cause = from_schema<Cause>(r.getCause());
}
void read(schema::CaseReopened::Reader r, CaseReopened& e) { e.reason.bytes = view(r.getReason()); }
void read(schema::FinalReportSent::Reader r, FinalReportSent& e) {
  e.sent_on = date(r.getSentOn());
  e.to.bytes = view(r.getTo());
}
void read(schema::AlertAcknowledged::Reader r, AlertAcknowledged& e) {
  e.alert.value = {r.getAlertHigh(), r.getAlertLow()};
  e.note.bytes = view(r.getNote());
  e.without_effect = optional_bool(r.getWithoutEffect());
}
void read(schema::AlertSnoozed::Reader r, AlertSnoozed& e) {
  e.alert.value = {r.getAlertHigh(), r.getAlertLow()};
  e.until = date(r.getUntil());
  e.reason.bytes = view(r.getReason());
  e.without_effect = optional_bool(r.getWithoutEffect());
}
void read(schema::StartDeadlineMissed::Reader r, StartDeadlineMissed& e) {
  e.generation = Version{r.getGeneration()};
  e.due_on = date(r.getDueOn());
  e.acts_on = date(r.getActsOn());
}
void read(schema::DeadlineMissed::Reader r, DeadlineMissed& e) {
  e.rule = rule(r.getRule());
  e.generation = Version{r.getGeneration()};
  e.due_on = date(r.getDueOn());
  e.acts_on = date(r.getActsOn());
}
void read(schema::ApprovalPeriodLapsed::Reader r, ApprovalPeriodLapsed& e) {
  e.approval.value = {r.getApprovalHigh(), r.getApprovalLow()};
  e.until = date(r.getUntil());
}
void read(schema::AlertSent::Reader r, AlertSent& e) {
  e.alert.value = {r.getAlertHigh(), r.getAlertLow()};
  e.channel = view(r.getChannel());
  e.level = r.getLevel();
  e.number = r.getNumber();
  e.at = instant(r.getAt());
  e.outcome = view(r.getOutcome());
}
void read(schema::AlertEscalated::Reader r, AlertEscalated& e) {
  e.alert.value = {r.getAlertHigh(), r.getAlertLow()};
  e.level = r.getLevel();
}
void read(schema::PersonalDataErased::Reader r, PersonalDataErased& e) {
  e.grounds = from_schema<ErasureGrounds>(r.getGrounds());
  e.kept_until = optional_date(r.getKeptUntil());
}
void read(schema::ProcessingRestricted::Reader r, ProcessingRestricted& e) {
  e.reason.bytes = view(r.getReason());
}
void read(schema::RestrictionLifted::Reader r, RestrictionLifted& e) { e.reason.bytes = view(r.getReason()); }
void read(schema::SettingsAdopted::Reader r, SettingsAdopted& e) {
  e.scope = from_schema<SettingsScope>(r.getScope());
  e.from = date(r.getFrom());
  e.hash = hash_of_bytes(view(r.getHash()));
  e.content = view(r.getContent());
}
void read(schema::ChecklistTicked::Reader r, ChecklistTicked& e) {
  e.step = view(r.getStep());
  e.item = view(r.getItem());
  e.ticked = r.getTicked();
}

}  // namespace

void write_payload(const Payload& payload, schema::Event::Payload::Builder out) {
  std::visit(
      Overloaded{[&](const ReferralReceived& e) { write(e, out.initReferralReceived()); },
                 [&](const ReferralAmended& e) { write(e, out.initReferralAmended()); },
                 [&](const FollowUpReferralReceived& e) { write(e, out.initFollowUpReferralReceived()); },
                 [&](const ReferralWithdrawn& e) { write(e, out.initReferralWithdrawn()); },
                 [&](const DischargeRecorded& e) { write(e, out.initDischargeRecorded()); },
                 [&](const CareTeamAssigned& e) { write(e, out.initCareTeamAssigned()); },
                 [&](const CoverageRecorded& e) { write(e, out.initCoverageRecorded()); },
                 [&](const ExemptionRecorded& e) { write(e, out.initExemptionRecorded()); },
                 [&](const ApplicationSubmitted& e) { write(e, out.initApplicationSubmitted()); },
                 [&](const ExpertOpinionNoted& e) { write(e, out.initExpertOpinionNoted()); },
                 [&](const ApprovalGranted& e) { write(e, out.initApprovalGranted()); },
                 [&](const ApprovalCorrected& e) { write(e, out.initApprovalCorrected()); },
                 [&](const ApprovalRevoked& e) { write(e, out.initApprovalRevoked()); },
                 [&](const ApprovalDenied& e) { write(e, out.initApprovalDenied()); },
                 [&](const ObjectionFiled& e) { write(e, out.initObjectionFiled()); },
                 [&](const ObjectionDecided& e) { write(e, out.initObjectionDecided()); },
                 [&](const ExtensionRequested& e) { write(e, out.initExtensionRequested()); },
                 [&](const ExtensionGranted& e) { write(e, out.initExtensionGranted()); },
                 [&](const ExtensionDenied& e) { write(e, out.initExtensionDenied()); },
                 [&](const VisitScheduled& e) { write(e, out.initVisitScheduled()); },
                 [&](const VisitRescheduled& e) { write(e, out.initVisitRescheduled()); },
                 [&](const VisitCancelled& e) { write(e, out.initVisitCancelled()); },
                 [&](const VisitMissed& e) { write(e, out.initVisitMissed()); },
                 [&](const VisitDelivered& e) { write(e, out.initVisitDelivered()); },
                 [&](const VisitCorrected& e) { write(e, out.initVisitCorrected()); },
                 [&](const VisitVoided& e) { write(e, out.initVisitVoided()); },
                 [&](const CarePlanAgreed& e) { write(e, out.initCarePlanAgreed()); },
                 [&](const CareCompleted& e) { write(e, out.initCareCompleted()); },
                 [&](const CareDiscontinued& e) { write(e, out.initCareDiscontinued()); },
                 [&](const CaseReopened& e) { write(e, out.initCaseReopened()); },
                 [&](const FinalReportSent& e) { write(e, out.initFinalReportSent()); },
                 [&](const AlertAcknowledged& e) { write(e, out.initAlertAcknowledged()); },
                 [&](const AlertSnoozed& e) { write(e, out.initAlertSnoozed()); },
                 [&](const StartDeadlineMissed& e) { write(e, out.initStartDeadlineMissed()); },
                 [&](const DeadlineMissed& e) { write(e, out.initDeadlineMissed()); },
                 [&](const ApprovalPeriodLapsed& e) { write(e, out.initApprovalPeriodLapsed()); },
                 [&](const AlertSent& e) { write(e, out.initAlertSent()); },
                 [&](const AlertEscalated& e) { write(e, out.initAlertEscalated()); },
                 [&](const SettingsAdopted& e) { write(e, out.initSettingsAdopted()); },
                 [&](const ChecklistTicked& e) { write(e, out.initChecklistTicked()); },
                 [&](const PersonalDataErased& e) { write(e, out.initPersonalDataErased()); },
                 [&](const ProcessingRestricted& e) { write(e, out.initProcessingRestricted()); },
                 [&](const RestrictionLifted& e) { write(e, out.initRestrictionLifted()); }},
      payload);
}

void read_payload(schema::Event::Payload::Reader in, Payload& out) {
  switch (in.which()) {
    case schema::Event::Payload::REFERRAL_RECEIVED:
      return read(in.getReferralReceived(), out.emplace<ReferralReceived>());
    case schema::Event::Payload::REFERRAL_AMENDED:
      return read(in.getReferralAmended(), out.emplace<ReferralAmended>());
    case schema::Event::Payload::FOLLOW_UP_REFERRAL_RECEIVED:
      return read(in.getFollowUpReferralReceived(), out.emplace<FollowUpReferralReceived>());
    case schema::Event::Payload::REFERRAL_WITHDRAWN:
      return read(in.getReferralWithdrawn(), out.emplace<ReferralWithdrawn>());
    case schema::Event::Payload::DISCHARGE_RECORDED:
      return read(in.getDischargeRecorded(), out.emplace<DischargeRecorded>());
    case schema::Event::Payload::CARE_TEAM_ASSIGNED:
      return read(in.getCareTeamAssigned(), out.emplace<CareTeamAssigned>());
    case schema::Event::Payload::COVERAGE_RECORDED:
      return read(in.getCoverageRecorded(), out.emplace<CoverageRecorded>());
    case schema::Event::Payload::EXEMPTION_RECORDED:
      return read(in.getExemptionRecorded(), out.emplace<ExemptionRecorded>());
    case schema::Event::Payload::APPLICATION_SUBMITTED:
      return read(in.getApplicationSubmitted(), out.emplace<ApplicationSubmitted>());
    case schema::Event::Payload::EXPERT_OPINION_NOTED:
      return read(in.getExpertOpinionNoted(), out.emplace<ExpertOpinionNoted>());
    case schema::Event::Payload::APPROVAL_GRANTED:
      return read(in.getApprovalGranted(), out.emplace<ApprovalGranted>());
    case schema::Event::Payload::APPROVAL_CORRECTED:
      return read(in.getApprovalCorrected(), out.emplace<ApprovalCorrected>());
    case schema::Event::Payload::APPROVAL_REVOKED:
      return read(in.getApprovalRevoked(), out.emplace<ApprovalRevoked>());
    case schema::Event::Payload::APPROVAL_DENIED:
      return read(in.getApprovalDenied(), out.emplace<ApprovalDenied>());
    case schema::Event::Payload::OBJECTION_FILED:
      return read(in.getObjectionFiled(), out.emplace<ObjectionFiled>());
    case schema::Event::Payload::OBJECTION_DECIDED:
      return read(in.getObjectionDecided(), out.emplace<ObjectionDecided>());
    case schema::Event::Payload::EXTENSION_REQUESTED:
      return read(in.getExtensionRequested(), out.emplace<ExtensionRequested>());
    case schema::Event::Payload::EXTENSION_GRANTED:
      return read(in.getExtensionGranted(), out.emplace<ExtensionGranted>());
    case schema::Event::Payload::EXTENSION_DENIED:
      return read(in.getExtensionDenied(), out.emplace<ExtensionDenied>());
    case schema::Event::Payload::VISIT_SCHEDULED:
      return read(in.getVisitScheduled(), out.emplace<VisitScheduled>());
    case schema::Event::Payload::VISIT_RESCHEDULED:
      return read(in.getVisitRescheduled(), out.emplace<VisitRescheduled>());
    case schema::Event::Payload::VISIT_CANCELLED:
      return read(in.getVisitCancelled(), out.emplace<VisitCancelled>());
    case schema::Event::Payload::VISIT_MISSED: return read(in.getVisitMissed(), out.emplace<VisitMissed>());
    case schema::Event::Payload::VISIT_DELIVERED:
      return read(in.getVisitDelivered(), out.emplace<VisitDelivered>());
    case schema::Event::Payload::VISIT_CORRECTED:
      return read(in.getVisitCorrected(), out.emplace<VisitCorrected>());
    case schema::Event::Payload::VISIT_VOIDED: return read(in.getVisitVoided(), out.emplace<VisitVoided>());
    case schema::Event::Payload::CARE_PLAN_AGREED:
      return read(in.getCarePlanAgreed(), out.emplace<CarePlanAgreed>());
    case schema::Event::Payload::CARE_COMPLETED:
      return read(in.getCareCompleted(), out.emplace<CareCompleted>());
    case schema::Event::Payload::CARE_DISCONTINUED:
      return read(in.getCareDiscontinued(), out.emplace<CareDiscontinued>());
    case schema::Event::Payload::CASE_REOPENED:
      return read(in.getCaseReopened(), out.emplace<CaseReopened>());
    case schema::Event::Payload::FINAL_REPORT_SENT:
      return read(in.getFinalReportSent(), out.emplace<FinalReportSent>());
    case schema::Event::Payload::ALERT_ACKNOWLEDGED:
      return read(in.getAlertAcknowledged(), out.emplace<AlertAcknowledged>());
    case schema::Event::Payload::ALERT_SNOOZED:
      return read(in.getAlertSnoozed(), out.emplace<AlertSnoozed>());
    case schema::Event::Payload::START_DEADLINE_MISSED:
      return read(in.getStartDeadlineMissed(), out.emplace<StartDeadlineMissed>());
    case schema::Event::Payload::DEADLINE_MISSED:
      return read(in.getDeadlineMissed(), out.emplace<DeadlineMissed>());
    case schema::Event::Payload::APPROVAL_PERIOD_LAPSED:
      return read(in.getApprovalPeriodLapsed(), out.emplace<ApprovalPeriodLapsed>());
    case schema::Event::Payload::ALERT_SENT: return read(in.getAlertSent(), out.emplace<AlertSent>());
    case schema::Event::Payload::ALERT_ESCALATED:
      return read(in.getAlertEscalated(), out.emplace<AlertEscalated>());
    case schema::Event::Payload::SETTINGS_ADOPTED:
      return read(in.getSettingsAdopted(), out.emplace<SettingsAdopted>());
    case schema::Event::Payload::CHECKLIST_TICKED:
      return read(in.getChecklistTicked(), out.emplace<ChecklistTicked>());
    case schema::Event::Payload::PERSONAL_DATA_ERASED:
      return read(in.getPersonalDataErased(), out.emplace<PersonalDataErased>());
    case schema::Event::Payload::PROCESSING_RESTRICTED:
      return read(in.getProcessingRestricted(), out.emplace<ProcessingRestricted>());
    case schema::Event::Payload::RESTRICTION_LIFTED:
      return read(in.getRestrictionLifted(), out.emplace<RestrictionLifted>());
  }
  throw BadRecord("an event that this version does not know");
}

}  // namespace geleit::codec
