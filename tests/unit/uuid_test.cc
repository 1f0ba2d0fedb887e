// The vectors named A.… are those of RFC 9562, appendix A.
#include "events/uuid.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <thread>

namespace geleit {
namespace {

constexpr Uuid dns_namespace{0x6ba7b8109dad11d1ULL, 0x80b400c04fd430c8ULL};
constexpr Uuid url_namespace{0x6ba7b8119dad11d1ULL, 0x80b400c04fd430c8ULL};

TEST(Uuid, TextIsReadInAnyCaseAndWrittenInLowerCase) {
  const Uuid expected{0x919108f752d14320ULL, 0x9bacf847db4148a8ULL};  // A.3
  EXPECT_EQ(parse_uuid("919108f7-52d1-4320-9bac-f847db4148a8"), expected);
  EXPECT_EQ(parse_uuid("919108F7-52D1-4320-9BAC-F847DB4148A8"), expected);
  EXPECT_EQ(to_string(expected), "919108f7-52d1-4320-9bac-f847db4148a8");
  EXPECT_EQ(expected.version(), 4);
}

TEST(Uuid, NilAndMaxAreIds) {
  EXPECT_EQ(to_string(Uuid{}), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(parse_uuid("ffffffff-ffff-ffff-ffff-ffffffffffff"), (Uuid{~0ULL, ~0ULL}));
  EXPECT_TRUE(parse_uuid("00000000-0000-0000-0000-000000000000")->is_nil());
}

TEST(Uuid, OtherSpellingsAreRefused) {
  for (const char* text :
       {"", "-", "919108f752d143209bacf847db4148a8", "{919108f7-52d1-4320-9bac-f847db4148a8}",
        "urn:uuid:919108f7-52d1-4320-9bac-f847db4148a8", "919108f7-52d1-4320-9bac-f847db4148a",
        "919108f7-52d1-4320-9bac-f847db4148a8 ", " 919108f7-52d1-4320-9bac-f847db4148a",
        "919108f7-52d1-4320-9bac_f847db4148a8", "919108f75-2d1-4320-9bac-f847db4148a8",
        "919108f7-52d1-4320-9bac-f847db4148ag", "919108f7-52d1-4320-9bac-f847db41 8a8",
        "+19108f7-52d1-4320-9bac-f847db4148a8", "0x9108f7-52d1-4320-9bac-f847db4148a8"}) {
    EXPECT_EQ(parse_uuid(text), std::nullopt) << text;
  }
}

TEST(Uuid, EveryWrongCharacterAtEveryPlaceIsRefused) {
  const std::string good = "919108f7-52d1-4320-9bac-f847db4148a8";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const bool dash = good[at] == '-';
      const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      EXPECT_EQ(parse_uuid(text).has_value(), dash ? c == '-' : digit) << at << ' ' << c;
    }
  }
}

TEST(Uuid, WhatIsWrittenIsReadBack) {
  std::mt19937_64 chance(7);
  for (int i = 0; i < 10'000; ++i) {
    const Uuid id{chance(), chance()};
    EXPECT_EQ(parse_uuid(to_string(id)), id);
  }
}

TEST(Uuid, WritingTouchesNothingBehindTheText) {
  std::array<char, 38> room;
  room.fill('#');
  write_uuid(dns_namespace, room.data());
  EXPECT_EQ(std::string(room.data(), room.size()), "6ba7b810-9dad-11d1-80b4-00c04fd430c8##");
}

TEST(Uuid, Version5IsTheOneOfTheRfc) {
  EXPECT_EQ(to_string(uuid_v5(dns_namespace, "www.example.com")),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");  // A.4
}

TEST(Uuid, Version5AgreesWithOtherLibraries) {  // computed with Python's uuid module
  EXPECT_EQ(to_string(uuid_v5(dns_namespace, "python.org")), "886313e1-3b8a-5372-9b90-0c9aee199e5d");
  EXPECT_EQ(to_string(uuid_v5(dns_namespace, "")), "4ebd0208-8328-5d69-8c44-ec50939c0967");
  EXPECT_EQ(to_string(uuid_v5(url_namespace, std::string(1000, 'x'))),
            "68491f23-75a7-557d-943b-00881c13ae1e");
  EXPECT_EQ(to_string(uuid_v5(geleit_namespace, "installation")), "f0fbbecf-a0ca-5923-9898-7861a05b2035");
}

TEST(Uuid, Version5IsTheSameFromEveryThread) {
  Uuid elsewhere;
  std::thread([&] { elsewhere = uuid_v5(geleit_namespace, "hana-muenchen"); }).join();
  EXPECT_EQ(elsewhere, uuid_v5(geleit_namespace, "hana-muenchen"));
  EXPECT_NE(elsewhere, uuid_v5(geleit_namespace, "hana-muenchem"));
}

TEST(Uuid, Version7IsTheOneOfTheRfc) {  // A.6: 2022-02-22T14:22:22-05:00
  EXPECT_EQ(to_string(uuid_v7(Instant{0x017f22e279b0}, 0xcc3, 0x18c4dc0c0c07398fULL)),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(Uuid, Version7TakesOnlyTheBitsOfChanceThatItHasRoomFor) {
  const Uuid id = uuid_v7(Instant{0x017f22e279b0}, ~0ULL, ~0ULL);
  EXPECT_EQ(to_string(id), "017f22e2-79b0-7fff-bfff-ffffffffffff");
}

TEST(Uuid, Version7SortsByTime) {
  EXPECT_LT(uuid_v7(Instant{1000}, ~0ULL, ~0ULL), uuid_v7(Instant{1001}, 0, 0));
}

TEST(Uuid, ClientsChooseVersions4And7Only) {
  EXPECT_TRUE(client_may_choose(*parse_uuid("919108f7-52d1-4320-9bac-f847db4148a8")));
  EXPECT_TRUE(client_may_choose(*parse_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")));
  EXPECT_FALSE(client_may_choose(*parse_uuid("2ed6657d-e927-568b-95e1-2665a8aea6a2")));
  EXPECT_FALSE(client_may_choose(*parse_uuid("c232ab00-9414-11ec-b3c8-9f6bdeced846")));  // A.1, version 1
  EXPECT_FALSE(client_may_choose(Uuid{}));
  EXPECT_FALSE(
      client_may_choose(*parse_uuid("919108f7-52d1-4320-1bac-f847db4148a8")));  // not the RFC's variant
}

}  // namespace
}  // namespace geleit
