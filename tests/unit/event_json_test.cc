#include "services/event_json.h"

#include <gtest/gtest.h>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/uuid.h"

namespace geleit {
namespace {

std::optional<std::string> opens(SealedField, Sealed sealed) { return std::string(sealed.bytes); }
std::optional<std::string> masks(SealedField, Sealed) { return std::nullopt; }

std::string data_of(const Payload& payload, const OpenSealed& open = opens) {
  std::string out;
  append_event_data(out, payload, open);
  return out;
}

TEST(EventJson, ADeliveryIsToldInTheWordsOfTheSurface) {
  VisitDelivered e;
  e.visit = {*parse_uuid("0190a5b2-0003-7abc-8def-000000000003")};
  e.started_at = *parse_instant("2026-03-02T13:10:00Z");
  e.minutes = Minutes{45};
  e.place = Place::home;
  e.category = Category::guidance;
  e.staff = "m.roth";
  e.note = {"gut"};
  EXPECT_EQ(data_of(e),
            R"({"visit":"0190a5b2-0003-7abc-8def-000000000003","started_at":"2026-03-02T14:10:00+01:00",)"
            R"("minutes":45,"place":"home","category":"guidance","staff":"m.roth","note":"gut"})");
}

TEST(EventJson, WhatIsAbsentIsLeftOut) {
  EXPECT_EQ(data_of(VisitMissed{{*parse_uuid("0190a5b2-0003-7abc-8def-000000000003")}, {}}),
            R"({"visit":"0190a5b2-0003-7abc-8def-000000000003"})");
  EXPECT_EQ(data_of(CareTeamAssigned{"m.roth", {}}), R"({"lead":"m.roth"})");
}

TEST(EventJson, WhatMayNotBeSeenIsNull) {
  EXPECT_EQ(data_of(ReferralWithdrawn{{"geheim"}}, masks), R"({"reason":null})");
  EXPECT_EQ(data_of(ReferralWithdrawn{{"geheim"}}, nullptr), R"({"reason":null})");
}

TEST(EventJson, TextsAreEscaped) {
  EXPECT_EQ(data_of(CaseReopened{{"\"a\\b\"\n\x01 ä😀"}}), "{\"reason\":\"\\\"a\\\\b\\\"\\n\\u0001 ä😀\"}");
}

TEST(EventJson, PersonDiagnosesAndGoalsOpenToTheirShapes) {
  const std::string person = encode_person({"Mia", "Muster", civil(2020, 5, 10), {}, {}, {}, "089", {}, {}});
  const std::string diagnoses = encode_texts({"P07.1", "Q21"});
  ReferralReceived e;
  e.person = {person};
  e.diagnoses = {diagnoses};
  e.prescribed_on = civil(2026, 2, 18);
  e.units = 10;
  e.severe = Severe{true, 3};
  EXPECT_EQ(data_of(e),
            R"({"benefit":"SMN","land":"DE-BW","person_id":"00000000-0000-0000-0000-000000000000",)"
            R"("person":{"given_name":"Mia","family_name":"Muster","born":"2020-05-10","phone":"089"},)"
            R"("prescriber":{"kind":"hospital"},"prescribed_on":"2026-02-18","units":10,)"
            R"("diagnoses":[{"icd":"P07.1"},{"icd":"Q21"}],)"
            R"("severe":{"no_self_care":true,"inpatient_stays_12_months":3}})");
  const std::string goals = encode_texts({"Sonde sicher"});
  EXPECT_EQ(data_of(CarePlanAgreed{civil(2026, 3, 1), {goals}}),
            R"({"agreed_on":"2026-03-01","goals":["Sonde sicher"]})");
}

TEST(EventJson, EveryKindOfValueHasItsForm) {
  EXPECT_EQ(data_of(DeadlineMissed{Rule::gkv_decision, Version{3}, civil(2026, 4, 3), civil(2026, 4, 7)}),
            R"({"rule":"GKV-DECISION","generation":3,"due_on":"2026-04-03","acts_on":"2026-04-07"})");
  EXPECT_EQ(data_of(ObjectionDecided{civil(2026, 4, 3), false}),
            R"({"decided_on":"2026-04-03","upheld":false})");
  EXPECT_EQ(data_of(CareTeamAssigned{"a", {"b", "c"}}), R"({"lead":"a","members":["b","c"]})");
}

TEST(EventJson, ReasonsAreToldByRule) {
  std::string out;
  append_reasons(out, {{Rule::smn_complete, {"Klinik"}}, {Rule::smn_home, {"x"}}}, opens);
  EXPECT_EQ(out, R"({"SMN-COMPLETE":"Klinik","SMN-HOME":"x"})");
  out.clear();
  append_reasons(out, {{Rule::smn_complete, {"Klinik"}}}, masks);
  EXPECT_EQ(out, R"({"SMN-COMPLETE":null})");
}

}  // namespace
}  // namespace geleit
