// Channels against servers that answer well, badly, or not at all.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>

#include "events/civil_time.h"
#include "services/alert/alertmanager.h"
#include "services/alert/channel.h"
#include "services/alert/mail_text.h"
#include "services/alert/signature.h"
#include "services/alert/transfer.h"
#include "services/alert/webhook.h"
#include "services/base64.h"
#include "tests/unit/alert_samples.h"
#include "tests/unit/raw_server.h"

namespace geleit {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Result = Outcome::Result;
using Form = AlertMessage::Form;

const Instant noon = berlin_time(civil(2026, 4, 8), 12, 0);

std::string answer(std::string_view status, std::string_view headers = "", std::string_view body = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::chrono::milliseconds time_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

// ---------------------------------------------------------------- webhooks

ChannelConfig hook_to(const std::string& url) {
  ChannelConfig config = sample_channel(ChannelKind::webhook);
  config.url = url;
  config.secrets = {std::string(24, 'a'), std::string(32, 'b')};
  return config;
}
Outcome deliver_to(const std::string& url, std::chrono::seconds timeout = 2s) {
  ChannelConfig config = hook_to(url);
  config.timeout = timeout;
  return make_channel(config)->deliver(sample_single(), noon);
}
Outcome after(const std::string& octets) { return deliver_to(HttpSink(octets).url()); }

TEST(Webhook, SignsWhatItSendsAndKeepsItsId) {
  HttpSink sink(answer("204 No Content"));
  const auto channel = make_channel(hook_to(sink.url("/hook?a=1")));
  EXPECT_EQ(channel->deliver(sample_single(), noon), Outcome{});
  EXPECT_EQ(channel->deliver(sample_single(), Instant{noon.ms + 5'000}), Outcome{});
  const std::vector<SeenRequest> seen = sink.seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_TRUE(seen[0].head.starts_with("POST /hook?a=1 HTTP/1.1\r\n")) << seen[0].head;
  EXPECT_EQ(seen[0].header("Content-Type"), "application/json");
  EXPECT_EQ(seen[0].header("webhook-id"), "01900000-0000-4000-8000-0000000003e9");
  EXPECT_EQ(seen[0].header("webhook-timestamp"), std::to_string(noon.ms / 1'000));
  EXPECT_EQ(
      seen[0].header("webhook-signature"),
      webhook_signature(hook_to("").secrets, seen[0].header("webhook-id"), noon.ms / 1'000, seen[0].body));
  EXPECT_EQ(seen[0].body, webhook_body(sample_single(), ""));
  EXPECT_EQ(seen[1].header("webhook-id"), seen[0].header("webhook-id"));
  EXPECT_EQ(seen[1].header("webhook-timestamp"), std::to_string(noon.ms / 1'000 + 5));
  EXPECT_NE(seen[1].header("webhook-signature"), seen[0].header("webhook-signature"));
  EXPECT_EQ(seen[1].body, seen[0].body);
}

TEST(Webhook, Only2xxIsDelivered) {
  for (const std::string status : {"200 OK", "201 Created", "202 Accepted", "299 x"})
    EXPECT_EQ(after(answer(status)).result, Result::delivered) << status;
  for (const std::string status :
       {"400 x", "401 x", "404 x", "408 x", "429 x", "500 x", "502 x", "503 x", "504 x"}) {
    const Outcome delivery = after(answer(status));
    EXPECT_EQ(delivery.result, Result::again) << status;
    EXPECT_FALSE(delivery.unreachable);
    EXPECT_TRUE(has(delivery.detail, "but it is " + status.substr(0, 3))) << delivery.detail;
  }
}

TEST(Webhook, ARedirectIsNotFollowed) {
  for (const std::string status : {"301 Moved", "302 Found", "303 x", "307 x", "308 x"}) {
    HttpSink other(answer("200 OK"));
    HttpSink sink(answer(status, "Location: " + other.url() + "\r\n"));
    const Outcome delivery = deliver_to(sink.url());
    EXPECT_EQ(delivery.result, Result::refused) << status;
    EXPECT_TRUE(has(delivery.detail, "the address has moved")) << delivery.detail;
    EXPECT_EQ(other.connections(), 0);
  }
}

TEST(Webhook, GoneSwitchesTheChannelOff) { EXPECT_EQ(after(answer("410 Gone")).result, Result::gone); }

TEST(Webhook, RetryAfterIsSecondsOrADateAndHasABound) {
  const auto wait = [](const std::string& value) {
    return after(answer("429 Too Many Requests", "retry-after:  " + value + "\r\n")).wait_for;
  };
  EXPECT_EQ(wait("7"), 7s);
  EXPECT_EQ(wait("0"), 0s);
  EXPECT_EQ(wait("99999999999999999999"), retry_after_max);
  EXPECT_EQ(wait("86401"), retry_after_max);
  // Noon in Berlin is 10:00 of GMT.
  EXPECT_EQ(wait("Wed, 08 Apr 2026 10:01:30 GMT"), 90s);
  EXPECT_EQ(wait("Wednesday, 08-Apr-26 10:01:30 GMT"), 90s);
  EXPECT_EQ(wait("Wed Apr  8 10:01:30 2026"), 90s);
  EXPECT_EQ(wait("Wed, 08 Apr 2026 09:00:00 GMT"), 0s);
  EXPECT_EQ(wait("Wed, 08 Apr 2027 09:00:00 GMT"), retry_after_max);
  EXPECT_EQ(wait("soon"), std::nullopt);
  EXPECT_EQ(after(answer("503 x", "Retry-After: 3\r\n")).wait_for, 3s);
  EXPECT_EQ(after(answer("200 OK", "Retry-After: 3\r\n")).wait_for, std::nullopt);
}

TEST(Webhook, WhatIsNoAnswerIsTriedAgain) {
  const std::string broken[] = {"",
                                "garbage\r\n\r\n",
                                std::string("\0\xff\x01", 3),
                                "HTTP/1.1 200 OK\r\nContent-Le",
                                "HTTP/1.1 200 OK\r\n",
                                "HTTP/1.1 abc\r\n\r\n",
                                "HTTP/1.1 100 Continue\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nX: " + std::string(answer_header_max, 'x') + "\r\n\r\n"};
  for (const std::string& octets : broken) {
    const Outcome delivery = after(octets);
    EXPECT_EQ(delivery.result, Result::again) << octets.substr(0, 100);
    EXPECT_TRUE(delivery.unreachable);
    EXPECT_TRUE(delivery.detail.starts_with("expected an answer of http://127.0.0.1:")) << delivery.detail;
  }
}

TEST(Webhook, ItsBodyDecidesNothing) {
  EXPECT_EQ(after("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").result, Result::delivered);
  EXPECT_EQ(after("HTTP/1.1 500 x\r\nContent-Length: 100\r\n\r\nhalf").result, Result::again);
  EXPECT_EQ(after("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer("200 OK")).result,
            Result::delivered);
  // It is not read to its end.
  std::string endless = "HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, 'x');
  endless += HttpSink::and_hang;
  HttpSink sink(endless);
  EXPECT_LT(time_of([&] { EXPECT_EQ(deliver_to(sink.url()).result, Result::delivered); }), 1500ms);
}

TEST(Webhook, AServerThatHangsCostsNoMoreThanTheTimeOut) {
  for (const std::string octets : {"", "HTTP/1.1 200 OK\r\nX"}) {
    HttpSink sink(octets + std::string(HttpSink::and_hang));
    const auto took = time_of([&] {
      const Outcome delivery = deliver_to(sink.url(), 1s);
      EXPECT_EQ(delivery.result, Result::again);
      EXPECT_TRUE(delivery.unreachable);
      EXPECT_TRUE(has(delivery.detail, "timed out")) << delivery.detail;
    });
    EXPECT_GE(took, 900ms);
    EXPECT_LT(took, 5000ms);
  }
}

TEST(Webhook, WhoCannotBeReachedIsTriedAgain) {
  std::string url;
  { url = HttpSink(answer("200 OK")).url(); }
  const Outcome delivery = deliver_to(url);
  EXPECT_EQ(delivery.result, Result::again);
  EXPECT_TRUE(delivery.unreachable);
  const Outcome nowhere = deliver_to("https://geleit.invalid/x");
  EXPECT_EQ(nowhere.result, Result::again);
  EXPECT_TRUE(has(nowhere.detail, "expected an answer of https://geleit.invalid, but: ")) << nowhere.detail;
}

TEST(Webhook, ToWhoeverSpeaksNoTlsNothingIsSent) {
  HttpSink sink(answer("200 OK"));
  const Outcome delivery = deliver_to("https" + sink.url().substr(4), 1s);
  EXPECT_EQ(delivery.result, Result::again);
  EXPECT_TRUE(sink.seen().empty());
}

TEST(Webhook, APrivateAddressIsRefusedWhereItIsConnectedTo) {
  HttpSink sink(answer("200 OK"));
  const std::string port = sink.url("").substr(sink.url("").rfind(':'));
  for (const std::string host :
       {"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"}) {
    std::string url = "http://";
    url.append(host).append(port).append("/geheim");
    ChannelConfig config = hook_to(url);
    config.allow_private = false;
    const Outcome delivery = make_channel(config)->deliver(sample_single(), noon);
    EXPECT_EQ(delivery.result, Result::refused) << host << ": " << delivery.detail;
    EXPECT_TRUE(has(delivery.detail, "is loopback; allow_private = true lets it be")) << delivery.detail;
  }
  EXPECT_EQ(sink.connections(), 0);
}

TEST(Webhook, ASentenceAboutItShowsNoSecretOfItsAddress) {
  HttpSink sink(answer("500 x"));
  EXPECT_FALSE(has(deliver_to(sink.url("/geheim?key=geheim")).detail, "geheim"));
  EXPECT_FALSE(has(deliver_to("http://127.0.0.1:1/geheim?key=geheim").detail, "geheim"));
}

TEST(Webhook, AProxyOfTheEnvironmentIsNotUsed) {
  HttpSink sink(answer("200 OK"));
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1", 1);
  EXPECT_EQ(deliver_to(sink.url()).result, Result::delivered);
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
}

TEST(Webhook, StopBreaksOffWhatRunsAndEverythingAfter) {
  HttpSink sink{std::string(HttpSink::and_hang)};
  ChannelConfig config = hook_to(sink.url());
  config.timeout = 60s;
  const auto channel = make_channel(config);
  std::thread stopper([&] {
    std::this_thread::sleep_for(200ms);
    channel->stop();
  });
  const auto took =
      time_of([&] { EXPECT_EQ(channel->deliver(sample_single(), noon).result, Result::again); });
  stopper.join();
  EXPECT_LT(took, 5s);
  const int connections = sink.connections();
  EXPECT_EQ(channel->deliver(sample_single(), noon).result, Result::again);
  EXPECT_EQ(sink.connections(), connections);
}

// ---------------------------------------------------------------- Alertmanager

class AlertmanagerTest : public testing::Test {
 protected:
  std::string says = answer("200 OK");
  HttpSink sink{[this](const SeenRequest&) { return says; }};
  std::unique_ptr<Channel> channel = make_channel(config());

  [[nodiscard]] ChannelConfig config() const {
    ChannelConfig config = sample_channel(ChannelKind::alertmanager);
    config.url = sink.url("/prefix");
    return config;
  }
  /// "GeleitHeartbeat until 12:05", for each alert of the last post.
  [[nodiscard]] std::vector<std::string> last_post() const {
    std::vector<std::string> told;
    const json::value body = json::parse(sink.seen().back().body);
    for (const json::value& alert : body.as_array()) {
      const json::object& labels = alert.at("labels").as_object();
      std::string name(labels.contains("case") ? labels.at("case").as_string()
                                               : labels.at("alertname").as_string());
      if (name.size() > 4 && labels.contains("case")) name = name.substr(name.size() - 3);
      const std::string ends(alert.at("endsAt").as_string());
      told.push_back(name + " until " + ends.substr(11, 5));
    }
    return told;
  }
  static AlertMessage with(std::vector<Notice> notices) {
    AlertMessage message = sample_message(Form::collective);
    message.notices = std::move(notices);
    return message;
  }
  using Told = std::vector<std::string>;
};

TEST_F(AlertmanagerTest, ANoticeIsPostedAtOnceAndEndsByItself) {
  EXPECT_EQ(channel->deliver(with({sample_notice(1)}), noon), Outcome{});
  EXPECT_TRUE(sink.seen()[0].head.starts_with("POST /prefix/api/v2/alerts HTTP/1.1\r\n"))
      << sink.seen()[0].head;
  EXPECT_EQ(sink.seen()[0].header("Content-Type"), "application/json");
  EXPECT_EQ(last_post(), Told{"bb9 until 12:05"});
  EXPECT_EQ(channel->deliver(with({sample_closed(1), sample_notice(2)}), noon), Outcome{});
  EXPECT_EQ(last_post(), (Told{"bb9 until 12:00", "bba until 12:05"}));
}

TEST_F(AlertmanagerTest, AHeartbeatAndAllThatIsOpenArePostedAgain) {
  EXPECT_EQ(channel->refresh_every(), 60s);
  EXPECT_EQ(channel->refresh({}, true, noon), Outcome{});
  EXPECT_EQ(last_post(), Told{"GeleitHeartbeat until 12:05"});
  EXPECT_EQ(channel->refresh({sample_notice(1), sample_notice(2)}, true, Instant{noon.ms + 60'000}),
            Outcome{});
  EXPECT_EQ(last_post(), (Told{"GeleitHeartbeat until 12:06", "bb9 until 12:06", "bba until 12:06"}));
  EXPECT_EQ(json::parse(sink.seen().back().body).at(0).at("startsAt"), "2026-04-08T12:00:00+02:00")
      << "it is one and the same";
  // Nobody has said for a while what is open: it stays, the heartbeat does not.
  EXPECT_EQ(channel->refresh({sample_notice(1), sample_notice(2)}, false, noon), Outcome{});
  EXPECT_EQ(last_post(), (Told{"bb9 until 12:05", "bba until 12:05"}));
}

TEST_F(AlertmanagerTest, WhatIsNoLongerOpenIsResolvedOnce) {
  (void)channel->refresh({sample_notice(1), sample_notice(2)}, true, noon);
  (void)channel->refresh({sample_notice(2)}, false, Instant{noon.ms + 60'000});
  EXPECT_EQ(last_post(), (Told{"bba until 12:06", "bb9 until 12:01"}));
  (void)channel->refresh({sample_notice(2)}, false, Instant{noon.ms + 120'000});
  EXPECT_EQ(last_post(), Told{"bba until 12:07"});
}

TEST_F(AlertmanagerTest, WhatMayHaveArrivedIsResolvedUntilThatIsTaken) {
  says = answer("500 x");
  EXPECT_EQ(channel->deliver(with({sample_notice(1)}), noon).result, Result::again);
  (void)channel->refresh({}, false, noon);
  EXPECT_EQ(last_post(), Told{"bb9 until 12:00"});
  says = answer("200 OK");
  (void)channel->refresh({}, false, Instant{noon.ms + 60'000});
  EXPECT_EQ(last_post(), Told{"bb9 until 12:01"});
  const std::size_t posts = sink.seen().size();
  EXPECT_EQ(channel->refresh({}, false, noon), Outcome{});
  EXPECT_EQ(sink.seen().size(), posts) << "nothing to say, nothing to post";
}

TEST_F(AlertmanagerTest, AnAlertWhoseLabelsChangeDoesNotStandThereTwice) {
  (void)channel->refresh({sample_notice(1)}, false, noon);
  Notice calmer = sample_notice(1);
  calmer.urgent = false;
  (void)channel->refresh({calmer}, false, noon);
  EXPECT_EQ(last_post(), (Told{"bb9 until 12:05", "bb9 until 12:00"}));
}

TEST_F(AlertmanagerTest, AnAlertOfSeveralLevelsIsShownOnceWithTheHighest) {
  Notice higher = sample_notice(1);
  higher.level = 2;
  (void)channel->refresh({sample_notice(1), higher, sample_notice(1)}, false, noon);
  EXPECT_EQ(last_post(), Told{"bb9 until 12:05"});
  EXPECT_EQ(json::parse(sink.seen().back().body).at(0).at("annotations").at("level"), "2");
}

TEST_F(AlertmanagerTest, ThousandAlertsArePostedInPieces) {
  std::vector<Notice> many;
  for (std::uint64_t i = 0; i < 1'000; ++i) many.push_back(sample_notice(i));
  EXPECT_EQ(channel->deliver(with(many), noon), Outcome{});
  ASSERT_EQ(sink.seen().size(), 5u);
  for (const SeenRequest& seen : sink.seen())
    EXPECT_EQ(json::parse(seen.body).as_array().size(), alerts_a_post_max);
}

TEST_F(AlertmanagerTest, WhatItRefusesIsNotTriedAgainAndWhatItCannotDoIs) {
  const auto outcome = [&](const std::string& octets) {
    says = octets;
    return channel->deliver(with({sample_notice(1)}), noon);
  };
  const Outcome refused = outcome(answer("400 Bad Request", "", "invalid label"));
  EXPECT_EQ(refused.result, Result::refused);
  EXPECT_TRUE(has(refused.detail, "but it is 400: invalid label")) << refused.detail;
  EXPECT_EQ(outcome(answer("301 x", "Location: /\r\n")).result, Result::refused);
  for (const std::string status : {"401 x", "404 x", "500 x", "503 x"})
    EXPECT_EQ(outcome(answer(status)).result, Result::again) << status;
  EXPECT_EQ(outcome(answer("429 x", "Retry-After: 9\r\n")).wait_for, 9s);
  EXPECT_TRUE(outcome("garbage").unreachable);
}

TEST_F(AlertmanagerTest, APasswordIsSentWhereThereIsOne) {
  ChannelConfig with_password = config();
  with_password.user = "geleit";
  with_password.password = "geheim";
  EXPECT_EQ(make_channel(with_password)->refresh({}, true, noon), Outcome{});
  EXPECT_EQ(sink.seen().back().header("Authorization"), "Basic " + to_base64("geleit:geheim"));
}

// ---------------------------------------------------------------- mail

ChannelConfig mail_to(const std::string& url) {
  ChannelConfig config = sample_channel(ChannelKind::mail);
  config.url = url;
  config.to = {"a@example.org", "b@example.org"};
  return config;
}
Outcome mail_through(const std::map<std::string, std::string>& replies, std::chrono::seconds timeout = 2s) {
  SmtpSink sink(replies);
  ChannelConfig config = mail_to(sink.url());
  config.timeout = timeout;
  return make_channel(config)->deliver(sample_single(), noon);
}

TEST(MailChannel, DeliversToEveryRecipientOctetByOctet) {
  SmtpSink sink;
  const ChannelConfig config = mail_to(sink.url());
  EXPECT_EQ(make_channel(config)->deliver(sample_single(), noon), Outcome{});
  const std::vector<SeenMail> mails = sink.mails();
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].from.substr(0, 20), "<geleit@example.org>");
  EXPECT_EQ(mails[0].to, (std::vector<std::string>{"<a@example.org>", "<b@example.org>"}));
  EXPECT_EQ(mails[0].text, mail_text(sample_single(), config) + ".\r\n");
}

TEST(MailChannel, ARecipientThatIsRefusedKeepsNobodyElseFromBeingTold) {
  const Outcome delivery = mail_through({{"RCPT TO:<b@example.org>", "550 no such user"}});
  EXPECT_EQ(delivery.result, Result::delivered);
  EXPECT_TRUE(has(delivery.detail, "to take a mail, but to RCPT it says: 550 no such user"))
      << delivery.detail;
}

TEST(MailChannel, RefusalsForGoodAreRefusedAndOthersTriedAgain) {
  using Replies = std::map<std::string, std::string>;
  for (const Replies& replies : {Replies{{"RCPT", "550 no"}}, Replies{{"MAIL", "553 no"}},
                                 Replies{{"DATA", "554 no"}}, Replies{{".", "552 too large"}}}) {
    const Outcome delivery = mail_through(replies);
    EXPECT_EQ(delivery.result, Result::refused) << replies.begin()->first << delivery.detail;
    EXPECT_TRUE(has(delivery.detail, replies.begin()->second)) << delivery.detail;
    EXPECT_FALSE(delivery.unreachable);
  }
  for (const Replies& replies :
       {Replies{{"RCPT", "450 later"}}, Replies{{"MAIL", "451 later"}}, Replies{{"DATA", "451 later"}},
        Replies{{".", "452 later"}},
        Replies{{"RCPT TO:<a@example.org>", "550 no"}, {"RCPT TO:<b@example.org>", "450 later"}}}) {
    const Outcome delivery = mail_through(replies);
    EXPECT_EQ(delivery.result, Result::again) << replies.begin()->first << delivery.detail;
    EXPECT_FALSE(delivery.unreachable);
  }
}

TEST(MailChannel, WhatIsNotAboutTheMailIsTheChannelsTrouble) {
  using Replies = std::map<std::string, std::string>;
  for (const Replies& replies : {Replies{{"", "554 go away"}}, Replies{{"", "421 later"}},
                                 Replies{{"", "garbage"}}, Replies{{"EHLO", "550 no"}, {"HELO", "550 no"}}}) {
    const Outcome delivery = mail_through(replies);
    EXPECT_EQ(delivery.result, Result::again) << replies.begin()->second << delivery.detail;
    EXPECT_TRUE(delivery.unreachable) << delivery.detail;
    EXPECT_TRUE(delivery.detail.starts_with("expected smtp://127.0.0.1:")) << delivery.detail;
  }
  EXPECT_TRUE(has(mail_through({{"", "554 go away"}}).detail, "(554 go away)"));
}

TEST(MailChannel, LogsInWhereThereIsAPassword) {
  const std::string login = to_base64(std::string("\0geleit\0geheim", 14));
  const std::map<std::string, std::string> offers{{"EHLO", "250-sink\r\n250 AUTH PLAIN"}, {"AUTH", "334 "}};
  auto replies = offers;
  replies[login] = "235 in";
  SmtpSink sink(replies);
  ChannelConfig config = mail_to(sink.url());
  config.user = "geleit";
  config.password = "geheim";
  EXPECT_EQ(make_channel(config)->deliver(sample_single(), noon), Outcome{});
  EXPECT_EQ(sink.mails().size(), 1u);

  replies[login] = "535 wrong password";
  SmtpSink strict(replies);
  config.url = strict.url();
  const Outcome delivery = make_channel(config)->deliver(sample_single(), noon);
  EXPECT_EQ(delivery.result, Result::again) << delivery.detail;
  EXPECT_TRUE(delivery.unreachable);
  EXPECT_TRUE(has(delivery.detail, "535 wrong password")) << delivery.detail;
  EXPECT_FALSE(has(delivery.detail, login));
}

TEST(MailChannel, TlsIsAskedForUnlessItIsNotWanted) {
  const auto outcome = [](StartTls starttls, const std::map<std::string, std::string>& replies, bool& asked) {
    SmtpSink sink(replies);
    ChannelConfig config = mail_to(sink.url());
    config.starttls = starttls;
    const Outcome delivery = make_channel(config)->deliver(sample_single(), noon);
    const auto commands = sink.commands();
    asked = std::find(commands.begin(), commands.end(), "STARTTLS") != commands.end();
    return delivery.result;
  };
  const std::map<std::string, std::string> offered{{"EHLO", "250-sink\r\n250 STARTTLS"},
                                                   {"STARTTLS", "220 go on"}};
  bool asked = false;
  EXPECT_EQ(outcome(StartTls::required, {}, asked), Result::again);
  EXPECT_EQ(outcome(StartTls::if_offered, {}, asked), Result::delivered);
  EXPECT_FALSE(asked);
  EXPECT_EQ(outcome(StartTls::no, offered, asked), Result::delivered);
  EXPECT_FALSE(asked);
  // The sink does not really speak it.
  EXPECT_EQ(outcome(StartTls::if_offered, offered, asked), Result::again);
  EXPECT_TRUE(asked);
}

TEST(MailChannel, AServerThatHangsCostsNoMoreThanTheTimeOut) {
  for (const std::string where : {"", "MAIL", "."}) {
    const auto took = time_of([&] {
      const Outcome delivery = mail_through({{where, ""}}, 1s);
      EXPECT_EQ(delivery.result, Result::again) << where << delivery.detail;
      EXPECT_TRUE(delivery.unreachable);
    });
    EXPECT_LT(took, 6s) << where;
  }
  EXPECT_LT(time_of([&] { EXPECT_EQ(mail_through({{"QUIT", ""}}, 1s).result, Result::delivered); }), 6s);
}

TEST(MailChannel, StopBreaksOffWhatRunsWhereverItIs) {
  for (const std::string where : {"", "EHLO", "RCPT", ".", "QUIT"}) {
    SmtpSink sink(std::map<std::string, std::string>{{where, ""}});
    ChannelConfig config = mail_to(sink.url());
    config.timeout = 60s;
    const auto channel = make_channel(config);
    std::thread stopper([&] {
      std::this_thread::sleep_for(200ms);
      channel->stop();
    });
    // It has been taken before QUIT.
    const Result expected = where == "QUIT" ? Result::delivered : Result::again;
    EXPECT_LT(time_of([&] { EXPECT_EQ(channel->deliver(sample_single(), noon).result, expected) << where; }),
              5s)
        << where;
    stopper.join();
  }
}

}  // namespace
}  // namespace geleit
