#include "projections/rules/settable.h"

#include <algorithm>
#include <array>

#include "projections/rules/rule_set.h"

namespace geleit {
namespace {

constexpr std::array<std::string_view, 2> collectors{"insurer", "provider"};

constexpr Settable number(Rule rule, std::string_view value, std::int64_t least, std::int64_t most) {
  return {rule, value, SettableKind::number, least, most};
}
constexpr Settable fixed(Rule rule, std::string_view value) { return {rule, value, SettableKind::fixed}; }
constexpr Settable prefixes(Rule rule, std::string_view value) {
  return {rule, value, SettableKind::icd_prefixes};
}
template <class E>
constexpr Settable word_of(Rule rule, std::string_view value) {
  return {rule, value, SettableKind::one_word, 0, 0, words<E>};
}
template <class E>
constexpr Settable words_of(Rule rule, std::string_view value) {
  return {rule, value, SettableKind::some_words, 0, 0, words<E>};
}

// Bounds keep out slips of the pen and what cannot be computed with; whether a number is wise is the
// contract's to say.
constexpr std::array every_settable{
    fixed(Rule::smn_age, "reference_day"),
    number(Rule::smn_severe, "stays", 1, 20),
    number(Rule::smn_severe, "within_months", 1, 60),
    prefixes(Rule::smn_indication, "prefixes"),
    words_of<PrescriberKind>(Rule::smn_prescriber, "at_any_time"),
    words_of<PrescriberKind>(Rule::smn_prescriber, "within_window"),
    words_of<PrescriberKind>(Rule::smn_prescriber_gp, "kinds"),
    number(Rule::smn_prescriber_window, "days", 0, 365),
    words_of<Setting>(Rule::smn_setting, "with_reason"),
    number(Rule::smn_min_units, "units", 1, 120),
    number(Rule::smn_max_units, "units", 1, 120),
    number(Rule::smn_home, "units", 0, 120),
    number(Rule::smn_unit, "step_minutes", 1, 60),
    number(Rule::smn_start, "days", 1, 365),
    number(Rule::smn_complete, "days", 1, 730),
    number(Rule::smn_complete, "amber_days", 0, 730),
    word_of<CompleteAnchor>(Rule::smn_complete_anchor, "anchor"),
    number(Rule::smn_extension, "units", 0, 120),
    fixed(Rule::smn_several_per_day, "allowed"),
    fixed(Rule::smn_no_copay, "cents"),
    fixed(Rule::smn_category, "categories"),
    word_of<StWindow>(Rule::st_window, "window"),
    number(Rule::st_referral, "units", 1, 120),
    number(Rule::st_trial, "units", 0, 30),
    number(Rule::st_trial, "per_year", 0, 12),
    Settable{Rule::st_trial_counts, "counts", SettableKind::yes_or_no},
    words_of<PrescriberKind>(Rule::st_prescriber, "kinds"),
    number(Rule::st_prescriber, "others_units", 0, 30),
    prefixes(Rule::st_indication, "prefixes"),
    prefixes(Rule::st_indication, "other_prefixes"),
    number(Rule::st_indication, "gaf_max", 1, 100),
    number(Rule::st_indication, "gaf_upper_bound", 1, 100),
    number(Rule::st_group, "minutes", 15, 240),
    number(Rule::st_group, "people", 2, 50),
    number(Rule::st_group, "weight_minutes", 15, 240),
    Settable{Rule::st_copay_collector, "collector", SettableKind::one_word, 0, 0, collectors},
    fixed(Rule::gkv_fiction, "adds_billable"),
    word_of<Regime>(Rule::gkv_regime, "default"),
    number(Rule::gkv_regime, "decision_weeks", 1, 26),
    number(Rule::gkv_regime, "opinion_weeks", 1, 26),
    number(Rule::gkv_regime, "total_months", 1, 12),
};

constexpr std::array decided_only{
    Rule::smn_severe,        Rule::smn_indication,        Rule::smn_prescriber,
    Rule::smn_prescriber_gp, Rule::smn_prescriber_window, Rule::smn_setting,
    Rule::smn_min_units,     Rule::smn_max_units,         Rule::smn_unit,
    Rule::smn_extension,     Rule::st_referral,           Rule::st_prescriber,
    Rule::st_indication,
};

}  // namespace

std::span<const Settable> settable_values() { return every_settable; }

const Settable* find_settable(Rule rule, std::string_view value) {
  const auto found = std::ranges::find_if(
      every_settable, [&](const Settable& one) { return one.rule == rule && one.value == value; });
  return found == every_settable.end() ? nullptr : &*found;
}

bool is_decided_only(Rule rule) { return std::ranges::find(decided_only, rule) != decided_only.end(); }

}  // namespace geleit
