// A service with much in it, seen from outside: on a data directory that country_log has made it starts
// `geleit serve` (the first start makes the tables), and prints one JSON line per figure.
//   standing_bench DIRECTORY [--geleit FILE] [--seconds N] [--rate N] [--only pages|ready|memory|disk]
//   pages    a page of 50 of every list in every order, and the pages after it, while commands come in
//   ready    from the start of the process until it is ready, after kill -9 under that load
//   memory   resident beyond the page cache, after all of that
//   disk     octets an event of the log and of the tables
// What they are compared with is measured in the same run: a point read of one row, opening the databases and
// nothing else, the records alone.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "events/civil_time.h"
#include "events/embedded_log.h"
#include "events/uuid.h"
#include "projections/columns.h"
#include "projections/reading.h"
#include "services/clock.h"
#include "services/data_directory.h"
#include "services/http_client.h"
#include "services/key_store.h"

namespace geleit {
namespace {

using Steady = std::chrono::steady_clock;

double ms_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

struct Latencies {
  std::vector<double> ms;
  [[nodiscard]] double at(double share) {
    if (ms.empty()) return 0;
    const auto place = std::min(ms.size() - 1, static_cast<std::size_t>(share * double(ms.size())));
    std::nth_element(ms.begin(), ms.begin() + static_cast<std::ptrdiff_t>(place), ms.end());
    return ms[place];
  }
};

// ---------------------------------------------------------------- the service

struct Arguments {
  std::filesystem::path dir;
  std::string geleit = "build/geleit", only;
  double seconds = 20;
  int rate = 2'000;
};

/// A `geleit serve` of our own; killed when it goes.
class Served {
 public:
  Served(const std::string& program, const std::filesystem::path& data) {
    url_.port = free_port();
    const std::string listen = fmt::format("127.0.0.1:{}", url_.port);
    started_ = Steady::now();
    pid_ = ::fork();
    if (pid_ == 0) {
      const int nothing = ::open("/dev/null", O_WRONLY);
      ::dup2(nothing, STDOUT_FILENO);
      ::execl(program.c_str(), program.c_str(), "serve", "--data", data.c_str(), "--listen", listen.c_str(),
              nullptr);
      std::perror(program.c_str());
      ::_exit(127);
    }
    while (!is_ready()) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) throw std::runtime_error("the service ended");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ready_ms_ = ms_since(started_);
  }
  ~Served() { end(SIGKILL); }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] const ServerUrl& url() const { return url_; }
  [[nodiscard]] double ready_ms() const { return ready_ms_; }
  /// A line of /proc/PID/status in MiB.
  [[nodiscard]] double mib(const std::string& name) const {
    std::ifstream in(fmt::format("/proc/{}/status", pid_));
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) / 1024;
    }
    return 0;
  }

 private:
  static std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no free port");
    ::close(socket);
    return ntohs(address.sin_port);
  }
  [[nodiscard]] bool is_ready() const {
    try {
      return HttpClient(url_).get("/readyz").status == 200;
    } catch (const ServerUnavailable&) { return false; }
  }

  pid_t pid_ = 0;
  Steady::time_point started_;
  ServerUrl url_;
  double ready_ms_ = 0;
};

/// Commands at a steady rate from some connections: new cases of the given providers, with visits planned.
class Load {
 public:
  Load(const ServerUrl& url, std::vector<std::string> providers, int rate) {
    constexpr int connections = 4;
    for (int i = 0; i < connections; ++i)
      threads_.emplace_back([=, this](const std::stop_token& stop) {
        send(url, providers, rate / connections, static_cast<std::uint64_t>(i), stop);
      });
  }
  void stop() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
  }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  void send(const ServerUrl& url, const std::vector<std::string>& providers, int rate, std::uint64_t seed,
            const std::stop_token& stop) {
    SystemChance seeds;
    SeededChance chance(seeds.next() + seed);
    const SystemClock clock;
    HttpClient client(url);
    const auto start = Steady::now();
    std::string case_id;
    constexpr std::uint64_t visits_a_case = 9;
    try {
      for (std::uint64_t n = 0; !stop.stop_requested(); ++n) {
        std::this_thread::sleep_until(start + n * std::chrono::microseconds(1'000'000 / rate));
        const Instant now = clock.now();
        const auto fresh = [&] { return to_string(uuid_v7(now, chance.next(), chance.next())); };
        const std::string today = to_string(berlin_date(now));
        std::string body;
        if (n % (visits_a_case + 1) == 0) {
          case_id = fresh();
          body = fmt::format(
              R"({{"command":"ReceiveReferral","id":"{}","case":"{}","by":"m.muster",)"
              R"("data":{{"benefit":"SMN",)"
              R"("provider":"{}","land":"DE-BY","person":{{"given_name":"Mika","family_name":"Musterkind",)"
              R"("born":"2024-07-07","insurance_number":"X000000000","insurer_ik":"109900078"}},)"
              R"("prescriber":{{"kind":"hospital"}},"prescribed_on":"{}","received_on":"{}","units":12,)"
              R"("diagnoses":[{{"icd":"P07.02"}}],"setting":"inpatient","discharged_on":"{}"}}}})",
              fresh(), case_id, providers[chance.next() % providers.size()], today, today, today);
        } else {
          body = fmt::format(
              R"({{"command":"ScheduleVisit","id":"{}","case":"{}","by":"m.muster","data":)"
              R"({{"visit":"{}","starts_at":"{}","minutes":60,"staff":"m.muster","place":"home",)"
              R"("category":"guidance"}}}})",
              fresh(), case_id, fresh(),
              to_string(Instant{now.ms + static_cast<std::int64_t>(n % visits_a_case + 1) * 86'400'000}));
        }
        const auto answer = client.post("/v1/commands", "application/json", body);
        ++(answer.status == 200 ? accepted_ : refused_);
        if (answer.status != 200 && !told_.exchange(true)) fmt::print(stderr, "{}\n", answer.body);
      }
    } catch (const ServerUnavailable&) {}
  }

  std::atomic<std::uint64_t> accepted_{0}, refused_{0};
  std::atomic<bool> told_{false};
  std::vector<std::jthread> threads_;
};

