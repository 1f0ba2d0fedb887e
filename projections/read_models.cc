#include "projections/read_models.h"

namespace geleit {

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
  };
  return models;
}

}  // namespace geleit
