// The projector's promise: the tables are exactly the rows of a prefix of the log, however they came about.
#include "projections/projector.h"

#include <gtest/gtest.h>

#include <map>
#include <stop_token>
#include <tuple>

#include "events/memory_log.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/deadlines.h"
#include "projections/rebuild.h"
#include "projections/told_rows.h"
#include "tests/replay/invented_history.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

using testing::History;

class Projection : public ::testing::Test {
 protected:
  Projection() : log_(options()), history_(log_) {}

  static MemoryLogOptions options() {
    MemoryLogOptions options;
    options.partitions = 4;
    options.id = {1, 2};
    options.clock = [] { return Instant{1'772'000'000'000}; };
    options.delivery = Delivery::at_once;
    return options;
  }
  void project() {
    if (!store_) {
      store_ = Store::open({.dir = dir_.path() / "tables"});
      projector_ = std::make_unique<Projector>(log_, *store_, rules_);
      projector_->prepare({});
    }
    while (projector_->step() > 0) {}
  }
  void expect_tables_as_from_zero() {
    for (const Parked& parked : store_->parked()) {
      if (parked.table != Table::stored_cases) ADD_FAILURE() << "parked: " << parked.error;
    }
    const auto differences = check_tables(log_, *store_, dir_.path() / "scratch", {});
    for (const auto& difference : differences) {
      ADD_FAILURE() << "table " << static_cast<int>(difference.table) << ": " << difference.keys
                    << " keys differ, such as " << difference.example;
    }
  }
  StoreState state() { return store_->snapshot()->state(); }
  Case stored(int n) {
    return decode_stored_case(
               *store_->snapshot()->get(Table::stored_cases, id_key(History::case_id(n).value)))
        .state;
  }

  static CaseId settings_stream() { return {uuid_v5(geleit_namespace, "installation")}; }
  static SettingsAdopted other_rules() {
    static const auto set = shipped_rule_sets().back();
    static const std::string content = set->content() + "\n# the same in other words\n";
    return {SettingsScope::shipped, set->from(), sha256(content), content};
  }
  /// The same event, judged by another set.
  static std::string judged_by(const Hash& set, const std::string& bytes) {
    Event event = decode(bytes);
    event.judged_by.shipped = set;
    return encode(event);
  }
  static std::uint16_t partition_of_case(int n) { return partition_of(History::case_id(n), 4).value; }
  /// A case from `first` on whose records are met before those of `partition` where both are read at once.
  static int case_before(std::uint16_t partition, int first) {
    int n = first;
    while (partition_of_case(n) >= partition) ++n;
    return n;
  }

  TemporaryDirectory dir_;
  MemoryLog log_;
  History history_;
  RuleBook rules_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(Projection, SettingsThatAreNoRuleSetStandStillInTheirStreamAndNothingElseDoes) {
  history_.lives(3);
  project();
  SettingsAdopted nonsense;
  nonsense.content = "this is no rule set [";
  nonsense.hash = sha256(nonsense.content);
  const CaseId stream = settings_stream();
  std::vector<Parked> heard;
  projector_->on_parked([&](const Parked& parked) { heard.push_back(parked); });
  history_.append(history_.make(stream, nonsense, {}));
  history_.referred(50);
  project();
  history_.referred(51);
  project();
  EXPECT_EQ(stored(50).head.version, Version{1});
  EXPECT_EQ(stored(51).head.version, Version{1});
  ASSERT_EQ(store_->parked().size(), 1u);
  EXPECT_EQ(store_->parked().front().id, stream);
  EXPECT_FALSE(store_->parked().front().error.empty());
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard.front().error, store_->parked().front().error);
  EXPECT_EQ(heard.front().position, store_->parked().front().position);
  const Retried in_vain = projector_->retry(stream);
  EXPECT_TRUE(in_vain.known && in_vain.freed.empty());
  EXPECT_EQ(in_vain.parked.size(), 1U);
  EXPECT_EQ(state().stale, 0U);
  expect_tables_as_from_zero();
  // Also after a start, and when all is made anew.
  projector_ = std::make_unique<Projector>(log_, *store_, rules_);
  projector_->prepare({});
  EXPECT_EQ(store_->parked().size(), 1u);
  rebuild_from_log(log_, *store_, rules_, log_.ends(), {});
  EXPECT_EQ(store_->parked().size(), 1u);
}

