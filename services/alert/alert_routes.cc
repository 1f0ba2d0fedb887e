#include "services/alert/alert_routes.h"

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/rules/catalogue.h"
#include "services/http/json_text.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/principal.h"

namespace geleit {
namespace {

void write_time(http::JsonWriter& json, std::string_view name, const std::optional<Instant>& at) {
  json.member(name);
  at ? json.string(to_string(*at)) : json.null();
}

}  // namespace

void add_alert_routes(http::Router& router, AlertDesk& desk) {
  router.add(http::Method::post, "/v1/alerts/{alert}/resend",
             [&desk](http::Request request, http::Responder responder) {
               const http::Language language = request.language();
               const Language in = from_http(language);
               const auto id = parse_uuid(request.parameter("alert"));
               const Resent resent = id ? desk.resend({*id}, only_provider(request)) : Resent{};
               if (!resent.known) {
                 return responder.answer(http::problem_response(
                     http::ProblemKind::not_found, language,
                     say(in, message::expected_but, say(in, message::an_alert_that_holds),
                         say(in, message::no_alert_that_holds)),
                     "alert"));
               }
               std::string out;
               http::JsonWriter json(out);
               json.object().member("alert").string(to_string(*id)).member("channels").array();
               for (const std::string& channel : resent.channels) json.string(channel);
               json.end().end();
               http::Response response = http::Response::json(std::move(out));
               response.status = 202;
               responder.answer(std::move(response));
             });
}

std::string to_json(const DeskStatus& status) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("open").number(status.open).member("answered").number(status.answered);
  json.member("unsent").number(status.unsent);
  write_time(json, "oldest_unsent", status.oldest_unsent);
  json.member("unrecorded").number(status.unrecorded).member("channels").array();
  for (const LineStatus& line : status.lines) {
    json.object().member("name").string(line.name).member("kind").string(word(line.kind));
    json.member("waiting").number(line.waiting);
    write_time(json, "oldest_waiting", line.oldest_waiting);
    json.member("delivered").number(line.delivered).member("refused").number(line.refused);
    json.member("given_up").number(line.given_up).member("again").number(line.again);
    json.member("down").boolean(line.down).member("disabled").boolean(line.disabled);
    json.member("last_error");
    line.last_error.empty() ? json.null() : json.string(line.last_error);
    write_time(json, "last_error_at", line.last_error_at);
    write_time(json, "last_delivered_at", line.last_delivered_at);
    json.end();
  }
  json.end().end();
  return out;
}

}  // namespace geleit
