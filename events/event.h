// The one shape of a fact: who, when, judged by what, after which event, and the payload. Texts and sealed
// bytes are views into the record or command an event came from; whoever keeps an event keeps those bytes
// too.
#pragma once

#include <variant>
#include <vector>

#include "events/alert_events.h"
#include "events/approval_events.h"
#include "events/care_events.h"
#include "events/extension_events.h"
#include "events/privacy_events.h"
#include "events/referral_events.h"
#include "events/settings_events.h"
#include "events/visit_events.h"

namespace geleit {

/// Every event there is, in the order of schema/event.capnp. A new one is added at the end.
using Payload = std::variant<
    ReferralReceived, ReferralAmended, FollowUpReferralReceived, ReferralWithdrawn, DischargeRecorded,
    CareTeamAssigned, CoverageRecorded, ExemptionRecorded, ApplicationSubmitted, ExpertOpinionNoted,
    ApprovalGranted, ApprovalCorrected, ApprovalRevoked, ApprovalDenied, ObjectionFiled, ObjectionDecided,
    ExtensionRequested, ExtensionGranted, ExtensionDenied, VisitScheduled, VisitRescheduled, VisitCancelled,
    VisitMissed, VisitDelivered, VisitCorrected, VisitVoided, CarePlanAgreed, CareCompleted, CareDiscontinued,
    CaseReopened, FinalReportSent, AlertAcknowledged, AlertSnoozed, StartDeadlineMissed, DeadlineMissed,
    ApprovalPeriodLapsed, AlertSent, AlertEscalated, SettingsAdopted, ChecklistTicked, PersonalDataErased,
    ProcessingRestricted, RestrictionLifted>;

/// The events' names in the order of Payload: event_names[payload.index()] == "ReferralReceived".
inline constexpr std::array<std::string_view, std::variant_size_v<Payload>> event_names{
    "ReferralReceived",    "ReferralAmended",    "FollowUpReferralReceived",
    "ReferralWithdrawn",   "DischargeRecorded",  "CareTeamAssigned",
    "CoverageRecorded",    "ExemptionRecorded",  "ApplicationSubmitted",
    "ExpertOpinionNoted",  "ApprovalGranted",    "ApprovalCorrected",
    "ApprovalRevoked",     "ApprovalDenied",     "ObjectionFiled",
    "ObjectionDecided",    "ExtensionRequested", "ExtensionGranted",
    "ExtensionDenied",     "VisitScheduled",     "VisitRescheduled",
    "VisitCancelled",      "VisitMissed",        "VisitDelivered",
    "VisitCorrected",      "VisitVoided",        "CarePlanAgreed",
    "CareCompleted",       "CareDiscontinued",   "CaseReopened",
    "FinalReportSent",     "AlertAcknowledged",  "AlertSnoozed",
    "StartDeadlineMissed", "DeadlineMissed",     "ApprovalPeriodLapsed",
    "AlertSent",           "AlertEscalated",     "SettingsAdopted",
    "ChecklistTicked",     "PersonalDataErased", "ProcessingRestricted",
    "RestrictionLifted"};
static_assert(!event_names.back().empty(), "an event has no name");
[[nodiscard]] inline std::string_view name_of(const Payload& payload) { return event_names[payload.index()]; }

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

/// A reason given for a rule; stored whether anybody asked for it or not (API.md, Refusals).
struct Deviation {
  Rule rule{};
  Sealed reason;
  friend bool operator==(const Deviation&, const Deviation&) = default;
};

/// The sets an event was judged by, each by the hash of its content; zero where there is none.
struct JudgedBy {
  Hash shipped, installation, provider;
  friend bool operator==(const JudgedBy&, const JudgedBy&) = default;
};

/// First half of HMAC-SHA-256 over a command's content, keyed with the person's key: tells "same id, other
/// content" apart without storing the command.
struct ContentTag {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const ContentTag&, const ContentTag&) = default;
};

struct Event {
  EventId id;       ///< the command's id
  CaseId stream;    ///< the case; for settings the v5 id of the provider or the installation
  Version version;  ///< 1, 2, 3 … in its stream
  Hash previous;    ///< hash of the event before it in its stream; zero before the first
  Happened happened;
  Instant decided;            ///< when intake decided it; when it was recorded only the log knows
  std::string_view provider;  ///< slug
  std::string_view by;        ///< staff slug; empty: the service itself
  JudgedBy judged_by;
  KeyId key;  ///< of the sealed fields and the tag; nil where there is no person
  ContentTag tag;
  TraceId trace;
  std::vector<Rule> findings;  ///< rules that flagged it, in the order found
  std::vector<Deviation> deviations;
  Payload payload;
  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace geleit