// ---------------------------------------------------------------- what is compared with

struct Opened {
  double open_ms = 0;
  Latencies point_reads;
  std::vector<std::string> providers;
  std::uint64_t events = 0;
};

/// Opens log, keys and tables and does nothing else; then reads single rows.
Opened open_and_read(const DataDirectory& data) {
  Opened opened;
  const auto start = Steady::now();
  EmbeddedLogOptions options;
  options.dir = data.log();
  options.clock = [] { return Instant{}; };
  const auto log = EmbeddedLog::open(std::move(options));
  const auto keys = open_key_store(data.keys(), MasterKey::load_or_make(data.master_key(), {}));
  const auto store = Store::open({.dir = data.tables()});
  opened.open_ms = ms_since(start);
  const auto snapshot = store->snapshot();
  opened.events = snapshot->state().events;
  const Reading reading(snapshot);
  opened.providers = reading.providers();
  SeededChance chance(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string from;
    append_big_endian(from, chance.next());
    std::string found;
    snapshot->scan(Table::stored_cases, from, false, [&](std::string_view key, std::string_view) {
      found = key;
      return false;
    });
    if (found.empty()) continue;
    const auto asked = Steady::now();
    static_cast<void>(snapshot->get(Table::stored_cases, found));
    opened.point_reads.ms.push_back(ms_since(asked));
  }
  return opened;
}

std::uintmax_t octets_in(const std::filesystem::path& dir) {
  std::uintmax_t octets = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    // A write-ahead log is laid out larger than it is, and what it holds comes to lie in sorted files anyhow.
    if (entry.is_regular_file() && entry.path().extension() == ".sst") octets += entry.file_size();
  }
  return octets;
}

// ---------------------------------------------------------------- the figures

struct Wanted {
  std::string name, path;
};

std::vector<Wanted> pages_of_50(const std::vector<std::string>& providers) {
  std::vector<Wanted> wanted;
  const std::string& provider = providers[providers.size() / 2];
  for (const ListTable& table : list_tables()) {
    const std::string path = fmt::format("/v1/{}?limit=50", table.name);
    wanted.push_back({std::string(table.name), path});
    wanted.push_back({fmt::format("{} of a provider", table.name), path + "&provider=" + provider});
    for (const SortColumn& sort : table.sorts) {
      wanted.push_back(
          {fmt::format("{} by -{}", table.name, sort.name), path + "&sort=-" + sort.name.data()});
      wanted.push_back({fmt::format("{} of a provider by {}", table.name, sort.name),
                        path + "&provider=" + provider + "&sort=" + sort.name.data()});
    }
  }
  wanted.push_back({"deadlines open", "/v1/deadlines?limit=50&state=open&sort=acts_on"});
  wanted.push_back({"deadlines missed", "/v1/deadlines?limit=50&state=missed&sort=-acts_on"});
  return wanted;
}

