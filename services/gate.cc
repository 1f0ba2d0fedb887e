#include "services/gate.h"

#include <utility>

#include "services/http/problem.h"
#include "services/keyed_hash.h"
#include "services/language.h"

namespace geleit {
namespace {

constexpr std::string_view bearer = "Bearer ";

/// What stands behind `Authorization: Bearer`; nothing where that is missing.
std::optional<std::string_view> shown_token(const http::Request& request) {
  const auto field = request.header("authorization");
  if (!field) return std::nullopt;
  return field->starts_with(bearer) ? field->substr(bearer.size()) : std::string_view{};
}

/// HEAD asks for what GET does.
std::string_view method_of(http::Method method) {
  return http::word(method == http::Method::head ? http::Method::get : method);
}

/// "127.0.0.1" of "127.0.0.1:51234".
std::string_view address_of(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

std::string names_of(AccessRoles roles) {
  std::string names;
  for (std::size_t i = 0; i < words<AccessRole>.size(); ++i) {
    if (roles.has(static_cast<AccessRole>(i)))
      names.append(names.empty() ? "" : ", ").append(words<AccessRole>[i]);
  }
  return names;
}

http::Response gate_problem(http::ProblemKind kind, const http::Request& request, const std::string& expected,
                            const std::string& found) {
  return http::problem_response(kind, request.language(),
                                say(from_http(request.language()), message::expected_but, expected, found));
}

}  // namespace

bool WrongTokens::take(std::string_view address, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto is_over = [&](const Minute& minute) { return now_ms - minute.began_ms >= wrong_tokens_ms; };
  auto found = addresses_.find(address);
  if (found == addresses_.end()) {
    if (addresses_.size() >= wrong_token_addresses_max)
      std::erase_if(addresses_, [&](const auto& one) { return is_over(one.second); });
    const bool room = addresses_.size() < wrong_token_addresses_max;
    found = addresses_.try_emplace(std::string(room ? address : std::string_view{})).first;
  }
  Minute& minute = found->second;
  if (minute.count == 0 || is_over(minute)) minute = {now_ms, 0};
  if (minute.count >= wrong_tokens_max) return false;
  ++minute.count;
  return true;
}

bool Gate::is_service_token(std::string_view text) const {
  // Hashes of both, so that the comparison takes as long for any text.
  return !service_token_.empty() && same_hash(keyed_hash({}, text), keyed_hash({}, service_token_));
}

bool Gate::asks_for_tokens() {
  try {
    return always_asks_ || !tokens_.all()->empty();
  } catch (const TokenBookFailed&) { return true; }
}

bool Gate::lets_in(std::string_view token) {
  if (token.empty()) return !asks_for_tokens();
  try {
    const auto tokens = tokens_.all();
    const auto found = tokens->find(token);
    return found != tokens->end() && state_of(found->second, clock_.now()) == TokenState::valid;
  } catch (const TokenBookFailed&) { return false; }
}

std::optional<http::Response> Gate::refuse(const http::Request& request, bool wrong) {
  const Language in = from_http(request.language());
  if (wrong && !wrong_.take(address_of(request.peer()), monotonic_ms())) {
    return gate_problem(http::ProblemKind::too_many_requests, request,
                        say(in, message::wrong_tokens_at_most, wrong_tokens_max),
                        say(in, message::more_wrong_tokens));
  }
  http::Response response = gate_problem(http::ProblemKind::unauthenticated, request,
                                         say(in, message::a_token), say(in, message::no_valid_token));
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::optional<http::Response> Gate::check(http::Request& request, std::string_view path) {
  const RouteRight* right = path.empty() ? nullptr : route_right(method_of(request.method()), path);
  if (right != nullptr && right->open) return std::nullopt;
  const auto text = shown_token(request);
  auto asks = std::make_shared<Principal>();
  if (text && is_service_token(*text)) {
    asks->of_the_installation = true;
    asks->roles.add(AccessRole::service);
  } else {
    std::shared_ptr<const Tokens> tokens;
    try {
      tokens = tokens_.all();
    } catch (const TokenBookFailed& failure) {
      return gate_problem(http::ProblemKind::not_ready, request,
                          say(from_http(request.language()), message::readable_tokens), failure.what());
    }
    if (tokens->empty() && !always_asks_) return std::nullopt;
    if (!text) return refuse(request, false);
    // An unknown id takes as long as a wrong secret.
    static const Token nobody;
    const auto found = tokens->find(id_in(*text));
    const Token& token = found == tokens->end() ? nobody : found->second;
    const bool is_right = is_text_of(token, *text) && found != tokens->end();
    if (!is_right || state_of(token, clock_.now()) != TokenState::valid) return refuse(request, true);
    asks->token = token.id;
    asks->name = token.name;
    asks->provider = token.provider;
    asks->roles = token.roles;
    asks->expires = token.expires;
  }
  if (path.empty()) return std::nullopt;
  if (right == nullptr || !asks->roles.any_of(right->roles)) {
    const Language in = from_http(request.language());
    return gate_problem(
        http::ProblemKind::forbidden, request,
        right ? say(in, message::a_role_of, names_of(right->roles)) : say(in, message::nobodys_path),
        say(in, message::no_such_role));
  }
  request.set_principal(std::move(asks));
  return std::nullopt;
}

void guard(http::Router& router, Gate& gate) {
  router.guard([&gate](http::Request& request, std::string_view path) { return gate.check(request, path); },
               [](http::Method method, std::string_view path) {
                 return route_right(http::word(method), path) != nullptr;
               });
}

}  // namespace geleit
