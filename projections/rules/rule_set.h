// A dated rule set: every number of RULES.md with how it acts, how sure it is and where it comes from. The sets that
// ship with the program lie in schema/rules/*.toml and are built into it; they take effect only as SettingsAdopted
// events, so that a case can name by hash what it was judged by, and a fold uses nothing else.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// What a rule does to a command that breaks it. `computed` rules decide nothing, they yield dates or amounts.
enum class Acts : std::uint8_t { reject, reason, flag, computed };
/// RULES.md: firm (statute), published guidance, open (sources differ). A firm rule ships locked.
enum class Sure : std::uint8_t { firm, published, open };

/// Where the twelve weeks of SMN-COMPLETE start (SMN-COMPLETE-ANCHOR).
enum class CompleteAnchor : std::uint8_t { discharge, first_unit, first_unit_after_discharge };
/// How the three years of ST-TOTAL run (ST-WINDOW).
enum class StWindow : std::uint8_t { first_unit, first_referral, rolling };

/// One value of a rule in its period; a rule without number has one entry with an empty `values`.
struct RuleValue {
  std::string name;   ///< "days", "units", "minutes", "years" …
  std::string value;  ///< as text, for people
};
struct RuleEntry {
  Rule rule;
  std::string title_de, title_en;
  Acts acts = Acts::computed;
  Sure sure = Sure::published;
  bool locked = false;
  std::string source;
  CivilDate from;                   ///< first day on which the entry holds
  std::optional<CivilDate> until;   ///< last day; none = open
  std::vector<RuleValue> values;
};

/// The numbers, typed. Each is named after its rule; units are in the names.
struct RuleNumbers {
  int smn_age_years = 0;             // SMN-AGE
  int smn_age_severe_years = 0;      // SMN-AGE with `severe`
  int smn_severe_stays = 0;          // SMN-SEVERE: inpatient stays in 12 months
  std::vector<std::string> smn_indication_prefixes;  // SMN-INDICATION: ICD-10 prefixes, e.g. "P07", ranges expanded
  int smn_prescriber_window_days = 0;
  int smn_min_units = 0;
  int smn_max_units = 0;
  Minutes smn_home_minutes;          // SMN-HOME: three units
  int smn_step_minutes = 0;          // SMN-UNIT
  int smn_start_days = 0;
  int smn_complete_days = 0;
  int smn_complete_amber_days = 0;
  CompleteAnchor smn_complete_anchor = CompleteAnchor::first_unit_after_discharge;
  int smn_extension_units_max = 0;
  Minutes st_total_minutes;
  int st_total_years = 0;
  StWindow st_window = StWindow::first_unit;
  int st_referral_units_max = 0;     // ST-REFERRAL
  int st_trial_units_max = 0;
  int st_trials_per_year = 0;
  int st_group_people_max = 0;
  int st_group_minutes = 0;
  int st_group_weight_minutes = 0;
  int gkv_decision_weeks = 0;
  int gkv_decision_expert_weeks = 0;
  int gkv_sgb9_decision_weeks = 0;
  int gkv_sgb9_opinion_weeks = 0;
  int gkv_sgb9_total_months = 0;
  int gkv_objection_months = 0;
  int gkv_objection_no_instruction_years = 0;
  int st_copay_percent = 0;
  Cents st_copay_min, st_copay_max;
  int st_copay_age_years = 0;
};

class RuleSet {
 public:
  /// Reads one TOML document. Throws std::invalid_argument naming the rule and field that is missing or wrong.
  static std::shared_ptr<const RuleSet> parse(std::string_view toml);

  [[nodiscard]] const Hash& hash() const { return hash_; }          ///< SHA-256 of `content`
  [[nodiscard]] const std::string& name() const { return name_; }   ///< "2026-01"
  [[nodiscard]] CivilDate from() const { return from_; }
  [[nodiscard]] const std::string& content() const { return content_; }
  [[nodiscard]] const RuleNumbers& numbers() const { return numbers_; }
  /// The entries in the order of RULES.md; a rule whose number changed has one per period.
  [[nodiscard]] const std::vector<RuleEntry>& entries() const { return entries_; }
  /// Days after posting on which a decision counts as notified (GKV-NOTICE): 4, before 2025-01-01 3.
  [[nodiscard]] int notice_days(CivilDate posted_on) const;
  [[nodiscard]] Acts acts(Rule rule) const;

 private:
  Hash hash_;
  std::string name_;
  CivilDate from_;
  std::string content_;
  RuleNumbers numbers_;
  std::vector<RuleEntry> entries_;
  struct NoticePeriod { std::optional<CivilDate> from; int days; };
  std::vector<NoticePeriod> notice_;
};

/// The sets built into this program, oldest first (by `from`).
[[nodiscard]] const std::vector<std::shared_ptr<const RuleSet>>& shipped_rule_sets();
/// The shipped set in force on a day; the oldest one before the first.
[[nodiscard]] std::shared_ptr<const RuleSet> shipped_rule_set_on(CivilDate day);

}  // namespace geleit
