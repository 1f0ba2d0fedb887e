// The listener's word for a language and the catalogue's.
#pragma once

#include "projections/rules/catalogue.h"
#include "services/http/http.h"

namespace geleit {

[[nodiscard]] inline Language from_http(http::Language language) {
  return language == http::Language::de ? Language::de : Language::en;
}
[[nodiscard]] inline http::Language to_http(Language language) {
  return language == Language::de ? http::Language::de : http::Language::en;
}

}  // namespace geleit
