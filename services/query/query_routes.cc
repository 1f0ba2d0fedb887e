#include "services/query/query_routes.h"

#include <charconv>

#include "services/http/problem.h"
#include "services/intake/sentence.h"
#include "services/language.h"
#include "services/query/status.h"

namespace geleit {
namespace {

std::optional<Position> parse_position(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Position position;
  const auto number = [](std::string_view digits, auto& value) {
    const auto end = digits.data() + digits.size();
    return !digits.empty() && std::from_chars(digits.data(), end, value).ptr == end;
  };
  if (!number(text.substr(0, colon), position.partition.value) || !number(text.substr(colon + 1), position.offset.value)) {
    return std::nullopt;
  }
  return position;
}

}  // namespace

void add_query_routes(http::Router& router, QuerySources sources) {
  const auto shared = std::make_shared<const QuerySources>(std::move(sources));
  router.add(http::Method::get, "/v1/status", [shared](http::Request, http::Responder responder) {
    responder.answer(http::Response::json(status_json(*shared)));
  });
}

}  // namespace geleit
