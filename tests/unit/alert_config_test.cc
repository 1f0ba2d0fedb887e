// What [alert] takes and refuses, and in which words.
#include <gtest/gtest.h>

#include "services/base64.h"
#include "services/config.h"
#include "tests/unit/config_files.h"

namespace geleit {
namespace {

using AlertConfigTest = ConfigFiles;

constexpr std::string_view mail_channel = R"([[alert.channel]]
name = "leitung-mail"
kind = "mail"
url = "smtp://127.0.0.1:2525"
from = "geleit@example.org"
to = ["leitung@example.org"]
)";
constexpr std::string_view webhook_channel = R"([[alert.channel]]
name = "leitstand"
kind = "webhook"
url = "https://hooks.example.org/geleit?of=1"
secret.file = "hook.secret"
)";
constexpr std::string_view alertmanager_channel = R"([[alert.channel]]
name = "am"
kind = "alertmanager"
url = "http://127.0.0.1:9093/"
)";
constexpr std::string_view file_channel = R"([[alert.channel]]
name = "datei"
kind = "file"
path = "alerts.ndjson"
)";
// 24 octets.
constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string with(std::string_view channel, std::string_view more) {
  return std::string(channel) + std::string(more) + "\n";
}
/// The channel with one of its lines in other words.
std::string instead(std::string_view channel, std::string_view line, std::string_view other) {
  std::string text(channel);
  const std::size_t at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  const std::size_t end = text.find('\n', at);
  return text.replace(at, end - at, other);
}

TEST_F(AlertConfigTest, NothingAboutAlertsIsNoChannel) {
  EXPECT_FALSE(read("[kafka]\n").alert.configured);
  EXPECT_TRUE(read("[alert]\n").alert.configured);
  EXPECT_TRUE(read("[alert]\n").alert.channels.empty());
}

TEST_F(AlertConfigTest, AChannelOfEachKindIsReadWithItsSettings) {
  write("hook.secret", std::string(secret) + "\n\nwhsec_" + to_base64(std::string(64, 'x')) + "\r\n");
  write("am.password", "geheim\n");
  write("ca.pem", "no certificate", 0644);
  const AlertConfig alert =
      read(R"([alert]
public_url = "https://geleit.example.org/"
allow_private = true
)" +
           with(mail_channel,
                "providers = [\"hana-muenchen\"]\nlevels = [2, 3]\nteams = [\"nord\"]\nlanguage = \"en\"") +
           with(webhook_channel, "allow_private = false\ntimeout_seconds = 3\nca = \"ca.pem\"") +
           with(alertmanager_channel,
                "user = \"geleit\"\npassword.file = \"am.password\"\n"
                "labels = { landkreis = \"muenchen\" }") +
           with(file_channel, "quiet = true") + "[[alert.channel]]\nname = \"aus\"\n" +
           "kind = \"file\"\npath = \"-\"\n")
          .alert;
  EXPECT_EQ(alert.public_url, "https://geleit.example.org");
  ASSERT_EQ(alert.channels.size(), 5u);

  const ChannelConfig& mail = alert.channels[0];
  EXPECT_EQ(mail.name, "leitung-mail");
  EXPECT_EQ(mail.kind, ChannelKind::mail);
  EXPECT_EQ(mail.public_url, "https://geleit.example.org");
  EXPECT_EQ(mail.url, "smtp://127.0.0.1:2525");
  EXPECT_EQ(mail.from, "geleit@example.org");
  EXPECT_EQ(mail.to, std::vector<std::string>{"leitung@example.org"});
  EXPECT_EQ(mail.starttls, StartTls::required);
  EXPECT_TRUE(mail.quiet);
  EXPECT_FALSE(mail.german);
  EXPECT_TRUE(mail.takes("hana-muenchen", "nord", 2));
  EXPECT_FALSE(mail.takes("hana-muenchen", "nord", 1));
  EXPECT_FALSE(mail.takes("hana-muenchen", "", 2));
  EXPECT_FALSE(mail.takes("hana-berlin", "nord", 2));

  const ChannelConfig& webhook = alert.channels[1];
  EXPECT_EQ(webhook.url, "https://hooks.example.org/geleit?of=1");
  EXPECT_FALSE(webhook.allow_private);
  EXPECT_FALSE(webhook.quiet);
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(3));
  EXPECT_EQ(webhook.ca, directory.path() / "ca.pem");
  const std::vector<std::string> secrets{*from_base64(secret.substr(6)), std::string(64, 'x')};
  EXPECT_EQ(webhook.secrets, secrets);
  EXPECT_TRUE(webhook.takes("anybody", "", 3));

  const ChannelConfig& alertmanager = alert.channels[2];
  EXPECT_EQ(alertmanager.url, "http://127.0.0.1:9093");
  EXPECT_EQ(alertmanager.user, "geleit");
  EXPECT_EQ(alertmanager.password, "geheim");
  EXPECT_EQ(alertmanager.labels.at("landkreis"), "muenchen");
  EXPECT_TRUE(alertmanager.allow_private);

  EXPECT_EQ(alert.channels[3].path, directory.path() / "alerts.ndjson");
  EXPECT_TRUE(alert.channels[3].quiet);
  EXPECT_EQ(alert.channels[4].path, "-");
}

