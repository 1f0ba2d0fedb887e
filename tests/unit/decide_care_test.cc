#include "events/codec.h"
#include "projections/rules/settings.h"
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

class DecideCare : public IntakeTest {
 protected:
  static Members completion(std::string_view on = "2026-05-20") {
    return {{"completed_on", text(on)}, {"goal_reached", "true"}};
  }
};

TEST_F(DecideCare, ThreeUnitsAtHomeAreFlaggedAtCompletion) {
  for (const auto& [minutes, flagged] : {std::pair{"119", true}, {"120", false}, {"121", false}}) {
    state = {};
    is_running();
    does("DeliverVisit", visit(2, "2026-03-02", {{"minutes", minutes}}));
    does("DeliverVisit", visit(3, "2026-03-03", {{"minutes", "600"}, {"place", text("facility")}}));
    EXPECT_EQ(has(does("CompleteCare", completion()).findings, Rule::smn_home), flagged) << minutes;
  }
}

TEST_F(DecideCare, VoidedUnitsAtHomeDoNotCount) {
  is_running();
  does("DeliverVisit", visit(2, "2026-03-02", {{"minutes", "180"}}));
  does("VoidVisit", {{"visit", text(uuid_number(1002))}, {"reason", text("doppelt")}});
  EXPECT_EQ(does("CompleteCare", completion()).findings, std::vector{Rule::smn_home});
}

TEST_F(DecideCare, CompletionAfterTwelveWeeksNeedsNoReason) {
  is_running();
  does("CompleteCare", completion("2026-05-31"));
}

TEST_F(DecideCare, AWithdrawalNeedsThatNoVisitIsDelivered) {
  is_referred();
  does("DeliverVisit", visit(1, "2026-02-19"));  // preparatory ones included
  EXPECT_EQ(refused("WithdrawReferral", {{"reason", text("x")}}).state, CaseState::referred);
  does("VoidVisit", {{"visit", text(uuid_number(1001))}, {"reason", text("doppelt")}});
  does("WithdrawReferral", {{"reason", text("x")}});
}

TEST_F(DecideCare, TeamAndPlanAreKeptAsGiven) {
  is_referred();
  const Proposal& team = does("AssignCareTeam", {{"lead", text("m.roth")}, {"members", R"(["a.b","c.d"])"}});
  EXPECT_EQ(std::get<CareTeamAssigned>(team.payload).members, (std::vector<std::string_view>{"a.b", "c.d"}));
  const Proposal& plan =
      does("AgreeCarePlan", {{"agreed_on", text("2026-03-01")}, {"goals", R"(["Sonde sicher","Pause"])"}});
  EXPECT_EQ(decode_texts(std::get<CarePlanAgreed>(plan.payload).goals.bytes.substr(2)),
            (std::vector<std::string>{"Sonde sicher", "Pause"}));
}

// ---------------------------------------------------------------- checklists

class DecideChecklist : public DecideCare {
 protected:
  DecideChecklist() {
    auto read = Settings::parse(R"({"from":"2026-01-01","provider":"hana-muenchen","settings":{"checklists":[
        {"step":"agree_care_plan","benefit":"SMN","items":[{"item":"sign","text":{"de":"Unterschrift"}}]},
        {"step":"agree_care_plan","benefit":"ST","items":[{"item":"copy","text":{"de":"Kopie"}}]}]}})");
    settings.provider = std::get<std::shared_ptr<const Settings>>(read);
  }
  static Members tick(std::string_view step, std::string_view item, const Members& changes = {}) {
    return with({{"step", text(step)}, {"item", text(item)}}, changes);
  }
};

TEST_F(DecideChecklist, AnItemIsTickedAndTakenBack) {
  is_referred();
  EXPECT_EQ(std::get<ChecklistTicked>(does("TickChecklist", tick("agree_care_plan", "sign")).payload),
            (ChecklistTicked{"agree_care_plan", "sign", true}));
  EXPECT_EQ(state.ticks.size(), 1U);
  does("TickChecklist", tick("agree_care_plan", "sign", {{"ticked", "false"}}));
  EXPECT_TRUE(state.ticks.empty());
}

TEST_F(DecideChecklist, TwiceTheSameChangesNothing) {
  is_referred();
  does("TickChecklist", tick("agree_care_plan", "sign"));
  const auto ticks = state.ticks;
  does("TickChecklist", tick("agree_care_plan", "sign"), {{"by", text("somebody.else")}});
  EXPECT_EQ(state.ticks, ticks);
}

