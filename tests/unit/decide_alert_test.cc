// What the service asks of itself is looked at again on the case as it stands, and what people answer to
// alerts.
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

/// Discharged on 2026-02-20 by the first event, so the start is missed from 2026-04-04 on.
class DecideAlert : public IntakeTest {
 protected:
  DecideAlert() { is_referred(); }

  void clock_is(std::string_view instant) { now = parse_instant(instant).value(); }
  [[nodiscard]] bool takes(std::string_view command, const Members& data) {
    return std::holds_alternative<Proposal>(asks(command, data));
  }
  /// The field at fault of what is refused.
  [[nodiscard]] std::string fault_of(std::string_view command, const Members& data) {
    const auto& answer = asks(command, data);
    const auto* rejection = std::get_if<Rejection>(&answer);
    return rejection ? rejection->field : "accepted";
  }
  void missed() {
    clock_is("2026-04-04T00:00:00+02:00");
    ASSERT_TRUE(takes("MissStartDeadline", {{"generation", "1"}}));
  }
  [[nodiscard]] std::string alert() const { return text(to_string(state.missed.front().alert)); }
  [[nodiscard]] Members notice(std::string_view channel, int number) const {
    return {{"alert", alert()},
            {"channel", text(channel)},
            {"level", "1"},
            {"number", std::to_string(number)},
            {"at", text(to_string(now))},
            {"outcome", text("delivered")}};
  }
};

TEST_F(DecideAlert, AStartIsMissedFromTheMidnightAfterItsLastDay) {
  clock_is("2026-04-03T23:59:59.999+02:00");
  EXPECT_EQ(fault_of("MissStartDeadline", {{"generation", "1"}}), "generation");
  clock_is("2026-04-04T00:00:00+02:00");
  EXPECT_TRUE(takes("MissStartDeadline", {{"generation", "1"}}));
  EXPECT_EQ(state.missed.front().due_on, civil(2026, 4, 3));
}

TEST_F(DecideAlert, AnotherGenerationOrAMetDeadlineIsNotMissed) {
  EXPECT_EQ(fault_of("MissStartDeadline", {{"generation", "2"}}), "generation");
  EXPECT_EQ(fault_of("MissDeadline", {{"rule", text("SMN-START")}, {"generation", "1"}}), "generation");
  does("DeliverVisit", visit(1, "2026-02-27"));
  EXPECT_EQ(fault_of("MissStartDeadline", {{"generation", "1"}}), "generation");
}

TEST_F(DecideAlert, TheInsurersDeadlineIsMissedAfterTheDayToWhichItRolls) {
  does("SubmitApplication", application({{"submitted_on", text("2026-03-13")}}));
  const Members late{{"rule", text("GKV-DECISION")}, {"generation", "2"}};
  clock_is("2026-04-07T23:59:59+02:00");
  EXPECT_EQ(fault_of("MissDeadline", late), "generation");
  clock_is("2026-04-08T00:00:00+02:00");
  EXPECT_TRUE(takes("MissDeadline", late));
}

TEST_F(DecideAlert, AnApprovalsPeriodLapsesAfterItsLastDayAndOnlyWhileItStands) {
  does("SubmitApplication", application());
  does("GrantApproval", granted(1, 10, {{"until", text("2026-06-30")}}));
  const Members lapse{{"approval", text(uuid_number(2001))}, {"until", text("2026-06-30")}};
  clock_is("2026-06-30T23:59:59+02:00");
  EXPECT_EQ(fault_of("LapseApprovalPeriod", lapse), "approval");
  clock_is("2026-07-01T00:00:00+02:00");
  EXPECT_EQ(fault_of("LapseApprovalPeriod", with(lapse, {{"until", text("2026-06-29")}})), "approval");
  EXPECT_TRUE(takes("LapseApprovalPeriod", lapse));
  does("GrantApproval", granted(2, 10, {{"until", text("2026-06-30")}}));
  does("RevokeApproval", {{"approval", text(uuid_number(2002))}, {"reason", text("Irrtum")}});
  EXPECT_EQ(fault_of("LapseApprovalPeriod", with(lapse, {{"approval", text(uuid_number(2002))}})),
            "approval");
}

