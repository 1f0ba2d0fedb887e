// Pasts that somebody has asked for (projections/past.h), made in the background one after another, shared by
// all who ask for the same, and kept for a while: pages of one list, and one table after the other, are of
// one past.
#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "projections/past.h"
#include "services/serial_worker.h"

namespace geleit {

/// Pasts in the making or waiting for their turn; further ones are refused.
inline constexpr std::size_t pasts_waiting_max = 16;
/// What finished ones may hold: of memory together, and so many on disk, each as large as the tables were.
inline constexpr std::size_t pasts_memory_octets_max = std::size_t{192} << 20;
inline constexpr std::size_t pasts_on_disk_max = 2;
inline constexpr std::size_t pasts_kept_max = 64;
/// How often the tables are looked at, whether a checkpoint of them is due.
inline constexpr std::int64_t checkpoint_look_ms = 5'000;
/// A past "as known now" that took longer to make than this is used again, while the log goes on, for ten
/// times as long as it took.
inline constexpr std::int64_t past_costly_ms = 500;

/// Thread-safe. All that it is given outlives it.
class Pasts {
 public:
  /// One past: being made, finished or failed.
  class Making {
   public:
    [[nodiscard]] bool done() const { return done_.load(std::memory_order_acquire); }
    /// Of a done one. Throws what made it fail, as past_of_all.
    [[nodiscard]] const PastTables& tables() const;
    [[nodiscard]] std::uint64_t events() const { return events_; }  ///< read so far
    [[nodiscard]] std::uint64_t events_in_all() const { return of_; }

   private:
    friend class Pasts;
    PastAsk ask_;
    std::string provider_;  ///< empty: all
    bool now_ = false;      ///< of what was known when it was asked for
    std::uint64_t of_ = 0;
    std::int64_t begun_ms_ = 0, took_ms_ = 0;
    std::atomic<std::uint64_t> events_{0};
    std::atomic<bool> done_{false};
    PastTables tables_;
    std::exception_ptr failure_;
  };

  /// `dir` is its own: checkpoints stay there, what else lies there is removed.
  Pasts(const ReadableLog& log, const Store& store, const RuleBook& rules, const std::filesystem::path& dir);
  /// What is being made is given up.
  ~Pasts();

  /// The tables of a past, of one provider at least. `now`: nobody said what was to be known, so that a
  /// recent one will do that has read `wanted`. Null when too many wait.
  [[nodiscard]] std::shared_ptr<const Making> ask(const PastAsk& ask,
                                                  std::optional<std::string_view> provider, bool now,
                                                  std::span<const Position> wanted);

  [[nodiscard]] RecordedTimes& times() { return times_; }
  [[nodiscard]] PastRules& past_rules() { return past_rules_; }

 private:
  void make(Making& making);
  void keep_checkpoints(const std::stop_token& stop) const;
  void make_room();

  const ReadableLog& log_;
  const Store& store_;
  const RuleBook& rules_;
  std::filesystem::path scratch_;
  Checkpoints checkpoints_;
  RecordedTimes times_;
  PastRules past_rules_;
  std::stop_source stop_;
  std::mutex mutex_;                            // guards the next two
  std::list<std::shared_ptr<Making>> makings_;  ///< the one asked for last first
  std::uint64_t numbered_ = 0;
  /// What is made in seconds does not wait for what takes longer. Last: they end first.
  SerialWorker small_{"past"}, large_{"past-all"};
  std::jthread keeper_;
};

}  // namespace geleit
