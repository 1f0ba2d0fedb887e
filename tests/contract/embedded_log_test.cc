// What only the embedded log promises: one process at a time, nothing lost by a kill, damage noticed, a full
// disk survived. tests/contract/log_contract.h has what every log promises.
#include "events/embedded_log.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include "events/embedded_log_database.h"
#include "tests/contract/log_steps.h"
#include "tests/temporary_directory.h"

// Stands before the system's own, so that a test can have a sync fail.
static std::atomic<bool> syncs_fail{false};
extern "C" int fdatasync(int file) {
  if (syncs_fail) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fdatasync, file));
}

namespace geleit {
namespace {

constexpr Uuid embedded_id{0x0123456789ab7cdeULL, 0x8123456789abcdefULL};
constexpr std::uint16_t some_partitions = 4;

class EmbeddedLogTest : public testing::Test {
 protected:
  TemporaryDirectory temporary;
  std::filesystem::path dir = temporary.path() / "log";

  void create() { EmbeddedLog::create(dir, some_partitions, embedded_id, Instant{77}); }
  static std::unique_ptr<EmbeddedLog> open(const std::filesystem::path& where,
                                           std::size_t recent_bytes_max = 1 << 20) {
    EmbeddedLogOptions options;
    options.dir = where;
    options.clock = [] { return Instant{1'000}; };
    options.recent_bytes_max = recent_bytes_max;
    return EmbeddedLog::open(std::move(options));
  }
  std::unique_ptr<EmbeddedLog> open() { return open(dir); }
  static void append(Log& log, std::uint64_t number, std::size_t count = 1, std::size_t size = 64) {
    std::vector<NewRecord> some;
    for (std::size_t i = 0; i < count; ++i) some.push_back({Partition{1}, record_bytes(number + i, size)});
    ASSERT_EQ(append_and_wait(log, std::move(some)), "");
  }
  // As a killed process would leave it: what RocksDB has not written to its files is gone.
  std::filesystem::path abandoned_copy(std::string_view name) const {
    const auto copy = temporary.path() / name;
    std::filesystem::create_directories(copy);
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
      if (entry.path().filename() != "LOCK")
        std::filesystem::copy(entry.path(), copy / entry.path().filename());
    }
    return copy;
  }
  static std::filesystem::path newest(const std::filesystem::path& where, std::string_view extension) {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(where)) {
      if (entry.path().extension() == extension && entry.path() > found) found = entry.path();
    }
    return found;
  }
  static void overwrite(const std::filesystem::path& file, std::uintmax_t at, std::string_view bytes) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(stream.good());
  }
  template <class Error, class Action>
  static std::string message_of(Action action) {
    try {
      action();
    } catch (const Error& error) { return error.what(); } catch (const std::exception& other) {
      ADD_FAILURE() << "another error: " << other.what();
      return {};
    }
    ADD_FAILURE() << "no error";
    return {};
  }
};

TEST_F(EmbeddedLogTest, SaysWhatItIs) {
  create();
  const LogInfo info = open()->info();
  EXPECT_EQ(info.id, embedded_id);
  EXPECT_EQ(info.partitions, some_partitions);
  EXPECT_EQ(info.created, Instant{77});
  EXPECT_EQ(info.kind, "embedded");
  EXPECT_EQ(info.where, dir.string());
}

TEST_F(EmbeddedLogTest, IsCreatedOnce) {
  EXPECT_FALSE(EmbeddedLog::exists(dir));
  create();
  EXPECT_TRUE(EmbeddedLog::exists(dir));
  EXPECT_THROW(create(), LogRefused);
  EXPECT_THROW(EmbeddedLog::create(temporary.path() / "x", 0, embedded_id, Instant{}), LogRefused);
  EXPECT_THROW(EmbeddedLog::create(temporary.path() / "x", 1'025, embedded_id, Instant{}), LogRefused);
  EXPECT_THROW((void)open(temporary.path() / "x"), LogRefused);
  EXPECT_THROW((void)EmbeddedLog::open_read_only(temporary.path() / "x"), LogRefused);
  EXPECT_FALSE(std::filesystem::exists(temporary.path() / "x"));
}

TEST_F(EmbeddedLogTest, AnInterruptedCreationIsTakenUp) {
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "UNFINISHED");
  EXPECT_FALSE(EmbeddedLog::exists(dir));
  { LogDatabase begun(dir, LogDatabase::Mode::create, {}); }
  EXPECT_FALSE(EmbeddedLog::exists(dir));
  EXPECT_THROW((void)open(), LogRefused);
  create();
  EXPECT_TRUE(EmbeddedLog::exists(dir));
  append(*open(), 0);
}

TEST_F(EmbeddedLogTest, HasUpTo1024Partitions) {
  EmbeddedLog::create(dir, 1'024, embedded_id, Instant{});
  for (std::uint64_t round = 0; round < 3; ++round) {
    const auto log = open();
    std::vector<NewRecord> some;
    for (std::uint16_t p = 0; p < 1'024; ++p) some.push_back({Partition{p}, record_bytes(p + round)});
    ASSERT_EQ(append_and_wait(*log, some), "");
    EXPECT_EQ(log->ends(), Positions(1'024, Offset{round + 1}));
    EXPECT_EQ(read_all(*log, Partition{1'023}).at(round).bytes, record_bytes(1'023 + round));
  }
}

constexpr const char* child_dir = "GELEIT_TEST_LOG_DIR";
constexpr const char* child_pipe = "GELEIT_TEST_PIPE";

/// Another process: this program started anew, for a fork inherits no threads. `test` tells it what to do.
pid_t start_child(const std::filesystem::path& dir, const char* test) {
  setenv(child_dir, dir.c_str(), 1);
  const std::string filter = std::string("--gtest_filter=EmbeddedLogProcess.DISABLED_") + test;
  const pid_t child = fork();
  if (child != 0) return child;
  execl("/proc/self/exe", "embedded_log_test", "--gtest_also_run_disabled_tests", "--gtest_brief=1",
        filter.c_str(), nullptr);
  _exit(1);
}

TEST(EmbeddedLogProcess, DISABLED_IsTurnedAway) {
  const char* where = std::getenv(child_dir);
  ASSERT_TRUE(where != nullptr);
  EmbeddedLogOptions options;
  options.dir = where;
  options.clock = [] { return Instant{1'000}; };
  try {
    (void)EmbeddedLog::open(std::move(options));
    FAIL() << "there are two writers";
  } catch (const LogRefused& refused) {
    EXPECT_NE(std::string(refused.what()).find("in use by another process"), std::string::npos);
  }
}

TEST_F(EmbeddedLogTest, ASecondOpenerIsTurnedAwayWithASentence) {
  create();
  const auto log = open();
  EXPECT_NE(message_of<LogRefused>([&] { (void)open(); }).find("in use by another process"),
            std::string::npos);
  const pid_t child = start_child(dir, "IsTurnedAway");
  ASSERT_GE(child, 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  append(*log, 1);
}

TEST_F(EmbeddedLogTest, OfflineToolsReadWhileAServiceWrites) {
  create();
  const auto log = open();
  append(*log, 0, 500);
  const auto view = EmbeddedLog::open_read_only(dir);
  EXPECT_EQ(view->info().id, embedded_id);
  EXPECT_EQ(view->ends()[1].value, 500u);
  append(*log, 500, 500);
  const auto all = read_all(*view, Partition{1});
  ASSERT_EQ(all.size(), 500u);
  EXPECT_EQ(all[499].bytes, record_bytes(499));
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir)) names.insert(entry.path().filename());
    return names;
  };
  const auto before = files();
  EXPECT_EQ(EmbeddedLog::open_read_only(dir)->ends()[1].value, 1'000u);
  EXPECT_EQ(files(), before);
}

TEST_F(EmbeddedLogTest, OfflineToolsOpenAnyMomentOfABusyService) {
  create();
  const auto log = open();
  std::atomic<bool> stop = false;
  std::thread service([&] {
    for (std::uint64_t n = 0; !stop; n += 2'000) append(*log, n, 2'000, 1'024);
  });
  for (int i = 0; i < 20; ++i) {
    const Offset before = log->ends()[1];
    const auto view = EmbeddedLog::open_read_only(dir);
    EXPECT_GE(view->ends()[1], before);
    const Offset some{view->ends()[1].value / 2};
    if (some.value > 0) {
      EXPECT_EQ(read_all(*view, Partition{1}, some).size(), view->ends()[1].value - some.value);
    }
  }
  stop = true;
  service.join();
}

std::string numbered_bytes(std::uint64_t n) { return record_bytes(n, 8 * (1 + n % 100)); }

// The other process of the next test. Appends numbered records and tells each one that was acknowledged.
TEST(EmbeddedLogProcess, DISABLED_AppendsUntilItIsKilled) {
  const char* where = std::getenv(child_dir);
  const char* pipe_number = std::getenv(child_pipe);
  ASSERT_TRUE(where != nullptr && pipe_number != nullptr);
  const int to = std::stoi(pipe_number);
  EmbeddedLogOptions options;
  options.dir = where;
  options.clock = [] { return Instant{1'000}; };
  const auto log = EmbeddedLog::open(std::move(options));
  std::atomic<std::uint64_t> waiting = 0;
  for (std::uint64_t n = log->ends()[1].value;; ++n) {
    while (waiting > 5'000) std::this_thread::yield();
    ++waiting;
    std::vector<NewRecord> one;
    one.push_back({Partition{1}, numbered_bytes(n)});
    log->append(std::move(one), [&waiting, n, to](const Appended& a) {
      if (!a.ok() || write(to, &n, sizeof n) != sizeof n) _exit(1);
      --waiting;
    });
  }
}

// Every record that was acknowledged before the kill is there after it, whole and in order.
TEST_F(EmbeddedLogTest, AKilledProcessLosesNothingThatWasAcknowledged) {
  create();
  std::uint64_t reached = 0;
  for (int round = 0; round < 5; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    setenv(child_pipe, std::to_string(acknowledged[1]).c_str(), 1);
    const pid_t child = start_child(dir, "AppendsUntilItIsKilled");
    ASSERT_GE(child, 0);
    close(acknowledged[1]);
    std::uint64_t last = 0;
    const std::uint64_t until = reached + 3'000 + static_cast<std::uint64_t>(round) * 1'111;
    while (last < until && read(acknowledged[0], &last, sizeof last) == sizeof last) continue;
    EXPECT_GE(last, until);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    while (read(acknowledged[0], &last, sizeof last) == sizeof last) continue;
    close(acknowledged[0]);

    const auto log = open();
    reached = log->ends()[1].value;
    EXPECT_GT(reached, last);
    const auto all = read_all(*log, Partition{1});
    ASSERT_EQ(all.size(), reached);
    std::size_t wrong = 0;
    for (std::size_t n = 0; n < all.size(); ++n) wrong += all[n].bytes == numbered_bytes(n) ? 0 : 1;
    EXPECT_EQ(wrong, 0u);
  }
}

TEST_F(EmbeddedLogTest, ATornLastWriteIsDroppedAndTheLogGoesOn) {
  create();
  const auto log = open();
  for (std::uint64_t n = 0; n < 20; ++n) append(*log, n);
  const auto before = abandoned_copy("whole");
  const auto whole = newest(before, ".log");
  append(*log, 20, 3'000, 512);  // spans many blocks of the write-ahead log
  const auto begun = std::filesystem::file_size(whole);
  const auto complete = std::filesystem::file_size(newest(dir, ".log"));
  ASSERT_GT(complete, begun + 1'000'000);
  int copy = 0;
  for (const std::uintmax_t size :
       {begun + 3, begun + 7, begun + 100, begun + 40'000, (begun + complete) / 2, complete - 1}) {
    const auto torn = abandoned_copy("torn" + std::to_string(copy++));
    std::filesystem::resize_file(newest(torn, ".log"), size);
    // What says how far was acknowledged is from before the write, as it would be.
    std::filesystem::copy_file(before / "REACHED", torn / "REACHED",
                               std::filesystem::copy_options::overwrite_existing);
    const auto again = open(torn);
    EXPECT_EQ(again->ends()[1].value, 20u) << size;
    append(*again, 20, 5);
    EXPECT_EQ(read_all(*again, Partition{1}).back().bytes, record_bytes(24));
  }
}

// After a power cut the pages of a large unsynced write may have reached the disk in any order.
TEST_F(EmbeddedLogTest, ATornLastWriteWithHolesIsDroppedWhereItWasNotAcknowledged) {
  create();
  const auto log = open();
  for (std::uint64_t n = 0; n < 20; ++n) append(*log, n);
  const auto before = abandoned_copy("before");
  const auto begun = std::filesystem::file_size(newest(before, ".log"));
  append(*log, 20, 3'000, 512);
  const std::string hole(8'192, '\0');
  int copy = 0;
  for (const std::uintmax_t at : {begun + 1, begun + 4'096, begun + 100'000, begun + 1'000'000}) {
    const auto torn = abandoned_copy("holes" + std::to_string(copy++));
    overwrite(newest(torn, ".log"), at, hole);
    const std::string acknowledged = message_of<LogCorrupt>([&] { (void)open(torn); });
    EXPECT_NE(acknowledged.find("lost its tail"), std::string::npos) << acknowledged;
    EXPECT_NE(acknowledged.find(newest(torn, ".log").filename().string()), std::string::npos) << acknowledged;
    std::filesystem::copy_file(before / "REACHED", torn / "REACHED",
                               std::filesystem::copy_options::overwrite_existing);
    const auto again = open(torn);
    EXPECT_EQ(again->ends()[1].value, 20u) << at;
    append(*again, 20, 5);
    EXPECT_EQ(read_all(*again, Partition{1}).back().bytes, record_bytes(24));
  }
}

TEST_F(EmbeddedLogTest, AnAcknowledgedTailThatIsGoneIsNoticedByTheLogItself) {
  create();
  const auto log = open();
  for (std::uint64_t n = 0; n < 50; ++n) append(*log, n);
  const auto size = std::filesystem::file_size(newest(dir, ".log"));
  const auto refused = [&](const std::filesystem::path& where, const std::string& files_before) {
    const std::string message = message_of<LogCorrupt>([&] { (void)open(where); });
    EXPECT_NE(message.find("50 and now ends at"), std::string::npos) << message;
    EXPECT_NE(message.find("backup"), std::string::npos) << message;
    EXPECT_EQ(message, message_of<LogCorrupt>([&] { (void)open(where); })) << "the second time";
    EXPECT_THROW((void)EmbeddedLog::open_read_only(where), LogCorrupt);
    EXPECT_EQ(newest(where, ".log").string(), files_before) << "the damaged log was changed";
  };
  int copy = 0;
  for (const std::uintmax_t left : {size - 1, size - 60, size / 2, std::uintmax_t{0}}) {
    const auto cut = abandoned_copy("cut" + std::to_string(copy++));
    const auto file = newest(cut, ".log");
    std::filesystem::resize_file(file, left);
    refused(cut, file.string());
  }
  const auto gone = abandoned_copy("gone");
  std::filesystem::remove(newest(gone, ".log"));
  refused(gone, newest(gone, ".log").string());
}

TEST_F(EmbeddedLogTest, ALogWithoutItsFirstFileIsNotMadeAnew) {
  create();
  append(*open(), 0, 100);
  std::filesystem::remove(dir / "CURRENT");
  const std::string opened = message_of<LogCorrupt>([&] { (void)open(); });
  EXPECT_NE(opened.find("CURRENT is missing"), std::string::npos) << opened;
  const std::string created = message_of<LogCorrupt>([&] { create(); });
  EXPECT_NE(created.find("CURRENT is missing"), std::string::npos) << created;
  EXPECT_FALSE(newest(dir, ".sst").empty());
}

TEST_F(EmbeddedLogTest, DamageBeforeTheLastWriteIsRefusedAndNamed) {
  create();
  const auto log = open();
  for (std::uint64_t n = 0; n < 200; ++n) append(*log, n, 10);
  const auto size = std::filesystem::file_size(newest(dir, ".log"));
  int copy = 0;
  for (const std::uintmax_t at : {size / 4, size / 2, size - 5'000}) {
    const auto damaged = abandoned_copy("damaged" + std::to_string(copy++));
    const auto file = newest(damaged, ".log");
    overwrite(file, at, "damage!!");
    const std::string message = message_of<LogCorrupt>([&] { (void)open(damaged); });
    // The record that holds the damaged octets begins at most one block before them.
    const std::size_t named = message.find("at octet ");
    ASSERT_NE(named, std::string::npos) << message;
    const std::uintmax_t begin = std::stoull(message.substr(named + 9));
    EXPECT_LT(begin, at + 8);
    EXPECT_GT(begin + 32'768, at);
    EXPECT_NE(message.find(file.filename().string()), std::string::npos) << message;
    EXPECT_NE(message.find("backup"), std::string::npos) << message;
    EXPECT_EQ(std::filesystem::file_size(file), size) << "the damaged log was changed";
  }
}

TEST_F(EmbeddedLogTest, DamageInASortedFileIsNamedWhenItIsRead) {
  create();
  {
    const auto log = open();
    append(*log, 0, 5'000, 512);
  }
  const auto file = newest(dir, ".sst");
  ASSERT_FALSE(file.empty());
  overwrite(file, std::filesystem::file_size(file) / 3, "damage!!");
  const auto log = open();
  const std::string message = message_of<LogCorrupt>([&] { (void)read_all(*log, Partition{1}); });
  EXPECT_NE(message.find(file.filename().string()), std::string::npos) << message;
  EXPECT_NE(message.find("backup"), std::string::npos) << message;
}

TEST_F(EmbeddedLogTest, AMissingSortedFileIsRefused) {
  create();
  {
    const auto log = open();
    append(*log, 0, 100);
  }
  const auto file = newest(dir, ".sst");
  std::filesystem::remove(file);
  const std::string message = message_of<LogCorrupt>([&] { (void)open(); });
  EXPECT_NE(message.find(file.stem().string()), std::string::npos) << message;
}

TEST_F(EmbeddedLogTest, ATailThatWasCutOffIsNoticedByWhoeverHasReadIt) {
  create();
  Positions known;
  std::filesystem::path older;
  {
    const auto log = open();
    append(*log, 0, 100);
    older = abandoned_copy("older");
    append(*log, 100, 100);
    known = log->ends();
  }
  const auto log = open(older);
  const std::string message = message_of<LogCorrupt>([&] { require_reached(*log, known); });
  EXPECT_NE(message.find("lost its tail"), std::string::npos) << message;
}

// A file may not grow beyond a limit: as on a full disk, a write fails halfway.
TEST_F(EmbeddedLogTest, AfterAFailedWriteItRefusesUntilItHasOpenedAgainAndLosesNothing) {
  create();
  const auto log = open(dir, 0);
  append(*log, 0, 100);
  const auto reader = log->read(Partition{1}, Offset{0});
  std::vector<StoredRecord> some;
  reader->next(some, 10);  // holds an iterator that the reopening must end
  ASSERT_FALSE(some.empty());

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = std::filesystem::file_size(newest(dir, ".log")) + 20'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);

  std::vector<NewRecord> large;
  for (std::uint64_t n = 0; n < 200; ++n) large.push_back({Partition{1}, record_bytes(100 + n, 1'024)});
  std::string refusal;
  std::promise<std::string> outcome;
  log->append(large, [&](const Appended& a) {
    refusal = message_of<LogUnavailable>([&] { log->append({}, [](const Appended&) {}); });
    outcome.set_value(a.error);
  });
  EXPECT_NE(outcome.get_future().get(), "");
  EXPECT_EQ(log->ends()[1].value, 100u);
  EXPECT_NE(refusal.find("try again later"), std::string::npos) << refusal;

  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::string again = "not tried";
  for (int attempt = 0; attempt < 1'000 && !again.empty(); ++attempt) {
    try {
      again = append_and_wait(*log, large);
    } catch (const LogUnavailable&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }
  }
  signal(SIGXFSZ, handler);
  ASSERT_EQ(again, "");
  const auto all = read_all(*log, Partition{1});
  ASSERT_EQ(all.size(), 300u);
  for (std::size_t n = 0; n < 100; ++n) EXPECT_EQ(all[n].bytes, record_bytes(n));
  for (std::size_t n = 100; n < 300; ++n) EXPECT_EQ(all[n].bytes, record_bytes(n, 1'024));
  std::size_t read = some.size();
  while (true) {
    reader->next(some, 10);
    if (some.empty()) break;
    EXPECT_EQ(some.front().offset.value, read);
    read += some.size();
  }
  EXPECT_EQ(read, 300u);
}

// The octets may be in the file all the same: then they are records like others once the log is open again,
// though nobody was told so.
TEST_F(EmbeddedLogTest, AFailedSyncIsNeverTakenForDone) {
  create();
  const auto log = open();
  append(*log, 0, 10);
  const auto reader = log->read(Partition{1}, Offset{0});
  std::vector<StoredRecord> some;
  reader->next(some, 100);
  ASSERT_EQ(some.size(), 10u);
  std::promise<void> grown;
  const auto subscription = log->subscribe([&, told = false]() mutable {
    if (!std::exchange(told, true)) grown.set_value();
  });

  syncs_fail = true;
  std::string outcome =
      append_and_wait(*log, {{Partition{1}, record_bytes(10)}, {Partition{0}, record_bytes(0)}});
  EXPECT_NE(outcome, "");
  EXPECT_EQ(log->ends(), (Positions{Offset{0}, Offset{10}, Offset{0}, Offset{0}}));
  std::this_thread::sleep_for(std::chrono::milliseconds(3 * reopen_wait_first_ms));  // it tries, and fails
  EXPECT_THROW(log->append({}, [](const Appended&) {}), LogUnavailable);
  syncs_fail = false;

  grown.get_future().get();
  EXPECT_EQ(log->ends(), (Positions{Offset{1}, Offset{11}, Offset{0}, Offset{0}}));
  reader->next(some, 100);
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0].bytes, record_bytes(10));
  append(*log, 10, 5);
  for (std::uint64_t n = 11; n < 16; n += some.size()) {
    reader->next(some, 100);
    ASSERT_FALSE(some.empty());
    EXPECT_EQ(some[0].offset.value, n);
  }
  EXPECT_EQ(read_all(*log, Partition{1}).size(), 16u);
}

TEST_F(EmbeddedLogTest, WhatIsQueuedIsWrittenBeforeItCloses) {
  create();
  std::atomic<int> done = 0;
  {
    const auto log = open();
    for (std::uint64_t n = 0; n < 1'000; ++n) {
      std::vector<NewRecord> one;
      one.push_back({Partition{1}, record_bytes(n)});
      log->append(std::move(one), [&](const Appended& a) { done += a.ok() ? 1 : 0; });
    }
  }
  EXPECT_EQ(done, 1'000);
  EXPECT_EQ(open()->ends()[1].value, 1'000u);
}

// Far more than is kept in memory, in several sorted files, through several openings.
TEST_F(EmbeddedLogTest, ManyRecordsInManyFilesAreReadAsTheyWereWritten) {
  create();
  constexpr std::uint64_t rounds = 6;
  constexpr std::uint64_t per_round = 60'000;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const auto log = open(dir, 100'000);
    std::vector<NewRecord> some;
    for (std::uint64_t n = 0; n < per_round; ++n) {
      some.push_back({Partition{static_cast<std::uint16_t>(n % some_partitions)},
                      record_bytes(round * per_round + n, 240)});
    }
    ASSERT_EQ(append_and_wait(*log, std::move(some)), "");
  }
  const auto log = open(dir, 100'000);
  for (std::uint16_t p = 0; p < some_partitions; ++p) {
    const auto all = read_all(*log, Partition{p}, Offset{0}, 1'000);
    ASSERT_EQ(all.size(), rounds * per_round / some_partitions);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
      wrong += all[i].bytes == record_bytes(p + i * some_partitions, 240) ? 0 : 1;
    EXPECT_EQ(wrong, 0u);
  }
  const std::vector<Position> asked{
      {Partition{2}, Offset{89'999}}, {Partition{2}, Offset{0}}, {Partition{0}, Offset{45'000}}};
  std::vector<std::uint64_t> numbers;
  log->read_at(asked, [&](const StoredRecord& r) { numbers.push_back(std::stoull(std::string(r.bytes))); });
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{359'998, 2, 180'000}));
}

}  // namespace
}  // namespace geleit
