// Intake against a log that the test drives by hand: retries, races, lost acknowledgements, order. Everything
// runs in the test's own thread, so that each fault strikes where it is aimed.
#include "services/intake/intake.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "events/codec.h"
#include "events/memory_log.h"
#include "events/uuid.h"
#include "services/intake/adopt_settings.h"
#include "services/intake/command_json.h"
#include "tests/simulation/simulated_parts.h"
#include "tests/temporary_directory.h"
#include "tests/unit/hand_clock.h"

namespace geleit {
namespace {

/// One process: its own tables, rule book and intake on a log that others may share.
class Process {
 public:
  Process(Log& log, KeyStore& keys, const Clock& clock, std::uint64_t seed, const std::filesystem::path& dir,
          const IntakeLimits& limits)
      : log_(log), chance_(seed), store_(Store::open({.dir = dir})), projector_(log, *store_, rules_) {
    projector_.prepare({});
    while (projector_.step() > 0) {}
    adopt_shipped_rules(log, *store_, rules_, projector_, clock);
    intake_ = std::make_unique<Intake>(log, *store_, rules_, keys, clock, chance_, nullptr, limits);
  }

  /// Answers arrive in `answers` in the order in which they are given.
  void send(const std::string& json, bool dry_run = false) {
    Submitted read = reader_.read(json, parse_instant("2026-03-10T09:00:00+01:00").value());
    std::vector<Submitted> one;
    one.push_back(std::move(read));
    ASSERT_TRUE(intake_->submit(std::move(one), dry_run, {}, [this](std::vector<Answer> given) {
      for (Answer& answer : given) answers.push_back(std::move(answer));
    }));
  }
  void decide() { intake_->step(); }
  void project() {
    while (projector_.step() > 0) {}
    intake_->tables_advanced();
  }
  Answer last() const { return answers.back(); }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Intake& intake() { return *intake_; }

  std::vector<Answer> answers;

 private:
  Log& log_;
  SeededChance chance_;
  RuleBook rules_;
  std::unique_ptr<Store> store_;
  Projector projector_;
  std::unique_ptr<Intake> intake_;
  CommandReader reader_;
};

std::string uuid(int n) { return fmt::format("0190c0de-0000-7000-8000-{:012x}", n); }

std::string referral(int id, int case_number, const std::string& person = {}) {
  const std::string mia = R"("person":{"given_name":"Mia","family_name":"Musterkind","born":"2025-12-01"})";
  const std::string who = person.empty() ? mia : "\"person_id\":\"" + person + "\"";
  return fmt::format(
      R"({{"command":"ReceiveReferral","id":"{}","case":"{}","data":{{"benefit":"SMN",)"
      R"("provider":"hana-muenchen",)"
      R"("land":"DE-BY",{},"prescriber":{{"kind":"hospital"}},"prescribed_on":"2026-02-19","units":12,)"
      R"("diagnoses":[{{"icd":"P07.3"}}],"setting":"inpatient","discharged_on":"2026-02-20"}}}})",
      uuid(id), uuid(case_number), who);
}
std::string visit(int id, int case_number, int visit, const std::string& note = "ein Satz über Mia") {
  return fmt::format(
      R"({{"command":"DeliverVisit","id":"{}","case":"{}","data":{{"visit":"{}",)"
      R"("started_at":"2026-03-02T14:10:00+01:00","minutes":45,"place":"home","category":"guidance",)"
      R"("staff":"m.roth","note":"{}"}}}})",
      uuid(id), uuid(case_number), uuid(visit), note);
}
std::string voided(int id, int case_number, int visit) {
  return fmt::format(
      R"({{"command":"VoidVisit","id":"{}","case":"{}","data":{{"visit":"{}","reason":"falsches Kind"}}}})",
      uuid(id), uuid(case_number), uuid(visit));
}
std::string team(int id, int case_number, const std::string& lead) {
  return fmt::format(R"({{"command":"AssignCareTeam","id":"{}","case":"{}","data":{{"lead":"{}"}}}})",
                     uuid(id), uuid(case_number), lead);
}

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest() : log_(options()), keys_(memory_key_store()) {}

