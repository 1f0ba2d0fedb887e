#include "services/command_relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "events/thread_name.h"
#include "services/http/problem.h"
#include "services/language.h"

namespace geleit {
namespace {

/// What of a command's head says something about the command.
constexpr std::array handed_on{"content-type", "accept-language", "idempotency-key", "if-match",
                               "traceparent",  "authorization",   "accept"};
constexpr std::array handed_back{"ETag", "Retry-After"};

http::Response no_intake(const http::Request& request, http::ProblemKind kind) {
  const auto language = request.language();
  return http::problem_response(
      kind, language,
      std::string(http::in(language,
                           "erwartet eine Annahmestelle, die antwortet, aber es antwortet keine; bitte mit "
                           "derselben id noch einmal senden",
                           "expected an intake that answers, but there is none; please send it again with "
                           "the same id")));
}

http::Response response_of(ClientResponse& answer) {
  http::Response response;
  response.status = answer.status;
  response.content_type = answer.header("Content-Type").value_or(http::content::json);
  for (const char* const name : handed_back) {
    if (const auto value = answer.header(name)) response.headers.emplace_back(name, std::string(*value));
  }
  response.body = std::move(answer.body);
  return response;
}

}  // namespace

CommandRelay::CommandRelay(std::vector<ServerUrl> intakes) : intakes_(std::move(intakes)) {
  for (std::size_t i = 0; i < relay_connections; ++i) {
    lines_.push_back(std::make_unique<Line>());
    lines_.back()->thread = std::thread([this, &line = *lines_.back()] { run(line); });
  }
}

CommandRelay::~CommandRelay() {
  give_up();
  for (const auto& line : lines_) line->thread.join();
}

void CommandRelay::give_up() {
  for (const auto& line : lines_) {
    std::deque<Asked> left;
    {
      const std::lock_guard lock(line->mutex);
      line->ending = true;
      left = std::exchange(line->queue, {});
    }
    line->given.notify_one();
    for (Asked& asked : left) {
      http::Response response = no_intake(asked.request, http::ProblemKind::not_ready);
      asked.responder.answer(std::move(response));
    }
  }
}

void CommandRelay::take(http::Request request, http::Responder responder) {
  Line& line = *lines_[std::hash<std::string_view>{}(request.peer()) % lines_.size()];
  {
    const std::lock_guard lock(line.mutex);
    if (!line.ending && line.queue.size() < relay_queue_max) {
      line.queue.push_back({std::move(request), std::move(responder)});
      line.given.notify_one();
      return;
    }
  }
  responder.answer(no_intake(request, http::ProblemKind::overloaded));
}

void CommandRelay::run(Line& line) {
  name_thread("relay");
  std::optional<HttpClient> client;
  std::size_t connected_to = 0;
  for (;;) {
    std::vector<Asked> asked;
    {
      std::unique_lock lock(line.mutex);
      line.given.wait(lock, [&] { return line.ending || !line.queue.empty(); });
      if (line.queue.empty()) return;
      while (!line.queue.empty() && asked.size() < relay_ahead_max) {
        asked.push_back(std::move(line.queue.front()));
        line.queue.pop_front();
      }
    }
    const std::size_t now = now_;
    if (!client || connected_to != now) client.emplace(intakes_[now % intakes_.size()]);
    connected_to = now;
    try {
      hand_on(*client, asked);
    } catch (const ServerUnavailable&) {
      // It may have taken them all the same, so nobody but who sent them may send them again.
      for (Asked& one : asked) {
        if (one.responder) one.responder.answer(no_intake(one.request, http::ProblemKind::not_ready));
      }
      client.reset();
      std::size_t expected = now;
      now_.compare_exchange_strong(expected, now + 1);
    }
  }
}

void CommandRelay::hand_on(HttpClient& client, std::vector<Asked>& asked) {
  for (const Asked& one : asked) {
    ClientHeaders headers;
    for (const char* const name : handed_on) {
      if (const auto value = one.request.header(name)) headers.emplace_back(name, std::string(*value));
    }
    client.send("POST", one.request.target(), headers, one.request.body());
  }
  for (Asked& one : asked) {
    ClientResponse answer = client.receive();
    one.responder.answer(response_of(answer));
  }
}

void add_relay_routes(http::Router& router, CommandRelay& relay) {
  router.add(http::Method::post, "/v1/commands", [&relay](http::Request request, http::Responder responder) {
    relay.take(std::move(request), std::move(responder));
  });
}

}  // namespace geleit
