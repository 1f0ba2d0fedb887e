// The story of a case: each of its records with what it says, and with what followed from it, computed by the
// fold and the read models that the staff's tables are made by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/event.h"
#include "projections/case.h"
#include "services/audit/case_records.h"
#include "services/audit/event_sentences.h"
#include "services/audit/row_changes.h"

namespace geleit {

/// A record and what it did.
struct StoryStep {
  const CaseRecord* record = nullptr;
  Event event;  ///< views the record
  std::string sentence;
  std::string rule_set;  ///< its name, or its hash where the log does not hold it
  bool rule_set_read = true;
  std::vector<RowChange> changes;  ///< nothing for a stale record
  std::string trouble;             ///< why it could not be folded, or nothing be derived; else empty
};

/// The whole story. Views the records it was told from.
struct Story {
  std::vector<StoryStep> steps;  ///< in log order
  Case now;                      ///< as it stands after the last step
  Version last;                  ///< accepted; beyond `now` where the fold has failed
  std::size_t stale = 0;
};

/// How a story is told.
struct StoryAsk {
  Language language = Language::de;
  std::optional<Version> at;  ///< only up to this version
};

/// The tables whose rows a step shows, and what a case stands at.
[[nodiscard]] std::span<const Table> story_tables();

/// Deadlines and tasks are seen on the Berlin day on which each record was recorded. `rules` and `opener` are
/// only read.
[[nodiscard]] Story tell_story(const std::vector<CaseRecord>& records, const RuleBook& rules,
                               const StoryOpener& opener, const StoryAsk& ask);

/// A case at two versions of it.
struct TwoVersions {
  Case before, after;
  Instant recorded_before, recorded_after;
};
/// Folds it twice. Nothing where the case does not have one of the versions. Throws FoldFailed.
[[nodiscard]] std::optional<TwoVersions> fold_versions(const std::vector<CaseRecord>& records, Version before,
                                                       Version after);

}  // namespace geleit
