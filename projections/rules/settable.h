// Which values of rules a provider or an installation may set, and within which bounds. A value that the
// shipped rule sets leave unlocked has its line here (settings_test counts them), a locked one has none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "events/rule.h"

namespace geleit {

enum class SettableKind : std::uint8_t {
  number,        ///< a whole number from `least` to `most`
  yes_or_no,     ///< true or false
  one_word,      ///< one of `words`
  some_words,    ///< a list of some of `words`
  icd_prefixes,  ///< a list of ICD-10 prefixes: P07, F32.3, or a range P05-P08
  fixed,         ///< unlocked in the rule set, but nothing other than the shipped value is understood yet
};

struct Settable {
  Rule rule;
  std::string_view value;
  SettableKind kind;
  std::int64_t least = 0, most = 0;
  std::span<const std::string_view> words = {};
};

[[nodiscard]] std::span<const Settable> settable_values();
/// Null where the rule has no such value, or a locked one.
[[nodiscard]] const Settable* find_settable(Rule rule, std::string_view value);

/// True for rules that act when a command is decided and by no fold: only these may differ per contract, for
/// the insurer is personal data, which no fold opens.
[[nodiscard]] bool is_decided_only(Rule rule);

}  // namespace geleit
