#include "services/query/business_gauges.h"

#include <algorithm>
#include <unordered_set>

#include "events/civil_time.h"
#include "projections/alerts.h"
#include "projections/columns.h"
#include "projections/deadlines.h"
#include "projections/reading.h"

namespace geleit {
namespace {

/// In which window a deadline lies that is open, by the days that are left.
std::string_view bucket_of(int days_left) {
  if (days_left <= 2) return "0-2 days";
  if (days_left <= 7) return "3-7 days";
  if (days_left <= 14) return "8-14 days";
  return "15 days and more";
}
constexpr std::string_view overdue_bucket = "overdue";

using GaugeCounts = std::map<std::pair<std::string, http::Labels>, double>;

double& count_of(GaugeCounts& counts, std::string name, http::Labels labels) {
  return counts[std::pair(std::move(name), std::move(labels))];
}

void count_deadlines(const Reading& reading, CivilDate today, const std::unordered_set<CaseId>& ended,
                     GaugeCounts& counts) {
  DeadlineRow row;
  reading.rows(Table::deadlines, std::nullopt, {}, [&](const FoundRow& found) {
    decode(found.key, found.bytes, row);
    const auto left = days_left(row, today);
    const bool overdue = !left && !row.met_on && state_on(row, today) == DeadlineState::missed;
    if (!left && !overdue) return true;
    // What was missed and never done is nobody's work any more once its case has ended.
    if (ended.contains(row.id)) return true;
    ++count_of(counts, "geleit_deadlines",
               {{"rule", std::string(word(row.rule))},
                {"bucket", std::string(left ? bucket_of(*left) : overdue_bucket)}});
    return true;
  });
}

void count_units(const Reading& reading, GaugeCounts& counts) {
  UnitBalanceRow row;
  reading.rows(Table::unit_balances, std::nullopt, {}, [&](const FoundRow& found) {
    decode(found.key, found.bytes, row);
    const auto add = [&](const char* kind, Minutes minutes) {
      count_of(counts, "geleit_units", {{"benefit", std::string(word(row.benefit))}, {"kind", kind}}) +=
          static_cast<double>(minutes.value) / minutes_per_unit;
    };
    add("prescribed", row.prescribed);
    add("approved", row.approved);
    add("scheduled", row.scheduled);
    add("delivered", row.delivered);
    add("at_home", row.at_home);
    add("billable", row.billable);
    add("at_risk", row.at_risk);
    add("remaining", row.remaining);
    return true;
  });
}

void count_alerts(const Reading& reading, CivilDate today, GaugeCounts& counts) {
  AlertRow row;
  reading.rows(Table::alerts, std::nullopt, {}, [&](const FoundRow& found) {
    decode(found.key, found.bytes, row);
    const AlertState state = state_on(row, today);
    if (state == AlertState::closed) return true;
    ++count_of(counts, "geleit_alerts",
               {{"level", std::to_string(row.level)}, {"state", std::string(word(state))}});
    return true;
  });
}

const std::map<std::string, std::string>& helps() {
  static const std::map<std::string, std::string> texts{
      {"geleit_deadlines", "Deadlines that are not met, of cases that go on, by rule and days left"},
      {"geleit_overdue_starts", "Children whose care has not begun six weeks after discharge"},
      {"geleit_alerts", "Alerts that are not closed, by level and state"},
      {"geleit_units", "Units of 60 minutes of all cases, by benefit and kind"},
      {"geleit_cases", "Cases by benefit and state"}};
  return texts;
}

}  // namespace

BusinessGauges::BusinessGauges(const Store& store, const Clock& clock, http::Metrics& metrics)
    : store_(store), clock_(clock), metrics_(metrics), counted_ms_(monotonic_ms()), worker_("gauges") {
  count_beside();
  age_ = metrics.gauge_when_read("geleit_business_age_seconds",
                                 "How old deadlines, alerts, units and cases are as they are told here", {},
                                 [this] { return age_s(); });
}

BusinessGauges::~BusinessGauges() { age_.reset(); }

double BusinessGauges::age_s() {
  const std::lock_guard lock(mutex_);
  const std::int64_t age_ms = monotonic_ms() - counted_ms_;
  if (!counting_ && age_ms >= std::max(gauges_ms_min, gauges_rest * took_ms_)) {
    counting_ = true;
    count_beside();
  }
  return static_cast<double>(age_ms) / 1'000;
}

void BusinessGauges::count_beside() {
  worker_.give([this] {
    try {
      count();
    } catch (const std::exception&) {
      // The tables cannot be read now, which status tells; the age tells that these are old.
    }
    const std::lock_guard lock(mutex_);
    counting_ = false;
  });
}

void BusinessGauges::count() {
  const std::int64_t began_ms = monotonic_ms();
  const Reading reading(store_.snapshot());
  const CivilDate today = berlin_date(clock_.now());
  GaugeCounts counts;
  std::unordered_set<CaseId> ended;
  CaseRow row;
  reading.rows(Table::cases, std::nullopt, {}, [&](const FoundRow& found) {
    decode(found.key, found.bytes, row);
    if (is_ended(row.state)) ended.insert(row.id);
    ++count_of(counts, "geleit_cases",
               {{"benefit", std::string(word(row.benefit))}, {"state", std::string(word(row.state))}});
    return true;
  });
  count_deadlines(reading, today, ended, counts);
  count_units(reading, counts);
  count_alerts(reading, today, counts);
  double& overdue = count_of(counts, "geleit_overdue_starts", {});
  OverdueStartRow start;
  reading.rows(Table::overdue_starts, std::nullopt, {}, [&](const FoundRow& found) {
    decode(found.key, found.bytes, start);
    if (start.due_on < today) ++overdue;
    return true;
  });
  // What there was once and is not now is none, and not what it was.
  for (const auto& [key, gauge] : gauges_) {
    if (!counts.contains(key)) gauge.set(0);
  }
  for (const auto& [key, value] : counts) {
    auto known = gauges_.find(key);
    if (known == gauges_.end())
      known = gauges_.emplace(key, metrics_.gauge(key.first, helps().at(key.first), key.second)).first;
    known->second.set(value);
  }
  const std::lock_guard lock(mutex_);
  counted_ms_ = monotonic_ms();
  took_ms_ = counted_ms_ - began_ms;
}

}  // namespace geleit