  MemoryLogOptions options() {
    MemoryLogOptions options;
    options.partitions = 4;
    options.id = {1, 2};
    options.clock = [this] { return clock_.at; };
    options.delivery = Delivery::at_once;
    return options;
  }
  Process& process() {
    if (!process_)
      process_ = std::make_unique<Process>(log_, *keys_, clock_, 1, dir_.path() / "tables", limits_);
    return *process_;
  }
  Process& other() {
    if (!other_) other_ = std::make_unique<Process>(log_, *keys_, clock_, 2, dir_.path() / "other", limits_);
    return *other_;
  }
  /// Sends, decides and reads back.
  Answer tell(const std::string& json) {
    Process& p = process();
    p.send(json);
    settle(p);
    return p.last();
  }
  void settle(Process& p) {
    for (int i = 0; i < 20; ++i) {
      p.decide();
      p.project();
    }
  }
  std::uint64_t records_of(int case_number) {
    const CaseId id{parse_uuid(uuid(case_number)).value()};
    std::uint64_t count = 0;
    std::vector<StoredRecord> records;
    const auto reader = log_.read(partition_of(id, 4), Offset{0});
    for (reader->next(records, 100); !records.empty(); reader->next(records, 100)) {
      for (const auto& record : records) count += link_of(record.bytes)->stream == id ? 1 : 0;
    }
    return count;
  }

  HandClock clock_;
  IntakeLimits limits_;
  TemporaryDirectory dir_;
  MemoryLog log_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<Process> process_, other_;
};

const Accepted& accepted(const Answer& answer) {
  if (const auto* rejection = std::get_if<Rejection>(&answer))
    throw std::runtime_error("refused: " + rejection->detail.en);
  return std::get<Accepted>(answer);
}
RejectionKind refused(const Answer& answer) { return std::get<Rejection>(answer).kind; }

TEST_F(IntakeTest, ACommandSentAgainIsAnsweredAsBeforeAndRecordedOnce) {
  tell(referral(1, 100));
  const Accepted first = accepted(tell(visit(2, 100, 200)));
  const Accepted again = accepted(tell(visit(2, 100, 200)));
  EXPECT_TRUE(again.repeated);
  EXPECT_FALSE(first.repeated);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(again.version, first.version);
  EXPECT_EQ(again.recorded, first.recorded);
  EXPECT_EQ(records_of(100), 2U);
}

TEST_F(IntakeTest, ARetryIsKnownAfterARestart) {
  tell(referral(1, 100));
  tell(visit(2, 100, 200));
  process_.reset();
  EXPECT_TRUE(accepted(tell(visit(2, 100, 200))).repeated);
  EXPECT_EQ(refused(tell(visit(2, 100, 200, "etwas anderes"))), RejectionKind::id_reused);
  EXPECT_EQ(records_of(100), 2U);
}

TEST_F(IntakeTest, ARetryBesideItsFirstSendingWaitsForTheSameAnswer) {
  tell(referral(1, 100));
  process().send(visit(2, 100, 200));
  process().send(visit(2, 100, 200));
  process().send(visit(2, 100, 200, "etwas anderes"));
  settle(process());
  ASSERT_EQ(process().answers.size(), 4U);
  int recorded = 0;
  int repeated = 0;
  int reused = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    if (const auto* a = std::get_if<Accepted>(&process().answers[i]))
      ++(a->repeated ? repeated : recorded);
    else
      reused += refused(process().answers[i]) == RejectionKind::id_reused ? 1 : 0;
  }
  EXPECT_EQ(recorded, 1);
  EXPECT_EQ(repeated, 1);
  EXPECT_EQ(reused, 1);
}

TEST_F(IntakeTest, ARefusedCommandLeavesNothingAndItsIdMayBeUsedAgain) {
  tell(referral(1, 100));
  EXPECT_EQ(refused(tell(visit(2, 999, 200))), RejectionKind::no_such_case);
  EXPECT_FALSE(accepted(tell(visit(2, 100, 200))).repeated);
}

