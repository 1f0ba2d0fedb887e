// The world around the service, under the simulation's hand: a clock that jumps, keys and tables whose
// writing fails, and a log as one process sees it, whose connection is lost, whose reading lags behind, and
// whose callbacks die with the process.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "events/memory_log.h"
#include "projections/store.h"
#include "services/clock.h"
#include "services/key_store.h"

namespace geleit::simulation {

class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Instant start) : now_(start), latest_(start), showed_{start} {}
  [[nodiscard]] Instant now() const override { return now_; }
  /// Back by two days at most, counted from the latest it ever was: commands keep to that.
  void move(std::int64_t ms) {
    now_ = {std::max(now_.ms + ms, latest_.ms - back_ms_max)};
    latest_ = std::max(latest_, now_);
    showed_.push_back(now_);
  }
  [[nodiscard]] std::size_t moves() const { return showed_.size() - 1; }
  /// Whether it showed this since it had moved so often.
  [[nodiscard]] bool was(Instant at, std::size_t since) const {
    return std::find(showed_.begin() + static_cast<std::ptrdiff_t>(since), showed_.end(), at) !=
           showed_.end();
  }

 private:
  static constexpr std::int64_t back_ms_max = std::int64_t{2} * 86'400'000;
  Instant now_, latest_;
  std::vector<Instant> showed_;
};

/// Keeps keys in memory, outlives every process, and fails when it is told to.
class SimulatedKeys final : public KeyStore {
 public:
  enum class Failure : std::uint8_t { none, before, after };
  void fail_next(Failure failure) { next_ = failure; }
  void add(std::span<const PersonKey> keys) override {
    const Failure failure = std::exchange(next_, Failure::none);
    if (failure == Failure::before)
      throw KeyStoreFailed("the keys were not kept, as the simulation asked for");
    inner_->add(keys);
    if (failure == Failure::after)
      throw KeyStoreFailed("nobody knows about the keys, as the simulation asked for");
  }
  [[nodiscard]] std::shared_ptr<const PersonKey> find(KeyId id) const override { return inner_->find(id); }
  [[nodiscard]] std::vector<KeyId> keys_of(PersonId person) const override { return inner_->keys_of(person); }
  void destroy(std::span<const KeyId> keys) override { inner_->destroy(keys); }
  [[nodiscard]] bool was_destroyed(KeyId id) const override { return inner_->was_destroyed(id); }

 private:
  std::unique_ptr<KeyStore> inner_ = memory_key_store();
  Failure next_ = Failure::none;
};

/// The log as one process sees it. Made anew with each process; what it has sent is written even when it is
/// gone.
class LogOfProcess final : public Log {
 public:
  explicit LogOfProcess(MemoryLog& log)
      : log_(log), alive_(std::make_shared<bool>(true)), visible_(log.info().partitions, everything) {}
  ~LogOfProcess() override { *alive_ = false; }

  [[nodiscard]] LogInfo info() const override { return log_.info(); }
  [[nodiscard]] Positions ends() const override {
    refuse_if_gone();
    return log_.ends();
  }
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override {
    return std::make_unique<Reader>(*this, partition, from);
  }
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override {
    refuse_if_gone();
    log_.read_at(positions, found);
  }
  void append(std::vector<NewRecord> records, std::function<void(const Appended&)> done) override {
    refuse_if_gone();
    if (std::exchange(queue_full_, false))
      throw LogUnavailable("the queue is full, as the simulation asked for");
    log_.append(std::move(records), [alive = alive_, done = std::move(done)](const Appended& outcome) {
      if (*alive) done(outcome);
    });
    while (at_once_ && log_.step()) {}
  }
  [[nodiscard]] std::unique_ptr<LogSubscription> subscribe(std::function<void()> grown) override {
    return log_.subscribe(std::move(grown));
  }

