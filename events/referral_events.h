// Referral, amendment, follow-up, discharge, coverage: who is accompanied and why.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// Who prescribed. The name is a person's, hence sealed; the numbers name a practice.
struct Prescriber {
  PrescriberKind kind{};
  Sealed name;
  std::string_view lanr;
  std::string_view bsnr;
  static constexpr auto fields =
      std::tuple{field("kind", &Prescriber::kind), field("name", &Prescriber::name),
                 field("lanr", &Prescriber::lanr), field("bsnr", &Prescriber::bsnr)};
  friend bool operator==(const Prescriber&, const Prescriber&) = default;
};

/// SMN-SEVERE: what makes a child of 14 to 17 eligible.
struct Severe {
  bool no_self_care{};
  std::int32_t inpatient_stays_12_months{};
  static constexpr auto fields =
      std::tuple{field("no_self_care", &Severe::no_self_care),
                 field("inpatient_stays_12_months", &Severe::inpatient_stays_12_months)};
  friend bool operator==(const Severe&, const Severe&) = default;
};

/// Opens a case. `person` seals a PersonData, `diagnoses` a list of ICD codes (codec.h).
struct ReferralReceived {
  Benefit benefit{};
  Land land{};
  PersonId person_id{};
  Sealed person;  ///< given_name … postal_code
  Prescriber prescriber{};
  CivilDate prescribed_on{};
  std::optional<CivilDate> received_on;  ///< default: the date of `happened`
  std::int32_t units{};                  ///< whole units prescribed
  Sealed diagnoses;
  std::optional<Setting> setting;  ///< SMN
  std::optional<CivilDate> discharged_on;
  std::optional<CivilDate> expected_discharge_on;
  std::optional<Severe> severe;
  std::optional<bool> final_stage;
  std::optional<bool> impairment;
  std::optional<bool> sapv;
  std::optional<std::int32_t> gaf;  ///< ST
  std::optional<bool> trial;        ///< ST
  std::optional<Coverage> coverage;
  static constexpr auto fields =
      std::tuple{field("benefit", &ReferralReceived::benefit),
                 field("land", &ReferralReceived::land),
                 field("person_id", &ReferralReceived::person_id),
                 field("person", &ReferralReceived::person),
                 field("prescriber", &ReferralReceived::prescriber),
                 field("prescribed_on", &ReferralReceived::prescribed_on),
                 field("received_on", &ReferralReceived::received_on),
                 field("units", &ReferralReceived::units),
                 field("diagnoses", &ReferralReceived::diagnoses),
                 field("setting", &ReferralReceived::setting),
                 field("discharged_on", &ReferralReceived::discharged_on),
                 field("expected_discharge_on", &ReferralReceived::expected_discharge_on),
                 field("severe", &ReferralReceived::severe),
                 field("final_stage", &ReferralReceived::final_stage),
                 field("impairment", &ReferralReceived::impairment),
                 field("sapv", &ReferralReceived::sapv),
                 field("gaf", &ReferralReceived::gaf),
                 field("trial", &ReferralReceived::trial),
                 field("coverage", &ReferralReceived::coverage)};
  friend bool operator==(const ReferralReceived&, const ReferralReceived&) = default;
};

/// Replaces the fields that are set, from the referral's start on.
struct ReferralAmended {
  std::optional<Land> land;
  Sealed person;
  std::optional<Prescriber> prescriber;
  std::optional<CivilDate> prescribed_on;
  std::optional<CivilDate> received_on;
  std::optional<std::int32_t> units;
  Sealed diagnoses;
  std::optional<Setting> setting;
  std::optional<CivilDate> discharged_on;
  std::optional<CivilDate> expected_discharge_on;
  std::optional<Severe> severe;
  std::optional<bool> final_stage;
  std::optional<bool> impairment;
  std::optional<bool> sapv;
  std::optional<std::int32_t> gaf;
  std::optional<bool> trial;
  std::optional<Coverage> coverage;
  static constexpr auto fields =
      std::tuple{field("land", &ReferralAmended::land),
                 field("person", &ReferralAmended::person),
                 field("prescriber", &ReferralAmended::prescriber),
                 field("prescribed_on", &ReferralAmended::prescribed_on),
                 field("received_on", &ReferralAmended::received_on),
                 field("units", &ReferralAmended::units),
                 field("diagnoses", &ReferralAmended::diagnoses),
                 field("setting", &ReferralAmended::setting),
                 field("discharged_on", &ReferralAmended::discharged_on),
                 field("expected_discharge_on", &ReferralAmended::expected_discharge_on),
                 field("severe", &ReferralAmended::severe),
                 field("final_stage", &ReferralAmended::final_stage),
                 field("impairment", &ReferralAmended::impairment),
                 field("sapv", &ReferralAmended::sapv),
                 field("gaf", &ReferralAmended::gaf),
                 field("trial", &ReferralAmended::trial),
                 field("coverage", &ReferralAmended::coverage)};
  friend bool operator==(const ReferralAmended&, const ReferralAmended&) = default;
};

/// Another prescription in the same case; an extension needs one.
struct FollowUpReferralReceived {
  CivilDate prescribed_on{};
  std::int32_t units{};
  Prescriber prescriber{};
  std::optional<bool> trial;  ///< ST
  Sealed diagnoses;
  static constexpr auto fields = std::tuple{field("prescribed_on", &FollowUpReferralReceived::prescribed_on),
                                            field("units", &FollowUpReferralReceived::units),
                                            field("prescriber", &FollowUpReferralReceived::prescriber),
                                            field("trial", &FollowUpReferralReceived::trial),
                                            field("diagnoses", &FollowUpReferralReceived::diagnoses)};
  friend bool operator==(const FollowUpReferralReceived&, const FollowUpReferralReceived&) = default;
};

/// Ends the case before any care.
struct ReferralWithdrawn {
  Sealed reason;
  static constexpr auto fields = std::tuple{field("reason", &ReferralWithdrawn::reason)};
  friend bool operator==(const ReferralWithdrawn&, const ReferralWithdrawn&) = default;
};

/// End of the hospital stay; a later one corrects the earlier.
struct DischargeRecorded {
  CivilDate discharged_on{};
  static constexpr auto fields = std::tuple{field("discharged_on", &DischargeRecorded::discharged_on)};
  friend bool operator==(const DischargeRecorded&, const DischargeRecorded&) = default;
};

/// Who accompanies: staff slugs.
struct CareTeamAssigned {
  std::string_view lead;
  std::vector<std::string_view> members;
  static constexpr auto fields =
      std::tuple{field("lead", &CareTeamAssigned::lead), field("members", &CareTeamAssigned::members)};
  friend bool operator==(const CareTeamAssigned&, const CareTeamAssigned&) = default;
};

/// Whether the insurer covers the person.
struct CoverageRecorded {
  Coverage coverage{};
  CivilDate since{};
  static constexpr auto fields =
      std::tuple{field("coverage", &CoverageRecorded::coverage), field("since", &CoverageRecorded::since)};
  friend bool operator==(const CoverageRecorded&, const CoverageRecorded&) = default;
};

/// ST: exempt from co-payment in a period (§ 62 SGB V).
struct ExemptionRecorded {
  CivilDate from{};
  CivilDate until{};
  static constexpr auto fields =
      std::tuple{field("from", &ExemptionRecorded::from), field("until", &ExemptionRecorded::until)};
  friend bool operator==(const ExemptionRecorded&, const ExemptionRecorded&) = default;
};

}  // namespace geleit
