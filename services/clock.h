// The one file (with main) that asks the machine for time and chance; everybody else is given them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"

namespace geleit {

/// What time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

/// The machine's own time.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

/// Starts at an instant and runs at normal pace (`--clock INSTANT`), undisturbed by changes of the machine's
/// time.
class StartedClock final : public Clock {
 public:
  explicit StartedClock(Instant start);
  [[nodiscard]] Instant now() const override;

 private:
  Instant start_;
  std::int64_t started_ms_;
};

/// Stands still but for what it is told (`--clock entered`, and tests): the largest instant seen so far.
class EnteredClock final : public Clock {
 public:
  explicit EnteredClock(Instant start = Instant{}) : ms_(start.ms) {}
  [[nodiscard]] Instant now() const override { return Instant{ms_.load(std::memory_order_acquire)}; }
  /// Later than now: moves there. Earlier: changes nothing.
  void advance_to(Instant at);

 private:
  std::atomic<std::int64_t> ms_;
};

/// What `--clock` asks for.
struct ClockChoice {
  enum class Kind : std::uint8_t { system, started, entered } kind = Kind::system;
  Instant start;  ///< of a started clock
  friend bool operator==(const ClockChoice&, const ClockChoice&) = default;
};
/// "entered", or an RFC 3339 instant with its offset; nothing else.
[[nodiscard]] std::optional<ClockChoice> parse_clock(std::string_view text);
/// An entered clock starts at `choice.start`, which the opener of a log may have set to its last recorded
/// time.
[[nodiscard]] std::unique_ptr<Clock> make_clock(const ClockChoice& choice);
/// For the status: "system", "started at 2026-04-04T09:00:00+02:00", "entered".
[[nodiscard]] std::string describe(const ClockChoice& choice);

/// Milliseconds of a clock that never goes back, for waiting and measuring only: it has no date.
[[nodiscard]] std::int64_t monotonic_ms();
/// The same in nanoseconds, for measuring short spans.
[[nodiscard]] std::int64_t monotonic_ns();

/// Where chance comes from. Thread-safe.
class Chance {
 public:
  virtual ~Chance() = default;
  /// 64 bits.
  virtual std::uint64_t next() = 0;
};

/// The machine's cryptographic chance (getrandom).
class SystemChance final : public Chance {
 public:
  std::uint64_t next() override;
};

/// The same sequence for the same seed, for tests and the simulation; not for keys.
class SeededChance final : public Chance {
 public:
  explicit SeededChance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace geleit
