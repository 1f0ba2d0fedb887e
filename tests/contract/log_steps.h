// The steps of which tests of logs are made: append and wait, read all, hold up, and records that say
// who they are.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "events/log.h"

namespace geleit {

/// Appends and waits until it is durable; the error, or empty.
inline std::string append_and_wait(Log& log, std::vector<NewRecord> records) {
  std::promise<std::string> outcome;
  log.append(std::move(records), [&](const Appended& a) { outcome.set_value(a.error); });
  return outcome.get_future().get();
}

/// Everything from `from` to the durable end, in steps of `records_max`.
struct ReadRecord {
  Offset offset;
  Instant recorded;
  std::string bytes;
  friend bool operator==(const ReadRecord&, const ReadRecord&) = default;
};
inline std::vector<ReadRecord> read_all(const ReadableLog& log, Partition partition, Offset from = Offset{0},
                                        std::size_t records_max = 100) {
  std::vector<ReadRecord> all;
  const auto reader = log.read(partition, from);
  std::vector<StoredRecord> some;
  while (true) {
    reader->next(some, records_max);
    if (some.empty()) return all;
    for (const StoredRecord& r : some) {
      EXPECT_EQ(r.partition, partition);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.bytes.data()) % 8, 0u);
      all.push_back({r.offset, r.recorded, std::string(r.bytes)});
    }
  }
}

/// A record of `size` octets (a multiple of 8) that says who it is.
inline std::string record_bytes(std::uint64_t number, std::size_t size = 64) {
  std::string bytes = std::to_string(number) + ".";
  std::uint64_t filler = number * 0x9e3779b97f4a7c15ULL + 1;
  while (bytes.size() < size) {
    filler ^= filler << 13;
    filler ^= filler >> 7;
    filler ^= filler << 17;
    bytes.append(reinterpret_cast<const char*>(&filler), sizeof filler);
  }
  bytes.resize(size);
  return bytes;
}

/// Keeps a log's thread busy in a callback, so that no append is done before it is opened.
class Blocker {
 public:
  void block(Log& log) {
    auto entered = std::make_shared<std::promise<void>>();
    gate_ = std::make_shared<std::promise<void>>();
    log.append({}, [entered, opened = gate_->get_future().share()](const Appended&) {
      entered->set_value();
      opened.wait();
    });
    entered->get_future().get();
  }
  void open() { gate_->set_value(); }

 private:
  std::shared_ptr<std::promise<void>> gate_;
};

}  // namespace geleit
