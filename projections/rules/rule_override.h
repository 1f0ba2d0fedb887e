// A value of a rule, set anew by adopted settings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "events/rule.h"
#include "events/settings_events.h"

namespace geleit {

/// What a rule's value is set to, in the value's own type.
using SettingValue = std::variant<std::int64_t, bool, std::string, std::vector<std::string>>;

/// SMN-MAX-UNITS, "units", 24.
struct RuleOverride {
  Rule rule{};
  std::string value_name;
  SettingValue value;
  friend bool operator==(const RuleOverride&, const RuleOverride&) = default;
};

/// What one scope has set.
struct AdoptedRules {
  SettingsScope scope{};
  std::span<const RuleOverride> rules;
};

}  // namespace geleit
