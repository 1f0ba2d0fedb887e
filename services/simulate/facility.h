// A provider's office: its name and Land, who works there and when, and how many children it takes on.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "events/event_words.h"
#include "services/simulate/almanac.h"
#include "services/simulate/dice.h"
#include "services/simulate/priors.h"

namespace geleit {

class Facility {
 public:
  /// `children_a_year` above zero. `first` and `last` bound the days on which referrals may be entered.
  Facility(std::uint64_t seed, std::uint32_t index, Fixed children_a_year, const Priors& priors,
           const Almanac& almanac, CivilDate first, CivilDate last);

  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] const std::string& slug() const { return slug_; }
  [[nodiscard]] Land land() const { return land_; }
  [[nodiscard]] std::size_t staff_count() const { return staff_.size(); }
  [[nodiscard]] const std::string& staff(std::size_t who) const { return staff_[who].slug; }
  /// Where the facility's even draws begin (chance.h, even_point).
  [[nodiscard]] std::uint32_t even_start() const { return even_start_; }

  /// When the next referral is entered: working days only, never going back; nothing after `last`. Over a
  /// year they are `children_a_year`, spread evenly but for chance, with the weekdays of RULES.md's peaks.
  [[nodiscard]] std::optional<Moment> next_referral();

  /// Finds so many minutes (a multiple of 15) in a person's day, keeps them and returns their start; nothing
  /// when the day is free for that person or full. `travel` keeps a quarter of an hour beside.
  [[nodiscard]] std::optional<Moment> book(std::size_t who, CivilDate day, int minutes, bool travel,
                                           Dice& chance);

 private:
  static constexpr int first_hour = 7;
  static constexpr int slots_a_day = 48;   // quarters of an hour, 7 to 19
  static constexpr int days_ahead = 1024;  // how far bookings of different days are kept apart
  struct Booked {
    CivilDate day{-1};
    std::uint64_t slots = 0;
  };
  struct Staff {
    std::string slug;
    std::uint8_t weekdays = 0;  ///< bit 0 is Monday
    int from_slot = 0, until_slot = 0;
    std::vector<Booked> booked;
  };

  const Almanac& almanac_;
  std::uint32_t index_;
  std::string slug_;
  Land land_;
  std::uint32_t even_start_;
  std::vector<Staff> staff_;
  Dice chance_;

  // Referrals lie on a line whose length is the sum of the weights of the working days: one in each piece.
  std::array<std::uint32_t, 7> weekday_weights_;
  CivilDate day_, last_;
  std::int64_t day_begins_ = 0;  ///< 16 binary places, like the two below
  std::int64_t piece_ = 0, piece_begins_ = 0;
};

}  // namespace geleit
