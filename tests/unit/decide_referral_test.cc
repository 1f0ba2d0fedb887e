#include "events/codec.h"
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

class DecideReferral : public IntakeTest {
 protected:
  /// Refused by a rule that rejects: alone.
  void rejected(Rule rule, const Members& data, const Members& top = {}) {
    const Rejection& no = refused("ReceiveReferral", data, top);
    EXPECT_EQ(no.kind, RejectionKind::rule_rejected);
    EXPECT_EQ(no.rule, rule) << no.detail.en;
    EXPECT_TRUE(no.reasons_required.empty());
  }
  /// Refused for want of these reasons; accepted with them, one at a time being too few.
  void wants(const std::vector<Rule>& rules, const Members& data) {
    const Rejection& no = refused("ReceiveReferral", data);
    EXPECT_EQ(no.kind, RejectionKind::reason_required);
    EXPECT_EQ(no.reasons_required, rules) << no.detail.en;
    std::string reasons;
    for (const Rule rule : rules) {
      reasons += (reasons.empty() ? "{" : ",") + text(word(rule)) + ":" + text("Einzelfall");
    }
    const Proposal& yes = does("ReceiveReferral", data, {{"reasons", reasons + "}"}});
    EXPECT_EQ(yes.deviations.size(), rules.size());
    state = {};
  }
  void passes(const Members& data, const std::vector<Rule>& findings = {}) {
    EXPECT_EQ(does("ReceiveReferral", data).findings, findings);
    state = {};
  }
};

TEST_F(DecideReferral, AReferralOpensACase) {
  const Proposal& p = does("ReceiveReferral", referral());
  const auto& e = std::get<ReferralReceived>(p.payload);
  EXPECT_EQ(e.units, 10);
  EXPECT_EQ(e.person_id.value, uuid_v5(parse_uuid(uuid_number(1)).value(), "person"));
  EXPECT_EQ(decode_person(e.person.bytes.substr(2)).family_name, "Muster");
  EXPECT_EQ(decode_texts(e.diagnoses.bytes.substr(2)), std::vector<std::string>{"P07.1"});
  EXPECT_TRUE(p.findings.empty());
  EXPECT_EQ(state_of(state), CaseState::referred);
}

TEST_F(DecideReferral, NothingOfAPersonStandsInClear) {
  const Proposal& p =
      does("ReceiveReferral",
           referral({{"prescriber", R"({"kind":"hospital","name":"Dr. Geheim","lanr":"123"})"}}),
           reason("SMN-AGE", "geheim"));
  const auto& e = std::get<ReferralReceived>(p.payload);
  EXPECT_EQ(e.prescriber.name.bytes, "2:Dr. Geheim");
  EXPECT_EQ(e.prescriber.lanr, "123");
  ASSERT_EQ(p.deviations.size(), 1u);
  EXPECT_EQ(p.deviations[0].reason.bytes, "8:geheim");
}

TEST_F(DecideReferral, ACaseInUseIsNotOpenedAgain) {
  is_referred();
  const Rejection& no = refused("ReceiveReferral", referral());
  EXPECT_EQ(no.kind, RejectionKind::already_exists);
  EXPECT_EQ(no.field, "case");
}

TEST_F(DecideReferral, AnUnknownCaseIsNotFound) {
  EXPECT_EQ(refused("AssignCareTeam", {{"lead", text("m.roth")}}).kind, RejectionKind::no_such_case);
}

TEST_F(DecideReferral, APersonIsKnownOrNot) {
  const Members known = referral({{"person", ""}, {"person_id", text(uuid_number(77))}});
  const Rejection& no = refused("ReceiveReferral", known);
  EXPECT_EQ(no.kind, RejectionKind::unknown_reference);
  EXPECT_EQ(no.field, "person_id");
  known_person = PersonData{"Mia", "Muster", civil(2020, 5, 10), {}, {}, {}, {}, {}, {}};
  const Proposal& p = does("ReceiveReferral", known);
  const auto& e = std::get<ReferralReceived>(p.payload);
  EXPECT_EQ(e.person_id.value, parse_uuid(uuid_number(77)));
  EXPECT_EQ(decode_person(e.person.bytes.substr(2)), *known_person);
}

