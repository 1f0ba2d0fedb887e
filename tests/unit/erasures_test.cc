// Erasing a person: the journal first, then the keys, down to the file; a restore erases again.
#include "services/erasures.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/wrap.h"
#include "tests/faulty_disk.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

constexpr Instant erased_at{1'782'813'600'000};

class Erasing : public ::testing::Test {
 protected:
  Erasing() : master_(MasterKey::load_or_make(dir_.path() / "master.key", KeyBytes{7})) { open(); }
  void open() {
    keys_.reset();
    keys_ = open_key_store(dir_.path() / "keys", master_);
    journal_.emplace(file());
    complete_erasures(*keys_, *journal_);
  }
  [[nodiscard]] std::filesystem::path file() const { return dir_.path() / "erasures.journal"; }
  static PersonKey key(int n, int person) {
    const auto number = [](std::uint64_t kind, int i) {
      return Uuid{0x0190000000007000ULL + kind, 0x8000000000000000ULL + static_cast<unsigned>(i)};
    };
    KeyBytes bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<unsigned char>(static_cast<unsigned>(n) * 31 + i * 7);
    return make_person_key({number(1, n)}, {number(2, person)}, bytes);
  }
  void add(const PersonKey& key) { keys_->add({&key, 1}); }
  /// Whether the key's wrapped octets stand in any file of the key store.
  [[nodiscard]] bool lingers(const PersonKey& key) const {
    const std::string wrapped = wrap_key(master_, key);
    const std::string part = wrapped.substr(wrapped.size() / 2, 12);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path() / "keys")) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (text.find(part) != std::string::npos) return true;
    }
    return false;
  }

  TemporaryDirectory dir_;
  MasterKey master_;
  std::unique_ptr<StoredKeys> keys_;
  std::optional<ErasureJournal> journal_;
};

TEST_F(Erasing, DestroysAllKeysOfThatPersonAndOfNobodyElse) {
  // REC-ERASE: what they sealed is unreadable everywhere, and nothing else is.
  const PersonKey first = key(1, 1), second = key(2, 1), other = key(3, 2);
  for (const PersonKey& one : {first, second, other}) add(one);
  open();
  EXPECT_EQ(erase_person(first.person, *keys_, *journal_, erased_at), (std::vector{first.id, second.id}));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_FALSE(keys_->find(first.id));
    EXPECT_FALSE(keys_->find(second.id));
    EXPECT_TRUE(keys_->find(other.id));
    EXPECT_TRUE(keys_->keys_of(first.person).empty());
    EXPECT_TRUE(journal_->contains(first.id) && journal_->contains(second.id));
    EXPECT_FALSE(journal_->contains(other.id));
    open();
  }
  EXPECT_TRUE(erase_person(first.person, *keys_, *journal_, erased_at).empty()) << "again changes nothing";
  EXPECT_EQ(ErasureJournal(file()).all().size(), 2U);
}

TEST_F(Erasing, LeavesNothingOfTheKeyInAnyFile) {
  const PersonKey erased = key(1, 1), other = key(2, 2);
  add(erased);
  add(other);
  open();
  ASSERT_TRUE(lingers(erased)) << "else the search finds nothing";
  erase_person(erased.person, *keys_, *journal_, erased_at);
  EXPECT_FALSE(lingers(erased));
  EXPECT_TRUE(lingers(other));
  const PersonKey young = key(3, 3);
  add(young);
  ASSERT_TRUE(lingers(young));
  erase_person(young.person, *keys_, *journal_, erased_at);
  EXPECT_FALSE(lingers(young)) << "not in the write-ahead log either";
}

TEST_F(Erasing, ThatWasKilledBetweenJournalAndKeysIsCompletedAtTheNextOpening) {
  const PersonKey erased = key(1, 1);
  add(erased);
  journal_->add(std::array{Erasure{erased.id, erased.person, erased_at}});
  ASSERT_TRUE(keys_->find(erased.id));
  open();
  EXPECT_FALSE(keys_->find(erased.id));
  EXPECT_FALSE(lingers(erased));
}

