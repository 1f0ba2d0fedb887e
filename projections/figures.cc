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

/// Calls `visit` with the counts of a figure from `from` to `to`: by months where they lie whole between
/// them.
template <class Visit>
void count(const Reading& reading, std::string_view provider, Figure figure, CivilDate from, CivilDate to,
           Visit&& visit) {
  const CivilDate month = first_of_month(from) == from ? from : next_month(from);
  const CivilDate rest = next_month(to) == to + 1 ? to + 1 : first_of_month(to);
  if (month >= rest) {
    reading.counters(provider, Span::day, figure, from, to, visit);
    return;
  }
  reading.counters(provider, Span::day, figure, from, month - 1, visit);
  reading.counters(provider, Span::month, figure, month, rest - 1, visit);
  reading.counters(provider, Span::day, figure, rest, to, visit);
}

/// The periods of one provider from the one that holds `from` to the one that holds `to`.
void add_provider(const Reading& reading, const std::string& provider, const FigureQuery& query,
                  CivilDate from, CivilDate to, std::vector<FigureRow>& out) {
  const Period by = query.by;
  struct Counted {
    FigureRow row;
    std::int64_t delivered = 0, unbillable = 0, at_home = 0;
    Histogram start_days, approval_days;
  };
  std::vector<Counted> periods;
  for (CivilDate first = first_of(by, from); first <= to; first = next_of(by, first)) {
    Counted& counted = periods.emplace_back();
    counted.row.provider = provider;
    counted.row.period = name_of(by, first);
    counted.row.from = std::max(first, query.from.value_or(first));
    const CivilDate last = next_of(by, first) - 1;
    counted.row.until = std::min(last, query.to.value_or(last));
  }
  const auto period_of = [&](CivilDate day) -> Counted& {
    const auto after = std::upper_bound(periods.begin(), periods.end(), day,
                                        [](CivilDate d, const Counted& p) { return d < p.row.from; });
    return after == periods.begin() ? periods.front() : *std::prev(after);
  };
  for (const Figure figure : all_figures) {
    const bool falls_due = figure == Figure::starts_missed || figure == Figure::fictions;
    const CivilDate last = falls_due ? std::min(to, query.today) : to;
    if (from > last) continue;
    count(reading, provider, figure, from, last, [&](const FigureKey& key, std::int64_t amount) {
      Counted& counted = period_of(key.day);
      switch (figure) {
        case Figure::referrals: counted.row.referrals += amount; break;
        case Figure::starts: counted.row.starts += amount; break;
        case Figure::starts_missed: counted.row.starts_missed += amount; break;
        case Figure::start_days: counted.start_days[key.value] += amount; break;
        case Figure::minutes_delivered: counted.delivered += amount; break;
        case Figure::minutes_unbillable: counted.unbillable += amount; break;
        case Figure::minutes_at_home: counted.at_home += amount; break;
        case Figure::extensions: counted.row.extensions += amount; break;
        case Figure::completions: counted.row.completions += amount; break;
        case Figure::approval_days: counted.approval_days[key.value] += amount; break;
        case Figure::fictions: counted.row.fictions += amount; break;
      }
    });
  }
  for (Counted& counted : periods) {
    FigureRow& row = counted.row;
    row.start_days_median = percentile(counted.start_days, 50);
    row.start_days_p90 = percentile(counted.start_days, 90);
    row.approval_days_median = percentile(counted.approval_days, 50);
    row.approval_days_p90 = percentile(counted.approval_days, 90);
    row.units_delivered = hundredths(counted.delivered, minutes_per_unit);
    row.units_billable = hundredths(counted.delivered - counted.unbillable, minutes_per_unit);
    if (counted.delivered > 0) row.home_share = hundredths(counted.at_home, counted.delivered);
    out.push_back(std::move(row));
  }
}

}  // namespace

std::vector<FigureRow> figures(const Reading& reading, const FigureQuery& query) {
  std::vector<FigureRow> rows;
  const auto providers = query.provider ? std::vector{*query.provider} : reading.providers();
  for (const std::string& provider : providers) {
    const auto counted = reading.counted_days(provider);
    if (!counted) continue;
    // Days before anything was counted have no rows, however early the question begins; nor have days of
    // which nobody can know anything yet.
    const CivilDate begin = first_of(query.by, counted->first);
    const CivilDate from = std::max(query.from.value_or(begin), begin);
    const CivilDate to = std::min(query.to.value_or(query.today), std::max(query.today, counted->second));
    if (from <= to) add_provider(reading, provider, query, from, to, rows);
  }
  return rows;
}

}  // namespace geleit
