#include "projections/rules/settings.h"
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

/// Settings from JSON text through decide; they belong to no case, so nothing is folded.
class DecideSettings : public testing::Test {
 protected:
  DecideSettings() { book_.adopt({SettingsScope::shipped, rules_.from(), rules_.hash(), rules_.content()}); }

  static std::string command(const Members& data, const Members& top = {}) {
    return object_of(with(
        {{"command", text("AdoptSettings")},
         {"id", text(uuid_number(1))},
         {"data", object_of(with(
                      {{"provider", text("hana-muenchen")}, {"from", text("2026-07-01")}, {"settings", "{}"}},
                      data))}},
        top));
  }
  std::variant<Proposal, Rejection> tries(const std::string& json) {
    auto read = reader_.read(json, now_);
    if (auto* rejection = std::get_if<Rejection>(&read)) return std::move(*rejection);
    command_ = std::get<Command>(std::move(read));
    return decide({}, command_,
                  {.now = now_,
                   .today = berlin_date(now_),
                   .rules = rules_,
                   .person = nullptr,
                   .known_person = nullptr,
                   .rule_book = book_,
                   .seal = sealer_});
  }
  Rejection refused(const std::string& json) {
    auto answer = tries(json);
    if (std::holds_alternative<Proposal>(answer)) {
      ADD_FAILURE() << "was accepted: " << json;
      return {};
    }
    Rejection rejection = std::get<Rejection>(std::move(answer));
    EXPECT_TRUE(rejection.detail.de.starts_with("erwartet ")) << rejection.detail.de;
    EXPECT_NE(rejection.detail.de.find(", aber "), std::string::npos) << rejection.detail.de;
    EXPECT_TRUE(rejection.detail.en.starts_with("expected ")) << rejection.detail.en;
    EXPECT_NE(rejection.detail.en.find(", but "), std::string::npos) << rejection.detail.en;
    return rejection;
  }
  SettingsAdopted adopted(const std::string& json) {
    auto answer = tries(json);
    if (const auto* rejection = std::get_if<Rejection>(&answer)) {
      ADD_FAILURE() << json << rejection->detail.en;
      return {};
    }
    return std::get<SettingsAdopted>(std::get<Proposal>(answer).payload);
  }

  const RuleSet& rules_ = *shipped_rule_sets().back();
  RuleBook book_;
  CommandReader reader_;
  OpenSealer sealer_;
  Command command_;
  Instant now_ = berlin_time(civil(2026, 6, 1), 12, 0);
};

