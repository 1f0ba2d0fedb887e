#include "projections/projector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "events/codec.h"
#include "events/copy_mark.h"
#include "events/sha256.h"
#include "projections/difference.h"
#include "projections/evolve.h"
#include "projections/rebuild.h"
#include "projections/row_codec.h"

namespace geleit {
namespace {

constexpr std::chrono::milliseconds retry_after_trouble{500};
constexpr std::size_t stored_head_octets = sizeof(std::uint32_t) + hash_octets;
/// A log's word that it has grown only saves time: what it failed to say is found out after this.
constexpr std::chrono::milliseconds look_again_after{100};

std::uint64_t& rows_of_table(StoreState& state, Table table) {
  return state.rows[static_cast<std::size_t>(table)];
}

Position position_of(const StoredRecord& record) { return {record.partition, record.offset}; }

/// Derives into `out`; the error instead when the read model fails.
std::optional<std::string> derive_rows(const ReadModel& model, const Case& c, const RuleBook& rules,
                                       Derived& out) {
  out.clear();
  if (!c.exists()) return std::nullopt;
  try {
    model.derive(Subject(c, rules), out);
    return std::nullopt;
  } catch (const std::exception& e) {
    out.clear();
    return e.what();
  }
}

}  // namespace

void keep_settings(const Event& event, Batch& batch) {
  const auto& settings = std::get<SettingsAdopted>(event.payload);
  if (settings.scope == SettingsScope::shipped)
    batch.settings(settings.hash, settings.content);
  else
    batch.adopted(event.stream, event.version, settings.content);
}

void append_stored_case(std::string& out, const StoredCase& stored) {
  append_big_endian(out, stored.head.version.value);
  out.resize(out.size() + hash_octets);
  write_octets(stored.head.hash, out.data() + out.size() - hash_octets);
  if (stored.state.exists()) append_case(out, stored.state);
}

std::string encode_stored_case(const StoredCase& stored) {
  std::string out;
  append_stored_case(out, stored);
  return out;
}

Head stored_head(std::string_view bytes) {
  if (bytes.size() < stored_head_octets) throw StoreDamaged("a stored case is damaged; rebuild the tables");
  return {Version{read_big_endian<std::uint32_t>(bytes)},
          hash_of_octets(bytes.data() + sizeof(std::uint32_t))};
}

void decode_stored_case(std::string_view bytes, StoredCase& stored) {
  stored.head = stored_head(bytes);
  bytes.remove_prefix(stored_head_octets);
  if (bytes.empty()) {
    stored.state = {};
  } else {
    decode_case(bytes, stored.state);
  }
}

/// A case while a batch is folded into it.
struct Projector::Touched {
  StoredCase now;
  Case before;
  bool changed = false;
  bool fold_parked = false;
  Version trail_from;             ///< version of the first of `trail`
  std::vector<TrailEntry> trail;  ///< what the batch adds
  Position last;                  ///< of the last accepted event
};

struct Projector::Work {
  StoreState state;
  Streams streams;
  std::unique_ptr<Batch> batch;
  CounterChanges counters;
  std::vector<std::size_t> taken;  ///< records of the last read that were used, by partition
  std::vector<Parked> parked;
  std::map<CaseId, std::pair<Head, std::vector<TrailEntry>>> settings_streams;
  RowChanges changes;
};

Projector::Projector(Log& log, Store& store, RuleBook& rules, const ProjectorLimits& limits)
    : log_(log), store_(store), rules_(rules), limits_(limits), state_(store.snapshot()->state()) {
  const LogInfo info = log.info();
  if (state_.log.is_nil()) {
    state_.log = info.id;
    state_.reached.assign(info.partitions, Reached{});
  }
  if (state_.log != info.id) {
    throw LogCorrupt(
        fmt::format("the tables were made from another log than {}; remove the tables' directory to make "
                    "them anew from this one",
                    info.where));
  }
  const Positions ends = log.ends();
  for (std::size_t p = 0; p < state_.reached.size(); ++p) {
    const Reached& reached = state_.reached[p];
    if (ends[p] < reached.next) {
      throw LogCorrupt(
          fmt::format("the log in {} ends at {} in partition {}, but the tables have read {} records of it: "
                      "its tail is lost; restore the log from a backup, or remove the tables' directory "
                      "to accept the loss",
                      info.where, ends[p].value, p, reached.next.value));
    }
    if (reached.next.value == 0) continue;
    const Position last{Partition{static_cast<std::uint16_t>(p)}, Offset{reached.next.value - 1}};
    log.read_at(std::span(&last, 1), [&](const StoredRecord& record) {
      if (record.bytes.size() >= hash_octets && stated_hash(record.bytes) == reached.last) return;
      throw LogCorrupt(
          fmt::format("the record {} in partition {} of the log in {} is not the one the tables have read: "
                      "the log was changed; restore it from a backup",
                      last.offset.value, p, info.where));
    });
  }
  for (const std::string& content : store.settings()) {
    SettingsAdopted settings;
    settings.content = content;
    settings.hash = sha256(content);
    rules_.adopt(settings);
  }
  for (const Store::Adoption& adopted : store.adoptions()) {
    try {
      rules_.adopt(adopted.content, adopted.version);
    } catch (const std::invalid_argument&) {
      // A newer program has read them. They are in force nowhere, and who was judged by them is parked.
    }
  }
  for (const Parked& parked : store.parked()) parked_.emplace(parked.id, parked.table);
  restart_readers();
}

void Projector::restart_readers() {
  readers_.clear();
  for (std::size_t p = 0; p < state_.reached.size(); ++p) {
    readers_.push_back(log_.read(Partition{static_cast<std::uint16_t>(p)}, state_.reached[p].next));
  }
  records_.assign(state_.reached.size(), {});
  awaited_.assign(state_.reached.size(), {});
}

void Projector::prepare(const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop) {
  const std::vector<Table> outdated = store_.outdated();
  const bool cases_outdated =
      std::any_of(outdated.begin(), outdated.end(), [](Table t) { return is_from_log(t); });
  const Positions ends = log_.ends();
  const bool nothing_read = state_.positions() == Positions(ends.size());
  std::uint64_t to_read = 0;
  for (const Offset end : ends) to_read += end.value;
  // A short log is read as it would be live, which is quicker than making files for it.
  if (cases_outdated || (nothing_read && to_read > bulk_records_min)) {
    rebuild_from_log(log_, store_, rules_, ends, progress, {}, stop);
  } else if (!outdated.empty()) {
    rebuild_from_cases(store_, rules_, outdated, progress, {}, stop);
  }
  // A new store learns which log it follows before anybody asks it.
  if (store_.snapshot()->state().log.is_nil()) store_.write(store_.batch(), state_);
  state_ = store_.snapshot()->state();
  parked_.clear();
  for (const Parked& parked : store_.parked()) parked_.emplace(parked.id, parked.table);
  cache_.clear();
  restart_readers();
  std::set<CaseId> parked_cases;
  for (const auto& [id, table] : parked_) parked_cases.insert(id);
  // Settings first, for cases may stand still for want of them.
  std::vector<CaseId> in_order(parked_cases.begin(), parked_cases.end());
  std::ranges::stable_partition(
      in_order, [this](const CaseId& id) { return store_.stream_head(id).version.value > 0; });
  for (const CaseId& id : in_order) retry(id);
}

/// Once the log was read as far as it reached when a wait was noticed, the set that is waited for does not
/// come: no partition must stand still for that, and what cannot do without the set is parked. Where several
/// partitions wait, the one before which the fewest sets can lie goes on first.
void Projector::give_up_waiting() {
  const Awaited* earliest = nullptr;
  for (const auto& awaited : awaited_) {
    if (!awaited) continue;
    for (std::size_t p = 0; p < awaited_.size(); ++p) {
      if (!awaited_[p] && state_.reached[p].next < awaited->ends[p]) return;
    }
    if (!earliest || awaited->recorded < earliest->recorded) earliest = &*awaited;
  }
  if (earliest) never_came_.insert(earliest->set);
}

/// One of the sets that an event was judged by and that may still come; whoever does not wait for it any more
/// goes on without.
std::optional<Hash> Projector::set_to_wait_for(const JudgedBy& judged_by) {
  if (judged_by == complete_) return std::nullopt;
  for (const Hash& hash : rules_.missing(judged_by)) {
    if (!never_came_.contains(hash)) return hash;
  }
  complete_ = judged_by;
  return std::nullopt;
}

/// Folds what there is, of many reads if it must be: a batch has room for much more than one brings.
std::size_t Projector::gather(Work& work) {
  give_up_waiting();
  std::size_t moved = 0;
  bool all_taken = true;
  while (all_taken && moved < limits_.batch_records && read()) {
    if (!work.batch) work.batch = store_.batch();
    moved += fold(work);
    for (std::size_t p = 0; p < records_.size(); ++p) {
      if (work.taken[p] == records_[p].size()) continue;
      all_taken = false;
      readers_[p] = log_.read(Partition{static_cast<std::uint16_t>(p)}, work.state.reached[p].next);
    }
  }
  return moved;
}

bool Projector::read() {
  bool any = false;
  const std::size_t share = std::max<std::size_t>(limits_.batch_records / readers_.size(), 1);
  for (std::size_t p = 0; p < readers_.size(); ++p) {
    readers_[p]->next(records_[p], share);
    any = any || !records_[p].empty();
  }
  return any;
}

void Projector::load(Streams& streams, const std::vector<CaseId>& missing) {
  if (missing.empty()) return;
  std::vector<std::string> keys;
  keys.reserve(missing.size());
  for (const CaseId& id : missing) keys.push_back(id_key(id.value));
  std::vector<std::optional<std::string>> values;
  store_.snapshot()->get_many(Table::stored_cases, keys, values);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (values[i]) streams[missing[i]].now = decode_stored_case(*values[i]);
  }
}

