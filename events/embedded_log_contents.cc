#include "events/embedded_log_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <system_error>

#include "events/rocks_damage.h"
#include "events/rocks_disk.h"

namespace geleit {
namespace {

// One call of a reader copies about so much at most, whatever the number of records asked for: as much as
// stays in a core's own cache until the records have been decoded.
constexpr std::size_t read_bytes_max = 256 << 10;
// An iterator keeps the files alive that it began with; a slow reader starts a new one after so much.
constexpr std::size_t iteration_bytes_max = 256 << 20;
// Positions looked up together: sorted first, delivered in the order asked.
constexpr std::size_t lookup_positions_max = 512;

[[noreturn]] void throw_damage(const std::filesystem::path& dir, Position at, std::string_view what) {
  throw LogCorrupt(fmt::format("the log in {} is damaged at {}:{}: {}. Restore it from its last backup",
                               dir.string(), at.partition.value, at.offset.value, what));
}

[[noreturn]] void throw_lost_tail(const std::filesystem::path& dir, std::size_t partition,
                                  std::uint64_t acknowledged, std::uint64_t found,
                                  const WriteAheadState& ahead) {
  std::string where;
  if (ahead.kind != WriteAheadState::Kind::whole)
    where = fmt::format(" ({} is damaged at octet {})", ahead.file.filename().string(), ahead.offset);
  throw LogCorrupt(fmt::format(
      "the log in {} has lost its tail: partition {} had acknowledged records up to {} and now ends "
      "at {}{}. Nothing was changed. Keep the directory as it is for examination and restore the "
      "log from its last backup",
      dir.string(), partition, acknowledged, found, where));
}

/// What was acknowledged must be there.
void require_acknowledged(const std::filesystem::path& dir, const LogDatabase& database,
                          const std::vector<std::uint64_t>& acknowledged, const WriteAheadState& ahead) {
  const auto identity = database.identity();
  if (!identity) {
    const auto lost = std::ranges::find_if(acknowledged, [](std::uint64_t end) { return end > 0; });
    if (lost != acknowledged.end()) {
      throw_lost_tail(dir, static_cast<std::size_t>(lost - acknowledged.begin()), *lost, 0, ahead);
    }
    return;
  }
  for (std::uint16_t p = 0; p < identity->partitions && p < acknowledged.size(); ++p) {
    if (acknowledged[p] == 0) continue;
    const Offset end = database.end_of(Partition{p}).end;
    if (end.value < acknowledged[p]) throw_lost_tail(dir, p, acknowledged[p], end.value, ahead);
  }
}

}  // namespace

class EmbeddedLogContents::Reader final : public LogReader {
 public:
  Reader(const EmbeddedLogContents& log, Partition partition, Offset from)
      : log_(log), partition_(partition), from_(from) {
    const std::lock_guard lock(log_.iterations_mutex_);
    log_.iterations_.insert(&iteration_);
  }
  ~Reader() override {
    const std::shared_lock gate(log_.gate_);
    iteration_.groups.reset();
    const std::lock_guard lock(log_.iterations_mutex_);
    log_.iterations_.erase(&iteration_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void next(std::vector<StoredRecord>& out, std::size_t records_max) override {
    out.clear();
    recent_.clear();
    const Offset end = log_.end_of(partition_);
    if (from_ >= end) {
      stop_iterating();
      return;
    }
    if (log_.tail_.take(partition_, from_, records_max, recent_)) {
      stop_iterating();
      for (const auto& group : recent_) {
        // Groups are here a moment before the end is moved on; the next call gives those behind it.
        if (group->first >= end) break;
        give(group->first, group->value.view(), end, out);
      }
      return;
    }
    read_groups(end, records_max);
    for (const Copied& group : copied_) {
      give(group.first, {copies_.data() + group.at, group.size}, end, out);
    }
    if (out.empty())
      throw_damage(log_.dir_, {partition_, from_}, "expected a record here, but there is none");
  }

 private:
  struct Copied {
    Offset first;
    std::size_t at;  // in copies_
    std::size_t size;
  };

  // Whoever has caught up needs no iterator, which would keep old files alive.
  void stop_iterating() {
    if (iterated_bytes_ == 0) return;
    const std::shared_lock gate(log_.gate_);
    iteration_.groups.reset();
    iterated_bytes_ = 0;
  }

  void read_groups(Offset end, std::size_t records_max) {
    copied_.clear();
    copies_.clear();
    const auto gate = log_.enter();
    const LogDatabase& database = log_.database();
    if (iterated_bytes_ > iteration_bytes_max || (iteration_.groups && !iteration_.groups->valid())) {
      iteration_.groups.reset();
    }
    if (!iteration_.groups) {
      iteration_.groups = database.groups(partition_, LogDatabase::Use::scan);
      iteration_.groups->seek(from_);
      iterated_bytes_ = 0;
    }
    GroupIterator& groups = *iteration_.groups;
    const Offset enough{from_.value + std::max<std::size_t>(records_max, 1)};
    Offset reached = from_;
    while (reached < enough && copies_.size() < read_bytes_max && groups.valid()) {
      const Offset first = groups.first();
      if (first >= end) break;
      if (first > reached) {
        throw_damage(log_.dir_, {partition_, reached},
                     fmt::format("expected the next record here, but it is {}", first.value));
      }
      const std::string_view value = groups.value();
      const Copied copied{first, copies_.size(), value.size()};
      std::memcpy(copies_.extend(value.size()), value.data(), value.size());
      // A value that is no whole group is found out when it is given; its count bounds the loop until then.
      copies_.extend((8 - value.size() % 8) % 8);
      copied_.push_back(copied);
      reached = Offset{first.value + count_of(first, value)};
      iterated_bytes_ += value.size();
      groups.next();
    }
    ++iterated_bytes_;  // there is an iterator, even if it gave nothing
  }

  std::uint32_t count_of(Offset first, std::string_view value) const {
    try {
      return GroupCursor(value).count();
    } catch (const LogCorrupt& damage) { throw_damage(log_.dir_, {partition_, first}, damage.what()); }
  }

  void give(Offset first, std::string_view value, Offset end, std::vector<StoredRecord>& out) {
    Offset at = first;
    try {
      GroupCursor records(value);
      while (records.next()) {
        if (at >= end) break;
        if (at >= from_) out.push_back({partition_, at, records.recorded(), records.bytes()});
        at = geleit::next(at);
      }
    } catch (const LogCorrupt& damage) { throw_damage(log_.dir_, {partition_, at}, damage.what()); }
    from_ = std::max(from_, at);
  }

  const EmbeddedLogContents& log_;
  Partition partition_;
  Offset from_;
  // What `out` views: groups from memory, or copies of those from the database.
  std::vector<std::shared_ptr<const RecordGroup>> recent_;
  AlignedBytes copies_;
  std::vector<Copied> copied_;
  Iteration iteration_;
  std::size_t iterated_bytes_ = 0;  // 0 = there is no iterator
};

EmbeddedLogContents::EmbeddedLogContents(std::filesystem::path dir, LogDatabase::Mode mode,
                                         DatabaseMemory memory, std::size_t recent_bytes_max)
    : dir_(std::move(dir)), memory_(std::move(memory)) {
  database_ = open_whole(mode);
  const auto identity = database_->identity();
  if (!identity) {
    throw LogRefused(fmt::format("expected a log in {}, but it was never completely created: create it again",
                                 dir_.string()));
  }
  identity_ = *identity;
  tail_.reset(identity_.partitions, recent_bytes_max);
  ends_ = std::make_unique<std::atomic<std::uint64_t>[]>(identity_.partitions);
  latest_.resize(identity_.partitions);
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) {
    const LogDatabase::End end = database_->end_of(Partition{p});
    ends_[p] = end.end.value;
    latest_[p] = end.latest;
  }
  if (mode == LogDatabase::Mode::write) begin_high_water();
}

EmbeddedLogContents::~EmbeddedLogContents() = default;

std::unique_ptr<LogDatabase> EmbeddedLogContents::open_whole(LogDatabase::Mode mode) const {
  // Read first: what a service acknowledges after that need not be seen.
  const auto acknowledged = HighWater::read(dir_);
  WriteAheadState ahead;
  if (mode == LogDatabase::Mode::write) {
    ahead = write_ahead_state(dir_);
    const bool torn = ahead.kind == WriteAheadState::Kind::torn;
    // Without a word about what was acknowledged only a write that breaks off at the end of its file is
    // believed to be torn, as a killed process leaves it.
    if (ahead.kind == WriteAheadState::Kind::damaged || (torn && !acknowledged && !ahead.cut_short)) {
      throw LogCorrupt(fmt::format(
          "the log in {} is damaged: {} at octet {} is not as it was written. Nothing was changed. "
          "Keep the directory as it is for examination and restore the log from its last backup",
          dir_.string(), ahead.file.filename().string(), ahead.offset));
    }
    if (acknowledged) {
      const LogDatabase look(dir_, LogDatabase::Mode::look, memory_);
      require_acknowledged(dir_, look, *acknowledged, ahead);
    }
    if (torn) {
      try {
        drop_torn_write(ahead);
      } catch (const std::system_error& failure) {
        throw LogUnavailable(
            fmt::format("the log in {} could not be opened: {}", dir_.string(), failure.what()));
      }
    }
  }
  auto database = std::make_unique<LogDatabase>(dir_, mode, memory_);
  if (acknowledged) require_acknowledged(dir_, *database, *acknowledged, ahead);
  return database;
}

void EmbeddedLogContents::begin_high_water() {
  reached_.resize(identity_.partitions);
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) reached_[p] = ends_[p].load();
  high_water_.begin(dir_, reached_);
}

LogInfo EmbeddedLogContents::info() const {
  return {identity_.id, identity_.partitions, identity_.created, "embedded", dir_.string()};
}

Positions EmbeddedLogContents::ends() const {
  Positions ends(identity_.partitions);
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) ends[p] = end_of(Partition{p});
  return ends;
}

