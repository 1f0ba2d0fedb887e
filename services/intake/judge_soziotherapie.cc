// The rules of Soziotherapie (ST) at referrals, applications and visits.
#include <algorithm>

#include "events/civil_time.h"
#include "projections/soziotherapie.h"
#include "services/intake/judgement.h"

namespace geleit {

bool of_benefit(Judgement& j, Benefit benefit) {
  return j.stands(j.state().benefit == benefit, sentence(message::a_case_of_benefit, word(benefit)),
                  sentence(message::benefit_is, word(j.state().benefit)));
}

bool field_belongs(Judgement& j, Benefit benefit, bool given, std::string_view field) {
  const Benefit is = j.state().benefit;
  return j.stands(!given || is == benefit, sentence(message::no_such_field_for, field, word(is)),
                  sentence(message::it_came), std::string(field));
}

void judge_st_referral(Judgement& j, PrescriberKind prescriber, std::int32_t units) {
  const RuleNumbers& numbers = j.numbers();
  const auto& listed = numbers.st_prescribers;
  if (std::find(listed.begin(), listed.end(), prescriber) == listed.end() &&
      units > numbers.st_other_prescriber_units_max) {
    j.breaks(Rule::st_prescriber, sentence(message::a_st_prescriber, numbers.st_other_prescriber_units_max),
             sentence(message::prescriber_of_units, word(prescriber), units), "prescriber.kind");
  }
  if (units > numbers.st_referral_units_max) {
    j.breaks(Rule::st_referral, sentence(message::units_at_most, numbers.st_referral_units_max),
             sentence(message::units_are, units), "units");
  }
}

void judge_st_indication(Judgement& j, const std::vector<DiagnosisGiven>& diagnoses,
                         std::optional<std::int32_t> gaf) {
  const RuleNumbers& numbers = j.numbers();
  const auto any_of = [&](const std::vector<std::string>& prefixes) {
    return std::any_of(diagnoses.begin(), diagnoses.end(),
                       [&](const DiagnosisGiven& d) { return is_listed(prefixes, d.icd); });
  };
  if (any_of(numbers.st_indication_prefixes)) return;
  const Sentence expected =
      sentence(message::a_listed_diagnosis_or_gaf, numbers.st_gaf_max, numbers.st_gaf_upper_bound);
  if (!any_of(numbers.st_indication_other_prefixes)) {
    j.breaks(Rule::st_indication, expected, sentence(message::none_is_listed), "diagnoses");
  } else if (!gaf) {
    j.breaks(Rule::st_indication, expected, sentence(message::gaf_is_missing), "gaf");
  } else if (*gaf > numbers.st_gaf_max) {
    j.breaks(Rule::st_indication, expected, sentence(message::gaf_is, *gaf), "gaf");
  }
}

void judge_st_trial(Judgement& j, std::int32_t units, CivilDate prescribed_on,
                    std::optional<std::size_t> referral) {
  const RuleNumbers& numbers = j.numbers();
  if (units > numbers.st_trial_units_max) {
    j.breaks(Rule::st_trial, sentence(message::trial_units_at_most, numbers.st_trial_units_max),
             sentence(message::units_are, units), "units");
  }
  const int year = to_ymd(prescribed_on).year;
  const int others = j.state().exists() ? trials_in_year(j.state(), year, referral) : 0;
  if (others + 1 > numbers.st_trials_per_year) {
    j.breaks(Rule::st_trial, sentence(message::trials_at_most, numbers.st_trials_per_year, year),
             sentence(message::would_be, others + 1), "trial");
  }
}

// What lies in the case, agreed, goes along unless the application says that it does not.
void judge_st_plan(Judgement& j, std::optional<bool> care_plan_attached) {
  if (care_plan_attached.value_or(j.state().care_plan_on.has_value())) return;
  j.breaks(Rule::st_plan, sentence(message::a_care_plan_attached), sentence(message::care_plan_is_missing),
           "care_plan_attached");
}

void judge_st_group(Judgement& j, std::int32_t group_size) {
  const int most = j.numbers().st_group_people_max;
  if (group_size <= most) return;
  j.breaks(Rule::st_group, sentence(message::people_at_most, most), sentence(message::units_are, group_size),
           "group_size");
}

namespace {

// A correction that neither moves the visit nor makes it more cannot be what goes too far: what became known
// since has, and is not undone by refusing it.
bool adds_nothing(const Judgement& j, const Visit& visit) {
  const Case& c = j.state();
  const Visit* before = c.find_visit(visit.id);
  return before && before->delivered() && visit.on == before->on && visit.minutes <= before->minutes &&
         weight_of(c, visit, j.numbers()) <= weight_of(c, *before, j.numbers());
}

void judge_st_trial_minutes(Judgement& j, const Visit& visit) {
  const ReferralIndex referral = referral_on(j.state(), visit.on);
  if (!is_trial(j.state(), referral)) return;
  const Minutes most = minutes_of_units(j.numbers().st_trial_units_max);
  const Minutes reached = trial_minutes(j.state(), referral, visit.id) + visit.minutes;
  if (reached > most) {
    j.breaks(Rule::st_trial, sentence(message::trial_minutes_at_most, most.value),
             sentence(message::would_be, reached.value), "minutes");
  }
}

void judge_st_total(Judgement& j, const Visit& visit) {
  const RuleNumbers& numbers = j.numbers();
  if (!numbers.st_trials_count && is_trial_unit(j.state(), visit)) return;
  const TotalReached reached = total_with(j.state(), visit, j.rule_book(), numbers);
  if (reached.minutes > numbers.st_total_minutes) {
    j.breaks(Rule::st_total,
             sentence(message::total_at_most, numbers.st_total_minutes.value, reached.window.from,
                      reached.window.until),
             sentence(message::would_be, reached.minutes.value), "minutes");
  } else if (overfills_another(j.state(), visit, j.rule_book(), numbers)) {
    j.flags(Rule::st_total);
  }
}

}  // namespace

void judge_st_delivered(Judgement& j, const Visit& visit) {
  if (!adds_nothing(j, visit)) {
    judge_st_trial_minutes(j, visit);
    judge_st_total(j, visit);
  }
  judge_st_group(j, visit.group_size);
}

}  // namespace geleit
