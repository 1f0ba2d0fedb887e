#include "projections/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "events/civil_time.h"

namespace geleit {
namespace {

CivilDate first_of_month(CivilDate day) {
  const YearMonthDay ymd = to_ymd(day);
  return civil(ymd.year, ymd.month, 1);
}
CivilDate month_before(CivilDate first) { return first_of_month(first - 1); }
CivilDate next_month(CivilDate day) {
  const YearMonthDay ymd = to_ymd(day);
  return ymd.month == 12 ? civil(ymd.year + 1, 1, 1) : civil(ymd.year, ymd.month + 1, 1);
}

CivilDate first_of(Period by, CivilDate day) {
  const YearMonthDay ymd = to_ymd(day);
  switch (by) {
    case Period::month: return civil(ymd.year, ymd.month, 1);
    case Period::quarter: return civil(ymd.year, (ymd.month - 1) / 3 * 3 + 1, 1);
    case Period::year: return civil(ymd.year, 1, 1);
  }
  return day;
}

int months_in(Period by) { return by == Period::month ? 1 : by == Period::quarter ? 3 : 12; }

CivilDate next_of(Period by, CivilDate first) {
  for (int i = 0; i < months_in(by); ++i) first = next_month(first);
  return first;
}

std::string name_of(Period by, CivilDate first) {
  const YearMonthDay ymd = to_ymd(first);
  switch (by) {
    case Period::month: return fmt::format("{:04}-{:02}", ymd.year, ymd.month);
    case Period::quarter: return fmt::format("{:04}-Q{}", ymd.year, (ymd.month - 1) / 3 + 1);
    case Period::year: return fmt::format("{:04}", ymd.year);
  }
  return {};
}

/// How often each value was counted.
using Histogram = std::map<std::int32_t, std::int64_t>;

/// Nearest rank: the value at place ⌈percent × count / 100⌉ of the sorted values.
std::optional<std::int64_t> percentile(const Histogram& histogram, int percent) {
  std::int64_t count = 0;
  for (const auto& [value, times] : histogram) count += times;
  if (count == 0) return std::nullopt;
  std::int64_t rank = (count * percent + 99) / 100;
  for (const auto& [value, times] : histogram) {
    rank -= times;
    if (rank <= 0) return value;
  }
  return histogram.rbegin()->first;
}

/// `part` of `whole` in hundredths, half of one rounded up; for amounts that are not negative.
std::int64_t hundredths(std::int64_t part, std::int64_t whole) { return (part * 200 + whole) / (whole * 2); }
/// None where there is no whole.
std::optional<std::int64_t> share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? std::optional(hundredths(part, whole)) : std::nullopt;
}

/// Whose counts a question is about: a provider's, of those of the benefits asked for that it has any of.
struct Counted {
  const Reading& reading;
  const std::string& provider;
  std::vector<Benefit> benefits;
  CivilDate first, last;  ///< days that anything was counted on
};

std::optional<Counted> counted_by(const Reading& reading, const std::string& provider,
                                  std::optional<Benefit> benefit) {
  Counted counted{reading, provider, {}, {}, {}};
  for (const Benefit one : {Benefit::smn, Benefit::st}) {
    if (benefit && *benefit != one) continue;
    const auto days = reading.counted_days(provider, one);
    if (!days) continue;
    counted.first = counted.benefits.empty() ? days->first : std::min(counted.first, days->first);
    counted.last = counted.benefits.empty() ? days->second : std::max(counted.last, days->second);
    counted.benefits.push_back(one);
  }
  return counted.benefits.empty() ? std::nullopt : std::optional(std::move(counted));
}

/// Calls `visit` with the counts of a figure from `from` to `to`: by months where they lie whole between
/// them.
template <class Visit>
void count(const Counted& counted, Benefit benefit, Figure figure, CivilDate from, CivilDate to,
           Visit&& visit) {
  const auto& [reading, provider, benefits, first, last] = counted;
  if (from > to) return;
  const CivilDate month = first_of_month(from) == from ? from : next_month(from);
  const CivilDate rest = next_month(to) == to + 1 ? to + 1 : first_of_month(to);
  if (month >= rest) {
    reading.counters(provider, Span::day, benefit, figure, from, to, visit);
    return;
  }
  reading.counters(provider, Span::day, benefit, figure, from, month - 1, visit);
  reading.counters(provider, Span::month, benefit, figure, month, rest - 1, visit);
  reading.counters(provider, Span::day, benefit, figure, rest, to, visit);
}

std::int64_t billable_minutes(const Counted& counted, CivilDate from, CivilDate to) {
  std::int64_t minutes = 0;
  for (const Benefit benefit : counted.benefits) {
    count(counted, benefit, Figure::minutes_delivered, from, to,
          [&](const FigureKey&, std::int64_t amount) { minutes += amount; });
    count(counted, benefit, Figure::minutes_unbillable, from, to,
          [&](const FigureKey&, std::int64_t amount) { minutes -= amount; });
  }
  return minutes;
}

// ---------------------------------------------------------------- the year's target

/// What the settings say about a year: of the benefit asked for, or of both together; both are also together
/// what is said of each.
std::optional<std::int32_t> target_in(const SettingsInForce& settings, int year,
                                      std::optional<Benefit> benefit) {
  if (const auto said = settings.target_in(year, benefit); said || benefit) return said;
  const auto smn = settings.target_in(year, Benefit::smn);
  const auto st = settings.target_in(year, Benefit::st);
  return smn && st ? std::optional(*smn + *st) : std::nullopt;
}

std::optional<std::int32_t> target_of(const FigureQuery& query, const std::string& provider, int year) {
  if (!query.rules) return std::nullopt;
  const auto in_force = [&](CivilDate on) {
    return query.rules->settings(query.rules->in_force(provider, on));
  };
  if (const auto said = target_in(in_force(query.today), year, query.benefit)) return said;
  return target_in(in_force(civil(year, 12, 31)), year, query.benefit);
}

/// A forecast of the year's minutes as a fraction, so that it is rounded once.
struct Forecast {
  std::int64_t minutes = 0;  ///< times `months`
  std::int64_t months = 0;   ///< full months that it rests on
  CivilDate from, until;
};

/// ForecastMethod::mean_of_full_months; none before the first full month.
std::optional<Forecast> forecast_of(const Counted& counted, CivilDate today) {
  const CivilDate running = first_of_month(today);
  Forecast forecast{0, 0, running, running - 1};
  while (forecast.months < forecast_months_max && month_before(forecast.from) >= counted.first) {
    forecast.from = month_before(forecast.from);
    ++forecast.months;
  }
  if (forecast.months == 0) return std::nullopt;
  const YearMonthDay ymd = to_ymd(today);
  const std::int64_t in_months = billable_minutes(counted, forecast.from, forecast.until);
  const std::int64_t done = billable_minutes(counted, civil(ymd.year, 1, 1), running - 1);
  const std::int64_t so_far = billable_minutes(counted, running, today);
  forecast.minutes = done * forecast.months + std::max(so_far * forecast.months, in_months) +
                     in_months * static_cast<std::int64_t>(12 - ymd.month);
  return forecast;
}

void add_target(const Counted& counted, const FigureQuery& query, std::int64_t billable, FigureRow& row) {
  const int year = to_ymd(row.from).year;
  if (row.from != civil(year, 1, 1) || row.until != civil(year, 12, 31)) return;
  const auto target = target_of(query, counted.provider, year);
  row.target_state = target ? TargetState::set : TargetState::none;
  if (target) {
    row.target_units = *target;
    row.target_share = share(billable, std::int64_t{*target} * minutes_per_unit);
  }
  if (query.today < row.from || query.today > row.until) return;
  const auto forecast = forecast_of(counted, query.today);
  if (!forecast) return;
  row.forecast_units = hundredths(forecast->minutes, forecast->months * minutes_per_unit);
  if (target) row.forecast_share = share(forecast->minutes, forecast->months * *target * minutes_per_unit);
  row.forecast_method = ForecastMethod::mean_of_full_months;
  row.forecast_from = forecast->from;
  row.forecast_until = forecast->until;
}

// ---------------------------------------------------------------- periods

/// A period's sums, as far as they are not figures yet.
struct Sums {
  FigureRow row;
  std::int64_t delivered = 0, unbillable = 0, at_home = 0, completions_smn = 0;
  Histogram start_days, approval_days;
  std::map<std::int32_t, std::int64_t> in_group;  ///< minutes by the group's size