TEST_F(Projection, ARecordWaitsForTheRuleSetItWasJudgedBy) {
  const auto settings_in = partition_of(settings_stream(), 4).value;
  ASSERT_GT(settings_in, 0) << "else it is read first anyhow";
  const int early = case_before(settings_in, 1);
  history_.referred(early);
  project();
  history_.append(history_.make(settings_stream(), other_rules(), {}));
  history_.append(
      judged_by(other_rules().hash,
                history_.make(History::case_id(early), CareTeamAssigned{"k.adler", {}}, "hana-muenchen")));
  const std::size_t moved = projector_->step();
  EXPECT_EQ(moved, 1U) << "the set, and not what is judged by it";
  project();
  EXPECT_EQ(stored(early).lead, "k.adler");
  EXPECT_TRUE(store_->parked().empty());
  expect_tables_as_from_zero();
}

TEST_F(Projection, ARuleSetThatNeverComesParksWhoNeedsItAndHoldsUpNobodyElse) {
  project();
  const int other = 1;
  int bad = 2;
  while (partition_of_case(bad) != partition_of_case(other)) ++bad;
  ReferralReceived referral;
  referral.person_id = {{7, 8}};
  referral.received_on = civil(2026, 2, 19);
  referral.prescribed_on = civil(2026, 2, 18);
  const SettingsAdopted late = other_rules();
  history_.append(judged_by(late.hash, history_.make(History::case_id(bad), referral, "hana-muenchen")));
  history_.referred(other);
  project();
  EXPECT_FALSE(store_->snapshot()->get(Table::stored_cases, id_key(History::case_id(other).value)))
      << "it waits until the log is known not to hold the set";
  project();
  EXPECT_EQ(state().positions(), log_.ends());
  EXPECT_EQ(stored(other).head.version, Version{1});
  EXPECT_EQ(stored(bad).head.version, Version{1});
  ASSERT_FALSE(store_->parked().empty());
  for (const Parked& parked : store_->parked()) {
    EXPECT_EQ(parked.id, History::case_id(bad));
    EXPECT_NE(parked.table, Table::stored_cases);
    EXPECT_NE(parked.error, "");
  }
  for (const auto& difference : check_tables(log_, *store_, dir_.path() / "scratch", {}))
    ADD_FAILURE() << name_of(difference.table) << ": " << difference.keys << " keys differ";

  history_.append(history_.make(settings_stream(), late, {}));
  project();
  EXPECT_FALSE(projector_->retry(History::case_id(bad)).freed.empty());
  EXPECT_TRUE(store_->parked().empty());
  expect_tables_as_from_zero();
}

TEST_F(Projection, WithSettingsAdoptedInTheMidstLiveTablesAreTheSameBytesAsRebuiltOnes) {
  const std::string_view provider = "hana-muenchen";
  const std::string content =
      R"({"from":"2026-01-01","provider":"hana-muenchen","settings":{"rules":{"SMN-START":{"days":56},)"
      R"("SMN-COMPLETE-ANCHOR":{"anchor":"discharge"},"SMN-HOME":{"units":1}}}})";
  const SettingsAdopted settings{SettingsScope::provider, civil(2026, 1, 1), sha256(content), content};
  const auto judged = [&](const std::string& bytes) {
    Event event = decode(bytes);
    event.judged_by.provider = settings.hash;
    return encode(event);
  };
  history_.lives(9);
  project();
  // Its events lie in the log before the settings, as another partition may be read first.
  int late = 30;  // a third of all cases are that provider's
  while (partition_of_case(late) == partition_of(provider_stream(provider), 4).value) late += 3;
  ReferralReceived referral;
  referral.received_on = civil(2026, 2, 19);
  referral.prescribed_on = civil(2026, 2, 18);
  referral.discharged_on = civil(2026, 2, 20);
  history_.append(judged(history_.make(History::case_id(late), referral, provider)));
  history_.append(history_.make(provider_stream(provider), settings, provider));
  history_.append(judged(history_.make(History::case_id(late), CareTeamAssigned{"k.adler", {}}, provider)));
  history_.lives(9, 40);
  project();
  project();
  EXPECT_TRUE(store_->parked().empty());
  expect_tables_as_from_zero();
  const auto deadlines = [&](const Case& c) { return deadlines_of(c, rules_); };
  EXPECT_EQ(deadlines(stored(late)).front().due_on, civil(2026, 4, 17));
  const Case old = stored(0);
  EXPECT_EQ(deadlines(old).front().due_on, *old.discharged_on + 42) << "an old case keeps its answer";
  EXPECT_EQ(rules_.find_named(deadlines(stored(late)).front().rule_set)->numbers().smn_start_days, 56);

  // A start reads them from the tables, a rebuild from the log.
  RuleBook afresh;
  projector_ = std::make_unique<Projector>(log_, *store_, afresh);
  projector_->prepare({});
  EXPECT_EQ(deadlines_of(stored(late), afresh), deadlines(stored(late)));
  RuleBook from_log;
  rebuild_from_log(log_, *store_, from_log, log_.ends(), {});
  EXPECT_EQ(deadlines_of(stored(late), from_log), deadlines(stored(late)));
  EXPECT_EQ(from_log.last_adopted(provider), Version{1});
  ASSERT_EQ(store_->adoptions().size(), 1U);
  EXPECT_EQ(store_->adoptions().front().content, content);
}

