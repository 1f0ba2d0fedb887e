#include "services/cloud_event.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "events/civil_time.h"
#include "events/uuid.h"

namespace geleit {
namespace {

namespace json = boost::json;

class ARecordOutside : public testing::Test {
 protected:
  ARecordOutside() {
    event.id = {*parse_uuid("01918eda-d294-715e-a959-b9176a583d7a")};
    event.stream = {*parse_uuid("01918eda-d294-741c-a162-dfdf0c20ecaf")};
    event.version = Version{3};
    event.happened = {civil(2026, 3, 2), {}};
    event.decided = berlin_time(civil(2026, 3, 2), 14, 10);
    event.provider = "hana-muenchen";
    event.by = "m.roth";
    event.payload = VisitVoided{{}, Sealed{"\x01\x02"}};
    stored = {Partition{3}, Offset{12}, berlin_time(civil(2026, 3, 2), 14, 11), {}};
  }
  json::object told(Standing standing = Standing::accepted, const OpenSealed& open = {}) {
    std::string out;
    append_cloud_event(out, "urn:uuid:x", {stored, event, Hash{{1, 0, 0, 0}}, standing}, open);
    EXPECT_EQ(out.find('\n'), std::string::npos);
    return json::parse(out).as_object();
  }
  static std::string text(const json::object& object, std::string_view name) {
    return std::string(std::string_view(object.at(json::string_view(name.data(), name.size())).as_string()));
  }

  Event event;
  StoredRecord stored;
};

TEST_F(ARecordOutside, IsACloudEventOfItsCase) {
  const json::object cloud = told();
  EXPECT_EQ(text(cloud, "specversion"), "1.0");
  EXPECT_EQ(text(cloud, "id"), "01918eda-d294-715e-a959-b9176a583d7a");
  EXPECT_EQ(text(cloud, "type"), "de.geleit.VisitVoided");
  EXPECT_EQ(text(cloud, "subject"), "01918eda-d294-741c-a162-dfdf0c20ecaf");
  EXPECT_EQ(text(cloud, "time"), "2026-03-02T14:11:00+01:00");
  EXPECT_EQ(text(cloud, "happened"), "2026-03-02");
  EXPECT_EQ(cloud.at("version"), 3);
  EXPECT_EQ(cloud.at("partition"), 3);
  EXPECT_EQ(cloud.at("offset"), 12);
  EXPECT_EQ(cloud.at("stale"), false);
  EXPECT_EQ(text(cloud, "hash"), "0000000000000001" + std::string(48, '0'));
}

TEST_F(ARecordOutside, HasOnlyAttributesThatCloudEventsAllow) {
  event.findings = {Rule::smn_sapv, Rule::smn_prescriber_gp};
  event.deviations = {{Rule::smn_complete, Sealed{"?"}}};
  for (const auto& [name, value] : told()) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos) << name;
    EXPECT_TRUE(name == "data" || value.is_string() || value.is_int64() || value.is_bool()) << name;
  }
  stored.offset = Offset{3'000'000'000};
  EXPECT_EQ(text(told(), "offset"), "3000000000") << "their whole numbers have 32 bits";
}

TEST_F(ARecordOutside, LeavesOutWhatIsAbsent) {
  event.by = {};
  const json::object cloud = told();
  for (const char* name : {"by", "previous", "key", "trace", "findings", "reasons", "ruleset"}) {
    EXPECT_FALSE(cloud.contains(name)) << name;
  }
}

TEST_F(ARecordOutside, OfAReferralSaysItsProviderWhereTheCommandDid) {
  event.payload = ReferralReceived{};
  EXPECT_EQ(text(told().at("data").as_object(), "provider"), "hana-muenchen");
}

TEST_F(ARecordOutside, SaysWhenItLostItsRace) { EXPECT_EQ(told(Standing::stale).at("stale"), true); }

TEST_F(ARecordOutside, ShowsSealedFieldsAsBase64UnlessOpened) {
  event.findings = {Rule::smn_sapv, Rule::smn_prescriber_gp};
  event.deviations = {{Rule::smn_complete, Sealed{"M"}}};
  json::object cloud = told();
  EXPECT_EQ(text(cloud.at("data").as_object(), "reason"), "AQI=");
  EXPECT_EQ(text(cloud, "reasons"), R"({"SMN-COMPLETE":"TQ=="})");
  EXPECT_EQ(text(cloud, "findings"), "SMN-SAPV,SMN-PRESCRIBER-GP");
  cloud = told(Standing::accepted, [](SealedField field, Sealed) {
    return field == SealedField::deviation ? std::optional<std::string>("im \"Urlaub\"") : "doppelt";
  });
  EXPECT_EQ(text(cloud.at("data").as_object(), "reason"), "doppelt");
  EXPECT_EQ(text(json::parse(text(cloud, "reasons")).as_object(), "SMN-COMPLETE"), "im \"Urlaub\"");
}

// RFC 4648, section 10.
TEST(Base64, IsThatOfTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfb"), "//77");
}

}  // namespace
}  // namespace geleit
