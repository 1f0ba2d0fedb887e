// The whole service on a disk that is full, read-only, slow, or says that a sync has failed: commands are
// answered 503, reads go on, nothing is lost or done twice, and it comes back by itself.
#include "tests/faulty_disk.h"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "projections/rebuild.h"
#include "tests/simulation/small_service.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

class FaultyDiskTest : public testing::Test {
 protected:
  TemporaryDirectory temporary;
  std::filesystem::path dir = temporary.path() / "data";
  FaultyEnv faulty;
  FaultyDisk& disk = *faulty.disk;
  std::optional<SmallService> service;
  std::set<std::string> accepted;  ///< commands that were answered so

  void start() {
    service.reset();
    service.emplace(dir, faulty.env.get());
  }
  bool tell(const std::string& json) {
    const Answer answer = service->tell(json);
    if (const auto* refused = std::get_if<Rejection>(&answer)) {
      EXPECT_EQ(refused->kind, RejectionKind::not_ready) << refused->detail.en;
      return false;
    }
    accepted.insert(json);
    return true;
  }
  /// As a client does who was told to try again.
  bool tell_until_accepted(const std::string& json) {
    for (int i = 0; i < 600; ++i) {
      if (tell(json)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  std::uint64_t records() {
    std::uint64_t sum = 0;
    for (const Offset end : (*service)->log().ends()) sum += end.value;
    return sum;
  }
  /// All that was accepted is there, once, and the tables are what the log says.
  void expect_whole() {
    ASSERT_TRUE(service->settles());
    const auto state = (*service)->store().snapshot()->state();
    EXPECT_EQ(state.foreign, 0u);
    for (const std::string& json : accepted) {
      const Answer again = service->tell(json);
      ASSERT_TRUE(std::holds_alternative<Accepted>(again)) << json;
      EXPECT_TRUE(std::get<Accepted>(again).repeated) << json;
    }
    EXPECT_EQ(state.events, accepted.size() + 1);  // and the rule set
    const auto differences =
        check_tables((*service)->log(), (*service)->store(), temporary.path() / "afresh", {});
    for (const auto& difference : differences)
      ADD_FAILURE() << "table " << static_cast<int>(difference.table);
    EXPECT_TRUE((*service)->keys().findings().empty());
  }
  bool reads() {
    try {
      const auto snapshot = (*service)->store().snapshot();
      bool any = false;
      snapshot->scan(Table::cases, "", false, [&](auto, auto) { return !(any = true); });
      const Position first{partition_of(CaseId{*parse_uuid(SmallService::uuid(2, 0))}, 8), Offset{0}};
      (*service)->log().read_at(std::span(&first, 1), [](const StoredRecord&) {});
      return any;
    } catch (const std::exception& failure) {
      ADD_FAILURE() << failure.what();
      return false;
    }
  }
};

TEST_F(FaultyDiskTest, OnAFullDiskCommandsWaitAndReadsGoOnUntilThereIsRoom) {
  start();
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(tell(SmallService::referral(n)));
  for (int round = 0; round < 4; ++round) {
    // Each round another of the three meets the end first: which write does not fit is drawn by its size.
    disk.room = 300 + 900 * round;
    const int failures = disk.failures;
    int refused = 0;
    for (int n = 0; n < 30; ++n) refused += tell(SmallService::team(n % 20, round * 100 + n)) ? 0 : 1;
    EXPECT_FALSE(tell(SmallService::referral(100 + round)));
    EXPECT_GT(refused, 0);
    EXPECT_GT(disk.failures, failures);
    EXPECT_TRUE(reads());
    EXPECT_FALSE((*service)->troubles().empty());
    disk.room = -1;
    EXPECT_TRUE(tell_until_accepted(SmallService::referral(100 + round)));
    for (int i = 0; i < 300 && !(*service)->troubles().empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (const auto& trouble : (*service)->troubles()) ADD_FAILURE() << trouble.part << ": " << trouble.what;
  }
  // What was answered 503 may lie in the log all the same; told again it is a repetition.
  for (int round = 0; round < 4; ++round) {
    for (int n = 0; n < 30; ++n)
      ASSERT_TRUE(tell_until_accepted(SmallService::team(n % 20, round * 100 + n)));
  }
  expect_whole();
  start();
  expect_whole();
}

TEST_F(FaultyDiskTest, AReadOnlyDiskIsReadAndComesBackWithoutARestart) {
  start();
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(tell(SmallService::referral(n)));
  for (int round = 0; round < 2; ++round) {
    disk.read_only = true;
    EXPECT_FALSE(tell(SmallService::team(1, round)));
    EXPECT_FALSE(tell(SmallService::referral(50 + round)));
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(reads());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_FALSE((*service)->troubles().empty());
    disk.read_only = false;
    EXPECT_TRUE(tell_until_accepted(SmallService::team(1, round)));
    EXPECT_TRUE(tell_until_accepted(SmallService::referral(50 + round)));
    EXPECT_TRUE(service->settles());
  }
  expect_whole();
  start();
  expect_whole();
}

TEST_F(FaultyDiskTest, AFailedSyncIsAnsweredAsNotDoneAndNothingIsDoneTwice) {
  start();
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(tell(SmallService::referral(n)));
  for (int round = 0; round < 3; ++round) {
    disk.syncs_fail = true;
    EXPECT_FALSE(tell(SmallService::team(2, round)));
    EXPECT_FALSE(tell(SmallService::referral(60 + round)));
    EXPECT_TRUE(reads());
    disk.syncs_fail = false;
    EXPECT_TRUE(tell_until_accepted(SmallService::team(2, round)));
    EXPECT_TRUE(tell_until_accepted(SmallService::referral(60 + round)));
  }
  expect_whole();
  service.reset();
  disk.cut_power();
  start();
  expect_whole();
}

TEST_F(FaultyDiskTest, ASlowDiskMakesCommandsSlowAndNothingElse) {
  start();
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(tell(SmallService::referral(n)));
  ASSERT_TRUE(service->settles());
  disk.sync_takes_ms = 400;
  auto slow = std::async(std::launch::async, [&] { return service->accepts(SmallService::team(3, 1)); });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(reads());
  EXPECT_EQ(slow.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  EXPECT_TRUE(slow.get());
  accepted.insert(SmallService::team(3, 1));
  disk.sync_takes_ms = 0;
  expect_whole();
}

// Whatever was not synced is lost, at any moment, again and again.
TEST_F(FaultyDiskTest, APowerCutLosesNothingThatWasAnswered) {
  int number = 0;
  for (int round = 0; round < 6; ++round) {
    start();
    for (int n = 0; n < 5 + round; ++n) {
      ASSERT_TRUE(tell(SmallService::referral(number)));
      ASSERT_TRUE(tell(SmallService::team(number++, 0)));
    }
    const auto after = temporary.path() / fmt::format("after-{}", round);
    disk.copy_as_if_power_were_cut(dir, after);
    service.reset();
    dir = after;
    start();
    expect_whole();
  }
}

}  // namespace
}  // namespace geleit
