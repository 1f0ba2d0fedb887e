// REC-ERASE: restricting, lifting, and what an erasure records.
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

class DecidePrivacy : public IntakeTest {
 protected:
  const Members why{{"reason", text("Eltern widersprechen")}};
};

TEST_F(DecidePrivacy, RestrictedDataIsStoredAndNothingIsAdded) {
  is_running();
  EXPECT_TRUE(std::get<ProcessingRestricted>(does("RestrictProcessing", why).payload).reason.present());
  EXPECT_EQ(state.personal_data, PersonalDataState::restricted);
  const Rejection& no = refused("AssignCareTeam", {{"lead", text("m.roth")}});
  EXPECT_EQ(status_of(no.kind), 409);
  EXPECT_EQ(no.rule, Rule::rec_erase);
  EXPECT_EQ(no.state, CaseState::running);
  EXPECT_EQ(status_of(refused("RestrictProcessing", why).kind), 409);
  does("LiftRestriction", why);
  EXPECT_EQ(state.personal_data, PersonalDataState::kept);
  does("AssignCareTeam", {{"lead", text("m.roth")}});
  EXPECT_EQ(status_of(refused("LiftRestriction", why).kind), 409);
}

TEST_F(DecidePrivacy, WhatFallsDueIsRecordedAndAnswerable) {
  is_referred();
  does("RestrictProcessing", why);
  now = parse_instant("2026-04-04T00:00:00+02:00").value();
  EXPECT_TRUE(std::holds_alternative<Proposal>(asks("MissStartDeadline", {{"generation", "1"}})));
  does("AcknowledgeAlert", {{"alert", text(to_string(state.missed.front().alert))}});
}

TEST_F(DecidePrivacy, AnErasureNamesItsGroundsAndTheEndOfRetentionOnce) {
  is_completed();
  const Case before = state;
  const auto& answer = asks("ErasePersonalData", {{"grounds", text("request")}});
  ASSERT_TRUE(std::holds_alternative<Proposal>(answer));
  const auto erased = std::get<PersonalDataErased>(std::get<Proposal>(answer).payload);
  EXPECT_EQ(erased.grounds, ErasureGrounds::request);
  ASSERT_TRUE(erased.kept_until.has_value());
  EXPECT_EQ(to_ymd(*erased.kept_until).year, to_ymd(before.end->on).year + 10);
  EXPECT_EQ(state.personal_data, PersonalDataState::erased);
  EXPECT_EQ(state_of(state), state_of(before));
  EXPECT_TRUE(std::holds_alternative<Rejection>(asks("ErasePersonalData", {{"grounds", text("other")}})));
}

}  // namespace
}  // namespace geleit
