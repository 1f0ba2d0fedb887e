#include "projections/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <thread>

#include "events/codec.h"
#include "events/sha256.h"
#include "projections/difference.h"
#include "projections/evolve.h"
#include "projections/row_codec.h"

namespace geleit {
namespace {

constexpr std::size_t bulk_records_max = 16'384;

struct FoldedCase {
  StoredCase stored;
  std::vector<TrailEntry> trail;
  std::string error;  ///< why the fold stopped, or empty
  Position error_at, last;
};

struct SettingsStream {
  Head head;
  std::vector<TrailEntry> trail;
};

/// One partition folded in memory.
struct FoldedPartition {
  std::unordered_map<CaseId, FoldedCase> cases;
  std::map<CaseId, SettingsStream> settings_streams;
  std::vector<std::pair<Hash, std::string>> settings;
  std::vector<std::pair<std::string, std::string>> stale;
  Reached reached;
  std::uint64_t events = 0, foreign = 0;
};

void fold_record(const StoredRecord& record, std::uint16_t partitions, RuleBook& rules, Event& event,
                 FoldedPartition& out) {
  out.reached = {next(record.offset), record.bytes.size() >= hash_octets ? stated_hash(record.bytes) : Hash{},
                 record.recorded};
  try {
    decode(record.bytes, event);
  } catch (const BadRecord&) {
    ++out.foreign;
    return;
  }
  if (partition_of(event.stream, partitions) != record.partition) {
    ++out.foreign;
    return;
  }
  const Position position{record.partition, record.offset};
  const TrailEntry trail{record.offset, event.id.value.low};
  const auto stale = [&] {
    out.stale.emplace_back(stale_key(event.stream, position), stale_value(event.version));
  };
  if (const auto* settings = std::get_if<SettingsAdopted>(&event.payload)) {
    SettingsStream& stream = out.settings_streams[event.stream];
    if (standing(stream.head, event.version, event.previous) == Standing::stale) return stale();
    rules.adopt(*settings);
    stream.head = {event.version, out.reached.last};
    stream.trail.push_back(trail);
    out.settings.emplace_back(settings->hash, settings->content);
    ++out.events;
    return;
  }
  FoldedCase& folded = out.cases[event.stream];
  if (standing(folded.stored.head, event.version, event.previous) == Standing::stale) return stale();
  ++out.events;
  folded.stored.head = {event.version, out.reached.last};
  folded.trail.push_back(trail);
  folded.last = position;
  if (!folded.error.empty()) return;
  try {
    evolve(folded.stored.state, event, out.reached.last);
  } catch (const FoldFailed& e) {
    folded.error = e.what();
    folded.error_at = position;
  }
}

/// A failed fold leaves a case undefined: it is folded again, up to the event before.
void fold_before_failure(const ReadableLog& log, FoldedCase& folded) {
  std::vector<Position> before;
  for (const TrailEntry& entry : folded.trail) {
    if (entry.offset == folded.error_at.offset) break;
    before.push_back({folded.error_at.partition, entry.offset});
  }
  folded.stored.state = {};
  log.read_at(before, [&](const StoredRecord& record) {
    evolve(folded.stored.state, decode(record.bytes), stated_hash(record.bytes));
  });
}

/// Rows and index entries of one partition on their way into sorted files.
class Deriver {
 public:
  Deriver(const RuleBook& rules, std::span<const Table> tables, Loader& loader)
      : rules_(rules), tables_(tables), loader_(loader) {}

  /// The cases must come in the order of provider and id, so that rows come in the order of their keys.
  void add(const Case& c, Position last) {
    for (const ReadModel& model : read_models()) {
      if (std::find(tables_.begin(), tables_.end(), model.table) == tables_.end()) continue;
      derived_.clear();
      try {
        model.derive(c, rules_, derived_);
      } catch (const std::exception& e) {
        parked.push_back({c.id, model.table, last, e.what(), {}});
        continue;
      }
      std::sort(derived_.rows.begin(), derived_.rows.end(),
                [](const auto& a, const auto& b) { return a.key < b.key; });
      auto& index = index_[static_cast<std::size_t>(model.table)];
      for (const DerivedRow& row : derived_.rows) {
        loader_.put(model.table, row_key(c.provider, row.key), row.bytes);
        for (const IndexKey& key : row.index)
          index.push_back(index_key(key.column, c.provider, key.value, row.key));
      }
      rows[static_cast<std::size_t>(model.table)] += derived_.rows.size();
      for (const Contribution& count : derived_.counts) counters[count.key] += count.amount;
    }
  }

