// The records of one case, found in the log alone: its one partition is read from the beginning, and the two
// in which the settings lie that it was judged by.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/chain.h"
#include "events/log.h"
#include "projections/rule_book.h"

namespace geleit {

/// A record as it lies in the log, and what became of it.
struct CaseRecord {
  Position position;
  Instant recorded;
  Standing standing = Standing::accepted;
  std::string bytes;  ///< what the decoded event views
};

/// Hears how many records were read.
using RecordsRead = std::function<void(std::uint64_t records)>;

/// The case's records in log order, stale ones included, as far as they were recorded by `known_at`; empty
/// for a case that the log does not hold. `rules` learns what the installation and the case's provider
/// adopted. Throws LogUnavailable, LogCorrupt.
[[nodiscard]] std::vector<CaseRecord> records_of(const ReadableLog& log, const CaseId& id,
                                                 const std::optional<Instant>& known_at, RuleBook& rules,
                                                 const RecordsRead& progress);

}  // namespace geleit
