# Events as they lie in the log, for ever. Fields and union members are only added, at the end, with the next
# number.
#
# A record is one single-segment Cap'n Proto message (with its segment table of one word) whose root is Event,
# followed by the SHA-256 of all those bytes. Numbers that may be absent have a default that says so
# (noDate …); enums have `unset`. UUIDs are two big-endian halves. Texts are UTF-8.
@0xe7c1c6b04b0a7f31;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("geleit::schema");

annotation sealed(field) :Void;
# Personal data, encrypted with the key named by Event.key (XChaCha20-Poly1305, 24 octets of nonce first).

using Date = Int32;
# Days since 1970-01-01.
const noDate :Int32 = -2147483648;
const noNumber :Int32 = -2147483648;
const noInstant :Int64 = -9223372036854775808;
# Instants are milliseconds since 1970-01-01T00:00:00Z.

enum Answer {
  unset @0;
  no @1;
  yes @2;
}

enum Benefit {
  unset @0;
  smn @1;
  st @2;
}

enum PrescriberKind {
  unset @0;
  hospital @1;
  rehab @2;
  paediatrician @3;
  generalPractitioner @4;
  neurology @5;
  psychiatry @6;
  childPsychiatry @7;
  psychosomatics @8;
  psychotherapyTitle @9;
  psychologicalPsychotherapist @10;
  childPsychotherapist @11;
  psychiatricOutpatientClinic @12;
  other @13;
}

enum Setting {
  unset @0;
  inpatient @1;
  dayPatient @2;
  prePostInpatient @3;
  ambulatorySurgery @4;
  inpatientRehab @5;
  ambulatory @6;
}

enum Coverage {
  unset @0;
  insured @1;
  unresolved @2;
  uninsured @3;
}

enum Regime {
  unset @0;
  sgb5133a @1;
  sgb91418 @2;
}

enum Place {
  unset @0;
  home @1;
  facility @2;
  hospital @3;
  phone @4;
  video @5;
  other @6;
}

enum Category {
  unset @0;
  preparation @1;
  coordination @2;
  guidance @3;
}

enum Cause {
  unset @0;
  moved @1;
  refused @2;
  readmitted @3;
  died @4;
  other @5;
}

enum ErasureGrounds {
  unset @0;
  retentionOver @1;
  request @2;
  other @3;
}

enum Land {
  unset @0;
  bw @1;
  by @2;
  be @3;
  bb @4;
  hb @5;
  hh @6;
  he @7;
  mv @8;
  ni @9;
  nw @10;
  rp @11;
  sl @12;
  sn @13;
  st @14;
  sh @15;
  th @16;
}

enum SettingsScope {
  unset @0;
  shipped @1;
  installation @2;
  provider @3;
}

struct Prescriber {
  kind @0 :PrescriberKind;
  name @1 :Data $sealed;
  lanr @2 :Text;
  bsnr @3 :Text;
}

struct Severe {
  noSelfCare @0 :Bool;
  inpatientStays12Months @1 :Int32;
}

struct ReferralReceived {
  benefit @0 :Benefit;
  land @1 :Land;
  personIdHigh @2 :UInt64;
  personIdLow @3 :UInt64;
  person @4 :Data $sealed;
  prescriber @5 :Prescriber;
  prescribedOn @6 :Date;
  receivedOn @7 :Date = .noDate;
  units @8 :Int32;
  diagnoses @9 :Data $sealed;
  setting @10 :Setting;
  dischargedOn @11 :Date = .noDate;
  expectedDischargeOn @12 :Date = .noDate;
  severe @13 :Severe;
  finalStage @14 :Answer;
  impairment @15 :Answer;
  sapv @16 :Answer;
  gaf @17 :Int32 = .noNumber;
  trial @18 :Answer;
  coverage @19 :Coverage;
}

