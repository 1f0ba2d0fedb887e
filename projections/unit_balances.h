// The minutes of a case as `unit-balances` shows them.
#pragma once

#include "projections/booking.h"
#include "projections/row_codec.h"

namespace geleit {

/// `booking` is that of the case.
[[nodiscard]] UnitBalanceRow balance_of(const Case& c, const Booking& booking);
[[nodiscard]] inline UnitBalanceRow balance_of(const Case& c, const RuleBook& rules) {
  return balance_of(c, book(c, rules));
}

}  // namespace geleit
