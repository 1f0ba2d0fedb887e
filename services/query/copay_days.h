// ST-COPAY by calendar day, for the answer to an entitled reader of a case: the insured's age is personal
// data, so no table holds this.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "projections/booking.h"

namespace geleit {

/// A day with care that is no trial; what is at risk costs nothing. Amounts are absent where they cannot be
/// told.
struct CopayDay {
  CivilDate date;
  std::optional<Cents> cost;   ///< absent without a price
  std::optional<Cents> copay;  ///< absent without a cost or a birth date
  friend bool operator==(const CopayDay&, const CopayDay&) = default;
};

/// What a unit costs on a day by the contract with the case's insurer; none or an empty function: not set.
using UnitPrice = std::function<std::optional<Cents>(CivilDate)>;

/// The days on which an ST case was given care that is no trial, in their order. A day's cost is that of its
/// billable minutes, half a cent rounded up: 90 of them at 60.25 EUR a unit cost 90.38 EUR.
[[nodiscard]] std::vector<CopayDay> copay_days(const Case& c, const Booking& booking, const RuleBook& rules,
                                               std::optional<CivilDate> born, const UnitPrice& price);

}  // namespace geleit
