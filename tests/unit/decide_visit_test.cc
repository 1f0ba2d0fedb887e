#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

class DecideVisit : public IntakeTest {
 protected:
  void wants(const std::vector<Rule>& rules, std::string_view command, const Members& data) {
    const Rejection& no = refused(command, data);
    EXPECT_EQ(no.kind, RejectionKind::reason_required);
    EXPECT_EQ(no.reasons_required, rules);
  }
  static Members correction(const Members& changes) {
    return with({{"visit", text(uuid_number(1001))}, {"reason", text("Tippfehler")}}, changes);
  }
  /// Nothing but the visit's id and its minutes.
  static Members as_planned(int number) {
    return {{"visit", text(uuid_number(1000 + number))}, {"minutes", "60"}};
  }
};

TEST_F(DecideVisit, DeliveringAScheduledVisitMakesTheCaseRunning) {
  is_approved();
  does("ScheduleVisit", planned(1, "2026-02-27"));
  const Proposal& p = does("DeliverVisit", as_planned(1));
  EXPECT_EQ(name_of(p.payload), "VisitDelivered");
  EXPECT_EQ(state_of(state), CaseState::running);
  EXPECT_TRUE(p.findings.empty());
}

TEST_F(DecideVisit, AVisitWithoutAnIdGetsOneOfItsCommand) {
  is_referred();
  const Proposal& p = does("ScheduleVisit", planned(1, "2026-07-01", {{"visit", ""}}));
  EXPECT_EQ(std::get<VisitScheduled>(p.payload).visit.value,
            uuid_v5(parse_uuid(uuid_number(2)).value(), "visit"));
}

TEST_F(DecideVisit, AKnownVisitIsNotScheduledAgain) {
  is_referred();
  does("ScheduleVisit", planned(1, "2026-07-01"));
  const Rejection& no = refused("ScheduleVisit", planned(1, "2026-07-02"));
  EXPECT_EQ(no.kind, RejectionKind::already_exists);
  EXPECT_EQ(no.field, "visit");
}

TEST_F(DecideVisit, AnUnscheduledVisitIsDeliveredWithAllOfItsSchedule) {
  is_approved();
  does("DeliverVisit", visit(1, "2026-02-27"));
  does("DeliverVisit", visit(2, "2026-02-28", {{"started_at", ""}, {"starts_at", at("2026-02-28")}}));
  ASSERT_EQ(state.visits.size(), 2u);
  EXPECT_EQ(state.visits[1].on, civil(2026, 2, 28));
}

TEST_F(DecideVisit, AVisitThatTheCaseDoesNotKnowNamesWhatIsMissing) {
  is_approved();
  for (const char* member : {"staff", "place"}) {
    const Rejection& no = refused("DeliverVisit", visit(1, "2026-02-27", {{member, ""}}));
    EXPECT_EQ(no.kind, RejectionKind::unknown_reference);
    EXPECT_EQ(status_of(no.kind), 409);
    EXPECT_EQ(no.field, member);
    EXPECT_EQ(no.state, CaseState::approved);
  }
  EXPECT_EQ(refused("DeliverVisit", visit(1, "2026-02-27", {{"started_at", ""}})).field, "starts_at");
  const Members own = visit(1, "2026-02-27", {{"visit", text(to_string(uuid_v5(geleit_namespace, "x")))}});
  EXPECT_EQ(refused("DeliverVisit", own).field, "visit");
}

TEST_F(DecideVisit, UnknownVisitsAreNamed) {
  is_running();
  const std::string id = text(uuid_number(5));
  const std::vector<std::pair<std::string, Members>> commands{
      {"RescheduleVisit", {{"visit", id}, {"starts_at", at("2026-07-01")}}},
      {"CancelVisit", {{"visit", id}, {"reason", text("x")}}},
      {"MissVisit", {{"visit", id}}},
      {"CorrectVisit", {{"visit", id}, {"minutes", "30"}, {"reason", text("x")}}},
      {"VoidVisit", {{"visit", id}, {"reason", text("x")}}}};
  for (const auto& [command, data] : commands) {
    const Rejection& no = refused(command, data);
    EXPECT_EQ(no.kind, RejectionKind::unknown_reference) << command;
    EXPECT_EQ(no.field, "visit") << command;
    EXPECT_EQ(no.state, CaseState::running) << command;
  }
}