TEST_F(IntakeTest, ADryRunRecordsNothing) {
  tell(referral(1, 100));
  process().send(visit(2, 100, 200), true);
  settle(process());
  EXPECT_TRUE(accepted(process().last()).dry_run);
  EXPECT_EQ(records_of(100), 1U);
  EXPECT_FALSE(accepted(tell(visit(2, 100, 200))).repeated);
}

TEST_F(IntakeTest, ManyCommandsOnOneCaseAreDecidedInTheirOrder) {
  process().send(referral(1, 100));
  for (int n = 0; n < 300; ++n) process().send(team(1000 + n, 100, fmt::format("s.nummer{}", n)));
  settle(process());
  ASSERT_EQ(process().answers.size(), 301U);
  for (std::size_t i = 0; i < 301; ++i) EXPECT_EQ(accepted(process().answers[i]).version.value, i + 1);
  const auto stored =
      process().store().snapshot()->get(Table::stored_cases, id_key(parse_uuid(uuid(100)).value()));
  EXPECT_EQ(decode_stored_case(*stored).state.lead, "s.nummer299");
}

TEST_F(IntakeTest, ManyCommandsThatAreAnsweredAtOnceHoldNobodyUp) {
  tell(referral(1, 100));
  for (int n = 0; n < 70; ++n) process().send(team(1000 + n, 100, "m.roth"));
  // Refused at once, behind a full case: an unknown visit, and retries of what was decided before.
  for (int n = 0; n < 300; ++n) {
    process().send(fmt::format(
        R"({{"command":"CancelVisit","id":"{}","case":"{}","data":{{"visit":"{}","reason":"x"}}}})",
        uuid(2000 + n), uuid(100), uuid(5)));
    process().send(referral(1, 100));
  }
  settle(process());
  EXPECT_EQ(process().answers.size(), 671U);
}

TEST_F(IntakeTest, NobodyOvertakesThoseWhoWaitBehindAFullCase) {
  tell(referral(1, 100));
  for (int n = 0; n < 64; ++n) process().send(team(1000 + n, 100, "m.roth"));
  for (int n = 0; n < 64; ++n) process().send(referral(1, 100));
  process().send(team(3000, 100, "k.adler"));
  process().decide();
  process().send(team(3001, 100, "t.weiss"));
  settle(process());
  ASSERT_EQ(process().answers.size(), 131U);
  const auto stored =
      process().store().snapshot()->get(Table::stored_cases, id_key(parse_uuid(uuid(100)).value()));
  EXPECT_EQ(decode_stored_case(*stored).state.lead, "t.weiss");
}

TEST_F(IntakeTest, AKeyThatCannotBeReadHoldsUpItsOwnCaseOnlyAndOnlyUntilItCan) {
  class BrittleKeys final : public KeyStore {
   public:
    explicit BrittleKeys(const bool& broken) : keys_(memory_key_store()), broken_(broken) {}
    void add(std::span<const PersonKey> keys) override { keys_->add(keys); }
    [[nodiscard]] std::shared_ptr<const PersonKey> find(KeyId id) const override {
      if (broken_) throw KeyStoreFailed("a person key is damaged");
      return keys_->find(id);
    }
    std::vector<KeyId> keys_of(PersonId person) const override { return keys_->keys_of(person); }
    void destroy(std::span<const KeyId> keys) override { keys_->destroy(keys); }
    bool was_destroyed(KeyId id) const override { return keys_->was_destroyed(id); }

   private:
    std::unique_ptr<KeyStore> keys_;
    const bool& broken_;
  };
  bool broken = false;
  keys_ = std::make_unique<BrittleKeys>(broken);
  tell(referral(1, 100));
  process_.reset();
  broken = true;
  EXPECT_EQ(refused(tell(team(2, 100, "m.roth"))), RejectionKind::not_ready);
  EXPECT_EQ(process().intake().status().trouble, "a person key is damaged");
  accepted(tell(referral(3, 101)));
  broken = false;
  EXPECT_EQ(accepted(tell(team(2, 100, "m.roth"))).version, Version{2});
  process_.reset();
}