  /// Index entries sort behind all rows, so that they follow in the same files.
  void finish() {
    for (std::size_t table = 0; table < index_.size(); ++table) {
      std::sort(index_[table].begin(), index_[table].end());
      for (const auto& key : index_[table]) loader_.put(static_cast<Table>(table), key, {});
      index_[table] = {};
    }
  }

  std::vector<Parked> parked;
  CounterChanges counters;
  std::array<std::uint64_t, 32> rows{};

 private:
  const RuleBook& rules_;
  std::span<const Table> tables_;
  Loader& loader_;
  Derived derived_;
  std::array<std::vector<std::string>, 32> index_;
};

/// What all workers add to.
struct Total {
  std::mutex mutex;
  StoreState state;
  CounterChanges counters;
  std::vector<Parked> parked;
  std::set<std::string> providers;
  std::vector<std::pair<Hash, std::string>> settings;
  std::map<CaseId, Head> streams;
  std::exception_ptr failure;

  void add(const Deriver& deriver) {
    for (std::size_t table = 0; table < deriver.rows.size(); ++table)
      state.rows[table] += deriver.rows[table];
    for (const auto& [key, amount] : deriver.counters) counters[key] += amount;
    parked.insert(parked.end(), deriver.parked.begin(), deriver.parked.end());
  }
};

void write_cases_and_trails(FoldedPartition& partition, Loader& loader, std::array<std::uint64_t, 32>& rows) {
  struct Stream {
    CaseId id;
    const StoredCase* stored;
    const std::vector<TrailEntry>* trail;
  };
  std::vector<Stream> streams;
  streams.reserve(partition.cases.size() + partition.settings_streams.size());
  for (const auto& [id, folded] : partition.cases) {
    if (folded.stored.head.version.value > 0) streams.push_back({id, &folded.stored, &folded.trail});
  }
  for (const auto& [id, stream] : partition.settings_streams) streams.push_back({id, nullptr, &stream.trail});
  std::sort(streams.begin(), streams.end(), [](const Stream& a, const Stream& b) { return a.id < b.id; });
  std::string block;
  for (const Stream& stream : streams) {
    if (stream.stored) {
      loader.put(Table::stored_cases, id_key(stream.id.value), encode_stored_case(*stream.stored));
      ++rows[static_cast<std::size_t>(Table::stored_cases)];
    }
    for (std::size_t i = 0; i < stream.trail->size(); i += trail_block_versions) {
      block.clear();
      const std::size_t end = std::min<std::size_t>(i + trail_block_versions, stream.trail->size());
      for (std::size_t j = i; j < end; ++j) append_trail(block, (*stream.trail)[j]);
      loader.put(Table::trail, trail_key(stream.id, static_cast<std::uint32_t>(i / trail_block_versions)),
                 block);
      ++rows[static_cast<std::size_t>(Table::trail)];
    }
  }
  std::sort(partition.stale.begin(), partition.stale.end());
  for (const auto& [key, value] : partition.stale) loader.put(Table::stale, key, value);
  rows[static_cast<std::size_t>(Table::stale)] += partition.stale.size();
}

std::vector<const FoldedCase*> in_row_order(const FoldedPartition& partition) {
  std::vector<const FoldedCase*> order;
  order.reserve(partition.cases.size());
  for (const auto& [id, folded] : partition.cases) {
    if (folded.stored.state.exists()) order.push_back(&folded);
  }
  std::sort(order.begin(), order.end(), [](const FoldedCase* a, const FoldedCase* b) {
    const Case& x = a->stored.state;
    const Case& y = b->stored.state;
    return x.provider != y.provider ? x.provider < y.provider : x.id < y.id;
  });
  return order;
}

bool rules_known(const FoldedPartition& partition, const RuleBook& rules) {
  return std::all_of(partition.cases.begin(), partition.cases.end(), [&](const auto& entry) {
    const Case& c = entry.second.stored.state;
    return std::all_of(c.judged.begin(), c.judged.end(),
                       [&](const JudgedBy& j) { return rules.find(j) != nullptr; });
  });
}

std::vector<Table> derived_tables() {
  std::vector<Table> tables;
  for (const ReadModel& model : read_models()) tables.push_back(model.table);
  return tables;
}

void load_counters(Generation& generation, const CounterChanges& counters, StoreState& state) {
  std::vector<std::pair<std::string, std::int64_t>> sorted;
  for (const auto& [key, amount] : counters) {
    if (amount != 0) sorted.emplace_back(key, amount);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto loader = generation.loader();
  for (const auto& [key, amount] : sorted) loader->put(Table::key_figures, key, encode_counter(amount));
  loader->finish();
  state.rows[static_cast<std::size_t>(Table::key_figures)] = sorted.size();
}

}  // namespace

void rebuild_from_log(const ReadableLog& log, Store& store, RuleBook& rules, const Positions& until,
                      const Progress& progress, const BeforeSwitch& before_switch) {
  const LogInfo info = log.info();
  std::vector<Table> tables;
  for (const TableInfo& table : all_tables) tables.push_back(table.table);
  const std::vector<Table> derived = derived_tables();
  auto generation = store.begin(tables);

  Total total;
  total.state.log = info.id;
  total.state.reached.assign(info.partitions, Reached{});
  std::deque<std::pair<std::uint16_t, bool>>
      queue;  // partition, and whether it waited for a rule set already
  for (std::uint16_t p = 0; p < info.partitions; ++p) queue.emplace_back(p, false);
  std::atomic<std::uint64_t> folded_events{0};

  std::mutex telling;  // of progress; who finds it taken goes on
  const auto fold_partition = [&](std::uint16_t p) {
    auto folded = std::make_unique<FoldedPartition>();
    const auto reader = log.read(Partition{p}, Offset{0});
    std::vector<StoredRecord> records;
    Event event;
    while (folded->reached.next < until[p]) {
      reader->next(records, bulk_records_max);
      if (records.empty()) throw LogCorrupt(fmt::format("partition {} ends before {}", p, until[p].value));
      for (const StoredRecord& record : records) {
        if (record.offset >= until[p]) break;
        fold_record(record, info.partitions, rules, event, *folded);
      }
      const auto now = folded_events.fetch_add(records.size()) + records.size();
      if (const std::unique_lock turn(telling, std::try_to_lock); progress && turn) progress(now);
    }
    for (auto& [id, one] : folded->cases) {
      if (!one.error.empty()) fold_before_failure(log, one);
    }
    return folded;
  };

  const auto write_partition = [&](std::uint16_t p, FoldedPartition& folded) {
    const auto loader = generation->loader();
    std::array<std::uint64_t, 32> rows{};
    write_cases_and_trails(folded, *loader, rows);
    Deriver deriver(rules, derived, *loader);
    for (const FoldedCase* c : in_row_order(folded)) deriver.add(c->stored.state, c->last);
    deriver.finish();
    loader->finish();

    const std::lock_guard lock(total.mutex);
    total.add(deriver);
    for (std::size_t table = 0; table < rows.size(); ++table) total.state.rows[table] += rows[table];
    total.state.reached[p] = folded.reached;
    total.state.events += folded.events;
    total.state.stale += folded.stale.size();
    total.state.foreign += folded.foreign;
    total.settings.insert(total.settings.end(), folded.settings.begin(), folded.settings.end());
    for (const auto& [id, stream] : folded.settings_streams) total.streams[id] = stream.head;
    for (const auto& [id, c] : folded.cases) {
      if (c.stored.state.exists()) total.providers.insert(c.stored.state.provider);
      if (!c.error.empty()) total.parked.push_back({id, Table::stored_cases, c.error_at, c.error, {}});
    }
  };

  std::condition_variable folded_one;
  unsigned waiting = 0;
  unsigned working = std::min<unsigned>(rebuild_workers, info.partitions);
  const unsigned workers_max = working;
  const auto work_through_queue = [&] {
    try {
      for (;;) {
        std::pair<std::uint16_t, bool> task;
        {
          const std::lock_guard lock(total.mutex);
          if (queue.empty() || total.failure) return;
          task = queue.front();
          queue.pop_front();
        }
        const auto folded = fold_partition(task.first);
        folded_one.notify_all();
        if (!rules_known(*folded, rules)) {
          // The set lies in a partition that was not read to its end yet: others first, then wait for theirs.
          // When everybody waits nobody will bring it, and the cases are parked.
          std::unique_lock lock(total.mutex);
          if (!task.second) {
            queue.emplace_back(task.first, true);
            continue;
          }
          ++waiting;
          folded_one.notify_all();
          folded_one.wait(lock,
                          [&] { return waiting >= working || total.failure || rules_known(*folded, rules); });
          --waiting;
        }
        write_partition(task.first, *folded);
      }
    } catch (...) {
      const std::lock_guard lock(total.mutex);
      if (!total.failure) total.failure = std::current_exception();
    }
  };
  const auto work = [&] {
    work_through_queue();
    {
      const std::lock_guard lock(total.mutex);
      --working;
    }
    folded_one.notify_all();
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < workers_max; ++i) workers.emplace_back(work);
  }
  if (total.failure) std::rethrow_exception(total.failure);

