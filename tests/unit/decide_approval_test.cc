#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

using DecideApproval = IntakeTest;

TEST_F(DecideApproval, AnApprovalWithoutAnIdGetsOneOfItsCommand) {
  is_applied();
  const Proposal& p = does("GrantApproval", granted(1, 10, {{"approval", ""}}));
  EXPECT_EQ(std::get<ApprovalGranted>(p.payload).approval.value,
            uuid_v5(parse_uuid(uuid_number(3)).value(), "approval"));
  EXPECT_EQ(std::get<ApprovalGranted>(p.payload).reference.bytes, "3:AZ 1");
}

TEST_F(DecideApproval, WithoutAnApplicationNothingIsDecided) {
  is_referred();
  EXPECT_EQ(refused("GrantApproval", granted(1, 10)).kind, RejectionKind::wrong_state);
  EXPECT_EQ(refused("DenyApproval", denied()).state, CaseState::referred);
}

TEST_F(DecideApproval, AnApprovalIsKnownOnce) {
  is_approved();
  const Rejection& no = refused("GrantApproval", granted(1, 10));
  EXPECT_EQ(no.kind, RejectionKind::already_exists);
  EXPECT_EQ(no.field, "approval");
}

TEST_F(DecideApproval, AFurtherGrantAddsMinutes) {
  is_approved();
  does("GrantApproval", granted(2, 4));
  EXPECT_EQ(state.approvals.size(), 2u);
}

TEST_F(DecideApproval, OnlyAStandingApprovalIsCorrectedOrRevoked) {
  is_approved();
  const Members known{{"approval", text(uuid_number(2001))}, {"reason", text("Irrtum")}};
  const Members unknown{{"approval", text(uuid_number(2002))}, {"reason", text("Irrtum")}};
  const Members units{{"units", "12"}};
  EXPECT_EQ(refused("CorrectApproval", with(unknown, units)).kind, RejectionKind::unknown_reference);
  EXPECT_EQ(refused("RevokeApproval", unknown).field, "approval");
  does("CorrectApproval", with(known, units));
  EXPECT_EQ(state.approvals[0].units, 12);
  does("RevokeApproval", known);
  EXPECT_EQ(refused("RevokeApproval", known).kind, RejectionKind::wrong_state);
  EXPECT_EQ(refused("CorrectApproval", with(known, units)).field, "approval");
}

TEST_F(DecideApproval, ACorrectionLeavesUntilOnOrAfterFrom) {
  is_approved();
  const Members known{{"approval", text(uuid_number(2001))}, {"reason", text("Irrtum")}};
  const Rejection& no = refused("CorrectApproval", with(known, {{"until", text("2026-02-19")}}));
  EXPECT_EQ(status_of(no.kind), 409);
  EXPECT_EQ(no.field, "until");
  does("CorrectApproval", with(known, {{"until", text("2026-02-20")}}));
  EXPECT_EQ(refused("CorrectApproval", with(known, {{"from", text("2026-02-21")}})).field, "from");
}

TEST_F(DecideApproval, AnExpertOpinionNeedsSomethingUndecided) {
  is_referred();
  const Members told{{"told_on", text("2026-03-01")}};
  EXPECT_EQ(refused("NoteExpertOpinion", told).kind, RejectionKind::wrong_state);
  does("SubmitApplication", application());
  does("NoteExpertOpinion", told);
  does("GrantApproval", granted(1, 10));
  EXPECT_EQ(refused("NoteExpertOpinion", told).kind, RejectionKind::wrong_state);
}