TEST_F(IntakeTest, AfterALostAcknowledgementTheClientIsToldToAskAgainAndThenTheTruth) {
  tell(referral(1, 100));
  log_.inject({MemoryFault::Kind::lose_acknowledgement, all_records});
  EXPECT_EQ(refused(tell(visit(2, 100, 200))), RejectionKind::not_ready);
  EXPECT_TRUE(accepted(tell(visit(2, 100, 200))).repeated);
  EXPECT_EQ(records_of(100), 2U);
}

TEST_F(IntakeTest, AfterAFailedWriteTheCommandIsRecordedWhenItIsSentAgain) {
  tell(referral(1, 100));
  log_.inject({MemoryFault::Kind::fail, 0});
  EXPECT_EQ(refused(tell(visit(2, 100, 200))), RejectionKind::not_ready);
  EXPECT_FALSE(accepted(tell(visit(2, 100, 200))).repeated);
  EXPECT_EQ(records_of(100), 2U);
}

TEST_F(IntakeTest, ARecordThatLiesTwiceInTheLogCountsOnce) {
  tell(referral(1, 100));
  log_.inject({MemoryFault::Kind::duplicate, all_records});
  accepted(tell(visit(2, 100, 200)));
  accepted(tell(team(3, 100, "m.roth")));
  EXPECT_EQ(process().store().snapshot()->state().stale, 1U);
  EXPECT_EQ(accepted(process().last()).version, Version{3});
}

TEST_F(IntakeTest, OfTwoIntakesThatRaceOneIsDecidedAgain) {
  tell(referral(1, 100));
  settle(other());
  // Both decide on version 1 before either has read the other's record.
  process().send(team(2, 100, "m.roth"));
  other().send(team(3, 100, "k.adler"));
  process().decide();
  settle(other());
  settle(process());
  EXPECT_EQ(accepted(process().last()).version, Version{2});
  EXPECT_EQ(accepted(other().last()).version, Version{3});
  EXPECT_EQ(other().store().snapshot()->state().events, process().store().snapshot()->state().events);
}

TEST_F(IntakeTest, ACaseOpenedThroughOneIntakeIsKnownToTheOther) {
  settle(other());
  process().send(referral(1, 100));
  process().decide();
  other().send(team(2, 100, "m.roth"));
  settle(other());
  EXPECT_EQ(accepted(other().last()).version, Version{2});
}

TEST_F(IntakeTest, ARefusalLeavesInTheRoundInWhichTheEndOfTheLogIsTold) {
  tell(referral(1, 100));
  process().intake().ask_ends_beside([](const std::function<void()>& work) { work(); });
  process().send(team(2, 999, "m.roth"));
  process().decide();
  process().decide();
  EXPECT_EQ(process().answers.size(), 2U);
}

/// A process on the same log that reads what others record only when the test lets it.
class LateIntakeTest : public IntakeTest, public ::testing::WithParamInterface<bool> {
 protected:
  LateIntakeTest() : late_log_(log_) {
    tell(referral(1, 100));
    late_ = std::make_unique<Process>(late_log_, *keys_, clock_, 3, dir_.path() / "late", limits_);
    // As on a log beyond the machine, but told at once.
    if (GetParam()) late_->intake().ask_ends_beside([](const std::function<void()>& work) { work(); });
  }
  Process& late() { return *late_; }

  simulation::LogOfProcess late_log_;

 private:
  std::unique_ptr<Process> late_;
};

// What was recorded before a command came disproves its "no", also where the late one decides the very same
// event at the same moment and finds the other's record in place of its own.
TEST_P(LateIntakeTest, ARefusalDoesNotRestOnLessThanTheLogHeldThoughTheNextRecordIsItsOwnToTheOctet) {
  late_log_.stop_reading();
  accepted(tell(visit(2, 100, 200)));
  late().send(voided(3, 100, 200));
  late().decide();
  late().send(visit(2, 100, 200));
  late().decide();
  late_log_.go_on_reading();
  settle(late());
  ASSERT_EQ(late().answers.size(), 2U);
  EXPECT_TRUE(accepted(late().answers[0]).repeated);
  EXPECT_EQ(accepted(late().answers[1]).version, Version{3});
  EXPECT_EQ(records_of(100), 3U);
}

