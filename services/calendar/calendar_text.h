// A person's deadlines and visits as an iCalendar file (RFC 5545), without the name of any patient. The one
// place that knows libical.
#pragma once

#include <string>

#include "projections/reading.h"
#include "projections/rules/catalogue.h"
#include "services/calendar/calendar_book.h"

namespace geleit {

/// What was longer ago stands in no calendar.
inline constexpr int calendar_days_back = 60;
/// Entries of one calendar, those that come next first.
inline constexpr std::size_t calendar_entries_max = 5'000;

/// Deadlines that are not met of cases that the person leads, as whole days; visits that are the person's,
/// scheduled or delivered, in Berlin's time. The same facts give the same text.
[[nodiscard]] std::string calendar_text(const Reading& reading, const PersonCalendar& calendar,
                                        CivilDate today, Language language);

}  // namespace geleit
