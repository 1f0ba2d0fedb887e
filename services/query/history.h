// `cases/{case}/history`: every event of a case as it was recorded, read from the log by its trail, stale
// ones included.
#pragma once

#include "events/log.h"
#include "projections/store.h"
#include "services/key_store.h"
#include "services/query/lists.h"

namespace geleit {

/// The events of the case in the order of their versions, a stale one after the accepted one of its version.
/// Throws LogUnavailable, LogCorrupt.
[[nodiscard]] std::vector<KeyedRow> history_of(const ReadableLog& log, const Snapshot& snapshot,
                                               const RuleBook& rules, const KeyStore& keys, const CaseId& id,
                                               Version latest);

}  // namespace geleit
