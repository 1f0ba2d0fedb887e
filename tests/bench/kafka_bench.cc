// How fast the log on Kafka is, beside librdkafka and nothing else in the same run. Prints JSON lines.
//   kafka_bench fill   kafka://HOST:PORT/TOPIC --log DIR       the records of an embedded log, into a topic
//                                                              that is made
//   kafka_bench plain  kafka://HOST:PORT/TOPIC                 the topic consumed, and nothing done with it
//   kafka_bench fetch  kafka://HOST:PORT/TOPIC [--dir DIR]     the local copy and all tables, from nothing
//   kafka_bench bare   kafka://HOST:PORT/TOPIC --log DIR [--records N] [--in-flight N]
//                                                              records as large as those of an embedded log
//                                                              produced and read back, in a topic of nobody's
//   kafka_bench steady kafka://HOST:PORT/TOPIC [--seconds N]   a record into each partition every 50 ms,
//   until
//                                                              standard input ends at the latest: the longest
//                                                              that one took until it was read back
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "events/copied_log.h"
#include "events/embedded_log.h"
#include "events/kafka_client.h"
#include "events/kafka_headers.h"
#include "events/kafka_topics.h"
#include "events/uuid.h"
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

// ---------------------------------------------------------------- produce and read back

/// librdkafka set as the log sets it, and nothing around it: one producer, one consumer of all partitions.
class Bare {
 public:
  /// An idempotent producer may end for good when a broker dies (the log replaces it then).
  Bare(const KafkaAddress& address, bool idempotent)
      : producer_(RD_KAFKA_PRODUCER, address, address.topic, {},
                  {{"enable.idempotence", idempotent ? "true" : "false"},
                   {"acks", "all"},
                   {"max.in.flight", "5"},
                   {"linger.ms", "0"},
                   {"compression.codec", "lz4"},
                   {"message.timeout.ms", "60000"},
                   {"retry.backoff.ms", "50"},
                   {"topic.metadata.refresh.interval.ms", "1000"},
                   {"metadata.max.age.ms", "900000"}}),
        consumer_(RD_KAFKA_CONSUMER, address, address.topic, {},
                  {{"auto.offset.reset", "error"},
                   {"fetch.error.backoff.ms", "50"},
                   {"topic.metadata.refresh.interval.ms", "1000"},
                   {"metadata.max.age.ms", "900000"}}),
        queue_(rd_kafka_queue_new(consumer_.get())) {
    (void)topic_state(producer_, kafka_opening_ms_max);
    const auto count = static_cast<std::size_t>(topic_state(consumer_, kafka_opening_ms_max).partitions);
    const auto ends = offsets_at(consumer_, std::vector<std::int64_t>(count, kafka_end), kafka_answer_ms_max);
    for (std::size_t p = 0; p < count; ++p) {
      rd_kafka_consume_start_queue(consumer_.topic(), static_cast<std::int32_t>(p), ends[p], queue_.get());
    }
    partitions_ = static_cast<std::int32_t>(count);
  }
  ~Bare() {
    for (std::int32_t p = 0; p < partitions_; ++p) rd_kafka_consume_stop(consumer_.topic(), p);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  [[nodiscard]] std::int32_t partitions() const { return partitions_; }

  /// The record's number is its key.
  void produce(std::int32_t partition, std::uint64_t number, std::string_view bytes) {
    const auto error =
        rd_kafka_producev(producer_.get(), RD_KAFKA_V_RKT(producer_.topic()), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(&number, sizeof number),
                          RD_KAFKA_V_VALUE(const_cast<char*>(bytes.data()), bytes.size()), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
    rd_kafka_poll(producer_.get(), 0);
  }

  /// Calls `found` with the number of every record that has come; waits at most so long for the first.
  template <class Found>
  void read(int wait_ms, const Found& found) {
    for (KafkaMessage message(rd_kafka_consume_queue(queue_.get(), wait_ms)); message;
         message.reset(rd_kafka_consume_queue(queue_.get(), 0))) {
      std::uint64_t number = 0;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || message->key_len != sizeof number) continue;
      std::memcpy(&number, message->key, sizeof number);
      found(number);
    }
    rd_kafka_poll(producer_.get(), 0);
  }

 private:
  KafkaClient producer_, consumer_;
  KafkaQueue queue_;
  std::int32_t partitions_ = 0;
};

/// What a log's records are on Kafka, key and headers included, as one text each; of each partition some.
std::vector<std::string> texts_of(const std::string& from, std::size_t count) {
  const auto log = EmbeddedLog::open_read_only(from);
  std::vector<std::string> texts;
  std::vector<std::unique_ptr<LogReader>> readers;
  for (std::uint16_t p = 0; p < log->info().partitions; ++p) readers.push_back(log->read(Partition{p}, {}));
  std::vector<StoredRecord> some;
  for (bool more = true; more && texts.size() < count;) {
    more = false;
    for (const auto& reader : readers) {
      reader->next(some, 8);
      for (const StoredRecord& record : some) {
        more = true;
        const KafkaHeaders beside = kafka_headers(record.bytes, "urn:uuid:" + to_string(log->info().id));
        std::string text(record.bytes);
        text += beside.key;
        for (const auto& [name, value] : beside.headers) text.append(name).append(value);
        texts.push_back(std::move(text));
      }
    }
  }
  if (texts.empty()) throw std::runtime_error("expected records in " + from + ", but there are none");
  return texts;
}

double percentile(std::vector<double>& values, double share) {
  const auto at =
      std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

void bare(const KafkaAddress& address, const std::string& from, std::size_t records, std::size_t in_flight) {
  const std::vector<std::string> texts = texts_of(from, std::min<std::size_t>(records, 200'000));
  Bare kafka(address, true);
  // The first ones pay for connections and for what the broker has not compiled yet.
  const std::size_t warm_up = std::max(in_flight, records / 10);
  std::vector<Watch::time_point> sent(records + warm_up);
  std::vector<double> took_ms;
  took_ms.reserve(sent.size());
  std::size_t next = 0, back = 0;
  std::uint64_t octets = 0;
  auto start = Watch::now();
  while (back < sent.size()) {
    while (next < sent.size() && next - back < in_flight) {
      const std::string& text = texts[next % texts.size()];
      octets += text.size();
      sent[next] = Watch::now();
      kafka.produce(static_cast<std::int32_t>(next % static_cast<std::size_t>(kafka.partitions())), next,
                    text);
      ++next;
    }
    kafka.read(1'000, [&](std::uint64_t number) {
      if (++back == warm_up) start = Watch::now();
      if (back > warm_up) took_ms.push_back(seconds_since(sent.at(number)) * 1e3);
    });
  }
  const double seconds = seconds_since(start);
  fmt::print(
      "{{\"bench\": \"bare\", \"in_flight\": {}, \"records\": {}, \"octets\": {:.0f}, \"per_s\": {:.0f}, "
      "\"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}}}\n",
      in_flight, took_ms.size(), static_cast<double>(octets) / static_cast<double>(sent.size()),
      static_cast<double>(took_ms.size()) / seconds, percentile(took_ms, 0.5), percentile(took_ms, 0.99));
}

void steady(const KafkaAddress& address, std::size_t seconds) {
  constexpr auto every = std::chrono::milliseconds(50);
  Bare kafka(address, false);
  const std::string text(700, 'x');
  std::vector<Watch::time_point> sent;
  std::vector<bool> seen;
  std::size_t back = 0;
  double longest = 0;
  const auto read = [&](int wait_ms) {
    kafka.read(wait_ms, [&](std::uint64_t number) {
      if (seen.at(number)) return;  // written twice
      seen[number] = true;
      ++back;
      longest = std::max(longest, seconds_since(sent.at(number)));
    });
  };
  const auto start = Watch::now();
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (seconds_since(start) < static_cast<double>(seconds) && ::poll(&input, 1, 0) == 0) {
    const auto round = Watch::now();
    for (std::int32_t p = 0; p < kafka.partitions(); ++p) {
      sent.push_back(Watch::now());
      seen.push_back(false);
      kafka.produce(p, sent.size() - 1, text);
    }
    while (Watch::now() < round + every) read(5);
  }
  while (back < sent.size() && seconds_since(sent.back()) < 60) read(100);
  fmt::print("{{\"bench\": \"steady\", \"records\": {}, \"read_back\": {}, \"longest_s\": {:.2f}}}\n",
             sent.size(), back, longest);
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  using namespace geleit;
  std::string log, dir;
  std::size_t records = 100'000, in_flight = 512, seconds = 60;
  for (int i = 3; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--log") == 0) log = argv[i + 1];
    if (std::strcmp(argv[i], "--dir") == 0) dir = argv[i + 1];
    if (std::strcmp(argv[i], "--records") == 0) records = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--in-flight") == 0) in_flight = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::stoull(argv[i + 1]);
  }
  const std::string_view what = argc > 2 ? argv[1] : "";
  if (what == "fill") {
    fill(parse_kafka_address(argv[2]), log);
  } else if (what == "plain") {
    (void)plain(parse_kafka_address(argv[2]));
  } else if (what == "fetch") {
    fetch(parse_kafka_address(argv[2]), dir);
  } else if (what == "bare") {
    bare(parse_kafka_address(argv[2]), log, records, in_flight);
  } else if (what == "steady") {
    steady(parse_kafka_address(argv[2]), seconds);
  } else {
    fmt::print(stderr, "expected fill, plain, fetch, bare or steady and an address; see kafka_bench.cc\n");
    return 2;
  }
  return 0;
}
