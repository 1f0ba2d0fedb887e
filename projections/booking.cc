#include "projections/booking.h"

#include <algorithm>
#include <tuple>

#include "projections/soziotherapie.h"

namespace geleit {

Booking book(const Case& c, const RuleBook& rules) {
  Booking booking;
  booking.visits.resize(c.visits.size());
  booking.used.resize(c.approvals.size());

  thread_local std::vector<std::size_t> visits;
  thread_local std::vector<std::size_t> approvals;
  visits.clear();
  approvals.clear();
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    if (c.visits[i].delivered() && !is_trial_unit(c, c.visits[i])) visits.push_back(i);
  }
  std::sort(visits.begin(), visits.end(), [&](std::size_t a, std::size_t b) {
    const Visit& x = c.visits[a];
    const Visit& y = c.visits[b];
    return std::tie(x.starts_at, x.id) < std::tie(y.starts_at, y.id);
  });
  for (std::size_t i = 0; i < c.approvals.size(); ++i) {
    if (c.approvals[i].stands()) approvals.push_back(i);
  }
  std::sort(approvals.begin(), approvals.end(), [&](std::size_t a, std::size_t b) {
    const Approval& x = c.approvals[a];
    const Approval& y = c.approvals[b];
    return std::tie(x.until, x.decided_on, x.id) < std::tie(y.until, y.decided_on, y.id);
  });

  for (const std::size_t i : visits) {
    const Visit& v = c.visits[i];
    const Minutes weight = weight_of(c, v, rules);
    Minutes left = weight;
    for (const std::size_t j : approvals) {
      const Approval& a = c.approvals[j];
      if (v.on < a.from || v.on > a.until) continue;
      const Minutes booked = std::min(left, minutes_of_units(a.units) - booking.used[j]);
      booking.used[j] += booked;
      left -= booked;
    }
    booking.visits[i] = {weight - left, left};
    booking.billable += weight - left;
    booking.at_risk += left;
  }
  return booking;
}

}  // namespace geleit