/// After a fold that failed and left the case undefined: makes it what it was before that event.
void Projector::fold_before_last(const CaseId& id, Touched& touched) {
  const Partition partition = partition_of(id, static_cast<std::uint16_t>(records_.size()));
  std::vector<Position> positions;
  for (const TrailEntry& earlier : touched.trail) positions.push_back({partition, earlier.offset});
  positions.pop_back();
  touched.now.state = touched.before;
  log_.read_at(positions, [&](const StoredRecord& record) {
    evolve(touched.now.state, geleit::decode(record.bytes), stated_hash(record.bytes));
  });
}

std::size_t Projector::fold(Work& work) {
  work.taken.assign(records_.size(), 0);
  // Which cases the records touch is read first, so that those not at hand are fetched together.
  std::vector<std::vector<std::optional<Link>>> links(records_.size());
  std::vector<CaseId> missing;
  for (std::size_t p = 0; p < records_.size(); ++p) {
    links[p].reserve(records_[p].size());
    for (const StoredRecord& record : records_[p]) {
      auto link = link_of(record.bytes);
      if (link && partition_of(link->stream, static_cast<std::uint16_t>(records_.size())) != record.partition)
        link.reset();
      if (link) {
        const auto [found, fresh] = work.streams.try_emplace(link->stream);
        if (fresh) {
          found->second.fold_parked = parked_.contains({link->stream, Table::stored_cases});
          const auto cached = cache_.find(link->stream);
          if (cached == cache_.end())
            missing.push_back(link->stream);
          else
            found->second.now = cached->second;
        }
      }
      links[p].push_back(link);
    }
  }
  load(work.streams, missing);

  Event event;
  std::size_t moved = 0;
  for (std::size_t p = 0; p < records_.size(); ++p) {
    Reached& reached = work.state.reached[p];
    bool waits = false;
    for (std::size_t i = 0; i < records_[p].size(); ++i) {
      const StoredRecord& record = records_[p][i];
      assert(record.offset == reached.next);
      bool foreign = !links[p][i].has_value();
      if (!foreign) {
        try {
          decode(record.bytes, event);
        } catch (const BadRecord&) { foreign = true; }
      }
      const auto* settings = foreign ? nullptr : std::get_if<SettingsAdopted>(&event.payload);
      // A set that was not read yet lies in another partition: this one waits here until it comes.
      if (const auto set = foreign || settings ? std::nullopt : set_to_wait_for(event.judged_by)) {
        waits = true;
        if (!awaited_[p] || awaited_[p]->set != *set) awaited_[p] = {*set, record.recorded, log_.ends()};
        break;
      }

      reached = {next(record.offset), record.bytes.size() >= hash_octets ? stated_hash(record.bytes) : Hash{},
                 record.recorded};
      ++work.taken[p];
      ++moved;
      if (foreign) {
        if (!is_copy_mark(record)) ++work.state.foreign;
        continue;
      }
      const Link& link = *links[p][i];
      const TrailEntry trail{record.offset, link.id.value.low};
      const auto stale = [&] {
        ++work.state.stale;
        work.batch->put(Table::stale, stale_key(link.stream, position_of(record)), stale_value(link.version));
        ++rows_of_table(work.state, Table::stale);
      };
      if (settings) {
        auto found = work.settings_streams.find(link.stream);
        if (found == work.settings_streams.end()) {
          found = work.settings_streams
                      .try_emplace(link.stream, store_.stream_head(link.stream), std::vector<TrailEntry>{})
                      .first;
        }
        auto& [head, entries] = found->second;
        if (standing(head, link.version, link.previous) == Standing::stale) {
          stale();
          continue;
        }
        try {
          rules_.adopt(event);
          keep_settings(event, *work.batch);
        } catch (const std::exception& error) {
          // It stands still in its stream; nothing is judged by a set that cannot be read.
          work.parked.push_back({link.stream, Table::stored_cases, position_of(record), error.what(), {}});
          work.batch->park(work.parked.back());
        }
        head = {link.version, link.hash};
        entries.push_back(trail);
        ++work.state.events;
        continue;
      }
      Touched& touched = work.streams[link.stream];
      if (standing(touched.now.head, link.version, link.previous) == Standing::stale) {
        stale();
        continue;
      }
      ++work.state.events;
      if (!touched.changed) {
        touched.before = touched.now.state;
        touched.changed = true;
        touched.trail_from = link.version;
      }
      touched.last = position_of(record);
      touched.trail.push_back(trail);
      touched.now.head = {link.version, link.hash};
      if (touched.fold_parked) continue;
      try {
        evolve(touched.now.state, event, link.hash);
      } catch (const FoldFailed& e) {
        fold_before_last(link.stream, touched);
        touched.fold_parked = true;
        work.parked.push_back({link.stream, Table::stored_cases, position_of(record), e.what(), {}});
        work.batch->park(work.parked.back());
      }
    }
    if (!waits) awaited_[p].reset();
  }
  return moved;
}

