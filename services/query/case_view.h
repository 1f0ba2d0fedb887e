// One case with all that follows from it, as `cases/{case}` shows it: computed from the folded case itself,
// so that every part of the answer belongs to the same version.
#pragma once

#include <string>

#include "projections/case.h"
#include "services/query/lists.h"

namespace geleit {

/// The row of `cases` with `deadlines`, `balance`, `visits`, `tasks`, `approvals`, `alerts`, `findings` and
/// `as_at` as one JSON object; the lists in their tables' default order. Of the question its language, rules,
/// opener, lag and `today` count.
[[nodiscard]] std::string case_view(const Case& c, const StoreState& state, CivilDate today,
                                    const ListQuestion& question);

}  // namespace geleit
