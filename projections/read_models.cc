#include "projections/read_models.h"

#include "projections/deadlines.h"

namespace geleit {

Subject::Subject(const Case& the_case, const RuleBook& rule_book)
    : c(the_case),
      rules(rule_book),
      state(state_of(c)),
      ended(is_ended(state)),
      first_unit_on(geleit::first_unit_on(c)),
      last_unit_on(geleit::last_unit_on(c)),
      booking(book(c, rules)) {}

const std::vector<DeadlineRow>& Subject::deadlines() const {
  if (!deadlines_) deadlines_ = std::make_shared<const std::vector<DeadlineRow>>(deadlines_of(c, rules));
  return *deadlines_;
}

std::span<const ReadModel> read_models() {
  static constexpr std::array models{
      ReadModel{Table::persons, derive_persons},
      ReadModel{Table::cases, derive_cases},
      ReadModel{Table::deadlines, derive_deadlines},
      ReadModel{Table::overdue_starts, derive_overdue_starts},
      ReadModel{Table::unit_balances, derive_unit_balances},
      ReadModel{Table::tasks, derive_tasks},
      ReadModel{Table::visits, derive_visits},
      ReadModel{Table::key_figures, derive_key_figures},
      ReadModel{Table::alerts, derive_alerts},
      ReadModel{Table::timers, derive_timers},
  };
  return models;
}

}  // namespace geleit
