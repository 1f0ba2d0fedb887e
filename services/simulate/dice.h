// Dice that are the same on every machine: xoshiro256** and whole-number arithmetic. No floating point takes
// part in a draw, for compilers may contract it and libraries round logarithms differently; no std::
// distribution, for every library draws its own way.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace geleit {

/// A number with 16 binary places: 1.0 is 65,536.
struct Fixed {
  std::int64_t bits = 0;

  /// Nearest value; the only step from floating point, a product with a power of two and so exact.
  [[nodiscard]] static Fixed of(double value);
  [[nodiscard]] static constexpr Fixed whole(std::int64_t value) { return Fixed{value * 65536}; }
  /// The nearest whole number, halves up.
  [[nodiscard]] constexpr std::int64_t rounded() const { return (bits + 32768) >> 16; }
  friend constexpr Fixed operator+(Fixed a, Fixed b) { return Fixed{a.bits + b.bits}; }
  friend constexpr Fixed operator-(Fixed a, Fixed b) { return Fixed{a.bits - b.bits}; }
  friend constexpr Fixed operator*(Fixed a, Fixed b) {
    return Fixed{static_cast<std::int64_t>((static_cast<__int128>(a.bits) * b.bits) >> 16)};
  }
  friend constexpr Fixed operator/(Fixed a, Fixed b) {
    return Fixed{static_cast<std::int64_t>(static_cast<__int128>(a.bits) * 65536 / b.bits)};
  }
  friend constexpr auto operator<=>(Fixed, Fixed) = default;
};

/// Logarithm to base 2 of a value above zero, and its inverse for exponents from -16 to 30.
[[nodiscard]] Fixed log2_of(Fixed value);
[[nodiscard]] Fixed exp2_of(Fixed exponent);

/// A probability; 2^32 is certainty.
struct Share {
  std::uint64_t bits = 0;
  [[nodiscard]] static Share of(double value);  ///< from 0 to 1
  [[nodiscard]] constexpr double value() const { return static_cast<double>(bits) / 4294967296.0; }
};

/// Relative weights of the outcomes 0, 1, 2 …, kept as running sums.
class Weights {
 public:
  Weights() = default;
  /// At least one weight above zero.
  explicit Weights(std::span<const std::uint32_t> weights);
  /// The outcome at a point of the unit interval (2^32 = 1).
  [[nodiscard]] std::size_t at(std::uint32_t point) const;
  [[nodiscard]] std::size_t size() const { return sums_.size(); }

 private:
  std::vector<std::uint64_t> sums_;
};

/// A log-normal quantity by its median and 95th percentile (SMN: days).
struct LogNormal {
  Fixed log2_median;
  Fixed log2_deviation;
  [[nodiscard]] static LogNormal of(double median, double p95);  ///< 0 < median < p95
};

class Dice {
 public:
  /// Streams of one seed that differ in `stream` or `part` have nothing to do with each other.
  Dice(std::uint64_t seed, std::uint64_t stream, std::uint64_t part);

  [[nodiscard]] std::uint64_t next();
  /// From 0 to bound − 1; bound above zero.
  [[nodiscard]] std::uint32_t below(std::uint32_t bound);
  /// Both ends included.
  [[nodiscard]] int between(int least, int most);
  [[nodiscard]] bool happens(Share share);
  [[nodiscard]] std::size_t pick(const Weights& weights);
  /// Mean 0, deviation 1: the sum of twelve uniform draws, which is a normal for every purpose here (cut at
  /// ±6).
  [[nodiscard]] Fixed normal();
  /// Rounded to whole days, at least 0.
  [[nodiscard]] int days(const LogNormal& prior);
  template <class T, std::size_t n>
  [[nodiscard]] const T& one_of(const std::array<T, n>& list) {
    return list[below(n)];
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

/// Points that fill the unit interval evenly, whatever their number (additive recurrence): a quantity drawn
/// through them keeps its distribution while the total of a year wanders less than by independent draws.
[[nodiscard]] constexpr std::uint32_t even_point(std::uint32_t start, std::uint64_t index,
                                                 std::uint32_t step) {
  return static_cast<std::uint32_t>(start + index * step);
}
/// Steps that do not follow one another's pattern: 2^32 times the fractions of the golden and the plastic
/// ratio and of the roots of 2, 3 and 7.
inline constexpr std::uint32_t golden_step = 2654435769U, plastic_step = 3242174889U,
                               root_two_step = 1779033704U, root_three_step = 3144134277U,
                               root_seven_step = 2773480762U;

}  // namespace geleit
