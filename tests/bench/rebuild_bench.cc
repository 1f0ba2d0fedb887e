// How fast all tables are made from a log, beside reading and decoding the same log and nothing else.
//   rebuild_bench [cases] [records per group]     default 50000 cases (about 1.5 million events), groups of
//   64
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "events/codec.h"
#include "events/embedded_log.h"
#include "projections/rebuild.h"
#include "tests/replay/invented_history.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Collects what is appended until a group is full, so that groups have the size that is measured.
class GroupingLog final : public Log {
 public:
  GroupingLog(Log& log, std::size_t group) : log_(log), group_(group) {}
  [[nodiscard]] LogInfo info() const override { return log_.info(); }
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)>) override {
    auto& waiting = waiting_[records.front().partition.value];
    for (NewRecord& record : records) waiting.push_back(std::move(record));
    if (waiting.size() >= group_) send(waiting);
  }
  void finish() {
    for (auto& [partition, waiting] : waiting_) {
      if (!waiting.empty()) send(waiting);
    }
    for (auto& done : done_) done.get();
  }
  [[nodiscard]] Positions ends() const override { return log_.ends(); }
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override {
    return log_.read(partition, from);
  }
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override {
    log_.read_at(positions, found);
  }
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) override {
    return log_.subscribe(std::move(grown));
  }

 private:
  void send(std::vector<NewRecord>& records) {
    auto done = std::make_shared<std::promise<void>>();
    done_.push_back(done->get_future());
    log_.append(std::exchange(records, {}), [done](const Appended&) { done->set_value(); });
    // A group commit takes what has queued, so each is waited for where groups are to stay as they are.
    done_.back().wait();
  }
  Log& log_;
  std::size_t group_;
  std::map<std::uint16_t, std::vector<NewRecord>> waiting_;
  std::vector<std::future<void>> done_;
};

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

void make_log(const std::filesystem::path& dir, int cases, std::size_t group) {
  EmbeddedLog::create(dir, embedded_partitions_default, {1, 2}, Instant{0});
  EmbeddedLogOptions options;
  options.dir = dir;
  options.clock = [] { return Instant{1}; };
  const auto log = EmbeddedLog::open(std::move(options));
  GroupingLog grouping(*log, group);
  testing::History history(grouping);
  // Some thousand cases run at a time, as in a country.
  constexpr int at_a_time = 4'000;
  for (int begun = 0; begun < cases; begun += at_a_time) {
    history.lives(std::min(at_a_time, cases - begun), begun);
  }
  grouping.finish();
}

void run(int cases, std::size_t group, std::filesystem::path where) {
  const TemporaryDirectory dir;
  if (where.empty()) where = dir.path() / "log";
  if (!EmbeddedLog::exists(where)) make_log(where, cases, group);
  const auto log = EmbeddedLog::open_read_only(where);

  std::atomic<std::uint64_t> events{0};
  const double reading = seconds_of([&] {
    std::jthread other([&] { read_and_decode(*log, 1, 2, events); });
    read_and_decode(*log, 0, 2, events);
  });
  const auto store = Store::open({.dir = dir.path() / "tables"});
  RuleBook rules;
  const double rebuilding = seconds_of([&] { rebuild_from_log(*log, *store, rules, log->ends(), {}); });
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto n = static_cast<double>(events.load());
  fmt::print(
      "{{\"events\": {}, \"group\": {}, \"read_decode_per_s\": {:.0f}, \"rebuild_per_s\": {:.0f}, \"ratio\": "
      "{:.2f}, "
      "\"peak_mib\": {}, \"table_octets_per_event\": {:.0f}}}\n",
      events.load(), group, n / reading, n / rebuilding, reading / rebuilding, usage.ru_maxrss / 1024,
      static_cast<double>(store->disk_octets()) / n);
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  geleit::run(argc > 1 ? std::stoi(argv[1]) : 50'000, argc > 2 ? std::stoul(argv[2]) : 64,
              argc > 3 ? argv[3] : "");
  return 0;
}
