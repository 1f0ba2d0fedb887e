#include "projections/rebuild.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "events/codec.h"
#include "events/sha256.h"
#include "projections/bulk_rows.h"
#include "projections/evolve.h"

namespace geleit {
namespace {

/// Gives what a rebuild has freed back to the machine at its end; the allocator would keep it for the life of
/// the service.
struct FreedMemory {
  ~FreedMemory() { ::malloc_trim(0); }
};

}  // namespace

void rebuild_from_log(const ReadableLog& log, Store& store, RuleBook& rules, const Positions& until,
                      const Progress& progress, const BeforeSwitch& before_switch,
                      const std::stop_token& stop, std::optional<CivilDate> as_of) {
  const FreedMemory freed;  // after all that follows
  Watched watched(progress, stop);
  std::vector<Table> tables;
  for (const TableInfo& table : all_tables) tables.push_back(table.table);
  auto generation = store.begin(tables);

  std::vector<FoldedPartition> partitions = fold_partitions(log, until, rules, as_of, watched);

  // Every rule set that the log holds has been read now; a case that was judged by another one is parked.
  BulkBuilt built = build_tables(
      partitions, rules, [&] { return generation->loader(); }, watched);
  built.state.log = log.info().id;

  auto batch = store.batch();
  for (const Parked& before : store.parked()) batch->unpark(before.id, before.table);
  for (const Parked& one : built.parked) batch->park(one);
  for (const std::string& provider : built.providers) batch->provider(provider);
  for (const FoldedPartition& partition : partitions) {
    for (const FoldedPartition::Kept& kept : partition.settings) {
      if (kept.scope == SettingsScope::shipped)
        batch->settings(kept.hash, kept.content);
      else
        batch->adopted(kept.stream, kept.version, kept.content);
    }
    for (const auto& [stream, head] : partition.settings_streams) batch->stream(stream, head);
  }
  generation->complete();
  if (before_switch) before_switch(*generation);
  watched.look();
  store.adopt(std::move(generation), std::move(batch), built.state);
  watched.done();
}

void rebuild_from_cases(Store& store, const RuleBook& rules, std::span<const Table> tables,
                        const Progress& progress, const BeforeSwitch& before_switch,
                        const std::stop_token& stop) {
  Watched watched(progress, stop);
  auto generation = store.begin(tables);
  const auto snapshot = store.snapshot();
  // Rows sort by provider, cases by id: what is held in between is the order only, not the cases.
  std::vector<std::pair<std::string, CaseId>> order;
  StoredCase stored;
  snapshot->scan(Table::stored_cases, "", false, [&](std::string_view key, std::string_view value) {
    decode_stored_case(value, stored);
    if (stored.state.exists()) order.emplace_back(stored.state.provider, CaseId{read_id(key)});
    return true;
  });
  std::sort(order.begin(), order.end());
  const auto loader = generation->loader();
  BulkRows rows(rules, tables, *loader);
  std::uint64_t events = 0;
  std::size_t cases = 0;
  for (const auto& [provider, id] : order) {
    decode_stored_case(snapshot->get(Table::stored_cases, id_key(id.value)).value(), stored);
    rows.add(stored.state, {});
    events += stored.head.version.value;
    if (++cases % cases_between_looks == 0) watched.read(std::exchange(events, 0));
  }
  rows.finish();
  loader->finish();
  watched.read(events);

  StoreState state = snapshot->state();
  for (const Table table : tables)
    state.rows[static_cast<std::size_t>(table)] = rows.rows()[static_cast<std::size_t>(table)];
  auto batch = store.batch();
  for (const Parked& parked : store.parked()) {
    if (std::find(tables.begin(), tables.end(), parked.table) != tables.end())
      batch->unpark(parked.id, parked.table);
  }
  for (Parked parked : rows.parked()) {
    decode_stored_case(snapshot->get(Table::stored_cases, id_key(parked.id.value)).value(), stored);
    const Version last = stored.state.head.version;
    parked.position = positions_along_trail(*snapshot, parked.id, last, last).front();
    batch->park(parked);
  }
  generation->complete();
  if (before_switch) before_switch(*generation);
  watched.look();
  store.adopt(std::move(generation), std::move(batch), state);
}

std::vector<Position> positions_along_trail(const Snapshot& snapshot, const CaseId& id, Version first,
                                            Version last) {
  std::vector<Position> positions;
  const auto partitions = static_cast<std::uint16_t>(snapshot.state().reached.size());
  std::optional<std::string> block;
  for (Version v = first; v <= last; v = next(v)) {
    const std::uint32_t place = (v.value - 1) % trail_block_versions;
    if (!block || place == 0) block = snapshot.get(Table::trail, trail_key(id, trail_block_of(v)));
    if (!block || block->size() < (place + 1) * trail_entry_octets)
      throw StoreDamaged("the trail of a case has a gap; rebuild the tables");
    positions.push_back({partition_of(id, partitions), read_trail(*block, place).offset});
  }
  return positions;
}

std::optional<FoldStop> fold_along_trail(const ReadableLog& log, const Snapshot& snapshot, const CaseId& id,
                                         StoredCase& stored) {
  // The case may not exist yet; then its first event opens it.
  std::vector<Position> positions =
      positions_along_trail(snapshot, id, next(stored.state.head.version), stored.head.version);
  const Case before = stored.state;
  const auto fold = [&](const StoredRecord& record) {
    evolve(stored.state, decode(record.bytes), stated_hash(record.bytes));
  };
  Position at;
  try {
    log.read_at(positions, [&](const StoredRecord& record) {
      at = {record.partition, record.offset};
      fold(record);
    });
  } catch (const FoldFailed& failure) {
    // A failed fold leaves a case undefined: it is folded again, up to the event before.
    positions.erase(std::find(positions.begin(), positions.end(), at), positions.end());
    stored.state = before;
    log.read_at(positions, fold);
    return FoldStop{at, failure.what()};
  }
  return std::nullopt;
}

std::vector<TableDifference> check_tables(const ReadableLog& log, const Store& store,
                                          const std::filesystem::path& scratch, const Progress& progress,
                                          const std::stop_token& stop) {
  std::filesystem::remove_all(scratch);
  std::vector<TableDifference> differences;
  {
    const auto afresh = Store::open({.dir = scratch});
    RuleBook rules;
    rebuild_from_log(log, *afresh, rules, store.snapshot()->state().positions(), progress, {}, stop);
    for (const TableInfo& table : all_tables) {
      TableDifference difference{table.table, 0, {}};
      store.compare(*afresh, table.table, [&](std::string_view key) {
        if (difference.keys++ > 0) return;
        for (const char octet : key)
          difference.example += fmt::format("{:02x}", static_cast<unsigned char>(octet));
      });
      if (difference.keys > 0) differences.push_back(difference);
    }
  }
  std::filesystem::remove_all(scratch);
  return differences;
}

}  // namespace geleit
