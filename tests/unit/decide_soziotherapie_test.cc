// The rules of Soziotherapie at work, with the borders on both sides.
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

class DecideSoziotherapie : public IntakeTest {
 protected:
  /// Thirty units from a psychiatrist for a listed diagnosis.
  static Members st(const Members& changes = {}) {
    return with({{"benefit", text("ST")},
                 {"provider", text("hana-muenchen")},
                 {"land", text("DE-BY")},
                 {"person", R"({"given_name":"Karl","family_name":"Muster","born":"1984-05-10"})"},
                 {"prescriber", R"({"kind":"psychiatry"})"},
                 {"prescribed_on", text("2026-01-07")},
                 {"received_on", text("2026-01-08")},
                 {"units", "30"},
                 {"diagnoses", R"([{"icd":"F20.0"}])"}},
                changes);
  }
  static Members trial(const Members& changes = {}) {
    return st(with({{"units", "5"}, {"trial", "true"}}, changes));
  }
  static Members by(std::string_view kind, int units) {
    return {{"prescriber", R"({"kind":")" + std::string(kind) + "\"}"}, {"units", std::to_string(units)}};
  }
  static Members following(std::string_view prescribed_on, int units, const Members& changes = {}) {
    return with(with(by("psychiatry", units), {{"prescribed_on", text(prescribed_on)}}), changes);
  }
  static Members with_plan(const Members& changes = {}) {
    return application(with({{"units", "30"}, {"care_plan_attached", "true"}}, changes));
  }
  Members unit(int number, std::string_view day, int minutes = 60, const Members& changes = {}) const {
    return visit(number, day, with({{"minutes", std::to_string(minutes)}, {"category", ""}}, changes));
  }
  static Members correction(int number, const Members& changes) {
    return with({{"visit", text(uuid_number(1000 + number))}, {"reason", text("Tippfehler")}}, changes);
  }

  void opens(const Members& data) {
    state = {};
    does("ReceiveReferral", data);
  }
  void passes(const Members& data, std::string_view command = "ReceiveReferral") {
    if (command == "ReceiveReferral") state = {};
    EXPECT_TRUE(does(command, data).findings.empty());
  }
  void rejected(Rule rule, std::string_view field, const Members& data,
                std::string_view command = "ReceiveReferral") {
    if (command == "ReceiveReferral") state = {};
    const Rejection& no = refused(command, data);
    EXPECT_EQ(no.kind, RejectionKind::rule_rejected);
    EXPECT_EQ(no.rule, rule) << no.detail.en;
    EXPECT_EQ(no.field, field);
  }
  void wants(const std::vector<Rule>& rules, const Members& data,
             std::string_view command = "ReceiveReferral") {
    if (command == "ReceiveReferral") state = {};
    const Rejection& no = refused(command, data);
    EXPECT_EQ(no.kind, RejectionKind::reason_required);
    EXPECT_EQ(no.reasons_required, rules) << no.detail.en;
  }
  void wrong_field(std::string_view command, const Members& data, std::string_view field) {
    const Rejection& no = refused(command, data);
    EXPECT_EQ(status_of(no.kind), 409);
    EXPECT_EQ(no.field, field);
  }
  /// Delivered in visits of twelve hours at most, one a day from that day on.
  void delivers(int minutes, std::string_view from, int first = 100) {
    CivilDate day = parse_date(from).value();
    for (; minutes > 0; minutes -= 720, day = day + 1) {
      does("DeliverVisit", unit(first++, to_string(day), std::min(minutes, 720)));
    }
  }
};

// ---------------------------------------------------------------- the referral

TEST_F(DecideSoziotherapie, AReferralOpensACaseWithWhatItSays) {
  const Proposal& p = does("ReceiveReferral", st({{"gaf", "38"}, {"trial", "false"}}));
  const auto& e = std::get<ReferralReceived>(p.payload);
  EXPECT_EQ(e.benefit, Benefit::st);
  EXPECT_EQ(e.gaf, 38);
  EXPECT_EQ(e.trial, false);
  EXPECT_FALSE(e.setting);
  EXPECT_TRUE(p.findings.empty());
  EXPECT_EQ(state.gaf, 38);
}

TEST_F(DecideSoziotherapie, NoRuleOfAftercareIsAsked) {
  passes(st({{"person", R"({"given_name":"K","family_name":"M","born":"1944-05-10"})"}, {"units", "1"}}));
}

