#include "services/simulate/dice.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace geleit {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

constexpr std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

// 2^(1/2), 2^(1/4), 2^(1/8) … with 30 binary places.
constexpr std::array<std::uint64_t, 16> roots_of_two{
    1518500250, 1276901417, 1170923762, 1121280436, 1097253708, 1085434106, 1079572136, 1076653033,
    1075196443, 1074468888, 1074105294, 1073923544, 1073832680, 1073787251, 1073764537, 1073753181};

}  // namespace

Fixed Fixed::of(double value) { return Fixed{static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5))}; }

Share Share::of(double value) {
  return Share{static_cast<std::uint64_t>(std::floor(value * 4294967296.0 + 0.5))};
}

// Halving until the value lies in [1, 2), then one binary place of the logarithm for every squaring.
Fixed log2_of(Fixed value) {
  assert(value.bits > 0);
  std::int64_t whole = 0;
  std::uint64_t mantissa = static_cast<std::uint64_t>(value.bits) << 14;
  while (mantissa >= (2ULL << 30)) {
    mantissa >>= 1;
    ++whole;
  }
  while (mantissa < (1ULL << 30)) {
    mantissa <<= 1;
    --whole;
  }
  std::int64_t places = 0;
  for (int i = 0; i < 16; ++i) {
    mantissa = (mantissa * mantissa) >> 30;
    places <<= 1;
    if (mantissa >= (2ULL << 30)) {
      mantissa >>= 1;
      places |= 1;
    }
  }
  return Fixed{whole * 65536 + places};
}

Fixed exp2_of(Fixed exponent) {
  const std::int64_t whole = exponent.bits >> 16;
  const std::int64_t places = exponent.bits & 0xffff;
  if (whole < -16) return Fixed{0};
  assert(whole <= 30);
  std::uint64_t product = 1ULL << 30;
  for (int i = 0; i < 16; ++i) {
    if (places & (0x8000 >> i)) product = (product * roots_of_two[static_cast<std::size_t>(i)]) >> 30;
  }
  const std::int64_t shift = 14 - whole;
  return Fixed{shift >= 0 ? static_cast<std::int64_t>(product >> shift)
                          : static_cast<std::int64_t>(product << -shift)};
}

Weights::Weights(std::span<const std::uint32_t> weights) {
  std::uint64_t sum = 0;
  for (const std::uint32_t weight : weights) sums_.push_back(sum += weight);
  assert(sum > 0);
}

std::size_t Weights::at(std::uint32_t point) const {
  const std::uint64_t target = (static_cast<std::uint64_t>(point) * sums_.back()) >> 32;
  return static_cast<std::size_t>(std::upper_bound(sums_.begin(), sums_.end(), target) - sums_.begin());
}

LogNormal LogNormal::of(double median, double p95) {
  const Fixed log2_median = log2_of(Fixed::of(median));
  const Fixed quantile{107801};  // 1.6449, the 95th percentile of the normal
  return {log2_median, (log2_of(Fixed::of(p95)) - log2_median) / quantile};
}

Dice::Dice(std::uint64_t seed, std::uint64_t stream, std::uint64_t part) {
  std::uint64_t mix = seed;
  mix = split_mix(mix) ^ (stream * 0xd1342543de82ef95ULL);
  mix = split_mix(mix) ^ (part * 0xaf251af3b0f025b5ULL);
  for (std::uint64_t& word : state_) word = split_mix(mix);
}

std::uint64_t Dice::next() {
  const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate(state_[3], 45);
  return result;
}

std::uint32_t Dice::below(std::uint32_t bound) {
  assert(bound > 0);
  return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
}

int Dice::between(int least, int most) {
  assert(least <= most);
  return least + static_cast<int>(below(static_cast<std::uint32_t>(most - least + 1)));
}

bool Dice::happens(Share share) { return (next() >> 32) < share.bits; }

std::size_t Dice::pick(const Weights& weights) {
  return weights.at(static_cast<std::uint32_t>(next() >> 32));
}

Fixed Dice::normal() {
  std::int64_t sum = -6 * 65536;
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t draw = next();
    for (int k = 0; k < 64; k += 16) sum += static_cast<std::int64_t>((draw >> k) & 0xffff);
  }
  return Fixed{sum};
}

int Dice::days(const LogNormal& prior) {
  const Fixed exponent = prior.log2_median + prior.log2_deviation * normal();
  return static_cast<int>(exp2_of(std::min(exponent, Fixed::whole(16))).rounded());
}

}  // namespace geleit
