#include "services/audit/event_sentences.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "events/civil_time.h"
#include "events/codec.h"
#include "projections/rules/workflow.h"
#include "services/audit/audit_catalogue.h"
#include "services/audit/audit_words.h"
#include "services/seal.h"

namespace geleit {
namespace {

template <class T>
concept Described = requires {
  T::fields;
};

class Sentence {
 public:
  explicit Sentence(const Telling& telling)
      : t_(telling),
        language_(telling.language),
        c_(telling.event.version > telling.after.head.version ? telling.before : telling.after) {}

  std::string operator()(const ReferralReceived& e) {
    main_ = tell(message::told_referral, units(e.units), word(e.benefit),
                 date(e.received_on.value_or(t_.event.happened.date)), date(e.prescribed_on));
    return whole(e, {"units", "benefit", "received_on", "prescribed_on"});
  }
  std::string operator()(const ReferralAmended& e) {
    main_ = say(language_, message::told_amendment);
    return whole(e, {});
  }
  std::string operator()(const FollowUpReferralReceived& e) {
    main_ = tell(message::told_follow_up, units(e.units), date(e.prescribed_on));
    return whole(e, {"units", "prescribed_on"});
  }
  std::string operator()(const ReferralWithdrawn& e) {
    main_ = say(language_, message::told_withdrawal);
    return whole(e, {});
  }
  std::string operator()(const DischargeRecorded& e) {
    const auto& before = t_.before.discharged_on;
    main_ = before && *before != e.discharged_on
                ? tell(message::told_discharge_again, date(e.discharged_on), date(*before))
                : tell(message::told_discharge, date(e.discharged_on));
    return whole(e, {"discharged_on"});
  }
  std::string operator()(const CareTeamAssigned& e) {
    main_ = tell(message::told_team, e.lead);
    return whole(e, {"lead"});
  }
  std::string operator()(const CoverageRecorded& e) {
    main_ = tell(message::told_coverage, date(e.since), words_of("coverage", word(e.coverage)));
    return whole(e, {"coverage", "since"});
  }
  std::string operator()(const ExemptionRecorded& e) {
    main_ = tell(message::told_exemption, date(e.from), date(e.until));
    return whole(e, {"from", "until"});
  }
  std::string operator()(const ApplicationSubmitted& e) {
    main_ = tell(message::told_application, units(e.units), date(e.submitted_on));
    return whole(e, {"units", "submitted_on"});
  }
  std::string operator()(const ExpertOpinionNoted& e) {
    main_ = tell(message::told_opinion, date(e.told_on));
    return whole(e, {"told_on"});
  }
  std::string operator()(const ApprovalGranted& e) {
    main_ = tell(message::told_approval, date(e.decided_on), units(e.units), date(e.from), date(e.until));
    return whole(e, {"decided_on", "units", "from", "until"});
  }
  std::string operator()(const ApprovalCorrected& e) {
    main_ = approval(message::told_approval_correction, e.approval);
    return whole(e, {});
  }
  std::string operator()(const ApprovalRevoked& e) {
    main_ = approval(message::told_revocation, e.approval);
    return whole(e, {});
  }
  std::string operator()(const ApprovalDenied& e) {
    main_ = tell(message::told_denial, date(e.decided_on), date(e.posted_on));
    return whole(e, {"decided_on", "posted_on"});
  }
  std::string operator()(const ObjectionFiled& e) {
    main_ = tell(message::told_objection, date(e.filed_on));
    return whole(e, {"filed_on"});
  }
  std::string operator()(const ObjectionDecided& e) {
    main_ =
        tell(e.upheld ? message::told_objection_upheld : message::told_objection_failed, date(e.decided_on));
    return whole(e, {"decided_on", "upheld"});
  }
  std::string operator()(const ExtensionRequested& e) {
    main_ = tell(message::told_request, units(e.units), date(e.requested_on));
    return whole(e, {"units", "requested_on"});
  }
  std::string operator()(const ExtensionGranted& e) {
    main_ = tell(message::told_extension, date(e.decided_on), units(e.units), date(e.from), date(e.until));
    return whole(e, {"decided_on", "units", "from", "until"});
  }
  std::string operator()(const ExtensionDenied& e) {
    main_ = tell(message::told_extension_denial, date(e.decided_on), date(e.posted_on));
    return whole(e, {"decided_on", "posted_on"});
  }
  std::string operator()(const VisitScheduled& e) {
    main_ = tell(message::told_schedule, instant(e.starts_at), e.staff, minutes_words(e.minutes, language_),
                 words_of("place", word(e.place)));
    return whole(e, {"starts_at", "staff", "minutes", "place"});
  }
  std::string operator()(const VisitRescheduled& e) {
    main_ = tell(message::told_reschedule, visit_before(e.visit), instant(e.starts_at));
    return whole(e, {"starts_at"});
  }
  std::string operator()(const VisitCancelled& e) {
    main_ = tell(message::told_cancellation, visit_before(e.visit));
    return whole(e, {});
  }
  std::string operator()(const VisitMissed& e) {
    main_ = tell(message::told_absence, visit_before(e.visit));
    return whole(e, {});
  }
  std::string operator()(const VisitDelivered& e) {
    // What was scheduled the event does not say again.
    const Visit* visit = c_.find_visit(e.visit);
    const auto start = e.started_at ? e.started_at : e.starts_at;
    const std::string when = start ? instant(*start) : visit ? instant(visit->starts_at) : unknown_visit();
    std::string staff(e.staff);
    if (staff.empty() && visit) staff = c_.staff.at(visit->staff);
    const std::string_view place = e.place ? word(*e.place) : visit ? word(visit->place) : std::string_view();
    main_ = tell(message::told_delivery, when, staff, minutes_words(e.minutes, language_),
                 words_of("place", place));
    return whole(e, {"starts_at", "started_at", "staff", "minutes", "place"});
  }
  std::string operator()(const VisitCorrected& e) {
    main_ = tell(message::told_correction, visit_before(e.visit));
    const Visit* was = t_.before.find_visit(e.visit);
    if (!was) return whole(e, {});
    // REC-ORIGINAL: what it was before stands beside what it is.
    if (e.started_at) instead("started_at", instant(was->starts_at), instant(*e.started_at));
    if (e.minutes) instead("minutes", std::to_string(was->minutes.value), std::to_string(e.minutes->value));
    if (e.place) instead("place", words_of("place", word(was->place)), words_of("place", word(*e.place)));
    if (e.category) {
      instead("category", was->category ? words_of("category", word(*was->category)) : nothing(),
              words_of("category", word(*e.category)));
    }
    if (!e.staff.empty()) instead("staff", t_.before.staff.at(was->staff), std::string(e.staff));
    if (e.group_size) {
      instead("group_size", was->group_size == 0 ? nothing() : std::to_string(was->group_size),
              std::to_string(*e.group_size));
    }
    return whole(e, {"started_at", "minutes", "place", "category", "staff", "group_size"});
  }
  std::string operator()(const VisitVoided& e) {
    const Visit* was = t_.before.find_visit(e.visit);
    main_ = tell(message::told_void, visit_before(e.visit),
                 was ? minutes_words(was->minutes, language_) : nothing());
    return whole(e, {});
  }
  std::string operator()(const CarePlanAgreed& e) {
    main_ = tell(c_.benefit == Benefit::st ? message::told_care_plan_st : message::told_care_plan,
                 date(e.agreed_on));
    return whole(e, {"agreed_on"});
  }
  std::string operator()(const CareCompleted& e) {
    main_ = tell(e.goal_reached ? message::told_completion : message::told_completion_short,
                 date(e.completed_on));
    return whole(e, {"completed_on", "goal_reached"});
  }
  std::string operator()(const CareDiscontinued& e) {
    main_ = tell(message::told_discontinuation, date(e.discontinued_on), words_of("cause", word(e.cause)));
    return whole(e, {"discontinued_on", "cause"});
  }
  std::string operator()(const CaseReopened& e) {
    main_ = say(language_, message::told_reopening);
    return whole(e, {});
  }
  std::string operator()(const FinalReportSent& e) {
    main_ = tell(message::told_report, date(e.sent_on));
    return whole(e, {"sent_on"});
  }
  std::string operator()(const AlertAcknowledged& e) {
    main_ = tell(message::told_acknowledgement, alert(e.alert));
    return answered(e, {});
  }
  std::string operator()(const AlertSnoozed& e) {
    main_ = tell(message::told_snooze, alert(e.alert), date(e.until));
    return answered(e, {"until"});
  }
  std::string operator()(const StartDeadlineMissed& e) { return missed(e, Rule::smn_start); }
  std::string operator()(const DeadlineMissed& e) { return missed(e, e.rule); }
  std::string operator()(const ApprovalPeriodLapsed& e) {
    main_ = tell(message::told_lapse, date(e.until));
    return whole(e, {"until"});
  }
  std::string operator()(const AlertSent& e) {
    const bool opens = e.number % 2 == 1;
    main_ = say(language_, opens ? message::told_notice : message::told_all_clear, alert(e.alert), e.channel,
                e.level, instant(e.at), e.outcome);
    return whole(e, {"channel", "level", "number", "at", "outcome"});
  }
  std::string operator()(const AlertEscalated& e) {
    main_ = say(language_, message::told_escalation, alert(e.alert), e.level);
    return whole(e, {"level"});
  }
  std::string operator()(const SettingsAdopted&) { return say(language_, message::told_settings) + "."; }
  std::string operator()(const ChecklistTicked& e) {
    const bool ticked = e.ticked;
    main_ = tell(ticked ? message::told_tick : message::told_untick, step(e.step), e.item);
    return whole(e, {"step", "item", "ticked"});
  }

