// The counters behind `key-figures`: what is counted, by which day, and how a counter's key is made. Sums
// over ranges of keys, and percentiles over counted values, give the figures (figures.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/event_words.h"
#include "events/named.h"

namespace geleit {

/// Numbers are for ever: they stand in keys. Minutes are summed; the other figures count cases, decisions or
/// what was done to visits. What a figure is told apart by is its value, which costs no counter of its own.
enum class Figure : std::uint8_t {
  referrals = 1,          ///< by referred_on; value: cover_value of the latest cover known
  starts = 2,             ///< by first_unit_on; value: 1 where it met SMN-START, else 0
  starts_missed = 3,      ///< by the day after SMN-START's due_on; counts once that day has come
  start_days = 4,         ///< by first_unit_on; value: days from discharge to first unit (SMN)
  minutes_delivered = 5,  ///< by the visit's date
  minutes_unbillable =
      6,  ///< by the visit's date: delivered and not billable; mostly none, which costs no counter
  minutes_at_home = 7,    ///< by the visit's date
  extensions = 8,         ///< extensions granted that stand, by decided_on
  completions = 9,        ///< by completed_on; value: completion_value
  approval_days = 10,     ///< granted applications and extensions by decided_on; value: days from received_on
  fictions = 11,          ///< by the day after GKV-DECISION's acts_on; counts once that day has come
  corrections = 12,       ///< of visits, those voided since included, by the visit's date as it is now
  voids = 13,             ///< by the visit's date
  discontinuations = 14,  ///< by discontinued_on; value: the Cause, or no_cause
  withdrawals = 15,       ///< by the date of the withdrawal's `happened`
  denials = 16,           ///< cases that stand denied, by closed_on
  minutes_in_group =
      17,  ///< of minutes_delivered those in groups, by the visit's date; value: the group's size
};
inline constexpr std::array<Figure, 17> all_figures{Figure::referrals,
                                                    Figure::starts,
                                                    Figure::starts_missed,
                                                    Figure::start_days,
                                                    Figure::minutes_delivered,
                                                    Figure::minutes_unbillable,
                                                    Figure::minutes_at_home,
                                                    Figure::extensions,
                                                    Figure::completions,
                                                    Figure::approval_days,
                                                    Figure::fictions,
                                                    Figure::corrections,
                                                    Figure::voids,
                                                    Figure::discontinuations,
                                                    Figure::withdrawals,
                                                    Figure::denials,
                                                    Figure::minutes_in_group};

/// What referrals are told apart by: 0 where nothing was said about the cover.
[[nodiscard]] constexpr std::int32_t cover_value(std::optional<Coverage> coverage) {
  return coverage ? 1 + static_cast<std::int32_t>(*coverage) : 0;
}
/// What completions are told apart by: whether the goal was reached, and SMN-HOME met.
[[nodiscard]] constexpr std::int32_t completion_value(bool goal_reached, bool home_met) {
  return (goal_reached ? 1 : 0) | (home_met ? 2 : 0);
}
[[nodiscard]] constexpr bool is_goal_reached(std::int32_t value) { return (value & 1) != 0; }
[[nodiscard]] constexpr bool is_home_met(std::int32_t value) { return (value & 2) != 0; }
/// Of a discontinuation without a cause.
inline constexpr std::int32_t no_cause = -1;

/// Each count stands under its day and, so that years are read quickly, under its month.
enum class Span : std::uint8_t { month = 0, day = 1 };

/// A key without its provider: span, benefit, figure, first day of the span, value. Keys of one provider,
/// span, benefit and figure lie together in the order of days.
struct FigureKey {
  Span span = Span::day;
  Benefit benefit{};
  Figure figure{};
  CivilDate day;
  std::int32_t value = 0;  ///< of what is counted by value, else 0
  friend auto operator<=>(const FigureKey&, const FigureKey&) = default;
};
[[nodiscard]] std::string counter_key(std::string_view provider, const FigureKey& key);
/// Nothing when the bytes are no counter's key.
[[nodiscard]] std::optional<FigureKey> parse_counter_key(std::string_view provider, std::string_view bytes);

}  // namespace geleit