struct ReferralAmended {
  land @0 :Land;
  person @1 :Data $sealed;
  prescriber @2 :Prescriber;
  prescribedOn @3 :Date = .noDate;
  receivedOn @4 :Date = .noDate;
  units @5 :Int32 = .noNumber;
  diagnoses @6 :Data $sealed;
  setting @7 :Setting;
  dischargedOn @8 :Date = .noDate;
  expectedDischargeOn @9 :Date = .noDate;
  severe @10 :Severe;
  finalStage @11 :Answer;
  impairment @12 :Answer;
  sapv @13 :Answer;
  gaf @14 :Int32 = .noNumber;
  trial @15 :Answer;
  coverage @16 :Coverage;
}

struct FollowUpReferralReceived {
  prescribedOn @0 :Date;
  units @1 :Int32;
  prescriber @2 :Prescriber;
  trial @3 :Answer;
  diagnoses @4 :Data $sealed;
}

struct ReferralWithdrawn {
  reason @0 :Data $sealed;
}

struct DischargeRecorded {
  dischargedOn @0 :Date;
}

struct CareTeamAssigned {
  lead @0 :Text;
  members @1 :List(Text);
}

struct CoverageRecorded {
  coverage @0 :Coverage;
  since @1 :Date;
}

struct ExemptionRecorded {
  from @0 :Date;
  until @1 :Date;
}

struct ApplicationSubmitted {
  units @0 :Int32;
  submittedOn @1 :Date;
  receivedOn @2 :Date = .noDate;
  regime @3 :Regime;
  carePlanAttached @4 :Answer;
}

struct ExpertOpinionNoted {
  toldOn @0 :Date;
  opinionOn @1 :Date = .noDate;
}

struct ApprovalGranted {
  approvalHigh @0 :UInt64;
  approvalLow @1 :UInt64;
  reference @2 :Data $sealed;
  decidedOn @3 :Date;
  units @4 :Int32;
  from @5 :Date;
  until @6 :Date;
}

struct ApprovalCorrected {
  approvalHigh @0 :UInt64;
  approvalLow @1 :UInt64;
  reference @2 :Data $sealed;
  decidedOn @3 :Date = .noDate;
  units @4 :Int32 = .noNumber;
  from @5 :Date = .noDate;
  until @6 :Date = .noDate;
  reason @7 :Data $sealed;
}

struct ApprovalRevoked {
  approvalHigh @0 :UInt64;
  approvalLow @1 :UInt64;
  reason @2 :Data $sealed;
}

struct ApprovalDenied {
  reference @0 :Data $sealed;
  decidedOn @1 :Date;
  postedOn @2 :Date;
  instructionGiven @3 :Bool;
  reason @4 :Data $sealed;
}

struct ObjectionFiled {
  filedOn @0 :Date;
}

struct ObjectionDecided {
  decidedOn @0 :Date;
  upheld @1 :Bool;
}

struct ExtensionRequested {
  units @0 :Int32;
  requestedOn @1 :Date;
  documentationFormOn @2 :Date;
  reason @3 :Data $sealed;
}

struct ExtensionGranted {
  approvalHigh @0 :UInt64;
  approvalLow @1 :UInt64;
  reference @2 :Data $sealed;
  decidedOn @3 :Date;
  units @4 :Int32;
  from @5 :Date;
  until @6 :Date;
}

struct ExtensionDenied {
  reference @0 :Data $sealed;
  decidedOn @1 :Date;
  postedOn @2 :Date;
  instructionGiven @3 :Bool;
  reason @4 :Data $sealed;
}

struct VisitScheduled {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  startsAt @2 :Int64;
  minutes @3 :Int32;
  staff @4 :Text;
  place @5 :Place;
  category @6 :Category;
  groupSize @7 :Int32 = .noNumber;
}

struct VisitRescheduled {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  startsAt @2 :Int64;
  minutes @3 :Int32 = .noNumber;
  staff @4 :Text;
}

struct VisitCancelled {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  reason @2 :Data $sealed;
}

struct VisitMissed {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  reason @2 :Data $sealed;
}

