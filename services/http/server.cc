#include "services/http/server.h"

#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <thread>

#include "services/http/connection.h"
#include "services/http/text_scan.h"

namespace geleit::http {

namespace {

using tcp = asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Waiter = asio::basic_waitable_timer<std::chrono::steady_clock,
                                          asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr int backlog = 4096;
/// After accept has failed for want of files or memory.
constexpr std::chrono::milliseconds accept_pause{50};

/// As many open files as the machine allows: every connection is one. Returns how many of them connections
/// may be.
std::size_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections_max;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  const auto files = static_cast<std::size_t>(limit.rlim_cur);
  return files - std::min(other_files_min, files / 2);
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  Endpoint endpoint{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
  const bool six = endpoint.host.find(':') != std::string::npos;
  return (six ? '[' + endpoint.host + ']' : endpoint.host) + ':' + std::to_string(endpoint.port);
}

bool is_loopback(const Endpoint& endpoint) {
  if (equal_in_any_case(endpoint.host, "localhost")) return true;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  return !error && address.is_loopback();
}

std::optional<std::string_view> sent_by_another_site(const Request& request) {
  const auto local = [](std::string_view authority) {
    if (const auto endpoint = parse_endpoint(authority)) return is_loopback(*endpoint);
    if (authority.starts_with('[') && authority.ends_with(']'))
      authority = authority.substr(1, authority.size() - 2);
    return is_loopback({std::string(authority), 0});
  };
  constexpr std::string_view scheme = "http://";
  if (const auto host = request.header("host"); host && !local(trim(*host))) return "Host";
  if (const auto origin = request.header("origin");
      origin && (!origin->starts_with(scheme) || !local(trim(origin->substr(scheme.size()))))) {
    return "Origin";
  }
  return std::nullopt;
}

struct Server::State {
  explicit State(const ServerOptions& options) : shared(std::make_shared<Shared>()) {
    shared->limits = options.limits;
    for (int i = 0; i < std::max(options.io_threads, 1); ++i)
      homes.push_back(std::make_shared<IoThread>(shared));
    acceptor.emplace(homes.front()->context);
  }

