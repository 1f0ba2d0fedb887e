// The counters behind `key-figures`: what is counted, by which day, and how a counter's key is made. Sums
// over ranges of keys, and percentiles over counted values, give the figures (figures.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"

namespace geleit {

/// Numbers are for ever: they stand in keys. Minutes are summed; the other figures count cases or decisions.
enum class Figure : std::uint8_t {
  referrals = 1,          ///< by referred_on
  starts = 2,             ///< by first_unit_on
  starts_missed = 3,      ///< by the day after SMN-START's due_on; counts once that day has come
  start_days = 4,         ///< by first_unit_on; value: days from discharge to first unit (SMN)
  minutes_delivered = 5,  ///< by the visit's date
  minutes_unbillable =
      6,  ///< by the visit's date: delivered and not billable; mostly none, which costs no counter
  minutes_at_home = 7,  ///< by the visit's date
  extensions = 8,       ///< extensions granted that stand, by decided_on
  completions = 9,      ///< by completed_on
  approval_days = 10,   ///< granted applications and extensions by decided_on; value: days from received_on
  fictions = 11,        ///< by the day after GKV-DECISION's acts_on; counts once that day has come
};
inline constexpr std::array<Figure, 11> all_figures{Figure::referrals,         Figure::starts,
                                                    Figure::starts_missed,     Figure::start_days,
                                                    Figure::minutes_delivered, Figure::minutes_unbillable,
                                                    Figure::minutes_at_home,   Figure::extensions,
                                                    Figure::completions,       Figure::approval_days,
                                                    Figure::fictions};

/// Each count stands under its day and, so that years are read quickly, under its month.
enum class Span : std::uint8_t { month = 0, day = 1 };

/// A key without its provider: span, figure, first day of the span, value. Keys of one provider, span and
/// figure lie together in the order of days.
struct FigureKey {
  Span span = Span::day;
  Figure figure{};
  CivilDate day;
  std::int32_t value = 0;  ///< of what is counted by value, else 0
  friend auto operator<=>(const FigureKey&, const FigureKey&) = default;
};
[[nodiscard]] std::string counter_key(std::string_view provider, const FigureKey& key);
/// Nothing when the bytes are no counter's key.
[[nodiscard]] std::optional<FigureKey> parse_counter_key(std::string_view provider, std::string_view bytes);

}  // namespace geleit