  void add(const FigureKey& key, std::int64_t amount) {
    switch (key.figure) {
      case Figure::referrals:
        row.referrals += amount;
        if (key.value == cover_value(Coverage::unresolved)) row.coverage_unresolved += amount;
        if (key.value == cover_value(Coverage::uninsured)) row.coverage_uninsured += amount;
        break;
      case Figure::starts:
        row.starts += amount;
        if (key.value != 0) row.starts_in_time += amount;
        break;
      case Figure::starts_missed: row.starts_missed += amount; break;
      case Figure::start_days: start_days[key.value] += amount; break;
      case Figure::minutes_delivered: delivered += amount; break;
      case Figure::minutes_unbillable: unbillable += amount; break;
      case Figure::minutes_at_home: at_home += amount; break;
      case Figure::extensions: row.extensions += amount; break;
      case Figure::completions:
        row.completions += amount;
        if (key.benefit == Benefit::smn) completions_smn += amount;
        if (is_goal_reached(key.value)) row.completions_goal_reached += amount;
        if (is_home_met(key.value)) row.completions_home_met += amount;
        break;
      case Figure::approval_days: approval_days[key.value] += amount; break;
      case Figure::fictions: row.fictions += amount; break;
      case Figure::corrections: row.corrections += amount; break;
      case Figure::voids: row.voids += amount; break;
      case Figure::discontinuations:
        row.discontinuations += amount;
        if (key.value != no_cause) row.discontinued.at(static_cast<std::size_t>(key.value)) += amount;
        break;
      case Figure::withdrawals: row.withdrawals += amount; break;
      case Figure::denials: row.denials += amount; break;
      case Figure::minutes_in_group: in_group[key.value] += amount; break;
    }
  }