void Projector::derive(Work& work) {
  Derived before;
  Derived after;
  for (auto& [id, touched] : work.streams) {
    if (!touched.changed) continue;
    const Case& now = touched.now.state;
    if (!touched.before.exists() && now.exists()) work.batch->provider(now.provider);
    for (const ReadModel& model : read_models()) {
      if (parked_.contains({id, model.table})) continue;
      // A program may fail on what an earlier one derived; the rows of then stay until both can be derived.
      auto error = derive_rows(model, touched.before, rules_, before);
      if (!error) error = derive_rows(model, now, rules_, after);
      if (error) {
        std::string shown = touched.before.exists() ? encode_case(touched.before) : std::string();
        work.parked.push_back({id, model.table, touched.last, *error, std::move(shown)});
        work.batch->park(work.parked.back());
        continue;
      }
      rows_of_table(work.state, model.table) += static_cast<std::uint64_t>(write_difference(
          model.table, now.provider, before, after, *work.batch, work.counters, &work.changes));
    }
  }
}

void Projector::write(Work& work) {
  const auto snapshot = store_.snapshot();
  const auto write_trail = [&](const CaseId& stream, Version from, const std::vector<TrailEntry>& entries) {
    std::string block;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Version version{from.value + static_cast<std::uint32_t>(i)};
      const auto number = trail_block_of(version);
      const bool first_of_block = (version.value - 1) % trail_block_versions == 0;
      if (i == 0 && !first_of_block)
        block = snapshot->get(Table::trail, trail_key(stream, number)).value_or("");
      if (first_of_block) {
        block.clear();
        ++rows_of_table(work.state, Table::trail);
      }
      append_trail(block, entries[i]);
      const bool last_of_block = version.value % trail_block_versions == 0;
      if (last_of_block || i + 1 == entries.size())
        work.batch->put(Table::trail, trail_key(stream, number), block);
    }
  };
  for (auto& [id, touched] : work.streams) {
    if (!touched.changed) continue;
    if (touched.trail_from == Version{1}) ++rows_of_table(work.state, Table::stored_cases);
    work.batch->put(Table::stored_cases, id_key(id.value), encode_stored_case(touched.now));
    write_trail(id, touched.trail_from, touched.trail);
  }
  for (const auto& [stream, changes] : work.settings_streams) {
    const auto& [head, entries] = changes;
    if (entries.empty()) continue;
    work.batch->stream(stream, head);
    write_trail(stream, Version{head.version.value - static_cast<std::uint32_t>(entries.size()) + 1},
                entries);
  }
  write_counters(work.counters, *snapshot, *work.batch, work.state);
  store_.write(std::move(work.batch), work.state);
}

