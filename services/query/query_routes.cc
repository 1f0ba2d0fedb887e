#include "services/query/query_routes.h"

#include <charconv>
#include <memory>

#include "services/http/problem.h"
#include "services/language.h"
#include "services/query/status.h"

namespace geleit {
namespace {

using Parameters = std::vector<http::QueryParameter>;

http::Response malformed(http::Language language, const Message<>& expected, const Message<>& found,
                         std::string_view field) {
  const Language in = from_http(language);
  return http::problem_response(http::ProblemKind::malformed, language,
                                say(in, message::expected_but, say(in, expected), say(in, found)),
                                std::string(field));
}

/// `partition:offset`, as an answer to a command gives it.
std::optional<Position> parse_position(std::string_view text) {
  const auto number = [](std::string_view digits, auto& value) {
    const auto end = digits.data() + digits.size();
    return !digits.empty() && std::from_chars(digits.data(), end, value).ptr == end;
  };
  const auto colon = text.find(':');
  Position position;
  if (colon == std::string_view::npos || !number(text.substr(0, colon), position.partition.value) ||
      !number(text.substr(colon + 1), position.offset.value)) {
    return std::nullopt;
  }
  return position;
}

/// A read that has been asked, until the tables have come as far as it wants.
struct Waiting {
  std::shared_ptr<const QuerySources> sources;
  http::Request request;
  http::Responder responder;
  std::vector<Position> wanted;
  std::int64_t deadline_ms = 0;
  std::function<http::Response(const http::Request&, const Parameters&)> read;
  Parameters parameters;
};

bool reached(const Waiting& waiting) {
  const StoreState state = waiting.sources->store.snapshot()->state();
  for (const Position& position : waiting.wanted) {
    if (state.reached[position.partition.value].next <= position.offset) return false;
  }
  return true;
}

void answer_when_reached(std::shared_ptr<Waiting> waiting) {
  if (waiting->wanted.empty() || reached(*waiting)) {
    waiting->responder.answer(waiting->read(waiting->request, waiting->parameters));
    return;
  }
  if (monotonic_ms() >= waiting->deadline_ms) {
    const Language in = from_http(waiting->request.language());
    waiting->responder.answer(
        http::problem_response(http::ProblemKind::not_ready, waiting->request.language(),
                               say(in, message::expected_but, say(in, message::position_reached),
                                   say(in, message::position_not_reached)),
                               "wait_for"));
    return;
  }
  http::Timers& timers = waiting->sources->timers;
  timers.after(std::chrono::milliseconds(wait_for_step_ms),
               [waiting = std::move(waiting)]() mutable { answer_when_reached(std::move(waiting)); });
}

/// Adds a GET whose answer comes from one snapshot, once `wait_for` is fulfilled. `read` gets the other
/// parameters.
void add_read(http::Router& router, std::string_view path, const std::shared_ptr<const QuerySources>& sources,
              std::function<http::Response(const http::Request&, const Parameters&)> read) {
  router.add(http::Method::get, path,
             [sources, read = std::move(read)](http::Request request, http::Responder responder) {
               std::vector<Position> wanted;
               Parameters others;
               const std::size_t partitions = sources->log.info().partitions;
               for (const auto& parameter : request.query()) {
                 if (parameter.name != "wait_for") {
                   others.push_back(parameter);
                   continue;
                 }
                 const auto position = parse_position(parameter.value);
                 if (!position || position->partition.value >= partitions) {
                   return responder.answer(malformed(request.language(), message::a_position,
                                                     message::another_value, "wait_for"));
                 }
                 wanted.push_back(*position);
               }
               answer_when_reached(std::make_shared<Waiting>(
                   Waiting{sources, std::move(request), std::move(responder), std::move(wanted),
                           monotonic_ms() + wait_for_ms_max, read, std::move(others)}));
             });
}

/// A read without parameters of its own.
std::optional<http::Response> unknown_parameter(const http::Request& request, const Parameters& parameters) {
  if (parameters.empty()) return std::nullopt;
  return malformed(request.language(), message::known_parameter, message::unknown_parameter,
                   parameters.front().name);
}

}  // namespace

void add_query_routes(http::Router& router, QuerySources given) {
  const auto sources = std::make_shared<const QuerySources>(std::move(given));
  add_read(router, "/v1/status", sources,
           [sources](const http::Request& request, const Parameters& parameters) {
             if (auto refused = unknown_parameter(request, parameters)) return std::move(*refused);
             return http::Response::json(status_json(*sources));
           });
}

}  // namespace geleit
