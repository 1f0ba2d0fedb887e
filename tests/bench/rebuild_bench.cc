// How fast all tables are made from a log, beside reading and decoding the same log and nothing else, with
// what both take of memory and disk. One line of JSON.
//   rebuild_bench [events] [records per group] [directory to keep the log in] [what: all, read or rebuild]
// A log that is in the directory already is measured as it is; 1,000,000 events in groups of 64 by default.
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/embedded_log.h"
#include "events/embedded_log_database.h"
#include "events/record_group.h"
#include "events/uuid.h"
#include "projections/rebuild.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

struct Cost {
  double seconds = 0, cpu_seconds = 0;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

Cost cost_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          cpu_seconds() - cpu};
}

/// The most memory beyond the page cache (RssAnon) while it lives, looked at every 10 ms.
class AnonymousPeak {
 public:
  AnonymousPeak()
      : thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            look();
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
          }
        }) {}
  [[nodiscard]] std::uint64_t mib() {
    thread_ = {};
    return kib_ / 1024;
  }

 private:
  void look() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("RssAnon:")) kib_ = std::max<std::uint64_t>(kib_, std::stoull(line.substr(8)));
    }
  }
  std::uint64_t kib_ = 0;
  std::jthread thread_;
};

/// Lives of some forty events: sixteen visits planned and given, and what surrounds them. Some thousand run
/// at a time, so that the events of a case lie far apart in the log, as in a country.
class Country {
 public:
  explicit Country(std::function<void(CaseId, std::string)> append) : append_(std::move(append)) {
    SettingsAdopted settings;
    const auto set = shipped_rule_sets().back();
    settings.from = set->from();
    settings.hash = set->hash();
    settings.content = set->content();
    judged_by_.shipped = set->hash();
    Life installation;
    installation.stream = {uuid_v5(geleit_namespace, "installation")};
    happens(installation, settings);
    for (auto& life : lives_) begin(life);
  }
  void go_on() {
    Life& life = lives_[chance_() % lives_.size()];
    if (!step(life)) begin(life);
    today_ms_ += 1000;
  }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  struct Life {
    CaseId stream;
    Head head;
    KeyId key;
    VisitId visit;
    int step = 0, provider = 0;
  };

  Uuid id() { return uuid_v7(Instant{today_ms_}, chance_(), chance_()); }
  int below(int bound) { return static_cast<int>(chance_() % static_cast<unsigned>(bound)); }
  Sealed sealed(std::size_t octets) {
    thread_local std::array<char, 256> bytes;
    for (std::size_t i = 0; i < octets; ++i) bytes[i] = static_cast<char>(chance_());
    return {{bytes.data(), octets}};
  }
  CivilDate today() const { return berlin_date(Instant{today_ms_}); }

  void begin(Life& life) {
    life = {};
    life.stream = {id()};
    life.key = {id()};
    life.provider = below(80);
  }

  void happens(Life& life, Payload payload) {
    Event e;
    e.id = {id()};
    e.stream = life.stream;
    e.version = next(life.head.version);
    e.previous = life.head.hash;
    e.happened = {today(), Instant{today_ms_}};
    e.decided = Instant{today_ms_ + 5};
    const std::string provider = fmt::format("nachsorge-{:03}", life.provider);
    const std::string by = fmt::format("staff-{}.{}", life.provider, life.stream.value.low % 7);
    if (!std::holds_alternative<SettingsAdopted>(payload)) {
      e.judged_by = judged_by_;
      e.provider = provider;
      e.by = by;
      e.key = life.key;
      e.tag = {chance_(), chance_()};
    }
    e.payload = std::move(payload);
    std::string bytes = encode(e);
    life.head = {e.version, stated_hash(bytes)};
    ++events_;
    append_(life.stream, std::move(bytes));
  }