 private:
  using Text = std::string_view;

  template <class... Args>
  [[nodiscard]] std::string tell(const Message<Args...>& message,
                                 const std::type_identity_t<Args>&... args) const {
    return say(language_, message, args...);
  }
  [[nodiscard]] std::string date(CivilDate on) const { return date_words(on, language_); }
  [[nodiscard]] std::string instant(Instant at) const { return instant_words(at, language_); }
  [[nodiscard]] std::string units(std::int32_t count) const { return units_words(count, language_); }
  [[nodiscard]] std::string words_of(std::string_view field, std::string_view word) const {
    return word_words("", field, word, language_);
  }
  [[nodiscard]] std::string nothing() const { return say(language_, message::nothing); }
  [[nodiscard]] std::string unknown_visit() const { return say(language_, message::told_unknown_visit); }
  /// When the visit was before this event.
  [[nodiscard]] std::string visit_before(VisitId id) const {
    const Visit* visit = t_.before.find_visit(id);
    return visit ? instant(visit->starts_at) : unknown_visit();
  }
  [[nodiscard]] std::string alert(EventId id) const {
    const Missed* missed = c_.find_alert(id);
    return missed ? rule_words_of(missed->rule, language_) : say(language_, message::an_unknown_alert);
  }
  [[nodiscard]] std::string step(std::string_view step) const {
    for (const WorkflowStep& one : shipped_workflow_on(c_.received_on).steps()) {
      if (word(one.task) == step) return language_ == Language::de ? one.title_de : one.title_en;
    }
    return std::string(step);
  }
  [[nodiscard]] std::string approval(const Message<Text, Text, Text>& message, ApprovalId id) const {
    const Approval* a = t_.before.find_approval(id);
    return a ? tell(message, units(a->units), date(a->from), date(a->until))
             : tell(message, nothing(), nothing(), nothing());
  }
  template <class Event>
  std::string missed(const Event& e, Rule rule) {
    std::string last = date(e.due_on);
    if (e.acts_on != e.due_on) last = say(language_, message::moves_to, last, date(e.acts_on));
    main_ = tell(message::told_missed, rule_words_of(rule, language_), last);
    return main_ + ".";
  }
  template <class Event>
  std::string answered(const Event& e, std::initializer_list<std::string_view> told) {
    if (e.without_effect.value_or(false)) details_.push_back(say(language_, message::told_without_effect));
    std::vector<std::string_view> all(told);
    all.push_back("without_effect");
    return whole(e, all);
  }

