// Adopted settings: what a provider has set for itself, or the installation for all providers. Values of
// rules, also per contract with insurers, prices, yearly targets, steps, checklists, teams and how alerts
// behave. They come as the content of a SettingsAdopted event (schema/README.md, Settings) and take effect by
// nothing else.
//
// Who reads them:
//   amounts and figures   SettingsInForce: the provider's settings over the installation's
//   alerts                alert_policy() of what ships and both (alert_policy.h)
//   decide, folds         a RuleSet that the RuleBook has made of shipped set and settings (rule_book.h)
//
// Reads that belong to a case take the settings that an event of the case was judged by
// (RuleBook::settings), so that old cases keep their answers; figures of a provider take those in force on
// the day they are asked for (RuleBook::in_force).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "events/event_words.h"
#include "events/named.h"
#include "events/settings_events.h"
#include "projections/rules/alert_settings.h"
#include "projections/rules/rule_override.h"

namespace geleit {

class RuleSet;  // rule_set.h

/// A contract with one insurer or several, named by their IK numbers; no insurer has two contracts.
struct Contract {
  std::string contract;  ///< slug
  std::vector<std::string> insurers;
  std::vector<RuleOverride> rules;  ///< of is_decided_only rules
};

/// What a unit (60 minutes) of a benefit costs from a day on.
struct Price {
  Benefit benefit{};
  CivilDate from;
  std::optional<CivilDate> until;  ///< last day; none: until a later price begins
  Cents per_unit;
  std::string insurer_ik;  ///< only for this insurer, or
  std::string contract;    ///< only under this contract; both empty: for everybody else
};

/// Units that a provider is to deliver in a year.
struct Target {
  std::int32_t year = 0;
  std::int32_t units = 0;
  std::optional<Benefit> benefit;  ///< none: both together
};

/// A text in both languages; the English one may be empty, then the German one is shown.
struct SettingText {
  std::string de, en;
  friend bool operator==(const SettingText&, const SettingText&) = default;
};

/// What is different about a step of the workflow; what is absent stays as it ships.
struct StepSetting {
  std::string step;                  ///< the step's id (slug)
  std::optional<Benefit> benefit;    ///< none: both
  std::optional<std::int32_t> days;  ///< in the place of the file's, after or before the same anchor
  std::string role;  ///< a word of Role; settings of before it was checked may say something else
  bool off = false;  ///< the provider does without it
  SettingText title;
};

struct ChecklistItem {
  std::string item;  ///< slug, unique in its step
  SettingText text;
};
/// Items that somebody ticks at a step.
struct Checklist {
  std::string step;
  std::optional<Benefit> benefit;  ///< none: both
  std::vector<ChecklistItem> items;
};

struct Team {
  std::string team;  ///< slug
  std::string lead;  ///< staff slug; may be empty
  std::vector<std::string> members;
};

/// Entries of each list within settings.
inline constexpr std::size_t settings_entries_max = 500;
/// Characters of a text within settings.
inline constexpr std::size_t settings_text_characters_max = 200;
/// What a unit may cost.
inline constexpr std::int64_t unit_cents_max = 1'000'000;

/// Why settings cannot be read or may not be adopted.
struct SettingsFault {
  std::string field;                         ///< `settings.prices[0].from`
  std::optional<Rule> rule{};                ///< a rule says no; else the text itself is wrong
  std::string expected_de{}, expected_en{};  ///< completes “expected …”
  std::string found_de{}, found_en{};        ///< completes “but …”
};

/// One adopted content. Does not change.
class Settings {
 public:
  /// Reads `{"from": …, "provider": …, "settings": {…}}`. What is wrong whatever the rules say (a shape, an
  /// unknown name) is a fault without a rule. Never throws on any text.
  static std::variant<std::shared_ptr<const Settings>, SettingsFault> parse(std::string_view content);

  /// The first override that the shipped set does not allow: locked, no such value, of another type or unit,
  /// out of range, or per contract though folds act by it, who do not know the insurer. Then the first step
  /// or checklist that the workflow of their first day does not have, or cannot do without.
  [[nodiscard]] std::optional<SettingsFault> not_allowed(const RuleSet& shipped) const;