TEST_P(LateIntakeTest, WhatComesBehindARefusalThatWaitsIsDecidedInItsOrder) {
  late_log_.stop_reading();
  tell(referral(2, 101));
  tell(referral(3, 102));
  tell(referral(4, 103));
  for (int n = 0; n < 100; ++n) {
    late().send(team(1000 + n, 100, fmt::format("s.nummer{}", n)));
    late().send(voided(2000 + n, 100, 200));
    late().send(team(1000 + n, 100, fmt::format("s.nummer{}", n)));
    if (n == 50) late().decide();
  }
  late().decide();
  EXPECT_EQ(records_of(100), 2U);
  late_log_.go_on_reading();
  for (int n = 0; n < 10; ++n) settle(late());
  ASSERT_EQ(late().answers.size(), 300U);
  EXPECT_EQ(records_of(100), 101U);
  const auto stored =
      late().store().snapshot()->get(Table::stored_cases, id_key(parse_uuid(uuid(100)).value()));
  EXPECT_EQ(decode_stored_case(*stored).state.lead, "s.nummer99");
}

INSTANTIATE_TEST_SUITE_P(EndsToldInIntakesThreadAndBeside, LateIntakeTest, ::testing::Bool());

TEST_F(IntakeTest, APersonIsKnownWithinItsProviderOnly) {
  tell(referral(1, 100));
  const auto stored =
      process().store().snapshot()->get(Table::stored_cases, id_key(parse_uuid(uuid(100)).value()));
  const std::string person = to_string(decode_stored_case(*stored).state.person_id);
  accepted(tell(referral(2, 101, person)));
  EXPECT_EQ(refused(tell(referral(3, 102, uuid(77)))), RejectionKind::unknown_reference);
}

TEST_F(IntakeTest, APersonJustReferredIsKnownToTheNextCommand) {
  process();
  process().send(R"({"command":"ReceiveReferral","id":")" + uuid(1) +
                 referral(1, 100).substr(referral(1, 100).find("\",\"case\"")));
  const std::string person = to_string(uuid_v5(parse_uuid(uuid(1)).value(), "person"));
  process().send(referral(2, 101, person));
  settle(process());
  EXPECT_EQ(accepted(process().last()).version, Version{1});
}

TEST_F(IntakeTest, NothingPersonalLiesReadableInTheLog) {
  tell(referral(1, 100));
  tell(visit(2, 100, 200));
  std::vector<StoredRecord> records;
  for (std::uint16_t p = 0; p < 4; ++p) {
    const auto reader = log_.read(Partition{p}, Offset{0});
    for (reader->next(records, 100); !records.empty(); reader->next(records, 100)) {
      for (const auto& record : records) {
        if (link_of(record.bytes)->stream == installation_stream()) continue;
        for (const std::string_view personal : {"Mia", "Musterkind", "P07"}) {
          EXPECT_EQ(record.bytes.find(personal), std::string_view::npos) << personal;
        }
      }
    }
  }
}

std::string settings(int id, const std::string& text, const std::string& provider = "hana-muenchen") {
  return fmt::format(R"({{"command":"AdoptSettings","id":"{}","data":)"
                     R"({{"provider":"{}","from":"2026-01-01","settings":{}}}}})",
                     uuid(id), provider, text);
}
const std::string at_most_ten = R"({"rules":{"SMN-MAX-UNITS":{"units":10}}})";
const std::string at_most_thirty = R"({"rules":{"SMN-MAX-UNITS":{"units":30}}})";

TEST_F(IntakeTest, SettingsAreInForceForWhatComesAfterThemAndWhatWasDecidedStays) {
  accepted(tell(referral(1, 100)));
  EXPECT_EQ(accepted(tell(settings(2, at_most_ten))).version, Version{1});
  EXPECT_EQ(refused(tell(referral(3, 101))), RejectionKind::reason_required);
  EXPECT_TRUE(accepted(tell(referral(1, 100))).repeated);
  EXPECT_EQ(accepted(tell(settings(4, at_most_thirty))).version, Version{2});
  accepted(tell(referral(3, 101)));
}

