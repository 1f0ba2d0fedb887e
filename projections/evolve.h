// The one fold: the same in intake, projector, audit and simulation.
#pragma once

#include <stdexcept>

#include "projections/case.h"

namespace geleit {

/// The event does not fit the case (an unknown visit, a second opening); it was decided by nobody we know.
/// The case is parked, not skipped.
struct FoldFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Moves the case by one accepted event and its hash to the next head. The event must be the next of its
/// chain (asserted). Throws FoldFailed and then leaves the case undefined: fold a copy, or fold it again from
/// the start.
void evolve(Case& c, const Event& event, const Hash& hash);

}  // namespace geleit