  load_counters(*generation, total.counters, total.state);
  auto batch = store.batch();
  for (const Parked& parked : store.parked()) batch->unpark(parked.id, parked.table);
  for (const Parked& parked : total.parked) batch->park(parked);
  for (const auto& provider : total.providers) batch->provider(provider);
  for (const auto& [hash, content] : total.settings) batch->settings(hash, content);
  for (const auto& [stream, head] : total.streams) batch->stream(stream, head);
  generation->complete();
  if (before_switch) before_switch(*generation);
  store.adopt(std::move(generation), std::move(batch), total.state);
  if (progress) progress(folded_events);
}

void rebuild_from_cases(Store& store, RuleBook& rules, std::span<const Table> tables,
                        const Progress& progress, const BeforeSwitch& before_switch) {
  auto generation = store.begin(tables);
  const auto snapshot = store.snapshot();
  // Rows sort by provider, cases by id: what is held in between is the order only, not the cases.
  std::vector<std::pair<std::string, CaseId>> order;
  snapshot->scan(Table::stored_cases, "", false, [&](std::string_view key, std::string_view value) {
    const StoredCase stored = decode_stored_case(value);
    if (stored.state.exists()) order.emplace_back(stored.state.provider, CaseId{read_id(key)});
    return true;
  });
  std::sort(order.begin(), order.end());
  const auto loader = generation->loader();
  Deriver deriver(rules, tables, *loader);
  std::uint64_t events = 0;
  for (const auto& [provider, id] : order) {
    const StoredCase stored =
        decode_stored_case(snapshot->get(Table::stored_cases, id_key(id.value)).value());
    deriver.add(stored.state, {});
    events += stored.head.version.value;
    if (progress) progress(events);
  }
  deriver.finish();
  loader->finish();

  StoreState state = snapshot->state();
  for (const Table table : tables)
    state.rows[static_cast<std::size_t>(table)] = deriver.rows[static_cast<std::size_t>(table)];
  if (std::find(tables.begin(), tables.end(), Table::key_figures) != tables.end()) {
    load_counters(*generation, deriver.counters, state);
  }
  auto batch = store.batch();
  for (const Parked& parked : store.parked()) {
    if (std::find(tables.begin(), tables.end(), parked.table) != tables.end())
      batch->unpark(parked.id, parked.table);
  }
  for (const Parked& parked : deriver.parked) batch->park(parked);
  generation->complete();
  if (before_switch) before_switch(*generation);
  store.adopt(std::move(generation), std::move(batch), state);
}

void fold_along_trail(const ReadableLog& log, const Snapshot& snapshot, const CaseId& id,
                      StoredCase& stored) {
  // The trail knows every accepted event by version; the case may not exist yet, then its first event opens
  // it.
  const Version first = next(stored.state.head.version);
  std::vector<Position> positions;
  const auto partitions = static_cast<std::uint16_t>(snapshot.state().reached.size());
  for (Version v = first; v <= stored.head.version; v = next(v)) {
    const auto block = snapshot.get(Table::trail, trail_key(id, trail_block_of(v)));
    if (!block) throw LogCorrupt("the trail of a case has a gap; rebuild the tables");
    const TrailEntry entry = read_trail(*block, (v.value - 1) % trail_block_versions);
    positions.push_back({partition_of(id, partitions), entry.offset});
  }
  log.read_at(positions, [&](const StoredRecord& record) {
    evolve(stored.state, decode(record.bytes), stated_hash(record.bytes));
  });
}

std::vector<TableDifference> check_tables(const ReadableLog& log, const Store& store,
                                          const std::filesystem::path& scratch, const Progress& progress) {
  std::filesystem::remove_all(scratch);
  std::vector<TableDifference> differences;
  {
    const auto afresh = Store::open({.dir = scratch});
    RuleBook rules;
    rebuild_from_log(log, *afresh, rules, store.snapshot()->state().positions(), progress);
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
