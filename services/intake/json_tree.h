// JSON text as a flat list of values that view the text: what a command is read from. Strict (RFC 8259, valid
// UTF-8, bounded depth and size) and exact: a member that comes twice is noticed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

enum class JsonType : std::uint8_t { null, boolean, integer, real, string, array, object };

struct JsonValue {
  static constexpr std::uint32_t none = 0;  ///< the root is nobody's child and nobody's sibling

  JsonType type = JsonType::null;
  bool boolean = false;
  std::uint32_t first = none;  ///< first child
  std::uint32_t next = none;   ///< next sibling
  std::uint32_t count = 0;     ///< children
  std::string_view name;       ///< as a member of an object
  std::string_view text;       ///< string, without quotes and escapes
  std::int64_t integer = 0;    ///< also a number spelled otherwise that is whole (4.5e1)
  double real = 0;             ///< any other number
};

struct JsonFault {
  enum class Kind : std::uint8_t { none, syntax, repeated_member, too_large } kind = Kind::none;
  std::size_t at = 0;  ///< byte
  std::string what;    ///< the parser's words, or the member's name
};

/// Reused for one text after another, so that reading one allocates nothing once warm. Not thread-safe.
class JsonTree {
 public:
  JsonTree();
  ~JsonTree();
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;

  /// Values view `text`, or the tree where a string had escapes; both must stay. Never throws on any text.
  [[nodiscard]] JsonFault read(std::string_view text);

  [[nodiscard]] const JsonValue& root() const { return values_.front(); }
  [[nodiscard]] JsonValue& at(std::uint32_t index) { return values_[index]; }
  [[nodiscard]] const JsonValue& at(std::uint32_t index) const { return values_[index]; }
  /// The member of that name, or null.
  [[nodiscard]] const JsonValue* find(const JsonValue& object, std::string_view name) const;
  template <class Each>
  void for_each(const JsonValue& parent, Each&& each) const {
    for (std::uint32_t i = parent.first; i != JsonValue::none; i = values_[i].next) each(values_[i]);
  }
  [[nodiscard]] std::uint32_t index_of(const JsonValue& value) const {
    return static_cast<std::uint32_t>(&value - values_.data());
  }

 private:
  struct Handler;
  struct Parser;
  Parser* parser_;
  std::vector<JsonValue> values_;
};

}  // namespace geleit
