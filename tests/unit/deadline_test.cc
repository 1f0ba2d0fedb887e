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

TEST(Deadline, ANoticeCountsOnTheFourthDayWhateverDayThatIs) {
  EXPECT_EQ(notice_deadline(rules(), civil(2026, 1, 27)).acts_on, civil(2026, 1, 31));  // a Saturday
  EXPECT_EQ(notice_deadline(rules(), civil(2026, 3, 30)).acts_on, civil(2026, 4, 3));   // Karfreitag
  EXPECT_EQ(notice_deadline(rules(), civil(2024, 12, 31)).acts_on, civil(2025, 1, 3));
  EXPECT_EQ(notice_deadline(rules(), civil(2025, 1, 1)).acts_on, civil(2025, 1, 5));
}

TEST(Deadline, TheLastDayForTheFirstUnitIsTheDayBeforeTheFourteenthBirthday) {
  EXPECT_EQ(age_deadline(rules(), civil(2012, 5, 10), false).due_on, civil(2026, 5, 9));
  EXPECT_EQ(age_deadline(rules(), civil(2012, 5, 10), true).due_on, civil(2030, 5, 9));
  EXPECT_EQ(age_deadline(rules(), civil(2012, 2, 29), false).due_on, civil(2026, 2, 28));
  EXPECT_EQ(no_copay_deadline(rules(), civil(2008, 3, 2)).due_on, civil(2026, 3, 1));
}

TEST(Deadline, RecordsAreKeptForTenYearsAndInvoicesForEightFromTheEndOfTheirYear) {
  EXPECT_EQ(retention_deadline(rules(), civil(2026, 5, 22), false).due_on, civil(2036, 5, 22));
  EXPECT_EQ(retention_deadline(rules(), civil(2024, 2, 29), false).due_on, civil(2034, 2, 28));
  EXPECT_EQ(retention_deadline(rules(), civil(2026, 1, 1), true).due_on, civil(2034, 12, 31));
  EXPECT_EQ(retention_deadline(rules(), civil(2026, 12, 31), true).due_on, civil(2034, 12, 31));
}

/// What a case manager reads about a decision on an application received on 13 March 2026.
std::string decision_said(Language language, bool expert = false) {
  const CivilDate received = civil(2026, 3, 13);
  return explain(
      rules(),
      {Rule::gkv_decision, received, decision_deadline(rules(), received, expert, germany), germany, expert},
      language);
}

TEST(Explanation, NamesTheHolidayOnWhichAPeriodEndsAndTheDayToWhichItMoves) {
  EXPECT_EQ(decision_said(Language::de),
            "Antragseingang bei der Krankenkasse am Fr 13.03.2026. Sie hat 3 Wochen Zeit zu entscheiden, "
            "also bis Fr 03.04.2026 (Karfreitag) → Di 07.04.2026. An einem Wochenende oder Feiertag endet "
            "diese Frist nicht, sondern am nächsten Werktag.");
  EXPECT_EQ(decision_said(Language::en),
            "Application received by the insurer on Fri 2026-03-13. It has 3 weeks to decide, that is until "
            "Fri 2026-04-03 (Karfreitag) → Tue 2026-04-07. This period does not end on a weekend or holiday "
            "but on the next working day.");
}

TEST(Explanation, SaysNoMoreThanTheDayWhereNothingMovesIt) {
  EXPECT_EQ(decision_said(Language::de, true),
            "Antragseingang bei der Krankenkasse am Fr 13.03.2026. Weil sie ein Gutachten einholt und das "
            "mitgeteilt hat, hat sie 5 Wochen Zeit zu entscheiden, also bis Fr 17.04.2026.");
}

TEST(Explanation, NamesTheLastWorkingDayOfAWindowThatDoesNotMove) {
  const CivilDate discharged = civil(2026, 2, 20);
  const DeadlineStory story{Rule::smn_start, discharged, start_deadline(rules(), discharged, germany),
                            germany};
  EXPECT_EQ(explain(rules(), story, Language::de),
            "Entlassung am Fr 20.02.2026. Bis zur ersten Einheit hat die Einrichtung 6 Wochen (42 Tage) "
            "Zeit, also bis Fr 03.04.2026 (Karfreitag). Diese Frist verschiebt sich nicht: der letzte "
            "Werktag davor ist Do 02.04.2026; der nächste danach, Di 07.04.2026, ist nur ein Hinweis.");
  EXPECT_EQ(explain(rules(), story, Language::en),
            "Discharged on Fri 2026-02-20. The provider has 6 weeks (42 days) until the first unit, that is "
            "until Fri 2026-04-03 (Karfreitag). This period does not move: the last working day before its "
            "end is Thu 2026-04-02; the next one after it, Tue 2026-04-07, is a hint only.");
}

