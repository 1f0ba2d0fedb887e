#include "projections/key_figures.h"

#include <algorithm>
#include <vector>

#include "events/civil_time.h"
#include "projections/deadlines.h"
#include "projections/read_models.h"
#include "projections/table_keys.h"

namespace geleit {
namespace {

constexpr std::size_t key_octets = 11;  // of a counter's key after provider and NUL

std::uint32_t sortable(std::int32_t value) { return static_cast<std::uint32_t>(value) ^ 0x80000000u; }
std::int32_t from_sortable(std::uint32_t value) { return static_cast<std::int32_t>(value ^ 0x80000000u); }

/// The first of a day's month; remembers the last one, for the days of a case lie close together.
class Months {
 public:
  CivilDate operator()(CivilDate day) {
    if (day < first_ || day >= end_) {
      const YearMonthDay ymd = to_ymd(day);
      first_ = day - (ymd.day - 1);
      // No month is longer; a day behind this one's end looks again.
      end_ = first_ + 28;
      if (day >= end_) end_ = day + 1;
    }
    return first_;
  }

 private:
  CivilDate first_, end_;
};

/// What one case adds, by its key and added up, so that a case costs few counters.
class Counts {
 public:
  Counts(Benefit benefit, std::vector<Contribution>& out) : benefit_(benefit), out_(out) {}

  void add(Figure figure, CivilDate day, std::int64_t amount, std::int32_t value = 0) {
    add_one({Span::day, benefit_, figure, day, value}, amount);
    add_one({Span::month, benefit_, figure, month_of_(day), value}, amount);
  }

  /// Amounts of one figure in the order of their days.
  struct OnDay {
    CivilDate day;
    std::int64_t amount = 0;
  };
  void add_all(Figure figure, const std::vector<OnDay>& amounts) {
    add_sums(Span::day, figure, amounts, [](CivilDate day) { return day; });
    add_sums(Span::month, figure, amounts, [this](CivilDate day) { return month_of_(day); });
  }

 private:
  void add_one(const FigureKey& key, std::int64_t amount) {
    if (amount != 0) out_.push_back({key, amount});
  }
  /// One count for all that begins its span on the same day.
  template <class FirstOf>
  void add_sums(Span span, Figure figure, const std::vector<OnDay>& amounts, FirstOf&& first_of) {
    for (std::size_t i = 0; i < amounts.size();) {
      const CivilDate first = first_of(amounts[i].day);
      std::int64_t sum = 0;
      for (; i < amounts.size() && first_of(amounts[i].day) == first; ++i) sum += amounts[i].amount;
      add_one({span, benefit_, figure, first, 0}, sum);
    }
  }