std::unique_ptr<LogReader> EmbeddedLogContents::read(Partition partition, Offset from) const {
  check(partition);
  return std::make_unique<Reader>(*this, partition, from);
}

void EmbeddedLogContents::read_at(std::span<const Position> positions,
                                  const std::function<void(const StoredRecord&)>& found) const {
  for (std::size_t at = 0; at < positions.size(); at += lookup_positions_max) {
    read_some_at(positions.subspan(at, std::min(lookup_positions_max, positions.size() - at)), found);
  }
}

void EmbeddedLogContents::read_some_at(std::span<const Position> positions,
                                       const std::function<void(const StoredRecord&)>& found) const {
  struct Found {
    Instant recorded;
    std::size_t at = 0;  // in copies
    std::size_t size = 0;
  };
  std::vector<Found> records(positions.size());
  AlignedBytes copies;
  std::vector<std::uint32_t> order(positions.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [positions](std::uint32_t i) { return positions[i]; });

  // Whoever asks for many records of one group goes through it once.
  struct Within {
    Position first;
    const char* value = nullptr;
    std::optional<GroupCursor> cursor;
    std::uint64_t taken = 0;  ///< records stepped over, the present one included
  } within;
  const auto pick = [&](std::uint32_t i, Offset first, std::string_view value) {
    const Position& position = positions[i];
    try {
      const std::uint64_t skipped = position.offset.value - first.value;
      if (!within.cursor || within.first != Position{position.partition, first} ||
          within.value != value.data() || within.taken > skipped + 1) {
        within = {{position.partition, first}, value.data(), GroupCursor(value), 0};
      }
      GroupCursor& cursor = *within.cursor;
      if (skipped >= cursor.count()) throw LogCorrupt("expected a record here, but there is none");
      for (; within.taken <= skipped; ++within.taken) {
        if (!cursor.next()) throw LogCorrupt("expected a record here, but there is none");
      }
      const std::string_view bytes = cursor.bytes();
      records[i] = {cursor.recorded(), copies.size(), bytes.size()};
      std::memcpy(copies.extend((bytes.size() + 7) & ~std::size_t{7}), bytes.data(), bytes.size());
    } catch (const LogCorrupt& damage) { throw_damage(dir_, position, damage.what()); }
  };

  {
    std::shared_lock<std::shared_mutex> gate;
    std::unique_ptr<GroupIterator> groups;
    Partition iterated;
    std::vector<std::shared_ptr<const RecordGroup>> recent;
    for (const std::uint32_t i : order) {
      const Position& position = positions[i];
      check(position.partition);
      if (position.offset >= end_of(position.partition)) {
        throw LogCorrupt(fmt::format(
            "the log in {} has lost its tail: expected a record at {}:{}, but the partition ends at {}",
            dir_.string(), position.partition.value, position.offset.value,
            end_of(position.partition).value));
      }
      if (!recent.empty() && recent.front()->partition == position.partition &&
          recent.front()->first <= position.offset && position.offset < recent.front()->end()) {
        pick(i, recent.front()->first, recent.front()->value.view());
        continue;
      }
      recent.clear();
      if (tail_.take(position.partition, position.offset, 1, recent)) {
        pick(i, recent.front()->first, recent.front()->value.view());
        continue;
      }
      if (!gate.owns_lock()) gate = enter();
      if (!groups || iterated != position.partition) {
        groups = database().groups(position.partition, LogDatabase::Use::lookup);
        iterated = position.partition;
        groups->seek(position.offset);
      } else if (!groups->valid()) {
        groups->seek(position.offset);
      } else if (const Offset behind{groups->first().value + GroupCursor(groups->value()).count()};
                 position.offset >= behind) {
        // The next group lies beside this one; another one has to be searched for.
        position.offset == behind ? groups->next() : groups->seek(position.offset);
      }
      if (!groups->valid()) throw_damage(dir_, position, "expected a record here, but there is none");
      pick(i, groups->first(), groups->value());
    }
    groups.reset();  // before the gate opens
  }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    found({positions[i].partition,
           positions[i].offset,
           records[i].recorded,
           {copies.data() + records[i].at, records[i].size}});
  }
}