void Projector::tell(RowListener& listener) {
  listener_ = &listener;
  told({state_.positions(), {}, {}, 0, true});
}

RowChanges Projector::changes_from_here() const {
  return {state_.positions(), {}, {}, 0, listener_ != nullptr && listener_->listening()};
}

void Projector::told(RowChanges changes) {
  if (listener_ == nullptr) return;
  changes.to = state_.positions();
  changes.sort();
  listener_->changed(std::move(changes));
}

/// After a failed write the store may hold it all the same, if it had to be opened again.
void Projector::stand_anew() {
  (void)store_.batch();  // brings it back
  state_ = store_.snapshot()->state();
  if (state_.log.is_nil()) {
    state_.log = log_.info().id;
    state_.reached.assign(log_.info().partitions, Reached{});
  }
  parked_.clear();
  for (const Parked& parked : store_.parked()) parked_.emplace(parked.id, parked.table);
  restart_readers();
  failed_ = false;
}

std::size_t Projector::step() {
  try {
    if (failed_) stand_anew();
    Work work;
    work.state = state_;
    work.changes = changes_from_here();
    const std::size_t moved = gather(work);
    if (moved > 0) {
      derive(work);
      write(work);
      state_ = work.state;
      for (const Parked& parked : work.parked) parked_.emplace(parked.id, parked.table);
      if (cache_.size() + work.streams.size() > limits_.cached_cases) cache_.clear();
      for (auto& [id, touched] : work.streams) {
        if (touched.changed && cache_.size() < limits_.cached_cases) cache_[id] = std::move(touched.now);
      }
    }
    if (parked_now_) {
      for (const Parked& parked : work.parked) parked_now_(parked);
    }
    if (moved > 0) told(std::move(work.changes));
    if (moved > 0 && advanced_) advanced_();
    return moved;
  } catch (const std::exception& failure) {
    fail(failure);
    throw;
  }
}

