#include "services/intake/json_tree.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <deque>

#include "services/intake/command_limits.h"

namespace geleit {

struct JsonTree::Handler {
  using error_code = boost::json::error_code;
  using view = boost::json::string_view;
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  std::vector<JsonValue>* values = nullptr;
  JsonFault fault;
  std::array<std::uint32_t, limits::json_depth_max + 2> open{};
  std::array<std::uint32_t, limits::json_depth_max + 2> last{};
  std::size_t depth = 0;
  std::string_view name;
  std::string parts;               ///< of a string with escapes
  std::deque<std::string> copies;  ///< strings that do not stand in the text as they are
  std::size_t copies_used = 0;

  void begin(std::vector<JsonValue>& into) {
    values = &into;
    values->clear();
    fault = {};
    depth = 0;
    name = {};
    parts.clear();
    copies_used = 0;
  }

  bool refuse(JsonFault::Kind kind, std::string_view what, error_code& ec) {
    fault.kind = kind;
    fault.what = what;
    ec = boost::json::error::exception;
    return false;
  }

  bool add(const JsonValue& value, error_code& ec) {
    if (values->size() >= limits::json_values_max) return refuse(JsonFault::Kind::too_large, {}, ec);
    const auto index = static_cast<std::uint32_t>(values->size());
    values->push_back(value);
    values->back().name = name;
    name = {};
    if (depth == 0) return true;
    JsonValue& parent = (*values)[open[depth]];
    if (parent.count == 0) {
      parent.first = index;
    } else {
      (*values)[last[depth]].next = index;
    }
    ++parent.count;
    last[depth] = index;
    return true;
  }
  bool descend(JsonType type, error_code& ec) {
    JsonValue value;
    value.type = type;
    if (!add(value, ec)) return false;
    open[++depth] = static_cast<std::uint32_t>(values->size() - 1);
    return true;
  }
  std::string_view whole(view s) {
    if (parts.empty()) return {s.data(), s.size()};
    parts.append(s.data(), s.size());
    return keep();
  }
  std::string_view keep() {
    if (copies_used == copies.size()) copies.emplace_back();
    std::string& copy = copies[copies_used++];
    copy.swap(parts);
    parts.clear();
    return copy;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return descend(JsonType::object, ec); }
  bool on_object_end(std::size_t, error_code&) {
    --depth;
    return true;
  }
  bool on_array_begin(error_code& ec) { return descend(JsonType::array, ec); }
  bool on_array_end(std::size_t, error_code&) {
    --depth;
    return true;
  }
  bool on_key_part(view s, std::size_t, error_code&) {
    parts.append(s.data(), s.size());
    return true;
  }
  bool on_key(view s, std::size_t, error_code& ec) {
    const bool copied = !parts.empty();
    name = whole(s);
    if (!copied && !in_text(name)) name = copy_of(name);
    const JsonValue& object = (*values)[open[depth]];
    if (object.count >= limits::object_members_max) return refuse(JsonFault::Kind::too_large, {}, ec);
    std::uint32_t i = object.first;
    for (std::uint32_t n = 0; n < object.count; ++n, i = (*values)[i].next) {
      if ((*values)[i].name == name) return refuse(JsonFault::Kind::repeated_member, name, ec);
    }
    return true;
  }
  bool on_string_part(view s, std::size_t, error_code&) {
    parts.append(s.data(), s.size());
    return true;
  }
  bool on_string(view s, std::size_t, error_code& ec) {
    JsonValue value;
    value.type = JsonType::string;
    const bool copied = !parts.empty();
    value.text = whole(s);
    if (!copied && !in_text(value.text)) value.text = copy_of(value.text);
    return add(value, ec);
  }
  bool on_number_part(view, error_code&) { return true; }
  bool on_int64(std::int64_t number, view, error_code& ec) {
    JsonValue value;
    value.type = JsonType::integer;
    value.integer = number;
    return add(value, ec);
  }
  bool on_uint64(std::uint64_t number, view s, error_code& ec) {
    return on_double(static_cast<double>(number), s, ec);
  }
  bool on_double(double number, view, error_code& ec) {
    // Beyond 2^53 a double no longer tells neighbouring whole numbers apart.
    constexpr double exact = 9007199254740992.0;
    JsonValue value;
    if (std::abs(number) <= exact && std::trunc(number) == number) {
      value.type = JsonType::integer;
      value.integer = static_cast<std::int64_t>(number);
    } else {
      value.type = JsonType::real;
      value.real = number;
    }
    return add(value, ec);
  }
  bool on_bool(bool boolean, error_code& ec) {
    JsonValue value;
    value.type = JsonType::boolean;
    value.boolean = boolean;
    return add(value, ec);
  }
  bool on_null(error_code& ec) { return add({}, ec); }
  bool on_comment_part(view, error_code&) { return true; }
  bool on_comment(view, error_code&) { return true; }

  // The parser unescapes into a buffer of its own, which lives for the call only.
  std::string_view text;
  [[nodiscard]] bool in_text(std::string_view s) const {
    return s.data() >= text.data() && s.data() + s.size() <= text.data() + text.size();
  }
  std::string_view copy_of(std::string_view s) {
    parts.assign(s);
    return keep();
  }
};

struct JsonTree::Parser {
  boost::json::basic_parser<Handler> parser;
  static boost::json::parse_options options() {
    boost::json::parse_options o;
    o.max_depth = limits::json_depth_max;
    return o;
  }
  Parser() : parser(options()) {}
};

JsonTree::JsonTree() : parser_(new Parser) { values_.reserve(64); }
JsonTree::~JsonTree() { delete parser_; }

JsonFault JsonTree::read(std::string_view text) {
  auto& parser = parser_->parser;
  Handler& handler = parser.handler();
  parser.reset();
  handler.begin(values_);
  handler.text = text;
  boost::json::error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) {
    if (handler.fault.kind == JsonFault::Kind::none) {
      handler.fault = {JsonFault::Kind::syntax, 0, ec.message()};
    }
    handler.fault.at = read;
    return handler.fault;
  }
  for (std::size_t i = read; i < text.size(); ++i) {
    if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r') {
      return {JsonFault::Kind::syntax, i, "extra data"};
    }
  }
  return {};
}

const JsonValue* JsonTree::find(const JsonValue& object, std::string_view name) const {
  for (std::uint32_t i = object.first; i != JsonValue::none; i = values_[i].next) {
    if (values_[i].name == name) return &values_[i];
  }
  return nullptr;
}

}  // namespace geleit
