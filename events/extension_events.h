// More units after the first contingent (SMN-EXTENSION).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// Needs a follow-up referral; starts GKV-DECISION.
struct ExtensionRequested {
  std::int32_t units{};
  CivilDate requested_on{};
  CivilDate documentation_form_on{};
  Sealed reason;
  static constexpr auto fields = std::tuple{
      field("units", &ExtensionRequested::units), field("requested_on", &ExtensionRequested::requested_on),
      field("documentation_form_on", &ExtensionRequested::documentation_form_on),
      field("reason", &ExtensionRequested::reason)};
  friend bool operator==(const ExtensionRequested&, const ExtensionRequested&) = default;
};

/// As ApprovalGranted.
struct ExtensionGranted {
  ApprovalId approval{};
  Sealed reference;
  CivilDate decided_on{};
  std::int32_t units{};
  CivilDate from{};
  CivilDate until{};
  static constexpr auto fields = std::tuple{field("approval", &ExtensionGranted::approval),
                                            field("reference", &ExtensionGranted::reference),
                                            field("decided_on", &ExtensionGranted::decided_on),
                                            field("units", &ExtensionGranted::units),
                                            field("from", &ExtensionGranted::from),
                                            field("until", &ExtensionGranted::until)};
  friend bool operator==(const ExtensionGranted&, const ExtensionGranted&) = default;
};

/// As ApprovalDenied.
struct ExtensionDenied {
  Sealed reference;
  CivilDate decided_on{};
  CivilDate posted_on{};
  bool instruction_given{};
  Sealed reason;
  static constexpr auto fields = std::tuple{field("reference", &ExtensionDenied::reference),
                                            field("decided_on", &ExtensionDenied::decided_on),
                                            field("posted_on", &ExtensionDenied::posted_on),
                                            field("instruction_given", &ExtensionDenied::instruction_given),
                                            field("reason", &ExtensionDenied::reason)};
  friend bool operator==(const ExtensionDenied&, const ExtensionDenied&) = default;
};

}  // namespace geleit
