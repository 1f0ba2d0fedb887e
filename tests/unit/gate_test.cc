// Who comes in: tokens as they are made, kept and taken back, and the one door that asks for them.
#include "services/gate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "services/file_text.h"
#include "tests/temporary_directory.h"
#include "tests/unit/hand_clock.h"

namespace geleit {
namespace {

constexpr Instant gate_noon{1'782'813'600'000};  // 2026-06-30T12:00:00+02:00

class GateTest : public ::testing::Test {
 protected:
  GateTest() { clock_.at = gate_noon; }
  NewToken made(AccessRoles roles, std::optional<std::string> provider = std::nullopt,
                std::optional<Instant> expires = std::nullopt) {
    NewToken token = mint_token({"m.roth", std::move(provider), roles, expires}, clock_.now(), chance_);
    book_->put(token.token);
    return token;
  }
  void revoke(Token token) {
    token.revoked = clock_.now();
    book_->put(token);
  }
  static http::Request asked(const std::string& text, http::Method method = http::Method::get) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!text.empty()) headers.emplace_back("Authorization", "Bearer " + text);
    return *http::Request::make(method, "/v1/cases", headers);
  }
  /// 200: let in.
  int status(http::Request request, std::string_view path = "/v1/cases") {
    const auto refused = gate_.check(request, path);
    return refused ? refused->status : 200;
  }
  [[nodiscard]] std::filesystem::path file() const { return dir_.path() / "tokens.ndjson"; }

  TemporaryDirectory dir_;
  HandClock clock_;
  SystemChance chance_;
  std::unique_ptr<TokenBook> book_ = token_file(dir_.path() / "tokens.ndjson");
  const std::string service_token_ = std::string(64, '7');
  Gate gate_{*book_, clock_, service_token_};
};

TEST_F(GateTest, WithoutTokensEverybodyComesInAsNobody) {
  http::Request request = asked("");
  EXPECT_FALSE(gate_.check(request, "/v1/cases"));
  EXPECT_EQ(request.principal(), nullptr);
  EXPECT_EQ(status(asked("glt_whatever")), 200);
}

TEST_F(GateTest, ATokenSaysWhoComesIn) {
  const NewToken token = made(AccessRoles(AccessRole::case_manager), "hana-muenchen");
  http::Request request = asked(token.text);
  EXPECT_FALSE(gate_.check(request, "/v1/cases"));
  ASSERT_NE(request.principal(), nullptr);
  EXPECT_EQ(request.principal()->name, "m.roth");
  EXPECT_EQ(*only_provider(request), "hana-muenchen");
  EXPECT_TRUE(exists_for(request, "hana-muenchen"));
  EXPECT_FALSE(exists_for(request, "anderswo"));
}

TEST_F(GateTest, WhateverIsWrongWithATokenTheAnswerIsTheSame) {
  const NewToken right = made(AccessRoles::all());
  const NewToken gone = made(AccessRoles::all());
  const NewToken old = made(AccessRoles::all(), std::nullopt, Instant{gate_noon.ms + 1});
  revoke(gone.token);
  clock_.at = Instant{gate_noon.ms + 1};
  std::string other_secret = right.text;
  other_secret.back() = other_secret.back() == '0' ? '1' : '0';
  std::set<std::string> answers;
  for (const std::string& text : {std::string(), other_secret, gone.text, old.text, std::string("glt_"),
                                  "glt_" + std::string(77, 'a'), right.text + "0", service_token_ + "0"}) {
    http::Request request = asked(text);
    const auto refused = gate_.check(request, "/v1/cases");
    ASSERT_TRUE(refused) << text;
    EXPECT_EQ(refused->status, 401) << text;
    answers.insert(refused->body);
  }
  EXPECT_EQ(answers.size(), 1);
  EXPECT_EQ(status(asked(right.text)), 200);
}

TEST_F(GateTest, ARoleComesInWhereTheTableSaysSo) {
  const NewToken figures = made(AccessRoles(AccessRole::management));
  EXPECT_EQ(status(asked(figures.text), "/v1/key-figures"), 200);
  EXPECT_EQ(status(asked(figures.text), "/v1/cases"), 403);
  EXPECT_EQ(status(asked(figures.text, http::Method::head), "/v1/key-figures"), 200);
  EXPECT_EQ(status(asked(figures.text), "/v1/never-heard-of"), 403);
}

TEST_F(GateTest, WhatIsOpenAsksForNothingAndNoPathForAToken) {
  made(AccessRoles::all());
  EXPECT_EQ(status(asked(""), "/livez"), 200);
  EXPECT_EQ(status(asked(""), "/heute"), 200);
  EXPECT_EQ(status(asked(""), ""), 401);
}

TEST_F(GateTest, ProcessesOfTheInstallationKnowEachOther) {
  made(AccessRoles::all());
  http::Request request = asked(service_token_, http::Method::post);
  EXPECT_FALSE(gate_.check(request, "/v1/commands"));
  EXPECT_TRUE(request.principal()->of_the_installation);
  EXPECT_EQ(status(asked(service_token_), "/v1/cases"), 403);
}

TEST_F(GateTest, TooManyWrongTokensFromOneAddressAreSlowedDownAndARightOneIsNot) {
  const NewToken right = made(AccessRoles::all());
  for (std::size_t i = 0; i < wrong_tokens_max; ++i) EXPECT_EQ(status(asked("glt_wrong")), 401);
  EXPECT_EQ(status(asked("glt_wrong")), 429);
  EXPECT_EQ(status(asked("")), 401);
  EXPECT_EQ(status(asked(right.text)), 200);
}

