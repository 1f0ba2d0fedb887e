#include "services/gate.h"

#include <fmt/format.h>

#include <utility>

#include "events/uuid.h"
#include "services/asker.h"
#include "services/http/problem.h"
#include "services/http/text_scan.h"
#include "services/keyed_hash.h"
#include "services/language.h"

namespace geleit {
namespace {

constexpr std::string_view bearer = "Bearer ";
constexpr std::string_view missing_token = "missing";

/// What stands behind `Authorization: Bearer`; nothing where that is missing.
std::optional<std::string_view> shown_token(const http::Request& request) {
  const auto field = request.header("authorization");
  if (!field) return std::nullopt;
  const bool is_bearer = http::equal_in_any_case(field->substr(0, bearer.size()), bearer);
  return is_bearer ? field->substr(bearer.size()) : std::string_view{};
}

/// HEAD asks for what GET does.
std::string_view method_of(http::Method method) {
  return http::word(method == http::Method::head ? http::Method::get : method);
}

/// As traceparent has it; empty where there is none.
std::string trace_text(const TraceId& trace) {
  return trace.is_nil() ? std::string() : fmt::format("{:016x}{:016x}", trace.value.high, trace.value.low);
}

/// "127.0.0.1" of "127.0.0.1:51234".
std::string_view address_of(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

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
  return !service_token_.empty() && same_hash(keyed_hash({}, text), service_hash_);
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

/// A request at the door.
struct Gate::Asking {
  const http::Request& request;
  std::string_view path;
  std::string_view token;  ///< its id, where there is such a token
};

http::Response Gate::refuse(const Asking& asking, http::ProblemKind kind, std::string_view why,
                            const std::string& expected, const std::string& found) const {
  const http::Request& request = asking.request;
  http::Response response = http::problem_response(
      kind, request.language(), say(from_http(request.language()), message::expected_but, expected, found));
  if (refused_) {
    refused_({response.status, why, http::word(request.method()), asking.path, asking.token, request.peer(),
              trace_text(trace_of(request.header("traceparent")))});
  }
  return response;
}

/// The same answer whatever is wrong; `why` is for the log alone.
http::Response Gate::refuse_token(const Asking& asking, std::string_view why) {
  const Language in = from_http(asking.request.language());
  if (why != missing_token && !wrong_.take(address_of(asking.request.peer()), monotonic_ms())) {
    return refuse(asking, http::ProblemKind::too_many_requests, "too many",
                  say(in, message::wrong_tokens_at_most, wrong_tokens_max),
                  say(in, message::more_wrong_tokens));
  }
  http::Response response = refuse(asking, http::ProblemKind::unauthenticated, why, say(in, message::a_token),
                                   say(in, message::no_valid_token));
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Gate::Entry Gate::entry_of(const http::Request& request) {
  Entry entry;
  const auto text = shown_token(request);
  if (text && is_service_token(*text)) {
    entry.asks = std::make_shared<Principal>();
    entry.asks->of_the_installation = true;
    entry.asks->roles.add(AccessRole::service);
    return entry;
  }
  const std::shared_ptr<const Tokens> tokens = tokens_.all();
  if (tokens->empty() && !always_asks_) return entry;
  if (!text) {
    entry.wrong = missing_token;
    return entry;
  }
  // An unknown id takes as long as a wrong secret.
  static const Token nobody;
  const auto found = tokens->find(id_in(*text));
  const Token& token = found == tokens->end() ? nobody : found->second;
  if (!is_text_of(token, *text) || found == tokens->end()) {
    entry.wrong = "unknown";
    return entry;
  }
  entry.asks = std::make_shared<Principal>();
  *entry.asks = {token.id, token.name, token.provider, token.roles, token.expires};
  if (const TokenState state = state_of(token, clock_.now()); state != TokenState::valid)
    entry.wrong = word(state);
  return entry;
}

bool Gate::admits(const http::Request& head, std::string_view path) {
  const RouteRight* right = route_right(method_of(head.method()), path);
  if (right != nullptr && right->open) return true;
  try {
    return entry_of(head).wrong.empty();
  } catch (const TokenBookFailed&) { return false; }
}

std::optional<http::Response> Gate::check(http::Request& request, std::string_view path) {
  const RouteRight* right = path.empty() ? nullptr : route_right(method_of(request.method()), path);
  if (right != nullptr && right->open) return std::nullopt;
  const Language in = from_http(request.language());
  Asking asking{request, path, {}};
  Entry entry;
  try {
    entry = entry_of(request);
  } catch (const TokenBookFailed& failure) {
    return refuse(asking, http::ProblemKind::not_ready, failure.what(), say(in, message::readable_tokens),
                  say(in, message::tokens_unreadable));
  }
  if (entry.asks) asking.token = entry.asks->token;
  if (!entry.wrong.empty()) return refuse_token(asking, entry.wrong);
  if (!entry.asks || path.empty()) return std::nullopt;
  if (right == nullptr || !entry.asks->roles.any_of(right->roles)) {
    return refuse(
        asking, http::ProblemKind::forbidden, "role",
        right ? say(in, message::a_role_of, names_of(right->roles)) : say(in, message::nobodys_path),
        say(in, message::no_such_role));
  }
  request.set_principal(std::move(entry.asks));
  return std::nullopt;
}

void guard(http::Router& router, Gate& gate) {
  router.guard([&gate](http::Request& request, std::string_view path) { return gate.check(request, path); },
               [&gate](const http::Request& head, std::string_view path) { return gate.admits(head, path); },
               [](http::Method method, std::string_view path) {
                 return route_right(http::word(method), path) != nullptr;
               });
}

}  // namespace geleit