struct VisitDelivered {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  startsAt @2 :Int64 = .noInstant;
  startedAt @3 :Int64 = .noInstant;
  minutes @4 :Int32;
  place @5 :Place;
  category @6 :Category;
  staff @7 :Text;
  groupSize @8 :Int32 = .noNumber;
  note @9 :Data $sealed;
}

struct VisitCorrected {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  startedAt @2 :Int64 = .noInstant;
  minutes @3 :Int32 = .noNumber;
  place @4 :Place;
  category @5 :Category;
  staff @6 :Text;
  groupSize @7 :Int32 = .noNumber;
  note @8 :Data $sealed;
  reason @9 :Data $sealed;
}

struct VisitVoided {
  visitHigh @0 :UInt64;
  visitLow @1 :UInt64;
  reason @2 :Data $sealed;
}

struct CarePlanAgreed {
  agreedOn @0 :Date;
  goals @1 :Data $sealed;
}

struct CareCompleted {
  completedOn @0 :Date;
  goalReached @1 :Bool;
}

struct CareDiscontinued {
  discontinuedOn @0 :Date;
  cause @1 :Cause;
}

struct CaseReopened {
  reason @0 :Data $sealed;
}

struct FinalReportSent {
  sentOn @0 :Date;
  to @1 :Data $sealed;
}

struct AlertAcknowledged {
  alertHigh @0 :UInt64;
  alertLow @1 :UInt64;
  note @2 :Data $sealed;
  withoutEffect @3 :Answer;
  # Yes: the alert was closed when this was decided; it changes nothing, should the alert be opened again.
}

struct AlertSnoozed {
  alertHigh @0 :UInt64;
  alertLow @1 :UInt64;
  until @2 :Date;
  reason @3 :Data $sealed;
  withoutEffect @4 :Answer;
}

struct StartDeadlineMissed {
  generation @0 :UInt32;
  dueOn @1 :Date;
  actsOn @2 :Date;
}

struct DeadlineMissed {
  rule @0 :UInt16;
  generation @1 :UInt32;
  dueOn @2 :Date;
  actsOn @3 :Date;
}

struct ApprovalPeriodLapsed {
  approvalHigh @0 :UInt64;
  approvalLow @1 :UInt64;
  until @2 :Date;
}

struct AlertSent {
  alertHigh @0 :UInt64;
  alertLow @1 :UInt64;
  channel @2 :Text;
  level @3 :Int32;
  number @4 :Int32;
  at @5 :Int64;
  outcome @6 :Text;
}

struct AlertEscalated {
  alertHigh @0 :UInt64;
  alertLow @1 :UInt64;
  level @2 :Int32;
}

struct SettingsAdopted {
  scope @0 :SettingsScope;
  from @1 :Date;
  hash @2 :Data;
  content @3 :Text;
}

struct ChecklistTicked {
  step @0 :Text;
  item @1 :Text;
  ticked @2 :Bool;
}

struct PersonalDataErased {
  grounds @0 :ErasureGrounds;
  keptUntil @1 :Date = .noDate;
}

struct ProcessingRestricted {
  reason @0 :Data $sealed;
}

struct RestrictionLifted {
  reason @0 :Data $sealed;
}

struct Deviation {
  rule @0 :UInt16;
  # The rule's number (events/rule.h).
  reason @1 :Data $sealed;
}

struct PersonData {
  # The clear text inside ReferralReceived.person.
  givenName @0 :Text;
  familyName @1 :Text;
  born @2 :Date;
  insuranceNumber @3 :Text;
  insurerIk @4 :Text;
  guardian @5 :Text;
  phone @6 :Text;
  email @7 :Text;
  postalCode @8 :Text;
}

struct TextList {
  # The clear text inside `diagnoses` (ICD codes) and `goals`.
  texts @0 :List(Text);
}

