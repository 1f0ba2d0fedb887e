// A history that was moved to another log (`geleit log copy`), in either direction: the same bytes, the same
// times, the same tables, and a mark that nobody takes for an event.
#include "events/history_copy.h"

#include <gtest/gtest.h>

#include <map>

#include "events/chain.h"
#include "events/copied_log.h"
#include "events/copy_mark.h"
#include "events/embedded_log.h"
#include "events/kafka_log.h"
#include "projections/rebuild.h"
#include "tests/contract/kafka_broker.h"
#include "tests/contract/log_steps.h"
#include "tests/replay/invented_history.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

constexpr std::uint16_t some_partitions = 4;
constexpr Uuid source_id{0x0123456789ab7cdeULL, 0x8123456789abcdefULL};
const LogInfo made{{7, 8}, some_partitions, Instant{1'720'000'000'000}, {}, {}};

KafkaBroker& broker() {
  static KafkaBroker one;
  return one;
}

std::unique_ptr<EmbeddedLog> open_at(const std::filesystem::path& dir, std::function<Instant()> clock) {
  EmbeddedLogOptions options;
  options.dir = dir;
  options.clock = std::move(clock);
  return EmbeddedLog::open(std::move(options));
}

class HistoryCopy : public ::testing::Test {
 protected:
  TemporaryDirectory dir;
  std::filesystem::path source_dir = dir.path() / "source";
  std::int64_t now = 1'700'000'000'000;
  std::uint64_t records = 0;  ///< of the source

