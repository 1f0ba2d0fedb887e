#include "services/command_lines.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace geleit {
namespace {

constexpr std::string_view blanks = " \t\r";

/// Looks at the members of one object and at nothing within them. Boost.JSON's parser calls it.
struct MemberScan {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Error = boost::json::error_code;
  using Text = boost::json::string_view;

  bool is_object = false;
  bool has_id = false;
  bool repeated = false;
  std::optional<std::int64_t> status;

  int depth = 0;
  std::string key;

  bool at_member(std::string_view name) const { return depth == 1 && key == name; }
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    if (depth++ == 0) is_object = true;
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    --depth;
    return true;
  }
  bool on_array_begin(Error&) {
    ++depth;
    return true;
  }
  bool on_array_end(std::size_t, Error&) {
    --depth;
    return true;
  }
  bool on_key_part(Text part, std::size_t total, Error&) {
    if (depth != 1) return true;
    if (total == part.size()) key.clear();
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text part, std::size_t total, Error& error) { return on_key_part(part, total, error); }
  bool on_string_part(Text, std::size_t, Error&) { return true; }
  bool on_string(Text, std::size_t, Error&) {
    if (at_member("id")) has_id = is_object;
    return true;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t value, Text, Error&) {
    if (at_member("status")) status = value;
    return true;
  }
  bool on_uint64(std::uint64_t, Text, Error&) { return true; }
  bool on_double(double, Text, Error&) { return true; }
  bool on_bool(bool value, Error&) {
    if (at_member("repeated")) repeated = value;
    return true;
  }
  bool on_null(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }
};

/// Nothing when the text is not one JSON object.
std::optional<MemberScan> scan(std::string_view text) {
  boost::json::basic_parser<MemberScan> parser{boost::json::parse_options{}};
  MemberScan::Error error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || used != text.size() || !parser.done() || !parser.handler().is_object) return std::nullopt;
  return std::move(parser.handler());
}

bool is_final(Verdict verdict, bool behind_undecided) {
  switch (verdict) {
    case Verdict::accepted:
    case Verdict::repeated: return true;
    case Verdict::refused: return !behind_undecided;
    case Verdict::later: return false;
  }
  return false;
}

}  // namespace

LineReader::Got LineReader::next(std::string& line) {
  for (;;) {
    line.clear();
    bool too_long = false;
    bool ended = false;
    while (!ended) {
      if (at_ == end_) {
        if (over_) break;
        at_ = 0;
        end_ = read_(buffer_.data(), buffer_.size());
        bytes_ += end_;
        if (end_ == 0) {
          over_ = true;
          break;
        }
      }
      const char* begin = buffer_.data() + at_;
      const auto* stop = static_cast<const char*>(std::memchr(begin, '\n', end_ - at_));
      ended = stop != nullptr;
      const auto length = static_cast<std::size_t>((ended ? stop : buffer_.data() + end_) - begin);
      const std::size_t room = command_line_bytes_max - line.size();
      too_long = too_long || length > room;
      line.append(begin, std::min(length, room));
      at_ += length + (ended ? 1 : 0);
    }
    if (too_long) return Got::too_long;
    if (line.find_first_not_of(blanks) != std::string::npos) return Got::line;
    if (!ended) return Got::end;
  }
}

bool lacks_id(std::string_view line) {
  const auto members = scan(line);
  return members && !members->has_id;
}

std::string with_id(std::string_view object, std::string_view id) {
  const std::size_t brace = object.find('{');
  if (brace == std::string_view::npos) throw std::logic_error("only an object can be given an id");
  const std::string_view rest = object.substr(brace + 1);
  std::string out = "{\"id\":\"";
  out.append(id).append("\"");
  if (!rest.substr(std::min(rest.size(), rest.find_first_not_of(" \t\r\n"))).starts_with('}')) out += ',';
  return out.append(rest);
}

Verdict verdict_of(std::string_view answer) {
  const auto members = scan(answer);
  if (!members) return Verdict::refused;
  if (!members->status) return members->repeated ? Verdict::repeated : Verdict::accepted;
  return *members->status == 503 || *members->status == 429 ? Verdict::later : Verdict::refused;
}

bool CommandBatch::add(std::string_view line) {
  if (!lines_.empty() &&
      (lines_.size() >= batch_lines_max || text_.size() + line.size() + 1 > batch_bytes_max)) {
    return false;
  }
  open_.push_back(lines_.size());
  lines_.push_back({text_.size(), line.size() + 1, {}, Verdict::later});
  text_.append(line).push_back('\n');
  return true;
}

void CommandBatch::add_answered(std::string answer) {
  lines_.push_back({text_.size(), 0, std::move(answer), Verdict::refused});
}

std::string CommandBatch::body(std::size_t lines) const {
  std::string out;
  for (std::size_t i = 0; i < std::min(lines, open_.size()); ++i) {
    const Line& line = lines_[open_[i]];
    out.append(text_, line.at, line.size);
  }
  return out;
}

std::optional<std::size_t> CommandBatch::take(std::string_view answers, std::size_t lines) {
  lines = std::min(lines, open_.size());
  std::vector<std::string_view> texts;
  texts.reserve(lines);
  while (!answers.empty()) {
    const std::size_t end = std::min(answers.find('\n'), answers.size());
    const std::string_view text = answers.substr(0, end);
    if (text.find_first_not_of(blanks) != std::string_view::npos) texts.push_back(text);
    answers.remove_prefix(std::min(end + 1, answers.size()));
  }
  if (texts.size() != lines) return std::nullopt;
  bool undecided = false;
  std::vector<std::size_t> still_open;
  for (std::size_t i = 0; i < lines; ++i) {
    Line& line = lines_[open_[i]];
    line.answer = texts[i];
    line.verdict = verdict_of(texts[i]);
    undecided = undecided || line.verdict == Verdict::later;
    if (!is_final(line.verdict, undecided)) still_open.push_back(open_[i]);
  }
  const std::size_t finished = lines - still_open.size();
  still_open.insert(still_open.end(), open_.begin() + static_cast<std::ptrdiff_t>(lines), open_.end());
  open_ = std::move(still_open);
  return finished;
}

void CommandBatch::refuse_first(std::string_view problem) {
  Line& line = lines_[open_.front()];
  line.answer = problem;
  std::erase(line.answer, '\n');
  line.verdict = Verdict::refused;
  open_.erase(open_.begin());
}

std::optional<Backoff::Milliseconds> Backoff::failed(Milliseconds now,
                                                     std::optional<Milliseconds> retry_after) {
  if (!since_) since_ = now;
  const Milliseconds left = patience_ - (now - *since_);
  if (left <= Milliseconds::zero()) return std::nullopt;
  const Milliseconds wait = std::max(wait_, retry_after.value_or(Milliseconds::zero()));
  wait_ = std::min(2 * wait_, longest);
  return std::min(wait, left);
}

void Backoff::succeeded() {
  since_.reset();
  wait_ = first;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace geleit
