// One decision while it is being made: what speaks against it is collected here, and the answer is built from
// it. Known to decide_*.cc only.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "events/civil_time.h"
#include "services/intake/decide.h"

namespace geleit {

using Decided = std::variant<Proposal, Rejection>;

class Judgement {
 public:
  Judgement(const Case& state, const Command& command, const Circumstances& circumstances)
      : state_(state), command_(command), circumstances_(circumstances) {}

  [[nodiscard]] const Case& state() const { return state_; }
  [[nodiscard]] const Command& command() const { return command_; }
  [[nodiscard]] Instant now() const { return circumstances_.now; }
  [[nodiscard]] const RuleSet& rules() const { return circumstances_.rules; }
  [[nodiscard]] const RuleBook& rule_book() const { return circumstances_.rule_book; }
  [[nodiscard]] const RuleNumbers& numbers() const { return circumstances_.rules.numbers(); }
  [[nodiscard]] const SettingsInForce& settings() const { return circumstances_.settings; }
  [[nodiscard]] const PersonData* person() const { return circumstances_.person; }
  [[nodiscard]] const PersonData* known_person() const { return circumstances_.known_person; }

  // Each returns true where nothing speaks against it, so that checks read in a row: the first that fails is
  // the answer.

  /// The case is in one of these states.
  bool in_state(std::initializer_list<CaseState> states);
  bool not_ended();
  /// Something else about the case is as it has to be; 409 with its state.
  bool stands(bool condition, const Sentence& expected, const Sentence& found, std::string field = {});
  /// What the command refers to, or names anew, fits; 409 with the field.
  bool refers(bool condition, RejectionKind kind, std::string field, const Sentence& expected,
              const Sentence& found);

  /// The rule is broken; what that does (reject, reason, flag) is the rule set's to say.
  void breaks(Rule rule, const Sentence& expected, const Sentence& found, std::string field = {});
  /// The rule is broken in a way that is shown and stops nothing.
  void flags(Rule rule);

  /// REC-BIRTH: the fact lies on or after the birth; no birth date known: passes.
  void judge_birth(std::optional<CivilDate> born, std::string_view field, CivilDate fact_on);

  /// Nothing speaks against it so far; else refusal() tells what does.
  [[nodiscard]] bool passes() const;
  [[nodiscard]] Rejection refusal() const;
  /// The answer once everything was judged.
  template <class Event>
  [[nodiscard]] Decided accept(Event&& event) {
    return Proposal{Payload(std::forward<Event>(event)), std::move(findings_), sealed_reasons()};
  }

  /// Absent stays absent.
  [[nodiscard]] Sealed seal(SealedField field, std::string_view clear) const {
    return clear.empty() ? Sealed{} : circumstances_.seal.seal(field, clear);
  }
  [[nodiscard]] Prescriber seal(const PrescriberGiven& given) const {
    return {given.kind, seal(SealedField::prescriber_name, given.name), given.lanr, given.bsnr};
  }
  [[nodiscard]] Sealed seal(const PersonData& person) const;
  [[nodiscard]] Sealed seal(const std::vector<DiagnosisGiven>& diagnoses) const;

  /// An id that the command left out: v5 of its own id and the kind.
  [[nodiscard]] Uuid own_id(std::string_view kind) const;

 private:
  struct Broken {
    Rule rule;
    Sentence expected, found;
    std::string field;
  };
  [[nodiscard]] bool reason_given(Rule rule) const;
  [[nodiscard]] std::vector<Deviation> sealed_reasons() const;

