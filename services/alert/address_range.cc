#include "services/alert/address_range.h"

#include <arpa/inet.h>

#include <algorithm>

namespace geleit {
namespace {

struct AddressRange {
  std::string_view first;  ///< an address
  int bits = 0;            ///< that all of its addresses share
  std::string_view name;
};

constexpr AddressRange ranges_of_4[] = {
    {"0.0.0.0", 8, "this network"},
    {"10.0.0.0", 8, "private"},
    {"100.64.0.0", 10, "shared by a carrier (CGNAT)"},
    {"127.0.0.0", 8, "loopback"},
    {"168.63.129.16", 32, "a cloud's metadata service"},
    {"169.254.0.0", 16, "link-local (there are metadata services)"},
    {"172.16.0.0", 12, "private"},
    {"192.0.0.0", 24, "reserved"},
    {"192.0.2.0", 24, "for documentation"},
    {"192.88.99.0", 24, "reserved"},
    {"192.168.0.0", 16, "private"},
    {"198.18.0.0", 15, "for benchmarks"},
    {"198.51.100.0", 24, "for documentation"},
    {"203.0.113.0", 24, "for documentation"},
    {"224.0.0.0", 4, "multicast"},
    {"240.0.0.0", 4, "reserved"},
};
// Beside these only 2000::/3 is given to anybody.
constexpr AddressRange ranges_of_6[] = {
    {"::1", 128, "loopback"},
    {"::", 96, "reserved"},
    {"64:ff9b:1::", 48, "private (NAT64)"},
    {"2001::", 23, "reserved"},
    {"2001:db8::", 32, "for documentation"},
    {"3fff::", 20, "for documentation"},
    {"fc00::", 7, "unique-local"},
    {"fe80::", 10, "link-local"},
    {"fec0::", 10, "site-local"},
    {"ff00::", 8, "multicast"},
};
constexpr AddressRange mapped{"::ffff:0:0", 96, ""};
constexpr AddressRange nat64{"64:ff9b::", 96, ""};
constexpr AddressRange six_to_four{"2002::", 16, ""};
constexpr AddressRange global_unicast{"2000::", 3, ""};

constexpr int bits_before_mapped = 96;

bool is_within(const NetAddress& address, const NetAddress& first, int bits) {
  for (std::size_t i = 0; bits > 0; ++i, bits -= 8) {
    const unsigned mask = bits >= 8 ? 0xffU : 0xffU << (8 - bits) & 0xffU;
    if (((address.octets[i] ^ first.octets[i]) & mask) != 0) return false;
  }
  return true;
}

bool is_within_6(const NetAddress& address, const AddressRange& range) {
  const std::optional<NetAddress> first = parse_net_address(range.first);
  return first && is_within(address, *first, range.bits);
}

/// The four octets of `address` from `at` on as an address of IPv4.
NetAddress carried(const NetAddress& address, std::size_t at) {
  NetAddress four;
  four.octets[10] = four.octets[11] = 0xff;
  std::copy_n(address.octets.begin() + static_cast<std::ptrdiff_t>(at), 4, four.octets.begin() + 12);
  return four;
}

}  // namespace

std::optional<NetAddress> parse_net_address(std::string_view text) {
  const std::string given(text);
  NetAddress address;
  if (::inet_pton(AF_INET6, given.c_str(), address.octets.data()) == 1) return address;
  std::array<std::uint8_t, 4> four{};
  if (::inet_pton(AF_INET, given.c_str(), four.data()) != 1) return std::nullopt;
  address.octets[10] = address.octets[11] = 0xff;
  std::copy(four.begin(), four.end(), address.octets.begin() + 12);
  return address;
}

std::string to_string(const NetAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_within_6(address, mapped)) {
    ::inet_ntop(AF_INET, address.octets.data() + 12, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, address.octets.data(), text, sizeof text);
  }
  return text;
}

std::string_view range_not_public(const NetAddress& address) {
  if (is_within_6(address, mapped)) {
    for (const AddressRange& range : ranges_of_4) {
      const std::optional<NetAddress> first = parse_net_address(range.first);
      if (first && is_within(address, *first, bits_before_mapped + range.bits)) return range.name;
    }
    return {};
  }
  if (is_within_6(address, nat64)) return range_not_public(carried(address, 12));
  if (is_within_6(address, six_to_four)) return range_not_public(carried(address, 2));
  for (const AddressRange& range : ranges_of_6) {
    if (is_within_6(address, range)) return range.name;
  }
  return is_within_6(address, global_unicast) ? std::string_view{} : "reserved";
}

}  // namespace geleit
