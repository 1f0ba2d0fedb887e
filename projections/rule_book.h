// The rule sets and settings that have been read from the log. Folds and deadlines use nothing else; whoever
// meets a hash that is not here yet waits for its SettingsAdopted event.
//
//   shipped set ── values of the installation's settings ── values of the provider's ─▶ RuleSet
//                                                           └─ of the insurer's contract: decide only
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/event.h"
#include "projections/rules/rule_set.h"
#include "projections/rules/settings.h"

namespace geleit {

/// Thread-safe; a set that was found stays where it is for the life of the book.
class RuleBook {
 public:
  /// Reads the content of a SettingsAdopted event of a shipped set; throws std::invalid_argument when it is
  /// no rule set. A set that is known already is left as it is.
  void adopt(const SettingsAdopted& settings);
  /// The same for any event of that payload. Settings of a provider or the installation must lie in their own
  /// stream, and hold what the event says about them.
  void adopt(const Event& event);
  /// Settings that were read before: a content with its version in its stream. Throws as adopt.
  void adopt(std::string_view content, Version version);

  // What if: to be said before anybody asks, once all settings have been adopted.
  /// Answers as if every event had been judged by this shipped set; adopted values hold over it as before.
  void assume(std::shared_ptr<const RuleSet> shipped);
  /// Answers as if these settings, of a provider or the installation, had been in force all the time in the
  /// place of what that scope had adopted. With a provider's it is only to be asked about cases of theirs.
  void assume(std::shared_ptr<const Settings> settings);
  [[nodiscard]] bool assumes_settings() const { return assumed_installation_ || assumed_provider_; }

  /// The set to judge and compute by, or null while one of those that it is made of has not been read. Values
  /// of contracts are left out: no fold knows the insurer.
  [[nodiscard]] const RuleSet* find(const JudgedBy& judged_by) const;
  /// The same with the values of the contract that an insurer has, for decide.
  [[nodiscard]] const RuleSet* find(const JudgedBy& judged_by, std::string_view insurer_ik) const;
  /// As find; throws std::runtime_error where find gives null, which parks the case that asked.
  [[nodiscard]] const RuleSet& at(const JudgedBy& judged_by) const;
  /// The set that a row names (RuleSet::hash), or null.
  [[nodiscard]] const RuleSet* find_named(const Hash& name) const;
  /// Of these three the hashes that have not been read.
  [[nodiscard]] std::vector<Hash> missing(const JudgedBy& judged_by) const;

  /// The settings that an event was judged by; what has not been read is left out.
  [[nodiscard]] SettingsInForce settings(const JudgedBy& judged_by) const;
  /// What is in force for a provider on a day, of all that has been read: of each scope the settings that
  /// began last, and of those that begin on the same day the ones adopted last.
  [[nodiscard]] JudgedBy in_force(std::string_view provider, CivilDate on) const;

  /// All shipped sets read so far, oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<const RuleSet>> all() const;
  struct Adopted {
    std::shared_ptr<const Settings> settings;
    Version version;  ///< in its stream
  };
  /// All adopted settings read so far, by name of the provider (the installation's first), then version.
  [[nodiscard]] std::vector<Adopted> adopted() const;
  /// The last version in which a client adopted settings of this scope; 0: never.
  [[nodiscard]] Version last_adopted(std::string_view provider) const;

 private:
  struct Three {
    const RuleSet* shipped = nullptr;
    SettingsInForce settings;
    bool complete = false;
  };
  [[nodiscard]] Three parts_of(const JudgedBy& judged_by) const;
  [[nodiscard]] const RuleSet* composed(const Three& parts, const Contract* contract) const;
  void adopt(std::shared_ptr<const Settings> settings, Version version);
  [[nodiscard]] Hash in_force_of(std::string_view provider, CivilDate on) const;

  std::shared_ptr<const RuleSet> assumed_shipped_;
  std::shared_ptr<const Settings> assumed_installation_, assumed_provider_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const RuleSet>> by_hash_;
  std::map<Hash, std::shared_ptr<const Settings>> settings_;
  /// By provider ("": the installation), then version.
  std::map<std::string, std::map<Version, std::shared_ptr<const Settings>>, std::less<>> adopted_;
  /// Sets with adopted values, by the parts they are made of.
  using Parts = std::tuple<const RuleSet*, const Settings*, const Settings*, const Contract*>;
  mutable std::map<Parts, std::shared_ptr<const RuleSet>> composed_;
};

}  // namespace geleit
