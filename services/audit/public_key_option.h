// The public key as an argument.
#pragma once

#include "services/command_checks.h"
#include "services/signing.h"

namespace geleit {

inline CLI::Validator a_public_key() {
  return expecting("64 hexadecimal digits in lower case", "KEY",
                   [](const std::string& text) { return parse_public_key(text).has_value(); });
}

}  // namespace geleit
