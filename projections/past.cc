#include "projections/past.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "events/codec.h"
#include "projections/log_prefix.h"
#include "projections/memory_tables.h"
#include "projections/projector.h"
#include "projections/rebuild.h"
#include "projections/rules/settings.h"
#include "projections/table_keys.h"

namespace geleit {
namespace {

/// Records of so many cases are held at once.
constexpr std::size_t cases_at_once = 1'024;

constexpr std::size_t books_max = 8;

/// Keeps octets where records may be decoded: aligned to 8.
class RecordArena {
 public:
  [[nodiscard]] std::string_view keep(std::string_view record) {
    std::uint64_t* const place =
        words_.emplace_back(std::make_unique_for_overwrite<std::uint64_t[]>((record.size() + 7) / 8)).get();
    std::memcpy(place, record.data(), record.size());
    return {reinterpret_cast<const char*>(place), record.size()};
  }

 private:
  std::vector<std::unique_ptr<std::uint64_t[]>> words_;
};

std::uint64_t events_before(std::span<const Reached> reached) {
  return std::accumulate(reached.begin(), reached.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Reached& r) { return sum + r.next.value; });
}

Positions positions_of(std::span<const Reached> reached) {
  Positions out;
  for (const Reached& r : reached) out.push_back(r.next);
  return out;
}

/// Of the case's trail, the positions before `until`.
std::vector<Position> known_positions(const Snapshot& present, const CaseId& id, Version last, Offset until) {
  std::vector<Position> positions;
  if (last.value > 0) positions = positions_along_trail(present, id, Version{1}, last);
  std::erase_if(positions, [&](const Position& position) { return position.offset >= until; });
  return positions;
}

}  // namespace

// ---------------------------------------------------------------- one case, some cases

std::optional<PastFold> past_case(const ReadableLog& log, const Snapshot& present, const CaseId& id,
                                  Offset until, std::optional<CivilDate> as_of) {
  const auto bytes = present.get(Table::stored_cases, id_key(id.value));
  if (!bytes) return std::nullopt;
  const StoredCase stored = decode_stored_case(*bytes);
  const auto positions = known_positions(present, id, stored.head.version, until);
  RecordArena arena;
  std::vector<std::string_view> records;
  log.read_at(positions, [&](const StoredRecord& record) { records.push_back(arena.keep(record.bytes)); });
  PastFold fold = fold_past(records, as_of);
  if (!fold.state.exists()) return std::nullopt;
  return fold;
}

std::shared_ptr<const RuleBook> PastRules::known_by(const Snapshot& present,
                                                    std::span<const Reached> reached) {
  const auto partitions = static_cast<std::uint16_t>(reached.size());
  std::vector<std::string> names{""};
  for (const RuleBook::Adopted& adopted : rules_.adopted()) {
    if (names.back() != adopted.settings->provider()) names.push_back(adopted.settings->provider());
  }
  std::vector<Position> known;
  bool all = true;
  for (const std::string& name : names) {
    const CaseId stream = name.empty() ? installation_stream() : provider_stream(name);
    const Head head = present.stream_head(stream);
    const auto before =
        known_positions(present, stream, head.version, reached[partition_of(stream, partitions).value].next);
    all = all && before.size() == head.version.value;
    known.insert(known.end(), before.begin(), before.end());
  }
  if (all) return {std::shared_ptr<void>(), &rules_};
  const std::lock_guard lock(mutex_);
  if (const auto found = made_.find(known); found != made_.end()) return found->second;
  auto book = std::make_shared<RuleBook>();
  log_.read_at(known, [&](const StoredRecord& record) {
    try {
      book->adopt(decode(record.bytes));
    } catch (const std::exception&) {
      // It stands still in its stream, as it does live: nothing is judged by a set that cannot be read.
    }
  });
  if (made_.size() >= books_max) made_.erase(made_.begin());
  return made_.emplace(std::move(known), std::move(book)).first->second;
}