void measure_pages(const ServerUrl& url, Opened& opened, double seconds, int rate) {
  Load load(url, opened.providers, rate);
  const auto wanted = pages_of_50(opened.providers);
  std::vector<Latencies> each(wanted.size());
  Latencies all;
  HttpClient client(url);
  constexpr int pages_deep = 3;
  const auto start = Steady::now();
  for (std::size_t n = 0; ms_since(start) < seconds * 1000; ++n) {
    const Wanted& asked = wanted[n % wanted.size()];
    std::string path = asked.path;
    for (int page = 0; page < pages_deep; ++page) {
      const auto at = Steady::now();
      const auto answer = client.get(path);
      const double ms = ms_since(at);
      if (answer.status != 200) throw std::runtime_error(path + ": " + answer.body);
      // The first round warms up.
      if (n >= wanted.size()) {
        each[n % wanted.size()].ms.push_back(ms);
        all.ms.push_back(ms);
      }
      const auto next = answer.body.find("\"next\":\"");
      if (next == std::string::npos) break;
      const auto begin = next + 8;
      path = asked.path + "&cursor=" + answer.body.substr(begin, answer.body.find('"', begin) - begin);
    }
  }
  const double load_per_s = double(load.accepted()) / (ms_since(start) / 1000);
  load.stop();
  std::size_t worst = 0;
  for (std::size_t i = 0; i < each.size(); ++i) {
    if (each[i].at(0.99) > each[worst].at(0.99)) worst = i;
  }
  const double raw = opened.point_reads.at(0.99);
  fmt::print(R"({{"bench": "pages", "events": {}, "pages": {}, "commands_per_s": {:.0f}, "refused": {}, )"
             R"("p50_ms": {:.3f}, "p99_ms": {:.3f}, "worst": "{}", "worst_p99_ms": {:.3f}, )"
             R"("raw_p99_ms": {:.4f}, "raw_p50_ms": {:.4f}, "ratio": {:.4f}}})"
             "\n",
             opened.events, all.ms.size(), load_per_s, load.refused(), all.at(0.5), all.at(0.99),
             wanted[worst].name, each[worst].at(0.99), raw, opened.point_reads.at(0.5),
             raw / std::max(1e-9, all.at(0.99)));
  for (std::size_t i = 0; i < each.size(); ++i)
    fmt::print(stderr, "  {:<45} p50 {:7.3f} ms  p99 {:7.3f} ms  ({} pages)\n", wanted[i].name,
               each[i].at(0.5), each[i].at(0.99), each[i].ms.size());
}

/// After each kill under load the service is started, or what it opens is opened and nothing else, by turns.
void measure_ready(const Arguments& arguments, const DataDirectory& data, const Opened& opened) {
  constexpr int rounds = 3;
  Latencies ready, raw;
  for (int round = 0; round < 2 * rounds; ++round) {
    Served served(arguments.geleit, data.dir);
    if (round > 0 && round % 2 == 0) ready.ms.push_back(served.ready_ms());
    Load load(served.url(), opened.providers, arguments.rate);
    std::this_thread::sleep_for(std::chrono::seconds(3));
    served.end(SIGKILL);
    load.stop();
    if (round % 2 == 0) raw.ms.push_back(open_and_read(data).open_ms);
  }
  Served last(arguments.geleit, data.dir);
  ready.ms.push_back(last.ready_ms());
  last.end(SIGTERM);
  fmt::print(
      R"({{"bench": "ready", "events": {}, "ready_ms": {:.0f}, "worst_ready_ms": {:.0f}, "raw_ms": {:.0f}, )"
      R"("ratio": {:.2f}}})"
      "\n",
      opened.events, ready.at(0.5), ready.at(1), raw.at(0.5), raw.at(0.5) / ready.at(0.5));
}

void run(const Arguments& arguments) {
  const DataDirectory data{arguments.dir, {}};
  const auto wanted = [&](std::string_view name) { return arguments.only.empty() || arguments.only == name; };
  {
    const auto start = Steady::now();
    Served first(arguments.geleit, data.dir);
    fmt::print(stderr, "  first start, tables made or found: {:.0f} ms\n", ms_since(start));
    first.end(SIGTERM);
  }
  Opened opened = open_and_read(data);
  if (wanted("disk")) {
    const double events = double(opened.events);
    fmt::print(R"({{"bench": "disk", "events": {}, "log_octets": {:.0f}, "table_octets": {:.0f}}})"
               "\n",
               opened.events, double(octets_in(data.log())) / events,
               double(octets_in(data.tables())) / events);
  }
  {
    Served served(arguments.geleit, data.dir);
    if (wanted("pages") || wanted("memory"))
      measure_pages(served.url(), opened, arguments.seconds, arguments.rate);
    if (wanted("memory")) {
      fmt::print(R"({{"bench": "memory", "events": {}, "resident_mib": {:.0f}, "of_files_mib": {:.0f}, )"
                 R"("peak_resident_mib": {:.0f}}})"
                 "\n",
                 opened.events, served.mib("RssAnon"), served.mib("RssFile"), served.mib("VmHWM"));
    }
  }
  if (wanted("ready")) measure_ready(arguments, data, opened);
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  geleit::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (!word.starts_with("--")) {
      arguments.dir = word;
      continue;
    }
    ++i;
    if (word == "--geleit") arguments.geleit = value;
    if (word == "--only") arguments.only = value;
    if (word == "--seconds") arguments.seconds = std::atof(value);
    if (word == "--rate") arguments.rate = std::atoi(value);
  }
  if (arguments.dir.empty()) {
    fmt::print(stderr, "standing_bench DIRECTORY [--geleit FILE] [--seconds N] [--rate N] [--only FIGURE]\n");
    return 2;
  }
  geleit::run(arguments);
  return 0;
}
