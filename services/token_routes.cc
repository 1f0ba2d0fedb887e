#include "services/token_routes.h"

#include <atomic>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <variant>

#include "events/civil_time.h"
#include "projections/rules/settings.h"
#include "services/access_log.h"
#include "services/http/json_text.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/principal.h"
#include "services/serial_worker.h"

namespace geleit {
namespace {

namespace json = boost::json;

http::Response token_problem(http::ProblemKind kind, Language in, const std::string& expected,
                             const std::string& found, std::string field = {}) {
  return http::problem_response(kind, to_http(in), say(in, message::expected_but, expected, found),
                                std::move(field));
}

struct TokenDesk {
  TokenBook& book;
  const Clock& clock;
  Chance& chance;
  SerialWorker worker{"tokens"};
  std::atomic<int> waiting{0};
};

using ReadWish = std::variant<TokenWish, http::Response>;

/// The wish that a body says, or what is wrong with it.
ReadWish wish_of(const http::Request& request, Language in, Instant now) {
  const auto wrong = [&](const std::string& expected, std::string field) -> ReadWish {
    return token_problem(http::ProblemKind::malformed, in, expected, say(in, message::another_value),
                         std::move(field));
  };
  json::error_code error;
  const json::value value =
      json::parse(json::string_view(request.body().data(), request.body().size()), error);
  const auto* object = error ? nullptr : value.if_object();
  if (!object) return wrong(say(in, message::a_token_object), {});
  // That it is to be of all providers is never meant by saying nothing.
  if (!object->contains("provider")) return wrong(say(in, message::a_provider_or_none), "provider");
  TokenWish wish;
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    const json::value& given = member.value();
    const std::string text = given.is_string() ? std::string(given.as_string()) : std::string();
    if (name == "provider") {
      if (given.is_null()) continue;
      if (!is_provider_slug(text)) return wrong(say(in, message::a_provider_or_none), "provider");
      wish.provider = text;
    } else if (name == "name") {
      if (!is_access_word(text)) return wrong(say(in, message::an_access_word), "name");
      wish.name = text;
    } else if (name == "expires") {
      if (given.is_null()) continue;
      wish.expires = parse_expiry(text);
      if (!wish.expires || *wish.expires <= now) return wrong(say(in, message::an_end_to_come), "expires");
    } else if (name == "roles" && given.is_array()) {
      for (const json::value& one : given.as_array()) {
        const auto role =
            one.is_string() ? parse_word<AccessRole>(std::string_view(one.as_string())) : std::nullopt;
        if (!role) return wrong(say(in, message::roles_of_people, names_of(AccessRoles::all())), "roles");
        wish.roles.add(*role);
      }
    } else if (name != "roles") {
      return wrong(say(in, message::a_token_object), std::string(name));
    }
  }
  if (wish.roles.empty())
    return wrong(say(in, message::roles_of_people, names_of(AccessRoles::all())), "roles");
  return wish;
}

/// The role operator is of all providers.
std::optional<http::Response> operator_of_one(Language in, const TokenWish& wish) {
  if (!wish.provider || !wish.roles.has(AccessRole::operator_)) return std::nullopt;
  return token_problem(http::ProblemKind::malformed, in, say(in, message::operator_of_all),
                       say(in, message::another_value), "roles");
}

/// What an admin of one provider may not wish for.
std::optional<http::Response> beyond_provider(const http::Request& request, Language in,
                                              const TokenWish& wish) {
  const std::string* only = only_provider(request);
  const bool of_roles = wish.roles.has(AccessRole::operator_);
  if (only == nullptr || (wish.provider == *only && !of_roles)) return std::nullopt;
  return of_roles
             ? token_problem(http::ProblemKind::forbidden, in, say(in, message::operator_of_all),
                             say(in, message::token_of_a_provider), "roles")
             : token_problem(http::ProblemKind::forbidden, in, say(in, message::ones_own_provider, *only),
                             say(in, message::another_provider), "provider");
}

std::string made_by(const http::Request& request) {
  const Principal* asks = request.principal();
  return asks ? asks->token : std::string("-");
}

bool is_seen(const Token& token, const std::optional<std::string>& only) {
  return !only || token.provider == *only;
}

/// Does it in the desk's thread.
void at_desk(const std::shared_ptr<TokenDesk>& desk, Language in, http::Responder responder,
             std::function<http::Response(TokenDesk&)> does) {
  if (desk->waiting.fetch_add(1) >= waiting_tokens_max) {
    desk->waiting.fetch_sub(1);
    return responder.answer(token_problem(http::ProblemKind::overloaded, in, say(in, message::room_in_queue),
                                          say(in, message::queue_full)));
  }
  const auto waits = std::make_shared<http::Responder>(std::move(responder));
  desk->worker.give([desk = desk.get(), in, waits, does = std::move(does)] {
    http::Response response;
    try {
      response = does(*desk);
    } catch (const TokenBookFailed& failure) {
      response =
          token_problem(http::ProblemKind::not_ready, in, say(in, message::readable_tokens), failure.what());
    }
    desk->waiting.fetch_sub(1);
    waits->answer(std::move(response));
  });
}

std::optional<std::string> only_of(const http::Request& request) {
  const std::string* only = only_provider(request);
  return only ? std::optional(*only) : std::nullopt;
}

void answer_me(const http::Request& request, http::Responder responder) {
  const Principal* asks = request.principal();
  std::string out;
  http::JsonWriter writer(out);
  const auto text = [&](std::string_view name, const std::string* value) {
    writer.member(name);
    value ? writer.string(*value) : writer.null();
  };
  writer.object();
  text("name", asks ? &asks->name : nullptr);
  text("token", asks ? &asks->token : nullptr);
  text("provider", only_provider(request));
  writer.member("roles").array();
  (asks ? asks->roles : AccessRoles::all()).each([&](std::string_view role) { writer.string(role); });
  writer.end().member("expires");
  asks && asks->expires ? writer.string(to_string(*asks->expires)) : writer.null();
  writer.end();
  responder.answer(http::Response::json(std::move(out)));
}

std::optional<http::Response> refused_parameters(const http::Request& request, Language in) {
  if (request.query().empty()) return std::nullopt;
  return token_problem(http::ProblemKind::malformed, in, say(in, message::known_parameter),
                       say(in, message::unknown_parameter), std::string(request.query().front().name));
}

using Handles =
    std::function<void(const std::shared_ptr<TokenDesk>&, const http::Request&, Language, http::Responder)>;

void add_token_route(http::Router& router, const std::shared_ptr<TokenDesk>& desk, http::Method method,
                     std::string_view path, Handles handles) {
  router.add(method, path,
             [desk, handles = std::move(handles)](const http::Request& request, http::Responder responder) {
               const Language in = from_http(request.language());
               if (auto refused = refused_parameters(request, in))
                 return responder.answer(std::move(*refused));
               handles(desk, request, in, std::move(responder));
             });
}

}  // namespace