void Projector::fail(const std::exception& failure) {
  if (dynamic_cast<const StoreDamaged*>(&failure) != nullptr) store_.note_damage(failure.what());
  // The readers may be ahead of the tables now, and the cache may hold what was never written.
  cache_.clear();
  failed_ = true;
}

void Projector::run(std::stop_token stop) {
  const auto subscription = log_.subscribe([this] {
    {
      const std::lock_guard lock(mutex_);
      log_grew_ = true;
    }
    grown_.notify_one();
  });
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  while (!stop.stop_requested()) {
    std::size_t moved = 0;
    bool failed = false;
    answer_retries();
    try {
      moved = step();
      const std::lock_guard lock(mutex_);
      trouble_.clear();
    } catch (const std::exception& e) {
      const std::lock_guard lock(mutex_);
      trouble_ = e.what();
      failed = true;
    }
    std::unique_lock lock(mutex_);
    if (failed) {
      grown_.wait_for(lock, stop, retry_after_trouble, [] { return false; });
    } else if (moved > 0) {
      const std::chrono::milliseconds gathering(gather_ms(moved));
      if (gathering.count() > 0)
        grown_.wait_for(lock, stop, gathering, [this] { return hurried_ || !retries_.empty(); });
    } else {
      grown_.wait_for(lock, stop, look_again_after,
                      [this] { return log_grew_ || hurried_ || !retries_.empty(); });
      log_grew_ = false;
    }
    hurried_ = false;
  }
  std::vector<AskedRetry> unanswered;
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
    unanswered = std::exchange(retries_, {});
  }
  for (const AskedRetry& asked : unanswered) asked.retried(std::nullopt);
}

void Projector::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = true;
  }
  grown_.notify_one();
}

void Projector::ask_retry(const CaseId& id, std::function<void(std::optional<Retried>)> retried) {
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    taken = running_;
    if (taken) retries_.push_back({id, retried});
  }
  if (!taken) return retried(std::nullopt);
  grown_.notify_one();
}

void Projector::answer_retries() {
  std::vector<AskedRetry> asked_now;
  {
    const std::lock_guard lock(mutex_);
    asked_now = std::exchange(retries_, {});
  }
  for (const AskedRetry& asked : asked_now) {
    std::optional<Retried> retried;
    try {
      // Whoever asks may know the case from an answer that the tables do not hold yet.
      while (step() > 0) {}
      retried = retry(asked.id);
    } catch (const std::exception& failure) {
      const std::lock_guard lock(mutex_);
      trouble_ = failure.what();
    }
    asked.retried(std::move(retried));
  }
}

