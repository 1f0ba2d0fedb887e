// What channels say to programs: signatures, JSON, lines of a file.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "services/alert/alert_file.h"
#include "services/alert/alertmanager.h"
#include "services/alert/signature.h"
#include "services/alert/webhook.h"
#include "services/base64.h"
#include "services/config_file.h"
#include "tests/temporary_directory.h"
#include "tests/unit/alert_samples.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Form = AlertMessage::Form;

const std::string link_base = "https://geleit.example.org";

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
std::string octets_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}
/// `expected` may have blanks.
void expect_json(const std::string& text, const std::string& expected) {
  EXPECT_EQ(json::serialize(json::parse(text)), json::serialize(json::parse(expected)));
}

// ---------------------------------------------------------------- webhooks

TEST(WebhookSignature, IsThatOfThePublishedVector) {
  const std::vector<std::string> secrets{*from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
  EXPECT_EQ(webhook_signature(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, EverySecretSigns) {
  const std::string one(24, 'a'), other(32, 'b');
  const std::string both = webhook_signature({one, other}, "id", 1, "x");
  EXPECT_EQ(both, webhook_signature({one}, "id", 1, "x") + " " + webhook_signature({other}, "id", 1, "x"));
  EXPECT_NE(webhook_signature({one}, "id", 2, "x"), webhook_signature({one}, "id", 1, "x"));
}

TEST(WebhookBody, OfOneNoticeIsIdsDatesAndWords) {
  AlertMessage message = sample_single();
  expect_json(webhook_body(message, link_base), R"({
    "type": "alert.opened", "timestamp": "2026-04-08T07:00:00+02:00",
    "data": {"id": "01900000-0000-4000-8000-0000000003e9", "alert": "01900000-0000-4000-8000-0000000007d1",
      "case": "01900000-0000-4000-8000-000000000bb9", "provider": "hana-muenchen", "team": "nord",
      "benefit": "SMN", "rule": "SMN-START", "due_on": "2026-04-03", "acts_on": "2026-04-03",
      "raised": "2026-04-04T00:00:00+02:00",
      "level": 1, "number": 1, "urgent": true,
      "link": "https://geleit.example.org/cases/01900000-0000-4000-8000-000000000bb9"}})");
  message.notices = {sample_closed()};
  message.notices[0].team.clear();
  expect_json(webhook_body(message, ""), R"({
    "type": "alert.closed", "timestamp": "2026-04-08T07:00:00+02:00",
    "data": {"id": "01900000-0000-4000-8000-000000000fa1", "alert": "01900000-0000-4000-8000-0000000007d1",
      "case": "01900000-0000-4000-8000-000000000bb9", "provider": "hana-muenchen", "benefit": "SMN",
      "rule": "SMN-START", "due_on": "2026-04-03", "acts_on": "2026-04-03",
      "raised": "2026-04-04T00:00:00+02:00",
      "level": 1, "number": 2, "urgent": true, "cause": "met"}})");
}

TEST(WebhookBody, OfSeveralNamesEachAndWhatTheyHaveInCommon) {
  const auto type = [](const AlertMessage& message) {
    return std::string(json::parse(webhook_body(message, "")).at("type").as_string());
  };
  AlertMessage message = sample_message(Form::collective);
  message.notices = {sample_notice(1), sample_notice(2)};
  EXPECT_EQ(type(message), "alerts.opened");
  message.notices = {sample_closed(1), sample_closed(2)};
  EXPECT_EQ(type(message), "alerts.closed");
  message.notices = {sample_notice(1), sample_closed(2)};
  EXPECT_EQ(type(message), "alerts.changed");
  const json::value body = json::parse(webhook_body(message, ""));
  const json::object& data = body.at("data").as_object();
  EXPECT_EQ(data.at("provider"), "hana-muenchen");
  EXPECT_EQ(data.at("team"), "nord");
  EXPECT_EQ(data.at("day"), "2026-04-08");
  ASSERT_EQ(data.at("alerts").as_array().size(), 2u);
  EXPECT_EQ(data.at("alerts").at(1).at("type"), "alert.closed");
  EXPECT_FALSE(data.contains("warnings"));
}

TEST(WebhookBody, OfADigestHasWarningsToo) {
  const json::value body = json::parse(webhook_body(sample_digest(), ""));
  EXPECT_EQ(body.at("type"), "alerts.digest");
  EXPECT_EQ(body.at("data").at("alerts").as_array().size(), 2u);
  EXPECT_EQ(body.at("data").at("still_open").as_array().size(), 1u);
  expect_json(json::serialize(body.at("data").at("warnings")),
              R"([{"case": "01900000-0000-4000-8000-000000000bbc", "rule": "SMN-COMPLETE",
                   "due_on": "2026-04-10", "acts_on": "2026-04-10", "working_days": 2}])");
}

