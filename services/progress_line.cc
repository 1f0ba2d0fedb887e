#include "services/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "services/clock.h"

namespace geleit {

ProgressLine::ProgressLine(std::FILE* out)
    : out_(out),
      terminal_(::isatty(::fileno(out)) == 1),
      started_ms_(monotonic_ms()),
      last_ms_(started_ms_) {}

ProgressLine::~ProgressLine() { wipe(); }

bool ProgressLine::due() {
  const std::int64_t now = monotonic_ms();
  if (now - last_ms_ < (terminal_ ? on_terminal : elsewhere).count()) return false;
  last_ms_ = now;
  return true;
}

void ProgressLine::show(std::string_view text) {
  // The rest of a longer line before it is cleared.
  if (terminal_)
    fmt::print(out_, "\r{}\x1b[K", text);
  else
    fmt::print(out_, "{}\n", text);
  std::fflush(out_);
  shown_ = terminal_;
}

void ProgressLine::tell(std::string_view text) {
  wipe();
  fmt::print(out_, "{}\n", text);
  std::fflush(out_);
}

std::chrono::milliseconds ProgressLine::elapsed() const {
  return std::chrono::milliseconds(monotonic_ms() - started_ms_);
}

void ProgressLine::wipe() {
  if (!shown_) return;
  fmt::print(out_, "\r\x1b[K");
  std::fflush(out_);
  shown_ = false;
}

std::uint64_t per_second(std::uint64_t things, std::chrono::milliseconds in) {
  return things * 1000 / static_cast<std::uint64_t>(std::max<std::int64_t>(1, in.count()));
}

}  // namespace geleit
