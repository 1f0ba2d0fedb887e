#include "projections/key_figures.h"

#include <algorithm>
#include <vector>

#include "events/civil_time.h"
#include "projections/booking.h"
#include "projections/deadlines.h"
#include "projections/read_models.h"
#include "projections/table_keys.h"

namespace geleit {
namespace {

constexpr std::size_t key_octets = 10;  // of a counter's key after provider and NUL

std::uint32_t sortable(std::int32_t value) { return static_cast<std::uint32_t>(value) ^ 0x80000000u; }
std::int32_t from_sortable(std::uint32_t value) { return static_cast<std::int32_t>(value ^ 0x80000000u); }

CivilDate month_of(CivilDate day) {
  const YearMonthDay ymd = to_ymd(day);
  return civil(ymd.year, ymd.month, 1);
}

/// What one case adds, added up by key so that a case costs few counters.
class Counts {
 public:
  void add(Figure figure, CivilDate day, std::int64_t amount, std::int32_t value = 0) {
    if (amount != 0) counts_.push_back({{Span::day, figure, day, value}, amount});
  }

  void write(std::string_view provider, std::vector<Contribution>& out) {
    const std::size_t days = counts_.size();
    for (std::size_t i = 0; i < days; ++i) {
      Count month = counts_[i];
      month.key.span = Span::month;
      month.key.day = month_of(month.key.day);
      counts_.push_back(month);
    }
    std::sort(counts_.begin(), counts_.end(), [](const Count& a, const Count& b) { return a.key < b.key; });
    for (std::size_t i = 0; i < counts_.size();) {
      std::int64_t amount = 0;
      std::size_t j = i;
      for (; j < counts_.size() && counts_[j].key == counts_[i].key; ++j) amount += counts_[j].amount;
      out.push_back({counter_key(provider, counts_[i].key), amount});
      i = j;
    }
  }

 private:
  struct Count {
    FigureKey key;
    std::int64_t amount = 0;
  };
  std::vector<Count> counts_;
};

}  // namespace

std::string counter_key(std::string_view provider, const FigureKey& key) {
  std::string out;
  out.reserve(provider.size() + 1 + key_octets);
  out.append(provider).push_back('\0');
  out.push_back(static_cast<char>(key.span));
  out.push_back(static_cast<char>(key.figure));
  append_big_endian(out, sortable(key.day.days));
  append_big_endian(out, sortable(key.value));
  return out;
}

std::optional<FigureKey> parse_counter_key(std::string_view provider, std::string_view bytes) {
  if (bytes.size() != provider.size() + 1 + key_octets || !bytes.starts_with(provider)) return std::nullopt;
  bytes.remove_prefix(provider.size() + 1);
  return FigureKey{static_cast<Span>(bytes[0]), static_cast<Figure>(bytes[1]),
                   CivilDate{from_sortable(read_big_endian<std::uint32_t>(bytes.substr(2)))},
                   from_sortable(read_big_endian<std::uint32_t>(bytes.substr(6)))};
}

void derive_key_figures(const Case& c, const RuleBook& rules, Derived& out) {
  Counts counts;
  counts.add(Figure::referrals, c.received_on, 1);
  if (const auto first = first_unit_on(c)) {
    counts.add(Figure::starts, *first, 1);
    if (c.discharged_on) counts.add(Figure::start_days, *first, 1, *first - *c.discharged_on);
  }
  if (const auto start = start_of(c, rules); start && is_missed_once_due(*start)) {
    counts.add(Figure::starts_missed, start->due_on + 1, 1);
  }
  const Booking booking = book(c);
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    const Visit& v = c.visits[i];
    if (!v.delivered()) continue;
    counts.add(Figure::minutes_delivered, v.on, v.minutes.value);
    counts.add(Figure::minutes_billable, v.on, booking.visits[i].billable.value);
    if (v.place == Place::home) counts.add(Figure::minutes_at_home, v.on, v.minutes.value);
  }
  for (const Approval& a : c.approvals) {
    if (a.extension && a.stands()) counts.add(Figure::extensions, a.decided_on, 1);
  }
  if (c.end && c.end->kind == EndKind::completed) counts.add(Figure::completions, c.end->on, 1);
  for (std::size_t i = 0; i < c.applications.size(); ++i) {
    const Application& a = c.applications[i];
    if (a.decision == Decision::granted && a.decided_on) {
      counts.add(Figure::approval_days, *a.decided_on, 1, *a.decided_on - a.received_on);
    }
    if (const DeadlineRow decision = decision_of(c, i, rules); is_missed_once_due(decision)) {
      counts.add(Figure::fictions, decision.acts_on + 1, 1);
    }
  }
  counts.write(c.provider, out.counts);
}

}  // namespace geleit