  /// The connection is lost or found again.
  void be_gone(bool gone) { gone_ = gone; }
  [[nodiscard]] bool gone() const { return gone_; }
  /// The next append finds no room.
  void fill_queue() { queue_full_ = true; }
  /// One of the next readings fails, once: of a batch that takes from many partitions perhaps the second.
  void stumble(int after_readings) { stumbles_in_ = after_readings; }
  /// Appends are carried out before they return, for what waits for its answer.
  void at_once(bool at_once) { at_once_ = at_once; }
  /// Readers get no further than the log reaches now, until they may again.
  void stop_reading() { visible_ = log_.ends(); }
  void go_on_reading() { visible_.assign(visible_.size(), everything); }
  [[nodiscard]] bool reading_stopped() const { return visible_.front() != everything; }

 private:
  static constexpr Offset everything{std::numeric_limits<std::uint64_t>::max()};

  class Reader final : public LogReader {
   public:
    Reader(const LogOfProcess& log, Partition partition, Offset from)
        : log_(log), partition_(partition), next_(from), reader_(log.log_.read(partition, from)) {}
    void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
      out.clear();
      log_.refuse_if_gone();
      if (log_.stumbles_in_ > 0 && --log_.stumbles_in_ == 0)
        throw LogUnavailable("a reading fails, as the simulation asked for");
      const Offset visible = log_.visible_[partition_.value];
      if (visible <= next_) return;
      reader_->next(out, std::min<std::uint64_t>(records_max, visible.value - next_.value));
      if (!out.empty()) next_ = geleit::next(out.back().offset);
    }

   private:
    const LogOfProcess& log_;
    Partition partition_;
    Offset next_;
    std::unique_ptr<LogReader> reader_;
  };

  void refuse_if_gone() const {
    if (gone_) throw LogUnavailable("the log is out of reach, as the simulation asked for");
  }

  MemoryLog& log_;
  std::shared_ptr<bool> alive_;
  Positions visible_;
  mutable int stumbles_in_ = 0;
  bool gone_ = false, queue_full_ = false, at_once_ = false;
};

/// The tables of one process, whose writing fails when it is told to.
class StoreOfProcess final : public Store {
 public:
  /// `after`: what failed is there all the same, as in a store that had to be opened again.
  enum class Failure : std::uint8_t { none, before, after };
  explicit StoreOfProcess(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] const Store& inner() const { return *inner_; }
  void fail_next(Failure failure) { next_ = failure; }

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const override { return inner_->snapshot(); }
  [[nodiscard]] std::unique_ptr<Batch> batch() override { return inner_->batch(); }
  void write(std::unique_ptr<Batch> batch, const StoreState& state) override {
    const Failure failure = std::exchange(next_, Failure::none);
    if (failure == Failure::before) throw StoreFailed("a write fails, as the simulation asked for");
    inner_->write(std::move(batch), state);
    if (failure == Failure::after)
      throw StoreFailed("nobody knows about a write, as the simulation asked for");
  }
  [[nodiscard]] std::vector<Table> outdated() const override { return inner_->outdated(); }
  [[nodiscard]] std::unique_ptr<Generation> begin(std::span<const Table> tables) override {
    return inner_->begin(tables);
  }
  void adopt(std::unique_ptr<Generation> generation, std::unique_ptr<Batch> batch,
             const StoreState& state) override {
    inner_->adopt(std::move(generation), std::move(batch), state);
  }
  void compare(const Store& other, Table table,
               const std::function<void(std::string_view key)>& differs) const override {
    inner_->compare(other, table, differs);
  }
  void compare(const Generation& generation, Table table,
               const std::function<void(std::string_view key)>& differs) const override {
    inner_->compare(generation, table, differs);
  }
  [[nodiscard]] std::vector<Parked> parked() const override { return inner_->parked(); }
  [[nodiscard]] std::vector<std::string> settings() const override { return inner_->settings(); }
  [[nodiscard]] std::vector<Adoption> adoptions() const override { return inner_->adoptions(); }
  [[nodiscard]] Head stream_head(const CaseId& stream) const override { return inner_->stream_head(stream); }
  [[nodiscard]] std::uint64_t disk_octets() const override { return inner_->disk_octets(); }
  void checkpoint(const std::filesystem::path& dir) const override { inner_->checkpoint(dir); }

 private:
  std::unique_ptr<Store> inner_;
  Failure next_ = Failure::none;
};

}  // namespace geleit::simulation
