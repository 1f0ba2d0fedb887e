// NDJSON on its way through `geleit submit`: lines from a file, batches of them, and when to try again.
//
//   file ─▶ LineReader ─▶ CommandBatch ─body─▶ server
//                              │ ▲ └───────────── what is not final is sent again
//                              │ └─answers
//                              └─▶ one answer a line, in order
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

/// What goes into one request: far below what a body may hold (10,000 lines, 16 MiB), so that progress is
/// steady and a retry repeats little.
inline constexpr std::size_t batch_lines_max = 2'000;
inline constexpr std::size_t batch_bytes_max = 4 << 20;
/// A longer line fits into no body.
inline constexpr std::size_t command_line_bytes_max = (16 << 20) - 1;

/// Splits what `read` brings (as read(2): up to so many bytes, 0 at the end) into lines, in constant memory.
class LineReader {
 public:
  using Read = std::function<std::size_t(char* to, std::size_t bytes)>;
  explicit LineReader(Read read) : read_(std::move(read)), buffer_(buffer_bytes, '\0') {}

  enum class Got : unsigned char { line, too_long, end };
  /// The next line that is not blank, without its end. What is beyond `command_line_bytes_max` is dropped.
  Got next(std::string& line);
  /// Bytes taken from the source so far.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t buffer_bytes = 256 * 1024;
  Read read_;
  std::string buffer_;
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t bytes_ = 0;
  bool over_ = false;
};

/// True for a JSON object that has no text as its `id`; a line that is no object at all is for the server to
/// refuse.
[[nodiscard]] bool lacks_id(std::string_view line);
/// The object with this id as its first member.
[[nodiscard]] std::string with_id(std::string_view object, std::string_view id);

/// What an answer line says.
enum class Verdict : unsigned char {
  accepted,
  repeated,  ///< accepted before
  refused,
  later,  ///< 503 or 429: nothing was decided
};
[[nodiscard]] Verdict verdict_of(std::string_view answer);

/// Lines in order, and the answer to each. An answer is final unless it is `later`, or a refusal behind a
/// `later` one: that may rest on the line that was not decided, so it is asked for again. (A refused command
/// leaves nothing behind, and an accepted one would only be repeated.)
class CommandBatch {
 public:
  /// False when it is full; an empty batch takes any line.
  [[nodiscard]] bool add(std::string_view line);
  /// A line that is answered here and never sent.
  void add_answered(std::string answer);
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

  /// Lines whose answer is not final.
  [[nodiscard]] std::size_t open() const { return open_.size(); }
  /// The first `lines` open ones, as a request body.
  [[nodiscard]] std::string body(std::size_t lines) const;
  /// The NDJSON answer to `body(lines)`; the number of lines that are final now. Nothing when it has not
  /// exactly one answer for each; it is ignored then.
  [[nodiscard]] std::optional<std::size_t> take(std::string_view answers, std::size_t lines);
  /// The final answer to the first open line, which was refused as a whole request.
  void refuse_first(std::string_view problem);

  struct Answered {
    std::string_view text;  ///< without a line end; empty before any came
    Verdict verdict;
  };
  [[nodiscard]] Answered answer(std::size_t line) const {
    return {lines_[line].answer, lines_[line].verdict};
  }

 private:
  struct Line {
    std::size_t at, size;
    std::string answer;
    Verdict verdict = Verdict::later;
  };
  std::string text_;
  std::vector<Line> lines_;
  std::vector<std::size_t> open_;
};

/// How long to wait before trying again: 0.1 s, doubled up to 2 s, or what the server asks for; until nothing
/// has succeeded for as long as the patience lasts.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds first{100}, longest{2'000};
  explicit Backoff(Milliseconds patience) : patience_(patience) {}

  /// `now` is of any clock that never goes back. Nothing: give up.
  [[nodiscard]] std::optional<Milliseconds> failed(Milliseconds now, std::optional<Milliseconds> retry_after);
  void succeeded();

 private:
  Milliseconds patience_;
  Milliseconds wait_ = first;
  std::optional<Milliseconds> since_;
};

/// The seconds of a Retry-After; nothing for a date, which no Geleit sends.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value);

}  // namespace geleit