TEST_F(DecideSoziotherapie, WhoMayPrescribe) {
  for (const char* kind :
       {"hospital", "neurology", "psychiatry", "child_psychiatry", "psychosomatics", "psychotherapy_title",
        "psychological_psychotherapist", "child_psychotherapist", "psychiatric_outpatient_clinic"}) {
    passes(st(by(kind, 30)));
  }
  for (const char* kind : {"rehab", "paediatrician", "general_practitioner", "other"}) {
    passes(st(by(kind, 5)));
    rejected(Rule::st_prescriber, "prescriber.kind", st(by(kind, 6)));
  }
}

TEST_F(DecideSoziotherapie, OneReferralCoversThirtyUnits) {
  passes(st({{"units", "30"}}));
  wants({Rule::st_referral}, st({{"units", "31"}}));
  does("ReceiveReferral", st({{"units", "31"}}), reason("ST-REFERRAL"));
}

TEST_F(DecideSoziotherapie, ListedDiagnosesPassWithoutAGaf) {
  for (const char* icd : {"F20.0", "F20.6", "f21", "F22.0", "F24", "F25.9", "F31.5", "F32.3", "F33.3"}) {
    passes(st({{"diagnoses", R"([{"icd":")" + std::string(icd) + R"("}])"}}));
  }
  passes(st({{"diagnoses", R"([{"icd":"J45.0"},{"icd":"F20.1"}])"}, {"gaf", "60"}}));
}

TEST_F(DecideSoziotherapie, OtherDisordersPassWithAGafOfForty) {
  const auto other = [](std::string_view icd, std::string_view gaf) {
    return st({{"diagnoses", R"([{"icd":")" + std::string(icd) + R"("}])"}, {"gaf", std::string(gaf)}});
  };
  passes(other("F60.3", "40"));
  passes(other("F20.8", "1"));
  passes(other("F00.0", "40"));
  passes(other("F99", "40"));
  for (const char* gaf : {"41", "50", "51", "100", ""}) wants({Rule::st_indication}, other("F60.3", gaf));
  wants({Rule::st_indication}, other("G40.1", "30"));
  wants({Rule::st_indication}, other("F20.8", "41"));
  does("ReceiveReferral", other("F60.3", "41"), reason("ST-INDICATION"));
}

TEST_F(DecideSoziotherapie, ReasonsAreAskedForTogether) {
  wants({Rule::st_referral, Rule::st_indication},
        st({{"units", "31"}, {"diagnoses", R"([{"icd":"G40.1"}])"}}));
}

TEST_F(DecideSoziotherapie, ATrialHasFiveUnits) {
  passes(trial());
  rejected(Rule::st_trial, "units", trial({{"units", "6"}}));
}

TEST_F(DecideSoziotherapie, AThirdTrialInACalendarYearIsRefused) {
  opens(trial());
  does("ReceiveFollowUpReferral", following("2026-02-01", 5, {{"trial", "true"}}));
  rejected(Rule::st_trial, "trial", following("2026-03-01", 5, {{"trial", "true"}}),
           "ReceiveFollowUpReferral");
  // A year is that of the prescription.
  does("ReceiveFollowUpReferral", following("2025-12-31", 5, {{"trial", "true"}}));
  does("ReceiveFollowUpReferral", following("2026-03-01", 30));
}

TEST_F(DecideSoziotherapie, AFollowUpIsJudgedByPrescriberAndUnitsOnly) {
  opens(st());
  passes(following("2026-03-01", 30, {{"diagnoses", R"([{"icd":"G40.1"}])"}}), "ReceiveFollowUpReferral");
  wants({Rule::st_referral}, following("2026-03-01", 31), "ReceiveFollowUpReferral");
  passes(following("2026-03-01", 5, by("general_practitioner", 5)), "ReceiveFollowUpReferral");
  rejected(Rule::st_prescriber, "prescriber.kind", following("2026-03-01", 6, by("general_practitioner", 6)),
           "ReceiveFollowUpReferral");
  rejected(Rule::st_trial, "units", following("2026-03-01", 6, {{"trial", "true"}}),
           "ReceiveFollowUpReferral");
}