TEST_F(AlertConfigTest, WhatIsNoSettingIsRefused) {
  expect_refused("[alert]\nurl = \"x\"", "the alert setting 'url': expected no such setting under [alert]");
  expect_refused(with(file_channel, "from = \"a@b.de\""),
                 "the alert channel 'datei', setting 'from': expected no such setting with kind = \"file\"");
  expect_refused(with(mail_channel, "secret.file = \"x\""), "setting 'secret': expected no such setting");
  expect_refused("[alert]\nchannel = 1",
                 "'channel': expected at most 100 tables [[alert.channel]], but it is 1");
  expect_refused("[alert]\nchannel = [1]", "expected tables [[alert.channel]]");
  expect_refused("alert = 1", "it has 'alert'");
}

TEST_F(AlertConfigTest, EveryChannelHasANameOfItsOwn) {
  expect_refused("[[alert.channel]]\nkind = \"file\"", "'name' of alert channel 1: expected a slug");
  expect_refused(instead(file_channel, "name", "name = \"Leitung Mail\""), "but it is \"Leitung Mail\"");
  expect_refused(std::string(file_channel) + std::string(file_channel),
                 "'datei', setting 'name': expected a name of its own, but another channel has it");
}

TEST_F(AlertConfigTest, ValuesThatAreNoneAreRefusedWithWhatWasExpected) {
  expect_refused("[alert]\npublic_url = \"geleit.example.org\"", "'public_url': expected https://HOST");
  expect_refused("[alert]\npublic_url = \"https://a.de/?x\"", "'public_url': expected https://HOST");
  expect_refused("[alert]\nallow_private = 1", "'allow_private': expected true or false, but it is 1");
  expect_refused(instead(file_channel, "kind", "kind = \"sms\""),
                 "'kind': expected one of mail, webhook, alertmanager, file, but it is \"sms\"");
  expect_refused(instead(file_channel, "kind", ""), "'kind': expected one of");
  expect_refused(instead(file_channel, "path", ""),
                 "'path': expected a file, or \"-\" for standard output, but it is missing");
  expect_refused(with(file_channel, "providers = \"hana\""), "'providers': expected a list of slugs");
  expect_refused(with(file_channel, "providers = []"), "'providers': expected a list of slugs");
  expect_refused(with(file_channel, "teams = [\"Nord\"]"),
                 "'teams': expected a list of slugs, but one is not: it is \"Nord\"");
  expect_refused(with(file_channel, "teams = [\"nord\", \"nord\"]"),
                 "'teams': expected each once, but nord is there twice");
  expect_refused(with(file_channel, "levels = [0]"),
                 "'levels': expected a list of levels from 1 to 3, but one is not: it is 0");
  expect_refused(with(file_channel, "levels = [1, 4]"), "it is 4");
  expect_refused(with(file_channel, "levels = [1, 1]"), "expected each once, but 1 is there twice");
  expect_refused(with(file_channel, "quiet = \"yes\""), "'quiet': expected true or false, but it is \"yes\"");
  expect_refused(with(file_channel, "timeout_seconds = 0"),
                 "expected a whole number from 1 to 120, but it is 0");
  expect_refused(with(file_channel, "timeout_seconds = 121"), "but it is 121");
}

