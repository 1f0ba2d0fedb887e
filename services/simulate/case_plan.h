// One person's care from referral to final report, as the commands that a provider would enter. A case is
// drawn whole when its referral comes due; its lines then wait for their moment. One plan for each benefit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/simulate/almanac.h"
#include "services/simulate/facility.h"
#include "services/simulate/priors.h"

namespace geleit {

struct CasePlan {
  /// A command and the moment it is entered. Two steps may show the same text: a command sent twice.
  struct Step {
    Moment entered;
    std::uint32_t begin = 0, length = 0;  ///< in `text`: what follows the value of `entered`
  };

  std::string text;
  std::vector<Step> steps;  ///< by `entered`, each later than the one before
  /// What stands delivered at the end of the story, voided visits taken out.
  struct Delivered {
    CivilDate day;
    int minutes = 0;
  };
  std::vector<Delivered> delivered;

  [[nodiscard]] std::string_view line(const Step& step) const {
    return std::string_view(text).substr(step.begin, step.length);
  }
};

/// The facility's case number `number` (0, 1, 2 …), whose referral is entered at `arrival`. Books the hours
/// of the staff.
[[nodiscard]] CasePlan plan_smn_case(std::uint64_t seed, std::uint64_t number, Moment arrival,
                                     Facility& facility, const Priors& priors, const Almanac& almanac);
/// The same for Soziotherapie. The cases of the two benefits are counted and drawn apart, so that neither
/// changes the other.
[[nodiscard]] CasePlan plan_st_case(std::uint64_t seed, std::uint64_t number, Moment arrival,
                                    Facility& facility, const Priors& priors, const Almanac& almanac);

}  // namespace geleit