TEST_F(Projection, SettingsInAnotherProvidersStreamParkThatStreamAndNothingElse) {
  const std::string content = R"({"from":"2026-01-01","provider":"hana-muenchen","settings":{}})";
  const SettingsAdopted settings{SettingsScope::provider, civil(2026, 1, 1), sha256(content), content};
  const CaseId stream = provider_stream("somebody-else");
  history_.append(history_.make(stream, settings, "somebody-else"));
  history_.lives(3);
  project();
  ASSERT_EQ(store_->parked().size(), 1U);
  EXPECT_EQ(store_->parked().front().id, stream);
  EXPECT_EQ(rules_.last_adopted("hana-muenchen"), Version{});
  EXPECT_EQ(state().positions(), log_.ends());
  expect_tables_as_from_zero();
}

TEST_F(Projection, LiveTablesAreTheSameBytesAsRebuiltOnes) {
  history_.lives(10);
  project();
  for (int round = 0; round < 5; ++round) {
    history_.lives(0);
    for (int n = 100 + round * 20; n < 120 + round * 20; ++n) {
      history_.referred(n);
      history_.happens(n, DischargeRecorded{civil(2026, 2, 20)});
      project();
      for (int visit = 0; visit < 3; ++visit) history_.visited(n, visit);
      project();
      history_.happens(n, DischargeRecorded{civil(2026, 3, 20)});
      project();
    }
  }
  EXPECT_EQ(state().events, history_.events());
  EXPECT_EQ(state().stale, 0U);
  expect_tables_as_from_zero();
}

TEST_F(Projection, TablesBuiltInBulkGoOnLive) {
  history_.lives(300);
  ASSERT_GT(history_.events(), bulk_records_min);
  project();
  EXPECT_EQ(state().events, history_.events());
  history_.referred(500);
  history_.visited(500, 1);
  history_.visited(3, 99);
  project();
  EXPECT_EQ(state().events, history_.events());
  expect_tables_as_from_zero();
}

TEST_F(Projection, ATableDerivedAgainFromTheCasesIsTheSame) {
  history_.lives(40);
  project();
  const std::vector<Table> tables{Table::deadlines, Table::visits, Table::key_figures};
  rebuild_from_cases(*store_, rules_, tables, {});
  expect_tables_as_from_zero();
}

TEST_F(Projection, ARebuildThatIsAskedToStopLeavesTheTablesAsTheyWere) {
  history_.lives(40);
  project();
  const StoreState before = state();
  std::stop_source stop;
  const Progress stops_at_once = [&](std::uint64_t) { stop.request_stop(); };
  EXPECT_THROW(rebuild_from_log(log_, *store_, rules_, log_.ends(), stops_at_once, {}, stop.get_token()),
               RebuildStopped);
  EXPECT_EQ(state(), before);
  history_.visited(1, 77);
  project();
  expect_tables_as_from_zero();
}

