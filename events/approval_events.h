// Application, the insurer's decision, objection: what may be billed.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// The application to the insurer; starts GKV-DECISION.
struct ApplicationSubmitted {
  std::int32_t units{};
  CivilDate submitted_on{};
  std::optional<CivilDate> received_on;  ///< by the insurer; default `submitted_on`
  std::optional<Regime> regime;          ///< default Sgb5_13_3a
  std::optional<bool> care_plan_attached;
  static constexpr auto fields =
      std::tuple{field("units", &ApplicationSubmitted::units),
                 field("submitted_on", &ApplicationSubmitted::submitted_on),
                 field("received_on", &ApplicationSubmitted::received_on),
                 field("regime", &ApplicationSubmitted::regime),
                 field("care_plan_attached", &ApplicationSubmitted::care_plan_attached)};
  friend bool operator==(const ApplicationSubmitted&, const ApplicationSubmitted&) = default;
};

/// The insured was told that an expert opinion is taken (GKV-DECISION-EXPERT).
struct ExpertOpinionNoted {
  CivilDate told_on{};
  std::optional<CivilDate> opinion_on;
  static constexpr auto fields = std::tuple{field("told_on", &ExpertOpinionNoted::told_on),
                                            field("opinion_on", &ExpertOpinionNoted::opinion_on)};
  friend bool operator==(const ExpertOpinionNoted&, const ExpertOpinionNoted&) = default;
};

/// Units that may be billed in a period.
struct ApprovalGranted {
  ApprovalId approval{};
  Sealed reference;
  CivilDate decided_on{};
  std::int32_t units{};
  CivilDate from{};
  CivilDate until{};
  static constexpr auto fields = std::tuple{field("approval", &ApprovalGranted::approval),
                                            field("reference", &ApprovalGranted::reference),
                                            field("decided_on", &ApprovalGranted::decided_on),
                                            field("units", &ApprovalGranted::units),
                                            field("from", &ApprovalGranted::from),
                                            field("until", &ApprovalGranted::until)};
  friend bool operator==(const ApprovalGranted&, const ApprovalGranted&) = default;
};

/// Replaces the fields that are set.
struct ApprovalCorrected {
  ApprovalId approval{};
  Sealed reference;
  std::optional<CivilDate> decided_on;
  std::optional<std::int32_t> units;
  std::optional<CivilDate> from;
  std::optional<CivilDate> until;
  Sealed reason;
  static constexpr auto fields = std::tuple{field("approval", &ApprovalCorrected::approval),
                                            field("reference", &ApprovalCorrected::reference),
                                            field("decided_on", &ApprovalCorrected::decided_on),
                                            field("units", &ApprovalCorrected::units),
                                            field("from", &ApprovalCorrected::from),
                                            field("until", &ApprovalCorrected::until),
                                            field("reason", &ApprovalCorrected::reason)};
  friend bool operator==(const ApprovalCorrected&, const ApprovalCorrected&) = default;
};

/// Takes an approval back, from its start.
struct ApprovalRevoked {
  ApprovalId approval{};
  Sealed reason;
  static constexpr auto fields =
      std::tuple{field("approval", &ApprovalRevoked::approval), field("reason", &ApprovalRevoked::reason)};
  friend bool operator==(const ApprovalRevoked&, const ApprovalRevoked&) = default;
};

/// The insurer's no; starts GKV-OBJECTION.
struct ApprovalDenied {
  Sealed reference;
  CivilDate decided_on{};
  CivilDate posted_on{};
  bool instruction_given{};
  Sealed reason;
  static constexpr auto fields = std::tuple{field("reference", &ApprovalDenied::reference),
                                            field("decided_on", &ApprovalDenied::decided_on),
                                            field("posted_on", &ApprovalDenied::posted_on),
                                            field("instruction_given", &ApprovalDenied::instruction_given),
                                            field("reason", &ApprovalDenied::reason)};
  friend bool operator==(const ApprovalDenied&, const ApprovalDenied&) = default;
};

/// Against the latest denial.
struct ObjectionFiled {
  CivilDate filed_on{};
  static constexpr auto fields = std::tuple{field("filed_on", &ObjectionFiled::filed_on)};
  friend bool operator==(const ObjectionFiled&, const ObjectionFiled&) = default;
};

/// The answer to the objection.
struct ObjectionDecided {
  CivilDate decided_on{};
  bool upheld{};
  static constexpr auto fields = std::tuple{field("decided_on", &ObjectionDecided::decided_on),
                                            field("upheld", &ObjectionDecided::upheld)};
  friend bool operator==(const ObjectionDecided&, const ObjectionDecided&) = default;
};

}  // namespace geleit
