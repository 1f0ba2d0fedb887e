// The key figures of a provider in a period, from its counters (API.md, Figures).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/reading.h"

namespace geleit {

enum class Period : std::uint8_t { month, quarter, year };
template <>
inline constexpr std::array<std::string_view, 3> words<Period>{"month", "quarter", "year"};

/// One provider in one period. Hundredths are amounts to two decimals, half a hundredth rounded up;
/// percentiles are nearest-rank and none where nothing was counted.
struct FigureRow {
  std::string provider;
  std::string period;     ///< "2026-03", "2026-Q1", "2026"
  CivilDate from, until;  ///< its days, as far as they were asked for
  std::int64_t referrals = 0, starts = 0, starts_missed = 0;
  std::optional<std::int64_t> start_days_median, start_days_p90;
  std::int64_t units_delivered = 0, units_billable = 0;  ///< hundredths of units
  std::optional<std::int64_t> home_share;                ///< hundredths of the minutes delivered
  std::int64_t extensions = 0, completions = 0;
  std::optional<std::int64_t> approval_days_median, approval_days_p90;
  std::int64_t fictions = 0;
  friend bool operator==(const FigureRow&, const FigureRow&) = default;
};

struct FigureQuery {
  std::optional<std::string> provider;  ///< none: every provider, each by itself
  std::optional<CivilDate> from, to;    ///< inclusive; by default the first counted day and today
  Period by = Period::month;
  CivilDate today;  ///< missed starts and fictions count up to it
};

/// A row for each provider and period of the days asked for, by provider, then by time; periods without any
/// count between others are there with zeros.
[[nodiscard]] std::vector<FigureRow> figures(const Reading& reading, const FigureQuery& query);

}  // namespace geleit
