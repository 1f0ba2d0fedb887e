#include "projections/rules/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/rules/rule_set.h"
#include "projections/rules/settable.h"
#include "tests/unit/shipped_rules.h"

namespace geleit {
namespace {

using testing::shipped;

std::string document(const std::string& settings, const std::string& provider = "hana-muenchen") {
  return "{\"from\":\"2026-07-01\"," + (provider.empty() ? "" : "\"provider\":\"" + provider + "\",") +
         "\"settings\":" + settings + "}";
}

std::shared_ptr<const Settings> settings(const std::string& text,
                                         const std::string& provider = "hana-muenchen") {
  auto read = Settings::parse(document(text, provider));
  if (const auto* fault = std::get_if<SettingsFault>(&read)) {
    ADD_FAILURE() << text << ": " << fault->field << ": expected " << fault->expected_en << ", but "
                  << fault->found_en;
    return nullptr;
  }
  return std::get<std::shared_ptr<const Settings>>(read);
}

/// What cannot be read, and where.
SettingsFault wrong(const std::string& text) {
  auto read = Settings::parse(document(text));
  if (!std::holds_alternative<SettingsFault>(read)) {
    ADD_FAILURE() << "was read: " << text;
    return {};
  }
  auto fault = std::get<SettingsFault>(std::move(read));
  EXPECT_FALSE(fault.rule) << text;
  EXPECT_FALSE(fault.expected_de.empty() || fault.expected_en.empty()) << text;
  EXPECT_FALSE(fault.found_de.empty() || fault.found_en.empty()) << text;
  return fault;
}

/// What the shipped set does not allow, and where.
SettingsFault forbidden(const std::string& text) {
  const auto read = settings(text);
  auto fault = read ? read->not_allowed(shipped()) : std::nullopt;
  if (!fault) {
    ADD_FAILURE() << "is allowed: " << text;
    return {};
  }
  EXPECT_TRUE(fault->rule) << text;
  return *fault;
}

TEST(Settings, AreNamedByProviderDayAndContent) {
  const auto one = settings("{}");
  EXPECT_EQ(one->provider(), "hana-muenchen");
  EXPECT_EQ(one->scope(), SettingsScope::provider);
  EXPECT_EQ(one->from(), civil(2026, 7, 1));
  EXPECT_EQ(one->hash(), sha256(document("{}")));
  EXPECT_EQ(one->name(), "hana-muenchen@2026-07-01." + to_hex(one->hash()).substr(0, 8));
  const auto all = settings("{}", "");
  EXPECT_EQ(all->scope(), SettingsScope::installation);
  EXPECT_NE(all->hash(), one->hash());
}

TEST(Settings, SayWhereTheyCannotBeRead) {
  const std::vector<std::pair<std::string, std::string>> faults{
      {"[]", "settings"},
      {R"({"rooms":[]})", "settings.rooms"},
      {R"({"rules":[]})", "settings.rules"},
      {R"({"rules":{"SMN-FOO":{"units":3}}})", "settings.rules.SMN-FOO"},
      {R"({"rules":{"SMN-HOME":3}})", "settings.rules.SMN-HOME"},
      {R"({"rules":{"SMN-HOME":{"units":null}}})", "settings.rules.SMN-HOME.units"},
      {R"({"rules":{"SMN-HOME":{"units":2.5}}})", "settings.rules.SMN-HOME.units"},
      {R"({"contracts":[{"contract":"vdek"}]})", "settings.contracts[0].insurers"},
      {R"({"contracts":[{"contract":"vdek","insurers":["12345678"]}]})", "settings.contracts[0].insurers[0]"},
      {R"({"contracts":[{"contract":"a","insurers":["104212059"]},)"
       R"({"contract":"b","insurers":["104212059"]}]})",
       "settings.contracts[1].insurers[0]"},
      {R"({"prices":[{"benefit":"ST","from":"2026-01-01"}]})", "settings.prices[0].cents_per_unit"},
      {R"({"prices":[{"benefit":"ST","cents_per_unit":-1,"from":"2026-01-01"}]})",
       "settings.prices[0].cents_per_unit"},
      {R"({"prices":[{"benefit":"XY","cents_per_unit":1,"from":"2026-01-01"}]})",
       "settings.prices[0].benefit"},
      {R"({"prices":[{"benefit":"ST","cents_per_unit":1,"from":"2026-02-30"}]})", "settings.prices[0].from"},
      {R"({"prices":[{"benefit":"ST","cents_per_unit":1,"from":"2026-01-02","until":"2026-01-01"}]})",
       "settings.prices[0].until"},
      {R"({"prices":[{"benefit":"ST","cents_per_unit":1,"from":"2026-01-01","contract":"vdek"}]})",
       "settings.prices[0].contract"},
      {R"({"targets":[{"year":2025,"units":1},{"year":2025,"units":2}]})", "settings.targets[1].year"},
      {R"({"targets":[{"year":25,"units":1}]})", "settings.targets[0].year"},
      {R"({"steps":[{"step":"final_report","title":{"en":"Report"}}]})", "settings.steps[0].title.de"},
      {R"({"steps":[{"step":"final_report"},{"step":"final_report"}]})", "settings.steps[1].step"},
      {R"({"checklists":[{"step":"final_report","items":[]}]})", "settings.checklists[0].items"},
      {R"({"teams":[{"team":"Nord"}]})", "settings.teams[0].team"},
      {R"({"alerts":[]})", "settings.alerts"},
      {R"({"alerts":{"colour":"red"}})", "settings.alerts.colour"},
      {R"({"alerts":{"warnings":{"SMN-FOO":[1]}}})", "settings.alerts.warnings.SMN-FOO"},
      {R"({"alerts":{"warnings":{"SMN-AGE":[1]}}})", "settings.alerts.warnings.SMN-AGE"},
      {R"({"alerts":{"warnings":{"SMN-START":1}}})", "settings.alerts.warnings.SMN-START"},
      {R"({"alerts":{"warnings":{"SMN-START":[0]}}})", "settings.alerts.warnings.SMN-START"},
      {R"({"alerts":{"warnings":{"SMN-START":[91]}}})", "settings.alerts.warnings.SMN-START"},
      {R"({"alerts":{"warnings":{"SMN-START":[2.5]}}})", "settings.alerts.warnings.SMN-START"},
      {R"({"alerts":{"warnings":{"SMN-START":[3,5,3]}}})", "settings.alerts.warnings.SMN-START"},
      {R"({"alerts":{"warnings":{"SMN-START":[1,2,3,4,5,6,7]}}})", "settings.alerts.warnings.SMN-START"},
      {R"({"alerts":{"urgent":["SMN-START","SMN-HOME"]}})", "settings.alerts.urgent[1]"},
      {R"({"alerts":{"urgent":["SMN-START","SMN-START"]}})", "settings.alerts.urgent[1]"},
      {R"({"alerts":{"urgent":[1]}})", "settings.alerts.urgent[0]"},
      {R"({"alerts":{"escalate_after_hours":[8]}})", "settings.alerts.escalate_after_hours"},
      {R"({"alerts":{"escalate_after_hours":[8,16,24]}})", "settings.alerts.escalate_after_hours"},
      {R"({"alerts":{"escalate_after_hours":[8,241]}})", "settings.alerts.escalate_after_hours"},
      {R"({"alerts":{"work":{"from":"08:00"}}})", "settings.alerts.work.until"},
      {R"({"alerts":{"work":{"from":"08:00","until":"08:00"}}})", "settings.alerts.work.until"},
      {R"({"alerts":{"work":{"from":"8:00","until":"16:00"}}})", "settings.alerts.work.from"},
      {R"({"alerts":{"work":{"from":"08:00","until":"16:00","pause":"12:00"}}})",
       "settings.alerts.work.pause"},
      {R"({"alerts":{"quiet":{"from":"25:00","until":"07:00"}}})", "settings.alerts.quiet.from"},
      {R"({"alerts":{"quiet":{"from":"19:00"}}})", "settings.alerts.quiet.until"},
      {R"({"alerts":{"quiet":{"free_days":1}}})", "settings.alerts.quiet.free_days"},
      {R"({"alerts":{"quiet":{"to":"07:00"}}})", "settings.alerts.quiet.to"},
      {R"({"alerts":{"digest_at":7}})", "settings.alerts.digest_at"},
      {R"({"alerts":{"digest_at":"07:00","quiet":{"from":"19:00","until":"07:01"}}})",
       "settings.alerts.digest_at"},
      {R"({"alerts":{"singles_max":0}})", "settings.alerts.singles_max"},
      {R"({"alerts":{"singles_max":101}})", "settings.alerts.singles_max"},
      {R"({"alerts":{"snooze_days_max":91}})", "settings.alerts.snooze_days_max"},
      {R"({"alerts":{"land":"BY"}})", "settings.alerts.land"},
  };
  for (const auto& [text, field] : faults) EXPECT_EQ(wrong(text).field, field) << text;
  EXPECT_TRUE(std::holds_alternative<SettingsFault>(Settings::parse("this is no JSON [")));
}

TEST(Settings, OfALockedRuleAreRefusedAndNameIt) {
  for (const char* const text :
       {R"({"rules":{"GKV-DECISION":{"weeks":4}}})", R"({"rules":{"SMN-AGE":{"years":15}}})",
        R"({"rules":{"SMN-UNIT":{"minutes":45}}})", R"({"rules":{"ST-COPAY":{"percent":5}}})"}) {
    const SettingsFault fault = forbidden(text);
    EXPECT_NE(fault.found_de.find(" ist fest: "), std::string::npos) << text << fault.found_de;
    EXPECT_NE(fault.found_de.find(word(*fault.rule)), std::string::npos);
  }
  EXPECT_FALSE(settings(R"({"rules":{"SMN-UNIT":{"step_minutes":5}}})")->not_allowed(shipped()))
      << "a value may be less sure than its rule";
}

TEST(Settings, OfAValueThatTheRuleDoesNotTakeAreRefused) {
  const std::vector<std::pair<std::string, Rule>> refused{
      {R"({"rules":{"SMN-MAX-UNITS":{"days":24}}})", Rule::smn_max_units},
      {R"({"rules":{"SMN-MAX-UNITS":{"units":0}}})", Rule::smn_max_units},
      {R"({"rules":{"SMN-MAX-UNITS":{"units":121}}})", Rule::smn_max_units},
      {R"({"rules":{"SMN-MAX-UNITS":{"units":"24"}}})", Rule::smn_max_units},
      {R"({"rules":{"SMN-MAX-UNITS":{"units":true}}})", Rule::smn_max_units},
      {R"({"rules":{"SMN-COMPLETE-ANCHOR":{"anchor":"birth"}}})", Rule::smn_complete_anchor},
      {R"({"rules":{"SMN-PRESCRIBER":{"at_any_time":["butcher"]}}})", Rule::smn_prescriber},
      {R"({"rules":{"SMN-INDICATION":{"prefixes":["P08-P05"]}}})", Rule::smn_indication},
      {R"({"rules":{"SMN-INDICATION":{"prefixes":[]}}})", Rule::smn_indication},
      {R"({"rules":{"SMN-NO-COPAY":{"cents":1}}})", Rule::smn_no_copay},
      {R"({"rules":{"SMN-SAPV":{"allowed":true}}})", Rule::smn_sapv},
  };
  for (const auto& [text, rule] : refused) EXPECT_EQ(forbidden(text).rule, rule) << text;
  const auto bounds = settings(R"({"rules":{"SMN-MAX-UNITS":{"units":120},"SMN-MIN-UNITS":{"units":1}}})");
  EXPECT_FALSE(bounds->not_allowed(shipped()));
}

TEST(Settings, PerContractTakeOnlyRulesThatNoFoldActsBy) {
  const auto contract = [](const std::string& rules) {
    return R"({"contracts":[{"contract":"vdek","insurers":["104212059"],"rules":)" + rules + "}]}";
  };
  EXPECT_FALSE(settings(contract(R"({"SMN-MAX-UNITS":{"units":24}})"))->not_allowed(shipped()));
  const SettingsFault fault = forbidden(contract(R"({"SMN-HOME":{"units":2}})"));
  EXPECT_EQ(fault.rule, Rule::smn_home);
  EXPECT_EQ(fault.field, "settings.contracts[0].rules.SMN-HOME.units");
}

TEST(Settings, TellTheClosestPriceThatHoldsThatDay) {
  const auto one = settings(
      R"({"contracts":[{"contract":"vdek","insurers":["104212059","104212060"]}],
          "prices":[{"benefit":"ST","cents_per_unit":5000,"from":"2024-01-01"},
                    {"benefit":"ST","cents_per_unit":5200,"from":"2025-01-01"},
                    {"benefit":"ST","cents_per_unit":5400,"from":"2024-06-01","contract":"vdek"},
                    {"benefit":"ST","cents_per_unit":5900,"from":"2024-06-01","until":"2024-06-30",
                     "insurer_ik":"104212059"}]})");
  const auto cents = [&](CivilDate day, std::string_view insurer) {
    const auto price = one->price_on(Benefit::st, day, insurer);
    return price ? price->value : -1;
  };
  EXPECT_EQ(cents(civil(2023, 12, 31), ""), -1);
  EXPECT_EQ(cents(civil(2024, 12, 31), ""), 5000);
  EXPECT_EQ(cents(civil(2025, 1, 1), "999999999"), 5200);
  EXPECT_EQ(cents(civil(2024, 5, 31), "104212060"), 5000);
  EXPECT_EQ(cents(civil(2024, 6, 1), "104212060"), 5400);
  EXPECT_EQ(cents(civil(2025, 6, 1), "104212060"), 5400) << "its contract's goes before everybody's";
  EXPECT_EQ(cents(civil(2024, 6, 30), "104212059"), 5900);
  EXPECT_EQ(cents(civil(2024, 7, 1), "104212059"), 5400);
  EXPECT_FALSE(one->price_on(Benefit::smn, civil(2025, 1, 1), ""));
}

TEST(Settings, OfTheProviderGoBeforeTheInstallations) {
  const SettingsInForce in_force{
      settings(R"({"targets":[{"year":2025,"units":2700}],"steps":[{"step":"care_plan","off":true}],
                   "checklists":[{"step":"final_report","items":[
                     {"item":"copy","text":{"de":"Kopie für die Akte"}},
                     {"item":"sign","text":{"de":"Unterschrift der Leitung"}}]}],
                   "teams":[{"team":"nord","lead":"m.roth","members":["a.b"]}]})"),
      settings(
          R"({"targets":[{"year":2024,"units":2500},{"year":2025,"units":1},
                              {"year":2025,"units":9,"benefit":"ST"}],
                   "checklists":[{"step":"final_report","benefit":"SMN","items":[
                     {"item":"sign","text":{"de":"Unterschrift"}}]}],
                   "prices":[{"benefit":"ST","cents_per_unit":5000,"from":"2024-01-01"}]})",
          "")};
  EXPECT_EQ(in_force.target_in(2024), 2500);
  EXPECT_EQ(in_force.target_in(2025), 2700);
  EXPECT_EQ(in_force.target_in(2025, Benefit::st), 9);
  EXPECT_FALSE(in_force.target_in(2026));
  EXPECT_EQ(in_force.price_on(Benefit::st, civil(2025, 1, 1))->value, 5000);
  ASSERT_TRUE(in_force.step("care_plan", Benefit::smn));
  EXPECT_TRUE(in_force.step("care_plan", Benefit::smn)->off);
  EXPECT_FALSE(in_force.step("final_report", Benefit::smn));
  const auto items = in_force.checklist("final_report", Benefit::smn);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].text.de, "Unterschrift der Leitung");
  EXPECT_EQ(items[1].item, "copy");
  EXPECT_EQ(in_force.checklist("final_report", Benefit::st).size(), 2U);
  EXPECT_EQ(in_force.team("nord")->lead, "m.roth");
  EXPECT_FALSE(in_force.team("süd"));
  EXPECT_FALSE(SettingsInForce{}.target_in(2025));
}

