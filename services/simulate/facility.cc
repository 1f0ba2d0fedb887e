#include "services/simulate/facility.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string_view>

namespace geleit {
namespace {

constexpr std::array<std::string_view, 32> surnames{
    "roth",    "sommer", "lange",  "vogt",   "keller", "brandt",  "yilmaz", "graf",
    "winter",  "kaya",   "busch",  "lorenz", "nowak",  "peters",  "haas",   "schulte",
    "weiss",   "arslan", "jansen", "huber",  "maier",  "ziegler", "pohl",   "simon",
    "petrova", "engel",  "horn",   "voigt",  "sauer",  "ernst",   "linde",  "thiel"};
constexpr std::string_view initials = "mkajslebtcndhifg";

// The most populous Laender stand first and more than once.
constexpr std::array<Land, 24> lands{Land::by, Land::nw, Land::bw, Land::ni, Land::he, Land::sn,
                                     Land::rp, Land::be, Land::sh, Land::bb, Land::st, Land::th,
                                     Land::hh, Land::mv, Land::sl, Land::hb, Land::nw, Land::by,
                                     Land::bw, Land::ni, Land::nw, Land::he, Land::by, Land::sn};

}  // namespace

Facility::Facility(std::uint64_t seed, std::uint32_t index, Fixed children_a_year, const Priors& priors,
                   const Almanac& almanac, CivilDate first, CivilDate last)
    : almanac_(almanac),
      index_(index),
      slug_(index == 0 ? "hana-muenchen" : fmt::format("nachsorge-{:03}", index)),
      land_(lands[index % lands.size()]),
      even_start_(0),
      chance_(seed, index + 1, 0),
      weekday_weights_(priors.discharge.weekday_weights),
      day_(almanac.working_day_from(first, land_)),
      last_(last) {
  even_start_ = static_cast<std::uint32_t>(chance_.next() >> 32);

  const int people =
      std::max(2, static_cast<int>(children_a_year.rounded() / priors.size.children_per_staff));
  for (int i = 0; i < people; ++i) {
    Staff& one = staff_.emplace_back();
    do {
      one.slug = fmt::format("{}.{}", initials[chance_.below(initials.size())], chance_.one_of(surnames));
      if (people > 200) one.slug += fmt::format("{}", i);
    } while (
        std::any_of(staff_.begin(), staff_.end() - 1, [&](const Staff& s) { return s.slug == one.slug; }));
    one.weekdays = 0x1f;
    if (!chance_.happens(priors.office.full_time)) {
      for (int days_off = chance_.between(1, 2); days_off > 0; --days_off)
        one.weekdays &= ~(1 << chance_.below(5));
    }
    one.from_slot = static_cast<int>(chance_.below(8));                               // 7:00 to 8:45
    one.until_slot = std::min(slots_a_day, one.from_slot + chance_.between(32, 38));  // 8 to 9.5 hours
    one.booked.resize(days_ahead);
  }

  std::int64_t weight = 0;
  for (CivilDate day = first; day <= last; day = day + 1) {
    if (almanac.is_working_day(day, land_))
      weight += weekday_weights_[static_cast<std::size_t>(weekday_of(day))];
  }
  const std::int64_t days = last - first + 1;
  // Children over all these days, with 16 binary places; a year has 365.25 days.
  const std::int64_t children = std::max<std::int64_t>(1, children_a_year.bits * days * 4 / 1461);
  piece_ =
      std::max<std::int64_t>(1, static_cast<std::int64_t>((static_cast<__int128>(weight) << 32) / children));
}

std::optional<Moment> Facility::next_referral() {
  const auto within = static_cast<std::int64_t>(
      (static_cast<unsigned __int128>(chance_.next()) * static_cast<std::uint64_t>(piece_)) >> 64);
  const std::int64_t position = piece_begins_ + within;
  piece_begins_ += piece_;
  for (;;) {
    const std::int64_t length =
        static_cast<std::int64_t>(weekday_weights_[static_cast<std::size_t>(weekday_of(day_))]) << 16;
    if (day_ > last_) return std::nullopt;
    if (position < day_begins_ + length) {
      // Entered between 8 and 17 o'clock, in the order of the line.
      const std::int64_t into_day = (position - day_begins_) * (9 * 60 * ms_a_minute) / length;
      return later(moment(day_, 8 * 60), into_day);
    }
    day_begins_ += length;
    day_ = almanac_.working_day_from(day_ + 1, land_);
  }
}

std::optional<Moment> Facility::book(std::size_t who, CivilDate day, int minutes, bool travel, Dice& chance) {
  assert(minutes > 0 && minutes % 15 == 0);
  Staff& staff = staff_[who];
  if (!almanac_.is_working_day(day, land_)) return std::nullopt;
  if (!(staff.weekdays >> static_cast<int>(weekday_of(day)) & 1)) return std::nullopt;
  Booked& booked = staff.booked[static_cast<std::size_t>(day.days) % days_ahead];
  if (booked.day != day) booked = {day, 0};
  const int wanted = minutes / 15 + (travel ? 1 : 0);
  const int room = staff.until_slot - staff.from_slot - wanted + 1;
  if (room <= 0) return std::nullopt;
  const std::uint64_t shape = (1ULL << wanted) - 1;
  const int begin = static_cast<int>(chance.below(static_cast<std::uint32_t>(room)));
  for (int i = 0; i < room; ++i) {
    const int slot = staff.from_slot + (begin + i) % room;
    if ((booked.slots >> slot & shape) == 0) {
      booked.slots |= shape << slot;
      return moment(day, first_hour * 60 + slot * 15);
    }
  }
  return std::nullopt;
}

}  // namespace geleit
