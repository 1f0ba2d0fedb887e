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

/// So many records are held at once; one case alone may have more.
constexpr std::size_t records_at_once = 65'536;

constexpr std::size_t books_max = 8;

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
  // A stream of settings may have none.
  if (last.value > 0) positions = positions_along_trail(present, id, Version{1}, last);
  std::erase_if(positions, [&](const Position& position) { return position.offset >= until; });
  return positions;
}

/// Where the last of the case's events lies.
Offset last_offset(const Snapshot& present, const CaseId& id, const StoredCase& stored) {
  const Version last = stored.head.version;
  return positions_along_trail(present, id, last, last).front().offset;
}

/// What follows from the present alone of a case as it was.
enum class FromPresent : std::uint8_t {
  same,     ///< it is as it was
  nothing,  ///< it was none
  unknown,  ///< its records are needed
};
FromPresent from_present(const StoredCase& stored, Offset last, Offset until,
                         std::optional<CivilDate> as_of) {
  if (last >= until) return FromPresent::unknown;
  const Case& state = stored.state;
  if (!as_of) return state.exists() ? FromPresent::same : FromPresent::nothing;
  // Of a parked case not all days are known.
  if (state.head != stored.head) return FromPresent::unknown;
  if (state.whole_from <= *as_of) return FromPresent::same;
  return state.received_on > *as_of ? FromPresent::nothing : FromPresent::unknown;
}

}  // namespace

// ---------------------------------------------------------------- one case, some cases

std::optional<PastFold> past_case(const ReadableLog& log, const Snapshot& present, const CaseId& id,
                                  Offset until, std::optional<CivilDate> as_of) {
  const auto bytes = present.get(Table::stored_cases, id_key(id.value));
  if (!bytes) return std::nullopt;
  StoredCase stored = decode_stored_case(*bytes);
  PastFold fold;
  switch (from_present(stored, last_offset(present, id, stored), until, as_of)) {
    case FromPresent::nothing: return std::nullopt;
    case FromPresent::same:
      fold.state = std::move(stored.state);
      for (Version v{1}; v <= fold.state.head.version; v = next(v)) fold.counted.push_back(v);
      return fold;
    case FromPresent::unknown: break;
  }
  ByteArena octets;
  std::vector<std::string_view> records;
  log.read_at(known_positions(present, id, stored.head.version, until),
              [&](const StoredRecord& record) { records.push_back(octets.keep_words(record.bytes)); });
  fold = fold_past(records, as_of);
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
    if (bytes) out.events += stored_head(*bytes).version.value;
  }
  return out;
}

namespace {

/// Cases of one partition as they were, into `out`.
class PastCases {
 public:
  PastCases(const ReadableLog& log, const Snapshot& present, Offset until, std::optional<CivilDate> as_of,
            FoldedPartition& out)
      : log_(log), present_(present), until_(until), as_of_(as_of), out_(out) {}

  void add(std::span<const CaseId> cases, Watched& watched) {
    StoredCase stored;
    for (const CaseId& id : cases) {
      const auto bytes = present_.get(Table::stored_cases, id_key(id.value));
      if (!bytes) continue;
      decode_stored_case(*bytes, stored);
      const Offset last = last_offset(present_, id, stored);
      const FromPresent known = from_present(stored, last, until_, as_of_);
      if (known == FromPresent::same) keep(id, stored, *bytes, last);
      watched.read(stored.head.version.value);
      if (known != FromPresent::unknown) continue;
      for (const Position& position : known_positions(present_, id, stored.head.version, until_))
        wanted_.emplace_back(position, apart_.size());
      apart_.push_back(id);
      if (wanted_.size() >= records_at_once) fold_apart(watched);
    }
    fold_apart(watched);
  }

 private:
  /// Records are read in the order in which they lie, whichever case they are of: each group of them is
  /// unpacked once.
  void fold_apart(const Watched& watched) {
    std::sort(wanted_.begin(), wanted_.end());
    std::vector<Position> positions;
    for (const auto& [position, place] : wanted_) positions.push_back(position);
    std::vector<std::vector<std::string_view>> records(apart_.size());
    std::vector<Offset> last(apart_.size());
    auto whose = wanted_.begin();
    log_.read_at(positions, [&](const StoredRecord& record) {
      const std::size_t place = (whose++)->second;
      records[place].push_back(octets_.keep_words(record.bytes));
      last[place] = record.offset;
    });
    for (std::size_t i = 0; i < apart_.size(); ++i) {
      watched.look();
      PastFold fold = fold_past(records[i], as_of_);
      if (!fold.state.exists()) continue;
      const StoredCase past{fold.state.head, std::move(fold.state)};
      keep(apart_[i], past, encode_stored_case(past), last[i]);
    }
    apart_.clear();
    wanted_.clear();
    octets_.clear();
  }
  void keep(const CaseId& id, const StoredCase& stored, std::string_view bytes, Offset last) {
    auto provider = providers_.find(stored.state.provider);
    if (provider == providers_.end())
      provider = providers_.emplace(stored.state.provider, out_.octets.keep(stored.state.provider)).first;
    out_.streams.push_back({id, out_.octets.keep(bytes), {}, provider->second, last});
  }

  const ReadableLog& log_;
  const Snapshot& present_;
  Offset until_;
  std::optional<CivilDate> as_of_;
  FoldedPartition& out_;
  std::map<std::string, std::string_view, std::less<>> providers_;
  std::vector<CaseId> apart_;                             ///< do not follow from the present
  std::vector<std::pair<Position, std::size_t>> wanted_;  ///< their records, and whose each is
  ByteArena octets_{std::size_t{1} << 20};
};

}  // namespace

PastTables past_of_cases(const ReadableLog& log, const Snapshot& present, const RuleBook& rules,
                         const PastAsk& ask, std::span<const CaseId> cases, Watched& watched) {
  std::vector<std::vector<CaseId>> by_partition(ask.reached.size());
  for (const CaseId& id : cases)
    by_partition[partition_of(id, static_cast<std::uint16_t>(by_partition.size())).value].push_back(id);
  std::vector<FoldedPartition> folded(by_partition.size());
  std::vector<Work> tasks;
  for (std::size_t p = 0; p < by_partition.size(); ++p) {
    if (by_partition[p].empty()) continue;
    tasks.emplace_back([&, p](std::size_t) {
      PastCases(log, present, ask.reached[p].next, ask.as_of, folded[p]).add(by_partition[p], watched);
    });
  }
  run_all(tasks);
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
