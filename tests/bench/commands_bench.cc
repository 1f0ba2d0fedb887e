// How fast commands get in, seen from outside: starts `geleit serve` on a directory of its own, or on --data,
// where much may be already (or speaks to --server), sends it a simulated life over HTTP, and prints one JSON
// line per figure.
//   commands_bench [--only singles|bulk|visible] [--data DIR] [--server HOST:PORT --log DIR]
//                  [--log kafka://HOST:PORT/TOPIC] [--geleit FILE] [--dir DIR] [--connections N]
//                  [--commands N] [--bulk-commands N] [--lines N] [--bodies N] [--seed N] [--seconds N]
//                  [--rate N]
//   singles   one command per request, 64 kept connections, each synced before it is answered
//   bulk      NDJSON bodies, a few under way on one connection so that the order is kept
//   visible   2,000 commands/s come in; from an answer until a read that waits for its position has answered
// Client and service share the machine, so the client is one thread on epoll that looks at little more than
// the status of an answer. What the disk gives is measured in the same run: the records that came to lie in
// the log are written once more straight into RocksDB, synced in groups as large as those compared with.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "events/embedded_log.h"
#include "events/embedded_log_database.h"
#include "events/kafka_address.h"
#include "events/uuid.h"

namespace geleit {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string only, server, log, geleit = "build/geleit";
  std::filesystem::path dir = "bench-data", data;
  std::size_t commands = 300'000;
  std::size_t bulk_commands = 1'000'000;
  std::size_t lines = 2'000;
  std::size_t bodies_under_way = 3;
  std::uint64_t seed = 1;
  std::size_t connections = 64;
  std::size_t rate = 2'000;
  std::size_t seconds = 10;
};

