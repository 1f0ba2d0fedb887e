#include "projections/rule_book.h"

#include <gtest/gtest.h>

#include "events/civil_time.h"
#include "events/sha256.h"

namespace geleit {
namespace {

class Book : public testing::Test {
 protected:
  Book() {
    const auto& set = *shipped_rule_sets().back();
    book.adopt({SettingsScope::shipped, set.from(), set.hash(), set.content()});
  }
  static std::string content(std::string_view provider, std::string_view from, std::string_view settings) {
    std::string out = "{\"from\":\"" + std::string(from) + "\",";
    if (!provider.empty()) out += "\"provider\":\"" + std::string(provider) + "\",";
    return out + "\"settings\":" + std::string(settings) + "}";
  }
  static std::string home(int units) {
    return R"({"rules":{"SMN-HOME":{"units":)" + std::to_string(units) + "}}}";
  }
  /// Minutes at home that SMN-HOME wants of a provider on a day.
  [[nodiscard]] int wanted(std::string_view provider, CivilDate on) const {
    return book.at(book.in_force(provider, on)).numbers().smn_home_minutes.value;
  }

  RuleBook book;
  const CivilDate june = civil(2026, 6, 30), july = civil(2026, 7, 1), august = civil(2026, 8, 1);
};

TEST_F(Book, WithoutSettingsTheShippedSetIsInForce) {
  EXPECT_EQ(wanted("hana", july), 180);
  EXPECT_EQ(&book.at(book.in_force("hana", july)), book.all().front().get());
}

TEST_F(Book, ASetHoldsForItsProviderFromItsDayOn) {
  book.adopt(content("hana", "2026-07-01", home(2)), Version{1});
  EXPECT_EQ(wanted("hana", june), 180);
  EXPECT_EQ(wanted("hana", july), 120);
  EXPECT_EQ(wanted("other", july), 180);
  EXPECT_EQ(wanted("", july), 180);
}

TEST_F(Book, TheSetThatBeganLastHoldsAndOfOneDayTheOneAdoptedLast) {
  book.adopt(content("hana", "2026-08-01", home(4)), Version{1});
  book.adopt(content("hana", "2026-07-01", home(2)), Version{2});
  EXPECT_EQ(wanted("hana", july), 120);
  EXPECT_EQ(wanted("hana", august), 240) << "what is adopted later for an earlier day ends where it did";
  book.adopt(content("hana", "2026-07-01", home(1)), Version{3});
  EXPECT_EQ(wanted("hana", july), 60);
  book.adopt(content("hana", "2026-07-01", home(2)), Version{4});
  EXPECT_EQ(wanted("hana", july), 120) << "the same content once more";
  book.adopt(content("hana", "2026-08-01", "{}"), Version{5});
  EXPECT_EQ(wanted("hana", august), 180) << "nothing set takes everything back";
  EXPECT_EQ(book.last_adopted("hana"), Version{5});
  EXPECT_EQ(book.adopted().size(), 5U);
}

TEST_F(Book, TheProvidersValuesLieOverTheInstallations) {
  book.adopt(content("", "2026-07-01", R"({"rules":{"SMN-HOME":{"units":5},"SMN-MAX-UNITS":{"units":30}}})"),
             Version{2});
  book.adopt(content("hana", "2026-07-01", home(2)), Version{1});
  const RuleSet& set = book.at(book.in_force("hana", july));
  EXPECT_EQ(set.numbers().smn_home_minutes, Minutes{120});
  EXPECT_EQ(set.numbers().smn_max_units, 30);
  EXPECT_EQ(wanted("other", july), 300);
  EXPECT_EQ(set.entry(Rule::smn_home, july).values.front().set_by, SettingsScope::provider);
  EXPECT_EQ(set.entry(Rule::smn_max_units, july).values.front().set_by, SettingsScope::installation);
  EXPECT_EQ(set.entry(Rule::smn_min_units, july).values.front().set_by, SettingsScope::shipped);
  EXPECT_NE(set.entry(Rule::smn_max_units, july).text_de.find("30 Einheiten"), std::string::npos);
}

TEST_F(Book, WhatNamesASetInARowFindsItAgain) {
  book.adopt(content("", "2026-07-01", home(5)), Version{2});
  book.adopt(content("hana", "2026-07-01", home(2)), Version{1});
  book.adopt(content("other", "2026-07-01", R"({"targets":[{"year":2026,"units":9}]})"), Version{1});
  for (const char* const provider : {"", "hana", "other"}) {
    for (const CivilDate day : {june, july}) {
      const RuleSet& set = book.at(book.in_force(provider, day));
      EXPECT_EQ(book.find_named(set.hash()), &set) << provider << set.name();
    }
  }
  EXPECT_EQ(book.at(book.in_force("other", july)).hash(), book.at(book.in_force("", july)).hash())
      << "a target changes no rule";
  Hash unknown = book.at(book.in_force("hana", july)).hash();
  unknown.words[3] ^= 1;
  EXPECT_EQ(book.find_named(unknown), nullptr);
}

TEST_F(Book, AContractsValuesAreSeenByWhoKnowsTheInsurer) {
  book.adopt(content("hana", "2026-07-01",
                     R"({"contracts":[{"contract":"vdek","insurers":["104212059"],
                         "rules":{"SMN-MAX-UNITS":{"units":24}}}]})"),
             Version{1});
  const JudgedBy judged_by = book.in_force("hana", july);
  EXPECT_EQ(book.find(judged_by)->numbers().smn_max_units, 20);
  EXPECT_EQ(book.find(judged_by, "")->numbers().smn_max_units, 20);
  EXPECT_EQ(book.find(judged_by, "999999999")->numbers().smn_max_units, 20);
  EXPECT_EQ(book.find(judged_by, "104212059")->numbers().smn_max_units, 24);
}

TEST_F(Book, ASetOfWhichAPartWasNotReadIsNotFound) {
  const std::string text = content("hana", "2026-07-01", home(2));
  JudgedBy judged_by = book.in_force("hana", july);
  judged_by.provider = sha256(text);
  EXPECT_EQ(book.find(judged_by), nullptr);
  EXPECT_EQ(book.missing(judged_by), std::vector{judged_by.provider});
  EXPECT_THROW((void)book.at(judged_by), std::runtime_error);
  book.adopt(text, Version{1});
  EXPECT_TRUE(book.missing(judged_by).empty());
  EXPECT_EQ(book.at(judged_by).numbers().smn_home_minutes, Minutes{120});
}

TEST_F(Book, SettingsMustLieInTheirOwnStreamAndBeWhatTheirEventSays) {
  const std::string text = content("hana", "2026-07-01", home(2));
  Event event;
  event.stream = provider_stream("hana");
  event.version = Version{1};
  event.payload = SettingsAdopted{SettingsScope::provider, july, sha256(text), text};
  Event stray = event;
  stray.stream = provider_stream("other");
  EXPECT_THROW(book.adopt(stray), std::invalid_argument);
  Event backdated = event;
  std::get<SettingsAdopted>(backdated.payload).from = june;
  EXPECT_THROW(book.adopt(backdated), std::invalid_argument);
  EXPECT_EQ(wanted("hana", july), 180);
  book.adopt(event);
  EXPECT_EQ(wanted("hana", july), 120);
}

}  // namespace
}  // namespace geleit
