#include "events/log_info.h"

#include <gtest/gtest.h>

#include "events/embedded_log.h"
#include "events/memory_log.h"
#include "tests/contract/log_steps.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

TEST(LogInfo, TellsOfEveryPartitionAndOfTheWhole) {
  std::int64_t now_ms = 0;
  MemoryLogOptions options;
  options.partitions = 3;
  options.clock = [&] { return Instant{now_ms}; };
  options.delivery = Delivery::at_once;
  MemoryLog log(std::move(options));
  for (const auto& [partition, at] : {std::pair{2, 5'000}, {0, 6'000}, {2, 7'000}, {2, 9'000}, {0, 8'000}}) {
    now_ms = at;
    log.append({{Partition{static_cast<std::uint16_t>(partition)}, record_bytes(1)}}, {});
  }
  const LogReport report = report_on(log);
  EXPECT_EQ(report.log.partitions, 3);
  EXPECT_EQ(report.records, 5u);
  EXPECT_EQ(report.first_recorded, Instant{5'000});
  EXPECT_EQ(report.last_recorded, Instant{9'000});
  EXPECT_EQ(report.bytes_on_disk, std::nullopt);
  ASSERT_EQ(report.partitions.size(), 3u);
  EXPECT_EQ(report.partitions[0].end, Offset{2});
  EXPECT_EQ(report.partitions[0].first_recorded, Instant{6'000});
  EXPECT_EQ(report.partitions[0].last_recorded, Instant{8'000});
  EXPECT_EQ(report.partitions[1].end, Offset{0});
  EXPECT_EQ(report.partitions[1].first_recorded, std::nullopt);
  EXPECT_EQ(report.partitions[1].last_recorded, std::nullopt);
  EXPECT_EQ(report.partitions[2].end, Offset{3});
}

TEST(LogInfo, TellsOfAnEmbeddedLogWhileItIsInUse) {
  TemporaryDirectory temporary;
  EmbeddedLog::create(temporary.path(), 2, Uuid{1, 2}, Instant{42});
  EmbeddedLogOptions options;
  options.dir = temporary.path();
  options.clock = [] { return Instant{1'000}; };
  const auto log = EmbeddedLog::open(std::move(options));
  EXPECT_EQ(report_on(*EmbeddedLog::open_read_only(temporary.path())).first_recorded, std::nullopt);
  ASSERT_EQ(append_and_wait(*log, {{Partition{1}, record_bytes(1, 100'000)}}), "");
  const LogReport report = report_on(*EmbeddedLog::open_read_only(temporary.path()));
  EXPECT_EQ(report.log.created, Instant{42});
  EXPECT_EQ(report.records, 1u);
  EXPECT_EQ(report.last_recorded, Instant{1'000});
  EXPECT_GT(report.bytes_on_disk.value_or(0), 100'000u);
}

}  // namespace
}  // namespace geleit
