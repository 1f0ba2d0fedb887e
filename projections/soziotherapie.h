// What only Soziotherapie has: several referrals in one case, trial units before a regular one, and the 120
// hours in three years. Nothing here is stored; it follows from the case.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "projections/case.h"
#include "projections/rule_book.h"

namespace geleit {

/// One of the referrals of a case: 0 is the one that opened it, i + 1 its follow-up i.
using ReferralIndex = std::size_t;

/// The referral that a day's care belongs to: the one prescribed last on or before it (of two of one day the
/// one received later); before all of them the opening one. A regular referral ends the trials received
/// before it, even those prescribed after it: what it clarifies is clear.
[[nodiscard]] ReferralIndex referral_on(const Case& c, CivilDate on);
/// The one that care belongs to from now on, until another comes.
[[nodiscard]] ReferralIndex latest_referral(const Case& c);
[[nodiscard]] CivilDate prescribed_on(const Case& c, ReferralIndex referral);
[[nodiscard]] bool is_trial(const Case& c, ReferralIndex referral);
/// False while there are only trials.
[[nodiscard]] bool any_regular_referral(const Case& c);

/// ST-TRIAL: the visit belongs to a referral that is a trial.
[[nodiscard]] bool is_trial_unit(const Case& c, const Visit& v);
/// Delivered minutes of one trial but for one visit.
[[nodiscard]] Minutes trial_minutes(const Case& c, ReferralIndex trial, VisitId except);
/// Trials prescribed in that calendar year but for one referral.
[[nodiscard]] int trials_in_year(const Case& c, int year, std::optional<ReferralIndex> except);

/// ST-GROUP: what a visit counts against contingent and 120 hours: its minutes; those of a group visit by the
/// weight of a group unit, half a minute rounded up. Worked example: 90 minutes of a group unit that lasts 90
/// and weighs 60 count 60, of one that weighs 90 (the default) 90.
[[nodiscard]] Minutes weight_of(const Case& c, const Visit& v, const RuleNumbers& numbers);
/// As weight_of by the set that the visit's delivery was judged by.
[[nodiscard]] Minutes weight_of(const Case& c, const Visit& v, const RuleBook& rules);

/// A period of ST-TOTAL: from its first day to the same date three years later, inclusive.
struct TotalWindow {
  CivilDate from, until;
  friend bool operator==(const TotalWindow&, const TotalWindow&) = default;
};
/// ST-TOTAL, ST-WINDOW: the period in which the case stands with its last unit; none without a unit. Fixed
/// ones follow one another: each begins with the first unit (or, where the set says so, referral) after the
/// one before; one that only a referral has begun is not yet where the case stands. The rolling one begins
/// with the oldest unit that still counts at the last one.
[[nodiscard]] std::optional<TotalWindow> current_window(const Case& c, const RuleNumbers& numbers);

/// A period and what is in it.
struct TotalReached {
  TotalWindow window;
  Minutes minutes;
};
/// The fullest period that holds the visit's day, with this visit delivered as it is given here, in the place
/// of the one with its id.
[[nodiscard]] TotalReached total_with(const Case& c, const Visit& visit, const RuleBook& rules,
                                      const RuleNumbers& numbers);
/// With it so delivered, a period that does not hold its day has more than the hours, and had not before: a
/// unit told late begins periods earlier and so moves those that follow.
[[nodiscard]] bool overfills_another(const Case& c, const Visit& visit, const RuleBook& rules,
                                     const RuleNumbers& numbers);

}  // namespace geleit
