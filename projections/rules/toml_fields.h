// How a document that ships with the program is read: table by table, every mistake refused with the place
// where it is. For rule_set.cc, workflow.cc and alert_policy.cc only.
#pragma once

#include <fmt/format.h>

#include <toml++/toml.h>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "events/civil_time.h"
#include "events/event_words.h"

namespace geleit {

/// Throws std::invalid_argument: "rule set: SMN-HOME.units: …".
[[noreturn]] inline void refuse_document(std::string_view document, std::string_view where,
                                         std::string_view what) {
  throw std::invalid_argument(fmt::format("{}: {}: {}", document, where, what));
}

[[nodiscard]] inline toml::table read_toml(std::string_view document, std::string_view content) {
  try {
    return toml::parse(content);
  } catch (const toml::parse_error& error) {
    refuse_document(document, fmt::format("line {}", error.source().begin.line), error.description());
  }
}

/// A table of the document that knows its name and refuses fields that nobody read.
class TomlFields {
 public:
  TomlFields(std::string_view document, const toml::table& table, std::string where)
      : document_(document), table_(table), where_(std::move(where)) {}

  [[nodiscard]] const std::string& where() const { return where_; }

  [[nodiscard]] std::string text(std::string_view name) {
    const auto value = node(name).value_exact<std::string>();
    if (!value || value->empty()) refuse(name, "a text");
    return *value;
  }
  [[nodiscard]] int number(std::string_view name) {
    const auto value = node(name).value_exact<std::int64_t>();
    if (!value || *value < 0 || *value > number_max) refuse(name, "a whole number from 0 to 1,000,000");
    return static_cast<int>(*value);
  }
  [[nodiscard]] std::vector<int> numbers(std::string_view name) {
    const toml::array* array = node(name).as_array();
    if (array == nullptr || array->empty()) refuse(name, "a list of whole numbers");
    std::vector<int> values;
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::int64_t>();
      if (!value || *value < 0 || *value > number_max) refuse(name, "a list of whole numbers");
      values.push_back(static_cast<int>(*value));
    }
    return values;
  }
  [[nodiscard]] bool yes_or_no(std::string_view name) {
    const auto value = node(name).value_exact<bool>();
    if (!value) refuse(name, "true or false");
    return *value;
  }
  [[nodiscard]] CivilDate date(std::string_view name) {
    const std::optional<CivilDate> value = date_if_any(name);
    if (!value) refuse(name, "a date");
    return *value;
  }
  [[nodiscard]] std::optional<CivilDate> date_if_any(std::string_view name) {
    seen_.insert(std::string(name));
    const toml::node* found = table_.get(name);
    if (found == nullptr) return std::nullopt;
    const auto value = found->value_exact<toml::date>();
    if (!value) refuse(name, "a date");
    return from_ymd(value->year, value->month, value->day);
  }
  template <Vocabulary E>
  [[nodiscard]] E choice(std::string_view name) {
    const std::optional<E> value = parse_word<E>(text(name));
    if (!value) refuse(name, fmt::format("one of {}", fmt::join(words<E>, ", ")));
    return *value;
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) {
    const toml::array* array = node(name).as_array();
    if (array == nullptr || array->empty()) refuse(name, "a list of texts");
    std::vector<std::string> values;
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (!value) refuse(name, "a list of texts");
      values.push_back(*value);
    }
    return values;
  }
  template <Vocabulary E>
  [[nodiscard]] std::vector<E> choices(std::string_view name) {
    std::vector<E> values;
    for (const std::string& one : texts(name)) {
      const std::optional<E> value = parse_word<E>(one);
      if (!value) refuse(name, fmt::format("words of {}", fmt::join(words<E>, ", ")));
      values.push_back(*value);
    }
    return values;
  }
  [[nodiscard]] const toml::table* table_if_any(std::string_view name) {
    seen_.insert(std::string(name));
    const toml::node* found = table_.get(name);
    if (found == nullptr) return nullptr;
    if (found->as_table() == nullptr) refuse(name, "a table");
    return found->as_table();
  }
  /// Somebody else reads this one.
  void allow(std::string_view name) { seen_.insert(std::string(name)); }
  /// Call when everything was read: what is left over is a slip of the pen.
  void refuse_unknown() const {
    for (const auto& [key, value] : table_) {
      if (!seen_.contains(std::string(key.str())))
        refuse_document(document_, where_, fmt::format("unknown field '{}'", key.str()));
    }
  }

  [[noreturn]] void refuse(std::string_view name, std::string_view expected) const {
    refuse_document(
        document_, where_ + "." + std::string(name),
        fmt::format("expected {}, but it is {}", expected, table_.contains(name) ? "not" : "missing"));
  }

 private:
  static constexpr std::int64_t number_max = 1'000'000;

  [[nodiscard]] const toml::node& node(std::string_view name) {
    seen_.insert(std::string(name));
    const toml::node* found = table_.get(name);
    if (found == nullptr) refuse(name, "a value");
    return *found;
  }

  std::string_view document_;
  const toml::table& table_;
  std::string where_;
  std::set<std::string> seen_;
};

}  // namespace geleit
