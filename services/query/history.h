// `cases/{case}/history`: every event of a case as it was recorded, read from the log by its trail, stale
// ones included.
#pragma once

#include "events/log.h"
#include "projections/store.h"
#include "services/key_store.h"
#include "services/query/lists.h"

namespace geleit {

/// These accepted events of the case, in the order of their versions, and what is stale before `until`, each
/// after the accepted one of its version. Throws LogUnavailable, LogCorrupt, StoreDamaged.
[[nodiscard]] std::vector<KeyedRow> history_of(const ReadableLog& log, const Snapshot& snapshot,
                                               const RuleBook& rules, const KeyStore& keys, const CaseId& id,
                                               std::span<const Version> versions, Offset until);

}  // namespace geleit
