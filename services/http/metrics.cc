#include "services/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <list>
#include <map>
#include <mutex>

namespace geleit::http {

namespace {

prometheus::Labels to_labels(const Labels& labels) { return {labels.begin(), labels.end()}; }

}  // namespace

struct Metrics::State {
  struct WhenRead {
    prometheus::Gauge* gauge;
    std::function<double()> value;
  };

  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  mutable std::mutex mutex;  ///< guards when_read
  std::list<WhenRead> when_read;
};

Metrics::Metrics() : state_(std::make_shared<State>()) {}
Metrics::~Metrics() = default;

void Counter::add(double amount) const {
  if (held_ != nullptr) static_cast<prometheus::Counter*>(held_)->Increment(amount);
}
void Gauge::set(double value) const {
  if (held_ != nullptr) static_cast<prometheus::Gauge*>(held_)->Set(value);
}
void Gauge::add(double amount) const {
  if (held_ != nullptr) static_cast<prometheus::Gauge*>(held_)->Increment(amount);
}
void Histogram::observe(double value) const {
  if (held_ != nullptr) static_cast<prometheus::Histogram*>(held_)->Observe(value);
}

std::vector<double> seconds_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};
}

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  return Counter{&family.Add(to_labels(labels))};
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  return Gauge{&family.Add(to_labels(labels))};
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const Labels& labels,
                             std::vector<double> buckets) {
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
  return Histogram{&family.Add(to_labels(labels), std::move(buckets))};
}

std::shared_ptr<void> Metrics::gauge_when_read(const std::string& name, const std::string& help,
                                               const Labels& labels, std::function<double()> value) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  prometheus::Gauge* gauge = &family.Add(to_labels(labels));
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->when_read.insert(state_->when_read.end(), {gauge, std::move(value)});
  return {gauge, [state = state_, at, &family, gauge](void*) {
            const std::lock_guard end(state->mutex);
            state->when_read.erase(at);
            family.Remove(gauge);
          }};
}

std::string Metrics::text() const {
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& each : state_->when_read) each.gauge->Set(each.value());
  }
  return prometheus::TextSerializer{}.Serialize(state_->registry.Collect());
}

RouteMeter::RouteMeter(Metrics& metrics, const std::string& method, const std::string& route) {
  static constexpr const char* classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 1; i < answers.size(); ++i) {
    answers[i] =
        metrics.counter("geleit_http_requests_total", "Answered requests by route and class of status",
                        {{"method", method}, {"route", route}, {"status", classes[i]}});
  }
  seconds =
      metrics.histogram("geleit_http_request_seconds", "From the whole request to its answer's first byte",
                        {{"method", method}, {"route", route}});
}

void RouteMeter::record(int status, double took) const {
  const auto status_class = static_cast<std::size_t>(status / 100);
  if (status_class < answers.size()) answers[status_class].add();
  seconds.observe(took);
}

}  // namespace geleit::http