TEST_F(Erasing, ThatADiskCutsOffAnywhereLeavesNothingAfterTheNextOpening) {
  // Wherever the disk has no room left: before the keys are written over, or while old files are replaced.
  bool cut_off = true;
  int n = 0;
  for (std::int64_t room = 1; cut_off; room += 250) {
    ++n;
    SCOPED_TRACE(room);
    const PersonKey erased = key(n, n);
    add(erased);
    open();  // from the write-ahead log into a file
    ASSERT_TRUE(lingers(erased));
    keys_.reset();
    const FaultyEnv faulty;
    keys_ = open_key_store(dir_.path() / "keys", master_, false, faulty.env.get());
    faulty.disk->room = room;
    cut_off = false;
    try {
      erase_person(erased.person, *keys_, *journal_, erased_at);
    } catch (const KeyStoreFailed&) { cut_off = true; }
    faulty.disk->room = -1;
    open();
    EXPECT_FALSE(keys_->find(erased.id));
    EXPECT_FALSE(lingers(erased));
  }
  EXPECT_GT(n, 5) << "else hardly anything was cut off";
}

TEST_F(Erasing, IsDoneAgainInAKeyStoreThatIsOlder) {
  const PersonKey erased = key(1, 1);
  add(erased);
  keys_->checkpoint(dir_.path() / "older");
  erase_person(erased.person, *keys_, *journal_, erased_at);
  const auto older = open_key_store(dir_.path() / "older", master_);
  ASSERT_TRUE(older->find(erased.id));
  EXPECT_EQ(complete_erasures(*older, ErasureJournal(file())), 1U);
  EXPECT_FALSE(older->find(erased.id));
  EXPECT_EQ(complete_erasures(*older, ErasureJournal(file())), 0U);
}

TEST_F(Erasing, AKilledLastLineIsPassedOverAndWrittenOver) {
  const Erasure first{key(1, 1).id, key(1, 1).person, erased_at};
  const Erasure second{key(2, 2).id, key(2, 2).person, erased_at};
  journal_->add({&first, 1});
  std::ofstream(file(), std::ios::app) << "01900000-0000-7001-8000-0000";
  ErasureJournal again(file());
  EXPECT_EQ(again.all(), std::vector{first});
  again.add({&second, 1});
  EXPECT_EQ(ErasureJournal(file()).all(), (std::vector{first, second}));
}

TEST_F(Erasing, ADamagedLineIsRefusedByItsNumber) {
  const std::array both{Erasure{key(1, 1).id, key(1, 1).person, erased_at},
                        Erasure{key(2, 2).id, key(2, 2).person, erased_at}};
  journal_->add(both);
  std::fstream out(file(), std::ios::in | std::ios::out);
  out.seekp(3);
  out.put('f');
  out.close();
  try {
    const ErasureJournal damaged(file());
    FAIL() << "it was taken";
  } catch (const ErasuresFailed& failure) {
    EXPECT_NE(std::string(failure.what()).find("line 1"), std::string::npos) << failure.what();
  }
}

TEST_F(Erasing, KeepsItsGroundsAndReadsLinesThatHaveNone) {
  const Erasure asked{key(1, 1).id, key(1, 1).person, erased_at, ErasureGrounds::request};
  journal_->add({&asked, 1});
  const std::string said =
      to_string(key(2, 2).id) + " " + to_string(key(2, 2).person) + " " + to_string(erased_at);
  std::ofstream(file(), std::ios::app) << said << " " << to_hex(sha256(said)).substr(0, 16) << "\n";
  const Erasure old{key(2, 2).id, key(2, 2).person, erased_at, ErasureGrounds::retention_over};
  EXPECT_EQ(ErasureJournal(file()).all(), (std::vector{asked, old}));
}

}  // namespace
}  // namespace geleit
