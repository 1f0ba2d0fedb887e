// The key figures of a provider in a period, from its counters (API.md, Figures): what was done and how well,
// and for a whole year the target that was adopted for it, how far it is reached, and a forecast.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/reading.h"
#include "projections/rule_book.h"

namespace geleit {

enum class Period : std::uint8_t { month, quarter, year };
template <>
inline constexpr std::array<std::string_view, 3> words<Period>{"month", "quarter", "year"};

/// Whether a year has a target: units that settings ask for.
enum class TargetState : std::uint8_t { none, set };
template <>
inline constexpr std::array<std::string_view, 2> words<TargetState>{"none", "set"};

/// How a forecast was made. Names are for ever; another way gets another name.
///
/// mean_of_full_months: M is the mean of the billable minutes of the last full months before today's, three
/// at most, of those that began once the provider had been counting. The year's full months count as they
/// are, today's month as what it has by today but at least M, each one after it as M. Asked on 2026-06-10
/// with 100, 110, 120, 130, 140 units from January to May and 50 in June so far: M = 130 (March to May), the
/// forecast 600 + 130 + 6 × 130 = 1,510.
enum class ForecastMethod : std::uint8_t { mean_of_full_months };
template <>
inline constexpr std::array<std::string_view, 1> words<ForecastMethod>{"mean_of_full_months"};
inline constexpr int forecast_months_max = 3;

/// One provider in one period, both benefits together or one. Hundredths are amounts to two decimals, half a
/// hundredth rounded up; percentiles are nearest-rank and none where nothing was counted.
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

  std::optional<Benefit> benefit;                          ///< the one asked for; none: both together
  std::int64_t starts_in_time = 0;                         ///< met SMN-START
  std::optional<std::int64_t> starts_in_time_share;        ///< hundredths of starts in time and starts missed
  std::int64_t completions_home_met = 0;                   ///< met SMN-HOME
  std::optional<std::int64_t> completions_home_met_share;  ///< hundredths of the SMN completions
  std::int64_t completions_goal_reached = 0;
  std::int64_t discontinuations = 0;
  std::array<std::int64_t, words<Cause>.size()> discontinued{};  ///< by cause
  std::int64_t withdrawals = 0, denials = 0;
  std::int64_t coverage_unresolved = 0, coverage_uninsured = 0;
  std::optional<std::int64_t> coverage_unsettled_share;  ///< hundredths of the referrals: both of these
  std::int64_t corrections = 0, voids = 0;
  /// Hundredths of hours: minutes delivered, those in groups divided by the group's size, for each of its
  /// cases counts them.
  std::int64_t staff_hours = 0;

  // Of whole years only. A year is compared by its billable units.
  std::optional<TargetState> target_state;
  std::optional<std::int64_t> target_units, target_share;  ///< whole units; hundredths of them
  /// Of the year that today lies in, once there was a full month; hundredths of units, and of the target.
  std::optional<std::int64_t> forecast_units, forecast_share;
  std::optional<ForecastMethod> forecast_method;
  std::optional<CivilDate> forecast_from, forecast_until;  ///< first and last day of the months it rests on
  friend bool operator==(const FigureRow&, const FigureRow&) = default;
};

struct FigureQuery {
  std::optional<std::string> provider;  ///< none: every provider, each by itself
  std::optional<CivilDate> from, to;    ///< inclusive; by default the first counted day and today
  Period by = Period::month;
  CivilDate today;                      ///< missed starts and fictions count up to it
  std::optional<Benefit> benefit = {};  ///< none: both together
  /// Where targets are adopted: those in force today, for a year of which they say nothing those that were in
  /// force on its last day. Null: nobody has a target.
  const RuleBook* rules = nullptr;
};

/// A row for each provider and period of the days asked for, by provider, then by time; periods without any
/// count between others are there with zeros.
[[nodiscard]] std::vector<FigureRow> figures(const Reading& reading, const FigureQuery& query);

}  // namespace geleit
