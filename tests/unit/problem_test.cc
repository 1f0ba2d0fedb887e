#include "services/http/problem.h"

#include <gtest/gtest.h>

#include "services/http/json_text.h"
#include "services/http/metrics.h"

namespace geleit::http {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesWhatMustBeEscaped) {
  using namespace std::string_literals;
  EXPECT_EQ(json_of("plain"), R"("plain")");
  EXPECT_EQ(json_of("a\"b\\c\n\r\t\b\f"), R"("a\"b\\c\n\r\t\b\f")");
  EXPECT_EQ(json_of("\0\x1f\x7f"s), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(json_of("Müller 東 😀"), "\"Müller 東 😀\"");
}

TEST(JsonText, BrokenUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(json_of("a\xffz"), "\"a\xef\xbf\xbdz\"");
  EXPECT_EQ(json_of("\xc3"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(json_of("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonText, KnowsUtf8) {
  for (const char* good :
       {"", "abc", "ü", "€", "😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "long ascii text and then ü"}) {
    EXPECT_TRUE(valid_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc1\x81", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "12345678\xff"}) {
    EXPECT_FALSE(valid_utf8(bad)) << bad;
  }
}

TEST(JsonText, TheWriterPutsCommas) {
  std::string out;
  JsonWriter json(out);
  json.object().member("a").number(-1).member("b").array().number(1U).string("x").object().end().end();
  json.member("c").null().member("d").boolean(true).member("e").decimal(1.005, 2).member("f").raw("[]").end();
  EXPECT_EQ(out, R"({"a":-1,"b":[1,"x",{}],"c":null,"d":true,"e":1.00,"f":[]})");
}

TEST(JsonText, TheWriterRefusesNonsense) {
  std::string out;
  EXPECT_THROW(JsonWriter(out).end(), std::logic_error);
  EXPECT_THROW(JsonWriter(out).object().number(1), std::logic_error);
  EXPECT_THROW(JsonWriter(out).array().member("a"), std::logic_error);
  EXPECT_THROW(JsonWriter(out).object().member("a").end(), std::logic_error);
}

TEST(Problem, SaysEverythingThatApplies) {
  Problem problem;
  problem.kind = ProblemKind::reason_required;
  problem.detail = "erwartet eine Begründung, aber es gibt keine";
  problem.rule = "SMN-COMPLETE";
  problem.field = "reasons";
  problem.case_id = "c";
  problem.reasons_required = {"SMN-COMPLETE", "SMN-DEATH"};
  problem.version = 7;
  problem.extra = {{"state", "\"running\""}};
  std::string out;
  append_problem(out, problem, Language::de);
  EXPECT_EQ(
      out,
      R"({"type":"urn:geleit:problem:reason-required","title":"Begründung erforderlich","status":422,)"
      R"("detail":"erwartet eine Begründung, aber es gibt keine","rule":"SMN-COMPLETE","field":"reasons",)"
      R"("case":"c","reasons_required":["SMN-COMPLETE","SMN-DEATH"],"version":7,"state":"running"})");
}

TEST(Problem, LeavesOutWhatDoesNotApply) {
  Problem problem;
  problem.kind = ProblemKind::no_such_case;
  problem.detail = "d";
  std::string out;
  append_problem(out, problem, Language::en);
  EXPECT_EQ(out,
            R"({"type":"urn:geleit:problem:no-such-case","title":"No such case","status":404,"detail":"d"})");
}

TEST(Problem, OverloadSaysWhenToComeAgain) {
  const Response response = problem_response(ProblemKind::not_ready, Language::de, "d");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const std::pair<std::string, std::string> retry{"Retry-After", "1"};
  EXPECT_NE(std::find(response.headers.begin(), response.headers.end(), retry), response.headers.end());
}

TEST(Problem, EveryKindHasItsOwnSlug) {
  std::vector<std::string_view> slugs;
  for (int kind = 0; kind <= static_cast<int>(ProblemKind::not_ready); ++kind) {
    const auto slug = slug_of(static_cast<ProblemKind>(kind));
    EXPECT_EQ(std::find(slugs.begin(), slugs.end(), slug), slugs.end()) << slug;
    slugs.push_back(slug);
    EXPECT_FALSE(title_of(static_cast<ProblemKind>(kind), Language::de).empty());
  }
}

TEST(Metrics, AreWrittenAsText) {
  Metrics metrics;
  const Counter first = metrics.counter("geleit_test_total", "Help", {{"kind", "a"}});
  const Counter again = metrics.counter("geleit_test_total", "Help", {{"kind", "a"}});
  first.add();
  again.add(2);
  metrics.gauge("geleit_test_bytes", "Help").set(5);
  metrics.histogram("geleit_test_seconds", "Help", {}, {1.0}).observe(0.5);
  auto when_read = metrics.gauge_when_read("geleit_test_lag", "Help", {}, [] { return 42.0; });
  std::string text = metrics.text();
  EXPECT_NE(text.find("geleit_test_total{kind=\"a\"} 3"), std::string::npos) << text;
  EXPECT_NE(text.find("geleit_test_bytes 5"), std::string::npos) << text;
  EXPECT_NE(text.find("geleit_test_seconds_bucket{le=\"1\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("geleit_test_lag 42"), std::string::npos) << text;
  when_read.reset();
  EXPECT_EQ(metrics.text().find("geleit_test_lag 42"), std::string::npos);
  EXPECT_THROW((void)metrics.gauge("geleit_test_total", "Help"), std::invalid_argument);
  Counter{}.add();
}

}  // namespace
}  // namespace geleit::http
