// New key bytes from chance.
#pragma once

#include <algorithm>

#include "services/clock.h"
#include "services/key_store.h"

namespace geleit {

[[nodiscard]] inline KeyBytes fresh_key(Chance& chance) {
  KeyBytes bytes;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = chance.next();
    std::copy_n(reinterpret_cast<const unsigned char*>(&word), sizeof word,
                bytes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return bytes;
}

}  // namespace geleit
