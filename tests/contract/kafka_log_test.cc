// The log on a real broker: everything that every log promises (tests/contract/log_contract.h), and what only
// this one does.
#include "events/kafka_log.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/kafka_client.h"
#include "events/kafka_log_contents.h"
#include "events/kafka_writer.h"
#include "events/uuid.h"
#include "services/clock.h"
#include "tests/contract/kafka_broker.h"
#include "tests/contract/log_contract.h"
#include "tests/unit/event_samples.h"

namespace geleit {
namespace {

using namespace std::string_literals;

constexpr Uuid some_id{0x0123456789ab7cdeULL, 0x8123456789abcdefULL};

KafkaBroker& broker() {
  static KafkaBroker one;
  return one;
}

// The second kind keeps nothing in memory, so that everything is fetched from the broker.
template <std::size_t recent_bytes_max>
struct KafkaLogUnderTest {
  static constexpr bool clock_is_set = false;
  explicit KafkaLogUnderTest(std::uint16_t partitions) {
    options_.address = broker().new_topic();
    options_.recent_bytes_max = recent_bytes_max;
    KafkaLog::create(options_.address, {}, partitions, some_id, Instant{1});
    log_ = KafkaLog::open(options_);
  }
  Log& log() { return *log_; }
  void reopen() {
    log_.reset();
    log_ = KafkaLog::open(options_);
  }
  std::int64_t now_ms() const { return SystemClock().now().ms; }
  void set_clock(std::int64_t) {}
  void stop_writing() { blocker_.block(*log_); }
  void go_on() { blocker_.open(); }

 private:
  KafkaLogOptions options_;
  Blocker blocker_;
  std::unique_ptr<KafkaLog> log_;
};

// ---------------------------------------------------------------- what only this log does

class KafkaLogTest : public testing::Test {
 protected:
  static constexpr std::uint16_t some_partitions = 4;
  KafkaAddress address = broker().new_topic();