TEST_F(AlertConfigTest, AMailNeedsAServerAndAddressesThatFitIntoAHeader) {
  for (const std::string url :
       {"http://a.de", "smtp://", "smtp://a.de/x", "smtp://a.de:0", "smtp://a.de:99999", "smtp://a b.de",
        "a.de:25", "smtp://[::1", "smtp://a.de:"}) {
    expect_refused(instead(mail_channel, "url", "url = \"" + url + "\""),
                   "'url': expected smtp://HOST[:PORT]");
  }
  EXPECT_EQ(read(instead(mail_channel, "url", "url = \"smtps://[2001:db8::1]:465/\"")).alert.channels[0].url,
            "smtps://[2001:db8::1]:465");
  for (const std::string address : {"geleit", "@a.de", "a@", "a@b@c", "a b@c.de", "Geleit <a@b.de>",
                                    "a@b.de\\nBcc: x@y.de", "a@.de", "ä@b.de", "a@[127.0.0.1]"}) {
    expect_refused(instead(mail_channel, "from", "from = \"" + address + "\""),
                   "'from': expected a mail address");
    expect_refused(instead(mail_channel, "to", "to = [\"" + address + "\"]"),
                   "'to': expected a list of 1 to 50 mail addresses");
  }
  expect_refused(instead(mail_channel, "to", ""),
                 "'to': expected a list of 1 to 50 mail addresses, but it is missing");
  expect_refused(with(mail_channel, "language = \"fr\""), "'language': expected one of de, en");
  expect_refused(with(mail_channel, "starttls = \"yes\""),
                 "'starttls': expected one of required, if_offered, no");
  expect_refused(instead(with(mail_channel, "starttls = \"no\""), "url", "url = \"smtps://a.de\""),
                 "'starttls': expected it with smtp:// only");
}

TEST_F(AlertConfigTest, APasswordStandsInAFileAndDoesNotLeaveWithoutTls) {
  write("mail.password", "geheim");
  const std::string user = "user = \"geleit\"\n";
  const std::string login = user + "password.file = \"mail.password\"\n";
  EXPECT_EQ(read(with(mail_channel, login)).alert.channels[0].password, "geheim");
  EXPECT_EQ(read(with(mail_channel, login + "starttls = \"no\"")).alert.channels[0].password, "geheim");
  expect_refused(with(mail_channel, user), "'password': expected password.file beside user");
  expect_refused(with(mail_channel, "password.file = \"mail.password\""), "'user': expected a user beside");
  const std::string why = refusal(with(mail_channel, user + "password = \"geheim\""));
  EXPECT_NE(why.find("'password': expected password.file = \"…\" and the secret in that file"),
            std::string::npos)
      << why;
  EXPECT_EQ(why.find("geheim"), std::string::npos) << why;
  const std::string far = instead(mail_channel, "url", "url = \"smtp://mail.example.org\"");
  EXPECT_NO_THROW((void)read(with(far, login)));
  for (const std::string mode : {"\"no\"", "\"if_offered\""}) {
    expect_refused(
        with(far, login + "starttls = " + mode),
        "'starttls': expected \"required\" where a password is sent to mail.example.org, but it is " + mode);
  }
  expect_refused(with(instead(alertmanager_channel, "url", "url = \"http://am.example.org\""), login),
                 "'url': expected https:// where a password is sent to am.example.org");
  EXPECT_NO_THROW(
      (void)read(with(instead(alertmanager_channel, "url", "url = \"https://am.example.org\""), login)));
  write("mail.password", "geheim", 0644);
  expect_refused(with(mail_channel, login), "'leitung-mail', setting 'password.file': expected");
  expect_refused(with(mail_channel, login), "chmod 600");
}