TEST(Settings, SayHowAlertsBehave) {
  const auto one = settings(
      R"({"alerts":{"warnings":{"SMN-START":[2,10,5],"GKV-DECISION":[]},"urgent":["SMN-COMPLETE","SMN-START"],
          "escalate_after_hours":[4,8],"work":{"from":"08:00","until":"16:30"},
          "quiet":{"from":"19:00","until":"07:30","free_days":true},"digest_at":"07:30","singles_max":10,
          "snooze_days_max":14,"land":"DE-BY"}})");
  EXPECT_EQ(one->alerts(),
            (AlertSettings{.warnings = {{Rule::smn_start, {10, 5, 2}}, {Rule::gkv_decision, {}}},
                           .urgent = std::vector{Rule::smn_start, Rule::smn_complete},
                           .escalate_after_hours = std::array{4, 8},
                           .work = DaySpan{{8 * 60}, {16 * 60 + 30}},
                           .quiet = DaySpan{{19 * 60}, {7 * 60 + 30}},
                           .quiet_on_free_days = true,
                           .digest_at = DayMinute{7 * 60 + 30},
                           .singles_max = 10,
                           .snooze_days_max = 14,
                           .land = Land::by}));
  EXPECT_EQ(settings(R"({"alerts":{}})")->alerts(), AlertSettings{});
  const auto nights = settings(R"({"alerts":{"quiet":{"free_days":false}}})");
  EXPECT_EQ(nights->alerts()->quiet_on_free_days, false);
  EXPECT_FALSE(nights->alerts()->quiet);
  EXPECT_FALSE(settings("{}")->alerts());
  const SettingsFault fault = wrong(R"({"alerts":{"urgent":["SMN-HOME"]}})");
  EXPECT_EQ(fault.expected_en,
            "a rule whose deadlines are watched (SMN-START, SMN-COMPLETE, ST-TOTAL, GKV-DECISION, "
            "GKV-OBJECTION)");
  EXPECT_EQ(fault.found_en, "got SMN-HOME");
}

