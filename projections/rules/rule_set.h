// A dated rule set: every number of RULES.md with how it acts, how sure it is and where it comes from. The
// sets that ship with the program lie in schema/rules/*.toml and are built into it; they take effect only as
// SettingsAdopted events, so that a case can name by hash what it was judged by, and a fold uses nothing
// else.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"
#include "events/rule.h"
#include "projections/rules/rule_override.h"

namespace geleit {

/// What a rule does to a command that breaks it. `computed` rules decide nothing, they yield dates or
/// amounts.
enum class Acts : std::uint8_t { reject, reason, flag, computed };
/// RULES.md: firm (statute), published guidance, open (sources differ). A firm rule ships locked.
enum class Sure : std::uint8_t { firm, published, open };

/// Where the twelve weeks of SMN-COMPLETE start (SMN-COMPLETE-ANCHOR).
enum class CompleteAnchor : std::uint8_t { discharge, first_unit, first_unit_after_discharge };
/// How the three years of ST-TOTAL run (ST-WINDOW).
enum class StWindow : std::uint8_t { first_unit, first_referral, rolling };

template <>
inline constexpr std::array<std::string_view, 4> words<Acts>{"reject", "reason", "flag", "computed"};
template <>
inline constexpr std::array<std::string_view, 3> words<Sure>{"firm", "published", "open"};
template <>
inline constexpr std::array<std::string_view, 3> words<CompleteAnchor>{"discharge", "first_unit",
                                                                       "first_unit_after_discharge"};
template <>
inline constexpr std::array<std::string_view, 3> words<StWindow>{"first_unit", "first_referral", "rolling"};

enum class Language : std::uint8_t;  // catalogue.h

/// One value of a rule in its period; a rule without number has one entry with an empty `values`.
struct RuleValue {
  std::string name;             ///< "days", "units", "minutes", "years" …
  std::string value;            ///< as text, for people
  Sure sure = Sure::published;  ///< a value may be less sure than its rule (the 15-minute step of SMN-UNIT)
  bool locked = false;          ///< no contract can set it
  SettingsScope set_by = SettingsScope::shipped;  ///< whose settings say so
};
struct RuleEntry {
  Rule rule;
  std::string title_de, title_en;  ///< a name in a few words
  std::string text_de, text_en;    ///< the rule as a sentence, with its values
  Acts acts = Acts::computed;
  Sure sure = Sure::published;
  bool locked = false;
  std::string source;
  CivilDate from;                  ///< first day on which the entry holds
  std::optional<CivilDate> until;  ///< last day; none = open
  std::vector<RuleValue> values;
};

/// The numbers, typed. Each is named after its rule; units are in the names.
struct RuleNumbers {
  int smn_age_years = 0;         // SMN-AGE
  int smn_age_severe_years = 0;  // SMN-AGE with `severe`
  int smn_severe_stays = 0;      // SMN-SEVERE: inpatient stays in 12 months
  int smn_severe_months = 0;     // SMN-SEVERE: … within so many months
  std::vector<std::string>
      smn_indication_prefixes;  // SMN-INDICATION: ICD-10 prefixes, e.g. "P07", ranges expanded
  std::vector<PrescriberKind> smn_prescribers_at_any_time;    // SMN-PRESCRIBER
  std::vector<PrescriberKind> smn_prescribers_within_window;  // SMN-PRESCRIBER, with SMN-PRESCRIBER-WINDOW
  std::vector<PrescriberKind> smn_prescribers_flagged;        // SMN-PRESCRIBER-GP
  std::vector<Setting> smn_settings_with_reason;              // SMN-SETTING
  int smn_prescriber_window_days = 0;
  int smn_min_units = 0;
  int smn_max_units = 0;
  Minutes smn_home_minutes;  // SMN-HOME: three units
  int smn_step_minutes = 0;  // SMN-UNIT
  int smn_start_days = 0;
  int smn_complete_days = 0;
  int smn_complete_amber_days = 0;
  CompleteAnchor smn_complete_anchor = CompleteAnchor::first_unit_after_discharge;
  int smn_extension_units_max = 0;
  Minutes st_total_minutes;
  int st_total_years = 0;
  StWindow st_window = StWindow::first_unit;
  int st_referral_units_max = 0;  // ST-REFERRAL
  int st_trial_units_max = 0;
  int st_trials_per_year = 0;
  bool st_trials_count = false;                           // ST-TRIAL-COUNTS: towards ST-TOTAL
  std::vector<PrescriberKind> st_prescribers;             // ST-PRESCRIBER: for any number of units
  int st_other_prescriber_units_max = 0;                  // ST-PRESCRIBER: everybody else
  std::vector<std::string> st_indication_prefixes;        // ST-INDICATION, ranges expanded
  std::vector<std::string> st_indication_other_prefixes;  // ST-INDICATION: with a GAF of at most st_gaf_max
  int st_gaf_max = 0;
  int st_gaf_upper_bound = 0;
  int st_group_people_max = 0;
  int st_group_minutes = 0;
  int st_group_weight_minutes = 0;
  Regime gkv_regime = Regime::sgb5_13_3a;  // GKV-REGIME: where the application names none
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
  int rec_treatment_years = 0;  // REC-RETENTION
  int rec_invoice_years = 0;
};

/// True when one of the prefixes begins the ICD-10 code ("P07" and "P07.12"); codes are compared in upper
/// case.
[[nodiscard]] bool is_listed(const std::vector<std::string>& prefixes, std::string_view icd);

class RuleSet {
 public:
  /// Reads one TOML document, which must have every rule, in the order of RULES.md, and no field it does not
  /// know. Throws std::invalid_argument naming the rule and field that is missing or wrong.
  static std::shared_ptr<const RuleSet> parse(std::string_view toml);
  /// This set with adopted values in the place of its own, later layers over earlier ones, under a name and a
  /// hash of its own. A value that this set does not have is passed over. Throws as parse.
  [[nodiscard]] std::shared_ptr<const RuleSet> with(std::span<const AdoptedRules> layers, std::string name,
                                                    const Hash& hash) const;

