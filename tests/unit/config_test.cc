// What --config takes and refuses, and in which words.
#include "services/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "events/kafka_settings.h"
#include "tests/unit/config_files.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;
using ConfigTest = ConfigFiles;

TEST_F(ConfigTest, NoFileIsNoConfiguration) { EXPECT_TRUE(read_config({}).kafka.empty()); }

TEST_F(ConfigTest, AnySettingOfLibrdkafkaIsTakenByItsName) {
  const Config config = read(R"([kafka]
security.protocol = "plaintext"
"client.id" = "intake-1"
socket.keepalive.enable = true
socket.timeout.ms = 5000
)");
  const KafkaSettings expected{{"security.protocol", "plaintext"},
                               {"client.id", "intake-1"},
                               {"socket.keepalive.enable", "true"},
                               {"socket.timeout.ms", "5000"}};
  EXPECT_EQ(config.kafka, expected);
}

TEST_F(ConfigTest, ASecretIsReadFromAFileOfItsOwnBesideTheConfiguration) {
  write("pass word", "geheim!\n");
  EXPECT_EQ(read("[kafka]\nsasl.password.file = \"pass word\"").kafka.at("sasl.password"), "geheim!");
  const fs::path elsewhere = write("other", "a b \r\n", 0640);
  EXPECT_EQ(read("[kafka]\nsasl.password.file = \"" + elsewhere.string() + "\"").kafka.at("sasl.password"),
            "a b ");
}

TEST_F(ConfigTest, ASecretThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0644, 0604, 0620, 0601}) {
    const fs::path secret = write("secret", "geheim", mode);
    expect_refused("[kafka]\nsasl.password.file = \"secret\"",
                   "'sasl.password.file': expected " + secret.string() +
                       " to be readable by its owner and at most its group, but its mode is 0");
    expect_refused("[kafka]\nsasl.password.file = \"secret\"", "chmod 600 " + secret.string());
  }
}

TEST_F(ConfigTest, ASecretThatIsNotThereIsRefused) {
  expect_refused(
      "[kafka]\nsasl.password.file = \"nowhere\"",
      "expected to read " + (directory.path() / "nowhere").string() + ", but: No such file or directory");
  write("empty", "\n");
  expect_refused("[kafka]\nsasl.password.file = \"empty\"", "but it is empty");
  if (::geteuid() != 0) {
    write("mine", "geheim", 0200);
    expect_refused("[kafka]\nsasl.password.file = \"mine\"", "Permission denied");
  }
}

TEST_F(ConfigTest, ASecretDoesNotStandInTheConfiguration) {
  for (const std::string name :
       {"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem"}) {
    expect_refused("[kafka]\n" + name + " = \"geheim\"", "expected " + name + ".file = ");
  }
  EXPECT_EQ(refusal("[kafka]\nsasl.password = \"geheim\"").find("geheim"), std::string::npos);
}

TEST_F(ConfigTest, APrivateKeyThatOthersCanReadIsRefused) {
  write("key.pem", "no key", 0644);
  expect_refused("[kafka]\nssl.key.location = \"key.pem\"", "'ssl.key.location': expected");
  expect_refused("[kafka]\nssl.key.location = \"key.pem\"", "its mode is 0644");
}

TEST_F(ConfigTest, AFileThatIsNotThereIsRefusedByTheNameOfItsSetting) {
  expect_refused("[kafka]\nsecurity.protocol = \"ssl\"\nssl.ca.location = \"ca.pem\"",
                 "'ssl.ca.location': expected to read " + (directory.path() / "ca.pem").string());
  write("ca.pem", "no certificate");
  expect_refused("[kafka]\nsecurity.protocol = \"ssl\"\nssl.ca.location = \"ca.pem\"", "ssl.ca.location");
}

TEST_F(ConfigTest, ASettingThatIsGeleitsOwnIsRefusedByName) {
  for (const std::string name : {"acks", "request.required.acks", "enable.idempotence", "auto.offset.reset",
                                 "enable.auto.commit", "group.id", "transactional.id", "message.timeout.ms",
                                 "delivery.timeout.ms", "max.in.flight", "allow.auto.create.topics"}) {
    expect_refused("[kafka]\n\"" + name + "\" = \"1\"", "the Kafka setting '" + name + "' is Geleit's own");
  }
  expect_refused("[kafka]\nbootstrap.servers = \"a:1\"",
                 "the Kafka setting 'bootstrap.servers' comes from --log");
}

TEST_F(ConfigTest, WhatLibrdkafkaDoesNotTakeIsRefusedByName) {
  expect_refused("[kafka]\nno.such.setting = 1", "the Kafka setting 'no.such.setting' was not taken");
  expect_refused("[kafka]\nsocket.timeout.ms = 1",
                 "the Kafka setting 'socket.timeout.ms' was not taken: Configuration property");
  expect_refused("[kafka]\nsecurity.protocol = \"none\"", "'security.protocol' was not taken");
  // Only together with others.
  expect_refused("[kafka]\nsecurity.protocol = \"sasl_plaintext\"\nsasl.mechanism = \"PLAIN\"",
                 "sasl.username");
}

TEST_F(ConfigTest, WhatIsNoConfigurationIsRefused) {
  expect_refused("[kafka\n", ", line 1: expected TOML, but");
  expect_refused("[kafak]\na = 1",
                 "expected nothing but the tables [kafka], [audit] and [alert], but it has 'kafak'");
  expect_refused("kafka = 1", "'kafka'");
  expect_refused("[kafka]\nclient.id = [\"a\"]",
                 "the Kafka setting 'client.id': expected a text, a number, true");
  expect_refused("[kafka]\nclient.id = \"a\"\n\"client.id\" = \"b\"", "twice");
  EXPECT_THROW((void)read_config(directory.path() / "nowhere.toml"), ConfigRefused);
  EXPECT_THROW((void)read_config(directory.path()), ConfigRefused);
}

// What a client sets by itself would be overridden in silence if the operator could set it.
TEST(KafkaSettingsTest, WhatTheLogSetsByItselfNobodyElseCanSet) {
  const std::regex pair(R"re(\{"([a-z.]+)",\s*"[^"]*"\})re");
  int seen = 0;
  for (const auto& entry : fs::directory_iterator("events")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("kafka_") || name.starts_with("kafka_settings")) continue;
    std::ifstream in(entry.path());
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (std::sregex_iterator found(text.begin(), text.end(), pair), end; found != end; ++found) {
      ++seen;
      EXPECT_TRUE(is_fixed_kafka_setting((*found)[1].str())) << name << ": " << (*found)[1];
    }
  }
  EXPECT_GE(seen, 15);
}

}  // namespace
}  // namespace geleit
