#include "services/http_command_port.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "events/thread_name.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr ClientTimeouts timeouts{std::chrono::milliseconds(2'000), std::chrono::milliseconds(20'000)};

std::size_t lines_in(const std::string& lines) {
  return static_cast<std::size_t>(std::ranges::count(lines, '\n'));
}

/// Each line of the answer is the event's, or a problem with its status.
PortAnswer said(std::string_view line) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const auto* object = error ? nullptr : value.if_object();
  if (!object) return PortAnswer::later;
  if (object->contains("event")) return PortAnswer::recorded;
  const auto* status = object->if_contains("status");
  const bool refused =
      status && status->is_int64() && status->get_int64() / 100 == 4 && status->get_int64() != 429;
  return refused ? PortAnswer::refused : PortAnswer::later;
}

}  // namespace

HttpCommandPort::HttpCommandPort(std::vector<ServerUrl> intakes, std::string token)
    : intakes_(std::move(intakes)), token_(std::move(token)), thread_([this] { run(); }) {}

HttpCommandPort::~HttpCommandPort() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  given_.notify_one();
  thread_.join();
}

void HttpCommandPort::submit(std::string lines, std::function<void(std::vector<PortAnswer>)> answered) {
  {
    const std::lock_guard lock(mutex_);
    if (!ending_) {
      queue_.push_back({std::move(lines), std::move(answered)});
      given_.notify_one();
      return;
    }
  }
  answered(std::vector<PortAnswer>(lines_in(lines), PortAnswer::later));
}

void HttpCommandPort::run() {
  name_thread("command port");
  std::optional<HttpClient> client;
  std::size_t now = 0;
  for (;;) {
    Asked asked;
    {
      std::unique_lock lock(mutex_);
      given_.wait(lock, [&] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      asked = std::move(queue_.front());
      queue_.pop_front();
    }
    std::vector<PortAnswer> answers;
    try {
      if (!client) client.emplace(intakes_[now % intakes_.size()], timeouts);
      const ClientResponse response = client->post("/v1/commands", "application/x-ndjson", asked.lines,
                                                   {{"Authorization", "Bearer " + token_}});
      if (response.status == 200) {
        LineSplitter lines([&](std::string_view line) { answers.push_back(said(line)); });
        lines.add(response.body);
        lines.finish();
      }
    } catch (const ServerUnavailable&) {
      // Whether it was recorded is told by the tables, or by asking again.
      client.reset();
      ++now;
    }
    answers.resize(lines_in(asked.lines), PortAnswer::later);
    asked.answered(std::move(answers));
  }
}

}  // namespace geleit