TEST_F(DecideChecklist, WhatNoListKnowsIsRefusedAndNamed) {
  is_referred();
  for (const auto& [step, item, field] : {std::tuple{"agree_plan", "sign", "step"},
                                          {"none", "sign", "step"},
                                          {"obtain_referral", "sign", "step"},
                                          {"agree_care_plan", "seal", "item"},
                                          {"agree_care_plan", "copy", "item"},
                                          {"assign_team", "sign", "item"}}) {
    const Rejection& no = refused("TickChecklist", tick(step, item));
    EXPECT_EQ(no.kind, RejectionKind::unknown_reference) << step;
    EXPECT_EQ(no.field, field) << step << " " << item;
  }
}

TEST_F(DecideChecklist, WhatIsTickedCanBeTakenBackThoughNoListKnowsItAnyMore) {
  is_referred();
  does("TickChecklist", tick("agree_care_plan", "sign"));
  settings = {};
  does("TickChecklist", tick("agree_care_plan", "sign", {{"ticked", "false"}}));
  EXPECT_EQ(refused("TickChecklist", tick("agree_care_plan", "sign")).field, "item");
}

TEST_F(DecideChecklist, IsOpenInEveryStateButWithdrawn) {
  is_completed();
  does("TickChecklist", tick("agree_care_plan", "sign"));
  state = {};
  is_withdrawn();
  EXPECT_EQ(refused("TickChecklist", tick("agree_care_plan", "sign")).state, CaseState::withdrawn);
}

TEST_F(DecideCare, TheSameCommandIsDecidedTheSameTwice) {
  is_running();
  const Case before = state;
  const Payload first =
      does("DeliverVisit", visit(2, "2026-03-02"), {{"id", text(uuid_number(500))}}).payload;
  state = before;
  EXPECT_EQ(does("DeliverVisit", visit(2, "2026-03-02"), {{"id", text(uuid_number(500))}}).payload, first);
}

// ---------------------------------------------------------------- what is allowed when

/// Every state a case can be in, and every command in each: API.md, What is allowed when.
enum In : unsigned {
  referred = 1,
  applied = 2,
  approved = 4,
  running = 8,
  completed = 16,
  discontinued = 32,
  withdrawn = 64,
  denied_ = 128,
  not_ended = referred | applied | approved | running,
  closed = completed | discontinued,
  any = 255,
};

class AllowedWhen : public IntakeTest {
 protected:
  void comes_to(unsigned in) {
    switch (in) {
      case referred: is_referred(); break;
      case applied: is_applied(); break;
      case approved: is_approved(); break;
      case running: is_running(); break;
      case completed: is_completed(); break;
      case discontinued: is_discontinued("moved"); break;
      case withdrawn: is_withdrawn(); break;
      case denied_: is_denied(); break;
      default: FAIL();
    }
  }
};

