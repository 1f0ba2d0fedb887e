#include "projections/read_models.h"

namespace geleit {

std::span<const ReadModel> read_models() {
  static constexpr std::array<ReadModel, 8> models{{
      {Table::persons, derive_persons},
      {Table::cases, derive_cases},
      {Table::deadlines, derive_deadlines},
      {Table::overdue_starts, derive_overdue_starts},
      {Table::unit_balances, derive_unit_balances},
      {Table::tasks, derive_tasks},
      {Table::visits, derive_visits},
      {Table::key_figures, derive_key_figures},
  }};
  return models;
}

}  // namespace geleit
