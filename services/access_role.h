// What whoever holds a token may do: one table of routes and one of commands, and nothing is allowed that
// stands in neither (services/http/README.md shows both). Not to be confused with the roles of a process
// (roles.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "events/event_words.h"

namespace geleit {

enum class AccessRole : std::uint8_t {
  case_manager,  ///< leads cases
  team_lead,     ///< the same, and settings and privacy of a provider
  management,    ///< figures, no names
  dispatcher,    ///< plans visits
  auditor,       ///< reads everything of a provider, writes nothing
  insurer_desk,  ///< applications and what insurers decide
  operator_,     ///< keeps the service running; no personal data, of no provider
  service,       ///< another program that submits; reads nothing
  admin,         ///< tokens, and settings
};
template <>
inline constexpr std::array<std::string_view, 9> words<AccessRole>{
    "case_manager", "team_lead", "management", "dispatcher", "auditor",
    "insurer_desk", "operator",  "service",    "admin"};
/// Some of them.
class AccessRoles {
 public:
  constexpr AccessRoles() = default;
  template <class... Role>
  explicit constexpr AccessRoles(AccessRole first, Role... more) : bits_((bit(first) | ... | bit(more))) {}
  [[nodiscard]] static constexpr AccessRoles all() {
    AccessRoles roles;
    roles.bits_ = (1U << words<AccessRole>.size()) - 1;
    return roles;
  }
  /// Gives `visit` each of them, as a word.
  template <class Visit>
  void each(Visit&& visit) const {
    for (std::size_t i = 0; i < words<AccessRole>.size(); ++i) {
      if (has(static_cast<AccessRole>(i))) visit(words<AccessRole>[i]);
    }
  }
  constexpr void add(AccessRole role) { bits_ |= bit(role); }
  [[nodiscard]] constexpr bool has(AccessRole role) const { return (bits_ & bit(role)) != 0; }
  [[nodiscard]] constexpr bool any_of(AccessRoles others) const { return (bits_ & others.bits_) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(AccessRoles, AccessRoles) = default;

 private:
  [[nodiscard]] static constexpr std::uint16_t bit(AccessRole role) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(role));
  }
  std::uint16_t bits_ = 0;
};

/// "case_manager, team_lead, …": for sentences.
[[nodiscard]] std::string names_of(AccessRoles roles);

/// Who may call a route, named as the router knows it: "/v1/cases/{case}".
struct RouteRight {
  std::string_view method, path;
  AccessRoles roles;
  bool open = false;  ///< without a token, too: nothing is told that anybody might not know
};
[[nodiscard]] std::span<const RouteRight> route_rights();
/// Null: nobody may.
[[nodiscard]] const RouteRight* route_right(std::string_view method, std::string_view path);

/// Whether one of the roles sends this command ("DeliverVisit"); the service's own are of no role.
[[nodiscard]] bool may_send(AccessRoles roles, std::string_view command);
/// Whether one of the roles reads this list ("visits"), as it is or in the stream.
[[nodiscard]] bool may_list(AccessRoles roles, std::string_view list);

}  // namespace geleit