TEST_F(Projection, ARebuildThatHasSwitchedIsFinishedWhateverIsAskedAfter) {
  history_.lives(5);
  project();
  std::stop_source stop;
  bool compared = false;
  const Progress stops_at_last = [&](std::uint64_t) {
    if (compared) stop.request_stop();
  };
  rebuild_from_log(
      log_, *store_, rules_, log_.ends(), stops_at_last, [&](const Generation&) { compared = true; },
      stop.get_token());
  EXPECT_TRUE(stop.stop_requested());
  expect_tables_as_from_zero();
}

TEST_F(Projection, TablesGoOnAfterTheyWereClosed) {
  history_.lives(10);
  project();
  const StoreState before = state();
  projector_.reset();
  store_.reset();
  project();
  EXPECT_EQ(state(), before);
  history_.visited(1, 77);
  project();
  expect_tables_as_from_zero();
}

TEST_F(Projection, OfTwoRecordsForOneVersionTheFirstCounts) {
  history_.referred(1);
  project();
  const std::string first =
      history_.make(History::case_id(1), DischargeRecorded{civil(2026, 2, 20)}, "hana-muenchen");
  const std::string second =
      history_.make(History::case_id(1), DischargeRecorded{civil(2026, 2, 21)}, "hana-muenchen");
  history_.append(first);
  history_.append_raw(History::case_id(1), second);
  history_.append_raw(History::case_id(1), first);
  project();
  EXPECT_EQ(stored(1).discharged_on, civil(2026, 2, 20));
  EXPECT_EQ(state().stale, 2U);
  expect_tables_as_from_zero();
}

TEST_F(Projection, WhatIsNoEventIsCountedAndLeftAlone) {
  history_.referred(1);
  log_.append({{Partition{0}, std::string(64, 'x')}}, [](const Appended&) {});
  const std::string visit =
      history_.make(History::case_id(1), CareTeamAssigned{"m.roth", {}}, "hana-muenchen");
  const auto right = partition_of(History::case_id(1), 4);
  log_.append({{Partition{static_cast<std::uint16_t>((right.value + 1) % 4)}, visit}},
              [](const Appended&) {});
  project();
  EXPECT_EQ(state().foreign, 2U);
  EXPECT_EQ(stored(1).head.version, Version{1});
  expect_tables_as_from_zero();
}

TEST_F(Projection, ACaseWhoseFoldFailsStandsStillAndEveryOtherFlowsOn) {
  history_.referred(1);
  history_.referred(2);
  project();
  history_.happens(1, VisitCancelled{{{0x0190000000007099ULL, 0x8000000000000001ULL}}, {}});
  history_.happens(1, CareTeamAssigned{"k.adler", {}});
  history_.happens(2, CareTeamAssigned{"k.adler", {}});
  project();
  ASSERT_EQ(store_->parked().size(), 1U);
  EXPECT_EQ(store_->parked()[0].id, History::case_id(1));
  EXPECT_EQ(store_->parked()[0].table, Table::stored_cases);
  EXPECT_NE(store_->parked()[0].error, "");
  EXPECT_EQ(stored(1).lead, "");
  EXPECT_EQ(stored(2).lead, "k.adler");
  EXPECT_EQ(state().events, history_.events());
  // The chain goes on: the head knows both events although the fold stands before them.
  const auto value = store_->snapshot()->get(Table::stored_cases, id_key(History::case_id(1).value));
  EXPECT_EQ(decode_stored_case(*value).head.version, Version{3});
  const Retried retried = projector_->retry(History::case_id(1));
  EXPECT_TRUE(retried.freed.empty()) << "nothing was mended";
  EXPECT_EQ(retried.parked.size(), 1U);
  expect_tables_as_from_zero();
}

/// Keeps everything that it hears.
struct Ear final : RowListener {
  bool wants = true;
  std::vector<RowChanges> heard;
  [[nodiscard]] bool listening() const override { return wants; }
  void changed(RowChanges changes) override { heard.push_back(std::move(changes)); }
};

