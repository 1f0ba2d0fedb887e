// The rules of RULES.md by number. The numbers stand in events (findings, deviations) and are for ever: new rules are
// added at the end, a retired one keeps its number.
#pragma once

#include "events/event_words.h"

namespace geleit {

enum class Rule : std::uint16_t {
  smn_age, smn_severe, smn_indication, smn_prescriber, smn_prescriber_gp, smn_prescriber_window,
  smn_setting, smn_min_units, smn_max_units, smn_home, smn_unit, smn_start, smn_complete,
  smn_complete_anchor, smn_extension, smn_several_per_day, smn_no_copay, smn_sapv, smn_before_discharge,
  smn_category, smn_death, st_total, st_window, st_referral, st_trial, st_trial_counts, st_prescriber,
  st_indication, st_approval, st_plan, st_group, st_copay, st_copay_collector, gkv_decision,
  gkv_decision_expert, gkv_fiction, gkv_regime, gkv_notice, gkv_objection, cal_event_day, cal_birthday,
  cal_weeks, cal_months, cal_roll, cal_no_roll, cal_holidays, rec_birth, rec_original, rec_retention,
  rec_erase, rec_access, rec_pseudonym,
};

template <>
inline constexpr std::array<std::string_view, 52> words<Rule>{
    "SMN-AGE", "SMN-SEVERE", "SMN-INDICATION", "SMN-PRESCRIBER", "SMN-PRESCRIBER-GP",
    "SMN-PRESCRIBER-WINDOW", "SMN-SETTING", "SMN-MIN-UNITS", "SMN-MAX-UNITS", "SMN-HOME", "SMN-UNIT",
    "SMN-START", "SMN-COMPLETE", "SMN-COMPLETE-ANCHOR", "SMN-EXTENSION", "SMN-SEVERAL-PER-DAY",
    "SMN-NO-COPAY", "SMN-SAPV", "SMN-BEFORE-DISCHARGE", "SMN-CATEGORY", "SMN-DEATH", "ST-TOTAL",
    "ST-WINDOW", "ST-REFERRAL", "ST-TRIAL", "ST-TRIAL-COUNTS", "ST-PRESCRIBER", "ST-INDICATION",
    "ST-APPROVAL", "ST-PLAN", "ST-GROUP", "ST-COPAY", "ST-COPAY-COLLECTOR", "GKV-DECISION",
    "GKV-DECISION-EXPERT", "GKV-FICTION", "GKV-REGIME", "GKV-NOTICE", "GKV-OBJECTION", "CAL-EVENT-DAY",
    "CAL-BIRTHDAY", "CAL-WEEKS", "CAL-MONTHS", "CAL-ROLL", "CAL-NO-ROLL", "CAL-HOLIDAYS", "REC-BIRTH",
    "REC-ORIGINAL", "REC-RETENTION", "REC-ERASE", "REC-ACCESS", "REC-PSEUDONYM"};
inline constexpr std::size_t rule_count = words<Rule>.size();

}  // namespace geleit