TEST_F(DecideSettings, OfStepsNameWhatTheWorkflowHas) {
  const auto field = [&](std::string_view settings) {
    const Rejection no = refused(command({{"settings", std::string(settings)}}));
    EXPECT_EQ(no.kind, RejectionKind::malformed);
    return no.field;
  };
  EXPECT_EQ(field(R"({"steps":[{"step":"dance"}]})"), "settings.steps[0].step");
  EXPECT_EQ(field(R"({"steps":[{"step":"none","off":true}]})"), "settings.steps[0].step");
  EXPECT_EQ(field(R"({"steps":[{"step":"assign_team"},{"step":"obtain_referral","benefit":"SMN"}]})"),
            "settings.steps[1].step");
  EXPECT_EQ(field(R"({"steps":[{"step":"assign_team","role":"boss"}]})"), "settings.steps[0].role");
  EXPECT_EQ(field(R"({"steps":[{"step":"complete_care","off":true}]})"), "settings.steps[0].off");
  EXPECT_EQ(field(R"({"checklists":[{"step":"dance","items":[{"item":"a","text":{"de":"A"}}]}]})"),
            "settings.checklists[0].step");
  (void)adopted(command({{"settings", R"({"steps":[{"step":"assign_team","off":true,"role":"lead"},
      {"step":"complete_care","days":7},{"step":"obtain_referral","benefit":"ST","off":true}]})"}}));
}

TEST_F(DecideSettings, AreRecordedInFullWithTheirHash) {
  const SettingsAdopted event = adopted(command({{"settings", R"({"rules":{"SMN-HOME":{"units":2}}})"}}));
  EXPECT_EQ(event.scope, SettingsScope::provider);
  EXPECT_EQ(event.from, civil(2026, 7, 1));
  EXPECT_EQ(
      event.content,
      R"({"from":"2026-07-01","provider":"hana-muenchen","settings":{"rules":{"SMN-HOME":{"units":2}}}})");
  EXPECT_EQ(case_of(command_), provider_stream("hana-muenchen"));
  book_.adopt(std::string_view(event.content), Version{1});
  EXPECT_EQ(book_.at(book_.in_force("hana-muenchen", event.from)).numbers().smn_home_minutes, Minutes{120});
}

TEST_F(DecideSettings, WithoutAProviderAreTheInstallations) {
  const SettingsAdopted event = adopted(command({{"provider", ""}}));
  EXPECT_EQ(event.scope, SettingsScope::installation);
  EXPECT_EQ(case_of(command_), installation_stream());
}

TEST_F(DecideSettings, AreTheSameBytesInEveryOrderAndSpelling) {
  const std::string one{
      adopted(command({{"settings", R"({"teams":[],"targets":[{"year":2025,"units":2700}]})"}})).content};
  const std::string other{
      adopted(command({{"settings", R"({"targets":[{"units":27e2,"year":2025}], "t\u0065ams":[]})"}}))
          .content};
  EXPECT_EQ(one, other);
}

TEST_F(DecideSettings, AFaultOfTheTextIs400AndNamesTheField) {
  const std::vector<std::pair<Members, std::string>> wrong{
      {{{"from", ""}}, "from"},
      {{{"from", text("2026-02-30")}}, "from"},
      {{{"provider", text("Hana")}}, "provider"},
      {{{"settings", ""}}, "settings"},
      {{{"settings", "[]"}}, "settings"},
      {{{"settings", R"({"rooms":1})"}}, "settings.rooms"},
      {{{"settings", R"({"rules":{"SMN-FOO":{"units":1}}})"}}, "settings.rules.SMN-FOO"},
      {{{"settings", R"({"prices":[{"benefit":"ST"}]})"}}, "settings.prices[0].cents_per_unit"},
  };
  for (const auto& [data, field] : wrong) {
    const Rejection rejection = refused(command(data));
    EXPECT_EQ(rejection.kind, RejectionKind::malformed) << field;
    EXPECT_EQ(rejection.field, field) << rejection.detail.en;
  }
  EXPECT_EQ(refused(command({}, {{"case", text(case_uuid())}})).field, "case");
  EXPECT_EQ(refused(command({}, {{"reasons", R"({"SMN-HOME":"so"})"}})).field, "reasons");
}

TEST_F(DecideSettings, WhatTheShippedSetDoesNotAllowIs422AndNamesTheRule) {
  for (const auto& [settings, rule] :
       {std::pair{R"({"rules":{"GKV-DECISION":{"weeks":4}}})", Rule::gkv_decision},
        {R"({"rules":{"SMN-MAX-UNITS":{"units":121}}})", Rule::smn_max_units},
        {R"({"rules":{"SMN-MAX-UNITS":{"days":3}}})", Rule::smn_max_units},
        {R"({"contracts":[{"contract":"a","insurers":["104212059"],"rules":{"SMN-START":{"days":50}}}]})",
         Rule::smn_start}}) {
    const Rejection rejection = refused(command({{"settings", settings}}));
    EXPECT_EQ(rejection.kind, RejectionKind::rule_rejected) << settings;
    EXPECT_EQ(rejection.rule, rule) << settings;
    EXPECT_FALSE(rejection.field.empty());
  }
}

TEST_F(DecideSettings, MayBeginOnAnyDay) {
  (void)adopted(command({{"from", text("2020-01-01")}}));
  (void)adopted(command({{"from", text("2030-01-01")}}));
}

}  // namespace
}  // namespace geleit
