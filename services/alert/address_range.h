// Which addresses of the net belong to nobody in public: a webhook's address comes from whoever configures
// it, and its name may lead anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace geleit {

/// 16 octets of IPv6; an address of IPv4 as ::ffff:a.b.c.d.
struct NetAddress {
  std::array<std::uint8_t, 16> octets{};
  friend bool operator==(const NetAddress&, const NetAddress&) = default;
};

/// "192.0.2.1" or "2001:db8::1"; nothing else, no names.
[[nodiscard]] std::optional<NetAddress> parse_net_address(std::string_view text);
[[nodiscard]] std::string to_string(const NetAddress& address);

/// What the address is where it is not public ("loopback", "private" …, RFC 6890 and its followers); empty
/// where it is. An IPv6 address that carries an address of IPv4 (mapped, NAT64, 6to4) is judged by that.
[[nodiscard]] std::string_view range_not_public(const NetAddress& address);

}  // namespace geleit