  /// Cases of every kind, a record that lost its race and one that is no event, recorded one a second.
  void write_source() {
    EmbeddedLog::create(source_dir, some_partitions, source_id, Instant{now - 1'000});
    const auto log = open_at(source_dir, [this] { return Instant{now += 1'000}; });
    testing::History history(*log);
    history.lives(40);
    const std::string late =
        history.make(testing::History::case_id(3), CareTeamAssigned{"late", {}}, "hana-muenchen");
    history.visited(3, 20);
    history.append_raw(testing::History::case_id(3), late);
    EXPECT_EQ(append_and_wait(*log, {{Partition{2}, record_bytes(1)}}), "");
    for (const Offset end : log->ends()) records += end.value;
  }
  std::unique_ptr<ReadableLog> source() const { return EmbeddedLog::open_read_only(source_dir); }

  static HistoryCopied copy(const ReadableLog& from, CopyTarget& to) { return copy_history(from, to, {}); }
  HistoryCopied copy_to_directory(const ReadableLog& from, const std::string& name) {
    return copy(from, *open_embedded_target(dir.path() / name, made));
  }
  static HistoryCopied copy_to_kafka(const ReadableLog& from, const KafkaAddress& address) {
    return copy(from, *open_kafka_target(address, {}, made));
  }

  /// Bytes and times are the same, one further on.
  static void expect_copy(const ReadableLog& source, const ReadableLog& copy) {
    for (std::uint16_t p = 0; p < some_partitions; ++p) {
      const auto old = read_all(source, Partition{p});
      auto now = read_all(copy, Partition{p});
      ASSERT_EQ(now.size(), old.size() + 1);
      const auto mark = decode_copy_mark(now.front().bytes);
      ASSERT_TRUE(mark);
      EXPECT_EQ(mark->source, source.info().id);
      EXPECT_EQ(mark->source_end, Offset{old.size()});
      EXPECT_EQ(mark->end, Offset{now.size()});
      EXPECT_LE(now.front().recorded, now[1].recorded);
      std::vector<Position> asked;
      for (std::size_t i = 0; i < old.size(); ++i) {
        EXPECT_EQ(now[i + 1].bytes, old[i].bytes);
        EXPECT_EQ(now[i + 1].recorded, old[i].recorded);
        asked.push_back({Partition{p}, Offset{i + 1}});
      }
      std::size_t i = 0;
      copy.read_at(asked, [&](const StoredRecord& r) { EXPECT_EQ(r.recorded, old[i++].recorded); });
    }
  }
  /// Every table but for those that say where records lie, key and value, and what is counted.
  std::map<std::string, std::string> tables_of(const ReadableLog& log, const std::string& name) {
    const auto store = Store::open({.dir = dir.path() / ("tables-" + name)});
    RuleBook rules;
    rebuild_from_log(log, *store, rules, log.ends(), {});
    const auto snapshot = store->snapshot();
    std::map<std::string, std::string> all;
    for (const TableInfo& table : all_tables) {
      if (table.table == Table::trail || table.table == Table::stale) continue;
      snapshot->scan(table.table, "", false, [&](std::string_view key, std::string_view value) {
        all[std::string(table.name) + ":" + std::string(key)] = value;
        return true;
      });
    }
    const StoreState& state = snapshot->state();
    all["events"] = std::to_string(state.events);
    all["stale"] = std::to_string(state.stale);
    all["foreign"] = std::to_string(state.foreign);
    for (std::size_t p = 0; p < state.reached.size(); ++p) {
      all["recorded " + std::to_string(p)] = std::to_string(state.reached[p].recorded.ms);
    }
    EXPECT_GT(state.events, 300u);
    EXPECT_EQ(state.stale, 1u);
    EXPECT_EQ(state.foreign, 1u);
    return all;
  }
};

TEST_F(HistoryCopy, ACopyInADirectoryHasTheSameBytesTimesAndTables) {
  write_source();
  const HistoryCopied copied = copy_to_directory(*source(), "copy");
  EXPECT_EQ(copied.records, records);
  const auto log = EmbeddedLog::open_read_only(dir.path() / "copy");
  EXPECT_EQ(log->info().id, made.id);
  expect_copy(*source(), *log);
  EXPECT_EQ(tables_of(*source(), "source"), tables_of(*log, "copy"));
}

TEST_F(HistoryCopy, ACopyOnKafkaHasTheSameBytesTimesAndTablesAndComesBackAsItWas) {
  write_source();
  const KafkaAddress address = broker().new_topic();
  EXPECT_EQ(copy_to_kafka(*source(), address).records, records);
  const auto topic = KafkaLog::open_read_only({address, {}, 0});
  expect_copy(*source(), *topic);
  EXPECT_EQ(tables_of(*source(), "source"), tables_of(*topic, "topic"));
  const auto local = CopiedLog::open({{address, {}, 0}, dir.path() / "local", {}});
  local->catch_up();
  expect_copy(*source(), *local);

  // The way back: a copy of a copy has one mark, and the records where they lay in the first copy.
  EXPECT_EQ(copy_to_directory(*topic, "back").records, records);
  const auto back = EmbeddedLog::open_read_only(dir.path() / "back");
  EXPECT_EQ(copy_marks_of(*back)[1]->source, topic->info().id);
  for (std::uint16_t p = 0; p < some_partitions; ++p) {
    auto expected = read_all(*topic, Partition{p});
    auto found = read_all(*back, Partition{p});
    expected.erase(expected.begin());
    found.erase(found.begin());
    EXPECT_EQ(found, expected);
  }
  EXPECT_EQ(tables_of(*source(), "again"), tables_of(*back, "back"));
}

TEST_F(HistoryCopy, WhatIsAppendedLaterIsRecordedWhenItIsAppended) {
  write_source();
  const KafkaAddress address = broker().new_topic();
  copy_to_kafka(*source(), address);
  const auto log = KafkaLog::open({address, {}, 0});
  ASSERT_EQ(append_and_wait(*log, {{Partition{0}, record_bytes(5)}}), "");
  const auto all = read_all(*log, Partition{0});
  EXPECT_GT(all.back().recorded.ms, 1'790'000'000'000);  // long after the copied ones
  EXPECT_LT(all[all.size() - 2].recorded.ms, 1'710'000'000'000);
}

// Somebody who writes to the topic could claim any time.
TEST_F(HistoryCopy, TheTimeBesideARecordIsBelievedOnlyBeforeTheEndOfTheCopy) {
  write_source();
  const KafkaAddress address = broker().new_topic();
  copy_to_kafka(*source(), address);
  std::promise<std::string> outcome;
  const auto log = KafkaLog::open({address, {}, 0});
  log->append_copied({{Partition{0}, record_bytes(5)}}, {Instant{5}},
                     [&](const Appended& a) { outcome.set_value(a.error); });
  ASSERT_EQ(outcome.get_future().get(), "");
  EXPECT_GT(read_all(*log, Partition{0}).back().recorded.ms, 1'790'000'000'000);
  const KafkaAddress other = broker().new_topic();
  KafkaLog::create(other, {}, some_partitions, source_id, Instant{1});
  const auto unmarked = KafkaLog::open({other, {}, 0});
  std::promise<std::string> second;
  unmarked->append_copied({{Partition{0}, record_bytes(5)}}, {Instant{5}},
                          [&](const Appended& a) { second.set_value(a.error); });
  ASSERT_EQ(second.get_future().get(), "");
  EXPECT_GT(read_all(*unmarked, Partition{0}).back().recorded.ms, 1'790'000'000'000);
}

/// Ends as a killed process would, after so many batches.
class Interrupted final : public CopyTarget {
 public:
  Interrupted(std::unique_ptr<CopyTarget> target, int writes) : target_(std::move(target)), left_(writes) {}
  const ReadableLog& log() const override { return target_->log(); }
  void write(std::vector<NewRecord> records, std::vector<Instant> recorded) override {
    if (left_-- == 0) {
      target_->flush();
      throw LogUnavailable("interrupted");
    }
    target_->write(std::move(records), std::move(recorded));
  }
  void flush() override { target_->flush(); }

 private:
  std::unique_ptr<CopyTarget> target_;
  int left_;
};

TEST_F(HistoryCopy, InterruptedItGoesOnWhereItStopped) {
  write_source();
  const KafkaAddress address = broker().new_topic();
  for (const int writes : {2, 4, 1}) {  // among the marks, and after some partitions
    Interrupted directory(open_embedded_target(dir.path() / "copy", made), writes);
    EXPECT_THROW(copy(*source(), directory), LogUnavailable);
    Interrupted kafka(open_kafka_target(address, {}, made), writes);
    EXPECT_THROW(copy(*source(), kafka), LogUnavailable);
    EXPECT_THROW(require_whole_copy(*EmbeddedLog::open_read_only(dir.path() / "copy")), LogRefused);
    EXPECT_THROW(require_whole_copy(*KafkaLog::open_read_only({address, {}, 0})), LogRefused);
  }
  const HistoryCopied rest = copy_to_directory(*source(), "copy");
  EXPECT_EQ(rest.records, records);
  EXPECT_GT(rest.copied, 0u);
  EXPECT_LT(rest.copied, records);
  EXPECT_LT(copy_to_kafka(*source(), address).copied, records);
  expect_copy(*source(), *EmbeddedLog::open_read_only(dir.path() / "copy"));
  expect_copy(*source(), *KafkaLog::open_read_only({address, {}, 0}));
  EXPECT_EQ(copy_to_kafka(*source(), address).copied, 0u);
  EXPECT_NO_THROW(require_whole_copy(*KafkaLog::open_read_only({address, {}, 0})));
  EXPECT_NO_THROW(require_whole_copy(*source()));
}

TEST_F(HistoryCopy, ATargetThatHoldsSomethingElseIsRefused) {
  write_source();
  const auto directory = dir.path() / "other";
  EmbeddedLog::create(directory, some_partitions, {3, 4}, Instant{});
  {
    const auto log = open_at(directory, [] { return Instant{1}; });
    ASSERT_EQ(append_and_wait(*log, {{Partition{1}, record_bytes(1)}}), "");
  }
  EXPECT_THROW(copy_to_directory(*source(), "other"), LogRefused);
  EmbeddedLog::create(dir.path() / "more", some_partitions + 1, {3, 4}, Instant{});
  EXPECT_THROW(copy_to_directory(*source(), "more"), LogRefused);
  // A finished copy that somebody has begun to write to.
  copy_to_directory(*source(), "copy");
  {
    const auto log = open_at(dir.path() / "copy", [] { return Instant{1}; });
    ASSERT_EQ(append_and_wait(*log, {{Partition{1}, record_bytes(1)}}), "");
  }
  EXPECT_THROW(copy_to_directory(*source(), "copy"), LogRefused);
}

TEST_F(HistoryCopy, AMarkAnywhereElseIsForeign) {
  CopyMark mark;
  mark.source = source_id;
  const std::string bytes = encode_copy_mark(mark);
  EXPECT_EQ(decode_copy_mark(bytes), mark);
  EXPECT_EQ(bytes.size() % 8, 0u);
  EXPECT_FALSE(link_of(bytes));
  EXPECT_EQ(recompute_hash(bytes), stated_hash(bytes));
  EXPECT_TRUE(is_copy_mark({Partition{0}, Offset{0}, Instant{}, bytes}));
  EXPECT_FALSE(is_copy_mark({Partition{0}, Offset{1}, Instant{}, bytes}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string wrong = bytes;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    EXPECT_FALSE(decode_copy_mark(wrong)) << i;
  }
}

}  // namespace
}  // namespace geleit
