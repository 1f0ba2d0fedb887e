// Signatures of Standard Webhooks 1.0, symmetric (v1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

/// "v1,<base64>" of HMAC-SHA256 over "id.seconds.body", one for each secret (raw octets), a blank between
/// them: whoever checks takes any that fits, so secrets can be changed one after the other.
[[nodiscard]] std::string webhook_signature(const std::vector<std::string>& secrets, std::string_view id,
                                            std::int64_t seconds, std::string_view body);

}  // namespace geleit