  bool step(Life& life) {
    const std::string staff = fmt::format("staff-{}.{}", life.provider, life.stream.value.low % 3);
    const CivilDate day = today();
    const int at = life.step++;
    if (at == 0) {
      ReferralReceived e;
      e.benefit = Benefit::smn;
      e.land = static_cast<Land>(life.provider % 16);
      e.person_id = {id()};
      e.person = sealed(200);
      const std::string diagnoses(64, static_cast<char>(chance_()));
      e.diagnoses = Sealed{diagnoses};
      e.prescribed_on = day - 5;
      e.received_on = day - 1;
      e.units = 12 + below(8);
      e.setting = Setting::inpatient;
      e.expected_discharge_on = day + 3;
      happens(life, e);
    } else if (at == 1) {
      happens(life, CareTeamAssigned{staff, {}});
    } else if (at == 2) {
      happens(life, DischargeRecorded{day - 1});
    } else if (at == 3) {
      ApplicationSubmitted e;
      e.units = 20;
      e.submitted_on = day - 1;
      happens(life, e);
    } else if (at == 4) {
      if (below(12) == 0) {
        happens(life, ApprovalDenied{sealed(56), day - 1, day - 1, true, {}});
      } else {
        happens(life, ApprovalGranted{{id()}, sealed(56), day - 1, 20, day - 30, day + 300});
      }
    } else if (at == 5) {
      happens(life, CarePlanAgreed{day - 1, sealed(120)});
    } else if (at < 38) {
      const auto state = at % 2 == 0 ? 0 : below(20);
      if (at % 2 == 0) {
        life.visit = {id()};
        happens(life, VisitScheduled{life.visit,
                                     Instant{today_ms_ + below(864'000) * 100},
                                     Minutes{15 * (1 + below(8))},
                                     staff,
                                     static_cast<Place>(below(6)),
                                     static_cast<Category>(below(3)),
                                     {}});
      } else if (state == 0) {
        happens(life, VisitCancelled{life.visit, sealed(60)});
      } else {
        VisitDelivered d;
        d.visit = life.visit;
        d.minutes = Minutes{60};
        if (state < 8) d.note = sealed(80);
        happens(life, d);
      }
    } else if (at == 38) {
      happens(life, CareCompleted{day, true});
    } else if (at == 39) {
      happens(life, FinalReportSent{day, sealed(60)});
    } else {
      return false;
    }
    return true;
  }

  std::function<void(CaseId, std::string)> append_;
  std::mt19937_64 chance_{1};
  JudgedBy judged_by_;
  std::array<Life, 8'000> lives_;
  std::int64_t today_ms_ = berlin_time(civil(2026, 2, 1), 8, 0).ms;
  std::uint64_t events_ = 0;
};

/// Past the log's own front door, which would sync every group by itself.
void make_log(const std::filesystem::path& dir, std::uint64_t events, std::size_t group) {
  EmbeddedLog::create(dir, embedded_partitions_default, {1, 2}, Instant{0});
  LogDatabase database(dir, LogDatabase::Mode::write, {});
  Positions ends(embedded_partitions_default);
  std::vector<std::vector<std::string>> waiting(ends.size());
  std::vector<std::shared_ptr<const RecordGroup>> groups;
  std::size_t bytes = 0;
  const auto close_group = [&](std::uint16_t p) {
    std::vector<TimedRecord> records;
    for (const std::string& record : waiting[p]) records.push_back({Partition{p}, Instant{1}, record});
    for (auto& made : make_groups(records, ends)) {
      bytes += made->value.size();
      groups.push_back(std::move(made));
    }
    waiting[p].clear();
  };
  const auto write = [&] {
    database.write(groups);
    groups.clear();
    bytes = 0;
  };
  Country country([&](CaseId stream, std::string record) {
    const Partition p = partition_of(stream, embedded_partitions_default);
    waiting[p.value].push_back(std::move(record));
    if (waiting[p.value].size() >= group) close_group(p.value);
    if (bytes >= group_bytes_max) write();
  });
  while (country.events() < events) country.go_on();
  for (std::uint16_t p = 0; p < embedded_partitions_default; ++p) {
    if (!waiting[p].empty()) close_group(p);
  }
  write();
}

void read_and_decode(const ReadableLog& log, std::uint16_t from, std::uint16_t step,
                     std::atomic<std::uint64_t>& events) {
  std::vector<StoredRecord> records;
  Event event;
  for (std::uint16_t p = from; p < log.info().partitions; p = static_cast<std::uint16_t>(p + step)) {
    const auto reader = log.read(Partition{p}, Offset{0});
    for (reader->next(records, 16'384); !records.empty(); reader->next(records, 16'384)) {
      for (const StoredRecord& record : records) decode(record.bytes, event);
      events += records.size();
    }
  }
}

std::uint64_t octets_in(const std::filesystem::path& dir) {
  std::uint64_t octets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.is_regular_file()) octets += entry.file_size();
  }
  return octets;
}

void run(std::uint64_t events, std::size_t group, std::filesystem::path where, std::string_view what) {
  const TemporaryDirectory dir;
  if (where.empty()) where = dir.path() / "log";
  if (!EmbeddedLog::exists(where)) make_log(where, events, group);
  const auto log = EmbeddedLog::open_read_only(where);
  events = 0;
  for (const Offset end : log->ends()) events += end.value;
  const auto n = static_cast<double>(events);

  std::atomic<std::uint64_t> decoded{0};
  Cost reading;
  if (what != "rebuild") {
    reading = cost_of([&] {
      std::jthread other([&] { read_and_decode(*log, 1, 2, decoded); });
      read_and_decode(*log, 0, 2, decoded);
    });
  }
  fmt::print("{{\"events\": {}, \"group\": {}, \"log_octets_per_event\": {:.0f}", events, group,
             static_cast<double>(octets_in(where)) / n);
  if (what != "rebuild") {
    fmt::print(", \"read_decode_per_s\": {:.0f}, \"read_decode_cpu_ns\": {:.0f}", n / reading.seconds,
               reading.cpu_seconds * 1e9 / n);
  }
  if (what != "read") {
    const auto store = Store::open({.dir = dir.path() / "tables"});
    RuleBook rules;
    AnonymousPeak peak;
    const Cost rebuilding = cost_of([&] { rebuild_from_log(*log, *store, rules, log->ends(), {}); });
    const std::uint64_t peak_mib = peak.mib();
    const StoreState state = store->snapshot()->state();
    std::uint64_t rows = 0;
    for (const auto& table : state.rows) rows += table;
    fmt::print(
        ", \"rebuild_per_s\": {:.0f}, \"rebuild_cpu_ns\": {:.0f}, \"peak_anonymous_mib\": {}, "
        "\"rows\": {}, \"parked\": {}, \"table_octets_per_event\": {:.0f}",
        n / rebuilding.seconds, rebuilding.cpu_seconds * 1e9 / n, peak_mib, rows, store->parked().size(),
        static_cast<double>(store->disk_octets()) / n);
    if (what != "rebuild") fmt::print(", \"ratio\": {:.2f}", reading.seconds / rebuilding.seconds);
  }
  fmt::print("}}\n");
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  geleit::run(argc > 1 ? std::stoull(argv[1]) : 1'000'000, argc > 2 ? std::stoul(argv[2]) : 64,
              argc > 3 ? argv[3] : "", argc > 4 ? argv[4] : "all");
  return 0;
}