void expect_same(const RowChanges& a, const RowChanges& b) {
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    EXPECT_EQ(a.rows[i].table, b.rows[i].table);
    EXPECT_EQ(a.rows[i].provider, b.rows[i].provider);
    EXPECT_EQ(a.rows[i].key, b.rows[i].key);
    EXPECT_EQ(a.rows[i].before, b.rows[i].before);
    EXPECT_EQ(a.rows[i].after, b.rows[i].after);
  }
}

TEST_F(Projection, WhatAWriteTellsIsWhatTheLogSaysOfItLater) {
  history_.lives(3);
  project();
  Ear ear;
  projector_->tell(ear);
  ASSERT_EQ(ear.heard.size(), 1U) << "where it begins";
  EXPECT_EQ(ear.heard.front().to, state().positions());
  for (int n = 10; n < 40; ++n) {
    history_.referred(n);
    history_.visited(n, 1);
    if (n % 3 == 0) project();
    history_.visited(n, 2);
    history_.visited(n - n % 5, 100 + n);
    project();
  }
  std::size_t rows = 0;
  for (std::size_t i = 1; i < ear.heard.size(); ++i) {
    const RowChanges& told = ear.heard[i];
    EXPECT_EQ(told.from, ear.heard[i - 1].to) << "no gap";
    ASSERT_TRUE(told.whole);
    rows += told.rows.size();
    expect_same(told, changes_between(log_, *store_->snapshot(), rules_, told.from, told.to));
  }
  EXPECT_GT(rows, 200U);
  // All of it at once: each row once, from what it was to what it is.
  const Positions& from = ear.heard.front().to;
  const RowChanges all = changes_between(log_, *store_->snapshot(), rules_, from, state().positions());
  std::map<std::tuple<Table, std::string, std::string>, ChangedRow> net;
  for (const RowChanges& told : ear.heard) {
    for (const ChangedRow& row : told.rows) {
      const auto [at, fresh] = net.try_emplace({row.table, row.provider, row.key}, row);
      if (!fresh) at->second.after = row.after;
    }
  }
  std::erase_if(net, [](const auto& one) { return one.second.before == one.second.after; });
  ASSERT_EQ(all.rows.size(), net.size());
  for (const ChangedRow& row : all.rows) {
    const ChangedRow& expected = net.at({row.table, row.provider, row.key});
    EXPECT_EQ(row.before, expected.before);
    EXPECT_EQ(row.after, expected.after);
    if (row.after) {
      EXPECT_EQ(store_->snapshot()->get(row.table, row_key(row.provider, row.key)), row.after);
    }
  }
}

TEST_F(Projection, WhoDoesNotListenIsToldWhereTheTablesStandAndNoMore) {
  Ear ear;
  ear.wants = false;
  project();
  projector_->tell(ear);
  history_.lives(3);
  project();
  ASSERT_GT(ear.heard.size(), 1U);
  EXPECT_FALSE(ear.heard.back().whole);
  EXPECT_TRUE(ear.heard.back().rows.empty());
  EXPECT_EQ(ear.heard.back().to, state().positions());
}

TEST_F(Projection, MoreThanIsWorthTellingIsNotToldRowByRow) {
  project();
  const Positions begin = state().positions();
  for (int n = 0; n < static_cast<int>(records_between_max) + 1; ++n) history_.referred(n);
  project();
  EXPECT_FALSE(changes_between(log_, *store_->snapshot(), rules_, begin, state().positions()).whole);
  RowChanges changes;
  for (std::size_t i = 0; i <= told_rows_max; ++i)
    changes.add(Table::cases, "p", std::to_string(i), {}, "row");
  EXPECT_FALSE(changes.whole);
  EXPECT_TRUE(changes.rows.empty());
}

TEST_F(Projection, ALogThatLostItsTailIsRefused) {
  history_.lives(2);
  project();
  projector_.reset();
  MemoryLog shorter(options());
  History other(shorter);
  EXPECT_THROW(Projector(shorter, *store_, rules_), LogCorrupt);
}

TEST_F(Projection, TablesOfAnotherLogAreRefused) {
  project();
  projector_.reset();
  MemoryLogOptions other = options();
  other.id = {3, 4};
  MemoryLog log(other);
  EXPECT_THROW(Projector(log, *store_, rules_), LogCorrupt);
}

}  // namespace
}  // namespace geleit