// ---------------------------------------------------------------- SMN-AGE, SMN-SEVERE

TEST_F(DecideReferral, TheFourteenthYearIsCompletedTheDayBeforeTheBirthday) {
  const auto on = [](std::string_view day) { return Members{{"received_on", text(day)}}; };
  passes(born("2012-05-10", on("2026-05-09")));
  rejected(Rule::smn_age, born("2012-05-10", on("2026-05-10")));
  passes(born("2012-02-29", on("2026-02-28")));
  rejected(Rule::smn_age, born("2012-02-29", on("2026-03-01")));
}

TEST_F(DecideReferral, ASevereCaseMayBeUnderEighteen) {
  const auto severe = [](std::string_view json, std::string_view day) {
    return Members{{"severe", std::string(json)}, {"received_on", text(day)}};
  };
  passes(born("2008-05-10", severe(R"({"no_self_care":true})", "2026-05-09")));
  rejected(Rule::smn_age, born("2008-05-10", severe(R"({"no_self_care":true})", "2026-05-10")));
  passes(born("2010-05-10", severe(R"({"inpatient_stays_12_months":3})", "2026-05-09")));
  rejected(Rule::smn_severe, born("2010-05-10", severe(R"({"inpatient_stays_12_months":2})", "2026-05-09")));
  rejected(Rule::smn_severe, born("2010-05-10", severe(R"({"no_self_care":false})", "2026-05-09")));
  rejected(Rule::smn_age, born("2010-05-10", {{"received_on", text("2026-05-09")}}));
}

TEST_F(DecideReferral, WhatMakesACaseSevereIsNotAskedBelowFourteen) {
  passes(referral({{"severe", R"({"no_self_care":false})"}}));
}

TEST_F(DecideReferral, ReceivedOnIsTheDayOfHappenedWhenLeftOut) {
  const Members left_out = born("2012-05-10", {{"received_on", ""}});
  does("ReceiveReferral", left_out, {{"happened", text("2026-05-09T21:59:59Z")}});
  state = {};
  rejected(Rule::smn_age, left_out, {{"happened", text("2026-05-09T22:00:00Z")}});
}

// ---------------------------------------------------------------- the other rules of the referral

TEST_F(DecideReferral, AnUnlistedDiagnosisWantsAReason) {
  wants({Rule::smn_indication}, referral({{"diagnoses", R"([{"icd":"F90.0"}])"}}));
  passes(referral({{"diagnoses", R"([{"icd":"F90.0"},{"icd":"q21.3"}])"}}));
}

TEST_F(DecideReferral, FinalStageCountsAsIndicationMet) {
  passes(referral({{"diagnoses", R"([{"icd":"F90.0"}])"}, {"final_stage", "true"}}));
  passes(referral({{"impairment", "false"}, {"final_stage", "true"}}));
}

TEST_F(DecideReferral, ADeniedImpairmentWantsAReasonALeftOutOneDoesNot) {
  wants({Rule::smn_indication}, referral({{"impairment", "false"}}));
  wants({Rule::smn_indication}, referral({{"impairment", "false"}, {"final_stage", "false"}}));
  passes(referral({{"impairment", "true"}}));
}

TEST_F(DecideReferral, WhoMayPrescribe) {
  const auto by = [](std::string_view kind) {
    return referral({{"prescriber", R"({"kind":")" + std::string(kind) + "\"}"}});
  };
  for (const char* kind : {"hospital", "rehab", "paediatrician"}) passes(by(kind));
  for (const char* kind : {"general_practitioner", "neurology", "psychiatry", "child_psychiatry",
                           "psychosomatics", "psychotherapy_title"}) {
    passes(by(kind), {Rule::smn_prescriber_gp});
  }
  for (const char* kind :
       {"psychological_psychotherapist", "child_psychotherapist", "psychiatric_outpatient_clinic", "other"}) {
    rejected(Rule::smn_prescriber, by(kind));
    rejected(Rule::smn_prescriber, by(kind), reason("SMN-PRESCRIBER"));
  }
}