TEST_F(DecideSoziotherapie, WhatIsAmendedIsJudgedAnew) {
  opens(st(by("general_practitioner", 5)));
  rejected(Rule::st_prescriber, "prescriber.kind", {{"units", "6"}}, "AmendReferral");
  does("AmendReferral", {{"units", "6"}, {"prescriber", R"({"kind":"neurology"})"}});
  rejected(Rule::st_trial, "units", {{"trial", "true"}}, "AmendReferral");
  does("AmendReferral", {{"units", "5"}, {"trial", "true"}, {"gaf", "45"}});
  EXPECT_EQ(state.trial, true);
  EXPECT_EQ(state.gaf, 45);
  wants({Rule::st_indication}, {{"diagnoses", R"([{"icd":"F60.3"}])"}}, "AmendReferral");
  passes({{"diagnoses", R"([{"icd":"F60.3"}])"}, {"gaf", "40"}}, "AmendReferral");
  wants({Rule::st_referral}, {{"units", "31"}, {"trial", "false"}}, "AmendReferral");
}

TEST_F(DecideSoziotherapie, AnAmendedTrialIsNoThirdOne) {
  opens(trial());
  does("ReceiveFollowUpReferral", following("2026-02-01", 5, {{"trial", "true"}}));
  passes({{"units", "4"}}, "AmendReferral");
  passes({{"prescribed_on", text("2026-01-09")}}, "AmendReferral");
  does("ReceiveFollowUpReferral", following("2025-12-01", 5, {{"trial", "true"}}));
  does("ReceiveFollowUpReferral", following("2025-11-01", 5, {{"trial", "true"}}));
  rejected(Rule::st_trial, "trial", {{"prescribed_on", text("2025-12-31")}}, "AmendReferral");
}

// ---------------------------------------------------------------- what belongs to which benefit

TEST_F(DecideSoziotherapie, FieldsOfTheOtherBenefitAreRefused) {
  opens(st());
  wrong_field("AmendReferral", {{"setting", text("inpatient")}}, "setting");
  wrong_field("AmendReferral", {{"discharged_on", text("2026-01-01")}}, "discharged_on");
  wrong_field("AmendReferral", {{"units", "10"}, {"sapv", "false"}}, "sapv");
  state = {};
  is_running();
  wrong_field("AmendReferral", {{"gaf", "40"}}, "gaf");
  wrong_field("AmendReferral", {{"trial", "false"}}, "trial");
  wrong_field("ReceiveFollowUpReferral", with(follow_up(), {{"trial", "false"}}), "trial");
  wrong_field("ScheduleVisit", planned(2, "2026-07-01", {{"group_size", "2"}}), "group_size");
  wrong_field("DeliverVisit", visit(2, "2026-03-01", {{"group_size", "2"}}), "group_size");
  wrong_field("CorrectVisit", correction(1, {{"group_size", "2"}}), "group_size");
}

TEST_F(DecideSoziotherapie, CommandsOfTheOtherBenefitAreRefused) {
  const Members exemption{{"from", text("2026-01-01")}, {"until", text("2026-12-31")}};
  opens(st());
  EXPECT_EQ(refused("RecordDischarge", {{"discharged_on", text("2026-01-01")}}).state, CaseState::referred);
  does("DeliverVisit", unit(1, "2026-01-10"));
  does("ReceiveFollowUpReferral", following("2026-03-01", 10));
  EXPECT_EQ(refused("RequestExtension", extension()).kind, RejectionKind::wrong_state);
  does("RecordExemption", exemption);
  EXPECT_EQ(state.exemptions.size(), 1u);
  state = {};
  is_running();
  EXPECT_EQ(refused("RecordExemption", exemption).state, CaseState::running);
}

TEST_F(DecideSoziotherapie, AnExemptionIsRecordedInEveryStateButWithdrawn) {
  const Members exemption{{"from", text("2026-01-01")}, {"until", text("2026-12-31")}};
  opens(st());
  does("DiscontinueCare", {{"discontinued_on", text("2026-02-01")}, {"cause", text("moved")}});
  does("RecordExemption", exemption);
  opens(st());
  does("WithdrawReferral", {{"reason", text("x")}});
  EXPECT_EQ(refused("RecordExemption", exemption).state, CaseState::withdrawn);
}

// ---------------------------------------------------------------- ST-PLAN, ST-APPROVAL

TEST_F(DecideSoziotherapie, ACarePlanGoesWithTheApplication) {
  opens(st());
  rejected(Rule::st_plan, "care_plan_attached", application(), "SubmitApplication");
  rejected(Rule::st_plan, "care_plan_attached", with_plan({{"care_plan_attached", "false"}}),
           "SubmitApplication");
  does("SubmitApplication", with_plan());
  opens(st());
  does("AgreeCarePlan", {{"agreed_on", text("2026-02-01")}, {"goals", "[]"}});
  rejected(Rule::st_plan, "care_plan_attached", with_plan({{"care_plan_attached", "false"}}),
           "SubmitApplication");
  does("SubmitApplication", application());
  state = {};
  is_referred();
  does("SubmitApplication", application());  // of SMN
}