void EmbeddedLogContents::checkpoint(const std::filesystem::path& to) const {
  const auto gate = enter();
  database().checkpoint(to);
}

std::unique_ptr<GroupFile> EmbeddedLogContents::begin_file(const std::filesystem::path& path) const {
  const auto gate = enter();
  return database().begin_file(path);
}

void EmbeddedLogContents::ingest(GroupFile& file, Partition partition, Offset end, Instant latest) {
  file.finish();
  {
    const std::shared_lock gate(gate_);
    if (!database_) throw LogUnavailable(fmt::format("the log in {} is closed", dir_.string()));
    database_->ingest(file);
  }
  reached_[partition.value] = end.value;
  high_water_.write(reached_);
  latest_[partition.value] = latest;
  ends_[partition.value].store(end.value, std::memory_order_release);
}

void EmbeddedLogContents::write(std::span<const std::shared_ptr<const RecordGroup>> groups,
                                LogDatabase::Sync sync) {
  {
    const std::shared_lock gate(gate_);
    if (!database_) throw LogUnavailable(fmt::format("the log in {} is closed", dir_.string()));
    database_->write(groups, sync);
  }
  for (const auto& group : groups) reached_[group->partition.value] = group->end().value;
  high_water_.write(reached_);
  tail_.push(groups);
  for (const auto& group : groups) {
    ends_[group->partition.value].store(group->end().value, std::memory_order_release);
  }
}

