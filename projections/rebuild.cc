#include "projections/rebuild.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <thread>

#include "events/codec.h"
#include "events/sha256.h"
#include "projections/bulk_rows.h"
#include "projections/evolve.h"
#include "projections/partition_fold.h"

namespace geleit {
namespace {

constexpr std::size_t bulk_records_max = 16'384;
/// Shares of the cases that are derived by themselves: more than workers, so that all of them end together.
constexpr std::size_t shares = 2 * std::size_t{rebuild_workers};
constexpr std::size_t cases_between_looks = 1'024;

/// What the workers tell while they work, and whether they are to go on.
class Watched {
 public:
  Watched(const Progress& progress, std::stop_token stop) : progress_(progress), stop_(std::move(stop)) {}

  void read(std::uint64_t records) {
    tell(records_.fetch_add(records) + records);
    look();
  }
  void look() const {
    if (stop_.stop_requested()) throw RebuildStopped("the tables are not finished: asked to stop");
  }
  /// The same once more, so that a long silence is none.
  void go_on() { read(0); }
  /// Nothing can be stopped any more.
  void done() { tell(records_); }

 private:
  void tell(std::uint64_t records) {
    // Who finds somebody telling goes on.
    if (const std::unique_lock turn(telling_, std::try_to_lock); progress_ && turn) progress_(records);
  }

