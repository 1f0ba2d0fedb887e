// The rule sets that have been read from the log, by hash. Folds and deadlines use nothing else; whoever
// meets a hash that is not here yet waits for its SettingsAdopted event.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "events/event.h"
#include "projections/rules/rule_set.h"

namespace geleit {

/// Thread-safe; a set that was found stays where it is for the life of the book.
class RuleBook {
 public:
  /// Reads the content of a SettingsAdopted event; throws std::invalid_argument when it is no rule set. A set
  /// that is known already is left as it is.
  void adopt(const SettingsAdopted& settings);
  /// The set to judge and compute by, or null when it has not been read yet.
  [[nodiscard]] const RuleSet* find(const JudgedBy& judged_by) const;
  /// As find; throws std::runtime_error where find gives null, which parks the case that asked.
  [[nodiscard]] const RuleSet& at(const JudgedBy& judged_by) const;
  /// All sets read so far, oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<const RuleSet>> all() const;

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const RuleSet>> by_hash_;
};

}  // namespace geleit