  // ---------------------------------------------------------------- what the sentence has not said

  template <Described Event>
  std::string whole(const Event& e, std::initializer_list<std::string_view> told) {
    return whole(e, std::span(told.begin(), told.size()));
  }
  template <Described Event>
  std::string whole(const Event& e, std::span<const std::string_view> told) {
    for_each_field(e, [&](std::string_view name, const auto& value) {
      if (std::find(told.begin(), told.end(), name) == told.end()) detail(name, value);
    });
    std::string out = main_;
    for (const std::string& one : details_) out += "; " + one;
    // Somebody's own words may bring their full stop with them.
    const bool stopped = out.ends_with(".“") || out.ends_with(".”") || out.ends_with('.');
    return stopped ? out : out + ".";
  }

  void instead(std::string_view field, const std::string& was, const std::string& is) {
    details_.push_back(say(language_, message::field_from_to, field_words("", field, language_), was, is));
  }
  void add(std::string_view field, std::string_view value) {
    details_.push_back(say(language_, message::labelled, field_words("", field, language_), value));
  }

  template <class T>
  void detail(std::string_view name, const std::optional<T>& value) {
    if (value) detail(name, *value);
  }
  template <class Tag>
  void detail(std::string_view, const Id<Tag>&) {}  // ids say nothing to people
  void detail(std::string_view name, CivilDate value) {
    details_.push_back(
        say(language_, message::field_is, field_words("", name, language_), date_words(value, language_)));
  }
  void detail(std::string_view name, Instant value) {
    details_.push_back(say(language_, message::field_is, field_words("", name, language_), instant(value)));
  }
  void detail(std::string_view name, Minutes value) { add(name, std::to_string(value.value)); }
  void detail(std::string_view name, std::int32_t value) { add(name, std::to_string(value)); }
  void detail(std::string_view name, bool value) {
    add(name, say(language_, value ? message::yes : message::no));
  }
  template <Vocabulary E>
  void detail(std::string_view name, E value) {
    add(name, words_of(name, word(value)));
  }
  void detail(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, value);
  }
  void detail(std::string_view name, const std::vector<std::string_view>& values) {
    if (!values.empty()) add(name, fmt::format("{}", fmt::join(values, ", ")));
  }
  void detail(std::string_view, Version) {}
  void detail(std::string_view, const Hash&) {}
  void detail(std::string_view name, const Prescriber& value) {
    std::string who = words_of("prescriber", word(value.kind));
    if (value.name.present()) who += ", " + opened("name", value.name);
    add(name, who);
    detail("lanr", value.lanr);
    detail("bsnr", value.bsnr);
  }
  void detail(std::string_view name, const Severe& value) {
    add(name, say(language_, message::yes));
    detail("no_self_care", value.no_self_care);
    detail("inpatient_stays_12_months", value.inpatient_stays_12_months);
  }
  void detail(std::string_view name, Sealed value) {
    if (value.present()) add(name, opened(name, value));
  }

