#include "services/http/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace geleit::http {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080ULL;

std::uint64_t load8(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Length of the well-formed sequence that starts at `i` (its first byte is not ASCII), or 0.
std::size_t sequence_length(std::string_view text, std::size_t i) {
  auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const std::size_t left = text.size() - i;
  const unsigned lead = byte(i);
  auto continues = [&](std::size_t k) { return (byte(i + k) & 0xc0U) == 0x80U; };
  if (lead >= 0xc2 && lead <= 0xdf) return left >= 2 && continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    if (lead == 0xe0 && byte(i + 1) < 0xa0) return 0;
    if (lead == 0xed && byte(i + 1) > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xf0 && byte(i + 1) < 0x90) return 0;
    if (lead == 0xf4 && byte(i + 1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

/// True for bytes that stand for themselves inside a JSON string.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (int c = 0x20; c < 0x80; ++c) table[static_cast<std::size_t>(c)] = c != '"' && c != '\\' && c != 0x7f;
  return table;
}();

}  // namespace

bool valid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    if (text.size() - i >= 8 && (load8(text.data() + i) & high_bits) == 0) {
      i += 8;
    } else if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
    } else if (const std::size_t length = sequence_length(text, i); length != 0) {
      i += length;
    } else {
      return false;
    }
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t done = 0;
  std::size_t i = 0;
  auto flush = [&] { out.append(text.data() + done, i - done); };
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (plain[c]) {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      const std::size_t length = sequence_length(text, i);
      if (length != 0) {
        i += length;
        continue;
      }
      flush();
      out.append("\xef\xbf\xbd");
      done = ++i;
      continue;
    }
    flush();
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      default: {
        constexpr std::string_view hex = "0123456789abcdef";
        out.append("\\u00");
        out.push_back(hex[c >> 4U]);
        out.push_back(hex[c & 0xfU]);
      }
    }
    done = ++i;
  }
  flush();
  out.push_back('"');
}

void append_number(std::string& out, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_number(std::string& out, std::uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void JsonWriter::separate() {
  if (named_) {
    named_ = false;
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  if (depth_ > 0 && (objects_ & bit) != 0)
    throw std::logic_error("JSON: expected a member name, but a value came");
  if (depth_ > 0 && (filled_ & bit) != 0) out_.push_back(',');
  filled_ |= bit;
}

JsonWriter& JsonWriter::object() {
  separate();
  if (++depth_ >= depth_max) throw std::logic_error("JSON: nested too deeply");
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  objects_ |= bit;
  filled_ &= ~bit;
  out_.push_back('{');
  return *this;
}

JsonWriter& JsonWriter::array() {
  separate();
  if (++depth_ >= depth_max) throw std::logic_error("JSON: nested too deeply");
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  objects_ &= ~bit;
  filled_ &= ~bit;
  out_.push_back('[');
  return *this;
}

JsonWriter& JsonWriter::end() {
  if (depth_ == 0 || named_) throw std::logic_error("JSON: closed more than was opened");
  out_.push_back((objects_ & (std::uint64_t{1} << depth_)) != 0 ? '}' : ']');
  --depth_;
  return *this;
}

JsonWriter& JsonWriter::member(std::string_view name) {
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  if (depth_ == 0 || (objects_ & bit) == 0 || named_)
    throw std::logic_error("JSON: a member name has no place here");
  if ((filled_ & bit) != 0) out_.push_back(',');
  filled_ |= bit;
  out_.push_back('"');
  out_.append(name);
  out_.append("\":");
  named_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  append_json_string(out_, value);
  return *this;
}

JsonWriter& JsonWriter::decimal(double value, int digits) {
  if (!std::isfinite(value)) return null();
  separate();
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  out_.append(text, static_cast<std::size_t>(end - text));
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

}  // namespace geleit::http
