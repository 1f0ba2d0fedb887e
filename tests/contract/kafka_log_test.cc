// The log on a real broker: everything that every log promises (tests/contract/log_contract.h), and what only
// this one does.
#include "events/kafka_log.h"

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

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, LogContract, KafkaLogUnderTest<(64 << 20)>);
INSTANTIATE_TYPED_TEST_SUITE_P(KafkaFromBroker, LogContract, KafkaLogUnderTest<0>);

}  // namespace
}  // namespace geleit
