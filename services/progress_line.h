// What a long command says of itself while it works: on standard error, so that standard output stays for
// programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace geleit {

/// On a terminal one line that is written over; elsewhere (a journal, a file) a line now and then. Not
/// thread-safe.
class ProgressLine {
 public:
  /// Shown so often at most.
  static constexpr std::chrono::milliseconds on_terminal{200}, elsewhere{10'000};

  explicit ProgressLine(std::FILE* out);
  /// Takes a present line away.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// True when it is time to show again; asked before a text is made. The first time passes once the interval
  /// has.
  [[nodiscard]] bool due();
  void show(std::string_view text);
  /// A line that stays.
  void tell(std::string_view text);
  /// Since it was made.
  [[nodiscard]] std::chrono::milliseconds elapsed() const;

 private:
  void wipe();

  std::FILE* out_;
  bool terminal_;
  bool shown_ = false;
  std::int64_t started_ms_, last_ms_;
};

/// Things a second; of an instant's work, as if it had taken a millisecond.
[[nodiscard]] std::uint64_t per_second(std::uint64_t things, std::chrono::milliseconds in);

}  // namespace geleit