[[noreturn]] void fail(std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double processor_seconds(int who) {
  rusage used{};
  getrusage(who, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Latencies {
  std::vector<float> ms;
  void add(Clock::time_point start) { ms.push_back(static_cast<float>(seconds_since(start) * 1e3)); }
  [[nodiscard]] double percentile(double share) {
    if (ms.empty()) return 0;
    const auto at = std::min(ms.size() - 1, static_cast<std::size_t>(share * static_cast<double>(ms.size())));
    std::nth_element(ms.begin(), ms.begin() + static_cast<std::ptrdiff_t>(at), ms.end());
    return ms[at];
  }
};

// ---------------------------------------------------------------- what is sent

/// Simulated commands in their order; `of_case` numbers the cases.
struct Life {
  std::string text;
  std::vector<std::string_view> lines;
  std::vector<std::uint32_t> of_case;
  std::size_t cases = 0;
};

std::string run(const std::vector<std::string>& arguments) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) fail("pipe");
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0) ::dup2(nothing, STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  std::string text;
  char piece[1 << 16];
  for (ssize_t got = 0; (got = ::read(out[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  ::close(out[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(arguments[0] + " " + arguments[1] + " did not succeed");
  return text;
}

Life simulate(const Settings& settings, std::size_t commands) {
  // A provider has some 4,900 lines in the first year with its run-in.
  const std::size_t providers = std::clamp<std::size_t>(commands / 4'500 + 1, 1, 120);
  const std::size_t years = 1 + commands / (120 * 6'000);
  // On Kafka the brokers' clocks are the true ones, and nothing may lie in the future.
  const char* start = is_kafka_address(settings.log) ? "2014-01-01" : "2024-01-01";
  Life life;
  life.text = run({settings.geleit, "simulate", "--seed", std::to_string(settings.seed), "--facilities",
                   std::to_string(providers), "--years", std::to_string(years), "--start", start});
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::string_view rest = life.text;
  while (!rest.empty() && life.lines.size() < commands) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    constexpr std::string_view member = "\"case\":\"";
    const std::size_t at = line.find(member);
    if (at == std::string_view::npos) continue;
    const auto number = static_cast<std::uint32_t>(numbers.size());
    life.of_case.push_back(numbers.try_emplace(line.substr(at + member.size(), 36), number).first->second);
    life.lines.push_back(line);
  }
  life.cases = numbers.size();
  return life;
}

// ---------------------------------------------------------------- the service

/// `geleit serve` on a fresh directory or on one that is given, ended with this object.
class Service {
 public:
  Service(const Settings& settings, std::string_view name) {
    if (!settings.server.empty()) {
      const std::size_t colon = settings.server.rfind(':');
      port_ = static_cast<std::uint16_t>(std::atoi(settings.server.c_str() + colon + 1));
      log_ = settings.log;
      return;
    }
    if (settings.data.empty()) {
      fresh_ = settings.dir / name;
      std::filesystem::remove_all(fresh_);
      std::filesystem::create_directories(fresh_);
    }
    const std::filesystem::path dir = fresh_.empty() ? settings.data : fresh_;
    const bool on_kafka = is_kafka_address(settings.log);
    if (!on_kafka) log_ = dir / "log";
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) fail("pipe");
    child_ = ::fork();
    if (child_ < 0) fail("fork");
    if (child_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      const std::string data = dir.string();
      // The simulated life lies behind this instant, so that nothing in it is in the future.
      const char* more = on_kafka ? "--log" : "--clock";
      const char* value = on_kafka ? settings.log.c_str() : "2036-01-02T09:00:00+01:00";
      ::execl(settings.geleit.c_str(), "geleit", "serve", "--data", data.c_str(), "--listen", "127.0.0.1:0",
              more, value, nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    std::string said;
    constexpr std::string_view ready = "\nlistening on http://";
    for (char one = 0; !(said.ends_with('\n') && said.find(ready) != std::string::npos); said += one) {
      if (::read(out[0], &one, 1) != 1) throw std::runtime_error("geleit serve did not start");
    }
    port_ = static_cast<std::uint16_t>(std::atoi(said.c_str() + said.rfind(':') + 1));
    out_ = out[0];
  }
  ~Service() {
    if (child_ <= 0) return;
    ::kill(child_, SIGTERM);
    int status = 0;
    ::waitpid(child_, &status, 0);
    ::close(out_);
    if (!fresh_.empty()) std::filesystem::remove_all(fresh_);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::filesystem::path& log() const { return log_; }
  /// Processor time so far; nothing for a service that was not started here.
  [[nodiscard]] double processor_seconds() const {
    if (child_ <= 0) return 0;
    std::string text(4'096, '\0');
    const int file = ::open(fmt::format("/proc/{}/stat", child_).c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t got = ::read(file, text.data(), text.size());
    ::close(file);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    std::size_t at = text.rfind(')');
    // Fields 14 and 15 (utime, stime); the one after the name is the third.
    for (int field = 2; field < 14 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
    if (at == std::string::npos) return 0;
    char* end = nullptr;
    const double user = std::strtod(text.c_str() + at, &end);
    const double system = std::strtod(end, nullptr);
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

 private:
  pid_t child_ = 0;
  int out_ = -1;
  std::uint16_t port_ = 0;
  std::filesystem::path fresh_, log_;
};

// ---------------------------------------------------------------- the client

/// One kept connection: what is to be sent, and answers as they come.
struct Connection {
  int fd = -1;
  std::string to_send, received;
  std::size_t sent = 0;
  bool wants_write = false;
};

struct Answer {
  int status = 0;
  std::string_view body;
};

class Client {
 public:
  Client(std::uint16_t port, std::size_t connections) : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_ < 0) fail("epoll");
    for (std::size_t i = 0; i < connections; ++i) {
      Connection connection;
      connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(port);
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
      const int on = 1;
      ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::fcntl(connection.fd, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      if (::epoll_ctl(poll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) fail("epoll");
      connections_.push_back(std::move(connection));
    }
  }
  ~Client() {
    for (const Connection& connection : connections_) ::close(connection.fd);
    ::close(poll_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void post(std::size_t at, std::string_view type, std::string_view body) {
    fmt::format_to(std::back_inserter(connections_[at].to_send),
                   "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}"
                   "\r\n\r\n",
                   type, body.size());
    connections_[at].to_send.append(body);
    write(at);
  }
  void get(std::size_t at, std::string_view target) {
    fmt::format_to(std::back_inserter(connections_[at].to_send), "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                   target);
    write(at);
  }

  /// Waits at most so long and gives every answer that has come, with its connection.
  void wait(int timeout_ms, const std::function<void(std::size_t, const Answer&)>& answered) {
    epoll_event events[128];
    const int count = ::epoll_wait(poll_, events, 128, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const std::size_t at = events[i].data.u64;
      if ((events[i].events & EPOLLOUT) != 0) write(at);
      if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(at, answered);
    }
  }

 private:
  void write(std::size_t at) {
    Connection& connection = connections_[at];
    while (connection.sent < connection.to_send.size()) {
      const ssize_t put = ::send(connection.fd, connection.to_send.data() + connection.sent,
                                 connection.to_send.size() - connection.sent, MSG_NOSIGNAL);
      if (put < 0 && errno == EAGAIN) break;
      if (put < 0) fail("send");
      connection.sent += static_cast<std::size_t>(put);
    }
    const bool rest = connection.sent < connection.to_send.size();
    if (!rest) {
      connection.to_send.clear();
      connection.sent = 0;
    }
    if (rest == connection.wants_write) return;
    connection.wants_write = rest;
    epoll_event event{};
    event.events = rest ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = at;
    if (::epoll_ctl(poll_, EPOLL_CTL_MOD, connection.fd, &event) != 0) fail("epoll");
  }

  void read(std::size_t at, const std::function<void(std::size_t, const Answer&)>& answered) {
    Connection& connection = connections_[at];
    const ssize_t got = ::recv(connection.fd, room_.data(), room_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) throw std::runtime_error("the service closed a connection");
    const std::string_view piece(room_.data(), static_cast<std::size_t>(got));
    if (connection.received.empty()) {
      // Nearly always the whole of one answer.
      const std::size_t taken = give(at, piece, answered);
      connection.received.append(piece.substr(taken));
      return;
    }
    connection.received.append(piece);
    if (connection.received.size() < expected_) return;
    const std::size_t taken = give(at, connection.received, answered);
    connection.received.erase(0, taken);
  }

  std::size_t give(std::size_t at, std::string_view bytes,
                   const std::function<void(std::size_t, const Answer&)>& answered) {
    std::size_t taken = 0;
    expected_ = 0;
    for (;;) {
      const std::string_view rest = bytes.substr(taken);
      const std::size_t head = rest.find("\r\n\r\n");
      if (head == std::string_view::npos || rest.size() < 12) return taken;
      constexpr std::string_view field = "Content-Length: ";
      const std::size_t length_at = rest.find(field);
      if (length_at > head) throw std::runtime_error("an answer without a length");
      std::size_t length = 0;
      std::from_chars(rest.data() + length_at + field.size(), rest.data() + head, length);
      const std::size_t whole = head + 4 + length;
      if (rest.size() < whole) {
        expected_ = connections_.size() == 1 ? whole : 0;
        return taken;
      }
      Answer answer;
      std::from_chars(rest.data() + 9, rest.data() + 12, answer.status);
      answer.body = rest.substr(head + 4, length);
      answered(at, answer);
      taken += whole;
    }
  }

  int poll_;
  std::vector<Connection> connections_;
  std::vector<char> room_ = std::vector<char>(1 << 20);
  std::size_t expected_ = 0;  // octets of the only connection's next answer, once its head is there
};

/// Asks the metrics until the tables have read all of the log; the seconds it took.
double wait_for_tables(std::uint16_t port) {
  const auto start = Clock::now();
  Client client(port, 1);
  for (bool caught_up = false; !caught_up;) {
    client.get(0, "/metrics");
    bool answered = false;
    while (!answered) {
      client.wait(1'000, [&](std::size_t, const Answer& answer) {
        answered = true;
        constexpr std::string_view gauge = "\ngeleit_projection_lag_records ";
        const std::size_t at = answer.body.find(gauge);
        caught_up = at != std::string_view::npos && answer.body.substr(at + gauge.size()).starts_with("0\n");
      });
    }
    if (!caught_up) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return seconds_since(start);
}

// ---------------------------------------------------------------- what the disk gives

/// The log's own records written once more, synced in groups: records per second.
double raw_per_second(const Settings& settings, const std::filesystem::path& log, std::size_t group,
                      std::size_t records_max) {
  if (log.empty()) return 0;
  const auto dir = settings.dir / "raw";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir.parent_path());
  EmbeddedLog::create(dir, embedded_partitions_default, geleit_namespace, Instant{0});
  std::vector<std::string> bytes;
  std::vector<TimedRecord> records;
  {
    const auto written = EmbeddedLog::open_read_only(log);
    std::vector<StoredRecord> some;
    const Positions ends = written->ends();
    std::vector<std::unique_ptr<LogReader>> readers;
    for (std::uint16_t p = 0; p < ends.size(); ++p) readers.push_back(written->read(Partition{p}, Offset{0}));
    // A few of each partition in turn, as they come in.
    for (bool any = true; any && bytes.size() < records_max;) {
      any = false;
      for (const auto& reader : readers) {
        reader->next(some, 8);
        any = any || !some.empty();
        for (const StoredRecord& record : some) {
          bytes.emplace_back(record.bytes);
          records.push_back({record.partition, record.recorded, {}});
        }
      }
    }
    for (std::size_t i = 0; i < records.size(); ++i) records[i].bytes = bytes[i];
  }
  LogDatabase database(dir, LogDatabase::Mode::write, {});
  Positions ends(embedded_partitions_default);
  std::vector<std::vector<std::shared_ptr<const RecordGroup>>> writes;
  for (std::size_t i = 0; i < records.size(); i += group) {
    writes.push_back(make_groups(std::span(records).subspan(i, std::min(group, records.size() - i)), ends));
  }
  const auto start = Clock::now();
  for (const auto& groups : writes) database.write(groups);
  const double per_second = static_cast<double>(records.size()) / seconds_since(start);
  return per_second;
}

void print(std::string_view bench, std::size_t events, std::size_t refused, double seconds, Latencies& took,
           double raw, std::string_view more) {
  const double per_second = static_cast<double>(events) / seconds;
  fmt::print(
      "{{\"bench\": \"{}\", \"events\": {}, \"refused\": {}, \"seconds\": {:.3f}, \"per_s\": {:.0f}, "
      "\"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}, \"max_ms\": {:.3f}, \"raw_per_s\": {:.0f}, "
      "\"ratio\": {:.3f}{}}}\n",
      bench, events, refused, seconds, per_second, took.percentile(0.5), took.percentile(0.99),
      took.percentile(1), raw, raw > 0 ? per_second / raw : 0, more);
  std::fflush(stdout);
}

// ---------------------------------------------------------------- the three figures

/// Hands out the lines in their order, but never two of one case at a time.
class InTurn {
 public:
  InTurn(const Life& life, std::size_t end)
      : life_(life), end_(end), waiting_(life.cases), busy_(life.cases) {}
  std::optional<std::size_t> next() {
    while (at_ < end_) {
      const std::size_t line = at_++;
      const std::uint32_t of = life_.of_case[line];
      if (!busy_[of]) {
        busy_[of] = true;
        return line;
      }
      waiting_[of].push_back(line);
    }
    return std::nullopt;
  }
  /// The case of this line is done with it: its next line, if one has waited.
  std::optional<std::size_t> following(std::size_t line) {
    const std::uint32_t of = life_.of_case[line];
    if (waiting_[of].empty()) {
      busy_[of] = false;
      return std::nullopt;
    }
    const std::size_t following = waiting_[of].front();
    waiting_[of].pop_front();
    return following;
  }
  [[nodiscard]] std::size_t taken() const { return at_; }

 private:
  const Life& life_;
  std::size_t end_;
  std::size_t at_ = 0;
  std::vector<std::deque<std::size_t>> waiting_;
  std::vector<bool> busy_;
};

void singles(const Settings& settings) {
  const Life life = simulate(settings, settings.commands);
  const Service service(settings, "singles");
  Client client(service.port(), settings.connections);
  InTurn turn(life, life.lines.size());
  std::vector<std::optional<std::size_t>> line(settings.connections);
  std::vector<Clock::time_point> started(settings.connections);
  Latencies took;
  took.ms.reserve(life.lines.size());
  std::size_t accepted = 0, refused = 0, open = 0;
  const auto send = [&](std::size_t at, std::optional<std::size_t> which) {
    line[at] = which;
    if (!which) return;
    ++open;
    started[at] = Clock::now();
    client.post(at, "application/json", life.lines[*which]);
  };
  const double mine = processor_seconds(RUSAGE_SELF), its = service.processor_seconds();
  const auto start = Clock::now();
  for (std::size_t at = 0; at < settings.connections; ++at) send(at, turn.next());
  while (open > 0) {
    client.wait(1'000, [&](std::size_t at, const Answer& answer) {
      --open;
      took.add(started[at]);
      ++(answer.status == 200 ? accepted : refused);
      const auto following = turn.following(*line[at]);
      send(at, following ? following : turn.next());
    });
  }
  const double seconds = seconds_since(start);
  const double my_cpu = processor_seconds(RUSAGE_SELF) - mine, its_cpu = service.processor_seconds() - its;
  const double behind = wait_for_tables(service.port());
  const double raw = raw_per_second(settings, service.log(), 64, 200'000);
  print("singles", accepted, refused, seconds, took, raw,
        fmt::format(", \"connections\": {}, \"service_cpu_us\": {:.2f}, \"client_cpu_us\": {:.2f}, "
                    "\"tables_after_s\": {:.3f}",
                    settings.connections, its_cpu / static_cast<double>(life.lines.size()) * 1e6,
                    my_cpu / static_cast<double>(life.lines.size()) * 1e6, behind));
}

void bulk(const Settings& settings) {
  const Life life = simulate(settings, settings.bulk_commands);
  std::vector<std::string_view> bodies;
  for (std::size_t i = 0; i < life.lines.size(); i += settings.lines) {
    const std::string_view first = life.lines[i];
    const std::string_view last = life.lines[std::min(i + settings.lines, life.lines.size()) - 1];
    bodies.emplace_back(first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data()));
  }
  const Service service(settings, "bulk");
  Client client(service.port(), 1);
  Latencies took;
  std::deque<Clock::time_point> under_way;
  std::size_t accepted = 0, refused = 0, next = 0;
  const double mine = processor_seconds(RUSAGE_SELF), its = service.processor_seconds();
  const auto start = Clock::now();
  while (next < bodies.size() || !under_way.empty()) {
    while (next < bodies.size() && under_way.size() < settings.bodies_under_way) {
      under_way.push_back(Clock::now());
      client.post(0, "application/x-ndjson", bodies[next++]);
    }
    client.wait(1'000, [&](std::size_t, const Answer& answer) {
      if (answer.status != 200)
        throw std::runtime_error(
            fmt::format("a body was answered {}: {}", answer.status, answer.body.substr(0, 300)));
      took.add(under_way.front());
      under_way.pop_front();
      // An accepted line begins with its id, a refused one with its type.
      for (std::string_view rest = answer.body; !rest.empty();) {
        ++(rest.starts_with("{\"id\"") ? accepted : refused);
        rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
      }
    });
  }
  const double seconds = seconds_since(start);
  const double my_cpu = processor_seconds(RUSAGE_SELF) - mine, its_cpu = service.processor_seconds() - its;
  const double behind = wait_for_tables(service.port());
  const double raw = raw_per_second(settings, service.log(), 1'000, 1'000'000);
  print("bulk", accepted, refused, seconds, took, raw,
        fmt::format(", \"lines_a_body\": {}, \"bodies_under_way\": {}, \"service_cpu_us\": {:.2f}, "
                    "\"client_cpu_us\": {:.2f}, \"tables_after_s\": {:.3f}, \"service_cpu_us_with_tables\": "
                    "{:.2f}",
                    settings.lines, settings.bodies_under_way,
                    its_cpu / static_cast<double>(life.lines.size()) * 1e6,
                    my_cpu / static_cast<double>(life.lines.size()) * 1e6, behind,
                    (service.processor_seconds() - its) / static_cast<double>(life.lines.size()) * 1e6));
}

/// The number behind `"name":` in an answer.
std::uint64_t number_in(std::string_view body, std::string_view name) {
  const std::size_t at = body.find(name);
  std::uint64_t number = 0;
  if (at != std::string_view::npos) {
    const char* from = body.data() + at + name.size();
    std::from_chars(from, body.data() + body.size(), number);
  }
  return number;
}

void visible(const Settings& settings) {
  const Life life = simulate(settings, settings.rate * settings.seconds);
  const Service service(settings, "visible");
  // Half of the connections send, half read what the others were told.
  const std::size_t senders = settings.connections;
  Client client(service.port(), 2 * senders);
  InTurn turn(life, life.lines.size());
  std::vector<std::size_t> line(senders);
  std::vector<Clock::time_point> started(senders), told(2 * senders);
  std::vector<std::size_t> idle, idle_readers;
  for (std::size_t at = 0; at < senders; ++at) {
    idle.push_back(at);
    idle_readers.push_back(senders + at);
  }
  std::deque<std::size_t> due;  // their case was busy when their time came
  Latencies took, seen;
  std::size_t accepted = 0, refused = 0, open = 0, unread = 0;
  const auto start = Clock::now();
  while (turn.taken() < life.lines.size() || open > 0 || !due.empty()) {
    const auto by_now = static_cast<std::size_t>(seconds_since(start) * static_cast<double>(settings.rate));
    while (!idle.empty() && (turn.taken() < by_now || !due.empty())) {
      std::optional<std::size_t> which;
      if (due.empty()) {
        which = turn.next();
        if (!which) break;
      } else {
        which = due.front();
        due.pop_front();
      }
      const std::size_t at = idle.back();
      idle.pop_back();
      line[at] = *which;
      started[at] = Clock::now();
      ++open;
      client.post(at, "application/json", life.lines[*which]);
    }
    client.wait(1, [&](std::size_t at, const Answer& answer) {
      --open;
      if (at >= senders) {
        seen.add(told[at]);
        if (answer.status != 200) ++unread;
        idle_readers.push_back(at);
        return;
      }
      took.add(started[at]);
      ++(answer.status == 200 ? accepted : refused);
      if (answer.status == 200 && !idle_readers.empty()) {
        const std::size_t reader = idle_readers.back();
        idle_readers.pop_back();
        told[reader] = Clock::now();
        ++open;
        constexpr std::string_view member = "\"case\":\"";
        client.get(reader, fmt::format("/v1/cases/{}?wait_for={}:{}",
                                       answer.body.substr(answer.body.find(member) + member.size(), 36),
                                       number_in(answer.body, "\"partition\":"),
                                       number_in(answer.body, "\"offset\":")));
      }
      idle.push_back(at);
      if (const auto following = turn.following(line[at])) due.push_back(*following);
    });
  }
  const double seconds = seconds_since(start);
  const double p50 = took.percentile(0.5), p99 = took.percentile(0.99);
  const std::size_t read = seen.ms.size();
  print("visible", accepted, refused, seconds, seen, 0,
        fmt::format(", \"rate\": {}, \"reads\": {}, \"reads_failed\": {}, \"command_p50_ms\": {:.3f}, "
                    "\"command_p99_ms\": {:.3f}",
                    settings.rate, read, unread, p50, p99));
}

void run_all(const Settings& settings) {
  const auto wanted = [&](std::string_view part) { return settings.only.empty() || settings.only == part; };
  if (wanted("singles")) singles(settings);
  if (wanted("bulk")) bulk(settings);
  if (wanted("visible")) visible(settings);
  std::filesystem::remove_all(settings.dir / "raw");
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  using namespace geleit;
  Settings settings;
  settings.geleit = (std::filesystem::canonical("/proc/self/exe").parent_path() / "geleit").string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--only") settings.only = value;
    if (name == "--server") settings.server = value;
    if (name == "--log") settings.log = value;
    if (name == "--geleit") settings.geleit = value;
    if (name == "--dir") settings.dir = value;
    if (name == "--data") settings.data = value;
    if (name == "--connections") settings.connections = std::stoull(value);
    if (name == "--commands") settings.commands = std::stoull(value);
    if (name == "--bulk-commands") settings.bulk_commands = std::stoull(value);
    if (name == "--lines") settings.lines = std::stoull(value);
    if (name == "--bodies") settings.bodies_under_way = std::stoull(value);
    if (name == "--seed") settings.seed = std::stoull(value);
    if (name == "--seconds") settings.seconds = std::stoull(value);
    if (name == "--rate") settings.rate = std::stoull(value);
  }
  try {
    run_all(settings);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "commands_bench: {}\n", failure.what());
    return 1;
  }
}
