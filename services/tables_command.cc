#include "services/tables_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <thread>

#include "events/rocks_damage.h"
#include "projections/projector.h"
#include "projections/rebuild.h"
#include "projections/store.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/damage_report.h"
#include "services/http/json_text.h"
#include "services/open_parts.h"
#include "services/progress_line.h"
#include "services/scratch_directory.h"

namespace geleit {
namespace {

using std::chrono::milliseconds;

/// Opening beside a service that writes can meet a file that it is just taking away.
constexpr int read_only_attempts = 5;
constexpr milliseconds read_only_wait{100};

struct TablesAsk {
  std::string table;
  DirectoryOptions where;
  bool json = false;
};

std::uint64_t records_in(const Positions& positions) {
  std::uint64_t sum = 0;
  for (const Offset offset : positions) sum += offset.value;
  return sum;
}

void write_positions(http::JsonWriter& json, const Positions& positions) {
  json.member("positions").object();
  for (std::size_t p = 0; p < positions.size(); ++p)
    json.member(std::to_string(p)).number(positions[p].value);
  json.end();
}

void write_differences(http::JsonWriter& json, const std::vector<TableDifference>& differences) {
  json.member("differences").array();
  for (const TableDifference& difference : differences) {
    json.object().member("table").string(name_of(difference.table)).member("keys").number(difference.keys);
    json.member("example").string(difference.example).end();
  }
  json.end();
}

Progress shown_by(ProgressLine& progress) {
  return [&progress](std::uint64_t events) {
    if (progress.due()) {
      progress.show(fmt::format("{} events ({} events/s)", events, per_second(events, progress.elapsed())));
    }
  };
}

// ---------------------------------------------------------------- rebuild

TableDifference difference_of(const Store& store, const Generation& made, Table table) {
  TableDifference difference{table, 0, {}};
  store.compare(made, table, [&](std::string_view key) {
    if (difference.keys++ > 0) return;
    for (const char octet : key)
      difference.example += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  });
  return difference;
}

/// How far to fold so that the old tables can be compared: as far as they have come, if they are of this log.
Positions comparable_end(const ReadableLog& log, const StoreState& state) {
  const Positions ends = log.ends();
  const Positions reached = state.positions();
  const bool same_log = state.log == log.info().id && reached.size() == ends.size();
  const bool covered = same_log && std::equal(reached.begin(), reached.end(), ends.begin(),
                                              [](Offset a, Offset b) { return a <= b; });
  return covered ? reached : ends;
}

void rebuild(const TablesAsk& ask, CommandLine& line) {
  const DataDirectory data = ask.where.directory();
  const SystemClock clock;
  const auto log = open_log(data, {[&clock] { return clock.now(); }, nullptr, nullptr});
  std::unique_ptr<Store> store;
  try {
    store = Store::open({.dir = data.tables()});
  } catch (const StoreDamaged& damage) {
    const auto aside = set_tables_aside(data.tables());
    fmt::print(stderr, "geleit rebuild: {}\n",
               say(line.for_people, message::tables_were_damaged, std::string_view(damage.what()),
                   std::string_view(aside.native())));
    store = Store::open({.dir = data.tables()});
  }
  const StoreState before = store->snapshot()->state();

  std::vector<TableDifference> differences;
  milliseconds comparing{0};
  const auto compare = [&](std::span<const Table> tables) {
    return [&, tables](const Generation& made) {
      if (before.log.is_nil()) return;
      const std::int64_t from = monotonic_ms();
      for (const Table table : tables) {
        TableDifference difference = difference_of(*store, made, table);
        if (difference.keys > 0) differences.push_back(std::move(difference));
      }
      comparing = milliseconds(monotonic_ms() - from);
    };
  };

  ProgressLine progress(stderr);
  const Progress shown = shown_by(progress);
  std::uint64_t events = 0;
  const TableInfo* only = ask.table.empty() ? nullptr : find_table(ask.table);
  if (only != nullptr && !is_from_log(only->table) && !before.log.is_nil()) {
    RuleBook rules;
    const Projector reads_the_rules(*log, *store, rules);
    const std::array tables{only->table};
    rebuild_from_cases(*store, rules, tables, shown, compare(tables));
    events = before.events;
  } else {
    std::vector<Table> tables;
    for (const TableInfo& table : all_tables) tables.push_back(table.table);
    RuleBook rules;
    const Positions until = comparable_end(*log, before);
    rebuild_from_log(*log, *store, rules, until, shown, compare(tables));
    events = records_in(until);
  }
  const milliseconds took = progress.elapsed() - comparing;

  RuleBook rules;
  Projector projector(*log, *store, rules);
  std::uint64_t further = 0;
  while (const std::size_t records = projector.step()) further += records;

  const double seconds = static_cast<double>(took.count()) / 1000;
  if (ask.json) {
    std::string out;
    http::JsonWriter json(out);
    json.object().member("events").number(events).member("seconds").decimal(seconds, 3);
    json.member("events_per_second").number(per_second(events, took)).member("compared");
    json.boolean(!before.log.is_nil());
    write_differences(json, differences);
    json.member("read_on").number(further);
    write_positions(json, store->snapshot()->state().positions());
    json.end();
    fmt::print("{}\n", out);
    return;
  }
  fmt::print("{} events in {:.1f} s ({} events/s)\n", events, seconds, per_second(events, took));
  if (before.log.is_nil()) {
    fmt::print("{}\n", say(line.for_people, message::tables_made));
  } else if (differences.empty()) {
    fmt::print("{}\n", say(line.for_people, message::tables_the_same));
  }
  for (const TableDifference& difference : differences) {
    fmt::print("{}\n", say(line.for_people, message::table_differs, name_of(difference.table),
                           difference.keys, difference.example));
  }
  if (further > 0) fmt::print("{}\n", say(line.for_people, message::tables_read_on, further));
}

// ---------------------------------------------------------------- check

/// Each damage with its place, and for each part the way back.
void tell_damage(const DamageReport& damage, const TablesAsk& ask, CommandLine& line) {
  line.status = Exit::refused;
  if (ask.json) {
    std::string out;
    http::JsonWriter json(out);
    json.object().member("same").boolean(false).member("damage").array();
    for (const auto* part : {&damage.log, &damage.keys, &damage.tables}) {
      for (const std::string& what : *part) json.string(what);
    }
    json.end().end();
    fmt::print("{}\n", out);
    return;
  }
  const auto tell = [&](const std::vector<std::string>& found, const auto& way_back) {
    if (found.empty()) return;
    for (const std::string& what : found) fmt::print("{}\n", what);
    fmt::print("{}\n", say(line.for_people, way_back, std::string_view()));
  };
  tell(damage.log, message::log_is_damaged);
  tell(damage.keys, message::keys_are_damaged);
  tell(damage.tables, message::tables_are_damaged);
}

void check(const TablesAsk& ask, CommandLine& line) {
  const DataDirectory data = ask.where.directory();
  const auto no_tables = [&] {
    fmt::print(stderr, "geleit check: {}\n",
               say(line.for_people, message::no_tables, data.tables().string()));
    line.status = Exit::unavailable;
  };
  if (!has_database_files(data.tables())) return no_tables();
  ProgressLine progress(stderr);
  DamageReport damage = find_damage(data, shown_by(progress));
  std::unique_ptr<Store> store;
  if (damage.empty()) {
    // The tables before the log: that is then at least as far.
    try {
      store = open_tables_read_only(data.tables());
    } catch (const StoreDamaged& found) { damage.tables.emplace_back(found.what()); }
  }
  if (!damage.empty()) return tell_damage(damage, ask, line);
  const auto log = open_log_read_only(data);
  const StoreState state = store->snapshot()->state();
  // Making them was cut off before the first of them was whole.
  if (state.log.is_nil()) return no_tables();
  if (state.log != log->info().id) {
    fmt::print(
        stderr, "geleit check: {}\n",
        say(line.for_people, message::tables_of_another_log, data.tables().string(), data.log_place()));
    line.status = Exit::unavailable;
    return;
  }
  require_reached(*log, state.positions());

  // Beside the tables there is room for as much again; or where the machine keeps what is temporary.
  const ScratchDirectory scratch(std::array{data.dir, std::filesystem::temp_directory_path()}, "check-");
  const auto differences = check_tables(*log, *store, scratch.dir(), shown_by(progress));
  const auto parked = store->parked();
  line.status = differences.empty() ? Exit::done : Exit::refused;
  if (ask.json) {
    std::string out;
    http::JsonWriter json(out);
    json.object().member("same").boolean(differences.empty()).member("events").number(state.events);
    json.member("damage").array().end();
    json.member("stale").number(state.stale).member("foreign").number(state.foreign);
    json.member("parked").number(parked.size());
    write_positions(json, state.positions());
    write_differences(json, differences);
    json.end();
    fmt::print("{}\n", out);
    return;
  }
  progress.tell(fmt::format("{} events in {:.1f} s", records_in(state.positions()),
                            static_cast<double>(progress.elapsed().count()) / 1000));
  if (differences.empty()) fmt::print("{}\n", say(line.for_people, message::nothing_differs));
  for (const TableDifference& difference : differences) {
    fmt::print("{}\n", say(line.for_people, message::table_differs, name_of(difference.table),
                           difference.keys, difference.example));
  }
  if (!parked.empty()) fmt::print("{}\n", say(line.for_people, message::cases_parked, parked.size()));
}

}  // namespace

const TableInfo* find_table(std::string_view name) {
  const auto found =
      std::find_if(all_tables.begin(), all_tables.end(), [&](const TableInfo& t) { return t.name == name; });
  return found == all_tables.end() ? nullptr : &*found;
}

CLI::Validator a_table() {
  std::string names;
  for (const TableInfo& table : all_tables) names.append(names.empty() ? "" : ", ").append(table.name);
  return expecting("one of " + names, "TABLE",
                   [](const std::string& text) { return find_table(text) != nullptr; });
}

std::unique_ptr<Store> open_tables_read_only(const std::filesystem::path& dir) {
  for (int attempt = 1;; ++attempt) {
    try {
      return Store::open({.dir = dir, .read_only = true});
    } catch (const StoreFailed&) {
      if (attempt == read_only_attempts) throw;
    }
    std::this_thread::sleep_for(read_only_wait);
  }
}

void add_rebuild(CommandLine& line) {
  auto ask = std::make_shared<TablesAsk>();
  CLI::App* command =
      line.app.add_subcommand("rebuild", "Make the tables anew from the log and switch to them");
  command->add_option("table", ask->table, "Only this one; all if left out")->check(a_table());
  add_directory_options(*command, ask->where);
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] { rebuild(*ask, line); });
}

void add_check(CommandLine& line) {
  auto ask = std::make_shared<TablesAsk>();
  CLI::App* command =
      line.app.add_subcommand("check", "Derive everything afresh and compare it with the tables");
  add_directory_options(*command, ask->where);
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] { check(*ask, line); });
}

}  // namespace geleit