  const Progress& progress_;
  std::stop_token stop_;
  std::mutex telling_;
  std::atomic<std::uint64_t> records_{0};
};

/// Gives what a rebuild has freed back to the machine at its end; the allocator would keep it for the life of
/// the service.
struct FreedMemory {
  ~FreedMemory() { ::malloc_trim(0); }
};

/// What a worker is to do, told which one it is.
using Work = std::function<void(std::size_t worker)>;

/// Runs all tasks on the workers; when one fails, the others end after the task they are at.
void run_all(std::span<const Work> tasks) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](std::size_t worker) {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      try {
        tasks[i](worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = tasks.size();
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < std::min<std::size_t>(rebuild_workers, tasks.size()); ++worker)
      workers.emplace_back(work, worker);
  }
  if (failure) std::rethrow_exception(failure);
}

FoldedPartition fold_partition(const ReadableLog& log, Partition partition, Offset until, PartitionFold& fold,
                               Watched& watched) {
  fold.begin(partition, until);
  const auto reader = log.read(partition, Offset{0});
  std::vector<StoredRecord> records;
  while (fold.next() < until) {
    reader->next(records, bulk_records_max);
    if (records.empty()) {
      throw LogCorrupt(fmt::format("partition {} ends before {}", partition.value, until.value));
    }
    for (const StoredRecord& record : records) {
      if (record.offset >= until) break;
      fold.add(record);
    }
    watched.read(records.size());
  }
  return fold.finish(log);
}

std::vector<FoldedPartition> fold_partitions(const ReadableLog& log, const Positions& until, RuleBook& rules,
                                             Watched& watched) {
  const std::uint16_t count = log.info().partitions;
  std::vector<FoldedPartition> partitions(count);
  std::deque<PartitionFold> folds;  // by worker
  for (unsigned i = 0; i < rebuild_workers; ++i) folds.emplace_back(count, rules);
  std::vector<Work> tasks;
  for (std::uint16_t p = 0; p < count; ++p) {
    tasks.emplace_back([&, p](std::size_t worker) {
      partitions[p] = fold_partition(log, Partition{p}, until[p], folds[worker], watched);
    });
  }
  run_all(tasks);
  return partitions;
}

/// Cases and trails of some streams, in the order of their ids.
std::array<std::uint64_t, 32> write_streams(std::span<const FoldedPartition::Stream* const> streams,
                                            Loader& loader, const Watched& watched) {
  std::array<std::uint64_t, 32> rows{};
  constexpr std::size_t block_octets = trail_block_versions * trail_entry_octets;
  std::size_t written = 0;
  for (const FoldedPartition::Stream* stream : streams) {
    if (++written % cases_between_looks == 0) watched.look();
    if (!stream->stored.empty()) {
      loader.put(Table::stored_cases, 0, id_key(stream->id.value), stream->stored);
      ++rows[static_cast<std::size_t>(Table::stored_cases)];
    }
    for (std::size_t at = 0; at < stream->trail.size(); at += block_octets) {
      const auto block = static_cast<std::uint32_t>(at / block_octets);
      loader.put(Table::trail, 0, trail_key(stream->id, block), stream->trail.substr(at, block_octets));
      ++rows[static_cast<std::size_t>(Table::trail)];
    }
  }
  loader.finish();
  return rows;
}

std::uint64_t write_stale(std::vector<FoldedPartition>& partitions, Loader& loader) {
  std::vector<std::pair<std::string, std::string>> all;
  for (FoldedPartition& partition : partitions) {
    std::move(partition.stale.begin(), partition.stale.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  for (const auto& [key, value] : all) loader.put(Table::stale, 0, key, value);
  loader.finish();
  return all.size();
}

/// All streams of the partitions in the orders that the tables want.
struct Orders {
  struct ByProvider {
    std::uint32_t provider;  ///< its place among all
    Partition partition;
    const FoldedPartition::Stream* stream;
  };
  std::vector<const FoldedPartition::Stream*> by_id;
  std::vector<ByProvider> by_provider;
  std::set<std::string_view> providers;

  explicit Orders(const std::vector<FoldedPartition>& partitions) {
    // A partition names each provider by the same octets every time.
    std::unordered_map<const char*, std::uint32_t> places;
    for (const FoldedPartition& partition : partitions) {
      for (const auto& stream : partition.streams) {
        by_id.push_back(&stream);
        if (!stream.provider.empty() && places.try_emplace(stream.provider.data(), 0).second)
          providers.insert(stream.provider);
      }
    }
    std::unordered_map<std::string_view, std::uint32_t> place_of;
    for (const std::string_view provider : providers)
      place_of.emplace(provider, static_cast<std::uint32_t>(place_of.size()));
    for (std::uint16_t p = 0; p < partitions.size(); ++p) {
      for (const auto& stream : partitions[p].streams) {
        if (stream.provider.empty()) continue;
        std::uint32_t& place = places[stream.provider.data()];
        if (place == 0) place = place_of.at(stream.provider) + 1;
        by_provider.push_back({place - 1, Partition{p}, &stream});
      }
    }
    std::sort(by_id.begin(), by_id.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    std::sort(by_provider.begin(), by_provider.end(), [](const ByProvider& a, const ByProvider& b) {
      return a.provider != b.provider ? a.provider < b.provider : a.stream->id < b.stream->id;
    });
  }

  /// Shares of about the same size, none of which ends within a provider.
  [[nodiscard]] std::vector<std::span<const ByProvider>> provider_shares() const {
    std::vector<std::span<const ByProvider>> out;
    const std::size_t size = by_provider.size() / shares + 1;
    for (std::size_t begin = 0; begin < by_provider.size();) {
      std::size_t end = std::min(begin + size, by_provider.size());
      while (end < by_provider.size() && by_provider[end].provider == by_provider[end - 1].provider) ++end;
      out.push_back(std::span(by_provider).subspan(begin, end - begin));
      begin = end;
    }
    return out;
  }
};

std::vector<Table> derived_tables() {
  std::vector<Table> tables;
  for (const ReadModel& model : read_models()) tables.push_back(model.table);
  return tables;
}

void add_rows(StoreState& state, const std::array<std::uint64_t, 32>& rows) {
  for (std::size_t table = 0; table < rows.size(); ++table) state.rows[table] += rows[table];
}

}  // namespace

void rebuild_from_log(const ReadableLog& log, Store& store, RuleBook& rules, const Positions& until,
                      const Progress& progress, const BeforeSwitch& before_switch,
                      const std::stop_token& stop) {
  const FreedMemory freed;  // after all that follows
  const LogInfo info = log.info();
  Watched watched(progress, stop);
  std::vector<Table> tables;
  for (const TableInfo& table : all_tables) tables.push_back(table.table);
  const std::vector<Table> derived = derived_tables();
  auto generation = store.begin(tables);

  std::vector<FoldedPartition> partitions = fold_partitions(log, until, rules, watched);

  // Every rule set that the log holds has been read now; a case that was judged by another one is parked.
  const Orders orders(partitions);
  StoreState state;
  state.log = info.id;
  std::vector<Parked> parked;
  std::mutex mutex;  // of both
  std::vector<Work> tasks;
  for (const auto share : orders.provider_shares()) {
    tasks.emplace_back([&, share](std::size_t) {
      const auto loader = generation->loader();
      BulkRows rows(rules, derived, *loader);
      StoredCase stored;
      std::size_t cases = 0;
      for (const Orders::ByProvider& at : share) {
        if (++cases % cases_between_looks == 0) watched.go_on();
        decode_stored_case(at.stream->stored, stored);
        rows.add(stored.state, {at.partition, at.stream->last});
      }
      rows.finish();
      loader->finish();
      const std::lock_guard lock(mutex);
      add_rows(state, rows.rows());
      parked.insert(parked.end(), rows.parked().begin(), rows.parked().end());
    });
  }
  const std::span<const FoldedPartition::Stream* const> by_id = orders.by_id;
  for (std::size_t i = 0; i < shares; ++i) {
    const std::size_t begin = by_id.size() * i / shares;
    const auto streams = by_id.subspan(begin, by_id.size() * (i + 1) / shares - begin);
    tasks.emplace_back([&, streams](std::size_t) {
      const auto rows = write_streams(streams, *generation->loader(), watched);
      const std::lock_guard lock(mutex);
      add_rows(state, rows);
    });
  }
  run_all(tasks);
  state.stale = write_stale(partitions, *generation->loader());
  state.rows[static_cast<std::size_t>(Table::stale)] = state.stale;

  auto batch = store.batch();
  for (const Parked& before : store.parked()) batch->unpark(before.id, before.table);
  for (const Parked& one : parked) batch->park(one);
  for (const std::string_view provider : orders.providers) batch->provider(provider);
  for (const FoldedPartition& partition : partitions) {
    state.reached.push_back(partition.reached);
    state.events += partition.events;
    state.foreign += partition.foreign;
    for (const Parked& one : partition.parked) batch->park(one);
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
  store.adopt(std::move(generation), std::move(batch), state);
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
