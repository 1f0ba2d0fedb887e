// The log on Kafka with a local copy in the embedded format (log_copy.h): what is older than the records in
// memory is read from the copy, so that rebuild, history, as-of and audit run the same code at the same speed
// as on the embedded log and never wait for the network. Appends, ends, subscriptions and the newest records
// are KafkaLog's, and what the copy does not hold yet is read from the topic.
//
// One thread keeps the copy up: a copy that lacks much is fetched with all partitions at once
// (kafka_sweep.h), then it takes what comes. When the copy cannot be written or read, the log goes on without
// it, more slowly: copy_trouble() says why.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "events/kafka_log.h"
#include "events/log_copy.h"

namespace geleit {

struct CopiedLogOptions {
  KafkaLogOptions kafka;
  std::filesystem::path copy;  ///< the copy's own directory; made if need be
  DatabaseMemory memory;
};

class CopiedLog final : public Log {
 public:
  /// Throws as KafkaLog::open and LogCopy do.
  [[nodiscard]] static std::unique_ptr<CopiedLog> open(CopiedLogOptions options);
  /// Waits until every append has been answered. Readers and subscriptions must be gone.
  ~CopiedLog() override;

  /// Waits until the copy holds what the topic held when it was opened, or cannot be written. `progress`
  /// hears how many records are held, now and then, and may throw to give up.
  void catch_up(const std::function<void(std::uint64_t records)>& progress = {});
  /// How far the copy reaches.
  [[nodiscard]] Positions copied() const;
  /// Makes `to`, which must not exist, a log like the copy as it is once it holds what lies before `wanted`;
  /// its files are hard links where both lie on one file system. Throws LogUnavailable when that takes longer
  /// than ten seconds or fails.
  void checkpoint(const std::filesystem::path& to, const Positions& wanted) const;
  /// Why the copy was begun anew when it was opened, in a sentence; empty: it was not.
  [[nodiscard]] const std::string& note() const { return copy_.note(); }
  /// Why the copy does not grow or is not read; empty while all is well.
  [[nodiscard]] std::string copy_trouble() const;

  [[nodiscard]] LogInfo info() const override;
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) override;
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) override;
  [[nodiscard]] std::string trouble() const override;
  [[nodiscard]] KafkaLog::Queue append_queue() const;

 private:
  class Reader;
  explicit CopiedLog(CopiedLogOptions options);
  void run();
  void fetch(const Positions& until);
  void sweep(const Positions& until);
  void follow();
  bool copy_some();
  template <class Work>
  bool attempt(Work work);
  void mend_copy();
  bool pause(int ms);
  [[nodiscard]] bool is_far_behind(const Positions& until) const;
  void say_trouble(std::string why);
  void lose_copy(const std::exception& damage) const;
  [[nodiscard]] bool is_copied(Position position) const;

  CopiedLogOptions options_;
  std::unique_ptr<KafkaLog> log_;
  mutable LogCopy copy_;
  Positions opened_at_;
  std::atomic<std::uint64_t> held_{0};          // records in the copy
  mutable std::atomic<bool> copy_lost_{false};  // nothing is read from it any more
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<LogReader>> readers_;  // the copier's own, of the topic where the copy ends
  mutable std::mutex mutex_;                         // guards all that follows up to the thread
  mutable std::condition_variable changed_;
  bool caught_up_ = false;
  bool grown_ = true;
  mutable std::string trouble_;
  std::unique_ptr<LogSubscription> subscription_;
  std::thread thread_;  // last, for it uses all of the above
};

}  // namespace geleit
