// How fast the embedded log is, and how large. Prints one line per measurement, or JSON lines with --json.
//   log_bench [--json] [--records N] [--dir DIR] [--only sync|append|raw|read]
// Records are encoded visits with ids, hashes and sealed notes of random octets, as real ones are; they lie
// in eight partitions. Nothing is read from the memory of what was written last unless a line says so.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/codec.h"
#include "events/embedded_log.h"
#include "events/embedded_log_database.h"
#include "events/event.h"
#include "events/uuid.h"

namespace geleit {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  bool json = false;
  std::string only;  // "sync", "append", "raw" or "read"; empty: all
  std::size_t records = 2'000'000;
  std::filesystem::path dir = std::filesystem::temp_directory_path() / "geleit-log-bench";
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Processor time of the whole process: what is left to compare when the machine is busy with other things.
double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Bench {
  Settings settings;
  std::vector<std::string> bytes;
  std::vector<Partition> partition;

  void say(std::string_view what, double value, std::string_view unit) const {
    if (settings.json) {
      fmt::print("{{\"bench\": \"log\", \"what\": \"{}\", \"value\": {:.1f}, \"unit\": \"{}\"}}\n", what,
                 value, unit);
    } else {
      fmt::print("{:<58} {:>14.1f} {}\n", what, value, unit);
    }
    std::fflush(stdout);
  }
};

void make_records(Bench& bench) {
  std::mt19937_64 chance(1);
  constexpr std::size_t distinct = 200'000;
  constexpr std::size_t cases = distinct / 64;
  const Hash rules{{chance(), chance(), chance(), chance()}};
  std::vector<CaseId> ids;
  std::vector<KeyId> keys;
  for (std::size_t i = 0; i < cases; ++i) {
    ids.push_back(
        {uuid_v7(Instant{1'700'000'000'000 + static_cast<std::int64_t>(i) * 1000}, chance(), chance())});
    keys.push_back(
        {uuid_v7(Instant{1'700'000'000'000 + static_cast<std::int64_t>(i) * 1000}, chance(), chance())});
  }
  std::string note;
  for (std::size_t i = 0; i < distinct; ++i) {
    const std::size_t c = chance() % cases;
    const Instant at{1'750'000'000'000 + static_cast<std::int64_t>(i) * 60'000};
    Event event;
    event.id = {uuid_v7(at, chance(), chance())};
    event.stream = ids[c];
    event.version = Version{static_cast<std::uint32_t>(1 + chance() % 100)};
    event.previous = Hash{{chance(), chance(), chance(), chance()}};
    event.happened = {CivilDate{20'000 + static_cast<int>(i / 1'440)}, at};
    event.decided = at;
    event.provider = "hana-muenchen";
    event.by = i % 3 == 0 ? "m.roth" : "a.brandt";
    event.judged_by.shipped = rules;
    event.key = keys[c];
    event.tag = {chance(), chance()};
    const VisitId visit{uuid_v7(at, chance(), chance())};
    if (i % 2 == 0) {
      event.payload = VisitScheduled{visit, at, Minutes{45}, event.by, Place::home, Category::guidance, {}};
    } else {
      VisitDelivered delivered;
      delivered.visit = visit;
      delivered.started_at = at;
      delivered.minutes = Minutes{45};
      if (i % 8 == 1) {
        note.resize(40 + chance() % 80);
        for (char& n : note) n = static_cast<char>(chance());
        delivered.note = Sealed{note};
      }
      event.payload = delivered;
    }
    bench.bytes.push_back(encode(event));
    bench.partition.push_back(partition_of(event.stream, embedded_partitions_default));
  }
  std::size_t total = 0;
  for (const auto& b : bench.bytes) total += b.size();
  bench.say("octets of a record as encoded", static_cast<double>(total) / distinct, "octets");
}

std::uintmax_t bytes_in(const std::filesystem::path& dir, std::string_view extension) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.is_regular_file() && entry.path().extension() == extension) bytes += entry.file_size();
  }
  return bytes;
}

std::filesystem::path fresh(const Bench& bench, std::string_view name) {
  const auto dir = bench.settings.dir / name;
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir.parent_path());
  EmbeddedLog::create(dir, embedded_partitions_default, geleit_namespace, Instant{0});
  return dir;
}