TEST_F(IntakeTest, WhatComesRightBehindSettingsWaitsUntilTheyWereReadBack) {
  Process& p = process();
  p.send(settings(1, at_most_ten));
  p.send(referral(2, 100));
  p.send(settings(3, at_most_thirty));
  p.send(referral(4, 101));
  settle(p);
  ASSERT_EQ(p.answers.size(), 4U);
  EXPECT_EQ(accepted(p.answers[0]).event, "SettingsAdopted");
  EXPECT_EQ(refused(p.answers[1]), RejectionKind::reason_required);
  EXPECT_EQ(accepted(p.answers[2]).version, Version{2});
  EXPECT_EQ(accepted(p.answers[3]).event, "ReferralReceived");
}

TEST_F(IntakeTest, SettingsAreAnsweredAsAnyCommand) {
  const Accepted first = accepted(tell(settings(1, at_most_ten)));
  EXPECT_EQ(first.case_id, provider_stream("hana-muenchen"));
  const Accepted again = accepted(tell(settings(1, at_most_ten)));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(refused(tell(settings(1, at_most_thirty))), RejectionKind::id_reused);
  EXPECT_EQ(accepted(tell(settings(1, at_most_ten, "somebody-else"))).version, Version{1})
      << "an id is unique within its stream";
  // Also when it has to be looked up, by another process.
  other().project();
  other().send(settings(1, at_most_ten));
  settle(other());
  EXPECT_TRUE(accepted(other().last()).repeated);
  other().send(settings(2, "{}"));
  settle(other());
  EXPECT_EQ(accepted(other().last()).version, Version{2});
  EXPECT_EQ(accepted(tell(settings(3, at_most_ten))).version, Version{3}) << "a lost race is decided again";
}

TEST_F(IntakeTest, ADryRunAdoptsNothing) {
  process().send(settings(1, at_most_ten), true);
  settle(process());
  EXPECT_TRUE(accepted(process().last()).dry_run);
  accepted(tell(referral(2, 100)));
}

TEST_F(IntakeTest, AStreamOfSettingsIsNoCase) {
  const CaseId stream = accepted(tell(settings(1, "{}"))).case_id;
  const std::string text =
      fmt::format(R"({{"command":"AssignCareTeam","id":"{}","case":"{}","data":{{"lead":"m.roth"}}}})",
                  uuid(2), to_string(stream));
  EXPECT_EQ(refused(tell(text)), RejectionKind::no_such_case);
}