TEST_F(DecideSoziotherapie, UnapprovedUnitsAreDelivered) {
  opens(st());
  EXPECT_TRUE(does("DeliverVisit", unit(1, "2026-01-10")).findings.empty());
  EXPECT_EQ(state_of(state), CaseState::running);
}

// ---------------------------------------------------------------- visits

TEST_F(DecideSoziotherapie, TheCategoryMayBeLeftOut) {
  opens(st());
  does("ScheduleVisit", planned(1, "2026-07-01", {{"category", ""}}));
  does("DeliverVisit", unit(2, "2026-01-10"));
  does("DeliverVisit", unit(3, "2026-01-11", 60, {{"category", text("guidance")}}));
}

TEST_F(DecideSoziotherapie, MinutesNeedNoStep) {
  opens(st());
  passes(unit(1, "2026-01-10", 50), "DeliverVisit");
}

TEST_F(DecideSoziotherapie, ATrialEndsAtThreeHundredMinutes) {
  opens(trial());
  does("DeliverVisit", unit(1, "2026-01-10", 240));
  rejected(Rule::st_trial, "minutes", unit(2, "2026-01-11", 61), "DeliverVisit");
  does("DeliverVisit", unit(2, "2026-01-11", 60));
  rejected(Rule::st_trial, "minutes", unit(3, "2026-01-12", 1), "DeliverVisit");
  rejected(Rule::st_trial, "minutes", correction(2, {{"minutes", "61"}}), "CorrectVisit");
  does("CorrectVisit", correction(2, {{"minutes", "60"}}));
  does("ReceiveFollowUpReferral", following("2026-02-01", 5, {{"trial", "true"}}));
  rejected(Rule::st_trial, "minutes", unit(3, "2026-01-31", 1), "DeliverVisit");
  does("DeliverVisit", unit(3, "2026-02-01", 300));
  does("ReceiveFollowUpReferral", following("2026-03-01", 30));
  rejected(Rule::st_trial, "minutes", unit(4, "2026-02-28", 1), "DeliverVisit");
  does("DeliverVisit", unit(4, "2026-03-01", 600));
  rejected(Rule::st_trial, "minutes", correction(4, {{"started_at", at("2026-02-28")}}), "CorrectVisit");
}

TEST_F(DecideSoziotherapie, AVoidedTrialUnitMakesRoom) {
  opens(trial());
  does("DeliverVisit", unit(1, "2026-01-10", 300));
  does("VoidVisit", {{"visit", text(uuid_number(1001))}, {"reason", text("doppelt")}});
  does("DeliverVisit", unit(2, "2026-01-10", 300));
}

TEST_F(DecideSoziotherapie, ExactlyAHundredAndTwentyHoursAreAllowed) {
  opens(st());
  delivers(7140, "2026-01-10");
  rejected(Rule::st_total, "minutes", unit(1, "2026-05-01", 75), "DeliverVisit");
  rejected(Rule::st_total, "minutes", unit(1, "2026-05-01", 61), "DeliverVisit");
  does("DeliverVisit", unit(1, "2026-05-01", 60));
  rejected(Rule::st_total, "minutes", unit(2, "2026-05-02", 1), "DeliverVisit");
  rejected(Rule::st_total, "minutes", correction(1, {{"minutes", "75"}}), "CorrectVisit");
  does("CorrectVisit", correction(1, {{"minutes", "45"}}));
  does("DeliverVisit", unit(2, "2026-05-02", 15));
}

TEST_F(DecideSoziotherapie, AfterThreeYearsTheHoursAreRenewed) {
  now = berlin_time(civil(2029, 6, 1), 12, 0);
  opens(st());
  delivers(7200, "2026-01-10");
  rejected(Rule::st_total, "minutes", unit(1, "2029-01-10", 1), "DeliverVisit");
  does("DeliverVisit", unit(1, "2029-01-11", 60));
  rejected(Rule::st_total, "minutes", correction(1, {{"started_at", at("2029-01-10")}}), "CorrectVisit");
  rejected(Rule::st_total, "minutes", unit(2, "2028-12-31", 60), "DeliverVisit");
}

TEST_F(DecideSoziotherapie, TrialUnitsCountTowardsTheTotal) {
  opens(trial());
  does("DeliverVisit", unit(1, "2026-01-10", 300));
  does("ReceiveFollowUpReferral", following("2026-01-11", 30));
  delivers(6900, "2026-01-11");
  rejected(Rule::st_total, "minutes", unit(2, "2026-05-01", 1), "DeliverVisit");
}

