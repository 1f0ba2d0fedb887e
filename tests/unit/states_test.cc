#include <gtest/gtest.h>

#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;
using testing::discharged_case;
using testing::Referral;

CaseState state(const CaseStory& story) { return state_of(story.now()); }

TEST(States, ACaseGoesItsWay) {
  CaseStory story = discharged_case();
  EXPECT_EQ(state(story), CaseState::referred);
  EXPECT_EQ(state(story.applied("2026-02-23")), CaseState::applied);
  EXPECT_EQ(state(story.granted(1, "2026-03-02", 12, "2026-02-20", "2026-06-30")), CaseState::approved);
  EXPECT_EQ(state(story.delivered(1, "2026-03-03")), CaseState::running);
  EXPECT_FALSE(closed_on(story.now()));
  EXPECT_EQ(state(story.completed("2026-05-01")), CaseState::completed);
  EXPECT_EQ(closed_on(story.now()), day("2026-05-01"));
}

TEST(States, AUnitBeforeTheApprovalMakesItRunning) {
  EXPECT_EQ(state(discharged_case().delivered(1, "2026-02-20")), CaseState::running);
}

TEST(States, APreparatoryUnitDoesNot) {
  EXPECT_EQ(state(discharged_case().delivered(1, "2026-02-19")), CaseState::referred);
  CaseStory without;
  EXPECT_EQ(state(without.referred().delivered(1, "2026-03-01")), CaseState::referred);
}

TEST(States, WhatTheServiceAddsMovesNeitherItsRulesNorTheVersionOfAClient) {
  CaseStory story = discharged_case();
  const JudgedIndex rules = story.now().latest_judged;
  const Version asked = story.version();
  story.judged_by(shipped_rule_sets().back()->content() + "\n# another set\n");
  story.happens(StartDeadlineMissed{Version{1}, day("2026-04-03"), day("2026-04-03")}, "2026-04-04");
  const EventId alert = story.now().missed.front().alert;
  AlertSent sent;
  sent.alert = alert;
  sent.number = 1;
  AlertEscalated escalated;
  escalated.alert = alert;
  escalated.level = 2;
  story.happens(sent).happens(escalated).happens(PersonalDataErased{});
  EXPECT_EQ(story.now().judged.size(), 2u);
  EXPECT_EQ(story.now().latest_judged, rules);
  EXPECT_EQ(story.now().client_version, asked);
  story.has_lead("m.roth");
  EXPECT_NE(story.now().latest_judged, rules);
  EXPECT_EQ(story.now().client_version, story.version());
}

TEST(States, TheFirstUnitOfStIsAnyUnit) {
  CaseStory story;
  EXPECT_EQ(state(story.referred({.benefit = Benefit::st}).delivered(1, "2026-03-01")), CaseState::running);
}

TEST(States, ADenialMakesItDeniedUnlessAnApprovalStandsNow) {
  CaseStory story = discharged_case();
  story.applied("2026-02-23").denied("2026-03-09");
  EXPECT_EQ(state(story), CaseState::denied);
  EXPECT_EQ(closed_on(story.now()), day("2026-03-09"));
  EXPECT_EQ(state(story.granted(1, "2026-03-20", 12, "2026-02-20", "2026-06-30")), CaseState::approved);
  EXPECT_EQ(state(story.revoked(1)), CaseState::denied);
}

TEST(States, AnObjectionOrANewApplicationPutsItBack) {
  CaseStory objected = discharged_case();
  objected.applied("2026-02-23").denied("2026-03-09").objected("2026-03-12");
  EXPECT_EQ(state(objected), CaseState::applied);
  CaseStory again = discharged_case();
  again.delivered(1, "2026-03-02").applied("2026-02-23").denied("2026-03-09").applied("2026-03-12");
  EXPECT_EQ(state(again), CaseState::running);
}

TEST(States, AnObjectionThatFailsMakesItDeniedAgainFromItsOwnDay) {
  CaseStory story = discharged_case();
  story.applied("2026-02-23")
      .denied("2026-03-09")
      .objected("2026-03-12")
      .objection_decided("2026-04-10", false);
  EXPECT_EQ(state(story), CaseState::denied);
  EXPECT_EQ(closed_on(story.now()), day("2026-04-10"));
}

TEST(States, AnUpheldObjectionLeavesItUntilTheGrant) {
  CaseStory story = discharged_case();
  story.applied("2026-02-23")
      .denied("2026-03-09")
      .objected("2026-03-12")
      .objection_decided("2026-04-10", true);
  EXPECT_EQ(state(story), CaseState::applied);
  EXPECT_EQ(state(story.granted(1, "2026-04-20", 12, "2026-02-20", "2026-06-30")), CaseState::approved);
}

TEST(States, ADeniedExtensionChangesNothing) {
  CaseStory story = discharged_case();
  story.applied("2026-02-23")
      .granted(1, "2026-03-02", 12, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-03");
  const auto before = story.balance().approved;
  story.followed_up("2026-04-01", 4).extension_requested("2026-04-02", 4).extension_denied("2026-04-20");
  EXPECT_EQ(state(story), CaseState::running);
  EXPECT_EQ(story.balance().approved, before);
}

TEST(States, CompletedDiscontinuedAndWithdrawnOutrankDenied) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-01").applied("2026-02-23").discontinued("2026-03-05").denied("2026-03-09");
  EXPECT_EQ(state(story), CaseState::discontinued);
  EXPECT_EQ(closed_on(story.now()), day("2026-03-05"));
  EXPECT_EQ(state(story.reopened()), CaseState::denied);
}

TEST(States, AWithdrawalClosesOnItsDay) {
  CaseStory story = discharged_case();
  story.withdrawn("2026-03-01");
  EXPECT_EQ(state(story), CaseState::withdrawn);
  EXPECT_EQ(closed_on(story.now()), day("2026-03-01"));
}

TEST(States, ReopeningIsWhatTheOtherFactsSay) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-01").completed("2026-05-01").reopened();
  EXPECT_EQ(state(story), CaseState::running);
  EXPECT_FALSE(closed_on(story.now()));
}

TEST(States, AVoidTakesTheOnlyUnitBack) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-01").voided(1);
  EXPECT_EQ(state(story), CaseState::referred);
  EXPECT_FALSE(first_unit_on(story.now()));
}

TEST(States, ALaterDischargeMakesUnitsPreparatory) {
  CaseStory story = discharged_case();
  story.delivered(1, "2026-03-01").delivered(2, "2026-03-10").discharged("2026-03-05");
  EXPECT_EQ(first_unit_on(story.now()), day("2026-03-10"));
  EXPECT_EQ(state(story.discharged("2026-03-11")), CaseState::referred);
}

TEST(States, ReferredOnIsTheDayOfReceipt) {
  CaseStory story;
  story.referred({.received_on = "2026-02-17"});
  const auto row = story.rows<CaseRow>(Table::cases).at(0);
  EXPECT_EQ(row.referred_on, day("2026-02-17"));
  EXPECT_EQ(row.version, Version{1});
  EXPECT_EQ(row.person, (SealedCopy{KeyId{}, "sealed person"}));
}

}  // namespace
}  // namespace geleit