TEST_F(AlertConfigTest, AnAddressHoldsNoSecret) {
  const std::string why =
      refusal(instead(webhook_channel, "url", "url = \"https://geleit:geheim@example.org\""));
  EXPECT_NE(why.find("'url': expected https://"), std::string::npos) << why;
  EXPECT_EQ(why.find("geheim"), std::string::npos) << why;
}

TEST_F(AlertConfigTest, AWebhookNeedsTlsAndSecretsOfStandardWebhooks) {
  expect_refused(std::string(webhook_channel),
                 "'secret.file': expected to read " + (directory.path() / "hook.secret").string());
  write("hook.secret", std::string(secret), 0640);
  EXPECT_NO_THROW((void)read(std::string(webhook_channel)));
  expect_refused(instead(webhook_channel, "secret", ""),
                 "'secret': expected secret.file with a line whsec_…");
  expect_refused(instead(webhook_channel, "secret", "secret = \"" + std::string(secret) + "\""),
                 "'secret': expected secret.file = \"…\"");
  const std::string plain = instead(webhook_channel, "url", "url = \"http://127.0.0.1:8080/x\"");
  expect_refused(
      plain, "'url': expected https://… (http:// with allow_private = true only), but it is \"http://127");
  EXPECT_NO_THROW((void)read(with(plain, "allow_private = true")));
  EXPECT_NO_THROW((void)read("[alert]\nallow_private = true\n" + plain));
  expect_refused(instead(webhook_channel, "url", "url = \"ftp://a.de\""), "'url': expected https://");
  expect_refused(instead(webhook_channel, "url", "url = \"https://a.de/#x\""), "'url': expected https://");

  const auto none = [&](const std::string& lines, int number) {
    write("hook.secret", lines);
    expect_refused(std::string(webhook_channel), "of 24 to 64 octets in base64 for each secret, but line " +
                                                     std::to_string(number) + " of that file is none");
    EXPECT_EQ(refusal(std::string(webhook_channel)).find("MfKQ"), std::string::npos);
  };
  none("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
  none("whsec_" + to_base64(std::string(23, 'x')), 1);
  none("whsec_" + to_base64(std::string(65, 'x')), 1);
  none(std::string(secret) + "\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", 2);
}

TEST_F(AlertConfigTest, LabelsHaveNamesAndAreNotGeleitsOwn) {
  expect_refused(with(alertmanager_channel, "labels = 1"),
                 "'labels': expected a table of labels, but it is 1");
  expect_refused(with(alertmanager_channel, "labels = { \"a-b\" = \"x\" }"), "but one is 'a-b'");
  expect_refused(with(alertmanager_channel, "labels = { severity = \"x\" }"),
                 "'labels': expected labels that are not Geleit's own, but one is 'severity'");
  expect_refused(with(alertmanager_channel, "labels = { a = 1 }"), "expected a text for 'a', but it is 1");
  expect_refused(instead(alertmanager_channel, "url", "url = \"http://a.de/?x=1\""),
                 "'url': expected http://HOST");
}

TEST(Base64, IsThatOfTheRfcAndTakesNothingElse) {
  const std::pair<std::string_view, std::string_view> of_the_rfc[] = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"},
                                                                      {"\xfb\xff", "+/8="}};
  for (const auto& [octets, text] : of_the_rfc) {
    EXPECT_EQ(to_base64(octets), text);
    EXPECT_EQ(from_base64(text), octets);
  }
  for (const std::string_view text :
       {"Zg", "Zg=", "Zg===", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm-v", "Zm 9v", "===="})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace geleit
