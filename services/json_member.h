// What an answer, or a line that was written before, says by name.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace geleit {

/// The text of a member; empty where there is none, or none that is a text.
[[nodiscard]] inline std::string text_member(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  return member && member->is_string() ? std::string(member->as_string()) : std::string();
}

/// The same of an object as JSON text; empty where it is none.
[[nodiscard]] inline std::string text_member(std::string_view json, std::string_view name) {
  boost::json::error_code error;
  const auto value = boost::json::parse(json, error);
  const auto* object = error ? nullptr : value.if_object();
  return object ? text_member(*object, name) : std::string();
}

}  // namespace geleit
