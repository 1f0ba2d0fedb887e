// What the store promises: whoever reads sees the rows, and what the tables say about themselves, of one
// moment.
#include "projections/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>

#include "projections/rebuild.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

class TheStore : public ::testing::Test {
 protected:
  static StoreState state_of(std::uint64_t events) {
    StoreState state;
    state.log = {1, 2};
    state.reached.resize(1);
    state.events = events;
    return state;
  }
  /// So many rows, each of which says `number`, and a state that says the same.
  void write(std::uint64_t number, int rows = 200) {
    auto batch = store_->batch();
    for (int row = 0; row < rows; ++row)
      batch->put(Table::stored_cases, std::to_string(row), std::to_string(number));
    store_->write(std::move(batch), state_of(number));
  }
  static void expect_one_moment(const Snapshot& snapshot) {
    const std::string events = std::to_string(snapshot.state().events);
    snapshot.scan(Table::stored_cases, "", false, [&](std::string_view, std::string_view value) {
      EXPECT_EQ(value, events);
      return value == events;
    });
  }

  TemporaryDirectory dir_;
  std::unique_ptr<Store> store_ = Store::open({.dir = dir_.path() / "tables"});
};

TEST_F(TheStore, SnapshotsHaveTheStateOfTheirRowsWhileBatchesAreWritten) {
  write(1);
  std::atomic<std::uint64_t> read{0};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested() && !HasFailure()) {
          expect_one_moment(*store_->snapshot());
          ++read;
        }
      });
    }
    for (std::uint64_t number = 2; number < 1'000 || read < 1'000; ++number) write(number);
  }
  EXPECT_GE(read, 1'000U);
}

TEST_F(TheStore, AStateIsKnownAgainAfterASwitchAndAfterItWasClosed) {
  EXPECT_EQ(store_->snapshot()->state(), StoreState{});
  write(7);
  const std::vector<Table> tables{Table::stored_cases};
  auto generation = store_->begin(tables);
  {
    const auto loader = generation->loader();
    loader->put(Table::stored_cases, 0, "0", "8");
    loader->finish();
  }
  auto before = store_->snapshot();
  store_->adopt(std::move(generation), store_->batch(), state_of(8));
  EXPECT_EQ(store_->snapshot()->state().events, 8U);
  expect_one_moment(*store_->snapshot());
  EXPECT_EQ(before->state().events, 7U);
  expect_one_moment(*before);
  write(9, 1);
  expect_one_moment(*store_->snapshot());
  before.reset();
  store_.reset();
  store_ = Store::open({.dir = dir_.path() / "tables"});
  EXPECT_EQ(store_->snapshot()->state().events, 9U);
  expect_one_moment(*store_->snapshot());
}

TEST_F(TheStore, OfTwoChangesOfARowInABatchTheLaterCounts) {
  auto batch = store_->batch();
  batch->put(Table::trail, "b", "first");
  batch->put(Table::trail, "a", "first");
  batch->remove(Table::trail, "a");
  batch->put(Table::trail, "b", "second");
  batch->remove(Table::trail, "c");
  batch->put(Table::trail, "c", "third");
  store_->write(std::move(batch), state_of(1));
  std::string rows;
  store_->snapshot()->scan(Table::trail, "", false, [&](std::string_view key, std::string_view value) {
    rows.append(key).append("=").append(value).append(" ");
    return true;
  });
  EXPECT_EQ(rows, "b=second c=third ");
}

}  // namespace
}  // namespace geleit
