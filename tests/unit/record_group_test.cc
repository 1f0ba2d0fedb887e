#include "events/record_group.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "events/log_tail.h"

namespace geleit {
namespace {

std::vector<std::shared_ptr<const RecordGroup>> some_groups(std::size_t records, std::size_t size,
                                                            Positions& ends) {
  static std::vector<std::string> kept;
  std::vector<TimedRecord> timed;
  kept.clear();
  for (std::size_t i = 0; i < records; ++i) kept.emplace_back(size, static_cast<char>('a' + i % 26));
  for (std::size_t i = 0; i < records; ++i) {
    timed.push_back({Partition{static_cast<std::uint16_t>(i % ends.size())},
                     Instant{static_cast<std::int64_t>(i)}, kept[i]});
  }
  return make_groups(timed, ends);
}

// The bytes on disk are for ever: this is format 1, written out.
TEST(RecordGroup, LiesAsTheFormatSays) {
  Positions ends{Offset{7}};
  const std::vector<TimedRecord> records{{Partition{0}, Instant{0x0102030405060708}, "12345678"},
                                         {Partition{0}, Instant{-1}, "123"}};
  const auto groups = make_groups(records, ends);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0]->first, Offset{7});
  EXPECT_EQ(groups[0]->end(), Offset{9});
  EXPECT_EQ(ends[0], Offset{9});
  const std::string_view expected{
      "\x01\0\0\0\x02\0\0\0"
      "\x08\x07\x06\x05\x04\x03\x02\x01"
      "\x08\0\0\0\0\0\0\0"
      "12345678"
      "\xff\xff\xff\xff\xff\xff\xff\xff"
      "\x03\0\0\0\0\0\0\0"
      "123\0\0\0\0\0",
      56};
  EXPECT_EQ(groups[0]->value.view(), expected);
}

TEST(RecordGroup, IsReadAsItWasWritten) {
  Positions ends(3);
  const auto groups = some_groups(100, 40, ends);
  ASSERT_EQ(groups.size(), 3u);
  for (const auto& group : groups) {
    GroupCursor cursor(group->value.view());
    EXPECT_EQ(cursor.count(), group->count);
    for (std::size_t i = group->partition.value; cursor.next(); i += 3) {
      EXPECT_EQ(cursor.recorded().ms, static_cast<std::int64_t>(i));
      EXPECT_EQ(cursor.bytes(), std::string(40, static_cast<char>('a' + i % 26)));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(cursor.bytes().data()) % 8, 0u);
    }
  }
}

TEST(RecordGroup, StopsGrowingAtTheTargetSize) {
  Positions ends(1);
  const auto groups = some_groups(1'000, 400, ends);
  EXPECT_GT(groups.size(), 10u);
  Offset expected{0};
  for (const auto& group : groups) {
    EXPECT_LE(group->value.size(), value_bytes_target + 8);
    EXPECT_EQ(group->first, expected);
    expected = group->end();
  }
  EXPECT_EQ(expected, Offset{1'000});
}

TEST(RecordGroup, ALargeRecordLiesAlone) {
  Positions ends(1);
  EXPECT_EQ(some_groups(3, 100'000, ends).size(), 3u);
}

TEST(RecordGroup, EveryShortenedValueIsDamaged) {
  Positions ends(1);
  const auto groups = some_groups(3, 20, ends);
  const std::string whole(groups.at(0)->value.view());
  const auto walk = [](std::string_view value) {
    GroupCursor cursor(value);
    while (cursor.next()) continue;
  };
  EXPECT_NO_THROW(walk(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(walk(whole.substr(0, size)), LogCorrupt) << size;
  EXPECT_THROW(walk(whole + std::string(8, '\0')), LogCorrupt);
}

TEST(RecordGroup, AFormatOrFlagOfTheFutureIsRefused) {
  Positions ends(1);
  const auto groups = some_groups(1, 8, ends);
  const std::string whole(groups.at(0)->value.view());
  for (const std::size_t at : {0, 1, 20, 21, 22, 23}) {  // format, its zeros, flags, zero, header length
    std::string other = whole;
    ++other[at];
    EXPECT_THROW(
        {
          GroupCursor cursor(other);
          cursor.next();
        },
        LogCorrupt)
        << at;
  }
}

TEST(LogTail, GivesWhatItHoldsAndForgetsTheOldest) {
  Positions ends(2);
  LogTail tail;
  tail.reset(2, 100'000);
  std::vector<std::shared_ptr<const RecordGroup>> out;
  EXPECT_FALSE(tail.take(Partition{0}, Offset{0}, 10, out));
  tail.push(some_groups(200, 400, ends));
  ASSERT_TRUE(tail.take(Partition{0}, Offset{99}, 1, out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_LE(out[0]->first, Offset{99});
  EXPECT_GT(out[0]->end(), Offset{99});
  out.clear();
  EXPECT_FALSE(tail.take(Partition{0}, Offset{100}, 1, out));
  for (int i = 0; i < 10; ++i) tail.push(some_groups(200, 400, ends));
  EXPECT_FALSE(tail.take(Partition{0}, Offset{99}, 1, out));
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(tail.take(Partition{1}, Offset{1'099}, 1, out));
}

TEST(LogTail, DoesNotJumpOverAGap) {
  LogTail tail;
  tail.reset(1, 1'000'000);
  Positions ends(1);
  tail.push(some_groups(10, 8, ends));
  ends[0] = Offset{20};
  tail.push(some_groups(10, 8, ends));
  std::vector<std::shared_ptr<const RecordGroup>> out;
  EXPECT_FALSE(tail.take(Partition{0}, Offset{15}, 100, out));
  ASSERT_TRUE(tail.take(Partition{0}, Offset{5}, 100, out));
  EXPECT_EQ(out.size(), 1u);
}

}  // namespace
}  // namespace geleit