TEST_F(DecideSoziotherapie, AnEarlierFirstUnitThatOverfillsALaterPeriodIsFlaggedAndStopsNoCorrection) {
  now = berlin_time(civil(2029, 6, 1), 12, 0);
  opens(st());
  does("DeliverVisit", unit(1, "2026-01-20"));
  does("DeliverVisit", unit(2, "2029-01-15"));
  EXPECT_TRUE(does("DeliverVisit", unit(3, "2029-01-21")).findings.empty());
  delivers(7140, "2029-01-22");  // full; the unit of 15 January lies in the period before
  EXPECT_EQ(does("DeliverVisit", unit(4, "2026-01-10")).findings, std::vector{Rule::st_total});
  rejected(Rule::st_total, "minutes", correction(2, {{"minutes", "61"}}), "CorrectVisit");
  rejected(Rule::st_total, "minutes", correction(2, {{"started_at", at("2029-01-16")}}), "CorrectVisit");
  passes(correction(2, {{"minutes", "45"}}), "CorrectVisit");
  passes(correction(3, {{"note", text("nachgetragen")}}), "CorrectVisit");
  passes(correction(4, {{"minutes", "45"}}), "CorrectVisit");  // it was flagged once
}

TEST_F(DecideSoziotherapie, ACorrectionThatAddsNothingStandsInATrialThatALatePaperOverfilled) {
  opens(st());
  does("DeliverVisit", unit(1, "2026-02-10", 240));
  does("DeliverVisit", unit(2, "2026-02-11", 120));
  does("ReceiveFollowUpReferral", following("2026-02-10", 5, {{"trial", "true"}}));
  rejected(Rule::st_trial, "minutes", correction(2, {{"minutes", "121"}}), "CorrectVisit");
  rejected(Rule::st_trial, "minutes", correction(2, {{"started_at", at("2026-02-12")}}), "CorrectVisit");
  passes(correction(2, {{"minutes", "105"}}), "CorrectVisit");
  passes(correction(2, {{"note", text("nachgetragen")}}), "CorrectVisit");
}

TEST_F(DecideSoziotherapie, MoreThanTwelvePeopleAreFlagged) {
  opens(st());
  const auto people = [](int n) { return Members{{"group_size", std::to_string(n)}}; };
  passes(unit(1, "2026-01-10", 90, people(12)), "DeliverVisit");
  EXPECT_EQ(does("DeliverVisit", unit(2, "2026-01-11", 90, people(13))).findings,
            std::vector{Rule::st_group});
  EXPECT_EQ(does("CorrectVisit", correction(1, people(13))).findings, std::vector{Rule::st_group});
  EXPECT_TRUE(does("CorrectVisit", correction(2, people(12))).findings.empty());
  EXPECT_EQ(does("ScheduleVisit", planned(3, "2026-05-01", people(13))).findings,
            std::vector{Rule::st_group});
  // The size that was planned is that of the delivery where it tells none.
  EXPECT_EQ(does("DeliverVisit", {{"visit", text(uuid_number(1003))}, {"minutes", "90"}}).findings,
            std::vector{Rule::st_group});
}

TEST_F(DecideSoziotherapie, AfterADeathThereAreNoMoreVisits) {
  opens(st());
  does("ScheduleVisit", planned(1, "2026-02-10"));
  does("DiscontinueCare", {{"discontinued_on", text("2026-02-01")}, {"cause", text("died")}});
  const Members why = reason("SMN-DEATH");
  EXPECT_EQ(refused("DeliverVisit", unit(2, "2026-02-02"), why).state, CaseState::discontinued);
  EXPECT_EQ(refused("ScheduleVisit", planned(3, "2026-07-01"), why).state, CaseState::discontinued);
  EXPECT_EQ(refused("DeliverVisit", {{"visit", text(uuid_number(1001))}, {"minutes", "60"}}, why).state,
            CaseState::discontinued);
  does("DeliverVisit", unit(2, "2026-02-01"));  // late paper
}

TEST_F(DecideSoziotherapie, CompletionAsksForNoHomeVisits) {
  opens(st());
  does("DeliverVisit", unit(1, "2026-01-10", 60, {{"place", text("facility")}}));
  EXPECT_TRUE(does("CompleteCare", {{"completed_on", text("2026-05-20")}, {"goal_reached", "true"}})
                  .findings.empty());
}

}  // namespace
}  // namespace geleit