  void listen(const Endpoint& wanted);
  asio::awaitable<void, Executor> accept();

  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<IoThread>> homes;
  std::optional<Acceptor> acceptor;
  Endpoint endpoint;
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<void>> gauges;
  std::atomic<std::size_t> next_home{0};
  // Guarded by shared->mutex.
  bool stopping = false;
  bool hurry = false;
  bool stopped = false;
};

void Server::State::listen(const Endpoint& wanted) {
  boost::system::error_code error;
  auto fail = [&](const char* what) {
    throw CannotListen("cannot listen on " + to_string(wanted) + ": " + what + ": " + error.message());
  };
  tcp::resolver resolver(homes.front()->context);
  const auto found = resolver.resolve(wanted.host, std::to_string(wanted.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) fail("the host is unknown");
  const tcp::endpoint at = *found.begin();
  acceptor->open(at.protocol(), error);
  if (error) fail("open");
  acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  acceptor->bind(at, error);
  if (error) fail("bind");
  acceptor->listen(backlog, error);
  if (error) fail("listen");
  acceptor->non_blocking(true, error);
  endpoint = wanted;
  endpoint.port = acceptor->local_endpoint().port();
}

asio::awaitable<void, Executor> Server::State::accept() {
  static constexpr std::string_view full =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: 94\r\n\r\n"
      R"({"type":"urn:geleit:problem:overloaded","title":"Overloaded","status":503,"detail":"no room"})"
      "\n";
  Waiter pause(homes.front()->context);
  for (std::size_t i = 0;; ++i) {
    IoThread* home = homes[i % homes.size()].get();
    auto [error, socket] = co_await acceptor->async_accept(home->context.get_executor(), tupled);
    if (!acceptor->is_open()) co_return;
    if (error) {
      if (error == asio::error::connection_aborted) continue;
      pause.expires_after(accept_pause);
      co_await pause.async_wait(tupled);
      continue;
    }
    if (shared->connections.fetch_add(1) >= shared->limits.connections) {
      shared->refused_connections.add();
      socket.non_blocking(true, error);
      socket.write_some(asio::buffer(full), error);
      socket.shutdown(Socket::shutdown_send, error);
      socket.close(error);
      shared->connection_ended();
      continue;
    }
    if (home->here()) {
      home->adopt(std::move(socket));
    } else {
      asio::post(home->context,
                 [home, taken = std::move(socket)]() mutable { home->adopt(std::move(taken)); });
    }
  }
}

Server::Server(ServerOptions options, Handler& handler) {
  options.limits.connections = std::min(options.limits.connections, raise_open_files());
  state_ = std::make_shared<State>(options);
  Shared& shared = *state_->shared;
  shared.handler = &handler;
  if (options.metrics != nullptr) {
    Metrics& metrics = *options.metrics;
    auto refused = [&](const char* cause) {
      return metrics.counter("geleit_http_refused_total", "What the listener refused itself, by cause",
                             {{"cause", cause}});
    };
    shared.refused_connections = refused("connections");
    shared.refused_load = refused("in_flight");
    shared.refused_requests = refused("request_memory");
    shared.refused_answers = refused("answer_memory");
    shared.timed_out = refused("timeout");
    shared.malformed = refused("malformed");
    auto gauge = [&](const char* name, const char* help, std::function<double()> value) {
      state_->gauges.push_back(metrics.gauge_when_read(name, help, {}, std::move(value)));
    };
    const auto kept = state_->shared;
    gauge("geleit_http_connections", "Open connections",
          [kept] { return static_cast<double>(kept->connections); });
    gauge("geleit_http_connections_max", "Connections that may be open before more are refused",
          [kept] { return static_cast<double>(kept->limits.connections); });
    gauge("geleit_http_in_flight_max", "Requests that may be in work before more are refused",
          [kept] { return static_cast<double>(kept->limits.in_flight); });
    gauge("geleit_http_request_bytes_max", "Memory of requests before more are refused",
          [kept] { return static_cast<double>(kept->limits.request_bytes); });
    gauge("geleit_http_answer_bytes_max", "Memory of unsent answers before requests are refused",
          [kept] { return static_cast<double>(kept->limits.answer_bytes); });
    gauge("geleit_http_in_flight", "Requests being answered",
          [kept] { return static_cast<double>(kept->in_flight); });
    gauge("geleit_http_request_bytes", "Memory of requests that are read or being answered",
          [kept] { return static_cast<double>(kept->request_bytes->load()); });
    gauge("geleit_http_answer_bytes", "Memory of answers that are not sent yet",
          [kept] { return static_cast<double>(kept->answer_bytes->load()); });
  }
  state_->listen(options.listen);
  asio::co_spawn(state_->homes.front()->context.get_executor(), state_->accept(), asio::detached);
  for (const auto& home : state_->homes) state_->threads.emplace_back([home] { home->run(); });
}

Server::~Server() { stop(std::chrono::milliseconds{0}); }

Endpoint Server::endpoint() const { return state_->endpoint; }

void Server::after(std::chrono::milliseconds delay, Task task) {
  IoThread* home = IoThread::current;
  if (home == nullptr || home->shared != state_->shared) {
    home =
        state_->homes[state_->next_home.fetch_add(1, std::memory_order_relaxed) % state_->homes.size()].get();
  }
  home->after(delay.count(), std::move(task));
}

void Server::stop(std::chrono::milliseconds deadline) {
  Shared& shared = *state_->shared;
  {
    std::unique_lock lock(shared.mutex);
    if (state_->stopping) {
      state_->hurry = true;
      shared.changed.notify_all();
      shared.changed.wait(lock, [&] { return state_->stopped; });
      return;
    }
    state_->stopping = true;
  }
  // First the acceptor, in its own thread, so that nothing new comes after the draining has begun.
  asio::post(state_->homes.front()->context, [state = state_.get()] {
    boost::system::error_code ignored;
    state->acceptor->close(ignored);
    for (const auto& home : state->homes)
      asio::post(home->context, [home = home.get()] { home->begin_drain(); });
  });
  {
    std::unique_lock lock(shared.mutex);
    shared.changed.wait_for(lock, deadline, [&] { return state_->hurry || shared.connections == 0; });
  }
  asio::post(state_->homes.front()->context, [state = state_.get()] {
    for (const auto& home : state->homes) asio::post(home->context, [home = home.get()] { home->end_now(); });
  });
  for (std::thread& thread : state_->threads) thread.join();
  {
    const std::lock_guard lock(shared.mutex);
    state_->stopped = true;
  }
  shared.changed.notify_all();
}

}  // namespace geleit::http
