#include "services/text_table.h"

#include <gtest/gtest.h>

#include "services/json_slices.h"

namespace geleit {
namespace {

std::string table(std::initializer_list<std::string_view> rows, std::size_t width = 0) {
  return lay_out_rows(std::vector<std::string_view>(rows), width);
}

TEST(SlicesOfJson, KeepTheTextAsItIs) {
  const std::string body = R"( {"items" : [ {"a":1.50,"b":"x]}\""} , [2,{"c":[]}], null ],"next":null} )";
  const auto items = elements_of(*member_of(body, "items"));
  ASSERT_EQ(items.size(), 3);
  EXPECT_EQ(items[0], R"({"a":1.50,"b":"x]}\""})");
  EXPECT_EQ(items[1], R"([2,{"c":[]}])");
  EXPECT_EQ(items[2], "null");
  EXPECT_EQ(member_of(items[0], "a"), "1.50");
  EXPECT_EQ(plain_text(*member_of(items[0], "b")), "x]}\"");
  EXPECT_EQ(member_of(body, "next"), "null");
  EXPECT_EQ(member_of(body, "a"), std::nullopt) << "only the object's own members";
  EXPECT_TRUE(elements_of("[ ]").empty());
  EXPECT_TRUE(members_of("{}").empty());
}

TEST(ATable, AlignsNumbersRightAndWordsLeft) {
  EXPECT_EQ(table({R"({"case":"a","days":7})", R"({"case":"bcdef","days":-12})"}),
            "case   days\n"
            "a         7\n"
            "bcdef   -12\n");
}

TEST(ATable, CountsCharactersNotBytes) {
  EXPECT_EQ(table({R"({"why":"grün","n":1})", R"({"why":"blau","n":2})"}),
            "why   n\n"
            "grün  1\n"
            "blau  2\n");
}

TEST(ATable, ShowsWhatIsNullOrAbsentAsADash) {
  EXPECT_EQ(table({R"({"a":null,"b":1})", R"({"a":"x","c":"y"})"}),
            "a  b  c\n"
            "-  1  -\n"
            "x  -  y\n");
}

TEST(ATable, TurnedHasALineForEachColumn) {
  const std::vector<std::string_view> rows{R"({"period":"2024","units":1811,"fällig":null})",
                                           R"({"period":"2025-Q1","units":2})"};
  EXPECT_EQ(lay_out_turned(rows),
            "period  2024  2025-Q1\n"
            "units   1811        2\n"
            "fällig     -        -\n");
  const std::string_view below =
      "period  2024\n"
      "units   1811\n"
      "fällig     -\n"
      "\n"
      "period  2025-Q1\n"
      "units         2\n"
      "fällig        -\n";
  EXPECT_EQ(lay_out_turned(rows, 21).find("\n\n"), std::string::npos) << "both fit";
  EXPECT_EQ(lay_out_turned(rows, 20), below);
  EXPECT_EQ(lay_out_turned(rows, 3), below) << "one at least";
  EXPECT_EQ(lay_out_turned({}), "");
}

TEST(ATable, OpensObjectsThatLookTheSameInEveryRow) {
  EXPECT_EQ(table({R"({"anchor":{"event":"E","date":"2026-02-20"}})", R"({"anchor":null})"}),
            "anchor.event  anchor.date\n"
            "E             2026-02-20\n"
            "-             -\n");
  EXPECT_EQ(table({R"({"data":{"a":1}})", R"({"data":{"b":["x","y"],"c":null}})"}),
            "data\n"
            "a=1\n"
            "b=[x, y]\n");
  EXPECT_EQ(table({R"({"data":{"a":{"b":1},"c":[{"d":2}]}})"}), "data\na={b=1} c=[{d=2}]\n");
}

TEST(ATable, KeepsARowOnOneLine) { EXPECT_EQ(table({"{\"why\":\"a\\nb\\u001b[31m\"}"}), "why\na b [31m\n"); }

TEST(ATable, CutsTheWidestColumnToTheTerminal) {
  const std::string row = R"({"id":"0123456789","why":")" + std::string(50, 'x') + "\"}";
  EXPECT_EQ(table({row}, 32),
            "id          why\n"
            "0123456789  xxxxxxxxxxxxxxxxxxx…\n");
  EXPECT_EQ(table({row}, 5),
            "id          why\n"
            "0123456789  xxxxxxxxxxxxxxx…\n")
      << "below that a narrow terminal has to break the lines";
}

TEST(AnObject, IsALineAMemberAndATableAList) {
  EXPECT_EQ(
      lay_out_object(R"({"case":"c","balance":{"approved":720},"visits":[{"v":"a","m":45}],"tasks":[]})"),
      "case              c\n"
      "balance.approved  720\n"
      "tasks             -\n"
      "\n"
      "visits\n"
      "v   m\n"
      "a  45\n");
}

}  // namespace
}  // namespace geleit
