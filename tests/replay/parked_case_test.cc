// One bad case: what a fold or a read model cannot take parks that case there and nothing else, and a retry
// after a fix catches up.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "events/memory_log.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/evolve.h"
#include "projections/read_models.h"
#include "projections/rebuild.h"
#include "projections/rules/rule_set.h"
#include "services/intake/command_json.h"
#include "services/service.h"
#include "tests/replay/invented_history.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

/// What is broken now. The linker puts the functions below in the place of the product's.
std::atomic<bool> fold_is_broken{false};
std::atomic<bool> tasks_are_broken{false};
std::atomic<bool> rule_sets_are_broken{false};

}  // namespace

}  // namespace geleit

extern "C" {
void __real__ZN6geleit6evolveERNS_4CaseERKNS_5EventERKNS_4HashE(geleit::Case&, const geleit::Event&,
                                                                const geleit::Hash&);
void __wrap__ZN6geleit6evolveERNS_4CaseERKNS_5EventERKNS_4HashE(geleit::Case& c, const geleit::Event& event,
                                                                const geleit::Hash& hash) {
  const auto* team = std::get_if<geleit::CareTeamAssigned>(&event.payload);
  if (geleit::fold_is_broken && team != nullptr && team->lead == "fold.breaker") {
    throw geleit::FoldFailed("this lead breaks the fold");
  }
  __real__ZN6geleit6evolveERNS_4CaseERKNS_5EventERKNS_4HashE(c, event, hash);
}

void __real__ZN6geleit12derive_tasksERKNS_7SubjectERNS_7DerivedE(const geleit::Subject&, geleit::Derived&);
void __wrap__ZN6geleit12derive_tasksERKNS_7SubjectERNS_7DerivedE(const geleit::Subject& subject,
                                                                 geleit::Derived& out) {
  if (geleit::tasks_are_broken && subject.c.lead == "table.breaker")
    throw std::runtime_error("no tasks for this lead");
  __real__ZN6geleit12derive_tasksERKNS_7SubjectERNS_7DerivedE(subject, out);
}

std::shared_ptr<const geleit::RuleSet>
__real__ZN6geleit7RuleSet5parseESt17basic_string_viewIcSt11char_traitsIcEE(std::string_view toml);
std::shared_ptr<const geleit::RuleSet>
__wrap__ZN6geleit7RuleSet5parseESt17basic_string_viewIcSt11char_traitsIcEE(std::string_view toml) {
  if (geleit::rule_sets_are_broken && toml.ends_with("# set.breaker\n"))
    throw std::invalid_argument("this set cannot be read");
  return __real__ZN6geleit7RuleSet5parseESt17basic_string_viewIcSt11char_traitsIcEE(toml);
}
}

namespace geleit {
namespace {

using testing::History;

MemoryLogOptions memory_log_options() {
  MemoryLogOptions options;
  options.partitions = 4;
  options.id = {1, 2};
  options.clock = [] { return Instant{1'772'000'000'000}; };
  options.delivery = Delivery::at_once;
  return options;
}

class ABadCase : public ::testing::Test {
 protected:
  ABadCase() : log_(memory_log_options()), history_(log_) {
    fold_is_broken = tasks_are_broken = rule_sets_are_broken = false;
    open();
    for (int n = 1; n <= 3; ++n) history_.referred(n);
    project();
  }
  void open() {
    store_ = Store::open({.dir = dir_.path() / "tables"});
    projector_ = std::make_unique<Projector>(log_, *store_, rules_);
    projector_->on_parked([this](const Parked& parked) { heard_.push_back(parked.id); });
    projector_->prepare({});
  }
  void restart() {
    projector_.reset();
    store_.reset();
    open();
  }
  void lose_the_tables() {
    projector_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_.path() / "tables");
    open();
    project();
  }
  void project() {
    while (projector_->step() > 0) {}
  }
  void leads(int n, const char* lead) { history_.happens(n, CareTeamAssigned{lead, {}}); }
  StoredCase stored(int n) {
    return decode_stored_case(
        *store_->snapshot()->get(Table::stored_cases, id_key(History::case_id(n).value)));
  }
  Retried retry(int n) { return projector_->retry(History::case_id(n)); }
  void expect_parked(int n, Table table) {
    const auto parked = store_->parked();
    ASSERT_EQ(parked.size(), 1U);
    EXPECT_EQ(parked[0].id, History::case_id(n));
    EXPECT_EQ(parked[0].table, table);
    EXPECT_NE(parked[0].error, "");
  }
  void expect_tables_as_from_zero() {
    EXPECT_TRUE(store_->parked().empty());
    for (const auto& difference : check_tables(log_, *store_, dir_.path() / "scratch", {})) {
      ADD_FAILURE() << name_of(difference.table) << ": " << difference.keys << " keys differ";
    }
  }