TEST_F(DecideVisit, APlannedVisitIsNotDeliveredBeforeItStarts) {
  is_approved();
  does("ScheduleVisit", planned(1, "2026-06-01", {{"starts_at", at("2026-06-01", "12:01")}}));
  const Rejection& no = refused("DeliverVisit", as_planned(1));
  EXPECT_EQ(status_of(no.kind), 409);
  EXPECT_EQ(no.field, "started_at");
  now.ms += 60'000;
  does("DeliverVisit", as_planned(1));
}

TEST_F(DecideVisit, APlannedVisitMayBeDeliveredEarlyWithItsStart) {
  is_approved();
  does("ScheduleVisit", planned(1, "2026-07-10"));
  does("DeliverVisit", with(as_planned(1), {{"started_at", at("2026-06-01", "11:00")}}));
  EXPECT_EQ(state.visits[0].on, civil(2026, 6, 1));
}

TEST_F(DecideVisit, AVisitIsDeliveredOnce) {
  is_running();
  EXPECT_EQ(refused("DeliverVisit", as_planned(1)).field, "visit");
  does("VoidVisit", correction({}));
  EXPECT_EQ(refused("DeliverVisit", visit(1, "2026-02-27")).kind, RejectionKind::wrong_state);
  EXPECT_EQ(refused("VoidVisit", correction({})).kind, RejectionKind::wrong_state);
}

// ---------------------------------------------------------------- SMN-CATEGORY, SMN-UNIT,
// SMN-BEFORE-DISCHARGE

TEST_F(DecideVisit, AMissingCategoryIsRefusedByItsRule) {
  is_approved();
  for (const auto& [command, data] :
       {std::pair{"DeliverVisit", visit(1, "2026-02-27", {{"category", ""}})},
        std::pair{"ScheduleVisit", planned(1, "2026-02-27", {{"category", ""}})}}) {
    const Rejection& no = refused(command, data);
    EXPECT_EQ(no.kind, RejectionKind::rule_rejected);
    EXPECT_EQ(no.rule, Rule::smn_category);
  }
}

TEST_F(DecideVisit, MinutesBesideTheStepAreFlagged) {
  is_running();
  int number = 1;
  for (const auto& [minutes, flagged] : {std::pair{"15", false}, {"45", false}, {"50", true}, {"1", true}}) {
    const Proposal& p = does("DeliverVisit", visit(++number, "2026-03-02", {{"minutes", minutes}}));
    EXPECT_EQ(has(p.findings, Rule::smn_unit), flagged) << minutes;
  }
  EXPECT_TRUE(has(does("CorrectVisit", correction({{"minutes", "50"}})).findings, Rule::smn_unit));
}

TEST_F(DecideVisit, AVisitBeforeTheDischargeIsFlaggedAndMakesNothingRun) {
  is_approved();
  EXPECT_EQ(does("DeliverVisit", visit(1, "2026-02-19")).findings, std::vector{Rule::smn_before_discharge});
  EXPECT_EQ(state_of(state), CaseState::approved);
  EXPECT_TRUE(does("DeliverVisit", visit(2, "2026-02-20")).findings.empty());
}

TEST_F(DecideVisit, WithoutADischargeEveryVisitIsPreparatory) {
  is_referred({{"discharged_on", ""}});
  EXPECT_EQ(does("DeliverVisit", visit(1, "2026-05-01")).findings, std::vector{Rule::smn_before_discharge});
}