TEST(Explanation, TellsTheCompletionWithTheEarlierDayFromTheDischarge) {
  const CivilDate first = civil(2026, 3, 2);
  const DeadlineStory story{Rule::smn_complete, first,
                            complete_deadline(rules(), first, civil(2026, 2, 20), germany), germany};
  EXPECT_EQ(explain(rules(), story, Language::de),
            "Erste Einheit nach der Entlassung am Mo 02.03.2026. Für die ganze Nachsorge hat die Einrichtung "
            "12 Wochen (84 Tage) Zeit, also bis Mo 25.05.2026 (Pfingstmontag); ein späterer Besuch braucht "
            "einen Grund. Diese Frist verschiebt sich nicht: der letzte Werktag davor ist Fr 22.05.2026. Von "
            "der Entlassung an gezählt wäre es Fr 15.05.2026 (nur als Hinweis).");
}

TEST(Explanation, TellsHowAnObjectionWasCounted) {
  const CivilDate posted = civil(2026, 1, 27);
  DeadlineStory story{Rule::gkv_objection, posted, objection_deadline(rules(), posted, true, germany),
                      germany};
  EXPECT_EQ(explain(rules(), story, Language::de),
            "Zur Post gegeben am Di 27.01.2026, bekannt gegeben am Sa 31.01.2026, dem 4. Tag danach. Für den "
            "Widerspruch hat man 1 Monat Zeit, also bis Sa 28.02.2026 → Mo 02.03.2026. An einem Wochenende "
            "oder Feiertag endet diese Frist nicht, sondern am nächsten Werktag.");
  story.instruction_given = false;
  story.dates = objection_deadline(rules(), posted, false, germany);
  EXPECT_EQ(
      explain(rules(), story, Language::en),
      "Posted on Tue 2026-01-27, notified on Sat 2026-01-31, day 4 after. As the instruction on "
      "remedies is missing or wrong, the time for an objection is 1 year, that is until Sun 2027-01-31 "
      "→ Mon 2027-02-01. This period does not end on a weekend or holiday but on the next working day.");
}

TEST(Explanation, UnderSgb9NamesTheDayOfTheOpinionOrTheTwoMonths) {
  const CivilDate received = civil(2026, 3, 2);
  DeadlineStory story{Rule::gkv_decision,
                      received,
                      decision_deadline_sgb9(rules(), received, civil(2026, 3, 20), germany),
                      germany,
                      true,
                      true};
  EXPECT_EQ(
      explain(rules(), story, Language::de),
      "Antragseingang bei der Krankenkasse am Mo 02.03.2026. Das Gutachten kam am Fr 20.03.2026; danach "
      "hat sie 2 Wochen Zeit zu entscheiden (§ 14 SGB IX), also bis Fr 03.04.2026 (Karfreitag) → Di "
      "07.04.2026. An einem Wochenende oder Feiertag endet diese Frist nicht, sondern am nächsten "
      "Werktag.");
  story.dates = decision_deadline_sgb9(rules(), received, civil(2026, 4, 19), germany);
  EXPECT_NE(explain(rules(), story, Language::de).find("in allem höchstens 2 Monate"), std::string::npos);
}

TEST(Explanation, TellsUntilWhenAChildMayBegin) {
  const CivilDate born = civil(2012, 5, 10);
  EXPECT_EQ(
      explain(rules(), {Rule::smn_age, born, age_deadline(rules(), born, false), germany}, Language::de),
      "Geboren am Do 10.05.2012. Das 14. Lebensjahr ist mit Ablauf von Sa 09.05.2026 vollendet: das ist "
      "der letzte Tag für die erste Einheit. Ab So 10.05.2026 ist sie nur in einem besonders "
      "schwerwiegenden Fall möglich, längstens bis Do 09.05.2030.");
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
          std::pair{Rule::smn_age, age_deadline(rules(), day, false)},
          std::pair{Rule::st_copay, no_copay_deadline(rules(), day)},
          std::pair{Rule::gkv_decision_expert, decision_deadline(rules(), day, true, germany)},
          std::pair{Rule::gkv_fiction, decision_deadline(rules(), day, false, germany)},
          std::pair{Rule::gkv_notice, notice_deadline(rules(), day)},
          std::pair{Rule::rec_retention, retention_deadline(rules(), day, false)},
          std::pair{Rule::cal_event_day, counted_deadline(Rule::cal_event_day, day, 0)},
          std::pair{Rule::cal_weeks, counted_deadline(Rule::cal_weeks, day, 0)},
          std::pair{Rule::cal_months, counted_deadline(Rule::cal_months, day, 0)},
          std::pair{Rule::cal_roll, action_deadline(day, germany)},
          std::pair{Rule::cal_no_roll, window_deadline(day, germany)},
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