// ---------------------------------------------------------------- Alertmanager

TEST(AlertmanagerAlert, HasStableLabelsAndSaysTheRestBeside) {
  ChannelConfig config = sample_channel(ChannelKind::alertmanager);
  config.public_url = link_base;
  config.labels = {{"landkreis", "muenchen"}};
  Notice notice = sample_notice();
  const std::string alert = alertmanager_alert(notice, config, berlin_time(civil(2026, 4, 8), 7, 5));
  const json::value given = json::parse(alert);
  expect_json(json::serialize(given.at("labels")), R"({
    "alertname": "GeleitStartDeadlineMissed", "service": "geleit", "rule": "SMN-START",
    "provider": "hana-muenchen", "team": "nord", "case": "01900000-0000-4000-8000-000000000bb9",
    "alert": "01900000-0000-4000-8000-0000000007d1", "benefit": "SMN", "severity": "critical",
    "landkreis": "muenchen"})");
  const json::object& said = given.at("annotations").as_object();
  EXPECT_EQ(said.size(), 4u);
  EXPECT_EQ(said.at("summary"),
            "Frist versäumt: SMN-START, Fall 01900000-0000-4000-8000-000000000bb9 / "
            "Deadline missed: SMN-START, case 01900000-0000-4000-8000-000000000bb9");
  EXPECT_EQ(said.at("description"),
            "Die Frist nach SMN-START (Beginn der Nachsorge) ist versäumt; ihr letzter Tag war "
            "Fr 03.04.2026 (Karfreitag). / The deadline of SMN-START (Start of the aftercare) is missed; its "
            "last day was Fri 2026-04-03 (Karfreitag).");
  EXPECT_EQ(said.at("level"), "1");
  EXPECT_EQ(said.at("due_on"), "2026-04-03");
  EXPECT_EQ(given.at("startsAt"), "2026-04-04T00:00:00+02:00");
  EXPECT_EQ(given.at("endsAt"), "2026-04-08T07:05:00+02:00");
  EXPECT_EQ(given.at("generatorURL"),
            "https://geleit.example.org/cases/01900000-0000-4000-8000-000000000bb9");
  EXPECT_EQ(given.as_object().size(), 5u);

  const std::string labels = alertmanager_labels(notice, {});
  notice.level = 3;
  notice.number = 3;
  notice.id = sample_notice(9).id;
  notice.closed_cause = "met";
  EXPECT_EQ(alertmanager_labels(notice, {}), labels);
  notice.rule = Rule::gkv_decision;
  notice.urgent = false;
  notice.team.clear();
  const json::value other = json::parse(alertmanager_labels(notice, {}));
  EXPECT_EQ(other.at("alertname"), "GeleitDeadlineMissed");
  EXPECT_EQ(other.at("severity"), "warning");
  EXPECT_FALSE(other.as_object().contains("team"));
}

TEST(AlertmanagerAlert, GeleitsOwnLabelsAreThoseThatNobodyElseMaySet) {
  const json::value labels = json::parse(alertmanager_labels(sample_notice(), {}));
  EXPECT_EQ(labels.as_object().size(), own_alert_labels.size());
  for (const std::string_view name : own_alert_labels) EXPECT_TRUE(labels.as_object().contains(name)) << name;
}

// ---------------------------------------------------------------- files

class AlertFileTest : public testing::Test {
 protected:
  TemporaryDirectory directory;
  const fs::path file = directory.path() / "alerts.ndjson";
  [[nodiscard]] std::unique_ptr<Channel> open(const fs::path& path) const {
    ChannelConfig config = sample_channel(ChannelKind::file);
    config.path = path;
    config.timeout = std::chrono::seconds(1);
    return make_channel(config);
  }
  static Outcome deliver(Channel& channel, const AlertMessage& message) {
    return channel.deliver(message, message.at);
  }
};

