// The log on Kafka with its local copy: everything that every log promises (tests/contract/log_contract.h),
// and what becomes of the copy.
#include "events/copied_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "events/embedded_log.h"
#include "services/clock.h"
#include "tests/contract/kafka_broker.h"
#include "tests/contract/log_contract.h"

namespace geleit {
namespace {

constexpr Uuid some_id{0x0123456789ab7cdeULL, 0x8123456789abcdefULL};

KafkaBroker& broker() {
  static KafkaBroker one;
  return one;
}

void wait_for_copy(const CopiedLog& log) {
  for (int i = 0; i < 3'000 && log.copied() != log.ends(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(log.copied(), log.ends());
}

// The second kind keeps nothing in memory, so that everything is read from the copy, or fetched where it is
// behind.
template <std::size_t recent_bytes_max>
struct CopiedLogUnderTest {
  static constexpr bool clock_is_set = false;
  explicit CopiedLogUnderTest(std::uint16_t partitions) {
    options_.kafka.address = broker().new_topic();
    options_.kafka.recent_bytes_max = recent_bytes_max;
    options_.copy = dir_.path() / "copy";
    KafkaLog::create(options_.kafka.address, {}, partitions, some_id, Instant{1});
    log_ = CopiedLog::open(options_);
  }
  Log& log() { return *log_; }
  void reopen() {
    wait_for_copy(*log_);
    log_.reset();
    log_ = CopiedLog::open(options_);
    EXPECT_EQ(log_->note(), "");
    log_->catch_up();
  }
  std::int64_t now_ms() const { return SystemClock().now().ms; }
  void set_clock(std::int64_t) {}
  void stop_writing() { blocker_.block(*log_); }
  void go_on() { blocker_.open(); }

 private:
  TemporaryDirectory dir_;
  CopiedLogOptions options_;
  Blocker blocker_;
  std::unique_ptr<CopiedLog> log_;
};

// ---------------------------------------------------------------- what becomes of the copy

class CopiedLogTest : public testing::Test {
 protected:
  static constexpr std::uint16_t some_partitions = 4;
  TemporaryDirectory dir;
  CopiedLogOptions options;

  void SetUp() override {
    options.kafka.address = broker().new_topic();
    options.kafka.recent_bytes_max = 1 << 20;
    options.copy = dir.path() / "copy";
    KafkaLog::create(options.kafka.address, {}, some_partitions, some_id, Instant{77});
  }
  std::unique_ptr<CopiedLog> open() const {
    auto log = CopiedLog::open(options);
    log->catch_up();
    return log;
  }
  /// As they lie in the topic.
  void append(Log& log, std::uint64_t first, std::uint64_t count) {
    std::vector<NewRecord> records;
    for (std::uint64_t i = first; i < first + count; ++i) {
      const auto p = static_cast<std::uint16_t>(i % some_partitions);
      records.push_back({Partition{p}, record_bytes(i, 8 * (1 + i % 60))});
    }
    ASSERT_EQ(append_and_wait(log, std::move(records)), "");
  }
  void append_to_topic(std::uint64_t first, std::uint64_t count) {
    append(*KafkaLog::open(options.kafka), first, count);
  }
  std::vector<std::vector<ReadRecord>> all_of(const ReadableLog& log) {
    std::vector<std::vector<ReadRecord>> all;
    for (std::uint16_t p = 0; p < some_partitions; ++p) all.push_back(read_all(log, Partition{p}));
    return all;
  }
  std::vector<std::vector<ReadRecord>> all_of_topic() {
    return all_of(*KafkaLog::open_read_only({options.kafka.address, {}, 0}));
  }
  std::vector<std::vector<ReadRecord>> all_of_copy() {
    return all_of(*EmbeddedLog::open_read_only(options.copy));
  }
};

TEST_F(CopiedLogTest, ACopyIsAnEmbeddedLogWithTheOffsetsTimesAndBytesOfTheTopic) {
  append_to_topic(0, 60'000);
  {
    const auto log = open();
    EXPECT_EQ(log->copied(), log->ends());
    append(*log, 60'000, 500);
    wait_for_copy(*log);
    EXPECT_EQ(log->copy_trouble(), "");
  }
  const auto copy = EmbeddedLog::open_read_only(options.copy);
  EXPECT_EQ(copy->info().id, some_id);
  EXPECT_EQ(copy->info().created, Instant{77});
  const auto all = all_of(*copy);
  EXPECT_EQ(all[1].size(), 15'125u);
  EXPECT_TRUE(all == all_of_topic());
}

TEST_F(CopiedLogTest, ACopyThatWasRemovedIsFetched) {
  append_to_topic(0, 30'000);
  open().reset();
  std::filesystem::remove_all(options.copy);
  EXPECT_EQ(open()->note(), "");
  EXPECT_TRUE(all_of_copy() == all_of_topic());
}

TEST_F(CopiedLogTest, AShorterCopyIsContinued) {
  append_to_topic(0, 30'000);
  open().reset();
  std::filesystem::path first;  // a sorted file of the first fetch
  for (const auto& entry : std::filesystem::directory_iterator(options.copy)) {
    if (entry.path().extension() == ".sst") first = entry.path();
  }
  ASSERT_FALSE(first.empty());
  for (const std::uint64_t more : {100, 40'000}) {  // as it comes, and in files
    append_to_topic(30'000, more);
    const auto log = open();
    EXPECT_EQ(log->note(), "");
    EXPECT_TRUE(std::filesystem::exists(first)) << "it was fetched anew";
    EXPECT_TRUE(all_of(*log) == all_of_topic());
  }
  EXPECT_TRUE(all_of_copy() == all_of_topic());
}

TEST_F(CopiedLogTest, ACopyOfAnotherLogIsFetchedAnew) {
  append_to_topic(0, 1'000);
  open().reset();
  options.kafka.address = broker().new_topic();
  KafkaLog::create(options.kafka.address, {}, some_partitions, {1, 2}, Instant{78});
  append_to_topic(5, 30'000);
  const auto log = open();
  EXPECT_NE(log->note().find("a copy of the log"), std::string::npos) << log->note();
  EXPECT_TRUE(all_of(*log) == all_of_topic());
}

// The same log made again, as after its brokers were lost: its id says nothing, its last records do.
TEST_F(CopiedLogTest, ACopyThatDiffersInItsLastRecordIsFetchedAnew) {
  append_to_topic(0, 1'000);
  open().reset();
  options.kafka.address = broker().new_topic();
  KafkaLog::create(options.kafka.address, {}, some_partitions, some_id, Instant{77});
  append_to_topic(4, 2'000);
  {
    const auto log = open();
    EXPECT_NE(log->note().find("is not that of the log"), std::string::npos) << log->note();
    EXPECT_TRUE(all_of(*log) == all_of_topic());
  }
  EXPECT_EQ(open()->note(), "");
}

TEST_F(CopiedLogTest, ACopyThatIsLongerThanTheTopicIsFetchedAnew) {
  append_to_topic(0, 1'000);
  open().reset();
  options.kafka.address = broker().new_topic();
  KafkaLog::create(options.kafka.address, {}, some_partitions, some_id, Instant{77});
  append_to_topic(0, 900);
  const auto log = open();
  EXPECT_NE(log->note().find("but the log ends at 225"), std::string::npos) << log->note();
  EXPECT_TRUE(all_of(*log) == all_of_topic());
}

TEST_F(CopiedLogTest, ADamagedCopyIsFetchedAnewAndUntilThenReadFromTheTopic) {
  append_to_topic(0, 60'000);
  open().reset();
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(options.copy)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
  }
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 3));
    file << "not what was written";
  }
  {
    const auto log = open();
    EXPECT_TRUE(all_of(*log) == all_of_topic());
    EXPECT_NE(log->copy_trouble().find("damaged"), std::string::npos) << log->copy_trouble();
    append(*log, 60'000, 100);
    EXPECT_TRUE(all_of(*log) == all_of_topic());
  }
  const auto log = open();
  EXPECT_NE(log->note().find("damage"), std::string::npos) << log->note();
  EXPECT_EQ(log->copy_trouble(), "");
  EXPECT_TRUE(all_of(*log) == all_of_topic());
}

TEST_F(CopiedLogTest, AHalfMadeFileOfAKilledFetchIsNoHindrance) {
  append_to_topic(0, 30'000);
  open().reset();
  std::ofstream(options.copy / "fetched" / "2.sst") << "half";
  append_to_topic(30'000, 30'000);
  const auto log = open();
  EXPECT_EQ(log->note(), "");
  EXPECT_TRUE(all_of(*log) == all_of_topic());
  EXPECT_TRUE(std::filesystem::is_empty(options.copy / "fetched"));
}

TEST_F(CopiedLogTest, AnotherDatabaseInItsPlaceIsLeftAlone) {
  EmbeddedLog::create(options.copy, some_partitions, some_id, Instant{77});
  EXPECT_THROW((void)open(), LogRefused);
  EXPECT_TRUE(EmbeddedLog::exists(options.copy));
}

TEST_F(CopiedLogTest, ACopyHasOneProcess) {
  append_to_topic(0, 100);
  const auto log = open();
  EXPECT_THROW((void)open(), LogInUse);
  EXPECT_TRUE(all_of(*log) == all_of_topic());
}

INSTANTIATE_TYPED_TEST_SUITE_P(Copied, LogContract, CopiedLogUnderTest<(64 << 20)>);
INSTANTIATE_TYPED_TEST_SUITE_P(CopiedFromDisk, LogContract, CopiedLogUnderTest<0>);

}  // namespace
}  // namespace geleit
