// The minutes of a case as `unit-balances` shows them.
#pragma once

#include "projections/row_codec.h"

namespace geleit {

[[nodiscard]] UnitBalanceRow balance_of(const Case& c);

}  // namespace geleit