std::unique_ptr<EmbeddedLog> open(const std::filesystem::path& dir, std::size_t recent_bytes_max = 64 << 20) {
  EmbeddedLogOptions options;
  options.dir = dir;
  options.recent_bytes_max = recent_bytes_max;
  options.clock = [] { return Instant{1'750'000'000'000}; };
  return EmbeddedLog::open(std::move(options));
}

// Appends of `size` records, as many as the log takes at once.
void bench_append(const Bench& bench, std::size_t size, std::size_t records) {
  const auto dir = fresh(bench, "append");
  const auto log = open(dir);
  std::atomic<std::size_t> done = 0;
  const auto start = Clock::now();
  std::size_t sent = 0;
  while (sent < records) {
    std::vector<NewRecord> some;
    some.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t at = (sent + i) % bench.bytes.size();
      some.push_back({bench.partition[at], bench.bytes[at]});
    }
    while (sent - done > 100'000) std::this_thread::yield();
    log->append(std::move(some), [&done, size](const Appended& a) {
      if (!a.ok()) std::abort();
      done += size;
    });
    sent += size;
  }
  while (done < sent) std::this_thread::yield();
  bench.say(fmt::format("append, {} a call, queue kept full", size),
            static_cast<double>(sent) / seconds_since(start), "records/s");
}

// One at a time, each waiting for the one before.
void bench_latency(const Bench& bench) {
  const auto log = open(fresh(bench, "latency"));
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<double> took;
  for (std::size_t i = 0; i < 2'000; ++i) {
    const auto start = Clock::now();
    bool finished = false;
    std::vector<NewRecord> one;
    one.push_back({bench.partition[i], bench.bytes[i]});
    log->append(std::move(one), [&](const Appended&) {
      const std::lock_guard lock(mutex);
      finished = true;
      wake.notify_one();
    });
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return finished; });
    took.push_back(seconds_since(start) * 1e6);
  }
  std::sort(took.begin(), took.end());
  bench.say("append of one, alone: median", took[took.size() / 2], "us");
  bench.say("append of one, alone: 99 %", took[took.size() * 99 / 100], "us");
}

std::vector<TimedRecord> timed(const Bench& bench, std::size_t from, std::size_t count) {
  std::vector<TimedRecord> some;
  some.reserve(count);
  for (std::size_t i = from; i < from + count; ++i) {
    const std::size_t at = i % bench.bytes.size();
    some.push_back(
        {bench.partition[at], Instant{1'750'000'000'000 + static_cast<std::int64_t>(i)}, bench.bytes[at]});
  }
  return some;
}

// The same octets straight into RocksDB, synced, without queue and threads: what the log's own work is
// measured by.
void bench_raw(const Bench& bench, std::size_t size, std::size_t records) {
  LogDatabase database(fresh(bench, "raw"), LogDatabase::Mode::write, {});
  Positions ends(embedded_partitions_default);
  std::vector<std::vector<std::shared_ptr<const RecordGroup>>> writes;
  for (std::size_t i = 0; i < records; i += size) writes.push_back(make_groups(timed(bench, i, size), ends));
  const auto start = Clock::now();
  for (const auto& groups : writes) database.write(groups);
  bench.say(fmt::format("RocksDB alone, {} a write", size),
            static_cast<double>(records) / seconds_since(start), "records/s");
}