  TemporaryDirectory dir_;
  MemoryLog log_;
  History history_;
  RuleBook rules_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
  std::vector<CaseId> heard_;
};

TEST_F(ABadCase, WhoseFoldFailsStandsStillAloneUntilItIsMended) {
  fold_is_broken = true;
  leads(1, "fold.breaker");
  leads(2, "k.adler");
  project();
  history_.visited(1, 1);
  history_.visited(2, 1);
  project();
  expect_parked(1, Table::stored_cases);
  EXPECT_EQ(heard_, std::vector{History::case_id(1)});
  EXPECT_EQ(stored(1).state.head.version, Version{1});
  EXPECT_GT(stored(1).head.version, Version{2}) << "later events queue: the chain goes on";
  EXPECT_EQ(stored(2).state.head, stored(2).head);
  EXPECT_EQ(store_->snapshot()->state().events, history_.events());

  restart();
  expect_parked(1, Table::stored_cases);
  EXPECT_TRUE(retry(1).freed.empty());
  expect_parked(1, Table::stored_cases);

  fold_is_broken = false;
  const Retried retried = retry(1);
  EXPECT_TRUE(retried.known);
  EXPECT_EQ(retried.freed, std::vector{Table::stored_cases});
  EXPECT_TRUE(retried.parked.empty());
  EXPECT_EQ(stored(1).state.head, stored(1).head);
  leads(1, "m.roth");
  project();
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, WhoseReadModelFailsKeepsItsRowsThereAndFlowsOnEverywhereElse) {
  leads(1, "table.breaker");
  project();
  tasks_are_broken = true;
  history_.visited(1, 1);
  history_.visited(2, 1);
  project();
  history_.visited(1, 2);
  project();
  expect_parked(1, Table::tasks);
  EXPECT_EQ(stored(1).state.head, stored(1).head) << "the fold goes on";

  restart();
  expect_parked(1, Table::tasks);
  const Retried in_vain = retry(1);
  EXPECT_TRUE(in_vain.freed.empty());
  ASSERT_EQ(in_vain.parked.size(), 1U);
  EXPECT_EQ(in_vain.parked[0].error, "no tasks for this lead");

  tasks_are_broken = false;
  EXPECT_EQ(retry(1).freed, std::vector{Table::tasks});
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, IsMendedByTheNextStartToo) {
  fold_is_broken = tasks_are_broken = true;
  leads(1, "fold.breaker");
  leads(2, "table.breaker");
  project();
  ASSERT_EQ(store_->parked().size(), 2U);
  fold_is_broken = tasks_are_broken = false;
  restart();
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, OfARebuildStandsStillAndIsMendedAsOneMetLive) {
  leads(1, "fold.breaker");
  leads(2, "table.breaker");
  history_.lives(300, 10);
  project();
  fold_is_broken = tasks_are_broken = true;
  lose_the_tables();
  ASSERT_EQ(store_->parked().size(), 2U);
  history_.visited(1, 50);
  history_.visited(2, 50);
  history_.visited(3, 50);
  project();
  ASSERT_EQ(store_->parked().size(), 2U);
  fold_is_broken = tasks_are_broken = false;
  EXPECT_EQ(retry(1).freed, std::vector{Table::stored_cases});
  EXPECT_EQ(retry(2).freed, std::vector{Table::tasks});
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, WhoseFoldCameFreeCanStillStandStillInATable) {
  fold_is_broken = true;
  leads(1, "fold.breaker");
  project();
  leads(1, "table.breaker");
  project();
  fold_is_broken = false;
  tasks_are_broken = true;
  const Retried retried = retry(1);
  EXPECT_EQ(retried.freed, std::vector{Table::stored_cases});
  ASSERT_EQ(retried.parked.size(), 1U);
  EXPECT_EQ(retried.parked[0].table, Table::tasks);
  expect_parked(1, Table::tasks);
  history_.visited(1, 1);
  project();
  tasks_are_broken = false;
  EXPECT_EQ(retry(1).freed, std::vector{Table::tasks});
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, IsFoldedAsFarAsItCanBe) {
  fold_is_broken = true;
  leads(1, "fold.breaker");
  leads(1, "k.adler");
  history_.happens(1, VisitCancelled{{{0x0190000000007099ULL, 0x8000000000000001ULL}}, {}});
  history_.visited(1, 1);
  project();
  EXPECT_EQ(stored(1).state.head.version, Version{1});
  const Position first = store_->parked().front().position;
  fold_is_broken = false;
  const Retried retried = retry(1);
  EXPECT_TRUE(retried.freed.empty());
  expect_parked(1, Table::stored_cases);
  EXPECT_EQ(stored(1).state.head.version, Version{3});
  EXPECT_EQ(stored(1).state.lead, "k.adler");
  EXPECT_GT(store_->parked().front().position, first) << "another event is in the way now";
  EXPECT_TRUE(check_tables(log_, *store_, dir_.path() / "scratch", {}).empty());
}

TEST_F(ABadCase, OfATableDerivedAgainSaysWhereItStands) {
  leads(1, "table.breaker");
  project();
  const auto reached = store_->snapshot()->state().reached;
  tasks_are_broken = true;
  const std::vector<Table> tables{Table::tasks};
  rebuild_from_cases(*store_, rules_, tables, {});
  expect_parked(1, Table::tasks);
  const Position at = store_->parked().front().position;
  EXPECT_EQ(next(at.offset), reached[at.partition.value].next) << "its last event was the last of all";
  EXPECT_EQ(at.partition, partition_of(History::case_id(1), 4));
}

TEST_F(ABadCase, OfSettingsIsMendedByTheNextStartAndWhoWaitedForThemToo) {
  rule_sets_are_broken = true;
  const CaseId stream{uuid_v5(geleit_namespace, "installation")};
  const auto set = shipped_rule_sets().back();
  const std::string content = set->content() + "# set.breaker\n";
  const SettingsAdopted settings{SettingsScope::shipped, set->from(), sha256(content), content};
  history_.append(history_.make(stream, settings, {}));
  const std::string referral = history_.make(History::case_id(4), ReferralReceived{}, "hana-muenchen");
  Event event = decode(referral);
  event.judged_by.shipped = settings.hash;
  history_.append(encode(event));
  project();
  project();
  EXPECT_EQ(store_->snapshot()->state().positions(), log_.ends()) << "nobody waits for ever";
  ASSERT_GT(store_->parked().size(), 1U);
  restart();
  ASSERT_GT(store_->parked().size(), 1U);
  rule_sets_are_broken = false;
  restart();
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, ThatIsNoneIsLeftAlone) {
  const Retried one = retry(1);
  EXPECT_TRUE(one.known && one.freed.empty() && one.parked.empty());
  EXPECT_FALSE(retry(99).known);
  expect_tables_as_from_zero();
}

TEST_F(ABadCase, IsRetriedFromAnotherThreadOnlyWhileTheProjectorRuns) {
  fold_is_broken = true;
  leads(1, "fold.breaker");
  project();
  const auto ask = [&] {
    std::mutex mutex;
    std::condition_variable told;
    bool done = false;
    std::optional<Retried> result;
    projector_->ask_retry(History::case_id(1), [&](std::optional<Retried> retried) {
      const std::lock_guard lock(mutex);
      result = std::move(retried);
      done = true;
      told.notify_all();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(told.wait_for(lock, std::chrono::seconds(20), [&] { return done; }));
    return result;
  };
  EXPECT_FALSE(ask()) << "nobody runs";
  std::jthread running([this](std::stop_token stop) { projector_->run(stop); });
  while (!ask()) std::this_thread::yield();
  EXPECT_EQ(ask()->parked.size(), 1U);
  fold_is_broken = false;
  EXPECT_EQ(ask()->freed, std::vector{Table::stored_cases});
  running.request_stop();
  running.join();
  EXPECT_FALSE(ask());
  expect_tables_as_from_zero();
}

// ---------------------------------------------------------------- planted into the log of a running service

class APlantedRecord : public ::testing::Test {
 protected:
  APlantedRecord() {
    fold_is_broken = tasks_are_broken = rule_sets_are_broken = false;
    service_.on_parked([this](const Parked& parked) {
      const std::lock_guard lock(mutex_);
      heard_.push_back(parked.id);
      told_.notify_all();
    });
    service_.start({});
  }
  [[nodiscard]] static std::uint64_t sum(const Positions& positions) {
    std::uint64_t records = 0;
    for (const Offset offset : positions) records += offset.value;
    return records;
  }
  void wait_for_tables(std::uint64_t records) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (sum(service_.store().snapshot()->state().positions()) < records) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  Answer answer_to(const std::string& json) {
    CommandReader reader;
    auto read = reader.read(json, service_.clock().now());
    std::vector<Submitted> commands;
    commands.push_back(std::visit([](auto& one) -> Submitted { return std::move(one); }, read));
    std::mutex mutex;
    std::condition_variable told;
    std::optional<Answer> answer;
    EXPECT_TRUE(service_.intake().submit(std::move(commands), false, {}, [&](std::vector<Answer> answers) {
      const std::lock_guard lock(mutex);
      answer = std::move(answers.front());
      told.notify_all();
    }));
    std::unique_lock lock(mutex);
    EXPECT_TRUE(told.wait_for(lock, std::chrono::seconds(20), [&] { return answer.has_value(); }));
    return std::move(*answer);
  }

  TemporaryDirectory dir_;
  Service service_{DataDirectory{dir_.path() / "data", {}}, ClockChoice{}};
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<CaseId> heard_;
};

TEST_F(APlantedRecord, ThatNoFoldCanTakeParksItsCaseAndNothingElse) {
  const std::uint64_t before = sum(service_.log().ends());
  History history(service_.log());
  for (int n = 1; n <= 3; ++n) history.referred(n);
  history.happens(1, VisitCancelled{{{0x0190000000007099ULL, 0x8000000000000001ULL}}, {}});
  for (int n = 1; n <= 3; ++n) history.visited(n, 1);
  wait_for_tables(before + history.events());

  const auto parked = service_.store().parked();
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].id, History::case_id(1));
  EXPECT_EQ(parked[0].table, Table::stored_cases);
  EXPECT_EQ(parked[0].error, "the case has no such visit");
  {
    // It is told of what the tables already show.
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, std::chrono::seconds(20), [&] { return !heard_.empty(); });
    EXPECT_EQ(heard_, std::vector{History::case_id(1)});
  }
  EXPECT_TRUE(service_.ready());
  for (int n = 1; n <= 3; ++n) {
    const StoredCase stored = decode_stored_case(
        *service_.store().snapshot()->get(Table::stored_cases, id_key(History::case_id(n).value)));
    EXPECT_EQ(stored.head == stored.state.head, n != 1) << n;
  }
  const Answer answer =
      answer_to(R"({"command":"AssignCareTeam","id":"00000000-0000-4000-8000-000000000001",)"
                R"("case":")" +
                to_string(History::case_id(1)) + R"(","data":{"lead":"m.roth"}})");
  ASSERT_TRUE(std::holds_alternative<Rejection>(answer));
  EXPECT_EQ(std::get<Rejection>(answer).kind, RejectionKind::not_ready);
}

}  // namespace
}  // namespace geleit
