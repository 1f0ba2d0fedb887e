#include "projections/rules/rule_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "projections/rules/catalogue.h"
#include "tests/unit/shipped_rules.h"

namespace geleit {
namespace {

using testing::shipped;

std::string document() { return shipped().content(); }

/// The shipped document with one passage changed.
std::string with(std::string_view passage, std::string_view instead) {
  std::string text = document();
  const std::size_t at = text.find(passage);
  EXPECT_NE(at, std::string::npos) << passage;
  return text.replace(at, passage.size(), instead);
}

/// What parse says against the document; empty when it says nothing.
std::string complaint(const std::string& text) {
  try {
    (void)RuleSet::parse(text);
    return {};
  } catch (const std::invalid_argument& error) { return error.what(); }
}

TEST(RuleSet, HasAnEntryForEveryRuleWithTitleTextAndSourceInTheOrderOfTheirNumbers) {
  std::vector<bool> found(rule_count, false);
  int last = -1;
  for (const RuleEntry& entry : shipped().entries()) {
    const int number = static_cast<int>(entry.rule);
    EXPECT_GE(number, last) << word(entry.rule);
    last = number;
    found[static_cast<std::size_t>(number)] = true;
    EXPECT_FALSE(entry.title_de.empty() || entry.title_en.empty()) << word(entry.rule);
    EXPECT_FALSE(entry.text_de.empty() || entry.text_en.empty()) << word(entry.rule);
    EXPECT_FALSE(entry.source.empty()) << word(entry.rule);
  }
  for (std::size_t i = 0; i < rule_count; ++i) EXPECT_TRUE(found[i]) << words<Rule>[i];
}

TEST(RuleSet, IsTheFileInTheRepository) {
  std::ifstream file("schema/rules/smn-st-2026-01.toml", std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  EXPECT_EQ(document(), bytes.str());
  EXPECT_EQ(shipped().hash(), sha256(bytes.str()));
  EXPECT_EQ(shipped().name(), "2026-01");
}

TEST(RuleSet, HoldsFromBeforeTheFirstSimulatedDecade) {
  EXPECT_EQ(shipped_rule_set_on(civil(2026, 3, 2))->name(), "2026-01");
  EXPECT_EQ(shipped_rule_set_on(civil(2000, 1, 1))->name(), "2026-01");
  EXPECT_EQ(shipped_rule_set_on(civil(1980, 1, 1))->name(), "2026-01");
  EXPECT_EQ(shipped().from(), civil(2000, 1, 1));
}

TEST(RuleSet, HasTheNumbersOfTheBenefits) {
  const RuleNumbers& n = shipped().numbers();
  EXPECT_EQ(n.smn_age_years, 14);
  EXPECT_EQ(n.smn_age_severe_years, 18);
  EXPECT_EQ(n.smn_severe_stays, 3);
  EXPECT_EQ(n.smn_severe_months, 12);
  EXPECT_EQ(n.smn_prescriber_window_days, 42);
  EXPECT_EQ(n.smn_min_units, 6);
  EXPECT_EQ(n.smn_max_units, 20);
  EXPECT_EQ(n.smn_home_minutes, Minutes{180});
  EXPECT_EQ(n.smn_step_minutes, 15);
  EXPECT_EQ(n.smn_start_days, 42);
  EXPECT_EQ(n.smn_complete_days, 84);
  EXPECT_EQ(n.smn_complete_amber_days, 42);
  EXPECT_EQ(n.smn_complete_anchor, CompleteAnchor::first_unit_after_discharge);
  EXPECT_EQ(n.smn_extension_units_max, 10);
  EXPECT_EQ(n.smn_settings_with_reason, std::vector{Setting::ambulatory});
  EXPECT_EQ(n.st_total_minutes, Minutes{7200});
  EXPECT_EQ(n.st_total_years, 3);
  EXPECT_EQ(n.st_window, StWindow::first_unit);
  EXPECT_EQ(n.st_referral_units_max, 30);
  EXPECT_EQ(n.st_trial_units_max, 5);
  EXPECT_EQ(n.st_trials_per_year, 2);
  EXPECT_TRUE(n.st_trials_count);
  EXPECT_EQ(n.st_other_prescriber_units_max, 5);
  EXPECT_EQ(n.st_group_minutes, 90);
  EXPECT_EQ(n.st_group_people_max, 12);
  EXPECT_EQ(n.st_group_weight_minutes, 90);
  EXPECT_EQ(n.st_gaf_max, 40);
  EXPECT_EQ(n.st_gaf_upper_bound, 50);
  EXPECT_EQ(n.gkv_regime, Regime::sgb5_13_3a);
  EXPECT_EQ(n.gkv_decision_weeks, 3);
  EXPECT_EQ(n.gkv_decision_expert_weeks, 5);
  EXPECT_EQ(n.gkv_sgb9_decision_weeks, 3);
  EXPECT_EQ(n.gkv_sgb9_opinion_weeks, 2);
  EXPECT_EQ(n.gkv_sgb9_total_months, 2);
  EXPECT_EQ(n.gkv_objection_months, 1);
  EXPECT_EQ(n.gkv_objection_no_instruction_years, 1);
  EXPECT_EQ(n.st_copay_percent, 10);
  EXPECT_EQ(n.st_copay_min, Cents{500});
  EXPECT_EQ(n.st_copay_max, Cents{1000});
  EXPECT_EQ(n.st_copay_age_years, 18);
  EXPECT_EQ(n.rec_treatment_years, 10);
  EXPECT_EQ(n.rec_invoice_years, 8);
}

TEST(RuleSet, EveryPrescriberHasOnePlaceInSmn) {
  const RuleNumbers& n = shipped().numbers();
  const auto in = [](const std::vector<PrescriberKind>& kinds, PrescriberKind kind) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  for (std::size_t i = 0; i < words<PrescriberKind>.size(); ++i) {
    const auto kind = static_cast<PrescriberKind>(i);
    EXPECT_FALSE(in(n.smn_prescribers_at_any_time, kind) && in(n.smn_prescribers_within_window, kind))
        << word(kind);
    const bool contract_doctor = in(n.smn_prescribers_within_window, kind);
    EXPECT_EQ(in(n.smn_prescribers_flagged, kind), contract_doctor && kind != PrescriberKind::paediatrician)
        << word(kind);
  }
  EXPECT_FALSE(in(n.smn_prescribers_within_window, PrescriberKind::other));
  EXPECT_FALSE(in(n.smn_prescribers_within_window, PrescriberKind::psychological_psychotherapist));
  EXPECT_FALSE(in(n.st_prescribers, PrescriberKind::rehab));
  EXPECT_TRUE(in(n.st_prescribers, PrescriberKind::psychiatric_outpatient_clinic));
}

TEST(RuleSet, AnnouncementsTakeFourDaysSince2025AndThreeBefore) {
  EXPECT_EQ(shipped().notice_days(civil(2024, 12, 31)), 3);
  EXPECT_EQ(shipped().notice_days(civil(2025, 1, 1)), 4);
  EXPECT_EQ(shipped().notice_days(civil(1995, 1, 1)), 3);
  EXPECT_EQ(shipped().entry(Rule::gkv_notice, civil(2024, 12, 31)).until, civil(2024, 12, 31));
  EXPECT_FALSE(shipped().entry(Rule::gkv_notice, civil(2025, 1, 1)).until);
}

TEST(RuleSet, FirmRulesAreLockedAndOthersAreNot) {
  for (const RuleEntry& entry : shipped().entries()) {
    EXPECT_EQ(entry.locked, entry.sure == Sure::firm) << word(entry.rule);
    for (const RuleValue& value : entry.values)
      EXPECT_EQ(value.locked, value.sure == Sure::firm) << value.name;
  }
  EXPECT_TRUE(shipped().entry(Rule::gkv_decision, civil(2026, 1, 1)).locked);
  EXPECT_FALSE(shipped().entry(Rule::smn_home, civil(2026, 1, 1)).locked);
}

TEST(RuleSet, AValueMayBeLessSureThanItsRule) {
  for (const RuleValue& value : shipped().entry(Rule::smn_unit, civil(2026, 1, 1)).values) {
    EXPECT_EQ(value.sure, value.name == "step_minutes" ? Sure::open : Sure::firm) << value.name;
  }
}

TEST(RuleSet, TellsHowARuleActs) {
  EXPECT_EQ(shipped().acts(Rule::smn_age), Acts::reject);
  EXPECT_EQ(shipped().acts(Rule::smn_min_units), Acts::reason);
  EXPECT_EQ(shipped().acts(Rule::smn_prescriber_gp), Acts::flag);
  EXPECT_EQ(shipped().acts(Rule::smn_start), Acts::computed);
}

TEST(RuleSet, SaysARuleInBothLanguagesWithItsValues) {
  EXPECT_EQ(shipped().title(Rule::smn_home, Language::de), "Hausbesuche");
  EXPECT_EQ(shipped().title(Rule::smn_home, Language::en), "Home visits");
  EXPECT_EQ(shipped().text(Rule::smn_home, Language::de),
            "Mindestens 3 Einheiten werden im häuslichen Umfeld erbracht.");
}

TEST(RuleSet, AChangedHomeVisitMinimumIsInForceAndInTheSentence) {
  const std::string text = with("id = \"SMN-HOME\"", "id = \"SMN-HOME\" #");
  const std::size_t home = text.find("id = \"SMN-HOME\"");
  const std::size_t value = text.find("units = 3", home);
  const auto changed = RuleSet::parse(std::string(text).replace(value, 9, "units = 4"));
  EXPECT_EQ(changed->numbers().smn_home_minutes, Minutes{240});
  EXPECT_EQ(changed->text(Rule::smn_home, Language::en), "At least 4 units are delivered at home.");
  EXPECT_NE(changed->hash(), shipped().hash());
}

TEST(RuleSet, RangesOfDiagnosesAreListedFromFirstToLast) {
  const std::vector<std::string>& smn = shipped().numbers().smn_indication_prefixes;
  for (const char* icd : {"P05", "P07.12", "P08.9", "P20", "P29.0", "Q00", "Q99.9", "C00", "C97", "C91.0",
                          "E10.9", "E84.0", "G40.3", "G80.1", "J45.9", "p07.1"}) {
    EXPECT_TRUE(is_listed(smn, icd)) << icd;
  }
  for (const char* icd : {"P04", "P09", "P19", "P30", "C98", "E11", "E85", "G41", "J44", "F90.0", "", "P"}) {
    EXPECT_FALSE(is_listed(smn, icd)) << icd;
  }
  const std::vector<std::string>& st = shipped().numbers().st_indication_prefixes;
  for (const char* icd : {"F20.0", "F20.6", "F21", "F22.8", "F24", "F25.1", "F31.5", "F32.3", "F33.3"}) {
    EXPECT_TRUE(is_listed(st, icd)) << icd;
  }
  for (const char* icd : {"F20.8", "F20.9", "F20", "F23", "F31.4", "F32.2", "F33.2"}) {
    EXPECT_FALSE(is_listed(st, icd)) << icd;
  }
  EXPECT_TRUE(is_listed(shipped().numbers().st_indication_other_prefixes, "F99"));
  EXPECT_FALSE(is_listed(shipped().numbers().st_indication_other_prefixes, "G00"));
}

TEST(RuleSet, AMistakeIsRefusedWithTheRuleAndTheField) {
  EXPECT_EQ(complaint(document()), "");
  EXPECT_EQ(complaint(with("units = 6 }", "units = \"6\" }")),
            "rule set: SMN-MIN-UNITS.units: expected a whole number from 0 to 1,000,000, but it is not");
  EXPECT_EQ(complaint(with("units = 6 }", "unit = 6 }")),
            "rule set: SMN-MIN-UNITS.units: expected a value, but it is missing");
  EXPECT_EQ(complaint(with("units = 6 }", "units = 6, more = 1 }")),
            "rule set: SMN-MIN-UNITS: unknown field 'more'");
  EXPECT_EQ(complaint(with("units = 6 }", "units = -6 }")),
            "rule set: SMN-MIN-UNITS.units: expected a whole number from 0 to 1,000,000, but it is not");
  EXPECT_EQ(complaint(with("title_de = \"Altersgrenze\"\n", "")),
            "rule set: SMN-AGE.title_de: expected a value, but it is missing");
  EXPECT_EQ(
      complaint(with("acts = \"flag\"", "acts = \"warn\"")),
      "rule set: SMN-PRESCRIBER-GP.acts: expected one of reject, reason, flag, computed, but it is not");
  EXPECT_EQ(complaint(with("locked = true", "locked = false")),
            "rule set: SMN-AGE.locked: expected true for a firm rule and false for others, but it is not");
  EXPECT_EQ(complaint(with("id = \"SMN-HOME\"", "id = \"SMN-HOUSE\"")),
            "rule set: SMN-HOUSE: expected the id of a known rule, but it is not");
  EXPECT_EQ(complaint(with("Mindestens {units} Einheiten", "Mindestens {unit} Einheiten")),
            "rule set: SMN-HOME.text_de: the text names a value that the rule does not have");
  EXPECT_EQ(complaint(with("\"P05-P08\"", "\"P08-P05\"")),
            "rule set: SMN-INDICATION: expected a range that goes up, but it is P08-P05");
  EXPECT_EQ(complaint(with("\"P05-P08\"", "\"P05-Q08\"")),
            "rule set: SMN-INDICATION: expected a range like P05-P08, but it is P05-Q08");
  EXPECT_EQ(
      complaint(with("from = 2025-01-01", "from = 2025-01-02")),
      "rule set: GKV-NOTICE: expected each period to begin on the day after the one before, but it does not");
  EXPECT_EQ(complaint(with("name = \"2026-01\"", "nam = \"2026-01\"")),
            "rule set: document.name: expected a value, but it is missing");
  EXPECT_NE(complaint("name = "), "");
  EXPECT_NE(complaint(""), "");
}

TEST(RuleSet, ASecondEntryIsRefusedWhereNoPeriodsAreForeseen) {
  std::string text = document();
  const std::size_t home = text.rfind("[[rule]]", text.find("id = \"SMN-HOME\""));
  const std::string block = text.substr(home, text.find("[[rule]]", home + 1) - home);
  EXPECT_EQ(complaint(text.insert(home, block)),
            "rule set: SMN-HOME: expected one entry, but there are more");
}

TEST(RuleSet, AMissingRuleIsRefused) {
  std::string text = document();
  text.erase(text.rfind("[[rule]]"));
  EXPECT_EQ(complaint(text), "rule set: REC-PSEUDONYM: expected an entry for every rule, but it is missing");
}

}  // namespace
}  // namespace geleit