  [[nodiscard]] std::string opened(std::string_view name, Sealed value) const {
    const SealedField field = *sealed_field(name);
    const auto clear = t_.opener.open(t_.event, field, value);
    if (!clear) return not_open_words(t_.opener.state(t_.event.key), language_);
    try {
      switch (field) {
        case SealedField::person: {
          const PersonData person = decode_person(*clear);
          return say(language_, message::story_person, person.given_name + " " + person.family_name,
                     date(person.born));
        }
        case SealedField::diagnoses: return fmt::format("{}", fmt::join(decode_texts(*clear), ", "));
        case SealedField::goals: {
          std::string out;
          for (const std::string& goal : decode_texts(*clear))
            out += (out.empty() ? "" : ", ") + say(language_, message::in_quotes, goal);
          return out;
        }
        case SealedField::prescriber_name:
        case SealedField::reference:
        case SealedField::to: return *clear;
        case SealedField::reason:
        case SealedField::note:
        case SealedField::deviation: return say(language_, message::in_quotes, *clear);
      }
    } catch (const BadRecord&) {}
    return not_open_words(PersonalData::lost, language_);
  }

  const Telling& t_;
  Language language_;
  const Case& c_;
  std::string main_;
  std::vector<std::string> details_;
};

}  // namespace

PersonalData StoryOpener::state(KeyId key) const {
  if (!keys_ || key.is_nil()) return PersonalData::sealed;
  if (keys_->find(key)) return PersonalData::open;
  return keys_->known(key) ? PersonalData::erased : PersonalData::lost;
}

std::optional<std::string> StoryOpener::open(KeyId key, const CaseId& case_id, SealedField field,
                                             std::string_view sealed) const {
  if (!keys_ || key.is_nil() || sealed.empty()) return std::nullopt;
  const auto found = keys_->find(key);
  return found ? open_field(*found, case_id, field, sealed) : std::nullopt;
}

std::optional<std::string> StoryOpener::open(const Event& event, SealedField field, Sealed sealed) const {
  return open(event.key, event.stream, field, sealed.bytes);
}

std::string not_open_words(PersonalData state, Language language) {
  switch (state) {
    case PersonalData::erased: return say(language, message::story_erased);
    case PersonalData::lost: return say(language, message::story_lost);
    case PersonalData::sealed:
    case PersonalData::open: break;
  }
  return say(language, message::story_sealed);
}

std::string sentence_of(const Telling& telling) {
  return std::visit(Sentence(telling), telling.event.payload);
}

}  // namespace geleit
