#include "services/serve_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>

#include "schema/embedded.h"
#include "services/http/problem.h"
#include "services/http/router.h"
#include "services/http/server.h"
#include "services/intake/command_routes.h"
#include "services/language.h"
#include "services/query/query_routes.h"
#include "services/service.h"
#include "services/signals.h"

namespace geleit {
namespace {

/// Answers that are on their way when the service is asked to end may take this long.
constexpr std::chrono::milliseconds stop_deadline{20'000};

struct ServeOptions {
  std::string data = "data";
  std::string listen = "127.0.0.1:8480";
  std::string log;
  std::string clock;
};

/// Hands requests to one handler until another takes over: before the tables are ready, only its life is
/// told. There are no tokens, so what a page of another site sends through this machine's browser is refused.
class Switch final : public http::Handler {
 public:
  explicit Switch(http::Handler& first) : now_(&first) {}
  void to(http::Handler& handler) { now_.store(&handler); }
  [[nodiscard]] std::size_t body_limit(const http::Request& head) const override {
    return now_.load()->body_limit(head);
  }
  void handle(http::Request request, http::Responder responder) override {
    if (const auto field = http::sent_by_another_site(request)) {
      const auto language = request.language();
      return responder.answer(http::problem_response(
          http::ProblemKind::forbidden, language,
          std::string(http::in(language,
                               "erwartet eine Anfrage an localhost, aber sie galt einem anderen Namen",
                               "expected a request to localhost, but it was meant for another name")),
          std::string(*field)));
    }
    now_.load()->handle(std::move(request), std::move(responder));
  }

 private:
  std::atomic<http::Handler*> now_;
};

/// 503 for everything: what is asked before the tables are ready.
class Starting final : public http::Handler {
 public:
  explicit Starting(http::Handler& life) : life_(life) {}
  [[nodiscard]] std::size_t body_limit(const http::Request& head) const override {
    return life_.body_limit(head);
  }
  void handle(http::Request request, http::Responder responder) override {
    if (request.path() == "/livez" || request.path() == "/readyz" || request.path() == "/metrics") {
      return life_.handle(std::move(request), std::move(responder));
    }
    const auto language = request.language();
    responder.answer(http::problem_response(http::ProblemKind::not_ready, language,
                                            say(from_http(language), message::still_starting)));
  }

 private:
  http::Handler& life_;
};

/// Waits for the first signal; the second ends the process's work at once.
class Ending {
 public:
  void ask() {
    {
      const std::lock_guard lock(mutex_);
      asked_ = true;
    }
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return asked_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
};

void add_life(http::Router& router, Service& service, http::Metrics& metrics) {
  router.add(http::Method::get, "/livez", [](http::Request, http::Responder responder) {
    responder.answer(http::Response::json(R"({"alive":true})"));
  });
  router.add(http::Method::get, "/readyz", [&service](http::Request request, http::Responder responder) {
    if (service.ready()) return responder.answer(http::Response::json(R"({"ready":true})"));
    const auto language = request.language();
    responder.answer(http::problem_response(http::ProblemKind::not_ready, language,
                                            say(from_http(language), message::still_starting)));
  });
  router.add(http::Method::get, "/metrics", [&metrics](http::Request, http::Responder responder) {
    http::Response response;
    response.content_type = http::Metrics::content_type;
    response.body = metrics.text();
    responder.answer(std::move(response));
  });
}

/// Numbers that are asked for when somebody reads the metrics; the handles keep them registered.
std::vector<std::shared_ptr<void>> add_gauges(http::Metrics& metrics, Service& service) {
  const auto state = [&service] { return service.store().snapshot()->state(); };
  std::vector<std::shared_ptr<void>> gauges;
  const auto gauge = [&](const char* name, const char* help, std::function<double()> value) {
    gauges.push_back(metrics.gauge_when_read(name, help, {}, std::move(value)));
  };
  gauge("geleit_events", "Accepted events that the tables hold",
        [state] { return static_cast<double>(state().events); });
  gauge("geleit_stale_records", "Records that lost their race",
        [state] { return static_cast<double>(state().stale); });
  gauge("geleit_foreign_records", "Records that are no events of this log",
        [state] { return static_cast<double>(state().foreign); });
  gauge("geleit_parked", "Cases that stand still, counted per table",
        [&service] { return static_cast<double>(service.store().parked().size()); });
  gauge("geleit_projection_lag_records", "Records in the log that the tables have not read yet",
        [&service, state] {
          const Positions ends = service.log().ends();
          const Positions reached = state().positions();
          double lag = 0;
          for (std::size_t p = 0; p < ends.size(); ++p)
            lag += static_cast<double>(ends[p].value - std::min(reached[p].value, ends[p].value));
          return lag;
        });
  gauge("geleit_intake_queue", "Commands that wait to be decided",
        [&service] { return static_cast<double>(service.intake().status().queued); });
  gauge("geleit_intake_queue_max", "Commands that may wait before more are refused",
        [] { return static_cast<double>(intake_queue_max); });
  gauge("geleit_commands_accepted_total", "Commands recorded since the start",
        [&service] { return static_cast<double>(service.intake().status().accepted); });
  gauge("geleit_commands_refused_total", "Commands refused since the start",
        [&service] { return static_cast<double>(service.intake().status().refused); });
  gauge("geleit_commands_repeated_total", "Commands answered as repeated since the start",
        [&service] { return static_cast<double>(service.intake().status().repeated); });
  return gauges;
}

void serve(const ServeOptions& options, CommandLine& line) {
  const auto endpoint = http::parse_endpoint(options.listen);
  const auto clock =
      options.clock.empty() ? ClockChoice{} : parse_clock(options.clock).value_or(ClockChoice{});
  if (!endpoint) throw CLI::ValidationError("--listen", "expected HOST:PORT, but got " + options.listen);
  if (!http::is_loopback(*endpoint)) {
    // Without tokens every caller has all rights, so only this machine may call.
    throw CLI::ValidationError("--listen", "expected a loopback address, but got " + options.listen);
  }
  if (options.log.find("://") != std::string::npos) {
    throw CLI::ValidationError("--log", "expected a directory, but got " + options.log);
  }

  Ending ending;
  // Before any other thread, so that all of them leave the signals to this one.
  const Signals signals([&] { ending.ask(); }, [] { std::quick_exit(static_cast<int>(Exit::unavailable)); });

  // Whatever is made from here on is its owner's alone.
  ::umask(077);
  DataDirectory data{options.data, {}};
  if (!options.log.empty()) data.log_elsewhere = options.log;
  Service service(data, clock);
  http::Metrics metrics;
  http::Router life;
  add_life(life, service, metrics);
  Starting starting(life);
  Switch handler(starting);
  http::ServerOptions server_options;
  server_options.listen = *endpoint;
  server_options.metrics = &metrics;
  // The routers outlive the server, and the server the service's threads.
  http::Router router(&metrics);
  std::vector<std::shared_ptr<void>> gauges;
  http::Server server(server_options, handler);
  spdlog::info("listening on {}, making the tables ready", http::to_string(server.endpoint()));

  std::uint64_t shown = 0;
  service.start([&](std::uint64_t events) {
    constexpr std::uint64_t step = 1'000'000;
    if (events / step == shown) return;
    shown = events / step;
    spdlog::info("{} events folded", events);
  });
  add_life(router, service, metrics);
  add_command_routes(router, service.intake(), service.rules(), service.clock(),
                     service.clock_choice().kind == ClockChoice::Kind::entered);
  add_query_routes(
      router, QuerySources{service.store(), service.log(), service.rules(), service.keys(), service.clock(),
                           server, describe(service.clock_choice()), [&service] {
                             std::string trouble = service.projector().trouble();
                             return trouble.empty() ? service.intake().status().trouble : trouble;
                           }});
  gauges = add_gauges(metrics, service);
  handler.to(router);
  fmt::print("listening on http://{}\n", http::to_string(server.endpoint()));
  std::fflush(stdout);

  ending.wait();
  spdlog::info("ending: answering what was asked");
  server.stop(stop_deadline);
  service.stop();
  line.status = Exit::done;
}

}  // namespace

void add_serve(CommandLine& line) {
  auto* command =
      line.app.add_subcommand("serve", "Run the service: every role in one process on the embedded log");
  auto options = std::make_shared<ServeOptions>();
  command->add_option("--data", options->data, "Directory of log, keys and tables")->capture_default_str();
  command->add_option("--listen", options->listen, "Loopback address and port; port 0 takes a free one")
      ->capture_default_str();
  command->add_option("--log", options->log, "Directory of the log, if it is not in the data directory");
  command->add_option("--clock", options->clock, "Start at this instant, or \"entered\": follow the commands")
      ->check([](const std::string& text) {
        return parse_clock(text) ? std::string()
                                 : "expected an instant with offset or \"entered\", but got " + text;
      });
  command->callback([&line, options] {
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    serve(*options, line);
  });
}

}  // namespace geleit