bool EmbeddedLogContents::reopen() {
  if (const std::string why = why_not_writable(memory_.env, dir_); !why.empty())
    throw LogUnavailable(fmt::format("the log in {} cannot be written: {}", dir_.string(), why));
  closing_ = true;
  const std::unique_lock gate(gate_);
  closing_ = false;
  {
    const std::lock_guard lock(iterations_mutex_);
    for (Iteration* iteration : iterations_) iteration->groups.reset();
  }
  database_.reset();
  std::unique_ptr<LogDatabase> database;
  try {
    database = open_whole(LogDatabase::Mode::write);
  } catch (const LogUnavailable&) {
    // What can be read is read until the next attempt.
    try {
      database_ = open_whole(LogDatabase::Mode::read);
    } catch (const std::exception&) {}
    throw;
  }
  if (database->identity() != identity_) {
    throw LogCorrupt(fmt::format(
        "the log in {} is another one than before: it was exchanged while it was in use", dir_.string()));
  }
  bool grown = false;
  std::vector<LogDatabase::End> found(identity_.partitions);
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) {
    found[p] = database->end_of(Partition{p});
    if (found[p].end < end_of(Partition{p})) {
      throw LogCorrupt(
          fmt::format("the log in {} has lost its tail: partition {} ended at {} and now ends at {}. Restore "
                      "it from its last backup",
                      dir_.string(), p, ends_[p].load(), found[p].end.value));
    }
  }
  for (std::uint16_t p = 0; p < identity_.partitions; ++p) {
    if (found[p].end == end_of(Partition{p})) continue;
    latest_[p] = std::max(latest_[p], found[p].latest);
    ends_[p].store(found[p].end.value, std::memory_order_release);
    grown = true;
  }
  database_ = std::move(database);
  begin_high_water();
  return grown;
}

void EmbeddedLogContents::check(Partition partition) const {
  if (partition.value < identity_.partitions) return;
  throw LogRefused(
      fmt::format("expected a partition below {}, but got {}", identity_.partitions, partition.value));
}

std::shared_lock<std::shared_mutex> EmbeddedLogContents::enter() const {
  if (closing_) throw_reopening();
  return std::shared_lock(gate_);
}

const LogDatabase& EmbeddedLogContents::database() const {
  if (!database_) throw_reopening();
  return *database_;
}

void EmbeddedLogContents::throw_reopening() const {
  throw LogUnavailable(
      fmt::format("the log in {} is being opened again after a failed write", dir_.string()));
}

}  // namespace geleit
