// Tables of a past: however they are made, they are the tables that had stood there.
#include "projections/past.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "events/codec.h"
#include "events/memory_log.h"
#include "projections/projector.h"
#include "projections/rebuild.h"
#include "projections/table_keys.h"
#include "tests/replay/invented_history.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

using testing::History;
using Dump = std::map<std::string, std::string>;

Dump dump(const Snapshot& snapshot, Table table) {
  Dump out;
  snapshot.scan(table, "", false, [&](std::string_view key, std::string_view value) {
    out.emplace(key, value);
    return true;
  });
  return out;
}

class Past : public ::testing::Test {
 protected:
  static constexpr std::int64_t begin_ms = 1'772'000'000'000;

  Past() : log_(options()), history_(log_, 7) {
    store_ = Store::open({.dir = dir_.path() / "tables"});
    projector_ = std::make_unique<Projector>(log_, *store_, rules_);
    projector_->prepare({});
  }
  MemoryLogOptions options() {
    MemoryLogOptions options;
    options.partitions = 4;
    options.id = {1, 2};
    options.clock = [this] { return Instant{now_ms_ += 1'000}; };
    options.delivery = Delivery::at_once;
    return options;
  }
  void project() {
    while (projector_->step() > 0) {}
  }
  Instant some_instant() { return Instant{begin_ms + history_.below(static_cast<int>(now_ms_ - begin_ms))}; }
  std::shared_ptr<const Snapshot> present() { return store_->snapshot(); }
  PastAsk known_at(Instant at, std::optional<CivilDate> as_of = {}) {
    RecordedTimes times(log_);
    return {times.reached_by(present()->state(), at), as_of};
  }
  PastTables past(const PastAsk& ask, std::uint64_t in_memory_max, std::uint64_t part = 1) {
    return past_of_all(log_, rules_, ask, checkpoints_, dir_.path() / "past", {}, {}, {in_memory_max, part});
  }
  PastTables past_by_trail(const PastAsk& ask, std::span<const CaseId> cases) {
    const Progress unheard;
    Watched watched(unheard, {});
    return past_of_cases(log_, *present(), rules_, ask, cases, watched);
  }
  /// What the tables are that are made from the log's beginning and end there.
  std::unique_ptr<Store> from_zero(const PastAsk& ask) {
    const auto where = dir_.path() / "zero";
    std::filesystem::remove_all(where);
    auto store = Store::open({.dir = where});
    RuleBook rules;
    Positions until;
    for (const Reached& reached : ask.reached) until.push_back(reached.next);
    rebuild_from_log(log_, *store, rules, until, {}, {}, {}, ask.as_of);
    return store;
  }
  static void expect_same(const Snapshot& expected, const Snapshot& found) {
    EXPECT_EQ(expected.state(), found.state());
    EXPECT_EQ(expected.providers(), found.providers());
    for (const TableInfo& table : all_tables)
      EXPECT_EQ(dump(expected, table.table), dump(found, table.table)) << table.name;
  }
  /// The same rows, lists, figures and cases; trails and stale records are read from the present tables.
  static void expect_same_rows(const Snapshot& expected, const Snapshot& found) {
    for (const ReadModel& model : read_models())
      EXPECT_EQ(dump(expected, model.table), dump(found, model.table)) << name_of(model.table);
  }

  std::int64_t now_ms_ = begin_ms;
  TemporaryDirectory dir_;
  MemoryLog log_;
  History history_;
  RuleBook rules_;
  Checkpoints checkpoints_{dir_.path() / "checkpoints", 100};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(Past, KnownIsWhatWasRecordedByThen) {
  history_.lives(40);
  project();
  RecordedTimes times(log_);
  for (int i = 0; i < 50; ++i) {
    const Instant at = i == 0 ? Instant{begin_ms} : i == 1 ? Instant{now_ms_ + 1} : some_instant();
    const std::vector<Reached> found = times.reached_by(present()->state(), at);
    ASSERT_EQ(found.size(), 4U);
    for (std::uint16_t p = 0; p < 4; ++p) {
      Reached expected;
      const auto reader = log_.read(Partition{p}, {});
      std::vector<StoredRecord> records;
      for (reader->next(records, 100); !records.empty(); reader->next(records, 100)) {
        for (const StoredRecord& record : records) {
          if (record.recorded <= at)
            expected = {next(record.offset), stated_hash(record.bytes), record.recorded};
        }
      }
      EXPECT_EQ(found[p], expected) << p;
    }
  }
}

TEST_F(Past, FromACheckpointAndItsTailIsAsFromZero) {
  // Kept while it goes on, as the service does.
  for (int some = 0; some < 12; ++some) {
    history_.lives(10, 10 * some);
    project();
    checkpoints_.keep(*store_);
  }
  ASSERT_GE(checkpoints_.kept().size(), 3U);
  int from_checkpoint = 0;
  for (int i = 0; i < 100; ++i) {
    const PastAsk ask = known_at(some_instant());
    from_checkpoint += checkpoints_.open_before(ask.reached, log_.info().id, dir_.path() / "looked") ? 1 : 0;
    const PastTables made = past(ask, 0);
    EXPECT_TRUE(made.on_disk);
    expect_same(*from_zero(ask)->snapshot(), *made.snapshot);
    if (HasFailure()) FAIL() << "at " << ask.reached[0].next.value << " in partition 0";
  }
  EXPECT_GT(from_checkpoint, 50);
}

TEST_F(Past, CheckpointsAreFewAndTheFurtherBackTheFurtherApart) {
  for (int some = 0; some < 80; ++some) {
    history_.lives(6, 6 * some);
    project();
    checkpoints_.keep(*store_);
  }
  const auto kept = checkpoints_.kept();
  EXPECT_GE(kept.size(), 4U);
  EXPECT_LE(kept.size(), 16U);
  EXPECT_GT(kept.back() + 300, present()->state().events);
  EXPECT_LT(kept.front(), 400U);
}

TEST_F(Past, ACheckpointThatIsDamagedOnlyCostsTime) {
  history_.lives(20);
  project();
  checkpoints_.keep(*store_);
  history_.lives(20, 20);
  project();
  const auto kept = checkpoints_.kept();
  ASSERT_EQ(kept.size(), 1U);
  std::ofstream(dir_.path() / "checkpoints" / std::to_string(kept[0]) / "CURRENT") << "nonsense";
  const PastAsk ask = known_at(Instant{now_ms_ - 1'500});
  expect_same(*from_zero(ask)->snapshot(), *past(ask, 0).snapshot);
}

TEST_F(Past, InMemoryOnDiskAndByTrailItIsTheSame) {
  history_.lives(60);
  project();
  std::vector<CaseId> all;
  for (int n = 0; n < 60; ++n) all.push_back(History::case_id(n));
  for (int i = 0; i < 30; ++i) {
    std::optional<CivilDate> as_of;
    if (i % 2 == 1) as_of = civil(2026, 2, 10) + history_.below(160);
    const PastAsk ask = known_at(some_instant(), as_of);
    const PastTables in_memory = past(ask, 1'000'000);
    EXPECT_FALSE(in_memory.on_disk);
    expect_same(*from_zero(ask)->snapshot(), *in_memory.snapshot);
    expect_same_rows(*in_memory.snapshot, *past_by_trail(ask, all).snapshot);
    const CaseId id = History::case_id(history_.below(60));
    const auto until = ask.reached[partition_of(id, 4).value].next;
    const auto one = past_case(log_, *present(), id, until, as_of);
    const auto found = Reading(in_memory.snapshot).find_case(id);
    ASSERT_EQ(one.has_value(), found.has_value());
    if (one) { EXPECT_EQ(one->state, *found); }
    if (HasFailure()) FAIL() << "the " << i << ". time";
  }
}

TEST_F(Past, ACaseIsWhatItsRecordsSayWhicheverWayItIsFound) {
  history_.lives(60);
  project();
  std::map<std::string, int> met;
  for (int i = 0; i < 40; ++i) {
    const CivilDate as_of = civil(2026, 1, 20) + history_.below(220);
    const PastAsk ask =
        i % 2 == 0 ? PastAsk{present()->state().reached, as_of} : known_at(some_instant(), as_of);
    const PastTables all = past(ask, 1'000'000);
    for (int n = 0; n < 60; ++n) {
      const CaseId id = History::case_id(n);
      const Head head = decode_stored_case(*present()->get(Table::stored_cases, id_key(id.value))).head;
      const Offset until = ask.reached[partition_of(id, 4).value].next;
      auto positions = positions_along_trail(*present(), id, Version{1}, head.version);
      std::erase_if(positions, [&](const Position& position) { return position.offset >= until; });
      std::vector<std::string> kept;
      log_.read_at(positions, [&](const StoredRecord& record) { kept.emplace_back(record.bytes); });
      const std::vector<std::string_view> records(kept.begin(), kept.end());
      const PastFold read = fold_past(records, as_of);
      const auto one = past_case(log_, *present(), id, until, as_of);
      const auto found = Reading(all.snapshot).find_case(id);
      ASSERT_EQ(read.state.exists(), found.has_value());
      ASSERT_EQ(read.state.exists(), one.has_value());
      if (!one) {
        ++met["none"];
        continue;
      }
      ++met[one->counted.size() == records.size() ? "whole" : "in part"];
      ASSERT_EQ(read.state, *found);
      ASSERT_EQ(read.state, one->state);
      ASSERT_EQ(read.counted, one->counted);
    }
  }
  EXPECT_GT(met["none"], 100);
  EXPECT_GT(met["whole"], 100);
  EXPECT_GT(met["in part"], 100);
}

TEST_F(Past, TheLatestIsThePresent) {
  history_.lives(30);
  project();
  const PastAsk now = known_at(Instant{now_ms_});
  expect_same(*present(), *past(now, 1'000'000).snapshot);
}

TEST_F(Past, OneProvidersTablesHoldItsCasesOnly) {
  history_.lives(30);
  project();
  const ProviderCases of = cases_of(*store_, *present(), "hana-muenchen");
  EXPECT_EQ(of.cases.size(), 10U);
  const PastTables made = past_by_trail(known_at(some_instant()), of.cases);
  EXPECT_EQ(made.snapshot->providers(), std::vector<std::string>{"hana-muenchen"});
}

TEST_F(Past, RulesAreThoseThatWereKnown) {
  history_.lives(3);
  project();
  PastRules rules(log_, rules_);
  EXPECT_EQ(rules.known_by(*present(), present()->state().reached).get(), &rules_);
  EXPECT_TRUE(rules.known_by(*present(), known_at(Instant{begin_ms}).reached)->all().empty());
}

}  // namespace
}  // namespace geleit
