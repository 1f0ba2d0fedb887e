#include "services/audit/provider_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "events/memory_log.h"
#include "tests/replay/invented_history.h"

namespace geleit {
namespace {

using testing::History;

constexpr std::string_view ours = "hana-muenchen", theirs = "nachsorge-001";

/// A log whose clock the test sets; cases 0, 3, 6 … are ours, case 1 is theirs.
class AProvidersRecords : public ::testing::Test {
 protected:
  AProvidersRecords() : log(options()), history(log) {}

  MemoryLogOptions options() {
    MemoryLogOptions o;
    o.partitions = 2;
    o.clock = [this] { return now; };
    o.delivery = Delivery::at_once;
    return o;
  }
  void on(int month, int day, int hour = 12) { now = berlin_time(civil(2026, month, day), hour, 0); }
  [[nodiscard]] ProviderRecords of(std::string_view provider = ours) const {
    const RecordedRange june{berlin_midnight(civil(2026, 6, 1)), berlin_midnight(civil(2026, 7, 1))};
    return {log, provider, june, {}, {}};
  }
  static std::size_t count_of(const ProviderRecords& records, int n) {
    return static_cast<std::size_t>(
        std::count_if(records.records().begin(), records.records().end(),
                      [&](const auto& kept) { return kept.stream == History::case_id(n); }));
  }

  Instant now = berlin_time(civil(2026, 5, 1), 12, 0);
  MemoryLog log;
  History history;
};

TEST_F(AProvidersRecords, AreItsCasesAndTheSettingsInLogOrder) {
  history.referred(0);
  history.referred(1);
  history.referred(3);
  const ProviderRecords records = of();
  EXPECT_EQ(count_of(records, 0) + count_of(records, 3), 2u);
  EXPECT_EQ(count_of(records, 1), 0u);
  ASSERT_EQ(records.records().size(), 3u) << "and the shipped rule set";
  EXPECT_TRUE(std::is_sorted(records.records().begin(), records.records().end(),
                             [](const auto& a, const auto& b) { return a.at < b.at; }));
}

TEST_F(AProvidersRecords, OfACaseBelongToWhoOpenedItWhateverAStaleRecordSays) {
  const std::string late = history.make(History::case_id(1), CareTeamAssigned{"m.roth", {}}, ours);
  history.referred(1);
  history.append_raw(History::case_id(1), late);  // version 1 again, naming us
  EXPECT_EQ(count_of(of(), 1), 0u);
  const ProviderRecords records = of(theirs);
  ASSERT_EQ(count_of(records, 1), 2u);
  EXPECT_EQ(records.records().back().standing, Standing::stale);
}

TEST_F(AProvidersRecords, EndWithTheLastMomentOfTheRange) {
  on(5, 31, 23);
  history.referred(0);
  on(6, 1, 0);
  history.referred(3);
  now.ms = berlin_midnight(civil(2026, 7, 1)).ms - 1;
  history.referred(6);
  EXPECT_FALSE(of().final()) << "no partition has a record after it";
  on(7, 1, 0);
  for (int n = 9; n < 60; n += 3) history.referred(n);
  const ProviderRecords records = of();
  EXPECT_TRUE(records.final());
  EXPECT_EQ(count_of(records, 0), 1u);
  EXPECT_EQ(count_of(records, 9), 0u);
  EXPECT_EQ(records.cases_in_range(), (std::set{History::case_id(3), History::case_id(6)}));
}

TEST_F(AProvidersRecords, GiveTheLogAgain) {
  for (const int n : {0, 1, 3, 6}) history.referred(n);
  const ProviderRecords records = of();
  std::size_t read = 0;
  for (const Partition partition : {Partition{0}, Partition{1}}) {
    std::vector<StoredRecord> some;
    const auto reader = records.read(partition, Offset{});
    for (reader->next(some, 1); !some.empty(); reader->next(some, 1)) {
      ++read;
      const Position at{partition, some.front().offset};
      log.read_at(std::array{at},
                  [&](const StoredRecord& there) { EXPECT_EQ(there.bytes, some.front().bytes); });
      records.read_at(std::array{at},
                      [&](const StoredRecord& kept) { EXPECT_EQ(kept.bytes, some.front().bytes); });
    }
  }
  EXPECT_EQ(read, records.records().size());
  EXPECT_THROW(records.read_at(std::array{Position{Partition{0}, Offset{99}}}, [](const StoredRecord&) {}),
               LogCorrupt);
}

TEST_F(AProvidersRecords, KnowAProviderThatBeganLater) {
  EXPECT_FALSE(of().known());
  on(8, 1);
  history.referred(0);
  const ProviderRecords records = of();
  EXPECT_TRUE(records.known());
  EXPECT_TRUE(records.cases_in_range().empty());
}

}  // namespace
}  // namespace geleit
