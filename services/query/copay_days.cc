#include "services/query/copay_days.h"

#include <algorithm>
#include <map>

#include "projections/deadlines.h"
#include "projections/rules/deadline.h"
#include "projections/soziotherapie.h"

namespace geleit {

std::vector<CopayDay> copay_days(const Case& c, const Booking& booking, const RuleBook& rules,
                                 std::optional<CivilDate> born, const UnitPrice& price) {
  struct Day {
    Minutes billable;
    const RuleSet* rules;
  };
  std::map<CivilDate, Day> by_day;
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    const Visit& v = c.visits[i];
    if (c.benefit != Benefit::st || !v.delivered() || is_trial_unit(c, v)) continue;
    Day& day = by_day[v.on];
    day.billable += booking.visits[i].billable;
    day.rules = &rules_at(c, v.judged, rules);
  }
  std::vector<CopayDay> days;
  days.reserve(by_day.size());
  for (const auto& [date, day] : by_day) {
    CopayDay& one = days.emplace_back(CopayDay{date, {}, {}});
    const auto unit = price ? price(date) : std::nullopt;
    if (!unit) continue;
    one.cost = Cents{(unit->value * day.billable.value + minutes_per_unit / 2) / minutes_per_unit};
    if (!born) continue;
    const bool exempt =
        std::any_of(c.exemptions.begin(), c.exemptions.end(),
                    [&, on = date](const Exemption& e) { return e.from <= on && on <= e.until; });
    one.copay = copay(*day.rules, *one.cost, date, *born, exempt);
  }
  return days;
}

}  // namespace geleit