Retried Projector::retry(const CaseId& id) {
  try {
    if (failed_) stand_anew();
    return fold_and_derive_again(id);
  } catch (const std::exception& failure) {
    fail(failure);
    throw;
  }
}

Retried Projector::fold_and_derive_again(const CaseId& id) {
  Retried out;
  auto batch = store_.batch();
  const auto snapshot = store_.snapshot();
  const auto value = snapshot->get(Table::stored_cases, id_key(id.value));
  const Head settings = store_.stream_head(id);
  out.known = value || settings.version.value > 0;
  std::map<Table, Parked> parked;
  for (Parked& one : store_.parked()) {
    if (one.id == id) parked.emplace(one.table, std::move(one));
  }
  if (parked.empty()) return out;
  if (!value) return adopt_again(parked.begin()->second, *snapshot, settings);

  StoredCase stored = decode_stored_case(*value);
  const Case as_parked = stored.state;
  StoreState state = state_;
  CounterChanges counters;
  RowChanges changes = changes_from_here();
  bool news = false;
  const auto stands_still = [&](Parked one, const std::string& error) {
    news = news || one.error != error;
    one.error = error;
    batch->park(one);
    out.parked.push_back(std::move(one));
  };
  const auto goes_on = [&](Table table) {
    news = true;
    batch->unpark(id, table);
    out.freed.push_back(table);
  };

  if (const auto fold = parked.find(Table::stored_cases); fold != parked.end()) {
    if (const auto stop = fold_along_trail(log_, *snapshot, id, stored)) {
      Parked one = fold->second;
      one.position = stop->at;
      stands_still(std::move(one), stop->error);
    } else {
      goes_on(Table::stored_cases);
    }
  }
  const bool refolded = stored.state.head != as_parked.head;
  if (refolded) {
    news = true;
    batch->put(Table::stored_cases, id_key(id.value), encode_stored_case(stored));
    batch->provider(stored.state.provider);
  }
  Derived before;
  Derived after;
  for (const ReadModel& model : read_models()) {
    const auto shown = parked.find(model.table);
    if (shown == parked.end() && !refolded) continue;
    Case old = as_parked;
    if (shown != parked.end()) {
      const std::string& bytes = shown->second.case_bytes;
      old = bytes.empty() ? Case{} : decode_case(bytes);
    }
    auto error = derive_rows(model, old, rules_, before);
    if (!error) error = derive_rows(model, stored.state, rules_, after);
    if (error) {
      if (shown != parked.end()) {
        stands_still(shown->second, *error);
      } else {
        const Position at = parked.at(Table::stored_cases).position;
        stands_still({id, model.table, at, {}, old.exists() ? encode_case(old) : std::string()}, *error);
      }
      continue;
    }
    if (shown != parked.end()) goes_on(model.table);
    rows_of_table(state, model.table) += static_cast<std::uint64_t>(
        write_difference(model.table, stored.state.provider, before, after, *batch, counters, &changes));
  }
  if (!news) return out;
  write_counters(counters, *snapshot, *batch, state);
  store_.write(std::move(batch), state);
  state_ = state;
  cache_.erase(id);
  for (const Table table : out.freed) parked_.erase({id, table});
  for (const Parked& one : out.parked) parked_.emplace(one.id, one.table);
  changes.again = true;
  told(std::move(changes));
  if (advanced_) advanced_();
  return out;
}

/// A stream of settings in which one was no rule set, for the program of then.
Retried Projector::adopt_again(const Parked& parked, const Snapshot& snapshot, const Head& head) {
  Retried out;
  out.known = true;
  auto batch = store_.batch();
  std::optional<Parked> still;
  log_.read_at(positions_along_trail(snapshot, parked.id, Version{1}, head.version),
               [&](const StoredRecord& record) {
                 const Event event = decode(record.bytes);
                 try {
                   rules_.adopt(event);
                   keep_settings(event, *batch);
                 } catch (const std::exception& error) {
                   still = Parked{parked.id, parked.table, position_of(record), error.what(), {}};
                 }
               });
  if (still) {
    batch->park(*still);
    out.parked.push_back(*still);
  } else {
    batch->unpark(parked.id, parked.table);
    out.freed.push_back(parked.table);
  }
  store_.write(std::move(batch), state_);
  for (const Table table : out.freed) parked_.erase({parked.id, table});
  return out;
}

std::string Projector::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace geleit
