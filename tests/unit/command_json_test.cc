#include "services/intake/command_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "events/civil_time.h"
#include "events/event.h"
#include "events/uuid.h"
#include "services/intake/command_limits.h"
#include "tests/unit/intake_fixture.h"

namespace geleit {
namespace {

constexpr std::string_view v5_id = "0190a5b2-0001-5abc-8def-000000000001";

class ReadCommand : public testing::Test {
 protected:
  std::variant<Command, Rejection> reads(const std::string& json) { return reader.read(json, now); }
  /// A command whose top-level members are these, the others as they have to be.
  std::string command(std::string_view name, const Members& data, const Members& top = {}) const {
    return object_of(with({{"command", text(name)},
                           {"id", text(uuid_number(1))},
                           {"case", text(case_uuid())},
                           {"data", object_of(data)}},
                          top));
  }
  Command good(const std::string& json) {
    auto read = reads(json);
    if (const auto* rejection = std::get_if<Rejection>(&read)) {
      ADD_FAILURE() << json << "\n" << rejection->detail.en;
      return {};
    }
    return std::get<Command>(std::move(read));
  }
  Rejection bad(const std::string& json) {
    auto read = reads(json);
    if (std::holds_alternative<Command>(read)) {
      ADD_FAILURE() << "was read: " << json;
      return {};
    }
    Rejection rejection = std::get<Rejection>(std::move(read));
    EXPECT_TRUE(rejection.detail.de.starts_with("erwartet ")) << rejection.detail.de;
    EXPECT_NE(rejection.detail.de.find(", aber "), std::string::npos) << rejection.detail.de;
    EXPECT_TRUE(rejection.detail.en.starts_with("expected ")) << rejection.detail.en;
    EXPECT_NE(rejection.detail.en.find(", but "), std::string::npos) << rejection.detail.en;
    return rejection;
  }
  /// 400 with this field.
  void bad_field(const std::string& json, std::string_view field) {
    const Rejection rejection = bad(json);
    EXPECT_EQ(rejection.kind, RejectionKind::malformed) << json;
    EXPECT_EQ(rejection.field, field) << json << "\n" << rejection.detail.en;
  }

  static Members referral(const Members& changes = {}) {
    return with({{"benefit", text("SMN")},
                 {"provider", text("hana-muenchen")},
                 {"land", text("DE-BY")},
                 {"person", R"({"given_name":"Mia","family_name":"Muster","born":"2020-05-10"})"},
                 {"prescriber", R"({"kind":"hospital"})"},
                 {"prescribed_on", text("2026-02-18")},
                 {"units", "10"},
                 {"diagnoses", R"([{"icd":"P07.1"}])"},
                 {"setting", text("inpatient")}},
                changes);
  }
  static Members reasons() { return {{"reasons", R"({"SMN-AGE":"a","SMN-HOME":"b"})"}}; }
  static Members delivery(const Members& changes = {}) {
    return with({{"visit", text(uuid_number(7))}, {"minutes", "45"}}, changes);
  }

