// Who asks, once a token has said so. A request without one comes to a service that has no tokens: from this
// machine, with all rights.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/named.h"
#include "services/access_role.h"
#include "services/http/http.h"

namespace geleit {

struct Principal {
  std::string token;                    ///< its id; empty: another process of this installation
  std::string name;                     ///< slug; stands as `by` in events and in the log of looks
  std::optional<std::string> provider;  ///< nothing else exists for it; none: all providers
  AccessRoles roles;
  std::optional<Instant> expires;
  bool of_the_installation = false;  ///< may send the service's own commands, and nothing else
};

/// The provider that is all there is for whoever asks; null: all of them are.
[[nodiscard]] inline const std::string* only_provider(const http::Request& request) {
  const Principal* asks = request.principal();
  return asks != nullptr && asks->provider ? &*asks->provider : nullptr;
}
[[nodiscard]] inline bool exists_for(const http::Request& request, std::string_view provider) {
  const std::string* only = only_provider(request);
  return only == nullptr || *only == provider;
}
/// A list that stands in the table of routes.
[[nodiscard]] inline bool may_list(const http::Request& request, std::string_view list) {
  const Principal* asks = request.principal();
  return asks == nullptr || may_list(asks->roles, list);
}

}  // namespace geleit
