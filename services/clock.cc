#include "services/clock.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include "events/civil_time.h"

namespace geleit {

std::int64_t monotonic_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

std::int64_t monotonic_ms() { return monotonic_ns() / 1'000'000; }

Instant SystemClock::now() const {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

StartedClock::StartedClock(Instant start) : start_(start), started_ms_(monotonic_ms()) {}

Instant StartedClock::now() const { return Instant{start_.ms + (monotonic_ms() - started_ms_)}; }

void EnteredClock::advance_to(Instant at) {
  std::int64_t seen = ms_.load(std::memory_order_relaxed);
  while (seen < at.ms && !ms_.compare_exchange_weak(seen, at.ms, std::memory_order_acq_rel)) {}
}

std::optional<ClockChoice> parse_clock(std::string_view text) {
  if (text == "entered") return ClockChoice{ClockChoice::Kind::entered, {}};
  if (const auto start = parse_instant(text)) return ClockChoice{ClockChoice::Kind::started, *start};
  return std::nullopt;
}

std::unique_ptr<Clock> make_clock(const ClockChoice& choice) {
  switch (choice.kind) {
    case ClockChoice::Kind::system: return std::make_unique<SystemClock>();
    case ClockChoice::Kind::started: return std::make_unique<StartedClock>(choice.start);
    case ClockChoice::Kind::entered: return std::make_unique<EnteredClock>(choice.start);
  }
  throw std::logic_error("unknown kind of clock");
}

std::string describe(const ClockChoice& choice) {
  switch (choice.kind) {
    case ClockChoice::Kind::system: return "system";
    case ClockChoice::Kind::started: return "started at " + to_string(choice.start);
    case ClockChoice::Kind::entered: return "entered";
  }
  throw std::logic_error("unknown kind of clock");
}

std::uint64_t SystemChance::next() {
  // A block per thread: one system call for 64 numbers.
  thread_local std::array<std::uint64_t, 64> block;
  thread_local std::size_t left = 0;
  if (left == 0) {
    auto* at = reinterpret_cast<char*>(block.data());
    std::size_t missing = sizeof block;
    while (missing > 0) {
      const ssize_t got = ::getrandom(at, missing, 0);
      if (got < 0) {
        if (errno == EINTR) continue;
        throw std::system_error(errno, std::generic_category(), "getrandom");
      }
      at += got;
      missing -= static_cast<std::size_t>(got);
    }
    left = block.size();
  }
  const std::uint64_t value = block[--left];
  block[left] = 0;
  return value;
}

std::uint64_t SeededChance::next() {
  // SplitMix64: a counter and a mixing, so that threads may share it without a lock.
  std::uint64_t z =
      state_.fetch_add(0x9e3779b97f4a7c15ULL, std::memory_order_relaxed) + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

}  // namespace geleit
