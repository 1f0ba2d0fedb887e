#include "services/serve_command.h"
#include "services/dashboard_routes.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "events/copied_log.h"
#include "events/embedded_log.h"
#include "events/uuid.h"
#include "schema/embedded.h"
#include "services/alert/alert_routes.h"
#include "services/calendar/calendar_routes.h"
#include "services/command_options.h"
#include "services/command_relay.h"
#include "services/gate.h"
#include "services/http/problem.h"
#include "services/http/router.h"
#include "services/http/server.h"
#include "services/http_command_port.h"
#include "services/intake/command_routes.h"
#include "services/kafka_keys.h"
#include "services/language.h"
#include "services/open_parts.h"
#include "services/privacy.h"
#include "services/privacy_routes.h"
#include "services/query/business_gauges.h"
#include "services/query/query_routes.h"
#include "services/query/stream_routes.h"
#include "services/service.h"
#include "services/service_log.h"
#include "services/signals.h"
#include "services/token_routes.h"
#include "services/upkeep_routes.h"

namespace geleit {
namespace {

/// When the service is asked to end, what it has accepted may take this long; what is unfinished then is
/// answered 503, for which there is as much time as `stop_answers`. `stop_last` after that the process ends,
/// whatever it is still waiting for: what was answered is durable, and nothing else was promised.
constexpr std::chrono::seconds stop_finish{10};
constexpr std::chrono::seconds stop_answers{2};
constexpr std::chrono::seconds stop_last{3};

struct ServeOptions {
  DirectoryOptions where;
  std::string listen = "127.0.0.1:8480";
  std::string clock;
  std::string roles = "intake,query,watch,alert";
  std::vector<std::string> intakes;
  bool behind_proxy = false;
};

/// Hands requests to one handler until another takes over: before the tables are ready, only its life is
/// told. While there are no tokens, what a page of another site sends through this machine's browser is
/// refused.
class Switch final : public http::Handler {
 public:
  Switch(http::Handler& first, Gate& gate) : now_(&first), gate_(gate) {}
  void to(http::Handler& handler) { now_.store(&handler); }
  [[nodiscard]] std::size_t body_limit(const http::Request& head) const override {
    return now_.load()->body_limit(head);
  }
  void handle(http::Request request, http::Responder responder) override {
    if (const auto field = http::sent_by_another_site(request); field && !gate_.asks_for_tokens()) {
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
  Gate& gate_;
};

/// 503 for everything: what is asked before the tables are ready.
class Starting final : public http::Handler {
 public:
  explicit Starting(http::Handler& life) : life_(life) {}
  /// Whatever will be taken once the tables are ready is read, so that it is told to come again and not that
  /// it is too large.
  [[nodiscard]] std::size_t body_limit(const http::Request&) const override { return http::body_bytes_max; }
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
  [[nodiscard]] bool asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
};

/// Sees to it that ending takes no longer than it may. Begun once; destroyed when all is done in time.
class EndingBound {
 public:
  void begin(std::function<void()> give_up) {
    thread_ = std::jthread([this, give_up = std::move(give_up)](std::stop_token stop) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, stop_finish, [] { return false; });
      if (stop.stop_requested()) return;
      give_up();
      changed_.wait_for(lock, stop, stop_answers + stop_last, [] { return false; });
      if (!stop.stop_requested()) std::quick_exit(static_cast<int>(Exit::done));
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

/// Over a network, if only through a proxy on this machine.
bool is_reached_by_others(const ServeOptions& options) {
  return options.behind_proxy || !http::is_loopback(*http::parse_endpoint(options.listen));
}

/// Beyond this machine nobody is let in without a token, and no token goes over a network in the clear.
void require_protection(const ServeOptions& options, TokenBook& tokens) {
  if (!is_reached_by_others(options)) return;
  if (tokens.all()->empty()) {
    throw CLI::ValidationError(
        options.behind_proxy ? "--behind-proxy" : "--listen",
        "expected a token, for others reach the service and without tokens they may do everything; make one "
        "with geleit token create, or listen on 127.0.0.1 for this machine alone; but there is none");
  }
  if (!options.behind_proxy) {
    throw CLI::ValidationError(
        "--listen",
        "expected a loopback address, for tokens must not cross a network unencrypted; where a "
        "proxy in front of Geleit speaks TLS, say --behind-proxy; but got " +
            options.listen);
  }
}

void add_life(http::Router& router, Service& service, http::Metrics& metrics) {
  router.add(http::Method::get, "/livez", [](http::Request, http::Responder responder) {
    responder.answer(http::Response::json(R"({"alive":true})"));
  });
  router.add(http::Method::get, "/readyz", [&service](http::Request request, http::Responder responder) {
    const auto language = request.language();
    const auto troubles = service.ready() ? service.troubles() : std::vector<Service::Trouble>{};
    if (!troubles.empty()) {
      return responder.answer(
          http::problem_response(http::ProblemKind::not_ready, language,
                                 say(from_http(language), message::cannot_write, troubles.front().what)));
    }
    if (service.ready()) return responder.answer(http::Response::json(R"({"ready":true})"));
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

/// What geleit backup wrote when it had finished, on one line.
std::string last_backup(const DataDirectory& data) {
  std::ifstream in(data.last_backup());
  std::string told;
  std::getline(in, told);
  return told.starts_with('{') && told.ends_with('}') ? told : "null";
}

/// What a kill or a restore left open between keys and events.
void complete_erasures_of(Service& service) {
  try {
    if (const std::size_t cases = Privacy(service).complete(); cases > 0)
      log_info(fmt::format("erasures completed in {} cases", cases));
  } catch (const std::exception& failure) {
    log_warning(fmt::format("erasures are not completed, the next start tries again: {}", failure.what()));
  }
}

using Gauges = std::vector<std::shared_ptr<void>>;

void add_intake_gauges(http::Metrics& metrics, Service& service, Gauges& gauges) {
  const auto gauge = [&](const char* name, const char* help, std::function<double()> value) {
    gauges.push_back(metrics.gauge_when_read(name, help, {}, std::move(value)));
  };
  gauge("geleit_intake_queue", "Commands that wait to be decided",
        [&service] { return static_cast<double>(service.intake().status().queued); });
  gauge("geleit_intake_queue_max", "Commands that may wait before more are refused",
        [] { return static_cast<double>(intake_queue_max); });
  gauge("geleit_intake_unanswered_commands", "Commands taken and not answered yet",
        [&service] { return static_cast<double>(service.intake().status().unanswered); });
  gauge("geleit_intake_unanswered_commands_max", "Commands that may be unanswered before more are refused",
        [] { return static_cast<double>(unanswered_commands_max); });
  gauge("geleit_intake_unanswered_bytes", "Memory of the commands that are not answered yet, estimated",
        [&service] { return static_cast<double>(service.intake().status().unanswered_octets); });
  gauge("geleit_intake_unanswered_bytes_max", "Memory of unanswered commands before more are refused",
        [] { return static_cast<double>(unanswered_octets_max); });
  gauge("geleit_intake_cases", "Cases that intake keeps at hand",
        [&service] { return static_cast<double>(service.intake().status().cases_at_hand); });
  gauge("geleit_intake_cases_max",
        "Cases at hand, because the tables are behind, before commands are refused",
        [] { return static_cast<double>(cases_ahead_of_tables_max); });
  gauge("geleit_log_append_queue_records_max", "Records that may wait to be written before the log refuses",
        [] { return static_cast<double>(append_queue_records_max); });
  gauge("geleit_log_append_queue_bytes_max", "Their octets",
        [] { return static_cast<double>(append_queue_bytes_max); });
  const auto queue_gauges = [&](const auto* log) {
    if (log == nullptr) return;
    gauge("geleit_log_append_queue_records", "Records that wait to be written",
          [log] { return static_cast<double>(log->append_queue().records); });
    gauge("geleit_log_append_queue_bytes", "Their octets",
          [log] { return static_cast<double>(log->append_queue().bytes); });
  };
  queue_gauges(dynamic_cast<const EmbeddedLog*>(&service.log()));
  queue_gauges(dynamic_cast<const CopiedLog*>(&service.log()));
  gauge("geleit_commands_accepted_total", "Commands recorded since the start",
        [&service] { return static_cast<double>(service.intake().status().accepted); });
  gauge("geleit_commands_refused_total", "Commands refused since the start",
        [&service] { return static_cast<double>(service.intake().status().refused); });
  gauge("geleit_commands_repeated_total", "Commands answered as repeated since the start",
        [&service] { return static_cast<double>(service.intake().status().repeated); });
}

void add_watch_gauges(http::Metrics& metrics, Service& service, Gauges& gauges) {
  Watch& watch = *service.watch();
  const auto gauge = [&](const char* name, const char* help,
                         std::function<double(const WatchStatus&)> value) {
    gauges.push_back(metrics.gauge_when_read(
        name, help, {}, [&watch, value = std::move(value)] { return value(watch.status()); }));
  };
  gauge("geleit_watch_due", "What has fallen due and is not recorded yet",
        [](const WatchStatus& status) { return static_cast<double>(status.due); });
  gauge("geleit_watch_due_seconds", "For how long the oldest of it has been due; 0: there is none",
        [&service](const WatchStatus& status) {
          if (!status.oldest_due) return 0.;
          const std::int64_t ms = service.clock().now().ms - status.oldest_due->ms;
          return static_cast<double>(std::max<std::int64_t>(0, ms)) / 1'000;
        });
  gauge("geleit_watch_missing_alerts", "What should be recorded and alert people and, for a minute, does not",
        [](const WatchStatus& status) { return static_cast<double>(status.late); });
  gauge("geleit_watch_missing_timers", "Cases whose due keys the continuous check found wrong",
        [](const WatchStatus& status) { return static_cast<double>(status.wrong_timers); });
  gauge("geleit_watch_recorded_total", "What fell due and was recorded since the start",
        [](const WatchStatus& status) { return static_cast<double>(status.recorded); });
}

void add_alert_gauges(http::Metrics& metrics, Service& service, Gauges& gauges) {
  const auto gauge = [&](const char* name, const char* help, std::function<double(const DeskStatus&)> value) {
    gauges.push_back(metrics.gauge_when_read(
        name, help, {}, [&service, value = std::move(value)] { return value(service.desk()->status()); }));
  };
  gauge("geleit_alert_open", "Alerts that hold and nobody has answered",
        [](const DeskStatus& now) { return static_cast<double>(now.open); });
  gauge("geleit_alert_answered", "Alerts that hold and are acknowledged or snoozed",
        [](const DeskStatus& now) { return static_cast<double>(now.answered); });
  gauge("geleit_alert_unsent",
        "Notices that are wanted and did not go out yet; what waits for its hour aside",
        [](const DeskStatus& now) { return static_cast<double>(now.unsent); });
  gauge("geleit_alert_oldest_unsent_seconds", "For how long the oldest of them has been wanted; 0: none",
        [&service](const DeskStatus& now) {
          return now.oldest_unsent
                     ? static_cast<double>(service.clock().now().ms - now.oldest_unsent->ms) / 1'000
                     : 0.;
        });
}

void add_audit_gauges(http::Metrics& metrics, Service& service, Gauges& gauges) {
  const auto gauge = [&](const char* name, const char* help,
                         std::function<double(const HeadSignerStatus&)> value) {
    gauges.push_back(metrics.gauge_when_read(
        name, help, {}, [&service, value = std::move(value)] { return value(service.signer()->status()); }));
  };
  gauge("geleit_audit_last_head_timestamp_seconds", "When the last head of the log was signed; 0: never",
        [](const HeadSignerStatus& status) {
          Instant last;
          for (const SignedHead& head : status.last) last = std::max(last, head.at);
          return static_cast<double>(last.ms) / 1'000;
        });
  gauge("geleit_audit_unsigned_records", "Records that no signed head covers yet",
        [](const HeadSignerStatus& status) { return static_cast<double>(status.unsigned_records); });
  gauge("geleit_audit_undeposited_bytes", "Signed heads that were not deposited outside yet",
        [](const HeadSignerStatus& status) { return static_cast<double>(status.undeposited); });
  gauge("geleit_audit_troubles", "What keeps heads from being signed or deposited",
        [](const HeadSignerStatus& status) { return static_cast<double>(status.troubles.size()); });
}

/// Numbers that are asked for when somebody reads the metrics; the handles keep them registered.
Gauges add_gauges(http::Metrics& metrics, Service& service, const std::atomic<std::size_t>& waiting_reads,
                  const std::atomic<std::size_t>& whole_lists) {
  const auto state = [&service] { return service.store().snapshot()->state(); };
  Gauges gauges;
  const auto gauge = [&](const char* name, const char* help, std::function<double()> value) {
    gauges.push_back(metrics.gauge_when_read(name, help, {}, std::move(value)));
  };
  gauge("geleit_events", "Accepted events that the tables hold",
        [state] { return static_cast<double>(state().events); });
  gauge("geleit_stale_records", "Records that lost their race",
        [state] { return static_cast<double>(state().stale); });
  gauge("geleit_foreign_records", "Records that are no events of this log",
        [state] { return static_cast<double>(state().foreign); });
  for (const TableInfo& table : all_tables) {
    if (table.table == Table::trail || table.table == Table::stale) continue;
    gauges.push_back(metrics.gauge_when_read(
        "geleit_parked", "Cases that stand still in a table; stored-cases: their fold failed",
        {{"table", std::string(table.name)}}, [&service, which = table.table] {
          const std::vector<Parked> parked = service.store().parked();
          return static_cast<double>(
              std::count_if(parked.begin(), parked.end(), [&](const Parked& p) { return p.table == which; }));
        }));
  }
  for (const std::string_view part : {"log", "keys", "tables", "commands"}) {
    gauges.push_back(metrics.gauge_when_read(
        "geleit_trouble", "1 while this part cannot be written or read, or was found damaged",
        {{"part", std::string(part)}}, [&service, part] {
          return std::ranges::any_of(service.troubles(), [&](const auto& t) { return t.part == part; }) ? 1.
                                                                                                        : 0.;
        }));
  }
  gauge("geleit_projection_lag_records", "Records in the log that the tables have not read yet",
        [&service, state] {
          const Positions ends = service.ends().ends;
          const Positions reached = state().positions();
          double lag = 0;
          for (std::size_t p = 0; p < ends.size(); ++p)
            lag += static_cast<double>(ends[p].value - std::min(reached[p].value, ends[p].value));
          return lag;
        });
  gauge("geleit_last_backup_timestamp_seconds", "When geleit backup last finished; 0: never", [&service] {
    struct stat told {};
    const bool any = ::stat(service.data().last_backup().c_str(), &told) == 0;
    return any ? static_cast<double>(told.st_mtime) : 0.;
  });
  // Of the disk on which the data directory lies; a log elsewhere (`--log DIR`) has a disk of its own.
  const auto disk = [&service](std::uintmax_t std::filesystem::space_info::*bytes) {
    std::error_code error;
    const auto space = std::filesystem::space(service.data().dir, error);
    return error ? std::nan("") : static_cast<double>(space.*bytes);
  };
  gauge("geleit_disk_free_bytes", "What the service may still write to the disk of its data directory",
        [disk] { return disk(&std::filesystem::space_info::available); });
  gauge("geleit_disk_size_bytes", "Size of the disk of the data directory",
        [disk] { return disk(&std::filesystem::space_info::capacity); });
  gauge("geleit_log_ends_age_seconds", "For how long the log has not said where it ends; 0 while it does",
        [&service] { return static_cast<double>(service.ends().old_ms) / 1000; });
  gauge("geleit_waiting_reads", "Reads that wait for a position",
        [&waiting_reads] { return static_cast<double>(waiting_reads.load()); });
  gauge("geleit_waiting_reads_max", "Reads that may wait before more are refused",
        [] { return static_cast<double>(waiting_reads_max); });
  gauge("geleit_whole_lists", "Whole lists that are asked for and not made yet",
        [&whole_lists] { return static_cast<double>(whole_lists.load()); });
  gauge("geleit_whole_lists_max", "Whole lists that may wait before more are refused",
        [] { return static_cast<double>(whole_lists_max); });
  if (service.roles().intake) add_intake_gauges(metrics, service, gauges);
  if (service.desk() != nullptr) add_alert_gauges(metrics, service, gauges);
  if (service.watch() != nullptr) add_watch_gauges(metrics, service, gauges);
  if (service.signer() != nullptr) add_audit_gauges(metrics, service, gauges);
  return gauges;
}

bool is_entered(const ClockChoice& clock) { return clock.kind == ClockChoice::Kind::entered; }

void serve(const ServeOptions& options, CommandLine& line) {
  const auto endpoint = http::parse_endpoint(options.listen);
  const auto clock =
      options.clock.empty() ? ClockChoice{} : parse_clock(options.clock).value_or(ClockChoice{});
  if (!endpoint) throw CLI::ValidationError("--listen", "expected HOST:PORT, but got " + options.listen);
  DataDirectory data = options.where.directory();
  std::unique_ptr<TokenBook> tokens = data.kafka ? nullptr : token_file(data.tokens());
  if (tokens) require_protection(options, *tokens);
  const Roles roles = parse_roles(options.roles).value_or(Roles{});
  if (!data.kafka && !(roles.intake && roles.query))
    throw CLI::ValidationError("--roles",
                               "expected intake and query in one process on a log on this machine");
  if (!roles.intake && (roles.watch || roles.alert) && options.intakes.empty())
    throw CLI::ValidationError("--intake", "expected one, for watch and alert have an intake record things");
  if (roles.intake && !options.intakes.empty())
    throw CLI::ValidationError("--intake", "expected none, for this process is an intake itself");
  if (!options.clock.empty() && (!clock_may_be_set(data) || (data.kafka && is_entered(clock)))) {
    throw CLI::ValidationError("--clock",
                               "expected none, for a log on Kafka records by the clocks of its brokers");
  }

  Ending ending;
  EndingBound bound;
  // Before any other thread, so that all of them leave the signals to this one.
  const Signals signals([&] { ending.ask(); }, [] { std::quick_exit(static_cast<int>(Exit::unavailable)); });

  // Whatever is made from here on is its owner's alone, and no key lies in what a crash leaves: of one octet
  // no core is written, to a file or to a program.
  ::umask(077);
  const rlimit no_core{1, 1};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // The service's threads count into it.
  http::Metrics metrics;
  LiveFeed feed;
  Service service(std::move(data), clock, nullptr, roles);
  service.measure(metrics);
  if (!tokens) {
    tokens = token_topic(dynamic_cast<KafkaKeys&>(service.keys()));
    require_protection(options, *tokens);
  }
  SystemChance chance;
  RefusalLog refusals;
  Gate gate(*tokens, service.clock(), service.token(), is_reached_by_others(options));
  gate.on_refused([&refusals](const Refusal& refusal) { refusals.note(refusal); });
  if (roles.query) service.tell_rows(feed);
  for (const std::string& note : service.notes()) log_warning(note);
  http::Router life;
  guard(life, gate);
  add_life(life, service, metrics);
  Starting starting(life);
  Switch handler(starting, gate);
  http::ServerOptions server_options;
  server_options.listen = *endpoint;
  server_options.metrics = &metrics;
  AccessLog access(service.data().access());
  std::optional<SerialWorker> privacy;
  std::atomic<std::size_t> waiting_reads{0}, whole_lists{0}, waiting_calendars{0};
  CalendarBook calendars(service.data().calendars());
  // It reads what ends before it does.
  struct Ended {
    LiveFeed& feed;
    ~Ended() { feed.stop(); }
  } const ended{feed};
  // The routers outlive the server, and the server the service's threads.
  http::Router router(&metrics);
  guard(router, gate);
  Gauges gauges;
  std::optional<BusinessGauges> business;
  std::optional<CommandRelay> relay;
  http::Server server(server_options, handler);
  log_info(fmt::format("listening on {}, making the tables ready", http::to_string(server.endpoint())));

  std::vector<ServerUrl> intakes;
  for (const std::string& intake : options.intakes) intakes.push_back(*parse_server_url(intake));
  if (!roles.intake && (roles.watch || roles.alert))
    service.reach_intake_by(std::make_unique<HttpCommandPort>(intakes, service.token()));
  if (roles.alert) service.tell_through(config_of(options.where.config).alert.channels);
  service.sign_heads(config_of(options.where.config).audit);
  std::uint64_t shown = 0;
  service.on_parked([](const Parked& parked) {
    const std::string id = to_string(parked.id);
    log_warning(fmt::format("case {} stands still in {} at {}:{}: {}; after a fix: geleit retry {}", id,
                            name_of(parked.table), parked.position.partition.value,
                            parked.position.offset.value, parked.error, id));
  });
  service.start(
      [&](std::uint64_t events) {
        constexpr std::uint64_t step = 1'000'000;
        if (events / step == shown) return;
        shown = events / step;
        log_info(fmt::format("{} events folded", events));
      },
      [&] { return ending.asked(); });
  add_life(router, service, metrics);
  add_token_routes(router, *tokens, service.clock(), chance);
  if (roles.intake) {
    add_command_routes(router, service.intake(), service.rules(), service.clock(), is_entered(clock));
  } else if (!intakes.empty()) {
    add_relay_routes(router, relay.emplace(intakes));
  }
  std::vector<std::string> deciders = options.intakes;
  if (roles.intake) deciders.push_back("http://" + http::to_string(server.endpoint()));
  const QuerySources sources{service.store(),
                             service.log(),
                             service.rules(),
                             service.keys(),
                             service.clock(),
                             server,
                             describe(service.clock_choice()),
                             names_of(roles),
                             deciders,
                             [&service] { return service.ends(); },
                             [&service, &access] {
                               std::vector<std::string> all = service.notes();
                               for (auto& trouble : service.troubles())
                                 all.push_back(std::move(trouble.what));
                               if (std::string what = service.copy_trouble(); !what.empty())
                                 all.push_back(std::move(what));
                               if (const Watch* watch = service.watch())
                                 std::ranges::move(troubles_of(watch->status()), std::back_inserter(all));
                               if (const AlertDesk* desk = service.desk()) {
                                 if (std::string what = desk->status().trouble; !what.empty())
                                   all.push_back(std::move(what));
                               }
                               if (std::string what = access.trouble(); !what.empty())
                                 all.push_back(std::move(what));
                               if (const HeadSigner* signer = service.signer())
                                 std::ranges::move(signer->status().troubles, std::back_inserter(all));
                               return all;
                             },
                             access,
                             [&service](const std::exception& failure) { service.note(failure); },
                             [&service] { return last_backup(service.data()); },
                             [&service] {
                               const Watch* watch = service.watch();
                               return watch ? to_json(watch->status()) : std::string("null");
                             },
                             [&service] {
                               const AlertDesk* desk = service.desk();
                               return desk ? to_json(desk->status()) : std::string("null");
                             },
                             [&service] {
                               const HeadSigner* signer = service.signer();
                               return signer ? to_json(signer->status()) : std::string("null");
                             },
                             [&service] { service.projector().hurry(); },
                             waiting_reads,
                             whole_lists,
                             service.data().pasts()};
  add_status_routes(router, sources);
  if (roles.query) {
    add_query_routes(router, sources);
    feed.begin({&service.store(), &service.log(), &service.rules(), &service.keys(), &service.clock(),
                &access, [&gate](const std::string& token) { return gate.lets_in(token); }},
               metrics);
    add_stream_route(router, feed, service.rules(), service.log().info().partitions);
    add_calendar_routes(router, {service.store(), service.clock(), calendars, waiting_calendars,
                                 [&service](const std::exception& failure) { service.note(failure); }});
    gauges.push_back(metrics.gauge_when_read(
        "geleit_waiting_calendars", "Calendars that are asked for and not made yet", {},
        [&waiting_calendars] { return static_cast<double>(waiting_calendars.load()); }));
    gauges.push_back(metrics.gauge_when_read("geleit_waiting_calendars_max",
                                             "Calendars that may wait before more are refused", {},
                                             [] { return static_cast<double>(waiting_calendars_max); }));
    business.emplace(service.store(), service.clock(), metrics);
  }
  if (AlertDesk* desk = service.desk()) add_alert_routes(router, *desk);
  if (roles.query) add_dashboard_routes(router, dashboard_files());
  add_upkeep_routes(router, service);
  if (roles.intake) {
    privacy.emplace("privacy");
    add_privacy_routes(router, service, *privacy);
    privacy->give([&service] { complete_erasures_of(service); });
  }
  std::ranges::move(add_gauges(metrics, service, waiting_reads, whole_lists), std::back_inserter(gauges));
  gauges.push_back(metrics.gauge_when_read(
      "geleit_access_waiting_bytes", "What waits to be written of who looked, estimated", {},
      [&access] { return static_cast<double>(access.waiting_octets()); }));
  gauges.push_back(metrics.gauge_when_read(
      "geleit_access_waiting_bytes_max", "What may wait before personal data is not shown any more", {},
      [] { return static_cast<double>(AccessLog::waiting_octets_max); }));
  handler.to(router);
  fmt::print("listening on http://{}\n", http::to_string(server.endpoint()));
  std::fflush(stdout);

  ending.wait();
  log_info("ending: answering what was asked");
  bound.begin([&service, &relay] {
    service.give_up();
    if (relay) relay->give_up();
  });
  feed.stop();
  server.stop(stop_finish + stop_answers);
  privacy.reset();
  service.stop();
  line.status = Exit::done;
}

}  // namespace

void add_serve(CommandLine& line) {
  auto* command =
      line.app.add_subcommand("serve", "Run the service: every role in one process, or some of them");
  auto options = std::make_shared<ServeOptions>();
  add_directory_options(*command, options->where);
  command->add_option("--listen", options->listen, "Address and port; port 0 takes a free one")
      ->capture_default_str();
  command->add_flag("--behind-proxy", options->behind_proxy,
                    "Others reach it through a proxy that speaks TLS: it always asks for a token, and may "
                    "listen beyond this machine");
  command->add_option("--roles", options->roles, "What this process does: intake, query, watch, alert")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return parse_roles(text) ? std::string()
                                 : "expected some of intake, query, watch, alert, but got " + text;
      });
  command
      ->add_option("--intake", options->intakes,
                   "Where a process without the role intake hands commands on to; may be repeated")
      ->check(a_server());
  command->add_option("--clock", options->clock, "Start at this instant, or \"entered\": follow the commands")
      ->check([](const std::string& text) {
        return parse_clock(text) ? std::string()
                                 : "expected an instant with offset or \"entered\", but got " + text;
      });
  command->callback([&line, options] {
    begin_service_log();
    const DataDirectory data = options->where.directory();
    const auto refuse = [&](const auto& message, std::string_view about) {
      fmt::print(stderr, "geleit serve: {}\n", say(line.for_people, message, about));
      line.status = Exit::unavailable;
    };
    try {
      serve(*options, line);
    } catch (const StartStopped&) { line.status = Exit::done; } catch (const LogInUse&) {
      refuse(message::directory_in_use, data.log_place());
    } catch (const KeyStoreInUse&) {
      refuse(message::directory_in_use, data.keys_place());
    } catch (const StoreInUse&) {
      refuse(message::directory_in_use, data.tables().string());
    } catch (const LogCorrupt& damage) {
      refuse(message::log_is_damaged, damage.what());
    } catch (const KeyStoreDamaged& damage) { refuse(message::keys_are_damaged, damage.what()); }
  });
}

}  // namespace geleit
