// The person keys of a history that is moved to another log (`geleit log copy`), and the erasures, so that
// what was destroyed stays destroyed there.
#pragma once

#include <cstdint>

#include "events/log.h"
#include "services/clock.h"
#include "services/data_directory.h"

namespace geleit {

struct KeysCopied {
  std::uint64_t keys = 0;    ///< that the new place holds of those that the log's events name
  std::uint64_t erased = 0;  ///< of them that were destroyed
};

/// From where `from` keeps its keys to where `to` does; one of them is Kafka, the other this machine, and
/// both have the master key of the same file. Keys that are there already stay. Throws KeyStoreFailed,
/// ErasuresFailed, and as reading the log does.
KeysCopied copy_keys(const ReadableLog& log, const DataDirectory& from, const DataDirectory& to,
                     Chance& chance);

}  // namespace geleit
