// Plan, end and report of the care.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

struct CarePlanAgreed {
  CivilDate agreed_on{};
  Sealed goals;  ///< a list of texts (codec.h)
  static constexpr auto fields =
      std::tuple{field("agreed_on", &CarePlanAgreed::agreed_on), field("goals", &CarePlanAgreed::goals)};
  friend bool operator==(const CarePlanAgreed&, const CarePlanAgreed&) = default;
};

struct CareCompleted {
  CivilDate completed_on{};
  bool goal_reached{};
  static constexpr auto fields = std::tuple{field("completed_on", &CareCompleted::completed_on),
                                            field("goal_reached", &CareCompleted::goal_reached)};
  friend bool operator==(const CareCompleted&, const CareCompleted&) = default;
};

struct CareDiscontinued {
  CivilDate discontinued_on{};
  Cause cause{};
  static constexpr auto fields = std::tuple{field("discontinued_on", &CareDiscontinued::discontinued_on),
                                            field("cause", &CareDiscontinued::cause)};
  friend bool operator==(const CareDiscontinued&, const CareDiscontinued&) = default;
};

/// Removes the end.
struct CaseReopened {
  Sealed reason;
  static constexpr auto fields = std::tuple{field("reason", &CaseReopened::reason)};
  friend bool operator==(const CaseReopened&, const CaseReopened&) = default;
};

struct FinalReportSent {
  CivilDate sent_on{};
  Sealed to;
  static constexpr auto fields =
      std::tuple{field("sent_on", &FinalReportSent::sent_on), field("to", &FinalReportSent::to)};
  friend bool operator==(const FinalReportSent&, const FinalReportSent&) = default;
};

/// An item of a step's checklist; again with the same answer changes nothing.
struct ChecklistTicked {
  std::string_view step;  ///< the step's word (projections/rules/step.h)
  std::string_view item;  ///< slug, as the adopted settings name it
  bool ticked{};          ///< false: taken back
  static constexpr auto fields =
      std::tuple{field("step", &ChecklistTicked::step), field("item", &ChecklistTicked::item),
                 field("ticked", &ChecklistTicked::ticked)};
  friend bool operator==(const ChecklistTicked&, const ChecklistTicked&) = default;
};

}  // namespace geleit
