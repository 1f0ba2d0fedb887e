#include "events/sha256.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace geleit {
namespace {

// FIPS 180-4 examples.
constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* of_million_a = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, KnownAnswersComeOut) {
  EXPECT_EQ(to_hex(sha256("")), of_nothing);
  EXPECT_EQ(to_hex(sha256("abc")), of_abc);
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))), of_million_a);
  EXPECT_EQ(to_hex(sha256("abc")), of_abc) << "the thread's context must begin anew";
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.update(std::string(1000, 'a'));
  EXPECT_EQ(to_hex(hash.finish()), of_million_a);
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(to_hex(hash.finish()), of_abc);
  EXPECT_EQ(to_hex(hash.finish()), of_nothing);
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 2000; ++i) ASSERT_EQ(to_hex(sha256("abc")), of_abc);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Sha256, HexAndOctetsLeadBack) {
  const Hash hash = sha256("abc");
  EXPECT_EQ(parse_hash(of_abc), hash);
  EXPECT_EQ(parse_hash("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), hash);
  EXPECT_FALSE(parse_hash(""));
  EXPECT_FALSE(parse_hash(std::string(63, '0')));
  EXPECT_FALSE(parse_hash(std::string(65, '0')));
  EXPECT_FALSE(parse_hash(std::string(63, '0') + "g"));
  char octets[hash_octets];
  write_octets(hash, octets);
  EXPECT_EQ(static_cast<unsigned char>(octets[0]), 0xba);
  EXPECT_EQ(static_cast<unsigned char>(octets[31]), 0xad);
  EXPECT_EQ(hash_of_octets(octets), hash);
}

}  // namespace
}  // namespace geleit