  Benefit benefit_;
  std::vector<Contribution>& out_;
  Months month_of_;
};

/// The delivered visits' minutes, by day, and what was corrected or voided.
void count_minutes(const Subject& subject, Counts& counts) {
  struct Delivered {
    CivilDate on;
    std::int64_t minutes, unbillable, at_home;
  };
  thread_local std::vector<Delivered> delivered;
  thread_local std::vector<Counts::OnDay> amounts;
  delivered.clear();
  for (std::size_t i = 0; i < subject.c.visits.size(); ++i) {
    const Visit& v = subject.c.visits[i];
    counts.add(Figure::corrections, v.on, v.corrected);
    if (v.state == VisitState::voided) counts.add(Figure::voids, v.on, 1);
    if (!v.delivered()) continue;
    if (v.group_size > 1) counts.add(Figure::minutes_in_group, v.on, v.minutes.value, v.group_size);
    delivered.push_back({v.on, v.minutes.value, (v.minutes - subject.booking.visits[i].billable).value,
                         v.place == Place::home ? v.minutes.value : 0});
  }
  // Amounts of one day are added up, so their order does not matter.
  std::sort(delivered.begin(), delivered.end(),
            [](const Delivered& a, const Delivered& b) { return a.on < b.on; });
  amounts.resize(delivered.size());
  const auto count = [&](Figure figure, std::int64_t Delivered::*amount) {
    for (std::size_t i = 0; i < delivered.size(); ++i) amounts[i] = {delivered[i].on, delivered[i].*amount};
    counts.add_all(figure, amounts);
  };
  count(Figure::minutes_delivered, &Delivered::minutes);
  count(Figure::minutes_unbillable, &Delivered::unbillable);
  count(Figure::minutes_at_home, &Delivered::at_home);
}

/// SMN-HOME, as the case is judged last.
bool meets_home_minimum(const Case& c, const RuleBook& rules) {
  Minutes at_home;
  for (const Visit& v : c.visits) {
    if (v.delivered() && v.place == Place::home) at_home += v.minutes;
  }
  return at_home >= rules_at(c, c.latest_judged, rules).numbers().smn_home_minutes;
}

void count_end(const Subject& subject, Counts& counts) {
  const Case& c = subject.c;
  if (!c.end) {
    if (subject.state == CaseState::denied) counts.add(Figure::denials, *closed_on(c), 1);
    return;
  }
  switch (c.end->kind) {
    case EndKind::completed:
      // SMN-HOME asks for units at home of children's aftercare only.
      counts.add(Figure::completions, c.end->on, 1,
                 completion_value(c.end->goal_reached.value_or(false),
                                  c.benefit == Benefit::smn && meets_home_minimum(c, subject.rules)));
      break;
    case EndKind::discontinued:
      counts.add(Figure::discontinuations, c.end->on, 1,
                 c.end->cause ? static_cast<std::int32_t>(*c.end->cause) : no_cause);
      break;
    case EndKind::withdrawn: counts.add(Figure::withdrawals, c.end->on, 1); break;
  }
}

}  // namespace

std::string counter_key(std::string_view provider, const FigureKey& key) {
  std::string out;
  out.reserve(provider.size() + 1 + key_octets);
  out.append(provider).push_back('\0');
  out.push_back(static_cast<char>(key.span));
  out.push_back(static_cast<char>(key.benefit));
  out.push_back(static_cast<char>(key.figure));
  append_big_endian(out, sortable(key.day.days));
  append_big_endian(out, sortable(key.value));
  return out;
}

std::optional<FigureKey> parse_counter_key(std::string_view provider, std::string_view bytes) {
  if (bytes.size() != provider.size() + 1 + key_octets || !bytes.starts_with(provider)) return std::nullopt;
  bytes.remove_prefix(provider.size() + 1);
  return FigureKey{static_cast<Span>(bytes[0]), static_cast<Benefit>(bytes[1]), static_cast<Figure>(bytes[2]),
                   CivilDate{from_sortable(read_big_endian<std::uint32_t>(bytes.substr(3)))},
                   from_sortable(read_big_endian<std::uint32_t>(bytes.substr(7)))};
}

void derive_key_figures(const Subject& subject, Derived& out) {
  const Case& c = subject.c;
  const RuleBook& rules = subject.rules;
  Counts counts(c.benefit, out.counts);
  counts.add(Figure::referrals, c.received_on, 1, cover_value(c.coverage));
  const auto start = start_of(c, rules);
  if (const auto first = subject.first_unit_on) {
    const bool in_time = start && state_on(*start, start->acts_on + 1) == DeadlineState::met;
    counts.add(Figure::starts, *first, 1, in_time ? 1 : 0);
    if (c.discharged_on) counts.add(Figure::start_days, *first, 1, *first - *c.discharged_on);
  }
  if (start && is_missed_once_due(*start)) counts.add(Figure::starts_missed, start->due_on + 1, 1);
  count_minutes(subject, counts);
  for (const Approval& a : c.approvals) {
    if (a.extension && a.stands()) counts.add(Figure::extensions, a.decided_on, 1);
  }
  count_end(subject, counts);
  for (std::size_t i = 0; i < c.applications.size(); ++i) {
    const Application& a = c.applications[i];
    if (a.decision == Decision::granted && a.decided_on) {
      counts.add(Figure::approval_days, *a.decided_on, 1, *a.decided_on - a.received_on);
    }
    if (const DeadlineRow decision = decision_of(c, i, rules); is_missed_once_due(decision)) {
      counts.add(Figure::fictions, decision.acts_on + 1, 1);
    }
  }
}

}  // namespace geleit