TEST(WrongTokensTest, CountsEachAddressForAMinuteAndRemembersNoMoreThanItMay) {
  WrongTokens wrong;
  for (std::size_t i = 0; i < wrong_tokens_max; ++i) EXPECT_TRUE(wrong.take("10.0.0.1", 0));
  EXPECT_FALSE(wrong.take("10.0.0.1", wrong_tokens_ms - 1));
  EXPECT_TRUE(wrong.take("10.0.0.2", 0));
  EXPECT_TRUE(wrong.take("10.0.0.1", wrong_tokens_ms));
  for (std::size_t i = 0; i < wrong_token_addresses_max; ++i)
    (void)wrong.take("10.1." + std::to_string(i), wrong_tokens_ms);
  // Who is remembered by now counts together with all the others.
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 2 * wrong_tokens_max; ++i)
    taken += wrong.take("10.2." + std::to_string(i), wrong_tokens_ms) ? 1 : 0;
  EXPECT_LE(taken, wrong_tokens_max);
}

TEST_F(GateTest, TheFileHoldsNoSecretAndAnotherProcessReadsIt) {
  const NewToken token = made(AccessRoles(AccessRole::auditor));
  EXPECT_EQ(read_text(file())->find(token.text.substr(token.text.rfind('_') + 1)), std::string::npos);
  const auto other = token_file(file());
  ASSERT_TRUE(other->all()->contains(token.token.id));
  revoke(token.token);
  EXPECT_EQ(state_of(other->all()->at(token.token.id), gate_noon), TokenState::revoked);
}

TEST_F(GateTest, ALineThatWasCutOffIsWrittenOver) {
  made(AccessRoles::all());
  std::ofstream(file(), std::ios::app) << R"({"id":"half)";
  EXPECT_EQ(book_->all()->size(), 1);
  made(AccessRoles::all());
  EXPECT_EQ(token_file(file())->all()->size(), 2);
}

TEST_F(GateTest, AKillWithTheFirstLineLeavesNothingOpenAndTheNextOneMendsIt) {
  std::ofstream(file()) << R"({"id":"half)";
  EXPECT_EQ(status(asked("")), 503);
  const NewToken token = made(AccessRoles::all());
  EXPECT_EQ(status(asked(token.text)), 200);
}

TEST_F(GateTest, AFileThatIsEmptyOrLessThanItWasLetsNobodyIn) {
  std::ofstream(file()).flush();
  EXPECT_EQ(status(asked("")), 503);
  const NewToken token = made(AccessRoles::all());
  const std::string before = *read_text(file());
  revoke(token.token);
  EXPECT_EQ(status(asked(token.text)), 401);
  std::ofstream(file(), std::ios::trunc) << before;
  EXPECT_EQ(status(asked(token.text)), 503) << "an older copy takes no revocation back";
}

TEST_F(GateTest, WhoeverIsNotAdmittedIsTurnedAwayBeforeTheirBodyIsRead) {
  EXPECT_TRUE(gate_.admits(asked("", http::Method::post), "/v1/commands"));
  const NewToken token = made(AccessRoles::all());
  EXPECT_FALSE(gate_.admits(asked("", http::Method::post), "/v1/commands"));
  EXPECT_TRUE(gate_.admits(asked(token.text, http::Method::post), "/v1/commands"));
}

TEST_F(GateTest, TheSchemeIsReadInAnyCase) {
  const NewToken token = made(AccessRoles::all());
  EXPECT_EQ(status(*http::Request::make(http::Method::get, "/v1/cases",
                                        {{"authorization", "bEARER " + token.text}})),
            200);
}

TEST_F(GateTest, WhoWasRefusedIsToldToTheLogWithItsReason) {
  std::vector<std::string> heard;
  gate_.on_refused([&](const Refusal& refusal) {
    heard.push_back(std::to_string(refusal.status) + " " + std::string(refusal.why) + " " +
                    std::string(refusal.route));
  });
  const NewToken token = made(AccessRoles(AccessRole::management));
  status(asked(""));
  status(asked("glt_wrong"));
  status(asked(token.text));
  revoke(token.token);
  status(asked(token.text));
  EXPECT_EQ(heard, (std::vector<std::string>{"401 missing /v1/cases", "401 unknown /v1/cases",
                                             "403 role /v1/cases", "401 revoked /v1/cases"}));
}

TEST_F(GateTest, ABookThatCannotBeReadLetsNobodyIn) {
  const NewToken token = made(AccessRoles::all());
  std::ofstream(file(), std::ios::app) << "nonsense\n";
  EXPECT_EQ(status(asked(token.text)), 503);
  EXPECT_TRUE(gate_.asks_for_tokens());
  std::filesystem::remove(file());
  EXPECT_EQ(status(asked("")), 503) << "taking the file away opens nothing";
}

TEST_F(GateTest, ADayAsAnEndMeansUntilItIsOver) {
  EXPECT_EQ(parse_expiry("2026-06-30")->ms, gate_noon.ms + 12 * 3'600'000);
  EXPECT_EQ(*parse_expiry("2026-06-30T12:00:00+02:00"), gate_noon);
  EXPECT_FALSE(parse_expiry("bald"));
}

TEST_F(GateTest, NoRouteIsAddedThatTheTableDoesNotKnow) {
  http::Router router;
  guard(router, gate_);
  const auto answer = [](http::Request, http::Responder) {};
  router.add(http::Method::get, "/v1/cases", answer);
  EXPECT_THROW(router.add(http::Method::get, "/v1/anything", answer), std::logic_error);
}

}  // namespace
}  // namespace geleit
