#include "services/query/copay_days.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

CaseStory approved() {
  CaseStory story;
  story.referred({.benefit = Benefit::st, .received_on = "2026-02-02", .units = 30});
  story.applied("2026-02-03", 30).granted(1, "2026-02-10", 30, "2026-02-10", "2026-12-31");
  return story;
}
const UnitPrice sixty_euro = [](CivilDate) { return Cents{6000}; };

std::vector<CopayDay> days_of(const CaseStory& story, std::optional<CivilDate> born = day("1984-05-10"),
                              const UnitPrice& price = sixty_euro) {
  return copay_days(story.now(), book(story.now(), story.rules()), story.rules(), born, price);
}
CopayDay paid(std::string_view on, std::int64_t cost, std::int64_t copay) {
  return {day(on), Cents{cost}, Cents{copay}};
}

TEST(CopayDays, ADayCostsWhatAllItsMinutesCost) {
  CaseStory story = approved();
  story.delivered(1, "2026-03-03", 60, {.hour = 9}).delivered(2, "2026-03-02", 45);
  story.delivered(3, "2026-03-03", 45, {.hour = 15});
  EXPECT_THAT(days_of(story), ElementsAre(paid("2026-03-02", 4500, 500), paid("2026-03-03", 10500, 1000)));
}

TEST(CopayDays, HalfACentRoundsUp) {
  CaseStory story = approved();
  story.delivered(1, "2026-03-02", 90);
  EXPECT_EQ(days_of(story, {}, [](CivilDate) { return Cents{6025}; })[0].cost, Cents{9038});
}

TEST(CopayDays, WithoutAPriceThereAreDaysAndNoAmounts) {
  CaseStory story = approved();
  story.delivered(1, "2026-03-02");
  EXPECT_THAT(days_of(story, day("1984-05-10"), {}), ElementsAre(CopayDay{day("2026-03-02"), {}, {}}));
}

TEST(CopayDays, WithoutABirthDateThereIsACostOnly) {
  CaseStory story = approved();
  story.delivered(1, "2026-03-02");
  EXPECT_THAT(days_of(story, {}), ElementsAre(CopayDay{day("2026-03-02"), Cents{6000}, {}}));
}

TEST(CopayDays, TheEighteenthBirthdayIsPaidFor) {
  CaseStory story = approved();
  story.delivered(1, "2026-05-09", 120).delivered(2, "2026-05-10", 120);
  EXPECT_THAT(days_of(story, day("2008-05-10")),
              ElementsAre(paid("2026-05-09", 12000, 0), paid("2026-05-10", 12000, 1000)));
}

TEST(CopayDays, AnExemptionAppliesFromItsOwnDateOn) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-28")
      .delivered(2, "2026-03-01")
      .delivered(3, "2026-03-31")
      .delivered(4, "2026-04-01");
  story.happens(ExemptionRecorded{day("2026-03-01"), day("2026-03-31")}, "2026-05-04");
  EXPECT_THAT(days_of(story), ElementsAre(paid("2026-02-28", 6000, 600), paid("2026-03-01", 6000, 0),
                                          paid("2026-03-31", 6000, 0), paid("2026-04-01", 6000, 600)));
}

TEST(CopayDays, WhatIsAtRiskOrVoidedCostsNothing) {
  CaseStory story = approved();
  story.delivered(1, "2026-02-09").delivered(2, "2026-03-02").voided(2);
  EXPECT_THAT(days_of(story), ElementsAre(paid("2026-02-09", 0, 0)));
}

TEST(CopayDays, TrialUnitsAndAftercareHaveNone) {
  CaseStory trial;
  trial.referred({.benefit = Benefit::st, .received_on = "2026-02-02", .units = 5, .trial = true});
  trial.delivered(1, "2026-03-02");
  EXPECT_THAT(days_of(trial), IsEmpty());
  CaseStory aftercare;
  aftercare.referred({.discharged_on = "2026-02-20"}).delivered(1, "2026-03-02");
  EXPECT_THAT(days_of(aftercare), IsEmpty());
}

}  // namespace
}  // namespace geleit