  [[nodiscard]] const Hash& hash() const { return hash_; }  ///< SHA-256 of `content`
  [[nodiscard]] const std::string& content() const { return content_; }
  [[nodiscard]] SettingsScope scope() const {
    return provider_.empty() ? SettingsScope::installation : SettingsScope::provider;
  }
  [[nodiscard]] const std::string& provider() const { return provider_; }  ///< empty: the installation's
  [[nodiscard]] CivilDate from() const { return from_; }
  /// What people call it: "hana-muenchen@2026-07-01.3f2a91c0".
  [[nodiscard]] std::string name() const;

  [[nodiscard]] std::span<const RuleOverride> rules() const { return rules_; }
  [[nodiscard]] std::span<const Contract> contracts() const { return contracts_; }
  [[nodiscard]] std::span<const Price> prices() const { return prices_; }
  [[nodiscard]] std::span<const Target> targets() const { return targets_; }
  [[nodiscard]] std::span<const StepSetting> steps() const { return steps_; }
  [[nodiscard]] std::span<const Checklist> checklists() const { return checklists_; }
  [[nodiscard]] std::span<const Team> teams() const { return teams_; }
  [[nodiscard]] const std::optional<AlertSettings>& alerts() const { return alerts_; }
  /// The contract of an insurer; null without one.
  [[nodiscard]] const Contract* contract_with(std::string_view insurer_ik) const;
  /// The price of a unit; the insurer's own before its contract's before everybody's, of these the one that
  /// began last.
  [[nodiscard]] std::optional<Cents> price_on(Benefit benefit, CivilDate day,
                                              std::string_view insurer_ik) const;

 private:
  friend class SettingsReader;
  Hash hash_;
  std::string content_, provider_;
  CivilDate from_;
  std::vector<RuleOverride> rules_;
  std::vector<Contract> contracts_;
  std::vector<Price> prices_;
  std::vector<Target> targets_;
  std::vector<StepSetting> steps_;
  std::vector<Checklist> checklists_;
  std::vector<Team> teams_;
  std::optional<AlertSettings> alerts_;
};

/// The provider's settings over the installation's; either may be missing. What the provider does not say
/// holds as the installation says it. Cheap to copy.
struct SettingsInForce {
  std::shared_ptr<const Settings> provider, installation;

  /// What a unit of 60 minutes costs that day; nothing where no price is set: then no amount is told.
  [[nodiscard]] std::optional<Cents> price_on(Benefit benefit, CivilDate day,
                                              std::string_view insurer_ik = {}) const;
  /// Units to be delivered in a year: of one benefit, or of both together where no benefit is named.
  [[nodiscard]] std::optional<std::int32_t> target_in(std::int32_t year,
                                                      std::optional<Benefit> benefit = {}) const;
  /// What is set about a step, null where nothing is; one for the benefit goes before one for both.
  [[nodiscard]] const StepSetting* step(std::string_view step, Benefit benefit) const;
  /// The items of a step: the installation's, then the provider's; the same item counts once, as the provider
  /// says it.
  [[nodiscard]] std::vector<ChecklistItem> checklist(std::string_view step, Benefit benefit) const;
  /// A team by its slug; null where there is none.
  [[nodiscard]] const Team* team(std::string_view team) const;
  /// The slug of the team that somebody belongs to: the first whose lead or members name that staff slug, the
  /// provider's before the installation's; empty where there is none. It lives as long as the settings.
  [[nodiscard]] std::string_view team_of(std::string_view staff) const;
};

/// A slug of the surface: a–z, 0–9, dot, hyphen and underscore, at most 64 characters, beginning with a
/// letter or a digit.
[[nodiscard]] bool is_provider_slug(std::string_view text);
/// The stream of the installation's own facts, or of a provider's. Its id is v5.
[[nodiscard]] CaseId installation_stream();
[[nodiscard]] CaseId provider_stream(std::string_view provider);

}  // namespace geleit
