// Whether an audit bundle is what it was when it was made: its own sums, every record's hash, the chain of
// every case, what its lines and tables say beside the records, its rule sets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "events/named.h"
#include "projections/rules/catalogue.h"

namespace geleit {

struct BundleFinding {
  std::string file;  ///< of the bundle; empty: the bundle itself
  std::string what;  ///< in the asker's language
};

struct BundleCheck {
  std::vector<BundleFinding> findings;
  std::uint64_t files = 0, events = 0, cases = 0;
  Hash sha256;  ///< of the ZIP
};

/// Looks at all of it, however much is wrong. `scratch` is an empty directory; no clear text comes into it.
/// Throws std::system_error where the file cannot be read.
///
/// Rows of cases without an event in the range, and personal data that was opened, follow from nothing in the
/// bundle: only its sums guard them, so whoever changes those too is found by the ZIP's SHA-256 alone.
[[nodiscard]] BundleCheck check_bundle(const std::filesystem::path& bundle,
                                       const std::filesystem::path& scratch, Language language);

}  // namespace geleit
