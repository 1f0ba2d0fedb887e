// Which addresses a webhook may not reach.
#include <gtest/gtest.h>

#include "services/alert/address_range.h"

namespace geleit {
namespace {

std::string_view range_of(std::string_view text) {
  const auto address = parse_net_address(text);
  EXPECT_TRUE(address) << text;
  return address ? range_not_public(*address) : "";
}

TEST(AddressRange, WhatBelongsToNobodyInPublicIsNamed) {
  const std::pair<std::string_view, std::string_view> addresses[] = {
      {"0.0.0.0", "this network"},
      {"10.255.0.1", "private"},
      {"100.64.0.1", "shared"},
      {"100.127.255.255", "shared"},
      {"127.0.0.1", "loopback"},
      {"127.255.255.254", "loopback"},
      {"168.63.129.16", "metadata"},
      {"169.254.169.254", "metadata"},
      {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},
      {"192.0.0.192", "reserved"},
      {"192.0.2.1", "documentation"},
      {"192.168.1.1", "private"},
      {"198.19.255.255", "benchmarks"},
      {"224.0.0.1", "multicast"},
      {"255.255.255.255", "reserved"},
      {"::", "reserved"},
      {"::1", "loopback"},
      {"::127.0.0.1", "reserved"},
      {"::ffff:127.0.0.1", "loopback"},
      {"::ffff:10.0.0.1", "private"},
      {"::ffff:169.254.169.254", "metadata"},
      {"64:ff9b::a00:1", "private"},
      {"64:ff9b:1::1", "private"},
      {"2002:7f00:1::1", "loopback"},
      {"2001::1", "reserved"},
      {"2001:db8::1", "documentation"},
      {"fc00::1", "unique-local"},
      {"fd00:ec2::254", "unique-local"},
      {"fe80::1", "link-local"},
      {"febf::1", "link-local"},
      {"fec0::1", "site-local"},
      {"ff02::1", "multicast"},
      {"100::1", "reserved"},
      {"4000::1", "reserved"},
  };
  for (const auto& [address, name] : addresses)
    EXPECT_NE(range_of(address).find(name), std::string_view::npos) << address << ": " << range_of(address);
}

TEST(AddressRange, WhatIsPublicIsNot) {
  for (const std::string_view address : {"1.1.1.1",         "9.255.255.255",        "11.0.0.0",
                                         "100.63.255.255",  "100.128.0.0",          "126.255.255.255",
                                         "128.0.0.1",       "168.63.129.17",        "169.253.255.255",
                                         "172.15.255.255",  "172.32.0.0",           "192.167.255.255",
                                         "192.169.0.0",     "198.17.255.255",       "198.20.0.0",
                                         "223.255.255.255", "::ffff:1.1.1.1",       "64:ff9b::101:101",
                                         "2002:101:101::1", "2606:4700:4700::1111", "2a00:1450:4001::200e"}) {
    EXPECT_EQ(range_of(address), "") << address;
  }
}

TEST(AddressRange, AddressesAreReadAndWritten) {
  for (const std::string_view address : {"192.0.2.1", "2001:db8::1", "::1"})
    EXPECT_EQ(to_string(*parse_net_address(address)), address);
  EXPECT_EQ(parse_net_address("::ffff:192.0.2.1"), parse_net_address("192.0.2.1"));
  for (const std::string_view text : {"", "localhost", "1.2.3", "1.2.3.4.5", "010.0.0.1x", "[::1]", "1"})
    EXPECT_FALSE(parse_net_address(text)) << text;
}

}  // namespace
}  // namespace geleit
