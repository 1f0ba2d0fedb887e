#include "tests/contract/log_contract.h"

#include <filesystem>

#include "events/embedded_log.h"
#include "events/memory_log.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

constexpr Uuid some_id{0x0123456789ab7cdeULL, 0x8123456789abcdefULL};

struct SetClock {
  static constexpr bool clock_is_set = true;
  std::int64_t now_ms() const { return ms; }
  void set_clock(std::int64_t to) { ms = to; }
  std::atomic<std::int64_t> ms = 1'700'000'000'000;
};

struct MemoryLogUnderTest : SetClock {
  explicit MemoryLogUnderTest(std::uint16_t partitions) {
    MemoryLogOptions options;
    options.partitions = partitions;
    options.id = some_id;
    options.created = Instant{1};
    options.clock = [this] { return Instant{now_ms()}; };
    log_ = std::make_unique<MemoryLog>(std::move(options));
  }
  Log& log() { return *log_; }
  void reopen() {
    log_->crash();
    log_->restart();
  }
  void stop_writing() { blocker_.block(*log_); }
  void go_on() { blocker_.open(); }

 private:
  Blocker blocker_;
  std::unique_ptr<MemoryLog> log_;
};

// The second kind of reopening keeps so little in memory that nearly everything comes from the disk.
template <std::size_t recent_bytes_max>
struct EmbeddedLogUnderTest : SetClock {
  explicit EmbeddedLogUnderTest(std::uint16_t partitions) {
    EmbeddedLog::create(dir_.path(), partitions, some_id, Instant{1});
    open();
  }
  Log& log() { return *log_; }
  void reopen() {
    log_.reset();
    open();
  }
  void stop_writing() { blocker_.block(*log_); }
  void go_on() { blocker_.open(); }

 private:
  void open() {
    EmbeddedLogOptions options;
    options.dir = dir_.path();
    options.clock = [this] { return Instant{now_ms()}; };
    options.recent_bytes_max = recent_bytes_max;
    log_ = EmbeddedLog::open(std::move(options));
  }
  TemporaryDirectory dir_;
  Blocker blocker_;
  std::unique_ptr<EmbeddedLog> log_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LogContract, MemoryLogUnderTest);
INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, LogContract, EmbeddedLogUnderTest<(64 << 20)>);
INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedFromDisk, LogContract, EmbeddedLogUnderTest<0>);

}  // namespace
}  // namespace geleit
