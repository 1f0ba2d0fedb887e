#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

using DecideVisit = IntakeTest;

TEST_F(DecideVisit, DeliveringAScheduledVisitMakesTheCaseRunning) {
  is_approved();
  does("ScheduleVisit", planned(1, "2026-02-27"));
  const auto& proposal = does("DeliverVisit", {{"visit", text(uuid_number(1001))}, {"minutes", "45"}});
  EXPECT_EQ(name_of(proposal.payload), "VisitDelivered");
  EXPECT_EQ(state_of(state), CaseState::running);
  EXPECT_TRUE(proposal.findings.empty());
}

TEST_F(DecideVisit, AnUnscheduledVisitIsDeliveredWithAllOfItsSchedule) {
  is_approved();
  does("DeliverVisit", visit(1, "2026-02-27"));
  ASSERT_EQ(state.visits.size(), 1u);
  EXPECT_EQ(state.visits[0].on, civil(2026, 2, 27));
}

TEST_F(DecideVisit, AVisitThatTheCaseDoesNotKnowNamesWhatIsMissing) {
  is_approved();
  for (const char* member : {"staff", "place"}) {
    const auto& no = refused("DeliverVisit", visit(1, "2026-02-27", {{member, ""}}));
    EXPECT_EQ(no.kind, RejectionKind::unknown_reference);
    EXPECT_EQ(status_of(no.kind), 409);
    EXPECT_EQ(no.field, member);
  }
  EXPECT_EQ(refused("DeliverVisit", visit(1, "2026-02-27", {{"started_at", ""}})).field, "starts_at");
  const auto& own = visit(1, "2026-02-27", {{"visit", text(to_string(uuid_v5(geleit_namespace, "x")))}});
  EXPECT_EQ(refused("DeliverVisit", own).field, "visit");
}

TEST_F(DecideVisit, AMissingCategoryIsRefusedByItsRule) {
  is_approved();
  for (const auto& [command, data] :
       {std::pair{"DeliverVisit", visit(1, "2026-02-27", {{"category", ""}})},
        std::pair{"ScheduleVisit", planned(1, "2026-02-27", {{"category", ""}})}}) {
    const auto& no = refused(command, data);
    EXPECT_EQ(no.kind, RejectionKind::rule_rejected);
    EXPECT_EQ(no.rule, Rule::smn_category);
  }
}

}  // namespace
}  // namespace geleit
