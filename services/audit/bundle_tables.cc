#include "services/audit/bundle_tables.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/figures.h"
#include "projections/reading.h"

namespace geleit {

const std::vector<BundleTable>& bundle_tables() {
  static const std::vector<BundleTable> tables = [] {
    std::vector<BundleTable> all;
    for (const ListTable& list : list_tables()) all.push_back({list.name, list.columns, &list});
    all.push_back({name_of(Table::key_figures), figure_columns(), nullptr});
    return all;
  }();
  return tables;
}

ReplayedTables::ReplayedTables(const ReadableLog& records, const std::filesystem::path& dir,
                               const Progress& progress, const std::stop_token& stop)
    : store_(Store::open({.dir = dir})) {
  rebuild_from_log(records, *store_, rules_, records.ends(), progress, {}, stop);
}

void visit_rows(const BundleTable& table, const Reading& reading, std::string_view provider,
                const Asked& asked, BundleOpening& opening,
                const std::function<void(const AnyRow&, const Asked&)>& visit) {
  if (table.list == nullptr) {
    FigureQuery query;
    query.provider = std::string(provider);
    query.today = asked.today;
    query.rules = asked.rules;
    for (FigureRow& row : figures(reading, query)) visit(std::move(row), asked);
    return;
  }
  AnyRow row;
  reading.rows(table.list->table, provider, Run{}, [&](const FoundRow& found) {
    table.list->decode(found.key, found.bytes, row);
    if (table.list->stands && !table.list->stands(row, asked.today)) return true;
    Asked opened = asked;
    std::optional<PersonData> person;
    std::optional<std::string> note;
    if (const auto* c = std::get_if<CaseRow>(&row)) person = opening.person_of(*c);
    if (const auto* a = std::get_if<AlertRow>(&row)) note = opening.note_of(*a);
    opened.person = person ? &*person : nullptr;
    opened.note = note ? &*note : nullptr;
    visit(row, opened);
    return true;
  });
}

std::string sql_name(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return out;
}

std::vector<SqlColumn> sql_columns(const BundleTable& table) {
  std::vector<SqlColumn> columns;
  for (const Column& column : table.columns) {
    if (column.type == ColumnType::object) continue;
    const SqlType type = column.type == ColumnType::integer   ? SqlType::integer
                         : column.type == ColumnType::decimal ? SqlType::real
                                                              : SqlType::text;
    columns.push_back({sql_name(column.name), type});
  }
  return columns;
}

namespace {

SqlValue sql_value(ColumnType type, Value value) {
  if (auto* text = std::get_if<std::string>(&value)) return std::move(*text);
  if (const auto* id = std::get_if<Uuid>(&value)) return to_string(*id);
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return std::monostate{};
  switch (type) {
    case ColumnType::date: return to_string(CivilDate{static_cast<std::int32_t>(*number)});
    case ColumnType::instant: return to_string(Instant{*number});
    case ColumnType::decimal: return static_cast<double>(*number) / 100;
    case ColumnType::integer:
    case ColumnType::uuid:
    case ColumnType::text:
    case ColumnType::vocabulary:
    case ColumnType::boolean:
    case ColumnType::object: break;
  }
  return *number;
}

}  // namespace

void sql_values(const BundleTable& table, const AnyRow& row, const Asked& asked, std::vector<SqlValue>& out) {
  out.clear();
  for (const Column& column : table.columns) {
    if (column.type != ColumnType::object) out.push_back(sql_value(column.type, column.get(row, asked)));
  }
}

}  // namespace geleit