// ---------------------------------------------------------------- SMN-AGE at the first unit

TEST_F(DecideVisit, AgeIsJudgedAtTheFirstDeliveredUnitOnly) {
  does("ReceiveReferral", born("2012-05-10"));
  EXPECT_EQ(refused("DeliverVisit", visit(1, "2026-05-10", {{"started_at", at("2026-05-10", "00:00")}})).rule,
            Rule::smn_age);
  does("DeliverVisit", visit(1, "2026-05-09", {{"started_at", at("2026-05-09", "23:59")}}));
  does("DeliverVisit", visit(2, "2026-05-18"));
  does("CorrectVisit", correction({{"started_at", at("2026-05-11")}}));
}

TEST_F(DecideVisit, APreparatoryUnitCanBeTheFirst) {
  does("ReceiveReferral", born("2012-05-10", {{"discharged_on", ""}}));
  EXPECT_EQ(refused("DeliverVisit", visit(1, "2026-05-10")).rule, Rule::smn_age);
  does("DeliverVisit", visit(1, "2026-05-09"));
  does("DeliverVisit", visit(2, "2026-05-20"));
}

TEST_F(DecideVisit, AVoidedFirstUnitWasNone) {
  does("ReceiveReferral", born("2012-05-10"));
  does("DeliverVisit", visit(1, "2026-05-09"));
  does("VoidVisit", correction({}));
  EXPECT_EQ(refused("DeliverVisit", visit(2, "2026-05-10")).rule, Rule::smn_age);
}

// ---------------------------------------------------------------- SMN-COMPLETE

TEST_F(DecideVisit, AVisitAfterTwelveWeeksWantsAReason) {
  is_running();
  does("DeliverVisit", visit(2, "2026-05-22", {{"started_at", at("2026-05-22", "23:59")}}));
  const Members late = visit(3, "2026-05-23", {{"started_at", at("2026-05-23", "00:00")}});
  wants({Rule::smn_complete}, "DeliverVisit", late);
  const Proposal& p = does("DeliverVisit", late, reason("SMN-COMPLETE"));
  ASSERT_EQ(p.deviations.size(), 1u);
  EXPECT_EQ(p.deviations[0].rule, Rule::smn_complete);
}

TEST_F(DecideVisit, TheFirstUnitIsNeverLateForCompletion) {
  is_approved();
  EXPECT_TRUE(does("DeliverVisit", visit(1, "2026-05-30")).findings.empty());
}

TEST_F(DecideVisit, ACorrectionIsJudgedByTheDueDateBeforeIt) {
  is_running();
  does("CorrectVisit", correction({{"started_at", at("2026-02-28")}}));
  // Moving the only unit moves the anchor to 2026-05-30; the due date that counts is that of 2026-02-28.
  wants({Rule::smn_complete}, "CorrectVisit", correction({{"started_at", at("2026-05-30")}}));
  does("CorrectVisit", correction({{"started_at", at("2026-05-23")}}));
}

TEST_F(DecideVisit, ACorrectionThatLeavesTheDayIsJudgedByItsDay) {
  is_running();
  does("DeliverVisit", visit(2, "2026-05-30"), reason("SMN-COMPLETE"));
  wants({Rule::smn_complete}, "CorrectVisit",
        {{"visit", text(uuid_number(1002))}, {"minutes", "30"}, {"reason", text("x")}});
}

TEST_F(DecideVisit, APlanBeyondTwelveWeeksIsFlagged) {
  is_running();
  EXPECT_TRUE(does("ScheduleVisit", planned(2, "2026-05-22")).findings.empty());
  EXPECT_EQ(does("ScheduleVisit", planned(3, "2026-05-23")).findings, std::vector{Rule::smn_complete});
  EXPECT_EQ(
      does("RescheduleVisit", {{"visit", text(uuid_number(1002))}, {"starts_at", at("2026-07-01")}}).findings,
      std::vector{Rule::smn_complete});
}