struct Event {
  idHigh @0 :UInt64;
  idLow @1 :UInt64;
  # The command's id, unique in its stream.
  streamHigh @2 :UInt64;
  streamLow @3 :UInt64;
  # The case; for settings the v5 id of the provider or of the installation.
  version @4 :UInt32;
  # 1, 2, 3 ... in its stream.
  happenedOn @5 :Date;
  happenedAt @6 :Int64 = .noInstant;
  # Absent when a whole civil day is meant.
  decidedAt @7 :Int64;
  previous0 @8 :UInt64;
  previous1 @9 :UInt64;
  previous2 @10 :UInt64;
  previous3 @11 :UInt64;
  # SHA-256 of the event before it in its stream, four big-endian words; zero before the first.
  shipped0 @12 :UInt64;
  shipped1 @13 :UInt64;
  shipped2 @14 :UInt64;
  shipped3 @15 :UInt64;
  # The shipped rule set it was judged by.
  keyHigh @16 :UInt64;
  keyLow @17 :UInt64;
  # The key that the sealed fields and the tag were made with; nil where there is no person.
  tagHigh @18 :UInt64;
  tagLow @19 :UInt64;
  # Keyed tag of the command's content: the first 16 octets of HMAC-SHA-256.
  traceHigh @20 :UInt64;
  traceLow @21 :UInt64;
  installation @22 :Data;
  providerSet @23 :Data;
  # Hashes of the adopted sets it was judged by; null where there is none.
  provider @24 :Text;
  by @25 :Text;
  # Slugs; `by` is empty for what the service does itself.
  findings @26 :List(UInt16);
  # Rules that flagged it.
  deviations @27 :List(Deviation);
  # Reasons given, whether asked for or not.
  payload :union {
    referralReceived @28 :ReferralReceived;
    referralAmended @29 :ReferralAmended;
    followUpReferralReceived @30 :FollowUpReferralReceived;
    referralWithdrawn @31 :ReferralWithdrawn;
    dischargeRecorded @32 :DischargeRecorded;
    careTeamAssigned @33 :CareTeamAssigned;
    coverageRecorded @34 :CoverageRecorded;
    exemptionRecorded @35 :ExemptionRecorded;
    applicationSubmitted @36 :ApplicationSubmitted;
    expertOpinionNoted @37 :ExpertOpinionNoted;
    approvalGranted @38 :ApprovalGranted;
    approvalCorrected @39 :ApprovalCorrected;
    approvalRevoked @40 :ApprovalRevoked;
    approvalDenied @41 :ApprovalDenied;
    objectionFiled @42 :ObjectionFiled;
    objectionDecided @43 :ObjectionDecided;
    extensionRequested @44 :ExtensionRequested;
    extensionGranted @45 :ExtensionGranted;
    extensionDenied @46 :ExtensionDenied;
    visitScheduled @47 :VisitScheduled;
    visitRescheduled @48 :VisitRescheduled;
    visitCancelled @49 :VisitCancelled;
    visitMissed @50 :VisitMissed;
    visitDelivered @51 :VisitDelivered;
    visitCorrected @52 :VisitCorrected;
    visitVoided @53 :VisitVoided;
    carePlanAgreed @54 :CarePlanAgreed;
    careCompleted @55 :CareCompleted;
    careDiscontinued @56 :CareDiscontinued;
    caseReopened @57 :CaseReopened;
    finalReportSent @58 :FinalReportSent;
    alertAcknowledged @59 :AlertAcknowledged;
    alertSnoozed @60 :AlertSnoozed;
    startDeadlineMissed @61 :StartDeadlineMissed;
    deadlineMissed @62 :DeadlineMissed;
    approvalPeriodLapsed @63 :ApprovalPeriodLapsed;
    alertSent @64 :AlertSent;
    alertEscalated @65 :AlertEscalated;
    settingsAdopted @66 :SettingsAdopted;
    checklistTicked @67 :ChecklistTicked;
    personalDataErased @68 :PersonalDataErased;
    processingRestricted @69 :ProcessingRestricted;
    restrictionLifted @70 :RestrictionLifted;
  }
}