TEST_F(DecideReferral, AContractDoctorPrescribesWithinSixWeeksOfDischarge) {
  const auto on = [](std::string_view kind, std::string_view day) {
    return referral(
        {{"prescriber", R"({"kind":")" + std::string(kind) + "\"}"}, {"prescribed_on", text(day)}});
  };
  passes(on("paediatrician", "2026-04-03"));
  wants({Rule::smn_prescriber_window}, on("paediatrician", "2026-04-04"));
  passes(on("hospital", "2026-04-04"));
  passes(on("rehab", "2026-05-04"));
}

TEST_F(DecideReferral, AnAmbulatorySettingWantsAReason) {
  wants({Rule::smn_setting}, referral({{"setting", text("ambulatory")}}));
  passes(referral({{"setting", text("ambulatory_surgery")}}));
}

TEST_F(DecideReferral, SixToTwentyUnitsNeedNoReason) {
  wants({Rule::smn_min_units}, referral({{"units", "5"}}));
  passes(referral({{"units", "6"}}));
  passes(referral({{"units", "20"}}));
  wants({Rule::smn_max_units}, referral({{"units", "21"}}));
}

TEST_F(DecideReferral, PalliativeCareBesideItIsFlagged) {
  passes(referral({{"sapv", "true"}}), {Rule::smn_sapv});
  passes(referral({{"sapv", "false"}}));
}

TEST_F(DecideReferral, SeveralReasonsAreWantedTogether) {
  const Members odd =
      referral({{"units", "5"}, {"setting", text("ambulatory")}, {"diagnoses", R"([{"icd":"F90.0"}])"}});
  wants({Rule::smn_indication, Rule::smn_setting, Rule::smn_min_units}, odd);
  EXPECT_EQ(refused("ReceiveReferral", odd, reason("SMN-SETTING")).reasons_required,
            (std::vector{Rule::smn_indication, Rule::smn_min_units}));
  EXPECT_EQ(refused("ReceiveReferral", odd, reason("SMN-SETTING", " ")).reasons_required.size(), 3u);
}

TEST_F(DecideReferral, ARejectingRuleComesFirstAndAlone) {
  rejected(Rule::smn_prescriber, referral({{"units", "5"}, {"prescriber", R"({"kind":"other"})"}}));
  rejected(Rule::smn_age, born("2008-01-01", {{"units", "5"}, {"prescriber", R"({"kind":"other"})"}}));
}

TEST_F(DecideReferral, ReasonsNobodyAskedForAreStored) {
  EXPECT_EQ(does("ReceiveReferral", referral(), reason("SMN-HOME")).deviations.size(), 1u);
}

// ---------------------------------------------------------------- REC-BIRTH

TEST_F(DecideReferral, NoFactOfAReferralLiesBeforeTheBirth) {
  const Members at_birth{{"prescribed_on", text("2026-02-01")},
                         {"received_on", text("2026-02-01")},
                         {"discharged_on", text("2026-02-01")},
                         {"expected_discharge_on", text("2026-02-01")}};
  passes(born("2026-02-01", at_birth));
  for (const auto& [field, day] : at_birth) {
    rejected(Rule::rec_birth, born("2026-02-01", with(at_birth, {{field, text("2026-01-31")}})));
  }
  rejected(Rule::rec_birth, born("2026-02-01", at_birth), {{"happened", text("2026-01-31")}});
}

TEST_F(DecideReferral, NoLaterFactLiesBeforeTheBirth) {
  does("ReceiveReferral", born("2026-02-18"));
  const auto before = [&](std::string_view command, const Members& data) {
    EXPECT_EQ(refused(command, data).rule, Rule::rec_birth) << command;
  };
  before("RecordDischarge", {{"discharged_on", text("2026-02-17")}});
  before("RecordCoverage", {{"coverage", text("insured")}, {"since", text("2026-02-17")}});
  before("SubmitApplication", application({{"received_on", text("2026-02-17")}}));
  before("AgreeCarePlan", {{"agreed_on", text("2026-02-17")}, {"goals", "[]"}});
  before("DeliverVisit", visit(1, "2026-02-17"));
  before("ScheduleVisit", planned(1, "2026-02-17"));
  does("DeliverVisit", visit(1, "2026-02-18"));
  before("CorrectVisit",
         {{"visit", text(uuid_number(1001))}, {"started_at", at("2026-02-17")}, {"reason", text("x")}});
}

