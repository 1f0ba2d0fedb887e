// Names the fields of a payload once, in the words of API.md, for everything that walks over them: JSON
// answers, export, tests that know every sealed field.
#pragma once

#include <string_view>
#include <tuple>

namespace geleit {

template <class Owner, class Type>
struct Field {
  std::string_view name;
  Type Owner::*member;
};

template <class Owner, class Type>
[[nodiscard]] constexpr Field<Owner, Type> field(std::string_view name, Type Owner::*member) {
  return {name, member};
}

/// Calls `visit(name, value)` for every field of a payload, in the order of its declaration.
template <class Payload, class Visit>
void for_each_field(Payload&& payload, Visit&& visit) {
  using Owner = std::remove_cvref_t<Payload>;
  std::apply([&](const auto&... fields) { (visit(fields.name, payload.*(fields.member)), ...); },
             Owner::fields);
}

}  // namespace geleit
