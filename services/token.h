// What opens the service to a caller: `glt_<12 digits, its id>_<64 digits, the secret>`. Shown once, when it
// is made; kept as a hash.
//
// The hash is keyed BLAKE2b with a key of the token's own, and no slow one: the secret is 256 bits of chance,
// so nobody guesses it however fast a guess is, and a slow hash with each request would be a way to keep the
// service busy. The token's own key and not the master key, so that a new master key ends no token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"
#include "services/access_role.h"
#include "services/clock.h"

namespace geleit {

inline constexpr std::string_view token_prefix = "glt_";

struct Token {
  std::string id;                       ///< 12 digits
  std::string name;                     ///< as access words are (access_log.h); stands as `by`
  std::optional<std::string> provider;  ///< slug; none: all providers
  AccessRoles roles;
  Instant created;
  std::optional<Instant> expires, revoked;
  /// By which token, as its id, or `os:` and a user of the operating system; "-": there were none.
  std::string made_by = "-", revoked_by = "-";
  Hash key, hash;
};

enum class TokenState : std::uint8_t { valid, expired, revoked };
template <>
inline constexpr std::array<std::string_view, 3> words<TokenState>{"valid", "expired", "revoked"};
[[nodiscard]] TokenState state_of(const Token& token, Instant now);

/// What a new one is to be.
struct TokenWish {
  std::string name;  ///< empty: `token.<id>`
  std::optional<std::string> provider;
  AccessRoles roles;
  std::optional<Instant> expires;
  std::string made_by = "-";
};
/// A token and, this once, its text.
struct NewToken {
  Token token;
  std::string text;
};
[[nodiscard]] NewToken mint_token(const TokenWish& wish, Instant now, Chance& chance);

/// The id that stands in a token's text; empty where it is none. What is no token of ours is not looked at
/// any further.
[[nodiscard]] std::string_view id_in(std::string_view text);
/// Whether this is its text; as long for a wrong one.
[[nodiscard]] bool is_text_of(const Token& token, std::string_view text);

/// A date means until its end.
[[nodiscard]] std::optional<Instant> parse_expiry(std::string_view text);

/// As the book keeps it, one JSON object without a line end.
[[nodiscard]] std::string token_line(const Token& token);
[[nodiscard]] std::optional<Token> parse_token_line(std::string_view line);

/// As people and programs are shown it. `text`: of a new one, else empty.
[[nodiscard]] std::string token_json(const Token& token, Instant now, std::string_view text = {});

}  // namespace geleit
