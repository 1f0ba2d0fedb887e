// Which delivered minutes are covered by which approval (API.md, Visits and balance: Booking). Whole minutes;
// a correction or a late approval books anew from the start.
#pragma once

#include <vector>

#include "projections/case.h"
#include "projections/rule_book.h"

namespace geleit {

struct BookedVisit {
  Minutes billable,
      at_risk;  ///< together what the visit weighs; both zero unless delivered, and for trial units
  friend bool operator==(const BookedVisit&, const BookedVisit&) = default;
};

struct Booking {
  std::vector<BookedVisit> visits;  ///< by index into Case::visits
  std::vector<Minutes> used;        ///< by index into Case::approvals
  Minutes billable, at_risk;        ///< sums over the visits
};

/// Delivered visits in order of start (then id) are booked on standing approvals whose period holds the
/// visit's date and which have minutes left: the one that ends first, then the earlier decided, then by id; a
/// visit may be split. What finds no approval is at risk (ST-APPROVAL). A group visit is booked with its
/// weight (ST-GROUP), trial units (ST-TRIAL) not at all.
[[nodiscard]] Booking book(const Case& c, const RuleBook& rules);

}  // namespace geleit
