#include "services/privacy_routes.h"

#include <atomic>
#include <boost/json.hpp>
#include <functional>
#include <memory>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/asker.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/principal.h"
#include "services/privacy.h"
#include "services/text_measure.h"

namespace geleit {
namespace {

namespace json = boost::json;

/// Each may look through all cases, so few wait.
constexpr int waiting_max = 16;

http::Response malformed(Language in, const Message<>& expected, std::string_view field) {
  return http::problem_response(
      http::ProblemKind::malformed, to_http(in),
      say(in, message::expected_but, say(in, expected), say(in, message::another_value)), std::string(field));
}

using Does = std::function<http::Response(Privacy&, Language)>;
/// What a request wants done, or why it cannot be.
using Reads = std::function<std::variant<Does, http::Response>(const http::Request&, Language)>;

struct Desk {
  Service& service;
  SerialWorker& worker;
  std::atomic<int> waiting{0};
};

void add(http::Router& router, const std::shared_ptr<Desk>& desk, http::Method method, std::string_view path,
         Reads reads) {
  router.add(
      method, path, [desk, reads = std::move(reads)](http::Request request, http::Responder responder) {
        const Language in = from_http(request.language());
        if (auto refused = refused_asker(request)) return responder.answer(std::move(*refused));
        auto read = reads(request, in);
        if (auto* refused = std::get_if<http::Response>(&read)) return responder.answer(std::move(*refused));
        if (desk->waiting.fetch_add(1) >= waiting_max) {
          desk->waiting.fetch_sub(1);
          return responder.answer(http::problem_response(
              http::ProblemKind::overloaded, request.language(),
              say(in, message::expected_but, say(in, message::room_in_queue), say(in, message::queue_full))));
        }
        const auto waits = std::make_shared<http::Responder>(std::move(responder));
        const std::string* const only = only_provider(request);
        desk->worker.give([desk, waits, in, does = std::move(std::get<Does>(read)),
                           only = only ? std::optional(*only) : std::nullopt] {
          Privacy privacy(desk->service, only);
          http::Response response;
          try {
            response = does(privacy, in);
          } catch (const std::exception& failure) {
            response =
                http::problem_response(http::ProblemKind::not_ready, to_http(in),
                                       say(in, message::expected_but, say(in, message::privacy_possible),
                                           std::string_view(failure.what())));
          }
          desk->waiting.fetch_sub(1);
          waits->answer(std::move(response));
        });
      });
}

/// The body's one member, a text; or the answer that it is another one.
std::variant<std::string, http::Response> reason_of(const http::Request& request, Language in) {
  json::error_code error;
  const json::value value =
      json::parse(json::string_view(request.body().data(), request.body().size()), error);
  const auto* object = error ? nullptr : value.if_object();
  if (!object) return malformed(in, message::a_reason_object, "");
  for (const auto& member : *object) {
    if (member.key() != "reason") {
      const std::string_view name(member.key().data(), member.key().size());
      return http::problem_response(http::ProblemKind::malformed, to_http(in),
                                    say(in, message::expected_but, say(in, message::a_reason_object),
                                        say(in, message::unknown_parameter)),
                                    std::string(name));
    }
  }
  const auto* reason = object->if_contains("reason");
  const std::string text = reason && reason->is_string() ? std::string(reason->as_string()) : std::string();
  if (!is_text(text)) return malformed(in, message::a_reason_object, "reason");
  return text;
}

std::optional<http::Response> no_parameters(const http::Request& request, Language in) {
  if (request.query().empty()) return std::nullopt;
  return malformed(in, message::known_parameter, request.query().front().name);
}

std::string slug_of(const http::Request& request) {
  const std::string by = asker_of(request).by;
  return by == "-" ? std::string() : by;
}

Reads of_person(
    std::function<std::variant<Does, http::Response>(std::string, std::string, std::string, Language)>
        changes) {
  return [changes = std::move(changes)](const http::Request& request,
                                        Language in) -> std::variant<Does, http::Response> {
    if (auto refused = no_parameters(request, in)) return std::move(*refused);
    if (!parse_uuid(request.parameter("person"))) return malformed(in, message::a_known_id, "person");
    auto reason = reason_of(request, in);
    if (auto* refused = std::get_if<http::Response>(&reason)) return std::move(*refused);
    return changes(std::string(request.parameter("person")), std::get<std::string>(std::move(reason)),
                   slug_of(request), in);
  };
}

}  // namespace

void add_privacy_routes(http::Router& router, Service& service, SerialWorker& worker) {
  const std::shared_ptr<Desk> desk(new Desk{service, worker});
  add(router, desk, http::Method::get, "/v1/privacy/due",
      [](const http::Request& request, Language in) -> std::variant<Does, http::Response> {
        std::optional<CivilDate> on;
        for (const auto& [name, value] : request.query()) {
          if (name != "on") return malformed(in, message::known_parameter, name);
          on = parse_date(value);
          if (!on) return malformed(in, message::a_filter_date, name);
        }
        return [on](Privacy& privacy, Language language) { return privacy.due(on, language); };
      });
  add(router, desk, http::Method::get, "/v1/privacy/status",
      [](const http::Request& request, Language in) -> std::variant<Does, http::Response> {
        if (auto refused = no_parameters(request, in)) return std::move(*refused);
        return [](Privacy& privacy, Language language) { return privacy.status(language); };
      });
  add(router, desk, http::Method::post, "/v1/privacy/{person}/erase",
      of_person([](std::string person, const std::string& reason, std::string by,
                   Language in) -> std::variant<Does, http::Response> {
        const auto grounds = parse_word<ErasureGrounds>(reason);
        if (!grounds) return malformed(in, message::erasure_grounds, "reason");
        return
            [person = std::move(person), by = std::move(by), grounds = *grounds](
                Privacy& privacy, Language language) { return privacy.erase(person, grounds, by, language); };
      }));
  for (const bool lift : {false, true}) {
    add(router, desk, http::Method::post,
        lift ? "/v1/privacy/{person}/lift" : "/v1/privacy/{person}/restrict",
        of_person([lift](std::string person, std::string reason, std::string by,
                         Language) -> std::variant<Does, http::Response> {
          return [lift, person = std::move(person), reason = std::move(reason), by = std::move(by)](
                     Privacy& privacy, Language language) {
            return privacy.restrict(person, reason, by, lift, language);
          };
        }));
  }
}

}  // namespace geleit
