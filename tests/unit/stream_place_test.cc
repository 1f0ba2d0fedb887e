#include "services/query/stream_place.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace geleit {
namespace {

constexpr std::size_t partitions = 4;

TEST(StreamPlace, SaysWhichRecordsWereReadLast) {
  EXPECT_EQ(to_string(StreamPlace{{Offset{124}, Offset{0}, Offset{46}, Offset{0}}}), "0:123,2:45");
  EXPECT_EQ(to_string(StreamPlace{Positions(partitions)}), "-");
}

TEST(StreamPlace, WithinAWriteSaysHowManyRowsAndWhereItEnds) {
  const Positions from{Offset{124}, Offset{0}, Offset{46}, Offset{0}};
  const Positions to{Offset{124}, Offset{1}, Offset{50}, Offset{0}};
  EXPECT_EQ(to_string(StreamPlace{from, 7, to}), "0:123,2:45/7~1:0,2:49");
  EXPECT_EQ(to_string(StreamPlace{from, 7, from}), "0:123,2:45/7~");
  const auto back = parse_stream_place("0:123,2:45/7~1:0,2:49", partitions);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->at, from);
  EXPECT_EQ(back->rows, 7U);
  EXPECT_EQ(back->to, to);
}

RC_GTEST_PROP(StreamPlace, ComesBackAsItWas, ()) {
  StreamPlace place{Positions(partitions), 0, {}};
  for (Offset& offset : place.at) offset.value = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  place.to = place.at;
  place.rows = *rc::gen::inRange<std::size_t>(0, 100);
  if (place.rows > 0) {
    for (Offset& offset : place.to) offset.value += *rc::gen::inRange<std::uint64_t>(0, 10);
  }
  const auto back = parse_stream_place(to_string(place), partitions);
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->at == place.at && back->rows == place.rows && back->to == place.to);
}

RC_GTEST_PROP(StreamPlace, NothingBreaksIt, ()) {
  (void)parse_stream_place(
      *rc::gen::container<std::string>(rc::gen::element('0', '9', ':', ',', '/', '~', '-')), partitions);
}

TEST(StreamPlace, OfWhatIsNoneIsNothing) {
  for (const char* text :
       {"", "x", "0", "0:", ":1", "4:1", "0:1,", ",0:1", "0:-1", "0:1/", "0:1/7", "0:1/~", "0:1/x~",
        "0:5/2~0:4", "0:99999999999999999999", "0:9223372036854775807", "-/", "- ", "0:1 "}) {
    EXPECT_FALSE(parse_stream_place(text, partitions)) << text;
  }
  EXPECT_TRUE(parse_stream_place("-", partitions));
}

}  // namespace
}  // namespace geleit