ProviderCases cases_of(const Store& store, const Snapshot& present, std::string_view provider) {
  ProviderCases out;
  const std::string prefix = rows_of(provider);
  present.scan(Table::cases, prefix, false, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    out.cases.push_back({read_id(key.substr(prefix.size()))});
    return true;
  });
  for (const Parked& parked : store.parked()) {
    const auto bytes = present.get(Table::stored_cases, id_key(parked.id.value));
    if (bytes && decode_stored_case(*bytes).state.provider == provider) out.cases.push_back(parked.id);
  }
  std::sort(out.cases.begin(), out.cases.end());
  out.cases.erase(std::unique(out.cases.begin(), out.cases.end()), out.cases.end());
  std::vector<std::string> keys;
  for (const CaseId& id : out.cases) keys.push_back(id_key(id.value));
  std::vector<std::optional<std::string>> found;
  present.get_many(Table::stored_cases, keys, found);
  for (const auto& bytes : found) {
    if (bytes) out.events += decode_stored_case(*bytes).head.version.value;
  }
  return out;
}

PastTables past_of_cases(const ReadableLog& log, const Snapshot& present, const RuleBook& rules,
                         const PastAsk& ask, std::span<const CaseId> cases, Watched& watched) {
  const auto partitions = static_cast<std::uint16_t>(ask.reached.size());
  std::vector<FoldedPartition> folded(1);
  FoldedPartition& out = folded.front();
  std::map<std::string, std::string_view, std::less<>> providers;
  std::string packed;
  const auto keep = [&](const CaseId& id, const StoredCase& stored, std::string_view bytes, Position last) {
    auto provider = providers.find(stored.state.provider);
    if (provider == providers.end())
      provider = providers.emplace(stored.state.provider, out.octets.keep(stored.state.provider)).first;
    out.streams.push_back({id, out.octets.keep(bytes), {}, provider->second, last.offset});
  };
  for (std::size_t begin = 0; begin < cases.size(); begin += cases_at_once) {
    const auto some = cases.subspan(begin, std::min(cases_at_once, cases.size() - begin));
    // Records are read in the order in which they lie, whichever case they are of.
    std::vector<std::pair<Position, std::size_t>> wanted;
    StoredCase stored;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto bytes = present.get(Table::stored_cases, id_key(some[i].value));
      if (!bytes) continue;
      decode_stored_case(*bytes, stored);
      const Offset until = ask.reached[partition_of(some[i], partitions).value].next;
      const auto positions = known_positions(present, some[i], stored.head.version, until);
      if (positions.empty()) continue;
      if (!ask.as_of && positions.size() == stored.head.version.value) {
        // Nothing has happened to it since.
        if (stored.state.exists()) keep(some[i], stored, *bytes, positions.back());
        watched.read(positions.size());
        continue;
      }
      for (const Position& position : positions) wanted.emplace_back(position, i);
    }
    std::sort(wanted.begin(), wanted.end());
    std::vector<Position> positions;
    for (const auto& [position, i] : wanted) positions.push_back(position);
    RecordArena arena;
    std::vector<std::vector<std::string_view>> records(some.size());
    std::vector<Position> last(some.size());
    std::size_t at = 0;
    log.read_at(positions, [&](const StoredRecord& record) {
      records[wanted[at].second].push_back(arena.keep(record.bytes));
      last[wanted[at].second] = wanted[at].first;
      ++at;
    });
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (records[i].empty()) continue;
      watched.read(records[i].size());
      PastFold fold = fold_past(records[i], ask.as_of);
      if (!fold.state.exists()) continue;
      const StoredCase past{fold.state.head, std::move(fold.state)};
      packed.clear();
      append_stored_case(packed, past);
      keep(some[i], past, packed, last[i]);
    }
  }
  auto tables = std::make_shared<MemoryTables>();
  BulkBuilt built = build_tables(
      folded, rules, [&] { return tables->loader(); }, watched);
  built.state.log = present.state().log;
  built.state.reached = ask.reached;
  tables->complete(std::move(built.state), std::move(built.providers));
  return {tables, tables->octets(), false};
}

