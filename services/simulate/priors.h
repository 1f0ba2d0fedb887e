// The priors of schema/simulation.toml, typed. What a value means and where it comes from stands there,
// beside it.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "services/simulate/dice.h"

namespace geleit {

struct Priors {
  struct Size {
    int customer_units_a_year, country_children_a_year, country_facilities, children_per_staff, run_in_days,
        run_out_days;
    Fixed facility_spread;
  } size;
  struct Referral {
    Share before_discharge, at_discharge, after_discharge, late_after_discharge, impairment_told,
        unlisted_diagnosis;
    Share final_stage, sapv, ambulatory, units_below_minimum, units_above_maximum, amended, withdrawn;
    int before_days_max, after_days_max;
    Weights entered_after_working_days, prescribed_days_before;
  } referral;
  struct Discharge {
    std::array<std::uint32_t, 7> weekday_weights;  ///< Monday to Sunday
    Weights entered_after_working_days;
    Share corrected;
  } discharge;
  struct Child {
    Weights groups;  ///< in the order of the file: preterm, newborn, malformed, tumour, chronic, adolescent
    LogNormal newborn_stay;
  } child;
  struct Prescriber {
    Share rehab, paediatrician_after, general_practitioner_after;
  } prescriber;
  struct Coverage {
    Share unresolved;
    LogNormal resolved_after;
  } coverage;
  struct Application {
    LogNormal submitted_after, answer, answer_with_expert;
    Share expert, unanswered, denied, objected, upheld, instruction_missing, fewer_units;
    Share approval_corrected, approval_revoked, regime_sgb9;
    int approval_days;
  } application;
  struct Start {
    LogNormal discharge_to_first_unit;
    Share preparatory;
  } start;
  struct Units {
    Weights contingent;  ///< outcome 0 is `least` units
    int least, most;
    Share not_used_up, beyond;
    Fixed care_days_mean, care_days_deviation;
  } units;
  struct Extension {
    Share share, denied;
    int least, most;
  } extension;
  struct Visit {
    Weights places;                   ///< home, phone, elsewhere
    std::array<Weights, 3> quarters;  ///< by place; outcome 0 is 15 minutes
    Share home_floor, unscheduled, moved, cancelled, missed, minutes_differ, start_told, note;
    Share corrected_soon, corrected_late, entered_twice;
    Share unscheduled_phone;  ///< of the contacts by phone, computed: the others are always scheduled
    int mean_minutes;         ///< over all places, computed
  } visit;
  struct Paper {
    Weights documented_after_working_days;
    Share documented_15_to_18, sent_twice, wrong_version;
    Share kept_for_month_end;  ///< computed from month_end_factor
  } paper;
  struct End {
    Share discontinued, goal_reached, final_report, reopened;
    Weights causes;  ///< in the order of `Cause`
  } end;
  struct Soziotherapie {
    Share share;  ///< of all cases of a facility
    Share trial, other_prescriber, other_diagnosis, gaf_above, withdrawn, denied, discontinued, follow_up;
    Share group, exempt;
    int approval_days;
  } soziotherapie;
  struct Office {
    std::vector<int> closed;  ///< month × 100 + day
    Share full_time;
  } office;

  /// Reads the TOML text. Throws std::invalid_argument naming the table and key that is missing, unknown or
  /// out of bounds ("priors: expected visit.home from 0 to 1, but it is 25").
  [[nodiscard]] static Priors parse(std::string_view toml);
};

/// schema/simulation.toml as it was when the program was built.
[[nodiscard]] std::string_view shipped_priors();

}  // namespace geleit