TEST_F(IntakeTest, AFullQueueTakesNothing) {
  limits_.queue = 800;
  Process& p = process();
  const auto submit = [&](std::size_t commands) {
    std::vector<Submitted> many(commands);
    for (Submitted& each : many) each = Rejection{};
    return p.intake().submit(std::move(many), false, {}, [](std::vector<Answer>) {});
  };
  ASSERT_TRUE(submit(700));
  // The last eighth is for those who send few.
  EXPECT_FALSE(submit(small_submission_max + 1));
  EXPECT_FALSE(p.intake().has_room(small_submission_max + 1, 1'000));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(submit(1));
  EXPECT_FALSE(p.intake().has_room(1, 1'000));
  EXPECT_FALSE(submit(1));
  while (p.intake().step()) {}
  EXPECT_TRUE(submit(small_submission_max + 1));
  while (p.intake().step()) {}
}

TEST_F(IntakeTest, WhoSendsFewDoesNotWaitBehindWhoSendsMany) {
  limits_.decide_batch = 4;
  Process& p = process();
  std::vector<std::string> order;
  const auto submit = [&](const std::vector<std::string>& texts, const std::string& name) {
    CommandReader reader;
    std::vector<Submitted> all;
    all.reserve(texts.size());
    for (const std::string& text : texts) all.push_back(reader.read(text, clock_.at));
    ASSERT_TRUE(p.intake().submit(std::move(all), false, {}, [&, name](std::vector<Answer> answers) {
      for (const Answer& answer : answers)
        order.push_back(fmt::format("{} {}", name, accepted(answer).version.value));
    }));
  };
  const auto teams = [](int first_id, int count, int case_number) {
    std::vector<std::string> texts;
    for (int n = 0; n < count; ++n) texts.push_back(team(first_id + n, case_number, fmt::format("m.{}", n)));
    return texts;
  };
  std::vector<std::string> many;
  for (int n = 1; n <= 20; ++n) many.push_back(referral(n, 1'000 + n));
  submit(many, "many");
  // It would be refused if it came before the referral among the many.
  submit(teams(50, 1, 1'020), "behind");
  submit({referral(51, 2'000)}, "few");
  p.intake().step();
  p.intake().step();
  EXPECT_EQ(order, std::vector<std::string>{"few 1"});
  while (p.intake().step()) {}
  ASSERT_EQ(order.size(), 22u);
  EXPECT_EQ(order.back(), "behind 2");

  // And the many do not come before the few of the same case who were there first.
  order.clear();
  for (int n = 0; n < 6; ++n) submit(teams(70 + n, 1, 2'000), "few");
  submit(teams(80, 17, 2'000), "many");
  while (p.intake().step()) {}
  ASSERT_EQ(order.size(), 23u);
  for (int n = 0; n < 23; ++n) EXPECT_EQ(order[n], fmt::format("{} {}", n < 6 ? "few" : "many", n + 2));
  EXPECT_EQ(p.intake().status().queued, 0u);
}

TEST_F(IntakeTest, CommandsAreRefusedWhileTheTablesAreTooFarBehind) {
  limits_.cases_at_hand = 1;
  limits_.cases_ahead_of_tables = 3;
  Process& p = process();
  for (int n = 1; n <= 4; ++n) {
    p.send(referral(n, 100 + n));
    while (p.intake().step()) {}
  }
  EXPECT_EQ(p.answers.size(), 4u);
  EXPECT_EQ(p.intake().status().cases_at_hand, 4u);
  EXPECT_FALSE(p.intake().has_room(1, 1'000));
  std::vector<Submitted> one;
  one.emplace_back(Rejection{});
  EXPECT_FALSE(p.intake().submit(std::move(one), false, {}, [](std::vector<Answer>) {}));
  settle(p);
  EXPECT_EQ(p.intake().status().cases_at_hand, 0u);
  EXPECT_EQ(accepted(tell(referral(5, 105))).version, Version{1});
}

TEST_F(IntakeTest, CasesWithManyEventsAreNotKeptAtHand) {
  limits_.events_at_hand = 10;
  Process& p = process();
  tell(referral(1, 100));
  for (int n = 2; n <= 25; ++n) tell(visit(n, 100, 200 + n));
  EXPECT_EQ(p.intake().status().cases_at_hand, 1u);
  tell(referral(30, 101));
  EXPECT_EQ(p.intake().status().cases_at_hand, 1u);
  EXPECT_EQ(accepted(tell(visit(31, 100, 231))).version, Version{26});
  EXPECT_EQ(records_of(100), 26u);
}

TEST_F(IntakeTest, MemoryOfUnansweredCommandsIsBoundedAndComesFree) {
  Process& p = process();
  std::size_t answered = 0;
  const auto submit = [&] {
    Command large;
    large.case_id = CaseId{uuid_v7(Instant{1'700'000'000'000}, 1, 2)};
    large.id = EventId{uuid_v7(Instant{1'700'000'000'000}, 3, 4)};
    large.data = WithdrawReferral{};
    large.content.resize(std::size_t{16} << 20);
    std::vector<Submitted> one;
    one.emplace_back(std::move(large));
    return p.intake().submit(std::move(one), false, {}, [&](std::vector<Answer>) { ++answered; });
  };
  std::size_t taken = 0;
  while (taken < 100 && submit()) ++taken;
  // As many as fit, beside what else a command takes.
  EXPECT_EQ(taken, unanswered_octets_max / (std::size_t{16} << 20) - 1);
  EXPECT_EQ(p.intake().status().unanswered, taken);
  EXPECT_LE(p.intake().status().unanswered_octets, unanswered_octets_max);
  while (p.intake().step()) {}
  EXPECT_EQ(answered, taken);
  EXPECT_EQ(p.intake().status().unanswered, 0u);
  EXPECT_EQ(p.intake().status().unanswered_octets, 0u);
  EXPECT_TRUE(submit());
  while (p.intake().step()) {}
}

}  // namespace
}  // namespace geleit
