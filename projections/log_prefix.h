// The beginning of a log as a log that does not grow: for tables of a past.
#pragma once

#include <algorithm>

#include "events/log.h"

namespace geleit {

/// Ends at `until`, which lies within `log`. `log` outlives it. Nothing can be appended.
class LogPrefix final : public Log {
 public:
  LogPrefix(const ReadableLog& log, Positions until) : log_(log), until_(std::move(until)) {}

  [[nodiscard]] LogInfo info() const override { return log_.info(); }
  [[nodiscard]] Positions ends() const override { return until_; }
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override {
    return std::make_unique<Reader>(log_.read(partition, from), until_[partition.value]);
  }
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override {
    log_.read_at(positions, found);
  }
  void append(std::vector<NewRecord>, std::function<void(const Appended&)>) override {
    throw LogUnavailable("a past is only read");
  }
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()>) override {
    return std::make_unique<LogSubscription>();
  }

 private:
  class Reader final : public LogReader {
   public:
    Reader(std::unique_ptr<LogReader> reader, Offset until) : reader_(std::move(reader)), until_(until) {}
    void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
      reader_->next(out, records_max);
      std::erase_if(out, [&](const StoredRecord& record) { return record.offset >= until_; });
    }

   private:
    std::unique_ptr<LogReader> reader_;
    Offset until_;
  };

  const ReadableLog& log_;
  Positions until_;
};

}  // namespace geleit
