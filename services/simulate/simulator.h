// The life of many providers as one stream of commands (API.md), in the order in which they are entered.
// Pure: the same options and priors give the same bytes on every machine. Memory holds the cases that are
// open at one time, a few thousand for the whole country, however many years are told.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "services/simulate/almanac.h"
#include "services/simulate/case_plan.h"
#include "services/simulate/facility.h"
#include "services/simulate/priors.h"

namespace geleit {

struct SimulationOptions {
  static constexpr int facilities_max = 10'000;
  static constexpr int years_max = 50;

  std::uint64_t seed = 1;
  int facilities = 1;
  int years = 1;
  CivilDate start = civil(2025, 1, 1);  ///< from 1995 on, ending by 2090
};

class Simulator {
 public:
  /// Throws std::invalid_argument when an option lies outside its bounds.
  ///
  /// Lines begin `size.run_in_days` before `start`, so that cases are under way when the first year begins,
  /// and go on for `size.run_out_days` after the last one: the units that are delivered within the years are
  /// complete. Cases that are still open then stay open.
  Simulator(const SimulationOptions& options, const Priors& priors);

  /// Appends the next line and its newline to `out`; false at the end. `entered` never goes back.
  bool next(std::string& out);

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  /// Children taken on, and persons of Soziotherapie beside them.
  [[nodiscard]] std::uint64_t children() const { return children_; }
  [[nodiscard]] std::uint64_t st_cases() const { return st_cases_; }
  /// Cases held now, and the most there were.
  [[nodiscard]] std::size_t live_cases_max() const { return live_cases_max_; }
  [[nodiscard]] const Facility& facility(std::size_t index) const { return *offices_[index].facility; }

 private:
  struct Office {
    std::unique_ptr<Facility> facility;
    std::unique_ptr<Facility> st_team;  ///< the same place with people of its own; null: no Soziotherapie
    std::uint64_t next_case = 0, next_st_case = 0;
  };
  struct Live {
    CasePlan plan;
    std::size_t next_step = 0;
  };
  /// The next thing to come: a line of a live case, or a referral that opens one.
  struct Due {
    Moment at;
    std::uint64_t order;  ///< breaks ties the same way everywhere
    std::uint32_t index;
    enum class What : std::uint8_t { line, smn_referral, st_referral } what;
    friend bool operator<(const Due& a, const Due& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  [[nodiscard]] Fixed rehearse_customer() const;
  void await_referral(std::uint32_t office, Due::What what);
  void open_case(std::uint32_t office, Moment at, Due::What what);

  SimulationOptions options_;
  Priors priors_;
  CivilDate first_, last_;
  std::unique_ptr<Almanac> almanac_;
  std::vector<Office> offices_;
  std::vector<Live> live_;
  std::vector<std::uint32_t> free_;
  std::priority_queue<Due> due_;
  std::uint64_t order_ = 0, lines_ = 0, children_ = 0, st_cases_ = 0;
  std::size_t live_cases_ = 0, live_cases_max_ = 0;
};

}  // namespace geleit
