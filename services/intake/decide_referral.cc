// Referral, amendment, follow-up, discharge, coverage, exemption, withdrawal.
#include <algorithm>

#include "projections/rules/deadline.h"
#include "services/intake/judgement.h"

namespace geleit {
namespace {

template <class Item>
bool contains(const std::vector<Item>& items, const Item& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

// SMN-MIN-UNITS, SMN-MAX-UNITS.
void judge_units(Judgement& j, std::int32_t units) {
  if (units < j.numbers().smn_min_units) {
    j.breaks(Rule::smn_min_units, sentence(message::units_at_least, j.numbers().smn_min_units),
             sentence(message::units_are, units), "units");
  }
  if (units > j.numbers().smn_max_units) {
    j.breaks(Rule::smn_max_units, sentence(message::units_at_most, j.numbers().smn_max_units),
             sentence(message::units_are, units), "units");
  }
}

// SMN-PRESCRIBER.
void judge_prescriber(Judgement& j, PrescriberKind kind) {
  if (contains(j.numbers().smn_prescribers_at_any_time, kind) ||
      contains(j.numbers().smn_prescribers_within_window, kind)) {
    return;
  }
  j.breaks(Rule::smn_prescriber, sentence(message::a_prescriber),
           sentence(message::prescriber_is, word(kind)), "prescriber.kind");
}

// SMN-PRESCRIBER-GP.
void judge_practice(Judgement& j, PrescriberKind kind) {
  if (!contains(j.numbers().smn_prescribers_flagged, kind)) return;
  j.breaks(Rule::smn_prescriber_gp, sentence(message::a_paediatrician),
           sentence(message::prescriber_is, word(kind)), "prescriber.kind");
}

/// SMN-PRESCRIBER-WINDOW: the last day on which this one may prescribe, where that is over.
std::optional<CivilDate> window_passed(Judgement& j, PrescriberKind kind, CivilDate prescribed_on,
                                       std::optional<CivilDate> discharged_on, Land land) {
  if (!discharged_on || !contains(j.numbers().smn_prescribers_within_window, kind)) return std::nullopt;
  const CivilDate last = prescriber_window_deadline(j.rules(), *discharged_on, {land}).due_on;
  return prescribed_on > last ? std::optional(last) : std::nullopt;
}
void judge_window(Judgement& j, PrescriberKind kind, CivilDate prescribed_on,
                  std::optional<CivilDate> discharged_on, Land land) {
  const auto last = window_passed(j, kind, prescribed_on, discharged_on, land);
  if (!last) return;
  j.breaks(Rule::smn_prescriber_window, sentence(message::prescribed_until, *last),
           sentence(message::prescribed_is, prescribed_on), "prescribed_on");
}

// SMN-SETTING.
void judge_setting(Judgement& j, Setting setting) {
  if (!contains(j.numbers().smn_settings_with_reason, setting)) return;
  j.breaks(Rule::smn_setting, sentence(message::follows_a_stay), sentence(message::setting_is, word(setting)),
           "setting");
}

// SMN-INDICATION: final stage counts as met; without it one diagnosis of the list and no denied impairment.
void judge_indication(Judgement& j, const std::vector<DiagnosisGiven>& diagnoses,
                      std::optional<bool> final_stage, std::optional<bool> impairment) {
  if (final_stage.value_or(false)) return;
  const auto& prefixes = j.numbers().smn_indication_prefixes;
  const bool listed = std::any_of(diagnoses.begin(), diagnoses.end(), [&](const DiagnosisGiven& diagnosis) {
    return is_listed(prefixes, diagnosis.icd);
  });
  if (!listed) {
    j.breaks(Rule::smn_indication, sentence(message::a_listed_diagnosis), sentence(message::none_is_listed),
             "diagnoses");
  } else if (!impairment.value_or(true)) {
    j.breaks(Rule::smn_indication, sentence(message::an_impairment), sentence(message::impairment_is_denied),
             "impairment");
  }
}

// SMN-SAPV.
void judge_sapv(Judgement& j, std::optional<bool> sapv) {
  if (!sapv.value_or(false)) return;
  j.breaks(Rule::smn_sapv, sentence(message::no_sapv), sentence(message::sapv_is_given), "sapv");
}

std::optional<Severe> severe_of(const std::optional<SevereGiven>& given) {
  if (!given) return std::nullopt;
  return Severe{given->no_self_care, given->inpatient_stays_12_months};
}

/// The first fact of the case that lies before that birth, by its name.
std::optional<std::pair<std::string_view, CivilDate>> fact_before(const Case& c, CivilDate born) {
  std::optional<std::pair<std::string_view, CivilDate>> found;
  const auto look = [&](std::string_view name, std::optional<CivilDate> on) {
    if (!found && on && *on < born) found.emplace(name, *on);
  };
  look("prescribed_on", c.prescribed_on);
  look("received_on", c.received_on);
  look("discharged_on", c.discharged_on);
  for (const FollowUp& f : c.follow_ups) look("prescribed_on", f.prescribed_on);
  for (const Application& a : c.applications) look("submitted_on", a.submitted_on);
  for (const Approval& a : c.approvals) look("decided_on", a.decided_on);
  for (const Denial& denial : c.denials) look("decided_on", denial.decided_on);
  for (const Visit& v : c.visits) look("starts_at", v.on);
  return found;
}

}  // namespace

namespace {

/// The rule of SMN-AGE and SMN-SEVERE that is broken on that day, if one is.
std::optional<Rule> broken_age_rule(const RuleNumbers& numbers, CivilDate born, CivilDate on,
                                    std::optional<bool> no_self_care, std::optional<std::int32_t> stays) {
  const bool severe = no_self_care || stays;
  if (has_completed(born, severe ? numbers.smn_age_severe_years : numbers.smn_age_years, on)) {
    return Rule::smn_age;
  }
  if (has_completed(born, numbers.smn_age_years, on) && !no_self_care.value_or(false) &&
      stays.value_or(0) < numbers.smn_severe_stays) {
    return Rule::smn_severe;
  }
  return std::nullopt;
}

}  // namespace

// SMN-AGE, SMN-SEVERE: judged at the referral and at the first delivered unit. Worked example: born
// 2012-05-10, the 14th year is completed at the end of 2026-05-09, so a unit on 2026-05-09 passes and one on
// 2026-05-10 needs `severe`.
void judge_age(Judgement& j, CivilDate born, CivilDate on, std::optional<bool> no_self_care,
               std::optional<std::int32_t> stays) {
  const RuleNumbers& numbers = j.numbers();
  const auto rule = broken_age_rule(numbers, born, on, no_self_care, stays);
  if (rule == Rule::smn_age) {
    const int years = no_self_care || stays ? numbers.smn_age_severe_years : numbers.smn_age_years;
    j.breaks(Rule::smn_age, sentence(message::younger_than, years), sentence(message::year_is_completed, on));
  } else if (rule == Rule::smn_severe) {
    j.breaks(Rule::smn_severe,
             sentence(message::a_severe_case, numbers.smn_age_years, numbers.smn_severe_stays),
             sentence(message::neither_is_stated), "severe");
  }
}

Decided decide_on(Judgement& j, const ReceiveReferral& c) {
  if (c.person_id && !j.refers(j.known_person() != nullptr, RejectionKind::unknown_reference, "person_id",
                               sentence(message::a_known_person), sentence(message::person_is_unknown))) {
    return j.refusal();
  }
  const PersonData person = c.person ? person_data(*c.person) : *j.known_person();
  if (c.benefit == Benefit::st) {
    judge_st_referral(j, c.prescriber.kind, c.units);
    if (c.trial.value_or(false)) judge_st_trial(j, c.units, c.prescribed_on, std::nullopt);
    judge_st_indication(j, c.diagnoses, c.gaf);
  } else {
    const CivilDate received_on = c.received_on.value_or(j.command().happened.date);
    judge_age(j, person.born, received_on, c.severe ? std::optional(c.severe->no_self_care) : std::nullopt,
              c.severe ? std::optional(c.severe->inpatient_stays_12_months) : std::nullopt);
    judge_prescriber(j, c.prescriber.kind);
    judge_practice(j, c.prescriber.kind);
    judge_window(j, c.prescriber.kind, c.prescribed_on, c.discharged_on, c.land);
    judge_indication(j, c.diagnoses, c.final_stage, c.impairment);
    judge_setting(j, *c.setting);
    judge_units(j, c.units);
    judge_sapv(j, c.sapv);
  }
  if (!j.passes()) return j.refusal();

  ReferralReceived e;
  e.benefit = c.benefit;
  e.land = c.land;
  e.person_id = person_of(j.command(), c);
  e.person = j.seal(person);
  e.prescriber = j.seal(c.prescriber);
  e.prescribed_on = c.prescribed_on;
  e.received_on = c.received_on;
  e.units = c.units;
  e.diagnoses = j.seal(c.diagnoses);
  e.setting = c.setting;
  e.discharged_on = c.discharged_on;
  e.expected_discharge_on = c.expected_discharge_on;
  e.severe = severe_of(c.severe);
  e.final_stage = c.final_stage;
  e.impairment = c.impairment;
  e.sapv = c.sapv;
  e.gaf = c.gaf;
  e.trial = c.trial;
  e.coverage = c.coverage;
  return j.accept(e);
}

namespace {

void judge_amended_aftercare(Judgement& j, const AmendReferral& c) {
  const Case& state = j.state();
  if (c.person || c.received_on || c.severe) {
    const auto born = c.person     ? std::optional(c.person->born)
                      : j.person() ? std::optional(j.person()->born)
                                   : std::nullopt;
    const auto no_self_care = c.severe ? std::optional(c.severe->no_self_care) : state.no_self_care;
    const auto stays =
        c.severe ? std::optional(c.severe->inpatient_stays_12_months) : state.inpatient_stays_12_months;
    const auto flag = [&](std::optional<CivilDate> on) {
      if (!born || !on) return;
      if (const auto rule = broken_age_rule(j.numbers(), *born, *on, no_self_care, stays)) j.flags(*rule);
    };
    flag(c.received_on.value_or(state.received_on));
    flag(first_delivery_on(state));
  }
  const PrescriberKind prescriber = c.prescriber ? c.prescriber->kind : state.prescriber;
  const CivilDate prescribed_on = c.prescribed_on.value_or(state.prescribed_on);
  const auto discharged_on = c.discharged_on ? c.discharged_on : state.discharged_on;
  const Land land = c.land.value_or(state.land);
  if (c.prescriber) {
    judge_prescriber(j, prescriber);
    judge_practice(j, prescriber);
  }
  if (c.prescriber || c.prescribed_on) {
    judge_window(j, prescriber, prescribed_on, discharged_on, land);
  } else if (c.discharged_on && window_passed(j, prescriber, prescribed_on, discharged_on, land)) {
    j.flags(Rule::smn_prescriber_window);
  }
  if (!c.diagnoses.empty()) {
    judge_indication(j, c.diagnoses, c.final_stage ? c.final_stage : state.final_stage,
                     c.impairment ? c.impairment : state.impairment);
  } else if (c.impairment == false && !(c.final_stage ? c.final_stage : state.final_stage).value_or(false)) {
    j.breaks(Rule::smn_indication, sentence(message::an_impairment), sentence(message::impairment_is_denied),
             "impairment");
  }
  if (c.setting) judge_setting(j, *c.setting);
  if (c.units) judge_units(j, *c.units);
  judge_sapv(j, c.sapv);
}

// The diagnoses are sealed, so a GAF that is amended alone is not held against them.
void judge_amended_soziotherapie(Judgement& j, const AmendReferral& c) {
  const Case& state = j.state();
  const std::int32_t units = c.units.value_or(state.units);
  if (c.prescriber || c.units) {
    judge_st_referral(j, c.prescriber ? c.prescriber->kind : state.prescriber, units);
  }
  if (c.trial.value_or(state.trial.value_or(false)) && (c.trial || c.units || c.prescribed_on)) {
    judge_st_trial(j, units, c.prescribed_on.value_or(state.prescribed_on), 0);
  }
  if (!c.diagnoses.empty()) judge_st_indication(j, c.diagnoses, c.gaf ? c.gaf : state.gaf);
}

}  // namespace

// What is amended is judged anew. What becomes known later (a birth date that makes the child too old, a
// discharge that makes the prescription late) raises a finding and undoes nothing.
Decided decide_on(Judgement& j, const AmendReferral& c) {
  const Case& state = j.state();
  if (!j.stands(state_of(state) != CaseState::withdrawn, sentence(message::case_not_withdrawn),
                sentence(message::case_is, word(state_of(state))))) {
    return j.refusal();
  }
  if (const auto stranger = field_of_the_other(state.benefit, c)) {
    const Benefit other = state.benefit == Benefit::smn ? Benefit::st : Benefit::smn;
    if (!field_belongs(j, other, true, *stranger)) return j.refusal();
  }
  if (c.person) {
    if (const auto fact = fact_before(state, c.person->born)) {
      j.breaks(Rule::rec_birth, sentence(message::not_before_birth, fact->first),
               sentence(message::day_is, fact->second), "person.born");
    }
  }
  if (state.benefit == Benefit::st) {
    judge_amended_soziotherapie(j, c);
  } else {
    judge_amended_aftercare(j, c);
  }
  if (!j.passes()) return j.refusal();

  ReferralAmended e;
  e.land = c.land;
  if (c.person) e.person = j.seal(person_data(*c.person));
  if (c.prescriber) e.prescriber = j.seal(*c.prescriber);
  e.prescribed_on = c.prescribed_on;
  e.received_on = c.received_on;
  e.units = c.units;
  e.diagnoses = j.seal(c.diagnoses);
  e.setting = c.setting;
  e.discharged_on = c.discharged_on;
  e.expected_discharge_on = c.expected_discharge_on;
  e.severe = severe_of(c.severe);
  e.final_stage = c.final_stage;
  e.impairment = c.impairment;
  e.sapv = c.sapv;
  e.gaf = c.gaf;
  e.trial = c.trial;
  e.coverage = c.coverage;
  return j.accept(e);
}

Decided decide_on(Judgement& j, const ReceiveFollowUpReferral& c) {
  if (!j.not_ended() || !field_belongs(j, Benefit::st, c.trial.has_value(), "trial")) return j.refusal();
  if (j.state().benefit == Benefit::st) {
    judge_st_referral(j, c.prescriber.kind, c.units);
    if (c.trial.value_or(false)) judge_st_trial(j, c.units, c.prescribed_on, std::nullopt);
  } else {
    judge_prescriber(j, c.prescriber.kind);
  }
  if (!j.passes()) return j.refusal();
  return j.accept(
      FollowUpReferralReceived{c.prescribed_on, c.units, j.seal(c.prescriber), c.trial, j.seal(c.diagnoses)});
}

Decided decide_on(Judgement& j, const WithdrawReferral& c) {
  if (!j.not_ended() || !j.stands(!any_delivered(j.state()), sentence(message::no_delivered_visit),
                                  sentence(message::one_is_delivered))) {
    return j.refusal();
  }
  if (!j.passes()) return j.refusal();
  return j.accept(ReferralWithdrawn{j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const RecordDischarge& c) {
  const Case& state = j.state();
  if (!of_benefit(j, Benefit::smn) ||
      !j.stands(state_of(state) != CaseState::withdrawn, sentence(message::case_not_withdrawn),
                sentence(message::case_is, word(state_of(state))))) {
    return j.refusal();
  }
  if (!j.passes()) return j.refusal();
  if (window_passed(j, state.prescriber, state.prescribed_on, c.discharged_on, state.land)) {
    j.flags(Rule::smn_prescriber_window);
  }
  return j.accept(DischargeRecorded{c.discharged_on});
}

Decided decide_on(Judgement& j, const RecordCoverage& c) {
  const CaseState is = state_of(j.state());
  if (!j.stands(is != CaseState::withdrawn, sentence(message::case_not_withdrawn),
                sentence(message::case_is, word(is)))) {
    return j.refusal();
  }
  if (!j.passes()) return j.refusal();
  return j.accept(CoverageRecorded{c.coverage, c.since});
}

Decided decide_on(Judgement& j, const RecordExemption& c) {
  const CaseState is = state_of(j.state());
  if (!of_benefit(j, Benefit::st) ||
      !j.stands(is != CaseState::withdrawn, sentence(message::case_not_withdrawn),
                sentence(message::case_is, word(is))) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(ExemptionRecorded{c.from, c.until});
}

}  // namespace geleit