// ---------------------------------------------------------------- amendment and discharge

Members amended_birth(std::string_view day) {
  return {{"person", R"({"given_name":"Mia","family_name":"Muster","born":")" + std::string(day) + "\"}"}};
}

TEST_F(DecideReferral, AnAmendedBirthDoesNotLieAfterWhatIsKnown) {
  is_running();
  EXPECT_EQ(refused("AmendReferral", amended_birth("2026-02-19")).rule, Rule::rec_birth);
  does("AmendReferral", amended_birth("2026-02-18"));
}

TEST_F(DecideReferral, AnAmendedBirthThatMakesTheChildTooOldRaisesAFinding) {
  is_running();
  EXPECT_EQ(does("AmendReferral", amended_birth("2010-01-01")).findings, std::vector{Rule::smn_age});
  EXPECT_EQ(does("AmendReferral", {{"severe", R"({"no_self_care":false})"}}).findings,
            std::vector{Rule::smn_severe});
  EXPECT_TRUE(does("AmendReferral", {{"severe", R"({"no_self_care":true})"}}).findings.empty());
}

TEST_F(DecideReferral, WhatIsAmendedIsJudgedAnew) {
  is_referred();
  EXPECT_EQ(refused("AmendReferral", {{"units", "21"}}).reasons_required, std::vector{Rule::smn_max_units});
  EXPECT_EQ(refused("AmendReferral", {{"prescriber", R"({"kind":"other"})"}}).rule, Rule::smn_prescriber);
  EXPECT_EQ(refused("AmendReferral", {{"setting", text("ambulatory")}}).reasons_required,
            std::vector{Rule::smn_setting});
  EXPECT_EQ(refused("AmendReferral", {{"impairment", "false"}}).reasons_required,
            std::vector{Rule::smn_indication});
  EXPECT_EQ(does("AmendReferral", {{"sapv", "true"}}).findings, std::vector{Rule::smn_sapv});
  does("AmendReferral", {{"units", "21"}}, reason("SMN-MAX-UNITS"));
  does("AmendReferral", {{"land", text("DE-BE")}});
  EXPECT_EQ(state.units, 21);
}

TEST_F(DecideReferral, ADischargeThatMakesThePrescriptionLateRaisesAFinding) {
  is_referred({{"prescriber", R"({"kind":"paediatrician"})"},
               {"prescribed_on", text("2026-04-04")},
               {"discharged_on", ""}});
  EXPECT_TRUE(does("RecordDischarge", {{"discharged_on", text("2026-02-21")}}).findings.empty());
  EXPECT_EQ(does("RecordDischarge", {{"discharged_on", text("2026-02-20")}}).findings,
            std::vector{Rule::smn_prescriber_window});
  EXPECT_EQ(does("AmendReferral", {{"discharged_on", text("2026-02-19")}}).findings,
            std::vector{Rule::smn_prescriber_window});
  EXPECT_EQ(refused("AmendReferral", {{"prescribed_on", text("2026-04-05")}}).reasons_required,
            std::vector{Rule::smn_prescriber_window});
}

TEST_F(DecideReferral, AFollowUpIsJudgedByItsPrescriberOnly) {
  is_running();
  EXPECT_TRUE(does("ReceiveFollowUpReferral", with(follow_up(2), {{"diagnoses", R"([{"icd":"F90.0"}])"}}))
                  .findings.empty());
  does("ReceiveFollowUpReferral", with(follow_up(30), {{"prescriber", R"({"kind":"neurology"})"}}));
  EXPECT_EQ(
      refused("ReceiveFollowUpReferral", with(follow_up(), {{"prescriber", R"({"kind":"other"})"}})).rule,
      Rule::smn_prescriber);
}

}  // namespace
}  // namespace geleit