TEST_F(DecideAlert, AnAlertGoesUpWhenItsWorkingHoursHavePassedAndOneLevelAtATime) {
  missed();
  const auto up_to = [&](int level) -> Members {
    return {{"alert", alert()}, {"level", std::to_string(level)}};
  };
  // Saturday, Easter Sunday and Monday are free: eight hours are over on Tuesday, 16:00.
  clock_is("2026-04-07T15:59:59+02:00");
  EXPECT_EQ(fault_of("EscalateAlert", up_to(2)), "alert");
  clock_is("2026-04-07T16:00:00+02:00");
  EXPECT_EQ(fault_of("EscalateAlert", up_to(3)), "alert");
  EXPECT_TRUE(takes("EscalateAlert", up_to(2)));
  EXPECT_EQ(state.missed.front().level, 2);
  EXPECT_EQ(fault_of("EscalateAlert", up_to(3)), "alert") << "sixteen more";
}

TEST_F(DecideAlert, AnAnsweredOrClosedAlertDoesNotGoUp) {
  missed();
  const Members up{{"alert", alert()}, {"level", "2"}};
  clock_is("2026-04-10T12:00:00+02:00");
  does("AcknowledgeAlert", {{"alert", alert()}});
  EXPECT_EQ(fault_of("EscalateAlert", up), "alert");
  does("SnoozeAlert", {{"alert", alert()}, {"until", text("2026-04-13")}, {"reason", text("Ferien")}});
  EXPECT_EQ(fault_of("EscalateAlert", up), "alert");
  clock_is("2026-04-13T16:00:00+02:00");
  does("DeliverVisit", visit(1, "2026-04-13"));
  EXPECT_EQ(fault_of("EscalateAlert", up), "alert");
}

TEST_F(DecideAlert, NoticesAreNumberedAndOneMayBeLeftOutWhereTheSameIsSaidAgain) {
  missed();
  EXPECT_EQ(fault_of("SendAlert", notice("post", 2)), "number");
  EXPECT_TRUE(takes("SendAlert", notice("post", 1)));
  EXPECT_TRUE(takes("SendAlert", notice("hook", 1))) << "each channel counts for itself";
  EXPECT_EQ(fault_of("SendAlert", notice("post", 1)), "number");
  EXPECT_EQ(fault_of("SendAlert", notice("post", 4)), "number");
  EXPECT_TRUE(takes("SendAlert", notice("post", 3)));
}

TEST_F(DecideAlert, AnUnknownAlertIsNamed) {
  const std::string unknown = text(uuid_number(9));
  EXPECT_EQ(refused("AcknowledgeAlert", {{"alert", unknown}}).field, "alert");
  EXPECT_EQ(fault_of("EscalateAlert", {{"alert", unknown}, {"level", "2"}}), "alert");
  EXPECT_EQ(fault_of("SendAlert", with({{"channel", text("post")},
                                        {"level", "1"},
                                        {"number", "1"},
                                        {"at", text(to_string(now))},
                                        {"outcome", text("delivered")}},
                                       {{"alert", unknown}})),
            "alert");
}

TEST_F(DecideAlert, ASnoozeEndsWithinAMonth) {
  missed();
  const auto until = [&](std::string_view day) -> Members {
    return {{"alert", alert()}, {"until", text(day)}, {"reason", text("Ferien")}};
  };
  EXPECT_EQ(refused("SnoozeAlert", until("2026-04-04")).field, "until");
  EXPECT_EQ(refused("SnoozeAlert", until("2026-05-05")).field, "until");
  does("SnoozeAlert", until("2026-04-05"));
  does("SnoozeAlert", until("2026-05-04"));
}

}  // namespace
}  // namespace geleit
