// All of Geleit in one process on the embedded log: what `geleit serve` runs, put together here and nowhere
// else.
//
//   <data>/log         the events; the only thing that cannot be made again
//   <data>/keys        person keys, wrapped by <data>/master.key (mode 0600)
//   <data>/tables      the read models; removing them costs a rebuild
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "events/embedded_log.h"
#include "projections/projector.h"
#include "projections/rule_book.h"
#include "projections/store.h"
#include "services/clock.h"
#include "services/data_directory.h"
#include "services/http/metrics.h"
#include "services/intake/intake.h"
#include "services/key_store.h"

namespace geleit {

class Service {
 public:
  /// Opens (or makes) the log and the keys. Throws LogRefused, LogCorrupt, LogUnavailable, KeyStoreFailed,
  /// StoreFailed.
  Service(DataDirectory data, const ClockChoice& clock);
  ~Service();

  /// Makes the tables ready, which may take a rebuild, and starts the roles' threads. Throws as above.
  void start(const std::function<void(std::uint64_t events)>& progress);
  /// Finishes what intake has accepted and brings the tables to it; ends by itself when the log cannot be
  /// reached.
  void stop();

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const ClockChoice& clock_choice() const { return choice_; }
  [[nodiscard]] const Clock& clock() const { return *clock_; }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] RuleBook& rules() { return rules_; }
  [[nodiscard]] KeyStore& keys() { return *keys_; }
  /// Only once `start` has been reached.
  [[nodiscard]] Intake& intake() { return *intake_; }
  [[nodiscard]] Projector& projector() { return *projector_; }
  /// Events folded by a rebuild that runs now; none otherwise.
  [[nodiscard]] std::optional<std::uint64_t> rebuilding() const;

 private:
  DataDirectory data_;
  ClockChoice choice_;
  std::unique_ptr<Clock> clock_;
  SystemChance chance_;
  RuleBook rules_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<Intake> intake_;
  std::jthread intake_thread_, projector_thread_;
  std::atomic<bool> ready_{false};
  std::atomic<std::int64_t> rebuilding_{-1};
};

}  // namespace geleit