  /// The figures that follow from the sums.
  void finish() {
    row.start_days_median = percentile(start_days, 50);
    row.start_days_p90 = percentile(start_days, 90);
    row.approval_days_median = percentile(approval_days, 50);
    row.approval_days_p90 = percentile(approval_days, 90);
    row.units_delivered = hundredths(delivered, minutes_per_unit);
    row.units_billable = hundredths(delivered - unbillable, minutes_per_unit);
    row.home_share = share(at_home, delivered);
    row.starts_in_time_share = share(row.starts_in_time, row.starts_in_time + row.starts_missed);
    row.completions_home_met_share = share(row.completions_home_met, completions_smn);
    row.coverage_unsettled_share = share(row.coverage_unresolved + row.coverage_uninsured, row.referrals);
    // In hundredths of minutes, half of one up for each size of group.
    constexpr std::int64_t minutes_per_hour = 60;
    std::int64_t staff = delivered * 100;
    for (const auto& [size, minutes] : in_group) staff += hundredths(minutes, size) - minutes * 100;
    row.staff_hours = hundredths(staff, minutes_per_hour * 100);
  }
};

/// The periods of one provider from the one that holds `from` to the one that holds `to`.
void add_provider(const Counted& counted, const FigureQuery& query, CivilDate from, CivilDate to,
                  std::vector<FigureRow>& out) {
  const Period by = query.by;
  std::vector<Sums> periods;
  for (CivilDate first = first_of(by, from); first <= to; first = next_of(by, first)) {
    FigureRow& row = periods.emplace_back().row;
    row.provider = counted.provider;
    row.benefit = query.benefit;
    row.period = name_of(by, first);
    row.from = std::max(first, query.from.value_or(first));
    const CivilDate last = next_of(by, first) - 1;
    row.until = std::min(last, query.to.value_or(last));
  }
  const auto period_of = [&](CivilDate day) -> Sums& {
    const auto after = std::upper_bound(periods.begin(), periods.end(), day,
                                        [](CivilDate d, const Sums& p) { return d < p.row.from; });
    return after == periods.begin() ? periods.front() : *std::prev(after);
  };
  for (const Benefit benefit : counted.benefits) {
    for (const Figure figure : all_figures) {
      const bool falls_due = figure == Figure::starts_missed || figure == Figure::fictions;
      count(counted, benefit, figure, from, falls_due ? std::min(to, query.today) : to,
            [&](const FigureKey& key, std::int64_t amount) { period_of(key.day).add(key, amount); });
    }
  }
  for (Sums& sums : periods) {
    sums.finish();
    if (by == Period::year) add_target(counted, query, sums.delivered - sums.unbillable, sums.row);
    out.push_back(std::move(sums.row));
  }
}

}  // namespace

std::vector<FigureRow> figures(const Reading& reading, const FigureQuery& query) {
  std::vector<FigureRow> rows;
  const auto providers = query.provider ? std::vector{*query.provider} : reading.providers();
  for (const std::string& provider : providers) {
    const auto counted = counted_by(reading, provider, query.benefit);
    if (!counted) continue;
    // Days before anything was counted have no rows, however early the question begins; nor have days of
    // which nobody can know anything yet.
    const CivilDate begin = first_of(query.by, counted->first);
    const CivilDate from = std::max(query.from.value_or(begin), begin);
    const CivilDate to = std::min(query.to.value_or(query.today), std::max(query.today, counted->last));
    if (from <= to) add_provider(*counted, query, from, to, rows);
  }
  return rows;
}

}  // namespace geleit
