#include "services/simulate/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace geleit {
namespace {

constexpr int rehearsals = 8;
constexpr int oldest_child_days = 19 * 366;
constexpr int longest_story_days = 1800;
constexpr int oldest_person_days = 66 * 366;
constexpr int office_before_days = 120;                        // what a referral looks back on
constexpr std::uint64_t st_team_seed = 0x736f7a696f746865ULL;  // another team, not another place

void demand(bool holds, const char* what, std::int64_t least, std::int64_t most, std::int64_t value) {
  if (!holds)
    throw std::invalid_argument(
        fmt::format("expected {} from {} to {}, but it is {}", what, least, most, value));
}

}  // namespace

Simulator::Simulator(const SimulationOptions& options, const Priors& priors)
    : options_(options), priors_(priors) {
  demand(options.facilities >= 1 && options.facilities <= SimulationOptions::facilities_max, "facilities", 1,
         SimulationOptions::facilities_max, options.facilities);
  demand(options.years >= 1 && options.years <= SimulationOptions::years_max, "years", 1,
         SimulationOptions::years_max, options.years);
  const int start_year = to_ymd(options.start).year;
  demand(start_year >= 1995 && start_year + options.years <= 2090, "the years of the simulation", 1995, 2090,
         start_year);

  YearMonthDay after = to_ymd(options.start);
  after.year += options.years;
  if (after.month == 2 && after.day == 29) after = {after.year, 3, 1};
  first_ = options.start - priors.size.run_in_days;
  last_ = civil(after.year, after.month, after.day) - 1 + priors.size.run_out_days;
  const bool has_st = priors.soziotherapie.share.bits > 0;
  almanac_ = std::make_unique<Almanac>(first_ - (has_st ? oldest_person_days : oldest_child_days),
                                       first_ - office_before_days, last_ + longest_story_days,
                                       priors.office.closed);
  const Fixed customer_children = rehearse_customer();
  // The others share what the country has beside the customer: log-normal sizes, one from each piece of the
  // distribution, so that any number of facilities has about its share of the children.
  const Fixed others_mean =
      std::max(Fixed::whole(1), (Fixed::whole(priors_.size.country_children_a_year) - customer_children) /
                                    Fixed::whole(priors_.size.country_facilities - 1));
  Dice sizes(options_.seed, 0, 1);
  std::vector<Fixed> drawn;
  Fixed sum{0};
  for (int i = 1; i < options_.facilities; ++i) {
    const Fixed log2_e{94548};
    drawn.push_back(exp2_of(priors_.size.facility_spread * sizes.normal() * log2_e));
    sum = sum + drawn.back();
  }
  for (int i = 0; i < options_.facilities; ++i) {
    Fixed children = customer_children;
    if (i > 0) {
      const Fixed wanted = others_mean * Fixed::whole(options_.facilities - 1);
      children =
          std::max(Fixed::whole(4),
                   Fixed{static_cast<std::int64_t>(static_cast<__int128>(wanted.bits) *
                                                   drawn[static_cast<std::size_t>(i) - 1].bits / sum.bits)});
    }
    offices_.push_back({std::make_unique<Facility>(options_.seed, static_cast<std::uint32_t>(i), children,
                                                   priors_, *almanac_, first_, last_),
                        nullptr});
    await_referral(static_cast<std::uint32_t>(i), Due::What::smn_referral);
    if (!has_st) continue;
    const std::uint64_t share = priors_.soziotherapie.share.bits, whole = std::uint64_t{1} << 32;
    const Fixed persons{std::max<std::int64_t>(
        1,
        static_cast<std::int64_t>(static_cast<unsigned __int128>(children.bits) * share / (whole - share)))};
    offices_.back().st_team =
        std::make_unique<Facility>(options_.seed ^ st_team_seed, static_cast<std::uint32_t>(i), persons,
                                   priors_, *almanac_, first_, last_);
    await_referral(static_cast<std::uint32_t>(i), Due::What::st_referral);
  }
}

// How many children make the customer's units follows from the priors, whatever they are set to: the
// customer's first year is told a few times over, each time with as many children as the last one suggests,
// and the best is kept.
Fixed Simulator::rehearse_customer() const {
  const std::int64_t wanted = std::int64_t{priors_.size.customer_units_a_year} * minutes_per_unit;
  const CivilDate end = std::min(options_.start + 365, last_ + 1);
  Fixed children = Fixed::whole(std::max(1, priors_.size.customer_units_a_year / 12));
  Fixed best = children;
  std::int64_t least_error = wanted;
  for (int round = 0; round < rehearsals; ++round) {
    Facility customer(options_.seed, 0, children, priors_, *almanac_, first_, last_);
    std::int64_t minutes = 0;
    std::uint64_t number = 0;
    for (auto at = customer.next_referral(); at && day_of(*at) < end; at = customer.next_referral()) {
      const CasePlan plan = plan_smn_case(options_.seed, number++, *at, customer, priors_, *almanac_);
      for (const CasePlan::Delivered& visit : plan.delivered) {
        if (visit.day >= options_.start && visit.day < end) minutes += visit.minutes;
      }
    }
    const std::int64_t error = minutes > wanted ? minutes - wanted : wanted - minutes;
    if (error < least_error) {
      least_error = error;
      best = children;
    }
    // At least a unit a child: priors under which hardly anything is delivered do not call for all of
    // mankind.
    children = std::clamp(children * Fixed::whole(wanted) / Fixed::whole(std::max<std::int64_t>(minutes, 60)),
                          Fixed::whole(1), Fixed::whole(priors_.size.customer_units_a_year));
  }
  return best;
}

void Simulator::await_referral(std::uint32_t office, Due::What what) {
  Facility& where = what == Due::What::smn_referral ? *offices_[office].facility : *offices_[office].st_team;
  if (const auto at = where.next_referral()) due_.push({*at, order_++, office, what});
}

void Simulator::open_case(std::uint32_t office, Moment at, Due::What what) {
  Office& where = offices_[office];
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(live_.size());
    live_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Live& live = live_[slot];
  if (what == Due::What::smn_referral) {
    live.plan = plan_smn_case(options_.seed, where.next_case++, at, *where.facility, priors_, *almanac_);
    ++children_;
  } else {
    live.plan = plan_st_case(options_.seed, where.next_st_case++, at, *where.st_team, priors_, *almanac_);
    ++st_cases_;
  }
  live.plan.delivered = {};
  live.plan.text.shrink_to_fit();
  live.plan.steps.shrink_to_fit();
  live.next_step = 0;
  live_cases_max_ = std::max(live_cases_max_, ++live_cases_);
  due_.push({live.plan.steps.front().entered, order_++, slot, Due::What::line});
}

bool Simulator::next(std::string& out) {
  const Moment end = moment(last_ + 1, 0);
  while (!due_.empty()) {
    const Due due = due_.top();
    if (due.at >= end) return false;
    due_.pop();
    if (due.what != Due::What::line) {
      open_case(due.index, due.at, due.what);
      await_referral(due.index, due.what);
      continue;
    }
    Live& live = live_[due.index];
    const CasePlan::Step& step = live.plan.steps[live.next_step++];
    out.append("{\"entered\":\"");
    almanac_->append_millisecond(step.entered, out);
    out.append(live.plan.line(step));
    out.push_back('\n');
    ++lines_;
    if (live.next_step < live.plan.steps.size()) {
      due_.push({live.plan.steps[live.next_step].entered, due.order, due.index, due.what});
    } else {
      live.plan = {};
      --live_cases_;
      free_.push_back(due.index);
    }
    return true;
  }
  return false;
}

}  // namespace geleit
