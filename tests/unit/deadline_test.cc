#include "projections/rules/deadline.h"

#include <gtest/gtest.h>

#include <ostream>

#include "events/civil_time.h"

namespace geleit {

void PrintTo(CivilDate date, std::ostream* out) { *out << to_string(date); }

namespace {

const RuleSet& rules() { return *shipped_rule_sets().back(); }
constexpr Calendar germany{};
constexpr Calendar bavaria{Land::by};

TEST(Deadline, TheInsurersThreeWeeksEndOnGoodFridayAndActOnTheTuesdayAfterEaster) {
  const DeadlineDates dates = decision_deadline(rules(), civil(2026, 3, 13), false, germany);
  EXPECT_EQ(dates.due_on, civil(2026, 4, 3));
  EXPECT_EQ(dates.acts_on, civil(2026, 4, 7));
  EXPECT_FALSE(dates.hint_on);
}

TEST(Deadline, TheStartWindowEndsOnGoodFridayAndIsNotRolled) {
  const DeadlineDates dates = start_deadline(rules(), civil(2026, 2, 20), germany);
  EXPECT_EQ(dates.due_on, civil(2026, 4, 3));
  EXPECT_EQ(dates.acts_on, civil(2026, 4, 3));
  EXPECT_EQ(dates.hint_on, civil(2026, 4, 7));
}

TEST(Deadline, AnObjectionEndsOnTheLastOfFebruaryAndActsOnTheMondayAfter) {
  const DeadlineDates dates = objection_deadline(rules(), civil(2026, 1, 27), true, germany);
  EXPECT_EQ(dates.due_on, civil(2026, 2, 28));
  EXPECT_EQ(dates.acts_on, civil(2026, 3, 2));
}

TEST(Deadline, AChildIsUnderFourteenUntilTheDayBeforeTheBirthday) {
  EXPECT_FALSE(has_completed(civil(2012, 5, 10), rules().numbers().smn_age_years, civil(2026, 5, 9)));
  EXPECT_TRUE(has_completed(civil(2012, 5, 10), rules().numbers().smn_age_years, civil(2026, 5, 10)));
}

TEST(Deadline, AStartWindowOnAWorkingDayHasNoHint) {
  const DeadlineDates dates = start_deadline(rules(), civil(2026, 2, 18), germany);
  EXPECT_EQ(dates.due_on, civil(2026, 4, 1));
  EXPECT_FALSE(dates.hint_on);
}

TEST(Deadline, TheLandsHolidaysDecideHowFarADecisionRolls) {
  // 14 May 2026 + 3 weeks is Fronleichnam, a holiday in Bavaria but not everywhere.
  EXPECT_EQ(decision_deadline(rules(), civil(2026, 5, 14), false, germany).acts_on, civil(2026, 6, 4));
  EXPECT_EQ(decision_deadline(rules(), civil(2026, 5, 14), false, bavaria).acts_on, civil(2026, 6, 5));
}

TEST(Deadline, AnExpertOpinionMakesFiveWeeks) {
  const DeadlineDates dates = decision_deadline(rules(), civil(2026, 3, 13), true, germany);
  EXPECT_EQ(dates.due_on, civil(2026, 4, 17));
  EXPECT_EQ(dates.acts_on, civil(2026, 4, 17));
}

TEST(Deadline, UnderSgb9TwoWeeksRunFromTheOpinionButTwoMonthsAreTheEnd) {
  const CivilDate received = civil(2026, 3, 2);
  EXPECT_EQ(decision_deadline_sgb9(rules(), received, {}, germany).due_on, civil(2026, 3, 23));
  EXPECT_EQ(decision_deadline_sgb9(rules(), received, civil(2026, 3, 20), germany).due_on, civil(2026, 4, 3));
  EXPECT_EQ(decision_deadline_sgb9(rules(), received, civil(2026, 3, 20), germany).acts_on,
            civil(2026, 4, 7));
  EXPECT_EQ(decision_deadline_sgb9(rules(), received, civil(2026, 4, 18), germany).due_on, civil(2026, 5, 2));
  EXPECT_EQ(decision_deadline_sgb9(rules(), received, civil(2026, 4, 19), germany).due_on, civil(2026, 5, 2));
  EXPECT_EQ(decision_deadline_sgb9(rules(), received, civil(2026, 4, 19), germany).acts_on,
            civil(2026, 5, 4));
}

TEST(Deadline, WhatWasPostedBefore2025CountsAsNotifiedOneDayEarlier) {
  EXPECT_EQ(objection_deadline(rules(), civil(2024, 12, 31), true, germany).due_on, civil(2025, 2, 3));
  EXPECT_EQ(objection_deadline(rules(), civil(2025, 1, 1), true, germany).due_on, civil(2025, 2, 5));
}

TEST(Deadline, TheNoticeItselfIsNotRolled) {
  // Posted on Tuesday 27 January: the fourth day is a Saturday, and the month runs from there.
  EXPECT_EQ(objection_deadline(rules(), civil(2026, 1, 27), true, germany).due_on, civil(2026, 2, 28));
}

TEST(Deadline, WithoutInstructionAnObjectionIsPossibleForAYear) {
  const DeadlineDates dates = objection_deadline(rules(), civil(2026, 1, 27), false, germany);
  EXPECT_EQ(dates.due_on, civil(2027, 1, 31));
  EXPECT_EQ(dates.acts_on, civil(2027, 2, 1));
  EXPECT_EQ(objection_deadline(rules(), civil(2024, 2, 26), false, germany).due_on, civil(2025, 2, 28));
}

TEST(Deadline, CompletionIsTwelveWeeksAfterTheAnchorWithTheDischargeAsEarlierWarning) {
  const DeadlineDates dates = complete_deadline(rules(), civil(2026, 3, 2), civil(2026, 2, 20), germany);
  EXPECT_EQ(dates.due_on, civil(2026, 5, 25));  // Whit Monday: not rolled
  EXPECT_EQ(dates.acts_on, civil(2026, 5, 25));
  EXPECT_EQ(dates.hint_on, civil(2026, 5, 15));
  EXPECT_FALSE(complete_deadline(rules(), civil(2026, 3, 2), {}, germany).hint_on);
}

TEST(Deadline, AContractDoctorPrescribesForSixWeeks) {
  const DeadlineDates dates = prescriber_window_deadline(rules(), civil(2026, 2, 20), germany);
  EXPECT_EQ(dates.due_on, civil(2026, 4, 3));
  EXPECT_EQ(dates.acts_on, civil(2026, 4, 3));
}

TEST(Deadline, TheThreeYearsOfSoziotherapieEndOnTheSameDate) {
  EXPECT_EQ(total_deadline(rules(), civil(2026, 3, 2), germany).due_on, civil(2029, 3, 2));
  EXPECT_EQ(total_deadline(rules(), civil(2024, 2, 29), germany).due_on, civil(2027, 2, 28));
  EXPECT_EQ(total_deadline(rules(), civil(2024, 2, 29), germany).acts_on, civil(2027, 2, 28));
  EXPECT_EQ(total_deadline(rules(), civil(2024, 2, 29), germany).hint_on, civil(2027, 3, 1));
}

TEST(Explanation, NamesTheDaysTheHolidayAndTheHint) {
  const CivilDate discharged = civil(2026, 2, 20);
  const DeadlineStory story{Rule::smn_start, discharged, start_deadline(rules(), discharged, germany),
                            germany};
  EXPECT_EQ(explain(rules(), story, Language::de),
            "Entlassung am Fr 20.02.2026 + 42 Tage: die erste Einheit ist spätestens am Fr 03.04.2026 "
            "(Karfreitag) zu "
            "erbringen. Wochenenden und Feiertage verschieben diese Frist nicht; nur als Hinweis: der "
            "nächste Werktag "
            "ist Di 07.04.2026.");
  EXPECT_EQ(
      explain(rules(), story, Language::en),
      "Discharged on Fri 2026-02-20 + 42 days: the first unit is to be delivered on Fri 2026-04-03 "
      "(Karfreitag) "
      "at the latest. Weekends and holidays do not move this period; as a hint only: the next working day is "
      "Tue 2026-04-07.");
}

TEST(Explanation, TellsHowAnObjectionWasCounted) {
  const CivilDate posted = civil(2026, 1, 27);
  DeadlineStory story{Rule::gkv_objection, posted, objection_deadline(rules(), posted, true, germany),
                      germany};
  EXPECT_EQ(explain(rules(), story, Language::de),
            "Zur Post gegeben am Di 27.01.2026, bekannt gegeben 4 Tage danach am Sa 31.01.2026; + 1 Monat: "
            "Widerspruch "
            "ist bis Sa 28.02.2026 möglich. Weil das kein Werktag ist, läuft die Frist bis Mo 02.03.2026.");
  story.instruction_given = false;
  story.dates = objection_deadline(rules(), posted, false, germany);
  EXPECT_EQ(explain(rules(), story, Language::en),
            "Posted on Tue 2026-01-27, notified 4 days later on Sat 2026-01-31; + 1 year, because the "
            "instruction on "
            "remedies is missing or wrong: an objection is possible until Sun 2027-01-31. As this is no "
            "working day, "
            "the period runs until Mon 2027-02-01.");
}

TEST(Explanation, EveryRuleThatYieldsADateHasASentenceInBothLanguages) {
  const CivilDate day = civil(2026, 3, 2);
  for (const Language language : {Language::de, Language::en}) {
    for (const bool expert : {false, true}) {
      for (const bool sgb9 : {false, true}) {
        const DeadlineDates dates = sgb9 ? decision_deadline_sgb9(rules(), day, {}, germany)
                                         : decision_deadline(rules(), day, expert, germany);
        const DeadlineStory story{Rule::gkv_decision, day, dates, germany, expert, sgb9};
        EXPECT_NE(explain(rules(), story, language).find(name_day(dates.due_on, germany, language)),
                  std::string::npos);
      }
    }
    for (const auto& [rule, dates] :
         {std::pair{Rule::smn_complete, complete_deadline(rules(), day, day - 10, germany)},
          std::pair{Rule::smn_prescriber_window, prescriber_window_deadline(rules(), day, germany)},
          std::pair{Rule::st_total, total_deadline(rules(), day, germany)}}) {
      const std::string text = explain(rules(), {rule, day, dates, germany}, language);
      EXPECT_NE(text.find(name_day(dates.due_on, germany, language)), std::string::npos) << text;
      EXPECT_NE(text.find(name_day(day, germany, language)), std::string::npos) << text;
      const std::string hint = dates.hint_on ? name_day(*dates.hint_on, germany, language) : "";
      EXPECT_NE(text.find(hint), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace geleit
