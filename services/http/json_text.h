// JSON written straight into a string: for answers that are made thousands of times a second.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace geleit::http {

/// Well-formed UTF-8 of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool valid_utf8(std::string_view text);

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so the output
/// always is.
void append_json_string(std::string& out, std::string_view text);

void append_number(std::string& out, std::int64_t value);
void append_number(std::string& out, std::uint64_t value);

/// Appends JSON value by value and puts the commas. Closing more than was opened is asserted.
///   JsonWriter w(out); w.object(); w.member("case").string(id); w.member("version").number(7); w.end();
/// Chains read as a line; nothing is buffered, `out` may be sent on between calls.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& object();
  JsonWriter& array();
  /// Closes the innermost object or array.
  JsonWriter& end();
  /// The name of the next value; names are plain words of ours and are not escaped.
  JsonWriter& member(std::string_view name);
  JsonWriter& string(std::string_view value);
  template <std::integral I>
  requires(!std::same_as<I, bool>) JsonWriter& number(I value) {
    separate();
    if constexpr (std::signed_integral<I>) {
      append_number(out_, static_cast<std::int64_t>(value));
    } else {
      append_number(out_, static_cast<std::uint64_t>(value));
    }
    return *this;
  }
  /// A number with that many digits after the point (0 to 9); what is no number becomes null.
  JsonWriter& decimal(double value, int digits);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

 private:
  void separate();

  static constexpr int depth_max = 64;
  std::string& out_;
  int depth_ = 0;
  bool named_ = false;         ///< a member name waits for its value
  std::uint64_t filled_ = 0;   ///< bit per depth: something stands there already
  std::uint64_t objects_ = 0;  ///< bit per depth: object, else array
};

}  // namespace geleit::http