  void create() const { KafkaLog::create(address, {}, some_partitions, some_id, Instant{77}); }
  std::unique_ptr<KafkaLog> open(std::size_t recent_bytes_max = 1 << 20) const {
    return KafkaLog::open({address, {}, recent_bytes_max});
  }
  /// With the sentence in which it was refused.
  template <class Error, class Action>
  static std::string message_of(Action action) {
    try {
      action();
    } catch (const Error& error) { return error.what(); } catch (const std::exception& other) {
      ADD_FAILURE() << "another error: " << other.what();
      return {};
    }
    ADD_FAILURE() << "no error";
    return {};
  }
  void set(const std::string& topic, const std::string& settings) const {
    const std::string said = output_of("deploy/kafka/bin/kafka-configs.sh --bootstrap-server " +
                                       address.brokers + " --entity-type topics --entity-name " + topic +
                                       " --alter --add-config '" + settings + "' 2>&1");
    ASSERT_NE(said.find("Completed"), std::string::npos) << said;
  }
  /// Does what a refusal tells to do at its end, pasted as it stands, and returns what was said to that.
  static std::string mend(const std::string& refusal) {
    const std::string before = "Mend it: ";
    const auto at = refusal.find(before);
    if (at == std::string::npos) return "no command in: " + refusal;
    std::ofstream(pasted) << refusal.substr(at + before.size()) << "\n";
    return output_of("PATH=$PWD/deploy/kafka/bin:$PATH bash " + pasted.string() + " 2>&1");
  }
  static inline const TemporaryDirectory own;
  static inline const std::filesystem::path pasted = own.path() / "pasted";
  /// Every record of the topic as somebody reads it who only knows Kafka.
  std::vector<std::string> seen_by_kcat(const std::string& format) const {
    std::vector<std::string> lines;
    std::istringstream all(output_of("kcat -C -q -e -b " + address.brokers + " -t " + address.topic +
                                     " -f '" + format + "\n' 2>/dev/null"));
    for (std::string line; std::getline(all, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(KafkaLogTest, SaysWhatItIs) {
  create();
  const LogInfo info = open()->info();
  EXPECT_EQ(info.id, some_id);
  EXPECT_EQ(info.partitions, some_partitions);
  EXPECT_EQ(info.created, Instant{77});
  EXPECT_EQ(info.kind, "kafka");
  EXPECT_EQ(info.where, to_string(address));
}

TEST_F(KafkaLogTest, IsCreatedOnce) {
  const std::string missing = message_of<LogRefused>([&] { (void)open(); });
  EXPECT_NE(missing.find("geleit log create " + to_string(address)), std::string::npos) << missing;
  create();
  EXPECT_THROW(create(), LogRefused);
  EXPECT_THROW(KafkaLog::create(broker().new_topic(), {}, 0, some_id, Instant{}), LogRefused);
  EXPECT_THROW(KafkaLog::create(broker().new_topic(), {}, 1'025, some_id, Instant{}), LogRefused);
}

TEST_F(KafkaLogTest, AnAddressIsReadOrRefused) {
  const KafkaAddress two = parse_kafka_address("kafka://a:1,b.example:29092/geleit.events");
  EXPECT_EQ(two.brokers, "a:1,b.example:29092");
  EXPECT_EQ(two.topic, "geleit.events");
  EXPECT_EQ(to_string(two), "kafka://a:1,b.example:29092/geleit.events");
  EXPECT_EQ(to_string(parse_kafka_address("kafka://a:1")), "kafka://a:1/geleit");
  for (const char* wrong : {"kafka://", "kafka://a:1/", "kafka://a/t", "kafka://a:x/t", "a:1/t",
                            "kafka://a:1,/t", "kafka://a:1/t/u", "kafka://a:1/..", "kafka://:1/t"}) {
    EXPECT_THROW((void)parse_kafka_address(wrong), LogRefused) << wrong;
  }
}

TEST_F(KafkaLogTest, NobodyThereIsUnavailableAndNotRefused) {
  const KafkaAddress nobody = parse_kafka_address("kafka://127.0.0.1:1/geleit");
  const std::string said = message_of<LogUnavailable>([&] { (void)KafkaLog::open({nobody, {}, 0}); });
  EXPECT_NE(said.find("does not answer"), std::string::npos) << said;
}

TEST_F(KafkaLogTest, ASettingThatLibrdkafkaDoesNotKnowIsRefusedByName) {
  create();
  const std::string said = message_of<LogRefused>([&] {
    (void)KafkaLog::open({address, {{"no.such.setting", "1"}}, 0});
  });
  EXPECT_NE(said.find("no.such.setting"), std::string::npos) << said;
}

TEST_F(KafkaLogTest, ATopicThatIsSetOtherwiseIsRefusedWithTheCommandThatMendsIt) {
  create();
  const auto refused = [&](const std::string& what) {
    const std::string said = message_of<LogRefused>([&] { (void)open(); });
    EXPECT_NE(said.find(what), std::string::npos) << said;
    return said;
  };
  set(address.topic,
      "cleanup.policy=compact,retention.ms=3600000,message.timestamp.type=CreateTime,max.message.bytes=1000");
  const std::string events = refused("retention.ms is 3600000, but must be -1");
  EXPECT_NE(events.find("cleanup.policy is compact, but must be delete"), std::string::npos) << events;
  EXPECT_NE(events.find("message.timestamp.type is CreateTime, but must be LogAppendTime"),
            std::string::npos);
  EXPECT_NE(events.find("max.message.bytes is 1000, but must be 8454144 or more"), std::string::npos)
      << events;
  EXPECT_THROW((void)KafkaLog::open_read_only({address, {}, 0}), LogRefused);
  EXPECT_NE(mend(events).find("Completed"), std::string::npos);
  EXPECT_NO_THROW((void)open());
  set(keys_topic_of(address), "cleanup.policy=delete,max.compaction.lag.ms=172800000");
  const std::string keys = refused("cleanup.policy is delete, but must be compact");
  EXPECT_NE(keys.find("max.compaction.lag.ms is 172800000, but must be 86400000"), std::string::npos) << keys;
  EXPECT_NE(mend(keys).find("Completed"), std::string::npos);
  EXPECT_NO_THROW((void)open());
}

TEST_F(KafkaLogTest, AnotherPartitionCountIsRefused) {
  create();
  const KafkaClient client(RD_KAFKA_PRODUCER, address, address.topic, {}, {});
  char why[256];
  rd_kafka_NewPartitions_t* more = rd_kafka_NewPartitions_new(address.topic.c_str(), 6, why, sizeof why);
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_CreatePartitions(client.get(), &more, 1, nullptr, queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), 20'000));
  rd_kafka_NewPartitions_destroy(more);
  ASSERT_TRUE(event && rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const std::string said = message_of<LogRefused>([&] { (void)open(); });
  EXPECT_NE(said.find("it has 6 partitions, but must have 4"), std::string::npos) << said;
  EXPECT_NE(said.find("geleit log copy"), std::string::npos) << said;
}

TEST_F(KafkaLogTest, AConsumerThatNeverHeardOfGeleitCanFollowTheRecords) {
  create();
  FullSource source;
  std::vector<Event> events;
  {
    const auto log = open();
    std::vector<NewRecord> records;
    for (std::size_t i = 0; i < std::variant_size_v<Payload>; ++i) {
      events.push_back(sample_event(i, source));
      const Partition partition = partition_of(events.back().stream, some_partitions);
      records.push_back({partition, encode(events.back())});
    }
    ASSERT_EQ(append_and_wait(*log, std::move(records)), "");
  }
  std::map<std::string, std::string> seen;  // what stands beside a record, by the id of its event
  for (const std::string& line : seen_by_kcat("%p|%k|%S|%h")) {
    const auto id = line.find("ce_id=");
    ASSERT_NE(id, std::string::npos) << line;
    seen[line.substr(id + 6, 36)] = line;
  }
  ASSERT_EQ(seen.size(), events.size());
  for (const Event& event : events) {
    const std::string stream = to_string(event.stream);
    const std::string name(name_of(event.payload));
    char traceparent[64];
    std::snprintf(traceparent, sizeof traceparent, "traceparent=00-%016llx%016llx-",
                  static_cast<unsigned long long>(event.trace.value.high),
                  static_cast<unsigned long long>(event.trace.value.low));
    const std::string& line = seen[to_string(event.id)];
    EXPECT_TRUE(line.starts_with(std::to_string(partition_of(event.stream, some_partitions).value) + "|" +
                                 stream + "|" + std::to_string(encode(event).size()) + "|"))
        << line;
    for (const std::string& header :
         {"ce_specversion=1.0"s, "ce_source=urn:uuid:" + to_string(some_id), "ce_type=de.geleit." + name,
          "ce_subject=" + stream, "ce_time=" + to_string(event.decided),
          "ce_dataschema=urn:geleit:event:1:" + name, "content-type=application/x-capnp"s,
          std::string(traceparent)}) {
      EXPECT_NE(line.find(header), std::string::npos) << header << "\n" << line;
    }
  }
}

// A broker whose clock is behind that of the one that led before would time records so; one that is told to
// take the writer's times shows it.
TEST_F(KafkaLogTest, RecordedIsTheRunningMaximumFromWhereverItIsRead) {
  create();
  const auto followed = open();
  const auto fetched = open(0);
  set(address.topic, "message.timestamp.type=CreateTime");
  const KafkaClient writer(RD_KAFKA_PRODUCER, address, address.topic, {}, {{"linger.ms", "0"}});
  const std::vector<std::int64_t> times{5'000, 9'000, 7'000, 7'500, 9'500, 1'000, 2'000, 9'600};
  const std::vector<std::int64_t> maxima{5'000, 9'000, 9'000, 9'000, 9'500, 9'500, 9'500, 9'600};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::string bytes = record_bytes(i);
    ASSERT_EQ(
        rd_kafka_producev(writer.get(), RD_KAFKA_V_RKT(writer.topic()), RD_KAFKA_V_PARTITION(2),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(times[i]),
                          RD_KAFKA_V_VALUE(const_cast<char*>(bytes.data()), bytes.size()), RD_KAFKA_V_END),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    ASSERT_EQ(rd_kafka_flush(writer.get(), 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  set(address.topic, "message.timestamp.type=LogAppendTime");
  const auto later = open();  // follows what comes after all of them
  const auto reading = KafkaLog::open_read_only({address, {}, 0});
  ASSERT_EQ(append_and_wait(*later, {{Partition{2}, record_bytes(8)}}), "");
  for (const ReadableLog* log :
       std::initializer_list<const ReadableLog*>{followed.get(), fetched.get(), later.get(), reading.get()}) {
    for (std::size_t from = 0; from < times.size(); ++from) {
      auto rest = read_all(*log, Partition{2}, Offset{from});
      ASSERT_GE(rest.size(), times.size() - from);
      for (std::size_t i = from; i < times.size(); ++i) {
        EXPECT_EQ(rest[i - from].recorded.ms, maxima[i]) << "from " << from << " at " << i;
        const std::vector<Position> asked{{Partition{2}, Offset{i}}};
        log->read_at(asked, [&](const StoredRecord& r) { EXPECT_EQ(r.recorded.ms, maxima[i]) << i; });
      }
    }
  }
}

TEST_F(KafkaLogTest, WhatOthersAppendIsHeardOf) {
  create();
  const auto mine = open();
  const auto theirs = open();
  std::promise<void> heard;
  std::once_flag once;
  const auto subscription = mine->subscribe([&] { std::call_once(once, [&] { heard.set_value(); }); });
  const auto reader = mine->read(Partition{1}, Offset{0});
  std::vector<StoredRecord> some;
  reader->next(some, 10);
  EXPECT_TRUE(some.empty());
  ASSERT_EQ(append_and_wait(*theirs, {{Partition{1}, record_bytes(1)}}), "");
  EXPECT_EQ(mine->ends()[1], Offset{1});
  ASSERT_EQ(heard.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  reader->next(some, 10);
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0].bytes, record_bytes(1));
}

TEST_F(KafkaLogTest, RecordsThatWereDeletedFromTheTopicAreMissed) {
  create();
  const auto log = open(0);
  std::vector<NewRecord> records;
  for (std::uint64_t i = 0; i < 20; ++i) records.push_back({Partition{0}, record_bytes(i)});
  ASSERT_EQ(append_and_wait(*log, std::move(records)), "");
  const KafkaClient client(RD_KAFKA_PRODUCER, address, address.topic, {}, {});
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, address.topic.c_str(), 0)->offset = 5;
  rd_kafka_DeleteRecords_t* deletion = rd_kafka_DeleteRecords_new(list);
  rd_kafka_topic_partition_list_destroy(list);
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteRecords(client.get(), &deletion, 1, nullptr, queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), 20'000));
  rd_kafka_DeleteRecords_destroy(deletion);
  ASSERT_TRUE(event && rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(read_all(*log, Partition{0}, Offset{5}).size(), 15u);
  const std::string said = message_of<LogCorrupt>([&] { (void)read_all(*log, Partition{0}); });
  EXPECT_NE(said.find("expected a record at 0:0"), std::string::npos) << said;
}

// An idempotent producer that cannot keep its promise ends for good; the log goes on with a new one.
TEST_F(KafkaLogTest, AProducerThatHasGivenUpIsReplaced) {
  create();
  KafkaLogContents contents({address, {}, 1 << 20}, true);
  KafkaWriter writer(address, {}, "urn:uuid:x", some_partitions, contents.control(), contents.follower());
  std::uint64_t number = 0;
  std::set<std::string> confirmed;
  std::mutex mutex;
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> waiting = 0;
    for (int i = 0; i < 500; ++i) {
      if (i == 250) {
        (void)rd_kafka_test_fatal_error(writer.producer(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                        "test");
      }
      const std::string bytes = record_bytes(number++);
      ++waiting;
      try {
        writer.append({{Partition{0}, bytes}}, [&, bytes](const Appended& a) {
          const std::lock_guard lock(mutex);
          if (a.ok()) confirmed.insert(bytes);
          --waiting;
        });
      } catch (const LogUnavailable&) { --waiting; }
    }
    while (waiting > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // It takes records again by itself.
    std::promise<std::string> outcome;
    for (int i = 0; !writer.trouble().empty() && i < 1'000; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const std::string bytes = record_bytes(number++);
    writer.append({{Partition{0}, bytes}}, [&](const Appended& a) { outcome.set_value(a.error); });
    EXPECT_EQ(outcome.get_future().get(), "") << round;
    confirmed.insert(bytes);
  }
  EXPECT_GE(confirmed.size(), 3u);
  std::map<std::string, int> found;
  for (const auto& record : read_all(contents, Partition{0})) ++found[record.bytes];
  for (const std::string& bytes : confirmed) EXPECT_EQ(found[bytes], 1);
}

// ---------------------------------------------------------------- a broker that is gone

TEST(KafkaLogBroken, ABrokerThatIsKilledStopsTheLogAndLosesNothing) {
  KafkaBroker own;
  const KafkaAddress address = own.new_topic();
  KafkaLog::create(address, {}, 2, some_id, Instant{1});
  const auto log = KafkaLog::open({address, {}, 1 << 20});
  std::vector<NewRecord> first;
  for (std::uint64_t i = 0; i < 100; ++i) first.push_back({Partition{0}, record_bytes(i)});
  ASSERT_EQ(append_and_wait(*log, std::move(first)), "");
  own.kill_broker(1);
  // Taken and kept until the broker is back, or given up in time; further ones are refused with the reason.
  std::promise<std::string> outcome;
  log->append({{Partition{0}, record_bytes(100)}}, [&](const Appended& a) { outcome.set_value(a.error); });
  for (int i = 0; log->trouble().empty() && i < 150; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_NE(log->trouble().find("try again later"), std::string::npos) << log->trouble();
  EXPECT_THROW(log->append({{Partition{0}, record_bytes(101)}}, [](const Appended&) {}), LogUnavailable);
  EXPECT_THROW((void)log->ends(), LogUnavailable);
  EXPECT_EQ(read_all(*log, Partition{0}).size(), 100u) << "reading goes on";
  own.start_again();
  // A broker that needs longer than kafka_delivery_ms_max finds it given up; then it may be there or not.
  const bool confirmed = outcome.get_future().get().empty();
  for (int i = 0; !log->trouble().empty() && i < 150; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(log->trouble(), "");
  ASSERT_EQ(append_and_wait(*log, {{Partition{0}, record_bytes(101)}}), "");
  std::vector<std::string> expected;
  for (std::uint64_t i = 0; i < 102; ++i) {
    if (i != 100 || confirmed) expected.push_back(record_bytes(i));
  }
  std::vector<std::string> found;
  for (const auto& record : read_all(*log, Partition{0})) found.push_back(record.bytes);
  if (!confirmed) std::erase(found, record_bytes(100));
  EXPECT_EQ(found, expected);
}

// ---------------------------------------------------------------- what every log does

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, LogContract, KafkaLogUnderTest<(64 << 20)>);
INSTANTIATE_TYPED_TEST_SUITE_P(KafkaFromBroker, LogContract, KafkaLogUnderTest<0>);

}  // namespace
}  // namespace geleit
