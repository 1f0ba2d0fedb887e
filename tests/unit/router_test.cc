#include "services/http/router.h"

#include <gtest/gtest.h>

#include "services/http/negotiation.h"
#include "services/http/server.h"

namespace geleit::http {
namespace {

Request get(std::string_view target) { return std::move(*Request::make(Method::get, target)); }

TEST(Request, PathPartsAndQueryAreDecoded) {
  const Request request = get("/v1/cases/a%20b/%C3%BC?name=Anna+Maria&x=%26%3d&flag&name=2");
  ASSERT_EQ(request.segments().size(), 4U);
  EXPECT_EQ(request.segments()[2], "a b");
  EXPECT_EQ(request.segments()[3], "ü");
  ASSERT_EQ(request.query().size(), 4U);
  EXPECT_EQ(request.query()[0].value, "Anna Maria");
  EXPECT_EQ(request.query()[1].value, "&=");
  EXPECT_EQ(request.query()[2].name, "flag");
  EXPECT_EQ(request.query()[2].value, "");
  EXPECT_EQ(request.query("name"), "Anna Maria");
  EXPECT_FALSE(request.query("nobody"));
  EXPECT_EQ(request.path(), "/v1/cases/a%20b/%C3%BC");
}

TEST(Request, SurvivesBeingMoved) {
  Request first = get("/a%41?b=%42");
  const Request second = std::move(first);
  EXPECT_EQ(second.segments()[0], "aA");
  EXPECT_EQ(second.query("b"), "B");
}

TEST(Request, RootHasNoParts) {
  EXPECT_TRUE(get("/").segments().empty());
  EXPECT_EQ(get("/v1/").segments().size(), 2U);
}

TEST(Request, MalformedTargetsAreRefused) {
  for (const char* target :
       {"/%", "/%4", "/%zz", "/%ff", "/a?x=%C3", "/a?%zz=1", "nothing", "", "/%ed%a0%80"}) {
    EXPECT_FALSE(Request::make(Method::get, target)) << target;
  }
}

TEST(Request, AbsoluteTargetsOfProxiesAreUnderstood) {
  EXPECT_EQ(get("http://example.org/v1/cases?limit=1").path(), "/v1/cases");
  EXPECT_EQ(get("http://example.org").path(), "/");
  EXPECT_EQ(get("http://example.org?limit=1").query("limit"), "1");
}

TEST(Request, HeadersAreFoundInAnyCase) {
  const auto request = Request::make(Method::get, "/", {{"X-One", "1"}, {"x-one", "2"}});
  EXPECT_EQ(request->header("x-ONE"), "1");
  EXPECT_FALSE(request->header("x-two"));
}

TEST(Language, IsGermanUnlessEnglishIsPreferred) {
  EXPECT_EQ(parse_language(""), Language::de);
  EXPECT_EQ(parse_language("fr"), Language::de);
  EXPECT_EQ(parse_language("en"), Language::en);
  EXPECT_EQ(parse_language("en-GB,en;q=0.9,de;q=0.8"), Language::en);
  EXPECT_EQ(parse_language("de-DE,de;q=0.9,en;q=0.8"), Language::de);
  EXPECT_EQ(parse_language("en;q=0"), Language::de);
  EXPECT_EQ(parse_language("de;q=0.5, EN;q=0.7"), Language::en);
}

TEST(Negotiation, WeightsAndExactNamesDecide) {
  const Media offered[] = {Media::json, Media::csv};
  EXPECT_EQ(negotiate(std::nullopt, offered), Media::json);
  EXPECT_EQ(negotiate("*/*", offered), Media::json);
  EXPECT_EQ(negotiate("text/csv", offered), Media::csv);
  EXPECT_EQ(negotiate("Text/CSV; charset=utf-8", offered), Media::csv);
  EXPECT_EQ(negotiate("application/json;q=0.4, text/*;q=0.5", offered), Media::csv);
  EXPECT_EQ(negotiate("text/csv, */*", offered), Media::csv);
  EXPECT_EQ(negotiate("*/*, application/json;q=0", offered), Media::csv);
  EXPECT_FALSE(negotiate("image/png", offered));
  EXPECT_FALSE(negotiate("application/json;q=0", offered));
}

TEST(Negotiation, ContentTypesAreComparedWithoutParameters) {
  EXPECT_TRUE(is_media("Application/JSON ; charset=utf-8", "application/json"));
  EXPECT_FALSE(is_media("application/jsonx", "application/json"));
}

TEST(Negotiation, EntityTagsAreVersions) {
  EXPECT_EQ(etag_of(7), "\"7\"");
  EXPECT_EQ(parse_if_match("\"7\"")->version, 7U);
  EXPECT_EQ(parse_if_match("W/\"7\"")->version, 7U);
  EXPECT_TRUE(parse_if_match(" * ")->any);
  for (const char* wrong : {"7", "\"\"", "\"x\"", "\"7", "\"1\", \"2\"", "\"99999999999\"", ""}) {
    EXPECT_FALSE(parse_if_match(wrong)) << wrong;
  }
}

TEST(Endpoint, IsHostAndPort) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8480"), (Endpoint{"127.0.0.1", 8480}));
  EXPECT_EQ(parse_endpoint("[::1]:0"), (Endpoint{"::1", 0}));
  EXPECT_EQ(to_string(Endpoint{"::1", 80}), "[::1]:80");
  for (const char* wrong :
       {"", "8480", ":8480", "host:", "host:x", "host:65536", "::1:80", "[]:80", "[::1:80"}) {
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
  }
  EXPECT_TRUE(is_loopback({"127.0.0.5", 1}));
  EXPECT_TRUE(is_loopback({"::1", 1}));
  EXPECT_TRUE(is_loopback({"LocalHost", 1}));
  EXPECT_FALSE(is_loopback({"0.0.0.0", 1}));
}

TEST(Router, TheSameRouteTwiceIsAMistake) {
  Router router;
  const auto nothing = [](Request, Responder) {};
  router.add(Method::get, "/v1/cases/{case}", nothing);
  EXPECT_THROW(router.add(Method::get, "/v1/cases/{other}", nothing), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "v1", nothing), std::logic_error);
}

TEST(Router, EachRouteHasItsBodyLimit) {
  Router router;
  const auto nothing = [](Request, Responder) {};
  router.add(Method::post, "/small/{x}", nothing, 10);
  router.add(Method::post, "/small/big", nothing);
  EXPECT_EQ(router.body_limit(*Request::make(Method::post, "/small/one")), 10U);
  EXPECT_EQ(router.body_limit(*Request::make(Method::post, "/small/big")), body_bytes_max);
  EXPECT_EQ(router.body_limit(*Request::make(Method::post, "/nowhere")), unrouted_body_bytes_max);
  EXPECT_EQ(router.body_limit(*Request::make(Method::put, "/small/one")), unrouted_body_bytes_max);
  EXPECT_EQ(router.body_limit(*Request::make(Method::post, "/small/")), unrouted_body_bytes_max);
}

}  // namespace
}  // namespace geleit::http