TEST(Settings, TellTheTeamThatSomebodyBelongsTo) {
  const SettingsInForce in_force{
      settings(R"({"teams":[{"team":"nord","lead":"m.roth","members":["a.b","c.d"]},
                            {"team":"ost","members":["c.d"]}]})"),
      settings(R"({"teams":[{"team":"west","lead":"e.f","members":["m.roth"]}]})", "")};
  EXPECT_EQ(in_force.team_of("m.roth"), "nord") << "the provider's before the installation's";
  EXPECT_EQ(in_force.team_of("a.b"), "nord");
  EXPECT_EQ(in_force.team_of("c.d"), "nord") << "the first";
  EXPECT_EQ(in_force.team_of("e.f"), "west");
  EXPECT_EQ(in_force.team_of("nord"), "");
  EXPECT_EQ(in_force.team_of(""), "") << "a team may have no lead";
  EXPECT_EQ(SettingsInForce{}.team_of("m.roth"), "");
}

TEST(Settings, LieInStreamsOfTheirOwn) {
  EXPECT_EQ(to_string(installation_stream()), "f0fbbecf-a0ca-5923-9898-7861a05b2035");
  EXPECT_NE(provider_stream("installation"), installation_stream());
  EXPECT_NE(provider_stream("a"), provider_stream("b"));
  EXPECT_EQ(provider_stream("hana-muenchen").value.version(), 5);
}