  CommandReader reader;
  Instant now = berlin_time(civil(2026, 6, 1), 12, 0);
};

TEST_F(ReadCommand, ADeliveryIsReadWithAllItSays) {
  const Command c = good(
      R"({"command":"DeliverVisit","id":"0190a5b2-0001-7abc-8def-000000000001",
          "case":"0190A5B2-0002-7ABC-8DEF-000000000002","happened":"2026-03-02T14:10:00+01:00","by":"m.roth",
          "expect_version":7,"reasons":{"SMN-COMPLETE":"Familie war im Krankenhaus","SMN-AGE":"  "},
          "entered":"2026-03-03T08:00:00Z",
          "data":{"visit":"0190a5b2-0003-5abc-8def-000000000003","started_at":"2026-03-02T13:00:00+01:00",
                  "minutes":45,"place":"home","category":"guidance","staff":"a.b","group_size":2,
                  "note":"Sonde ge\u00fcbt"}})");
  EXPECT_EQ(to_string(c.id), "0190a5b2-0001-7abc-8def-000000000001");
  EXPECT_TRUE(c.id_given);
  EXPECT_EQ(to_string(*c.case_id), "0190a5b2-0002-7abc-8def-000000000002");
  EXPECT_EQ(c.happened.date, civil(2026, 3, 2));
  EXPECT_EQ(c.happened.at, parse_instant("2026-03-02T13:10:00Z"));
  EXPECT_EQ(c.by, "m.roth");
  EXPECT_EQ(c.expect_version, Version{7});
  ASSERT_EQ(c.reasons.size(), 1u) << "a blank reason is none";
  EXPECT_EQ(c.reasons[0].rule, Rule::smn_complete);
  EXPECT_EQ(c.reasons[0].text, "Familie war im Krankenhaus");
  EXPECT_EQ(c.entered, parse_instant("2026-03-03T08:00:00Z"));
  const auto& d = std::get<DeliverVisit>(c.data);
  EXPECT_EQ(d.minutes, Minutes{45});
  EXPECT_EQ(d.place, Place::home);
  EXPECT_EQ(d.category, Category::guidance);
  EXPECT_EQ(d.staff, "a.b");
  EXPECT_EQ(d.group_size, 2);
  EXPECT_EQ(d.note, "Sonde geübt");
  EXPECT_FALSE(d.starts_at);
}

TEST_F(ReadCommand, WhatIsLeftOutHasItsDefault) {
  const Command c = good(command("DeliverVisit", delivery(), {{"id", ""}}));
  EXPECT_FALSE(c.id_given);
  EXPECT_TRUE(c.id.is_nil());
  EXPECT_FALSE(c.happened_given);
  EXPECT_EQ(c.happened.at, now);
  EXPECT_EQ(c.happened.date, civil(2026, 6, 1));
  EXPECT_TRUE(c.by.empty());
  EXPECT_FALSE(c.expect_version);
}

TEST_F(ReadCommand, ADateMeansTheWholeCivilDay) {
  const Command c = good(command("DeliverVisit", delivery(), {{"happened", text("2026-06-01")}}));
  EXPECT_EQ(c.happened.date, civil(2026, 6, 1));
  EXPECT_FALSE(c.happened.at);
}

TEST_F(ReadCommand, ACommandKeepsItsTextsWhereverItGoes) {
  std::string json = command("WithdrawReferral", {{"reason", R"("Die Familie \u00fcberlegt \"noch\"")"}});
  Command first = good(json);
  json.assign(json.size(), 'x');
  (void)reads(command("WithdrawReferral", {{"reason", text("etwas ganz anderes")}}));
  const Command moved = std::move(first);
  EXPECT_EQ(std::get<WithdrawReferral>(moved.data).reason, "Die Familie überlegt \"noch\"");
}

TEST_F(ReadCommand, EveryCommandOfTheSurfaceIsKnown) {
  // Whatever data is wrong with `{}`, the command itself is understood.
  std::vector<std::string_view> names;
  [&]<class... T>(std::variant<T...>*) {
    (names.push_back(T::command), ...);
  }(static_cast<CommandData*>(nullptr));
  EXPECT_EQ(names.size(), 43u);
  for (const std::string_view name : names) {
    // The service's own commands choose no id.
    auto read = reader.read(command(name, {}, {{"id", ""}}), now, Caller::service);
    const auto* rejection = std::get_if<Rejection>(&read);
    ASSERT_TRUE(rejection) << name << " must want something in data";
    EXPECT_NE(rejection->field, "command") << name;
  }
}

TEST_F(ReadCommand, WhatTheServiceAsksOfItselfIsForbiddenToPeople) {
  const std::vector<std::string_view> own{"MissStartDeadline", "MissDeadline",  "LapseApprovalPeriod",
                                          "SendAlert",         "EscalateAlert", "ErasePersonalData"};
  std::vector<std::string_view> found;
  [&]<class... T>(std::variant<T...>*) {
    ((OfTheService<T> ? found.push_back(T::command) : void()), ...);
  }(static_cast<CommandData*>(nullptr));
  EXPECT_EQ(found, own);
  for (const std::string_view name : own) {
    const Rejection rejection = bad(command(name, {}));
    EXPECT_EQ(rejection.kind, RejectionKind::forbidden) << name;
    EXPECT_EQ(rejection.field, "command") << name;
  }
}

TEST_F(ReadCommand, TheDescriptionOfTheSurfaceNamesTheSameCommands) {
  std::ifstream file("schema/openapi.json");
  ASSERT_TRUE(file) << "expected to run at the top of the tree";
  std::ostringstream all;
  all << file.rdbuf();
  const std::string json = std::move(all).str();
  const auto enumerated = [&](std::string_view schema) {
    std::set<std::string> names;
    const auto begin = json.find("\"enum\"", json.find("\"" + std::string(schema) + "\": {"));
    const auto list = json.find('[', begin), end = json.find(']', begin);
    for (auto at = json.find('"', list); at < end; at = json.find('"', at)) {
      const auto close = json.find('"', at + 1);
      names.insert(json.substr(at + 1, close - at - 1));
      at = close + 1;
    }
    return names;
  };
  std::set<std::string> commands;
  [&]<class... T>(std::variant<T...>*) {
    ((OfTheService<T> ? false : commands.emplace(T::command).second), ...);
  }(static_cast<CommandData*>(nullptr));
  EXPECT_EQ(enumerated("CommandName"), commands);
  EXPECT_EQ(enumerated("EventName"), std::set<std::string>(event_names.begin(), event_names.end()));
}

TEST_F(ReadCommand, OtherCommandsAreRefusedAndTheKnownOnesListed) {
  for (const char* name :
       {"PaintTheWall", "", "deliverVisit", "VisitDelivered", "StartDeadlineMissed", "AlertAcknowledged"}) {
    bad_field(command(name, delivery()), "command");
  }
  EXPECT_NE(bad(command("X", {})).detail.en.find("DeliverVisit, CorrectVisit"), std::string::npos);
  bad_field(command("DeliverVisit", delivery(), {{"command", ""}}), "command");
  bad_field(command("DeliverVisit", delivery(), {{"command", "5"}}), "command");
}

TEST_F(ReadCommand, WhatIsNoJsonObjectIsRefused) {
  for (const char* json : {"",
                           " ",
                           "{",
                           "[]",
                           "null",
                           "5",
                           "\"x\"",
                           "{} {}",
                           "{\"command\": }",
                           "{'command': 1}",
                           "{\"command\": \"DeliverVisit\",}",
                           "\xff",
                           "{\"command\": \"\xc3\x28\"}",
                           "{\"command\": NaN}",
                           "{\"command\":\"\xed\xa0\x80\"}",
                           R"({"command":"\ud800"})",
                           R"({"command":"\udc00x"})",
                           "\xef\xbb\xbf{}",
                           "{\"command\":\"a\nb\"}",
                           "// x\n{}"}) {
    bad_field(json, "command");
  }
  bad_field(std::string(10'000, '['), "command");
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "{\"a\":";
  bad_field(deep, "command");
}

TEST_F(ReadCommand, BlanksAroundItDoNotMatter) {
  (void)good(" \r\n\t" + command("DeliverVisit", delivery()) + " \n");
}

TEST_F(ReadCommand, AMemberMayComeOnceOnly) {
  bad_field(R"({"command":"DeliverVisit","command":"DeliverVisit"})", "command");
  bad_field(command("DeliverVisit", {}, {{"data", R"({"minutes":45,"m\u0069nutes":45})"}}), "minutes");
}

TEST_F(ReadCommand, WhatIsTooLargeIs413) {
  const Rejection large =
      bad(command("WithdrawReferral", {{"reason", text(std::string(limits::command_bytes_max, 'x'))}}));
  EXPECT_EQ(large.kind, RejectionKind::too_large);
  std::string many = "[0";
  for (std::size_t i = 0; i < limits::json_values_max; ++i) many += ",0";
  EXPECT_EQ(bad(many + "]").kind, RejectionKind::too_large);
}

TEST_F(ReadCommand, TheEnvelopeIsCheckedMemberByMember) {
  const std::vector<std::pair<Members, std::string>> wrong{
      {{{"id", "5"}}, "id"},
      {{{"id", text("0d7ff3a57a1c4b0e9a573f1a2b3c4d5e")}}, "id"},
      {{{"id", text("00000000-0000-0000-0000-000000000000")}}, "id"},
      {{{"id", text(v5_id)}}, "id"},
      {{{"id", text("0190a5b2-0001-7abc-0def-000000000001")}}, "id"},
      {{{"case", ""}}, "case"},
      {{{"case", text("mia")}}, "case"},
      {{{"case", "null"}}, "case"},
      {{{"happened", text("2026-03-02T14:10:00")}}, "happened"},
      {{{"happened", text("2026-02-30")}}, "happened"},
      {{{"happened", text("1899-12-31")}}, "happened"},
      {{{"happened", text("2026-06-02")}}, "happened"},
      {{{"happened", text("2026-06-01T12:05:01+02:00")}}, "happened"},
      {{{"happened", "1772457000"}}, "happened"},
      {{{"by", text("M Roth")}}, "by"},
      {{{"by", "7"}}, "by"},
      {{{"expect_version", "-1"}}, "expect_version"},
      {{{"expect_version", "1.5"}}, "expect_version"},
      {{{"expect_version", "4294967296"}}, "expect_version"},
      {{{"expect_version", text("1")}}, "expect_version"},
      {{{"reasons", "[]"}}, "reasons"},
      {{{"reasons", R"({"SMN-FOO":"x"})"}}, "reasons"},
      {{{"reasons", R"({"SMN-COMPLETE":5})"}}, "reasons.SMN-COMPLETE"},
      {{{"entered", text("2026-03-02")}}, "entered"},
      {{{"data", ""}}, "data"},
      {{{"data", "[]"}}, "data"},
      {{{"urgent", "true"}}, "urgent"},
  };
  for (const auto& [top, field] : wrong) bad_field(command("DeliverVisit", delivery(), top), field);
}

TEST_F(ReadCommand, InstantsMayLieFiveMinutesAhead) {
  (void)good(command("DeliverVisit", delivery(), {{"happened", text("2026-06-01T12:05:00+02:00")}}));
  (void)good(command("DeliverVisit", delivery({{"started_at", text("2026-06-01T12:05:00+02:00")}})));
  bad_field(command("DeliverVisit", delivery({{"started_at", text("2026-06-01T12:05:00.001+02:00")}})),
            "started_at");
}

TEST_F(ReadCommand, TodayIsBerlins) {
  now = *parse_instant("2026-06-01T22:30:00Z");
  (void)good(command("RecordDischarge", {{"discharged_on", text("2026-06-02")}}));
  bad_field(command("RecordDischarge", {{"discharged_on", text("2026-06-03")}}), "discharged_on");
}

TEST_F(ReadCommand, TheClockMayFollowWhatWasEntered) {
  std::optional<Instant> asked;
  const auto read = reader.read(command("RecordDischarge", {{"discharged_on", text("2030-01-01")}},
                                        {{"entered", text("2030-01-01T09:00:00+01:00")}}),
                                [&](std::optional<Instant> entered) {
                                  asked = entered;
                                  return *entered;
                                });
  EXPECT_TRUE(std::holds_alternative<Command>(read));
  EXPECT_EQ(asked, parse_instant("2030-01-01T08:00:00Z"));
}

TEST_F(ReadCommand, NumbersAreBoundedOnBothSides) {
  for (const char* minutes : {"1", "1440", "45.0", "4.5e1", "4500e-2"}) {
    (void)good(command("DeliverVisit", delivery({{"minutes", minutes}})));
  }
  for (const char* minutes : {"0", "-1", "1441", "100000", "45.5", "\"45\"", "true", "null", "[]", "{}",
                              "18446744073709551615", "1e40", "-9223372036854775808", "9007199254740993"}) {
    bad_field(command("DeliverVisit", delivery({{"minutes", minutes}})), "minutes");
  }
  for (const char* units : {"1", "120"}) (void)good(command("ReceiveReferral", referral({{"units", units}})));
  for (const char* units : {"0", "121"})
    bad_field(command("ReceiveReferral", referral({{"units", units}})), "units");
}

TEST_F(ReadCommand, ADeliveryIsCheckedMemberByMember) {
  const std::vector<std::pair<Members, std::string>> wrong{
      {{{"visit", ""}}, "visit"},
      {{{"visit", "1"}}, "visit"},
      {{{"minutes", ""}}, "minutes"},
      {{{"place", text("moon")}}, "place"},
      {{{"category", text("Guidance")}}, "category"},
      {{{"staff", text("M Roth")}}, "staff"},
      {{{"staff", text(".roth")}}, "staff"},
      {{{"staff", text(std::string(65, 'a'))}}, "staff"},
      {{{"started_at", text("2026-03-02")}}, "started_at"},
      {{{"started_at", text("2026-03-02T10:00:00")}}, "started_at"},
      {{{"starts_at", text("2026-06-01T13:00:00+02:00")}}, "starts_at"},
      {{{"group_size", "0"}}, "group_size"},
      {{{"note", text("")}}, "note"},
      {{{"note", text(std::string(4001, 'x'))}}, "note"},
      {{{"mood", text("good")}}, "mood"},
  };
  for (const auto& [data, field] : wrong) bad_field(command("DeliverVisit", delivery(data)), field);
  (void)good(command("DeliverVisit", delivery({{"note", text(std::string(4000, 'x'))}})));
  (void)good(command("DeliverVisit", delivery({{"staff", text(std::string(64, 'a'))}})));
  // Beside started_at the planned start may lie ahead.
  (void)good(command("DeliverVisit", delivery({{"starts_at", text("2026-06-09T13:00:00+02:00")},
                                               {"started_at", text("2026-06-01T11:00:00+02:00")}})));
}

TEST_F(ReadCommand, AReferralIsCheckedMemberByMember) {
  const std::vector<std::pair<Members, std::string>> wrong{
      {{{"benefit", ""}}, "benefit"},
      {{{"benefit", text("smn")}}, "benefit"},
      {{{"provider", text("Hana")}}, "provider"},
      {{{"land", text("DE-XX")}}, "land"},
      {{{"person", R"({"given_name":"Mia","family_name":"Muster"})"}}, "person.born"},
      {{{"person", R"({"given_name":"Mia","family_name":"Muster","born":"2026-06-02"})"}}, "person.born"},
      {{{"person", R"({"given_name":" ","family_name":"Muster","born":"2020-05-10"})"}}, "person.given_name"},
      {{{"person", R"({"given_name":"M","family_name":"M","born":"2020-05-10","x":1})"}}, "person.x"},
      {{{"person", ""}}, "person"},
      {{{"person_id", text(v5_id)}}, "person"},
      {{{"prescriber", R"({"name":"Dr. Muster"})"}}, "prescriber.kind"},
      {{{"prescriber", R"({"kind":"astrologer"})"}}, "prescriber.kind"},
      {{{"prescribed_on", text("2026-02-29")}}, "prescribed_on"},
      {{{"prescribed_on", text("2026-06-02")}}, "prescribed_on"},
      {{{"diagnoses", "[]"}}, "diagnoses"},
      {{{"diagnoses", R"(["P07"])"}}, "diagnoses[0]"},
      {{{"diagnoses", R"([{"icd":"P07"},{"icd":5}])"}}, "diagnoses[1].icd"},
      {{{"setting", ""}}, "setting"},
      {{{"severe", R"({"inpatient_stays_12_months":-1})"}}, "severe.inpatient_stays_12_months"},
      {{{"sapv", "1"}}, "sapv"},
      {{{"gaf", "40"}}, "gaf"},
  };
  for (const auto& [data, field] : wrong) bad_field(command("ReceiveReferral", referral(data)), field);
  (void)good(command("ReceiveReferral", referral({{"person", ""}, {"person_id", text(v5_id)}})));
  (void)good(command("ReceiveReferral", referral({{"expected_discharge_on", text("2027-01-01")}})));
}

TEST_F(ReadCommand, AReferralHasTheFieldsOfItsBenefitOnly) {
  const Members soziotherapie = referral({{"benefit", text("ST")}, {"setting", ""}});
  const auto c = good(command("ReceiveReferral", with(soziotherapie, {{"gaf", "40"}, {"trial", "true"}})));
  EXPECT_EQ(std::get<ReceiveReferral>(c.data).gaf, 40);
  EXPECT_EQ(std::get<ReceiveReferral>(c.data).trial, true);
  for (const auto& [field, value] : Members{{"setting", text("inpatient")},
                                            {"discharged_on", text("2026-02-20")},
                                            {"expected_discharge_on", text("2026-02-20")},
                                            {"severe", "{}"},
                                            {"final_stage", "false"},
                                            {"impairment", "true"},
                                            {"sapv", "false"}}) {
    bad_field(command("ReceiveReferral", with(soziotherapie, {{field, value}})), field);
  }
  bad_field(command("ReceiveReferral", referral({{"trial", "false"}})), "trial");
  for (const char* gaf : {"0", "101", "40.5", "\"40\""}) {
    bad_field(command("ReceiveReferral", with(soziotherapie, {{"gaf", gaf}})), "gaf");
  }
  for (const char* gaf : {"1", "100"})
    (void)good(command("ReceiveReferral", with(soziotherapie, {{"gaf", gaf}})));
}

TEST_F(ReadCommand, AnExemptionMayReachIntoTheFuture) {
  const auto exemption = [&](const char* from, const char* until) {
    return command("RecordExemption", {{"from", text(from)}, {"until", text(until)}});
  };
  (void)good(exemption("2026-01-01", "2026-12-31"));
  (void)good(exemption("2026-12-31", "2026-12-31"));
  bad_field(exemption("2026-12-31", "2026-12-30"), "until");
  bad_field(command("RecordExemption", {{"from", text("2026-01-01")}}), "until");
}

TEST_F(ReadCommand, ANewCaseIsNamedByV4OrV7AndMayBeLeftOut) {
  bad_field(command("ReceiveReferral", referral(), {{"case", text(v5_id)}}), "case");
  (void)good(command("DeliverVisit", delivery(), {{"case", text(v5_id)}}));
  const Command c = good(command("ReceiveReferral", referral(), {{"case", ""}}));
  EXPECT_FALSE(c.case_id);
  EXPECT_EQ(case_of(c).value, uuid_v5(c.id.value, "case"));
  EXPECT_EQ(person_of(c, std::get<ReceiveReferral>(c.data)).value, uuid_v5(c.id.value, "person"));
}

TEST_F(ReadCommand, NewVisitsAndApprovalsAreNamedByV4OrV7) {
  bad_field(command("ScheduleVisit", {{"visit", text(v5_id)},
                                      {"starts_at", text("2026-07-01T10:00:00+02:00")},
                                      {"minutes", "60"},
                                      {"staff", text("a")},
                                      {"place", text("home")}}),
            "visit");
  bad_field(command("GrantApproval", {{"approval", text(v5_id)},
                                      {"reference", text("AZ")},
                                      {"decided_on", text("2026-03-01")},
                                      {"units", "10"},
                                      {"from", text("2026-03-01")},
                                      {"until", text("2026-12-01")}}),
            "approval");
}

TEST_F(ReadCommand, UntilIsNotBeforeFrom) {
  const auto grant = [&](std::string_view until) {
    return command("GrantApproval", {{"reference", text("AZ")},
                                     {"decided_on", text("2026-03-01")},
                                     {"units", "10"},
                                     {"from", text("2026-07-02")},
                                     {"until", text(until)}});
  };
  (void)good(grant("2026-07-02"));
  bad_field(grant("2026-07-01"), "until");
}

TEST_F(ReadCommand, AChangeChangesSomething) {
  bad_field(command("AmendReferral", {}), "data");
  bad_field(command("CorrectVisit", {{"visit", text(uuid_number(7))}, {"reason", text("x")}}), "data");
  bad_field(command("CorrectApproval", {{"approval", text(uuid_number(7))}, {"reason", text("x")}}), "data");
  (void)good(
      command("CorrectVisit", {{"visit", text(uuid_number(7))}, {"reason", text("x")}, {"minutes", "30"}}));
}

TEST_F(ReadCommand, BlankIsWhatUnicodeCallsSpace) {
  for (const char* blank : {" ", "\\n\\t", "\u00a0", "\u2003\u3000"}) {
    bad_field(command("WithdrawReferral", {{"reason", text(blank)}}), "reason");
  }
  (void)good(command("WithdrawReferral", {{"reason", text("\u00a0x")}}));
}

TEST_F(ReadCommand, LengthsAreCountedInCharacters) {
  std::string name;
  for (std::size_t i = 0; i < limits::name_characters_max; ++i) name += "😀";
  (void)good(command("SendFinalReport", {{"sent_on", text("2026-05-01")}, {"to", text(name)}}));
  bad_field(command("SendFinalReport", {{"sent_on", text("2026-05-01")}, {"to", text(name + "x")}}), "to");
}

// ---------------------------------------------------------------- content

TEST_F(ReadCommand, ContentIsTheSameForEveryOrderOfMembersAndSpellingOfNumbers) {
  const Command a = good(command("DeliverVisit", delivery({{"note", text("gut")}}), reasons()));
  const Command b = good(R"({"data":{"note":"g\u0075t","minutes":4.5E1,"visit":")" + uuid_number(7) +
                         R"("},"reasons":{"SMN-HOME":"b","SMN-AGE":"a"},"case":")" + case_uuid() +
                         R"(","id":")" + uuid_number(1) + R"(","command":"DeliverVisit"})");
  EXPECT_EQ(a.content, b.content);
}

TEST_F(ReadCommand, IdVersionEnteredAndByAreNoContent) {
  const Command a = good(command("DeliverVisit", delivery()));
  const Command b = good(command("DeliverVisit", delivery(),
                                 {{"id", text(uuid_number(2))},
                                  {"by", text("m.roth")},
                                  {"expect_version", "3"},
                                  {"entered", text("2026-05-01T08:00:00Z")}}));
  EXPECT_EQ(a.content, b.content);
}

TEST_F(ReadCommand, OtherContentIsOther) {
  std::vector<std::string> contents;
  const auto add = [&](const std::string& json) { contents.push_back(good(json).content); };
  add(command("DeliverVisit", delivery()));
  add(command("DeliverVisit", delivery({{"minutes", "46"}})));
  add(command("DeliverVisit", delivery({{"note", text("a")}})));
  add(command("DeliverVisit", delivery({{"note", text("b")}})));
  add(command("DeliverVisit", delivery(), {{"happened", text("2026-05-01")}}));
  add(command("DeliverVisit", delivery(), {{"happened", text("2026-05-02")}}));
  add(command("DeliverVisit", delivery(), {{"reasons", R"({"SMN-AGE":"a"})"}}));
  add(command("DeliverVisit", delivery(), {{"reasons", R"({"SMN-HOME":"a"})"}}));
  add(command("DeliverVisit", delivery(), {{"case", text(uuid_number(9))}}));
  add(command("AssignCareTeam", {{"lead", text("a")}, {"members", R"(["b","c"])"}}));
  add(command("AssignCareTeam", {{"lead", text("a")}, {"members", R"(["c","b"])"}}));
  add(command("AssignCareTeam", {{"lead", text("a")}, {"members", R"(["bc"])"}}));
  add(command("WithdrawReferral", {{"reason", text("a")}}));
  add(command("ReopenCase", {{"reason", text("a")}}));
  const std::size_t all = contents.size();
  std::sort(contents.begin(), contents.end());
  contents.erase(std::unique(contents.begin(), contents.end()), contents.end());
  EXPECT_EQ(contents.size(), all);
}

}  // namespace
}  // namespace geleit