  const Case& state_;
  const Command& command_;
  const Circumstances& circumstances_;
  std::optional<Rejection> refused_;
  std::optional<Broken> rejecting_;  ///< the first rule that rejects
  std::vector<Broken> want_reason_;  ///< rules whose reason is missing
  std::vector<Rule> findings_;
};

/// A person as a command gives it.
[[nodiscard]] PersonData person_data(const PersonGiven& given);

// Rules that more than one noun is judged by.

/// SMN-AGE and SMN-SEVERE on a day; `no_self_care` and `stays` are what `severe` states, nothing without it.
void judge_age(Judgement& j, CivilDate born, CivilDate on, std::optional<bool> no_self_care,
               std::optional<std::int32_t> stays);
/// SMN-EXTENSION: all standing extensions together with these units; `except` is the one they replace.
void judge_extension_total(Judgement& j, std::int32_t units, ApprovalId except);
/// The case is of that benefit; else 409 with its state.
bool of_benefit(Judgement& j, Benefit benefit);
/// What the command tells belongs to the case's benefit; else 409 with the field.
bool field_belongs(Judgement& j, Benefit benefit, bool given, std::string_view field);

// Soziotherapie (judge_soziotherapie.cc).

/// ST-PRESCRIBER, ST-REFERRAL: what every referral is judged by.
void judge_st_referral(Judgement& j, PrescriberKind prescriber, std::int32_t units);
/// ST-INDICATION: a listed diagnosis, or another disorder with a GAF up to the limit; the upper bound beyond
/// it is named in the sentence only.
void judge_st_indication(Judgement& j, const std::vector<DiagnosisGiven>& diagnoses,
                         std::optional<std::int32_t> gaf);
/// ST-TRIAL at a referral that is a trial; `referral` is its place where the case knows it already.
void judge_st_trial(Judgement& j, std::int32_t units, CivilDate prescribed_on,
                    std::optional<std::size_t> referral);
/// ST-PLAN.
void judge_st_plan(Judgement& j, std::optional<bool> care_plan_attached);
/// ST-TRIAL, ST-TOTAL, ST-GROUP: the visit as it would stand, delivered. A correction that adds nothing is
/// judged by ST-GROUP alone; a later period that the visit moves and overfills is flagged.
void judge_st_delivered(Judgement& j, const Visit& visit);
/// ST-GROUP.
void judge_st_group(Judgement& j, std::int32_t group_size);

/// The id names no approval of the case; else 409 with its field.
bool new_approval(Judgement& j, ApprovalId id);

// One per command, beside others of its noun: decide_referral.cc, decide_approval.cc, decide_extension.cc,
// decide_visit.cc, decide_care.cc, decide_alert.cc, decide_settings.cc,
// decide_privacy.cc.
Decided decide_on(Judgement& j, const ReceiveReferral& c);
Decided decide_on(Judgement& j, const AmendReferral& c);
Decided decide_on(Judgement& j, const ReceiveFollowUpReferral& c);
Decided decide_on(Judgement& j, const WithdrawReferral& c);
Decided decide_on(Judgement& j, const RecordDischarge& c);
Decided decide_on(Judgement& j, const RecordCoverage& c);
Decided decide_on(Judgement& j, const RecordExemption& c);
Decided decide_on(Judgement& j, const SubmitApplication& c);
Decided decide_on(Judgement& j, const NoteExpertOpinion& c);
Decided decide_on(Judgement& j, const GrantApproval& c);
Decided decide_on(Judgement& j, const CorrectApproval& c);
Decided decide_on(Judgement& j, const RevokeApproval& c);
Decided decide_on(Judgement& j, const DenyApproval& c);
Decided decide_on(Judgement& j, const FileObjection& c);
Decided decide_on(Judgement& j, const DecideObjection& c);
Decided decide_on(Judgement& j, const RequestExtension& c);
Decided decide_on(Judgement& j, const GrantExtension& c);
Decided decide_on(Judgement& j, const DenyExtension& c);
Decided decide_on(Judgement& j, const ScheduleVisit& c);
Decided decide_on(Judgement& j, const RescheduleVisit& c);
Decided decide_on(Judgement& j, const CancelVisit& c);
Decided decide_on(Judgement& j, const MissVisit& c);
Decided decide_on(Judgement& j, const DeliverVisit& c);
Decided decide_on(Judgement& j, const CorrectVisit& c);
Decided decide_on(Judgement& j, const VoidVisit& c);
Decided decide_on(Judgement& j, const AssignCareTeam& c);
Decided decide_on(Judgement& j, const AgreeCarePlan& c);
Decided decide_on(Judgement& j, const CompleteCare& c);
Decided decide_on(Judgement& j, const DiscontinueCare& c);
Decided decide_on(Judgement& j, const ReopenCase& c);
Decided decide_on(Judgement& j, const SendFinalReport& c);
Decided decide_on(Judgement& j, const TickChecklist& c);
Decided decide_on(Judgement& j, const AdoptSettings& c);
Decided decide_on(Judgement& j, const AcknowledgeAlert& c);
Decided decide_on(Judgement& j, const SnoozeAlert& c);
Decided decide_on(Judgement& j, const MissStartDeadline& c);
Decided decide_on(Judgement& j, const MissDeadline& c);
Decided decide_on(Judgement& j, const LapseApprovalPeriod& c);
Decided decide_on(Judgement& j, const SendAlert& c);
Decided decide_on(Judgement& j, const EscalateAlert& c);
Decided decide_on(Judgement& j, const RestrictProcessing& c);
Decided decide_on(Judgement& j, const LiftRestriction& c);
Decided decide_on(Judgement& j, const ErasePersonalData& c);

}  // namespace geleit
