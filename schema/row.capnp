# Rows of the tables and the stored case: what projectors write. A changed meaning gets a new table version
# (projections/tables.h), so old rows need not be read by new code; fields are still only added.
#
# A row is the one segment of a message, without segment table. Ids that stand in a row's key are not repeated
# in it. Words are the numbers of events/event_words.h (255: none), rules those of events/rule.h (65535:
# none), dates days and instants milliseconds since 1970-01-01.
@0xb7d7a4f1e2c05a11;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("geleit::schema");

using RowDate = Int32;

struct Copy {
  # Sealed bytes and the key that opens them.
  keyHigh @0 :UInt64;
  keyLow @1 :UInt64;
  bytes @2 :Data;
}

struct PersonRow {
  personHigh @0 :UInt64;
  personLow @1 :UInt64;
}

struct CaseRow {
  provider @0 :Text;
  version @1 :UInt32;
  benefit @2 :UInt8;
  land @3 :UInt8;
  state @4 :UInt8;
  lead @5 :Text;
  referredOn @6 :RowDate;
  dischargedOn @7 :RowDate = -2147483648;
  firstUnitOn @8 :RowDate = -2147483648;
  lastUnitOn @9 :RowDate = -2147483648;
  closedOn @10 :RowDate = -2147483648;
  personHigh @11 :UInt64;
  personLow @12 :UInt64;
  person @13 :Copy;
  # None while the data is restricted, or erased.
  personalData @14 :UInt8;
}

struct DeadlineRow {
  ruleSet0 @0 :UInt64;
  ruleSet1 @1 :UInt64;
  ruleSet2 @2 :UInt64;
  ruleSet3 @3 :UInt64;
  # What names the set it was computed by: the SHA-256 of the shipped one. Where adopted settings changed
  # that, the last two words are the first words of the installation's and of the provider's hash instead, 0
  # where that one changed nothing.
  anchorEvent @4 :UInt8;
  # Place in event_names.
  anchorOn @5 :RowDate;
  dueOn @6 :RowDate;
  actsOn @7 :RowDate;
  hintOn @8 :RowDate = -2147483648;
  land @9 :UInt8 = 255;
  metOn @10 :RowDate = -2147483648;
  moot @11 :Bool;
  expert @12 :Bool;
  sgb9 @13 :Bool;
  instructionGiven @14 :Bool = true;
  generation @15 :UInt32;
  warnings @16 :Text;
  # Of one that may still be met: working days before acts_on, and the day (since 1970) from which on it is
  # warned of: "14:20520 7:20529 2:20536".
}

struct OverdueStartRow {
  dischargedOn @0 :RowDate;
  dueOn @1 :RowDate;
  lead @2 :Text;
  alertHigh @3 :UInt64;
  alertLow @4 :UInt64;
  raisedAt @5 :Int64;
  level @6 :UInt8;
  acknowledged @7 :Bool;
  snoozedUntil @8 :RowDate = -2147483648;
}

struct AlertRow {
  rule @0 :UInt16;
  benefit @1 :UInt8;
  level @2 :UInt8;
  closed @3 :UInt8;
  # Why; 0: it is open.
  answer @4 :UInt8;
  # As in StoredCase.Missed.
  dueOn @5 :RowDate;
  actsOn @6 :RowDate;
  raisedAt @7 :Int64;
  snoozedUntil @8 :RowDate;
  answeredAt @9 :Int64;
  answeredBy @10 :Text;
  note @11 :Copy;
  sent @12 :List(StoredCase.Notice);
  lead @13 :Text;
  team @14 :Text;
}

struct TimerRow {
  due @0 :Int64;
  until @1 :RowDate;
  # Of an approval.
  level @2 :UInt8;
  # That an alert goes up to.
}

struct UnitBalanceRow {
  benefit @0 :UInt8;
  prescribed @1 :Int32;
  applied @2 :Int32;
  approved @3 :Int32;
  extended @4 :Int32;
  scheduled @5 :Int32;
  delivered @6 :Int32;
  atHome @7 :Int32;
  preparatory @8 :Int32;
  group @9 :Int32;
  voided @10 :Int32;
  billable @11 :Int32;
  atRisk @12 :Int32;
  remaining @13 :Int32;
}

struct TaskRow {
  dueOn @0 :RowDate = -2147483648;
  since @1 :RowDate;
  until @2 :RowDate = -2147483648;
  # Last day on which it stands.
  why @3 :UInt16 = 65535;
  role @4 :UInt8 = 255;
  workflow @5 :RowDate;
  # The first day of the file that the step is told by; 0 where the case is finished.
  entry @6 :UInt8;
  # Which of its entries, from 0.
  titleDe @7 :Text;
  titleEn @8 :Text;
  # As the provider or the installation has set them; null: as the file says.
}

struct VisitRow {
  startsAt @0 :Int64;
  minutes @1 :Int32;
  billable @2 :Int32;
  atRisk @3 :Int32;
  corrected @4 :UInt16;
  state @5 :UInt8;
  place @6 :UInt8;
  category @7 :UInt8 = 255;
  staff @8 :Text;
}

# ---------------------------------------------------------------- the case