// ---------------------------------------------------------------- everything

namespace {

/// A store made for one past, and its directory, for as long as somebody reads it.
struct ScratchStore {
  explicit ScratchStore(std::filesystem::path where) : dir(std::move(where)) {}
  ~ScratchStore() {
    snapshot.reset();
    store.reset();
    std::error_code ignored;  // what stays is removed at the next start
    std::filesystem::remove_all(dir, ignored);
  }
  std::filesystem::path dir;
  std::unique_ptr<Store> store;
  std::shared_ptr<const Snapshot> snapshot;
};

/// Brings a copy of a checkpoint to what was known; false when there is none near enough, or it does not fit.
bool go_on(const ReadableLog& log, ScratchStore& made, RuleBook& rules, const PastAsk& ask,
           std::uint64_t tail_max, const Checkpoints& checkpoints, const Progress& progress,
           const std::stop_token& stop) {
  made.store = checkpoints.open_before(ask.reached, log.info().id, made.dir);
  if (!made.store) return false;
  const auto read = [&] { return events_before(made.store->snapshot()->state().reached); };
  const auto clear = [&] {
    made.store.reset();
    std::filesystem::remove_all(made.dir);
    return false;
  };
  if (events_before(ask.reached) - read() > tail_max) return clear();
  try {
    LogPrefix known(log, positions_of(ask.reached));
    Projector projector(known, *made.store, rules);
    projector.prepare({}, stop);
    while (projector.step() > 0) {
      if (stop.stop_requested()) throw RebuildStopped("the tables are not finished: asked to stop");
      if (progress) progress(read());
    }
  } catch (const StoreFailed&) { return clear(); } catch (const LogCorrupt&) {
    // Of another log, as a restore may leave it. What is wrong with the log itself is found by reading it
    // all.
    return clear();
  }
  return true;
}

}  // namespace

PastTables past_of_all(const ReadableLog& log, const RuleBook& rules, const PastAsk& ask,
                       const Checkpoints& checkpoints, const std::filesystem::path& scratch,
                       const Progress& progress, const std::stop_token& stop, const PastLimits& limits) {
  // Sets that were recorded after what was judged by them, by a clock set back, are found all the same.
  RuleBook known;
  for (const auto& set : rules.all()) {
    SettingsAdopted settings;
    settings.from = set->from();
    settings.hash = set->hash();
    settings.content = set->content();
    known.adopt(settings);
  }
  for (const RuleBook::Adopted& adopted : rules.adopted())
    known.adopt(adopted.settings->content(), adopted.version);
  const Positions until = positions_of(ask.reached);
  const std::uint64_t events = events_before(ask.reached);
  if (events <= limits.events_in_memory_max) {
    Watched watched(progress, stop);
    std::vector<FoldedPartition> folded = fold_partitions(log, until, known, ask.as_of, watched);
    auto tables = std::make_shared<MemoryTables>();
    BulkBuilt built = build_tables(
        folded, known, [&] { return tables->loader(); }, watched);
    built.state.log = log.info().id;
    tables->complete(std::move(built.state), std::move(built.providers));
    return {tables, tables->octets(), false};
  }
  auto made = std::make_shared<ScratchStore>(scratch);
  if (!ask.as_of && !go_on(log, *made, known, ask, events / limits.tail_part, checkpoints, progress, stop))
    made->store.reset();
  if (!made->store) {
    made->store = Store::open({.dir = scratch, .cache_octets = std::size_t{32} << 20});
    rebuild_from_log(log, *made->store, known, until, progress, {}, stop, ask.as_of);
  }
  made->snapshot = made->store->snapshot();
  const Snapshot* const snapshot = made->snapshot.get();
  return {std::shared_ptr<const Snapshot>(std::move(made), snapshot), 0, true};
}

}  // namespace geleit
