// The persons' keys in their topic, on a real broker: several processes of one installation see the same.
#include "services/kafka_keys.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "events/kafka_keys_topic.h"
#include "events/kafka_log.h"
#include "events/uuid.h"
#include "tests/contract/kafka_broker.h"

namespace geleit {
namespace {

KafkaBroker& broker() {
  static KafkaBroker one;
  return one;
}

PersonKey key(unsigned n, unsigned person) {
  const auto number = [](std::uint64_t kind, unsigned i) {
    return Uuid{0x0190000000007000ULL + kind, 0x8000000000000000ULL + i};
  };
  KeyBytes bytes{};
  bytes[0] = static_cast<unsigned char>(n);
  return make_person_key({number(1, n)}, {number(2, person)}, bytes);
}

class KafkaKeysTest : public testing::Test {
 protected:
  KafkaKeysTest() {
    KafkaLog::create(address, {}, 2, Uuid{0x0123456789ab7cdeULL, 0x8123456789abcdefULL}, Instant{1});
  }
  [[nodiscard]] std::filesystem::path master() const { return dir.path() / "master.key"; }
  [[nodiscard]] std::unique_ptr<KafkaKeys> open() const {
    return open_kafka_keys(address, {}, master(), KeyBytes{7});
  }
  static void add(KafkaKeys& keys, const PersonKey& one) { keys.add({&one, 1}); }
  /// With the sentence in which the keys were refused.
  template <class Action>
  static std::string refusal_of(Action action) {
    try {
      action();
    } catch (const KeyStoreFailed& refused) { return refused.what(); }
    return "not refused";
  }
  template <class Condition>
  static bool comes_true(Condition condition) {
    for (int i = 0; i < 500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  KafkaAddress address = broker().new_topic();
  TemporaryDirectory dir;
};

TEST_F(KafkaKeysTest, WhatOneProcessAddedAnotherFindsAtOnce) {
  const auto ours = open(), theirs = open();
  const PersonKey one = key(1, 1);
  EXPECT_EQ(theirs->find(one.id), nullptr);
  add(*ours, one);
  ASSERT_NE(ours->find(one.id), nullptr);
  EXPECT_EQ(ours->find(one.id)->bytes, one.bytes);
  // An event that names it may be there already, so theirs must not say that it does not know it.
  const PersonKey two = key(2, 1);
  add(*ours, two);
  const auto found = theirs->find(two.id);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->sealing, two.sealing);
  EXPECT_EQ(found->person, two.person);
  EXPECT_EQ(open()->keys_of(one.person), (std::vector{one.id, two.id}));
}

TEST_F(KafkaKeysTest, WhatWasUnknownIsFoundOnceItIsThere) {
  const auto ours = open(), theirs = open();
  const PersonKey one = key(1, 1);
  EXPECT_EQ(ours->find(one.id), nullptr);
  EXPECT_FALSE(ours->known(one.id));
  add(*theirs, one);
  EXPECT_TRUE(comes_true([&] { return ours->find(one.id) != nullptr; }));
  EXPECT_TRUE(ours->known(one.id));
}

TEST_F(KafkaKeysTest, AskingForWhatIsUnknownWaitsForNobodyToWrite) {
  const auto ours = open();
  const auto start = std::chrono::steady_clock::now();
  for (unsigned n = 0; n < 40; ++n) EXPECT_FALSE(ours->known(key(n, 1).id));
  // A broker holds a fetch for half a second when nothing comes: 20 s in all.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(KafkaKeysTest, AnErasureDestroysAllKeysOfThePersonWhoeverMadeThem) {
  const auto ours = open(), theirs = open();
  const PersonKey first = key(1, 1), second = key(2, 1), other = key(3, 2);
  add(*ours, first);
  add(*theirs, second);
  add(*ours, other);
  ASSERT_NE(theirs->find(first.id), nullptr);
  ErasureJournal journal(dir.path() / "erasures.journal");
  EXPECT_EQ(erase_person(first.person, *ours, journal, Instant{5}), (std::vector{first.id, second.id}));
  for (const auto& keys : {ours.get(), theirs.get()}) {
    EXPECT_TRUE(comes_true([&] { return keys->find(second.id) == nullptr; }));
    EXPECT_EQ(keys->find(first.id), nullptr);
    EXPECT_TRUE(keys->known(first.id)) << "it was destroyed, not lost";
    EXPECT_NE(keys->find(other.id), nullptr);
    EXPECT_TRUE(keys->keys_of(first.person).empty());
  }
  const auto later = open();
  EXPECT_EQ(later->find(first.id), nullptr);
  EXPECT_TRUE(later->known(second.id));
  ASSERT_EQ(later->erasures().size(), 2U);
  EXPECT_EQ(later->erasures().front().person, first.person);
  EXPECT_TRUE(later->findings().empty());
}

TEST_F(KafkaKeysTest, TombstonesStandInTheTopic) {
  const PersonKey one = key(1, 1);
  {
    const auto ours = open();
    add(*ours, one);
    ours->destroy({&one.id, 1});
    ours->destroy({&one.id, 1});
  }
  std::vector<std::string> seen;
  const KafkaKeysTopic topic(address, {}, [&](const KeysTopicRecord& record) {
    if (record.name.find(to_string(one.id)) == std::string_view::npos) return;
    seen.push_back(std::string(record.name) + (record.value ? " value" : " tombstone"));
  });
  const std::string id = to_string(one.id);
  EXPECT_EQ(seen, (std::vector{id + " value", "geleit.erased." + id + " value", id + " tombstone"}))
      << "that it is to be destroyed is said before, and once";
}

TEST_F(KafkaKeysTest, ADestructionThatWasCutOffIsFinishedByTheNextOpening) {
  const PersonKey one = key(1, 1);
  add(*open(), one);
  KafkaKeysTopic raw(address, {}, [](const KeysTopicRecord&) {});
  raw.put({{"geleit.erased." + to_string(one.id), to_string(one.person)}});
  EXPECT_EQ(open()->find(one.id), nullptr);
  bool destroyed = false;
  const KafkaKeysTopic topic(address, {}, [&](const KeysTopicRecord& record) {
    if (record.name == to_string(one.id)) destroyed = !record.value;
  });
  EXPECT_TRUE(destroyed);
}

TEST_F(KafkaKeysTest, AKeyThatComesLateAfterItsErasureStaysDestroyed) {
  const PersonKey one = key(1, 1);
  const auto ours = open();
  add(*ours, one);
  ours->destroy({&one.id, 1});
  add(*open(), one);
  EXPECT_EQ(ours->find(one.id), nullptr);
  EXPECT_EQ(open()->find(one.id), nullptr);
}

TEST_F(KafkaKeysTest, AnotherMasterKeyIsRefusedAtOnce) {
  (void)open();
  const TemporaryDirectory elsewhere;
  const auto other = elsewhere.path() / "master.key";
  EXPECT_NE(refusal_of([&] { (void)open_kafka_keys(address, {}, other, KeyBytes{8}); }).find("copy it from"),
            std::string::npos)
      << "where there are keys, none is made anew";
  EXPECT_FALSE(std::filesystem::exists(other));
  (void)MasterKey::load_or_make(other, KeyBytes{8});
  EXPECT_NE(refusal_of([&] { (void)open_kafka_keys(address, {}, other, KeyBytes{8}); }).find("another one"),
            std::string::npos);
}

TEST_F(KafkaKeysTest, ACopyOnThisMachineHoldsTheSameKeys) {
  const auto ours = open();
  std::vector<PersonKey> many;
  for (unsigned n = 1; n <= 5'000; ++n) many.push_back(key(n, n / 2));
  ours->add(many);
  ours->checkpoint(dir.path() / "keys");
  const auto copy = open_key_store(dir.path() / "keys", MasterKey::load(master()), true);
  EXPECT_TRUE(copy->findings().empty());
  for (const PersonKey& one : many) {
    const auto found = copy->find(one.id);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->bytes, one.bytes);
  }
}

}  // namespace
}  // namespace geleit
