#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "events/log.h"
#include "events/murmur2.h"
#include "events/uuid.h"

namespace geleit {
namespace {

CaseId id(const char* text) { return CaseId{*parse_uuid(text)}; }

TEST(Partition, HashIsTheOneOfKafkasOwnTests) {  // UtilsTest.testMurmur2 of the Java client
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
            -58897971);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("abc")), 479470107);
}

TEST(Partition, HashIsTheOneOfLibrdkafkasOwnTests) {  // unittest_murmur2 of the C client
  EXPECT_EQ(murmur2("kafka"), 0xd067cf64u);
  EXPECT_EQ(murmur2("giberish123456789"), 0x8f552b0cu);
  EXPECT_EQ(murmur2("1234"), 0x9fc97b14u);
  EXPECT_EQ(murmur2("234"), 0xe7c009cau);
  EXPECT_EQ(murmur2("34"), 0x873930dau);
  EXPECT_EQ(murmur2("4"), 0x5a4b5ca1u);
  EXPECT_EQ(murmur2("PreAmbleWillBeRemoved,ThePrePartThatIs"), 0x78424f1cu);
  EXPECT_EQ(murmur2("reAmbleWillBeRemoved,ThePrePartThatIs"), 0x4a62b377u);
  EXPECT_EQ(murmur2("AmbleWillBeRemoved,ThePrePartThatIs"), 0x62b8b43fu);
  EXPECT_EQ(murmur2(""), 0x106e08d9u);
}

TEST(Partition, IsOfTheLowerCaseText) {
  const char* text = "919108f7-52d1-4320-9bac-f847db4148a8";
  for (const std::uint16_t partitions : {1, 2, 7, 8, 1024}) {
    EXPECT_EQ(partition_of(id(text), partitions).value, (murmur2(text) & 0x7fffffff) % partitions);
    EXPECT_EQ(partition_of(id("919108F7-52D1-4320-9BAC-F847DB4148A8"), partitions),
              partition_of(id(text), partitions));
  }
}

TEST(Partition, StreamsSpreadEvenly) {
  std::vector<int> count(8);
  for (std::uint64_t i = 0; i < 80'000; ++i)
    ++count[partition_of(CaseId{uuid_v7(Instant{1}, i, i * 977)}, 8).value];
  for (const int streams : count) EXPECT_NEAR(streams, 10'000, 500);
}

}  // namespace
}  // namespace geleit