// ---------------------------------------------------------------- ended cases and SMN-DEATH

TEST_F(DecideVisit, LatePaperReachesToTheDayOfTheEnd) {
  for (const bool completed : {true, false}) {
    state = {};
    completed ? is_completed("2026-04-10") : is_discontinued("moved", "2026-04-10");
    does("DeliverVisit", visit(2, "2026-04-10", {{"started_at", at("2026-04-10", "23:59")}}));
    const Rejection& no =
        refused("DeliverVisit", visit(3, "2026-04-11", {{"started_at", at("2026-04-11", "00:00")}}));
    EXPECT_EQ(no.kind, RejectionKind::wrong_state);
    EXPECT_EQ(no.state, completed ? CaseState::completed : CaseState::discontinued);
  }
}

TEST_F(DecideVisit, AScheduledVisitIsLatePaperToo) {
  is_running();
  does("ScheduleVisit", planned(2, "2026-04-09"));
  does("CompleteCare", {{"completed_on", text("2026-04-10")}, {"goal_reached", "true"}});
  does("DeliverVisit", as_planned(2));
}

TEST_F(DecideVisit, AfterADeathAVisitWantsAReason) {
  is_discontinued("died", "2026-04-10");
  does("DeliverVisit", visit(2, "2026-04-10"));
  wants({Rule::smn_death}, "DeliverVisit", visit(3, "2026-04-11"));
  wants({Rule::smn_complete, Rule::smn_death}, "DeliverVisit", visit(3, "2026-05-23"));
  does("DeliverVisit", visit(3, "2026-04-11"), reason("SMN-DEATH"));
  EXPECT_EQ(refused("ScheduleVisit", planned(4, "2026-07-01"), reason("SMN-DEATH")).state,
            CaseState::discontinued);
}

TEST_F(DecideVisit, ACorrectionReachesIntoAnEndedCaseButNotBeyondItsEnd) {
  is_completed("2026-04-10");
  does("CorrectVisit", correction({{"minutes", "30"}}));
  does("CorrectVisit", correction({{"started_at", at("2026-04-10")}}));
  EXPECT_EQ(refused("CorrectVisit", correction({{"started_at", at("2026-04-11")}})).field, "started_at");
  does("VoidVisit", correction({}));
}

TEST_F(DecideVisit, WhatAnEndedCaseHadPlannedIsNoLongerScheduled) {
  is_running();
  does("ScheduleVisit", planned(2, "2026-07-01"));
  does("CompleteCare", {{"completed_on", text("2026-05-20")}, {"goal_reached", "true"}});
  for (const auto& [command, data] :
       {std::pair{"RescheduleVisit", Members{{"starts_at", at("2026-07-02")}}},
        std::pair{"CancelVisit", Members{{"reason", text("x")}}}, std::pair{"MissVisit", Members{}}}) {
    EXPECT_EQ(refused(command, with(data, {{"visit", text(uuid_number(1002))}})).state, CaseState::completed);
  }
  does("ReopenCase", {{"reason", text("Irrtum")}});
  does("CancelVisit", {{"visit", text(uuid_number(1002))}, {"reason", text("x")}});
}

TEST_F(DecideVisit, FreeTextIsSealed) {
  is_running();
  const Proposal& p = does("CorrectVisit", correction({{"note", text("geheim")}}));
  const auto& e = std::get<VisitCorrected>(p.payload);
  EXPECT_EQ(e.note.bytes, "5:geheim");
  EXPECT_EQ(e.reason.bytes, "4:Tippfehler");
  EXPECT_FALSE(std::get<VisitMissed>([&]() -> const Payload& {
                 does("ScheduleVisit", planned(2, "2026-07-01"));
                 return does("MissVisit", {{"visit", text(uuid_number(1002))}}).payload;
               }())
                   .reason.present());
}

}  // namespace
}  // namespace geleit
