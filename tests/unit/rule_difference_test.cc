#include "projections/rules/rule_difference.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "events/civil_time.h"
#include "tests/unit/shipped_rules.h"

namespace geleit {
namespace {

using testing::shipped;

/// The shipped set with one text put in the place of another.
std::shared_ptr<const RuleSet> shipped_with(std::string_view old_text, std::string_view new_text) {
  std::string toml = shipped().content();
  const auto at = toml.find(old_text);
  if (at == std::string::npos) throw std::logic_error("the shipped set has another text");
  return RuleSet::parse(toml.replace(at, old_text.size(), new_text));
}

TEST(RuleDifference, ASetDoesNotDifferFromItself) {
  EXPECT_TRUE(differences_of(shipped(), shipped()).empty());
}

TEST(RuleDifference, NamesAndCommentsAreNone) {
  EXPECT_TRUE(
      differences_of(shipped(), *shipped_with("name = \"2026-01\"", "# new\nname = \"2027\"")).empty());
}

TEST(RuleDifference, AnotherNumberIsToldWithTheSentenceThatNamesIt) {
  const auto newer = shipped_with("values = { units = 3 }", "values = { units = 4 }");
  const auto found = differences_of(shipped(), *newer);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rule, Rule::smn_home);
  const std::vector<RuleChange> expected{
      {"units", "3", "4"},
      {"text_de", "Mindestens 3 Einheiten werden im häuslichen Umfeld erbracht.",
       "Mindestens 4 Einheiten werden im häuslichen Umfeld erbracht."},
      {"text_en", "At least 3 units are delivered at home.", "At least 4 units are delivered at home."}};
  EXPECT_EQ(found[0].changes, expected);
  EXPECT_EQ(found[0].old_entry->values[0].value, "3");
  EXPECT_EQ(found[0].new_entry->values[0].value, "4");
}

TEST(RuleDifference, ALessCertainValueIsOne) {
  const auto newer =
      shipped_with("values = { units = 3 }", "values = { units = 3 }\nsure_of = { units = \"open\" }");
  const auto found = differences_of(shipped(), *newer);
  ASSERT_EQ(found.size(), 1u);
  const std::vector<RuleChange> expected{{"units.sure", std::nullopt, "open"}};
  EXPECT_EQ(found[0].changes, expected);
}

TEST(RuleDifference, APeriodThatOnlyOneSetHasIsNewAndTheOneBeforeItEnds) {
  const std::string last_period = "from = 2025-01-01\nvalues = { days = 4 }";
  const std::string text_de =
      "Ein zur Post gegebener oder elektronisch übermittelter Bescheid gilt am fünften Tag als bekannt "
      "gegeben.";
  const auto newer = shipped_with(
      last_period,
      "from = 2025-01-01\nuntil = 2029-12-31\nvalues = { days = 4 }\n\n[[rule]]\nid = \"GKV-NOTICE\"\n"
      "title_de = \"Bekanntgabe\"\ntitle_en = \"Notification\"\ntext_de = \"" +
          text_de +
          "\"\ntext_en = \"Notified on the fifth day.\"\nacts = \"computed\"\nsure = \"firm\"\n"
          "locked = true\nsource = \"invented\"\nfrom = 2030-01-01\nvalues = { days = 5 }");
  const auto found = differences_of(shipped(), *newer);
  ASSERT_EQ(found.size(), 2u);
  const std::vector<RuleChange> ends{{"until", std::nullopt, "2029-12-31"}};
  EXPECT_EQ(found[0].changes, ends);
  EXPECT_EQ(found[1].from, civil(2030, 1, 1));
  EXPECT_EQ(found[1].old_entry, nullptr);
  EXPECT_EQ(found[1].changes.front(), (RuleChange{"days", std::nullopt, "5"}));
  EXPECT_EQ(found[1].new_entry->text_de, text_de);
  // The other way round the same period goes.
  const auto back = differences_of(*newer, shipped());
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].new_entry, nullptr);
  EXPECT_EQ(back[1].changes.front(), (RuleChange{"days", "5", std::nullopt}));
}

TEST(RuleDifference, RulesStandInTheOrderOfTheRulebook) {
  std::string toml = shipped().content();
  for (const auto& [old_text, new_text] :
       {std::pair<std::string, std::string>{"values = { days = 42 }", "values = { days = 41 }"},
        {"values = { treatment_years = 10", "values = { treatment_years = 11"},
        {"values = { weeks = 5 }", "values = { weeks = 6 }"}}) {
    toml.replace(toml.find(old_text), old_text.size(), new_text);
  }
  std::vector<Rule> rules;
  for (const RuleDifference& found : differences_of(shipped(), *RuleSet::parse(toml)))
    rules.push_back(found.rule);
  EXPECT_EQ(rules,
            (std::vector{Rule::smn_prescriber_window, Rule::gkv_decision_expert, Rule::rec_retention}));
}

}  // namespace
}  // namespace geleit