void bench_sync(const Bench& bench) {
  std::filesystem::create_directories(bench.settings.dir);
  const auto name = bench.settings.dir / "sync";
  const int file = ::open(name.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  constexpr int writes = 1'000;
  const auto start = Clock::now();
  for (int i = 0; i < writes; ++i) {
    if (::write(file, bench.bytes[0].data(), bench.bytes[0].size()) < 0 || ::fdatasync(file) != 0)
      std::abort();
  }
  bench.say("write and fdatasync of one record, bare file", seconds_since(start) / writes * 1e6, "us");
  ::close(file);
}

void bench_read(const Bench& bench, std::size_t per_value, std::size_t records) {
  const auto dir = fresh(bench, "read");
  {
    LogDatabase database(dir, LogDatabase::Mode::write, {});
    Positions ends(embedded_partitions_default);
    // Records sorted by partition first, so that a value holds exactly so many.
    std::vector<std::vector<TimedRecord>> by_partition(embedded_partitions_default);
    std::vector<std::shared_ptr<const RecordGroup>> pending;
    const auto start = Clock::now();
    std::size_t in_write = 0;
    for (const TimedRecord& record : timed(bench, 0, records)) {
      auto& some = by_partition[record.partition.value];
      some.push_back(record);
      if (some.size() < per_value) continue;
      for (auto& group : make_groups(some, ends)) pending.push_back(std::move(group));
      in_write += some.size();
      some.clear();
      if (in_write < 16'384) continue;
      database.write(pending);
      pending.clear();
      in_write = 0;
    }
    database.write(pending);
    bench.say(fmt::format("filling, {} a value", per_value),
              static_cast<double>(records) / seconds_since(start), "records/s");
  }
  const auto opened = Clock::now();
  auto log = open(dir, 0);
  bench.say(fmt::format("opening the log of {} records, {} a value", records, per_value),
            seconds_since(opened) * 1e3, "ms");
  std::uint64_t total = 0;
  for (const Offset end : log->ends()) total += end.value;
  for (int round = 0; round < 3; ++round) {
    std::atomic<std::uint64_t> read = 0;
    std::atomic<std::uint64_t> octets = 0;
    const double processor = processor_seconds();
    const auto start = Clock::now();
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        std::vector<StoredRecord> some;
        std::uint64_t mine = 0;
        std::uint64_t sum = 0;
        for (auto p = static_cast<std::uint16_t>(t); p < embedded_partitions_default; p += 2) {
          const auto reader = log->read(Partition{p}, Offset{0});
          while (true) {
            reader->next(some, 1'024);
            if (some.empty()) break;
            mine += some.size();
            for (const StoredRecord& r : some)
              sum += r.bytes.size() + static_cast<unsigned char>(r.bytes.front());
          }
        }
        read += mine;
        octets += sum;
      });
    }
    for (std::thread& t : threads) t.join();
    if (read != total || octets == 0) std::abort();
    bench.say(fmt::format("reading, {} a value, two threads, round {}", per_value, round + 1),
              static_cast<double>(total) / seconds_since(start), "records/s");
    bench.say(fmt::format("processor time of reading a record, {} a value", per_value),
              (processor_seconds() - processor) / static_cast<double>(total) * 1e9, "ns");
  }
  std::mt19937_64 chance(2);
  std::vector<Position> asked;
  for (int i = 0; i < 32; ++i) asked.push_back({});
  const auto ends = log->ends();
  const auto start = Clock::now();
  constexpr int lookups = 500;
  for (int n = 0; n < lookups; ++n) {
    for (Position& position : asked) {
      position = {Partition{static_cast<std::uint16_t>(n % 8)},
                  Offset{chance() % ends[static_cast<std::size_t>(n % 8)].value}};
    }
    log->read_at(asked, [](const StoredRecord&) {});
  }
  bench.say(fmt::format("finding 32 records of a partition, {} a value", per_value),
            seconds_since(start) / lookups * 1e6, "us");
  log.reset();
  bench.say(fmt::format("octets of a record on disk, {} a value", per_value),
            static_cast<double>(bytes_in(dir, ".sst") + bytes_in(dir, ".log")) / static_cast<double>(total),
            "octets");
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  using namespace geleit;
  Bench bench;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--json") bench.settings.json = true;
    if (arg == "--only" && i + 1 < argc) bench.settings.only = argv[++i];
    if (arg == "--records" && i + 1 < argc) bench.settings.records = std::stoull(argv[++i]);
    if (arg == "--dir" && i + 1 < argc) bench.settings.dir = argv[++i];
  }
  const std::size_t records = bench.settings.records;
  make_records(bench);
  const auto wanted = [&](std::string_view part) {
    return bench.settings.only.empty() || bench.settings.only == part;
  };
  if (wanted("sync")) bench_sync(bench);
  if (wanted("sync")) bench_latency(bench);
  for (const std::size_t size : {1, 64, 1'000}) {
    if (wanted("append")) bench_append(bench, size, records);
  }
  for (const std::size_t size : {64, 1'000, 16'000}) {
    if (wanted("raw")) bench_raw(bench, size, size == 64 ? records / 10 : records);
  }
  for (const std::size_t per_value : {1, 64}) {
    if (wanted("read")) bench_read(bench, per_value, records);
  }
  std::filesystem::remove_all(bench.settings.dir);
}
