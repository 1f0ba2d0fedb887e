// How two rule sets differ, rule by rule: what somebody wants to know before adopting one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/rules/rule_set.h"

namespace geleit {

/// One field of an entry: a value by its name ("units"), or one of acts, sure, locked, source, until,
/// title_de, title_en, text_de, text_en; a value's own certainty is "units.sure". None: the field is not
/// there.
struct RuleChange {
  std::string field;
  std::optional<std::string> old_text, new_text;
  friend bool operator==(const RuleChange&, const RuleChange&) = default;
};

/// One rule in one period (most rules have only one). An entry that only one set has is null in the other,
/// and all its fields are changes. The entries belong to the sets.
struct RuleDifference {
  Rule rule;
  CivilDate from;  ///< first day of the period
  const RuleEntry* old_entry;
  const RuleEntry* new_entry;
  std::vector<RuleChange> changes;  ///< never empty
};

/// In the order of RULES.md, periods oldest first. Names, hashes, comments and the sets' own dates are no
/// difference of a rule.
[[nodiscard]] std::vector<RuleDifference> differences_of(const RuleSet& a, const RuleSet& b);

}  // namespace geleit