  /// SHA-256 of `content`; of a set with adopted values the name that rows know it by (RuleBook).
  [[nodiscard]] const Hash& hash() const { return hash_; }
  [[nodiscard]] const std::string& name() const { return name_; }  ///< "2026-01"
  [[nodiscard]] CivilDate from() const { return from_; }
  /// The document; of a set with adopted values that of the shipped set.
  [[nodiscard]] const std::string& content() const { return content_; }
  [[nodiscard]] const RuleNumbers& numbers() const { return numbers_; }
  /// The entries in the order of RULES.md; a rule whose number changed has one per period.
  [[nodiscard]] const std::vector<RuleEntry>& entries() const { return entries_; }
  /// Days after posting on which a decision counts as notified (GKV-NOTICE): 4, before 2025-01-01 3.
  [[nodiscard]] int notice_days(CivilDate posted_on) const;
  [[nodiscard]] Acts acts(Rule rule) const;
  /// The entry of the rule that holds on a day; before its first period the first one.
  [[nodiscard]] const RuleEntry& entry(Rule rule, CivilDate on) const;
  /// The rule's name in a few words, as of its latest entry.
  [[nodiscard]] const std::string& title(Rule rule, Language language) const;
  /// The rule as a sentence, as of its latest entry.
  [[nodiscard]] const std::string& text(Rule rule, Language language) const;

 private:
  struct Document;
  /// Everything but content and hash.
  [[nodiscard]] static std::shared_ptr<RuleSet> read(const Document& given);
  [[nodiscard]] const RuleEntry& latest(Rule rule) const;

  Hash hash_;
  std::string name_;
  CivilDate from_;
  std::string content_;
  RuleNumbers numbers_;
  std::vector<RuleEntry> entries_;
  struct Periods {
    std::size_t first = 0;  ///< index of the rule's first entry
    std::size_t count = 0;  ///< its entries stand together, oldest first
  };
  std::array<Periods, rule_count> periods_{};
  struct NoticePeriod {
    CivilDate from;
    int days = 0;
  };
  std::vector<NoticePeriod> notice_;  ///< oldest first
};

/// The sets built into this program, oldest first (by `from`).
[[nodiscard]] const std::vector<std::shared_ptr<const RuleSet>>& shipped_rule_sets();
/// The shipped set in force on a day; the oldest one before the first.
[[nodiscard]] std::shared_ptr<const RuleSet> shipped_rule_set_on(CivilDate day);

}  // namespace geleit
