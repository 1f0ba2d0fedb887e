#include "services/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "services/http/json_text.h"
#include "services/json_member.h"
#include "services/keyed_hash.h"

namespace geleit {
namespace {

constexpr std::size_t token_id_digits = 12, token_secret_digits = 64;

Hash fresh_hash(Chance& chance) { return {{chance.next(), chance.next(), chance.next(), chance.next()}}; }

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// What both forms have in common.
void write_about(http::JsonWriter& json, const Token& token) {
  const auto time = [&](std::string_view name, const std::optional<Instant>& at) {
    json.member(name);
    at ? json.string(to_string(*at)) : json.null();
  };
  json.member("id").string(token.id).member("name").string(token.name).member("provider");
  token.provider ? json.string(*token.provider) : json.null();
  json.member("roles").array();
  token.roles.each([&](std::string_view role) { json.string(role); });
  json.end().member("created").string(to_string(token.created));
  time("expires", token.expires);
  time("revoked", token.revoked);
  json.member("made_by").string(token.made_by).member("revoked_by").string(token.revoked_by);
}

}  // namespace

TokenState state_of(const Token& token, Instant now) {
  if (token.revoked) return TokenState::revoked;
  return token.expires && *token.expires <= now ? TokenState::expired : TokenState::valid;
}

NewToken mint_token(const TokenWish& wish, Instant now, Chance& chance) {
  NewToken made;
  Token& token = made.token;
  token.id = to_hex(fresh_hash(chance)).substr(0, token_id_digits);
  token.name = wish.name.empty() ? "token." + token.id : wish.name;
  token.provider = wish.provider;
  token.roles = wish.roles;
  token.created = now;
  token.expires = wish.expires;
  token.made_by = wish.made_by;
  token.key = fresh_hash(chance);
  made.text = fmt::format("{}{}_{}", token_prefix, token.id, to_hex(fresh_hash(chance)));
  token.hash = keyed_hash(token.key, made.text);
  return made;
}

std::string_view id_in(std::string_view text) {
  constexpr std::size_t size = token_prefix.size() + token_id_digits + 1 + token_secret_digits;
  if (text.size() != size || !text.starts_with(token_prefix)) return {};
  text.remove_prefix(token_prefix.size());
  const std::string_view id = text.substr(0, token_id_digits);
  const bool ours = text[token_id_digits] == '_' && all_digits(id) && all_digits(text.substr(id.size() + 1));
  return ours ? id : std::string_view{};
}

bool is_text_of(const Token& token, std::string_view text) {
  return same_hash(keyed_hash(token.key, text), token.hash);
}

std::optional<Instant> parse_expiry(std::string_view text) {
  if (const auto day = parse_date(text)) return berlin_midnight(*day + 1);
  return parse_instant(text);
}

std::string token_line(const Token& token) {
  std::string out;
  http::JsonWriter json(out);
  json.object();
  write_about(json, token);
  json.member("key").string(to_hex(token.key)).member("hash").string(to_hex(token.hash)).end();
  return out;
}

std::optional<Token> parse_token_line(std::string_view line) {
  boost::json::error_code error;
  const auto value = boost::json::parse(line, error);
  const auto* object = error ? nullptr : value.if_object();
  if (!object) return std::nullopt;
  const auto time = [&](std::string_view name, std::optional<Instant>& at) {
    const std::string text = text_member(*object, name);
    at = parse_instant(text);
    return at.has_value() || text.empty();
  };
  Token token;
  token.id = text_member(*object, "id");
  token.name = text_member(*object, "name");
  if (std::string provider = text_member(*object, "provider"); !provider.empty())
    token.provider = std::move(provider);
  const auto created = parse_instant(text_member(*object, "created"));
  const auto key = parse_hash(text_member(*object, "key")), hash = parse_hash(text_member(*object, "hash"));
  const auto* roles = object->if_contains("roles");
  if (token.id.size() != token_id_digits || token.name.empty() || !created || !key || !hash || !roles ||
      !roles->is_array() || !time("expires", token.expires) || !time("revoked", token.revoked))
    return std::nullopt;
  for (const auto& one : roles->as_array()) {
    const auto role = one.is_string() ? parse_word<AccessRole>(std::string_view(one.as_string()))
                                      : std::optional<AccessRole>();
    // A role that a newer Geleit knows lets nobody in here.
    if (role) token.roles.add(*role);
  }
  token.created = *created;
  token.made_by = text_member(*object, "made_by");
  token.revoked_by = text_member(*object, "revoked_by");
  token.key = *key;
  token.hash = *hash;
  return token;
}

std::string token_json(const Token& token, Instant now, std::string_view text) {
  std::string out;
  http::JsonWriter json(out);
  json.object();
  if (!text.empty()) json.member("token").string(text);
  write_about(json, token);
  json.member("state").string(word(state_of(token, now))).end();
  return out;
}

}  // namespace geleit
