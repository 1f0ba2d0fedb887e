// State + command + now → event or refusal. Pure: the same arguments give the same answer, nothing is asked
// of the machine, nothing is kept. What the order of checks is, and what each rule does, is told by API.md
// (What is allowed when, Refusals, Rules at work) and RULES.md: case, state of the case (409), what the
// command refers to (409 with field), then the rules: one that rejects first and alone, then all that want a
// reason together.
#pragma once

#include <variant>
#include <vector>

#include "events/codec.h"
#include "projections/case.h"
#include "projections/rule_book.h"
#include "services/intake/commands.h"
#include "services/intake/rejection.h"
#include "services/sealer.h"

namespace geleit {

/// What a decision rests on besides case and command.
struct Circumstances {
  Instant now;
  CivilDate today;       ///< the Berlin date of `now`
  const RuleSet& rules;  ///< the event will name it as what it was judged by
  /// The case's person, opened; null for ReceiveReferral (and where the person was erased: then no rule that
  /// needs the birth date is judged).
  const PersonData* person = nullptr;
  /// The person that a ReceiveReferral names by `person_id`; null when the provider knows none.
  const PersonData* known_person = nullptr;
  const RuleBook& rule_book;   ///< every set that an event of the case was judged by
  Sealer& seal;                ///< with the key of the case's person
  SettingsInForce settings{};  ///< those that the event will be judged by
};

/// What the log is asked to take. Views the command, the sealer's bytes and nothing else.
struct Proposal {
  Payload payload;
  std::vector<Rule> findings;         ///< rules that flag it, in the order judged
  std::vector<Deviation> deviations;  ///< all reasons given, asked for or not, sealed
};

/// `state` is the case as it stands, a default one (version 0) where there is none. The command's id must be
/// set. Never throws but for want of memory. Retries, expect_version and who may do what are the caller's
/// business.
[[nodiscard]] std::variant<Proposal, Rejection> decide(const Case& state, const Command& command,
                                                       const Circumstances& circumstances);

}  // namespace geleit