// ---------------------------------------------------------------- which values can be set

TEST(Settable, AreAllValuesThatTheShippedSetLeavesUnlockedAndNoOther) {
  for (const RuleEntry& entry : shipped().entries()) {
    for (const RuleValue& value : entry.values) {
      EXPECT_EQ(find_settable(entry.rule, value.name) == nullptr, value.locked)
          << word(entry.rule) << "." << value.name
          << ": say in settable.cc within which bounds it can be set";
    }
  }
  for (const Settable& one : settable_values()) {
    const RuleEntry& entry = shipped().entry(one.rule, shipped().from());
    EXPECT_TRUE(std::ranges::any_of(entry.values, [&](const RuleValue& v) { return v.name == one.value; }))
        << word(one.rule) << "." << one.value;
  }
}

TEST(Settable, NoFoldActsByARuleThatMayDifferPerContract) {
  // What a fold or a read model asks a rule set for is a member of RuleNumbers, named after its rule.
  for (const auto& file : std::filesystem::directory_iterator("projections")) {
    if (file.path().extension() != ".cc") continue;
    std::ostringstream bytes;
    bytes << std::ifstream(file.path()).rdbuf();
    for (std::size_t i = 0; i < rule_count; ++i) {
      const auto rule = static_cast<Rule>(i);
      if (!is_decided_only(rule)) continue;
      std::string member(word(rule));
      for (char& c : member) c = c == '-' ? '_' : static_cast<char>(std::tolower(c));
      for (const char* const suffix : {"_units", "_days", "_prefixes", "_stays", "_months", "s_"}) {
        EXPECT_EQ(bytes.str().find("numbers()." + member + suffix), std::string::npos)
            << file.path() << " acts by " << word(rule) << ", which a contract may set";
      }
      EXPECT_EQ(bytes.str().find("numbers()." + member), std::string::npos) << file.path() << word(rule);
    }
  }
}

}  // namespace
}  // namespace geleit