TEST_F(AllowedWhen, EveryCommandInEveryState) {
  struct Row {
    std::string_view command;
    Members data;
    unsigned allowed;
  };
  const std::string unit = text(uuid_number(1001)), approval = text(uuid_number(2001));
  const Members why{{"reason", text("x")}};
  // Where a condition is narrower than a state (an application was made, the visit is delivered, the approval
  // stands), it is what holds in the case that each state is reached by.
  const std::vector<Row> table{
      {"AssignCareTeam", {{"lead", text("m.roth")}}, not_ended},
      {"AgreeCarePlan", {{"agreed_on", text("2026-03-01")}, {"goals", "[]"}}, not_ended},
      {"ReceiveFollowUpReferral", follow_up(), not_ended},
      {"ScheduleVisit", planned(9, "2026-07-01"), not_ended},
      {"DiscontinueCare", {{"discontinued_on", text("2026-05-30")}, {"cause", text("other")}}, not_ended},
      {"DeliverVisit", visit(9, "2026-05-20"), not_ended | closed},
      {"DeliverVisit", visit(9, "2026-05-21"), not_ended},
      {"SubmitApplication", application(), not_ended | denied_},
      {"AmendReferral", {{"units", "12"}}, any & ~withdrawn},
      {"RecordDischarge", {{"discharged_on", text("2026-02-20")}}, any & ~withdrawn},
      {"RecordCoverage", {{"coverage", text("insured")}, {"since", text("2026-02-20")}}, any & ~withdrawn},
      {"RecordExemption", {{"from", text("2026-01-01")}, {"until", text("2026-12-31")}}, 0},  // of ST
      {"NoteExpertOpinion", {{"told_on", text("2026-03-01")}}, applied},
      {"GrantApproval", granted(9, 10), any & ~(referred | withdrawn)},
      {"DenyApproval", denied(), any & ~(referred | withdrawn)},
      {"CorrectApproval", with(why, {{"approval", approval}, {"units", "12"}}), approved | running | closed},
      {"RevokeApproval", with(why, {{"approval", approval}}), approved | running | closed},
      {"FileObjection", {{"filed_on", text("2026-03-10")}}, denied_},
      {"DecideObjection", {{"decided_on", text("2026-03-10")}, {"upheld", "true"}}, 0},
      {"RequestExtension", extension(), running},
      {"GrantExtension", granted(9, 4), 0},
      {"DenyExtension", denied(), 0},
      {"RescheduleVisit", {{"visit", unit}, {"starts_at", at("2026-07-01")}}, 0},
      {"CancelVisit", with(why, {{"visit", unit}}), 0},
      {"MissVisit", {{"visit", unit}}, 0},
      {"CorrectVisit", with(why, {{"visit", unit}, {"minutes", "30"}}), running | closed},
      {"VoidVisit", with(why, {{"visit", unit}}), running | closed},
      {"CompleteCare", {{"completed_on", text("2026-05-30")}, {"goal_reached", "true"}}, running},
      {"WithdrawReferral", why, referred | applied | approved},
      {"ReopenCase", why, completed | discontinued | withdrawn},
      {"SendFinalReport", {{"sent_on", text("2026-05-30")}, {"to", text("Kasse")}}, closed},
      {"RestrictProcessing", why, any},
      {"LiftRestriction", why, 0},
  };
  for (unsigned in = referred; in <= denied_; in *= 2) {
    for (const Row& row : table) {
      SCOPED_TRACE(std::string(row.command) + " in " + std::to_string(in));
      state = {};
      comes_to(in);
      if (row.command == "RequestExtension" && in == running) does("ReceiveFollowUpReferral", follow_up());
      const CaseState is = state_of(state);
      if (row.allowed & in) {
        does(row.command, row.data);
      } else {
        const Rejection& no = refused(row.command, row.data);
        EXPECT_EQ(status_of(no.kind), 409);
        EXPECT_EQ(no.state, is);
      }
    }
  }
}

TEST_F(AllowedWhen, ScheduledVisitsAreMovedCancelledAndMissedOnce) {
  for (const auto& [command, data] :
       {std::pair{"CancelVisit", Members{{"reason", text("x")}}}, std::pair{"MissVisit", Members{}}}) {
    state = {};
    is_running();
    does("ScheduleVisit", planned(2, "2026-07-01"));
    const Members scheduled{{"visit", text(uuid_number(1002))}};
    does("RescheduleVisit", with(scheduled, {{"starts_at", at("2026-07-02")}}));
    does(command, with(scheduled, data));
    EXPECT_EQ(refused(command, with(scheduled, data)).field, "visit");
    EXPECT_EQ(refused("RescheduleVisit", with(scheduled, {{"starts_at", at("2026-07-02")}})).kind,
              RejectionKind::wrong_state);
    EXPECT_EQ(refused("CorrectVisit", with(scheduled, {{"minutes", "30"}, {"reason", text("x")}})).field,
              "visit");
  }
}

TEST_F(AllowedWhen, AnExtensionIsDecidedAlsoAfterTheEnd) {
  is_running();
  does("ReceiveFollowUpReferral", follow_up());
  does("RequestExtension", extension(4));
  does("CompleteCare", {{"completed_on", text("2026-05-20")}, {"goal_reached", "false"}});
  does("DenyExtension", denied());
  EXPECT_EQ(state_of(state), CaseState::completed);
  does("FileObjection", {{"filed_on", text("2026-05-30")}});
}

TEST_F(AllowedWhen, AReopenedCaseIsOpenToAllAgain) {
  is_completed();
  does("ReopenCase", {{"reason", text("Irrtum")}});
  EXPECT_EQ(state_of(state), CaseState::running);
  does("DeliverVisit", visit(2, "2026-05-21"));
  does("AssignCareTeam", {{"lead", text("m.roth")}});
}

}  // namespace
}  // namespace geleit
