#include <gtest/gtest.h>

#include "events/civil_time.h"
#include "projections/rules/deadline.h"

namespace geleit {
namespace {

const CivilDate on = civil(2026, 3, 2);
const CivilDate adult = civil(1980, 1, 1);

std::int64_t copay_of(std::int64_t cents, CivilDate born = adult, bool exempt = false) {
  return copay(*shipped_rule_set_on(on), Cents{cents}, on, born, exempt).value;
}

TEST(Copay, IsATenthBetweenFiveAndTenEuro) {
  EXPECT_EQ(copay_of(5000), 500);
  EXPECT_EQ(copay_of(7000), 700);
  EXPECT_EQ(copay_of(10'000), 1000);
}

TEST(Copay, IsAtLeastFiveAndAtMostTenEuro) {
  EXPECT_EQ(copay_of(4999), 500);
  EXPECT_EQ(copay_of(501), 500);
  EXPECT_EQ(copay_of(10'001), 1000);
  EXPECT_EQ(copay_of(1'000'000), 1000);
  EXPECT_EQ(copay_of(INT64_MAX), 1000);
}

TEST(Copay, IsNeverMoreThanTheCost) {
  EXPECT_EQ(copay_of(500), 500);
  EXPECT_EQ(copay_of(499), 499);
  EXPECT_EQ(copay_of(1), 1);
  EXPECT_EQ(copay_of(0), 0);
}

TEST(Copay, RoundsHalfACentUp) {
  EXPECT_EQ(copay_of(7004), 700);
  EXPECT_EQ(copay_of(7005), 701);
  EXPECT_EQ(copay_of(7006), 701);
  EXPECT_EQ(copay_of(9995), 1000);
  EXPECT_EQ(copay_of(9994), 999);
}

TEST(Copay, IsDueFromTheEighteenthBirthday) {
  EXPECT_EQ(copay_of(7000, civil(2008, 3, 2)), 700);
  EXPECT_EQ(copay_of(7000, civil(2008, 3, 3)), 0);
}

TEST(Copay, BornOnThe29thOfFebruaryItIsDueFromTheFirstOfMarch) {
  const RuleSet& rules = *shipped_rule_set_on(on);
  EXPECT_EQ(copay(rules, Cents{7000}, civil(2026, 2, 28), civil(2008, 2, 29), false).value, 0);
  EXPECT_EQ(copay(rules, Cents{7000}, civil(2026, 3, 1), civil(2008, 2, 29), false).value, 700);
}

TEST(Copay, IsNotDueFromSomebodyExempt) { EXPECT_EQ(copay_of(7000, adult, true), 0); }

}  // namespace
}  // namespace geleit
