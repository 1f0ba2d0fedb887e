#include "projections/soziotherapie.h"

#include <algorithm>
#include <cassert>

#include "events/civil_time.h"
#include "projections/deadlines.h"
#include "projections/rules/calendar.h"

namespace geleit {
namespace {

/// What counts towards the 120 hours.
struct CountedUnit {
  CivilDate on;
  Minutes minutes;
};

bool counts_towards_total(const Case& c, const Visit& v, const RuleNumbers& numbers) {
  return v.delivered() && (numbers.st_trials_count || !is_trial_unit(c, v));
}

std::vector<CivilDate> days_of(const std::vector<CountedUnit>& units) {
  std::vector<CivilDate> days;
  days.reserve(units.size());
  for (const CountedUnit& unit : units) days.push_back(unit.on);
  return days;
}

/// The fixed windows in their order: each begins with the first of the days that the one before does not
/// hold.
std::vector<TotalWindow> fixed_windows(const Case& c, std::vector<CivilDate> unit_days,
                                       const RuleNumbers& numbers) {
  if (numbers.st_window == StWindow::first_referral) {
    for (ReferralIndex r = 0; r <= c.follow_ups.size(); ++r) unit_days.push_back(prescribed_on(c, r));
  }
  std::sort(unit_days.begin(), unit_days.end());
  std::vector<TotalWindow> windows;
  for (const CivilDate day : unit_days) {
    if (windows.empty() || day > windows.back().until) {
      windows.push_back({day, add_months(day, 12 * numbers.st_total_years)});
    }
  }
  return windows;
}

/// The rolling window that ends on that day.
TotalWindow window_ending(CivilDate until, const RuleNumbers& numbers) {
  const int months = 12 * numbers.st_total_years;
  const CivilDate from = add_months(until, -months);
  // The three years of 28 February do not reach 29 February.
  return {add_months(from, months) < until ? from + 1 : from, until};
}

bool holds(const TotalWindow& window, CivilDate day) { return day >= window.from && day <= window.until; }

Minutes minutes_in(const TotalWindow& window, const std::vector<CountedUnit>& units) {
  Minutes sum;
  for (const CountedUnit& unit : units) {
    if (holds(window, unit.on)) sum += unit.minutes;
  }
  return sum;
}

/// The delivered units but for one visit.
std::vector<CountedUnit> units_but(const Case& c, VisitId except, const RuleBook& rules,
                                   const RuleNumbers& numbers) {
  std::vector<CountedUnit> units;
  for (const Visit& v : c.visits) {
    if (v.id != except && counts_towards_total(c, v, numbers)) {
      units.push_back({v.on, weight_of(c, v, rules)});
    }
  }
  return units;
}

std::vector<CountedUnit> units_with(const Case& c, const Visit& visit, const RuleBook& rules,
                                    const RuleNumbers& numbers) {
  std::vector<CountedUnit> units = units_but(c, visit.id, rules, numbers);
  units.push_back({visit.on, weight_of(c, visit, numbers)});
  return units;
}

/// Every period and what is in it.
std::vector<TotalReached> reached_in(const Case& c, const std::vector<CountedUnit>& units,
                                     const RuleNumbers& numbers) {
  std::vector<TotalWindow> windows;
  if (numbers.st_window == StWindow::rolling) {
    for (const CountedUnit& unit : units) windows.push_back(window_ending(unit.on, numbers));
  } else {
    windows = fixed_windows(c, days_of(units), numbers);
  }
  std::vector<TotalReached> reached;
  reached.reserve(windows.size());
  for (const TotalWindow& window : windows) reached.push_back({window, minutes_in(window, units)});
  return reached;
}

}  // namespace

CivilDate prescribed_on(const Case& c, ReferralIndex referral) {
  return referral == 0 ? c.prescribed_on : c.follow_ups[referral - 1].prescribed_on;
}

bool is_trial(const Case& c, ReferralIndex referral) {
  return referral == 0 ? c.trial.value_or(false) : c.follow_ups[referral - 1].trial;
}

ReferralIndex referral_on(const Case& c, CivilDate on) {
  std::optional<ReferralIndex> found;
  for (ReferralIndex r = 0; r <= c.follow_ups.size(); ++r) {
    const CivilDate day = prescribed_on(c, r);
    if (day > on) continue;
    const bool ends_trial = found && is_trial(c, *found) && !is_trial(c, r);
    if (!found || day >= prescribed_on(c, *found) || ends_trial) found = r;
  }
  return found.value_or(0);
}

ReferralIndex latest_referral(const Case& c) {
  CivilDate last = c.prescribed_on;
  for (const FollowUp& f : c.follow_ups) last = std::max(last, f.prescribed_on);
  return referral_on(c, last);
}

bool any_regular_referral(const Case& c) {
  for (ReferralIndex r = 0; r <= c.follow_ups.size(); ++r) {
    if (!is_trial(c, r)) return true;
  }
  return false;
}

bool is_trial_unit(const Case& c, const Visit& v) {
  return c.benefit == Benefit::st && is_trial(c, referral_on(c, v.on));
}

Minutes trial_minutes(const Case& c, ReferralIndex trial, VisitId except) {
  Minutes sum;
  for (const Visit& v : c.visits) {
    if (v.delivered() && v.id != except && referral_on(c, v.on) == trial) sum += v.minutes;
  }
  return sum;
}

int trials_in_year(const Case& c, int year, std::optional<ReferralIndex> except) {
  int count = 0;
  for (ReferralIndex r = 0; r <= c.follow_ups.size(); ++r) {
    if (r != except && is_trial(c, r) && to_ymd(prescribed_on(c, r)).year == year) ++count;
  }
  return count;
}

Minutes weight_of(const Case& c, const Visit& v, const RuleNumbers& numbers) {
  if (c.benefit != Benefit::st || v.group_size <= 1 ||
      numbers.st_group_weight_minutes == numbers.st_group_minutes) {
    return v.minutes;
  }
  const int lasts = numbers.st_group_minutes;
  return Minutes{(v.minutes.value * numbers.st_group_weight_minutes + lasts / 2) / lasts};
}

Minutes weight_of(const Case& c, const Visit& v, const RuleBook& rules) {
  if (c.benefit != Benefit::st || v.group_size <= 1) return v.minutes;
  return weight_of(c, v, rules_at(c, v.judged, rules).numbers());
}

std::optional<TotalWindow> current_window(const Case& c, const RuleNumbers& numbers) {
  std::vector<CountedUnit> units;
  for (const Visit& v : c.visits) {
    if (counts_towards_total(c, v, numbers)) units.push_back({v.on, v.minutes});
  }
  if (units.empty()) return std::nullopt;
  std::vector<CivilDate> days = days_of(units);
  const CivilDate last_unit = *std::max_element(days.begin(), days.end());
  if (numbers.st_window != StWindow::rolling) {
    std::vector<TotalWindow> windows = fixed_windows(c, std::move(days), numbers);
    while (windows.back().from > last_unit) windows.pop_back();  // a referral began it
    return windows.back();
  }
  const TotalWindow last = window_ending(last_unit, numbers);
  std::erase_if(days, [&](CivilDate day) { return day < last.from; });
  const CivilDate oldest = *std::min_element(days.begin(), days.end());
  return TotalWindow{oldest, add_months(oldest, 12 * numbers.st_total_years)};
}

TotalReached total_with(const Case& c, const Visit& visit, const RuleBook& rules,
                        const RuleNumbers& numbers) {
  std::optional<TotalReached> fullest;
  for (const TotalReached& reached : reached_in(c, units_with(c, visit, rules, numbers), numbers)) {
    if (holds(reached.window, visit.on) && (!fullest || reached.minutes > fullest->minutes))
      fullest = reached;
  }
  assert(fullest);
  return *fullest;
}

bool overfills_another(const Case& c, const Visit& visit, const RuleBook& rules, const RuleNumbers& numbers) {
  const auto overfull = [&](const std::vector<CountedUnit>& units) {
    std::vector<TotalWindow> windows;
    for (const TotalReached& reached : reached_in(c, units, numbers)) {
      if (reached.minutes > numbers.st_total_minutes) windows.push_back(reached.window);
    }
    return windows;
  };
  const std::vector<TotalWindow> before = overfull(units_but(c, {}, rules, numbers));
  const std::vector<TotalWindow> after = overfull(units_with(c, visit, rules, numbers));
  return std::any_of(after.begin(), after.end(), [&](const TotalWindow& window) {
    return !holds(window, visit.on) && std::find(before.begin(), before.end(), window) == before.end();
  });
}

}  // namespace geleit
