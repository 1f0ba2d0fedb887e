// What Prometheus may ask: counters, gauges and histograms, served as text at /metrics.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace geleit::http {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// A number that only grows. Cheap to copy; thread-safe; valid as long as its Metrics lives. One made by
/// default counts nowhere.
class Counter {
 public:
  Counter() = default;
  void add(double amount = 1) const;

 private:
  friend class Metrics;
  explicit Counter(void* held) : held_(held) {}
  void* held_ = nullptr;
};

/// A number that goes up and down; like Counter otherwise.
class Gauge {
 public:
  Gauge() = default;
  void set(double value) const;
  void add(double amount) const;

 private:
  friend class Metrics;
  explicit Gauge(void* held) : held_(held) {}
  void* held_ = nullptr;
};

/// How often a measure fell into which bucket; like Counter otherwise.
class Histogram {
 public:
  Histogram() = default;
  void observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(void* held) : held_(held) {}
  void* held_ = nullptr;
};

/// Upper bounds in seconds from 0.1 ms to 30 s, fit for answers over HTTP and for commits.
[[nodiscard]] std::vector<double> seconds_buckets();

/// Everything that is measured in one process. Thread-safe. Asking again for the same name and labels gives
/// the same one; the same name as another kind throws std::invalid_argument. Names start with `geleit_`, and
/// end in their unit
/// (`_seconds`, `_bytes`) and for counters in `_total`.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  [[nodiscard]] Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  [[nodiscard]] Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help,
                                    const Labels& labels = {},
                                    std::vector<double> buckets = seconds_buckets());
  /// A gauge whose value is asked for when somebody reads the metrics. `value` must stay callable, from any
  /// thread, until the returned handle is destroyed.
  [[nodiscard]] std::shared_ptr<void> gauge_when_read(const std::string& name, const std::string& help,
                                                      const Labels& labels, std::function<double()> value);

  /// The Prometheus text format; `content_type` goes with it.
  [[nodiscard]] std::string text() const;
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// What is counted of one route: answers by class of status, and how long they took.
struct RouteMeter {
  RouteMeter() = default;
  RouteMeter(Metrics& metrics, const std::string& method, const std::string& route);
  void record(int status, double seconds) const;

  std::array<Counter, 6> answers;  ///< by status / 100
  Histogram seconds;
};

}  // namespace geleit::http
