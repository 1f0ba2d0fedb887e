// What operations dashboards draw beside the service's own metrics: how many deadlines, alerts and units
// there are, over all cases, without any id. Counted from the tables beside those who read the metrics.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "projections/store.h"
#include "services/clock.h"
#include "services/http/metrics.h"
#include "services/serial_worker.h"

namespace geleit {

/// What was counted is good for so long, and for so many times as long as counting took.
inline constexpr std::int64_t gauges_ms_min = 10'000;
inline constexpr std::int64_t gauges_rest = 20;

/// geleit_deadlines{rule,bucket}, geleit_overdue_starts, geleit_alerts{level,state},
/// geleit_units{benefit,kind} and geleit_cases{benefit,state}. Reading them has them counted again when they
/// are old; whoever reads next sees that.
class BusinessGauges {
 public:
  /// Begins to count for the first time. All of it outlives this.
  BusinessGauges(const Store& store, const Clock& clock, http::Metrics& metrics);
  ~BusinessGauges();

 private:
  void count();
  void count_beside();
  [[nodiscard]] double age_s();

  const Store& store_;
  const Clock& clock_;
  http::Metrics& metrics_;
  std::map<std::pair<std::string, http::Labels>, http::Gauge> gauges_;  ///< the worker's, once it works
  mutable std::mutex mutex_;                                            // guards what follows
  std::int64_t counted_ms_ = 0, took_ms_ = 0;
  bool counting_ = true;

  std::shared_ptr<void> age_;
  SerialWorker worker_;
};

}  // namespace geleit