TEST_F(DecideApproval, AnObjectionGoesThroughItsSteps) {
  is_applied();
  const Members filed{{"filed_on", text("2026-03-10")}};
  const Members decided{{"decided_on", text("2026-04-01")}, {"upheld", "false"}};
  EXPECT_EQ(refused("FileObjection", filed).kind, RejectionKind::wrong_state);
  EXPECT_EQ(refused("DecideObjection", decided).kind, RejectionKind::wrong_state);
  does("DenyApproval", denied());
  EXPECT_EQ(state_of(state), CaseState::denied);
  EXPECT_EQ(refused("DecideObjection", decided).kind, RejectionKind::wrong_state);
  does("FileObjection", filed);
  EXPECT_EQ(state_of(state), CaseState::applied);
  EXPECT_EQ(refused("FileObjection", filed).kind, RejectionKind::wrong_state);
  does("DecideObjection", decided);
  EXPECT_EQ(state_of(state), CaseState::denied);
  EXPECT_EQ(refused("DecideObjection", decided).kind, RejectionKind::wrong_state);
}

TEST_F(DecideApproval, ADenialIsAnsweredByANewApplicationNotByReopening) {
  is_denied();
  EXPECT_EQ(refused("ReopenCase", {{"reason", text("x")}}).state, CaseState::denied);
  does("SubmitApplication", application());
  EXPECT_EQ(state_of(state), CaseState::applied);
  does("DenyApproval", denied());
  does("FileObjection", {{"filed_on", text("2026-03-10")}});
}

// ---------------------------------------------------------------- SMN-EXTENSION

TEST_F(DecideApproval, AnExtensionNeedsAFollowUpReferral) {
  is_running();
  const Rejection& no = refused("RequestExtension", extension(4));
  EXPECT_EQ(no.kind, RejectionKind::rule_rejected);
  EXPECT_EQ(no.rule, Rule::smn_extension);
  does("ReceiveFollowUpReferral", follow_up());
  does("RequestExtension", extension(4));
}

TEST_F(DecideApproval, AnExtensionHasAtMostTenUnitsAndThoseOfItsReferral) {
  is_running();
  does("ReceiveFollowUpReferral", follow_up(12));
  EXPECT_EQ(refused("RequestExtension", extension(11)).rule, Rule::smn_extension);
  does("RequestExtension", extension(10));
  does("ReceiveFollowUpReferral", follow_up(6));
  EXPECT_EQ(refused("RequestExtension", extension(7)).rule, Rule::smn_extension);
  does("RequestExtension", extension(6));
}

TEST_F(DecideApproval, AllExtensionsTogetherHaveAtMostTenUnits) {
  is_running();
  does("ReceiveFollowUpReferral", follow_up());
  EXPECT_EQ(refused("GrantExtension", granted(2, 4)).kind, RejectionKind::wrong_state);
  does("RequestExtension", extension(10));
  EXPECT_EQ(refused("GrantExtension", granted(2, 11)).rule, Rule::smn_extension);
  does("GrantExtension", granted(2, 6));
  does("RequestExtension", extension(5));
  EXPECT_EQ(refused("GrantExtension", granted(3, 5)).rule, Rule::smn_extension);
  does("GrantExtension", granted(3, 4));
  const auto correct = [](int number, int units) {
    return Members{{"approval", text(uuid_number(2000 + number))},
                   {"units", std::to_string(units)},
                   {"reason", text("Irrtum")}};
  };
  EXPECT_EQ(refused("CorrectApproval", correct(3, 5)).rule, Rule::smn_extension);
  does("CorrectApproval", correct(1, 30));
  does("CorrectApproval", correct(2, 5));
  does("CorrectApproval", correct(3, 5));
}

TEST_F(DecideApproval, DeniedAndRevokedExtensionsTakeNothing) {
  is_running();
  does("ReceiveFollowUpReferral", follow_up());
  does("RequestExtension", extension(8));
  does("DenyExtension", denied());
  does("RequestExtension", extension(10));
  does("GrantExtension", granted(2, 10));
  does("RevokeApproval", {{"approval", text(uuid_number(2002))}, {"reason", text("Irrtum")}});
  does("RequestExtension", extension(10));
  does("GrantExtension", granted(3, 10));
}

}  // namespace
}  // namespace geleit