struct StoredCase {
  idHigh @0 :UInt64;
  idLow @1 :UInt64;
  hash0 @2 :UInt64;
  hash1 @3 :UInt64;
  hash2 @4 :UInt64;
  hash3 @5 :UInt64;
  version @6 :UInt32;
  provider @7 :Text;
  judged @8 :List(Judged);
  benefit @9 :UInt8;
  land @10 :UInt8;
  landJudged @11 :UInt8;
  landsBefore @12 :List(LandBefore);
  personHigh @13 :UInt64;
  personLow @14 :UInt64;
  person @15 :Copy;
  diagnoses @16 :Copy;
  prescriber @17 :UInt8;
  prescribedOn @18 :RowDate;
  receivedOn @19 :RowDate;
  units @20 :Int32;
  setting @21 :UInt8 = 255;
  dischargedOn @22 :RowDate = -2147483648;
  expectedDischargeOn @23 :RowDate = -2147483648;
  dischargeVersion @24 :UInt32;
  dischargeEvent @25 :UInt8;
  dischargeJudged @26 :UInt8;
  noSelfCare @27 :UInt8 = 255;
  # Answers: 0 no, 1 yes.
  stays @28 :Int32 = -2147483648;
  finalStage @29 :UInt8 = 255;
  impairment @30 :UInt8 = 255;
  sapv @31 :UInt8 = 255;
  trial @32 :UInt8 = 255;
  gaf @33 :Int32 = -2147483648;
  coverage @34 :UInt8 = 255;
  coverageSince @35 :RowDate = -2147483648;
  lead @36 :Text;
  carePlanOn @37 :RowDate = -2147483648;
  finalReportOn @38 :RowDate = -2147483648;
  followUps @39 :List(FollowUp);
  applications @40 :List(Application);
  approvals @41 :List(Approval);
  denials @42 :List(Denial);
  deniedOn @43 :RowDate = -2147483648;
  staff @44 :List(Text);
  visits @45 :List(Visit);
  endKind @46 :UInt8 = 255;
  endOn @47 :RowDate;
  endCause @48 :UInt8 = 255;
  endGoalReached @49 :UInt8 = 255;
  endVersion @50 :UInt32;
  findings @51 :List(Finding);
  missed @52 :List(Missed);
  latestJudged @53 :UInt8;
  clientVersion @54 :UInt32;
  firstUnitChanged @55 :UInt32;
  firstDeliveryChanged @56 :UInt32;
  firstUnitLost @57 :UInt32;
  reopened @58 :UInt32;
  exemptions @59 :List(Exemption);
  ticks @60 :List(Tick);
  personalData @61 :UInt8;
  wholeFrom @62 :RowDate = -2147483648;

  struct Judged {
    shipped0 @0 :UInt64;
    shipped1 @1 :UInt64;
    shipped2 @2 :UInt64;
    shipped3 @3 :UInt64;
    installation @4 :Data;
    provider @5 :Data;
    # 32 octets, or none.
  }
  struct LandBefore {
    land @0 :UInt8;
    replaced @1 :UInt32;
  }
  struct FollowUp {
    prescribedOn @0 :RowDate;
    units @1 :Int32;
    prescriber @2 :UInt8;
    trial @3 :Bool;
    version @4 :UInt32;
  }
  struct Application {
    extension @0 :Bool;
    units @1 :Int32;
    submittedOn @2 :RowDate;
    receivedOn @3 :RowDate;
    regime @4 :UInt8;
    toldOn @5 :RowDate = -2147483648;
    opinionOn @6 :RowDate = -2147483648;
    toldVersion @7 :UInt32;
    opinionVersion @8 :UInt32;
    decision @9 :UInt8;
    decidedOn @10 :RowDate = -2147483648;
    version @11 :UInt32;
    judged @12 :UInt8;
  }
  struct Approval {
    idHigh @0 :UInt64;
    idLow @1 :UInt64;
    extension @2 :Bool;
    revoked @3 :Bool;
    units @4 :Int32;
    from @5 :RowDate;
    until @6 :RowDate;
    decidedOn @7 :RowDate;
    reference @8 :Copy;
    decides @9 :UInt16 = 65535;
    version @10 :UInt32;
    lapsed @11 :RowDate = -2147483648;
  }
  struct Denial {
    extension @0 :Bool;
    instructionGiven @1 :Bool;
    decidedOn @2 :RowDate;
    postedOn @3 :RowDate;
    objectionFiledOn @4 :RowDate = -2147483648;
    objectionDecidedOn @5 :RowDate = -2147483648;
    upheld @6 :Bool;
    version @7 :UInt32;
    judged @8 :UInt8;
  }
  struct Visit {
    idHigh @0 :UInt64;
    idLow @1 :UInt64;
    startsAt @2 :Int64;
    on @3 :RowDate;
    minutes @4 :Int32;
    staff @5 :UInt16;
    corrected @6 :UInt16;
    groupSize @7 :UInt16;
    state @8 :UInt8;
    place @9 :UInt8;
    category @10 :UInt8 = 255;
    judged @11 :UInt8;
    dated @12 :UInt32;
  }
  struct Exemption {
    from @0 :RowDate;
    until @1 :RowDate;
  }
  struct Tick {
    step @0 :Text;
    item @1 :Text;
    by @2 :Text;
    on @3 :RowDate;
  }
  struct Finding {
    version @0 :UInt32;
    rule @1 :UInt16;
    deviation @2 :Bool;
  }
  struct Missed {
    alertHigh @0 :UInt64;
    alertLow @1 :UInt64;
    rule @2 :UInt16;
    generation @3 :UInt32;
    dueOn @4 :RowDate;
    actsOn @5 :RowDate;
    level @6 :UInt8;
    levelSince @7 :Int64;
    answer @8 :UInt8;
    # 0 none, 1 acknowledged, 2 snoozed: the last one given.
    answeredAt @9 :Int64;
    answeredBy @10 :Text;
    answerText @11 :Copy;
    snoozedUntil @12 :RowDate;
    notices @13 :List(Notice);
  }
  struct Notice {
    channel @0 :Text;
    level @1 :UInt8;
    number @2 :Int32;
    at @3 :Int64;
    outcome @4 :Text;
  }
}
