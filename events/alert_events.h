// What the service finds by itself, and what people answer. An alert's id is the id of its Missed event.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

struct AlertAcknowledged {
  EventId alert{};
  Sealed note;
  std::optional<bool> without_effect;  ///< true: the alert was closed when this was decided
  static constexpr auto fields =
      std::tuple{field("alert", &AlertAcknowledged::alert), field("note", &AlertAcknowledged::note),
                 field("without_effect", &AlertAcknowledged::without_effect)};
  friend bool operator==(const AlertAcknowledged&, const AlertAcknowledged&) = default;
};

struct AlertSnoozed {
  EventId alert{};
  CivilDate until{};
  Sealed reason;
  std::optional<bool> without_effect;  ///< as above
  static constexpr auto fields = std::tuple{
      field("alert", &AlertSnoozed::alert), field("until", &AlertSnoozed::until),
      field("reason", &AlertSnoozed::reason), field("without_effect", &AlertSnoozed::without_effect)};
  friend bool operator==(const AlertSnoozed&, const AlertSnoozed&) = default;
};

/// SMN-START passed without a first unit; its id is v5 of case, rule and generation.
struct StartDeadlineMissed {
  Version generation{};  ///< version of the event that last opened the deadline
  CivilDate due_on{};
  CivilDate acts_on{};
  static constexpr auto fields = std::tuple{field("generation", &StartDeadlineMissed::generation),
                                            field("due_on", &StartDeadlineMissed::due_on),
                                            field("acts_on", &StartDeadlineMissed::acts_on)};
  friend bool operator==(const StartDeadlineMissed&, const StartDeadlineMissed&) = default;
};

/// Another rule's deadline passed.
struct DeadlineMissed {
  Rule rule{};
  Version generation{};
  CivilDate due_on{};
  CivilDate acts_on{};
  static constexpr auto fields =
      std::tuple{field("rule", &DeadlineMissed::rule), field("generation", &DeadlineMissed::generation),
                 field("due_on", &DeadlineMissed::due_on), field("acts_on", &DeadlineMissed::acts_on)};
  friend bool operator==(const DeadlineMissed&, const DeadlineMissed&) = default;
};

struct ApprovalPeriodLapsed {
  ApprovalId approval{};
  CivilDate until{};
  static constexpr auto fields = std::tuple{field("approval", &ApprovalPeriodLapsed::approval),
                                            field("until", &ApprovalPeriodLapsed::until)};
  friend bool operator==(const ApprovalPeriodLapsed&, const ApprovalPeriodLapsed&) = default;
};

struct AlertSent {
  EventId alert{};
  std::string_view channel;
  std::int32_t level{};
  std::int32_t number{};  ///< 1, 2, 3 … within channel and level
  Instant at{};
  std::string_view outcome;
  static constexpr auto fields =
      std::tuple{field("alert", &AlertSent::alert), field("channel", &AlertSent::channel),
                 field("level", &AlertSent::level), field("number", &AlertSent::number),
                 field("at", &AlertSent::at),       field("outcome", &AlertSent::outcome)};
  friend bool operator==(const AlertSent&, const AlertSent&) = default;
};

struct AlertEscalated {
  EventId alert{};
  std::int32_t level{};
  static constexpr auto fields =
      std::tuple{field("alert", &AlertEscalated::alert), field("level", &AlertEscalated::level)};
  friend bool operator==(const AlertEscalated&, const AlertEscalated&) = default;
};

}  // namespace geleit