TEST_F(AlertFileTest, EachNoticeAndWarningIsALine) {
  const auto channel = open(file);
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  EXPECT_EQ(deliver(*channel, sample_digest()), Outcome{});
  const std::vector<std::string> lines = lines_in(octets_of(file));
  ASSERT_EQ(lines.size(), 5u);
  std::vector<std::string> types;
  for (const std::string& line : lines) types.emplace_back(json::parse(line).at("type").as_string());
  const std::vector<std::string> expected{"alert.opened", "alert.opened", "alert.closed", "alert.still_open",
                                          "deadline.near"};
  EXPECT_EQ(types, expected);
  EXPECT_EQ(json::parse(lines[0]).at("message"), "01900000-0000-4000-8000-0000000003e9");
  EXPECT_EQ(json::parse(lines[0]).at("case"), "01900000-0000-4000-8000-000000000bb9");
  EXPECT_EQ(json::parse(lines[4]).at("working_days"), 2);
  EXPECT_EQ(json::parse(lines[4]).at("team"), "nord");
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0007, 0u);
}

TEST_F(AlertFileTest, WhatStandsThereStaysAndAFileThatWasMovedAwayIsBegunAnew) {
  std::ofstream(file) << "before\n";
  const auto channel = open(file);
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  fs::rename(file, directory.path() / "alerts.1");
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  fs::remove(file);
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  EXPECT_EQ(lines_in(octets_of(directory.path() / "alerts.1")).size(), 2u);
  EXPECT_EQ(lines_in(octets_of(file)).size(), 1u);
}

TEST_F(AlertFileTest, WhatCannotBeOpenedIsRefusedAtTheStartAndTriedAgainLater) {
  EXPECT_THROW((void)open(directory.path() / "nowhere" / "alerts"), ConfigRefused);
  fs::create_directory(directory.path() / "there");
  const auto channel = open(directory.path() / "there" / "alerts");
  fs::remove_all(directory.path() / "there");
  const Outcome delivery = deliver(*channel, sample_single());
  EXPECT_EQ(delivery.result, Outcome::Result::again);
  EXPECT_NE(delivery.detail.find("No such file or directory"), std::string::npos) << delivery.detail;
  fs::create_directory(directory.path() / "there");
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
}

TEST_F(AlertFileTest, AFullDiskLeavesNoHalfLine) {
  const auto channel = open(file);
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  const std::string before = octets_of(file);
  // Room for ten octets more, as on a disk that is full: the system takes those and tells how many.
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit narrow{before.size() + 10, old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &narrow), 0);
  const Outcome delivery = deliver(*channel, sample_single());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(delivery.result, Outcome::Result::again);
  EXPECT_NE(delivery.detail.find("the disk is full"), std::string::npos) << delivery.detail;
  EXPECT_EQ(octets_of(file), before);
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  EXPECT_EQ(octets_of(file), before + before);
}

TEST_F(AlertFileTest, APipeThatNobodyReadsHoldsUpNobody) {
  const fs::path pipe = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto channel = open(pipe);
  EXPECT_EQ(deliver(*channel, sample_single()).result, Outcome::Result::again);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  EXPECT_EQ(deliver(*channel, sample_single()), Outcome{});
  char some[4096];
  const ssize_t got = ::read(reader, some, sizeof some);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(some, static_cast<std::size_t>(got)), alert_lines(sample_single(), ""));
  // It takes no more at last; the time-out is a second.
  AlertMessage many = sample_message(Form::collective);
  for (std::uint64_t i = 0; i < 1'000; ++i) many.notices.push_back(sample_notice(i));
  const auto begin = std::chrono::steady_clock::now();
  const Outcome delivery = deliver(*channel, many);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(delivery.result, Outcome::Result::again);
  EXPECT_NE(delivery.detail.find("does not read"), std::string::npos) << delivery.detail;
  channel->stop();
  EXPECT_NE(deliver(*channel, many).detail.find("stopping"), std::string::npos);
  ::close(reader);
}

}  // namespace
}  // namespace geleit
