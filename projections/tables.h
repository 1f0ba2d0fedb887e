// Every table there is, with its number and version. Numbers are for ever; a version rises when what the
// table holds changes its meaning or layout: the table is then built beside the old one and switched to
// (store.h).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace geleit {

enum class Table : std::uint8_t {
  stored_cases = 1,  ///< case id -> folded case: what intake decides on
  trail = 2,         ///< case id, block -> 32 × (offset, last eight octets of the event's id)
  stale = 3,         ///< records that lost their race
  persons = 4,       ///< provider, person id -> case (a person already known)
  cases = 5,
  deadlines = 6,
  overdue_starts = 7,
  unit_balances = 8,
  tasks = 9,
  visits = 10,
  key_figures = 11,  ///< counters
  alerts = 12,
  timers = 13,  ///< what watch records once its time has come
};

struct TableInfo {
  Table table;
  std::uint32_t version;
  std::string_view name;
};
inline constexpr std::array<TableInfo, 13> all_tables{{
    {Table::stored_cases, 5, "stored-cases"},
    {Table::trail, 1, "trail"},
    {Table::stale, 1, "stale"},
    {Table::persons, 1, "persons"},
    {Table::cases, 2, "cases"},
    {Table::deadlines, 2, "deadlines"},
    {Table::overdue_starts, 2, "overdue-starts"},
    {Table::unit_balances, 1, "unit-balances"},
    {Table::tasks, 4, "tasks"},
    {Table::visits, 1, "visits"},
    {Table::key_figures, 3, "key-figures"},
    {Table::alerts, 1, "alerts"},
    {Table::timers, 1, "timers"},
}};

/// The name that people and programs know a table by.
[[nodiscard]] constexpr std::string_view name_of(Table table) {
  for (const TableInfo& info : all_tables) {
    if (info.table == table) return info.name;
  }
  return {};
}

}  // namespace geleit