void add_token_routes(http::Router& router, TokenBook& tokens, const Clock& clock, Chance& chance) {
  const std::shared_ptr<TokenDesk> desk(new TokenDesk{tokens, clock, chance});
  add_token_route(router, desk, http::Method::get, "/v1/me",
                  [](const auto&, const http::Request& request, Language, http::Responder responder) {
                    answer_me(request, std::move(responder));
                  });
  add_token_route(router, desk, http::Method::get, "/v1/tokens",
                  [](const auto& here, const http::Request& request, Language in, http::Responder responder) {
                    at_desk(here, in, std::move(responder), [only = only_of(request)](TokenDesk& at) {
                      std::string out = "{\"items\":[";
                      for (const Token& token : oldest_first(*at.book.all())) {
                        if (!is_seen(token, only)) continue;
                        if (out.back() != '[') out.push_back(',');
                        out += token_json(token, at.clock.now());
                      }
                      return http::Response::json(out + "]}");
                    });
                  });
  add_token_route(router, desk, http::Method::post, "/v1/tokens",
                  [](const auto& here, const http::Request& request, Language in, http::Responder responder) {
                    auto read = wish_of(request, in, here->clock.now());
                    if (auto* refused = std::get_if<http::Response>(&read))
                      return responder.answer(std::move(*refused));
                    auto& wish = std::get<TokenWish>(read);
                    wish.made_by = made_by(request);
                    if (auto refused = beyond_provider(request, in, wish))
                      return responder.answer(std::move(*refused));
                    if (auto refused = operator_of_one(in, wish))
                      return responder.answer(std::move(*refused));
                    at_desk(here, in, std::move(responder), [wish = std::move(wish)](TokenDesk& at) {
                      const NewToken made = mint_token(wish, at.clock.now(), at.chance);
                      at.book.put(made.token);
                      return http::Response::json(token_json(made.token, at.clock.now(), made.text), 201);
                    });
                  });
  add_token_route(router, desk, http::Method::post, "/v1/tokens/{token}/revoke",
                  [](const auto& here, const http::Request& request, Language in, http::Responder responder) {
                    at_desk(here, in, std::move(responder),
                            [in, only = only_of(request), by = made_by(request),
                             id = std::string(request.parameter("token"))](TokenDesk& at) {
                              const auto all = at.book.all();
                              const auto found = all->find(id);
                              if (found == all->end() || !is_seen(found->second, only)) {
                                return token_problem(http::ProblemKind::not_found, in,
                                                     say(in, message::a_known_token),
                                                     say(in, message::no_such_token), "token");
                              }
                              Token token = found->second;
                              if (!token.revoked) {
                                token.revoked = at.clock.now();
                                token.revoked_by = by;
                                at.book.put(token);
                              }
                              return http::Response::json(token_json(token, at.clock.now()));
                            });
                  });
}

}  // namespace geleit
