// How fast the log on Kafka is, beside librdkafka and nothing else in the same run. Prints JSON lines.
//   kafka_bench fill   kafka://HOST:PORT/TOPIC --log DIR       the records of an embedded log, into a topic
//                                                              that is made
//   kafka_bench plain  kafka://HOST:PORT/TOPIC                 the topic consumed, and nothing done with it
//   kafka_bench fetch  kafka://HOST:PORT/TOPIC [--dir DIR]     the local copy and all tables, from nothing
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "events/copied_log.h"
#include "events/embedded_log.h"
#include "events/kafka_client.h"
#include "events/kafka_topics.h"
#include "projections/rebuild.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

using Watch = std::chrono::steady_clock;

double seconds_since(Watch::time_point start) {
  return std::chrono::duration<double>(Watch::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
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

void fill(const KafkaAddress& address, const std::string& from) {
  const auto source = EmbeddedLog::open_read_only(from);
  const LogInfo info = source->info();
  KafkaLog::create(address, {}, info.partitions, info.id, info.created);
  const auto log = KafkaLog::open({address, {}, 1 << 20});
  const auto start = Watch::now();
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t under_way = 0;
  std::uint64_t events = 0;
  std::vector<std::unique_ptr<LogReader>> readers;
  for (std::uint16_t p = 0; p < info.partitions; ++p) readers.push_back(source->read(Partition{p}, {}));
  std::vector<StoredRecord> some;
  for (bool more = true; more;) {
    more = false;
    for (const auto& reader : readers) {
      reader->next(some, 2'000);
      if (some.empty()) continue;
      more = true;
      events += some.size();
      std::vector<NewRecord> records;
      for (const StoredRecord& r : some) records.push_back({r.partition, std::string(r.bytes)});
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return under_way < 32; });
      ++under_way;
      lock.unlock();
      log->append(std::move(records), [&](const Appended& a) {
        if (!a.ok()) fmt::print(stderr, "{}\n", a.error);
        const std::lock_guard guard(mutex);
        --under_way;
        changed.notify_all();
      });
    }
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return under_way == 0; });
  fmt::print("{{\"bench\": \"fill\", \"events\": {}, \"per_s\": {:.0f}}}\n", events,
             static_cast<double>(events) / seconds_since(start));
}

struct Consumed {
  std::uint64_t records = 0, octets = 0;
};

/// What librdkafka gives whoever does nothing with the records, all partitions at once.
double plain(const KafkaAddress& address) {
  const auto start = Watch::now();
  const double cpu = cpu_seconds();
  const KafkaClient client(RD_KAFKA_CONSUMER, address, address.topic, {},
                           {{"auto.offset.reset", "error"},
                            {"queued.min.messages", "1000000"},
                            {"fetch.message.max.bytes", "2097152"}});
  const int partitions = topic_state(client, kafka_opening_ms_max).partitions;
  const auto ends =
      offsets_at(client, std::vector<std::int64_t>(static_cast<std::size_t>(partitions), kafka_end),
                 kafka_answer_ms_max);
  std::uint64_t events = 0;
  for (const std::int64_t end : ends) events += static_cast<std::uint64_t>(end);
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  for (int p = 0; p < partitions; ++p) rd_kafka_consume_start_queue(client.topic(), p, 0, queue.get());
  Consumed consumed;
  while (consumed.records < events) {
    rd_kafka_consume_callback_queue(
        queue.get(), 100,
        [](rd_kafka_message_t* message, void* opaque) {
          if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
          auto& so_far = *static_cast<Consumed*>(opaque);
          ++so_far.records;
          so_far.octets += message->len;
        },
        &consumed);
  }
  const double seconds = seconds_since(start);
  fmt::print(
      "{{\"bench\": \"plain\", \"events\": {}, \"per_s\": {:.0f}, \"cpu_ns\": {:.0f}, \"octets\": {:.0f}}}\n",
      events, static_cast<double>(events) / seconds,
      (cpu_seconds() - cpu) * 1e9 / static_cast<double>(events),
      static_cast<double>(consumed.octets) / static_cast<double>(events));
  for (int p = 0; p < partitions; ++p) rd_kafka_consume_stop(client.topic(), p);
  return static_cast<double>(events) / seconds;
}

void fetch(const KafkaAddress& address, const std::filesystem::path& where) {
  const double raw = plain(address);
  const TemporaryDirectory temporary;
  const std::filesystem::path dir = where.empty() ? temporary.path() : where;
  std::filesystem::remove_all(dir / "log-copy");
  std::filesystem::remove_all(dir / "tables");
  AnonymousPeak peak;
  const auto start = Watch::now();
  const double cpu = cpu_seconds();
  const auto log = CopiedLog::open({{address, {}}, dir / "log-copy", {}});
  log->catch_up();
  const double copied = seconds_since(start);
  const double cpu_copied = cpu_seconds() - cpu;
  const auto store = Store::open({.dir = dir / "tables"});
  RuleBook rules;
  std::uint64_t events = 0;
  for (const Offset end : log->ends()) events += end.value;
  rebuild_from_log(*log, *store, rules, log->ends(), {});
  const double seconds = seconds_since(start);
  const auto n = static_cast<double>(events);
  fmt::print(
      "{{\"bench\": \"kafka-fetch\", \"events\": {}, \"per_s\": {:.0f}, \"raw_per_s\": {:.0f}, \"ratio\": "
      "{:.2f}, "
      "\"copy_per_s\": {:.0f}, \"copy_cpu_ns\": {:.0f}, \"rebuild_per_s\": {:.0f}, \"peak_anonymous_mib\": "
      "{}, "
      "\"trouble\": \"{}\"}}\n",
      events, n / seconds, raw, n / seconds / raw, n / copied, cpu_copied * 1e9 / n, n / (seconds - copied),
      peak.mib(), log->copy_trouble());
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  using namespace geleit;
  std::string log, dir;
  for (int i = 3; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--log") == 0) log = argv[i + 1];
    if (std::strcmp(argv[i], "--dir") == 0) dir = argv[i + 1];
  }
  const std::string_view what = argc > 2 ? argv[1] : "";
  if (what == "fill") {
    fill(parse_kafka_address(argv[2]), log);
  } else if (what == "plain") {
    (void)plain(parse_kafka_address(argv[2]));
  } else if (what == "fetch") {
    fetch(parse_kafka_address(argv[2]), dir);
  } else {
    fmt::print(stderr, "expected fill, plain or fetch and an address; see the beginning of kafka_bench.cc\n");
    return 2;
  }
  return 0;
}
