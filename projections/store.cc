#include "projections/store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "events/codec.h"
#include "events/rocks_damage.h"
#include "events/rocks_disk.h"
#include "events/sha256.h"

namespace geleit {
namespace {

namespace rdb = rocksdb;
constexpr std::size_t table_slots = 32;

constexpr std::string_view state_key = "state";
constexpr std::string_view table_prefix = "table/";
constexpr std::string_view provider_prefix = "provider/";
constexpr std::string_view settings_prefix = "settings/";
constexpr std::string_view adopted_prefix = "adopted/";
constexpr std::string_view stream_prefix = "stream/";
constexpr std::string_view parked_prefix = "parked/";

rdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const rdb::Slice& s) { return {s.data(), s.size()}; }
std::size_t slot(Table table) { return static_cast<std::size_t>(table); }

/// How long a reopening waits for readers to let go of the old database, and readers for the new one.
constexpr std::chrono::milliseconds readers_let_go_max{2'000};
constexpr std::chrono::milliseconds wait_for_reopening_max{5'000};

/// Lies in the directory once damage was found, so that the next opening does not begin on it again.
constexpr const char* damaged_name = "DAMAGED";

/// What is known to be wrong. Shared by the store and its snapshots.
class Health {
 public:
  Health(std::filesystem::path dir, bool read_only) : dir_(std::move(dir)), read_only_(read_only) {}

  void damaged(std::string_view what) {
    const std::lock_guard lock(mutex_);
    if (!damage_.empty()) return;
    damage_ = sentence(dir_, what);
    if (!read_only_) std::ofstream(dir_ / damaged_name) << what << '\n';
  }
  void unwritable(std::string what) {
    const std::lock_guard lock(mutex_);
    unwritable_ = std::move(what);
  }
  [[nodiscard]] bool writable() const {
    const std::lock_guard lock(mutex_);
    return unwritable_.empty();
  }
  [[nodiscard]] std::string trouble() const {
    const std::lock_guard lock(mutex_);
    return damage_.empty() ? unwritable_ : damage_;
  }
  static std::string sentence(const std::filesystem::path& dir, std::string_view what) {
    return fmt::format(
        "the tables in {} are damaged: {}. They can be made again from the log: start the "
        "service again, or run geleit rebuild",
        dir.string(), what);
  }

 private:
  std::filesystem::path dir_;
  bool read_only_;
  mutable std::mutex mutex_;
  std::string damage_, unwritable_;
};

void require(const rdb::Status& status, std::string_view doing, Health* health = nullptr) {
  if (status.ok()) return;
  const std::string what = fmt::format("{}: {}", doing, status.ToString());
  if (!is_damage(status, false)) throw StoreFailed(what);
  if (health == nullptr) throw StoreDamaged(what);
  health->damaged(what);
  throw StoreDamaged(health->trouble());
}

const TableInfo& info_of(Table table) {
  return *std::find_if(all_tables.begin(), all_tables.end(),
                       [&](const TableInfo& t) { return t.table == table; });
}

std::string family_name(const TableInfo& table, std::uint32_t generation) {
  return fmt::format("{:02}-{}.{}", slot(table.table), table.name, generation);
}

/// Reads the numbers of a value in the order they were appended.
struct ValueReader {
  std::string_view rest;
  template <class Int>
  Int number() {
    if (rest.size() < sizeof(Int)) throw StoreDamaged("the tables' own state is damaged; rebuild the tables");
    const Int value = read_big_endian<Int>(rest);
    rest.remove_prefix(sizeof(Int));
    return value;
  }
  Hash hash() {
    if (rest.size() < hash_octets) throw StoreDamaged("the tables' own state is damaged; rebuild the tables");
    const Hash value = hash_of_octets(rest.data());
    rest.remove_prefix(hash_octets);
    return value;
  }
  std::string text() {
    const auto length = number<std::uint32_t>();
    if (rest.size() < length) throw StoreDamaged("the tables' own state is damaged; rebuild the tables");
    std::string value(rest.substr(0, length));
    rest.remove_prefix(length);
    return value;
  }
};

void append_hash(std::string& out, const Hash& hash) {
  out.resize(out.size() + hash_octets);
  write_octets(hash, out.data() + out.size() - hash_octets);
}
void append_text(std::string& out, std::string_view text) {
  append_big_endian(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

std::string encode_state(const StoreState& state) {
  std::string out = id_key(state.log);
  append_big_endian(out, static_cast<std::uint16_t>(state.reached.size()));
  for (const Reached& r : state.reached) {
    append_big_endian(out, r.next.value);
    append_hash(out, r.last);
    append_big_endian(out, r.recorded.ms);
  }
  append_big_endian(out, state.events);
  append_big_endian(out, state.stale);
  append_big_endian(out, state.foreign);
  for (const auto rows : state.rows) append_big_endian(out, rows);
  return out;
}

StoreState decode_state(std::string_view bytes) {
  ValueReader in{bytes};
  StoreState state;
  state.log = {in.number<std::uint64_t>(), in.number<std::uint64_t>()};
  state.reached.resize(in.number<std::uint16_t>());
  for (Reached& r : state.reached) {
    r.next = Offset{in.number<std::uint64_t>()};
    r.last = in.hash();
    r.recorded = Instant{in.number<std::int64_t>()};
  }
  state.events = in.number<std::uint64_t>();
  state.stale = in.number<std::uint64_t>();
  state.foreign = in.number<std::uint64_t>();
  for (auto& rows : state.rows) rows = in.number<std::uint64_t>();
  return state;
}

std::string parked_key(const CaseId& id, Table table) {
  return std::string(parked_prefix) + id_key(id.value) + static_cast<char>(table);
}

std::string encode_parked(const Parked& parked) {
  std::string out;
  append_big_endian(out, parked.position.partition.value);
  append_big_endian(out, parked.position.offset.value);
  append_text(out, parked.error);
  append_text(out, parked.case_bytes);
  return out;
}

Parked decode_parked(std::string_view key, std::string_view value) {
  Parked parked;
  key.remove_prefix(parked_prefix.size());
  parked.id = {read_id(key)};
  parked.table = static_cast<Table>(key.back());
  ValueReader in{value};
  parked.position.partition = Partition{in.number<std::uint16_t>()};
  parked.position.offset = Offset{in.number<std::uint64_t>()};
  parked.error = in.text();
  parked.case_bytes = in.text();
  return parked;
}

using Families = std::array<rdb::ColumnFamilyHandle*, table_slots>;

/// One generation of one table. Snapshots keep it alive; the last one to let go closes the handle.
struct Family {
  rdb::DB* db;
  rdb::ColumnFamilyHandle* handle;
  Family(rdb::DB* d, rdb::ColumnFamilyHandle* h) : db(d), handle(h) {}
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() { db->DestroyColumnFamilyHandle(handle); }
};
using FamilySet = std::array<std::shared_ptr<Family>, table_slots>;

/// Tells that a database was closed.
struct Closing {
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;
};

/// An open database. Whoever reads from it keeps it open.
struct Opened {
  std::shared_ptr<Health> health;
  std::unique_ptr<rdb::DB> db;
  std::shared_ptr<Family> meta;
  FamilySet families, previous;
  bool writable = false;
  std::shared_ptr<Closing> closing = std::make_shared<Closing>();

  Opened() = default;
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    meta.reset();
    families = {};
    previous = {};
    db.reset();
    const std::lock_guard lock(closing->mutex);
    closing->closed = true;
    closing->changed.notify_all();
  }
};

class RocksCursor final : public Snapshot::Cursor {
 public:
  RocksCursor(std::shared_ptr<const Opened> opened, rdb::Iterator* it)
      : opened_(std::move(opened)), it_(it) {}
  void seek(std::string_view key) override { it_->Seek(slice(key)); }
  void seek_before(std::string_view key) override {
    it_->SeekForPrev(slice(key));
    if (it_->Valid() && view(it_->key()) == key) it_->Prev();
  }
  void next() override { it_->Next(); }
  void previous() override { it_->Prev(); }
  bool valid() const override {
    if (it_->Valid()) return true;
    require(it_->status(), "reading a table", opened_->health.get());
    return false;
  }
  std::string_view key() const override { return view(it_->key()); }
  std::string_view value() const override { return view(it_->value()); }

 private:
  std::shared_ptr<const Opened> opened_;  // before the iterator, which must be gone first
  std::unique_ptr<rdb::Iterator> it_;
};

Head read_stream_head(rdb::DB& db, const rdb::ReadOptions& read, rdb::ColumnFamilyHandle* meta,
                      const CaseId& stream, Health* health) {
  std::string value;
  const auto found = db.Get(read, meta, std::string(stream_prefix) + id_key(stream.value), &value);
  if (found.IsNotFound()) return {};
  require(found, "reading a stream's head", health);
  ValueReader in{value};
  Head head;
  head.version = Version{in.number<std::uint32_t>()};
  head.hash = in.hash();
  return head;
}

class RocksSnapshot final : public Snapshot {
 public:
  RocksSnapshot(std::shared_ptr<const Opened> opened, StoreState state)
      : opened_(std::move(opened)),
        db_(opened_->db.get()),
        families_(opened_->families),
        state_(std::move(state)),
        at_(db_->GetSnapshot()) {
    read_.snapshot = at_;
  }
  ~RocksSnapshot() override { db_->ReleaseSnapshot(at_); }

  const StoreState& state() const override { return state_; }
  [[nodiscard]] rdb::SequenceNumber sequence() const { return at_->GetSequenceNumber(); }
  void read_state() {
    std::string value;
    const auto status = db_->Get(read_, opened_->meta->handle, slice(state_key), &value);
    state_ = {};
    if (status.IsNotFound()) return;
    require(status, "reading the tables' state", opened_->health.get());
    state_ = decode_state(value);
  }
  std::optional<std::string> get(Table table, std::string_view key) const override {
    rdb::PinnableSlice value;
    const auto status = db_->Get(read_, family(table), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    require(status, "reading a row", opened_->health.get());
    return value.ToString();
  }
  void get_many(Table table, std::span<const std::string> keys,
                std::vector<std::optional<std::string>>& out) const override {
    out.assign(keys.size(), std::nullopt);
    std::vector<rdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rdb::PinnableSlice> values(keys.size());
    std::vector<rdb::Status> statuses(keys.size());
    db_->MultiGet(read_, family(table), keys.size(), slices.data(), values.data(), statuses.data());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      require(statuses[i], "reading rows", opened_->health.get());
      out[i] = values[i].ToString();
    }
  }
  void scan(Table table, std::string_view from, bool reverse,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    RocksCursor at(opened_, db_->NewIterator(read_, family(table)));
    for (reverse ? at.seek_before(from) : at.seek(from); at.valid(); reverse ? at.previous() : at.next()) {
      if (!visit(at.key(), at.value())) return;
    }
  }
  std::unique_ptr<Cursor> cursor(Table table) const override {
    return std::make_unique<RocksCursor>(opened_, db_->NewIterator(read_, family(table)));
  }
  std::vector<std::string> providers() const override {
    std::vector<std::string> out;
    RocksCursor at(opened_, db_->NewIterator(read_, db_->DefaultColumnFamily()));
    for (at.seek(provider_prefix); at.valid() && at.key().starts_with(provider_prefix); at.next()) {
      out.emplace_back(at.key().substr(provider_prefix.size()));
    }
    return out;
  }
  Head stream_head(const CaseId& stream) const override {
    return read_stream_head(*db_, read_, opened_->meta->handle, stream, opened_->health.get());
  }

 private:
  rdb::ColumnFamilyHandle* family(Table table) const { return families_[slot(table)]->handle; }
  std::shared_ptr<const Opened> opened_;  // before the families, which must be gone first
  rdb::DB* db_;
  FamilySet families_;
  StoreState state_;
  const rdb::Snapshot* at_;
  rdb::ReadOptions read_;
};

void compare_rows(Snapshot::Cursor& a, Snapshot::Cursor& b,
                  const std::function<void(std::string_view)>& differs) {
  a.seek("");
  b.seek("");
  while (a.valid() || b.valid()) {
    const int order = !a.valid() ? 1 : !b.valid() ? -1 : a.key().compare(b.key());
    if (order == 0) {
      if (a.value() != b.value()) differs(a.key());
      a.next();
      b.next();
    } else if (order < 0) {
      differs(a.key());
      a.next();
    } else {
      differs(b.key());
      b.next();
    }
  }
}

class RocksBatch final : public Batch {
 public:
  explicit RocksBatch(std::shared_ptr<Opened> opened)
      : opened_(std::move(opened)), families_(opened_->families), meta_(opened_->meta->handle) {}
  void put(Table table, std::string_view key, std::string_view value) override {
    change(table, key, value, false);
  }
  void remove(Table table, std::string_view key) override { change(table, key, {}, true); }
  void provider(std::string_view slug) override { put_meta(std::string(provider_prefix).append(slug), {}); }
  void settings(const Hash& hash, std::string_view content) override {
    put_meta(std::string(settings_prefix) + to_hex(hash), content);
  }
  void adopted(const CaseId& stream, Version version, std::string_view content) override {
    std::string key = std::string(adopted_prefix) + id_key(stream.value);
    append_big_endian(key, version.value);
    put_meta(key, content);
  }
  void stream(const CaseId& stream, const Head& head) override {
    std::string value;
    append_big_endian(value, head.version.value);
    append_hash(value, head.hash);
    put_meta(std::string(stream_prefix) + id_key(stream.value), value);
  }
  void park(const Parked& parked) override {
    put_meta(parked_key(parked.id, parked.table), encode_parked(parked));
  }
  void unpark(const CaseId& id, Table table) override {
    require(batch_.Delete(meta_, parked_key(id, table)), "adding to a batch");
  }
  void put_meta(std::string_view key, std::string_view value) {
    require(batch_.Put(meta_, slice(key), slice(value)), "adding to a batch");
  }

  /// All that was changed, to be written at once. The rows of a table come in the order of their keys, which
  /// puts a large batch into the table's memory nearly twice as quickly as the order of its cases does.
  rdb::WriteBatch* in_order() {
    for (std::size_t s = 0; s < table_slots; ++s) {
      auto& changes = changes_[s];
      std::ranges::stable_sort(changes, {}, [this](const Change& one) { return key(one); });
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const Change& one = changes[i];
        if (i + 1 < changes.size() && key(one) == key(changes[i + 1])) continue;  // the later one counts
        const auto family = families_[s]->handle;
        require(one.removes ? batch_.Delete(family, slice(key(one)))
                            : batch_.Put(family, slice(key(one)), slice(value(one))),
                "adding to a batch");
      }
      changes.clear();
    }
    return &batch_;
  }
  [[nodiscard]] const std::shared_ptr<Opened>& opened() const { return opened_; }

 private:
  struct Change {
    std::size_t at;  ///< of the key in `text_`, followed by the value
    std::uint32_t key_octets, value_octets;
    bool removes;
  };
  void change(Table table, std::string_view key, std::string_view value, bool removes) {
    changes_[slot(table)].push_back({text_.size(), static_cast<std::uint32_t>(key.size()),
                                     static_cast<std::uint32_t>(value.size()), removes});
    text_.append(key).append(value);
  }
  [[nodiscard]] std::string_view key(const Change& one) const {
    return std::string_view(text_).substr(one.at, one.key_octets);
  }
  [[nodiscard]] std::string_view value(const Change& one) const {
    return std::string_view(text_).substr(one.at + one.key_octets, one.value_octets);
  }

  std::shared_ptr<Opened> opened_;
  FamilySet families_;
  rdb::ColumnFamilyHandle* meta_;
  rdb::WriteBatch batch_;
  std::array<std::vector<Change>, table_slots> changes_;
  std::string text_;
};

/// Ends table files in a thread of its own: that waits for the disk, and who folds need not.
class FileFinisher {
 public:
  using File = std::pair<std::unique_ptr<rdb::SstFileWriter>, std::string>;

  FileFinisher() : thread_([this] { run(); }) {}
  ~FileFinisher() { end(); }
  FileFinisher(const FileFinisher&) = delete;
  FileFinisher& operator=(const FileFinisher&) = delete;

  void finish(Table table, File file) {
    {
      const std::lock_guard lock(mutex_);
      queue_.emplace_back(table, std::move(file));
    }
    changed_.notify_one();
  }
  /// The files of each table, all ended and on the disk. Throws StoreFailed.
  std::array<std::vector<std::string>, table_slots> done() {
    end();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(files_);
  }

 private:
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto [table, file] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      try {
        require(file.first->Finish(), "finishing a table file");
        files_[slot(table)].push_back(std::move(file.second));
      } catch (...) { failure_ = std::current_exception(); }
      file.first.reset();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Table, File>> queue_;
  bool ending_ = false;
  std::array<std::vector<std::string>, table_slots> files_;
  std::exception_ptr failure_;
  std::thread thread_;
};

class SstLoader final : public Loader {
 public:
  SstLoader(std::function<rdb::Options(Table)> options_of, std::filesystem::path dir, int number,
            FileFinisher& finisher)
      : options_of_(std::move(options_of)), dir_(std::move(dir)), number_(number), finisher_(finisher) {}

  void put(Table table, std::uint8_t run, std::string_view key, std::string_view value) override {
    auto& file = files_[slot(table)][run];
    if (!file.writer || file.octets > file_octets_max) {
      if (file.writer) finisher_.finish(table, {std::move(file.writer), std::move(file.path)});
      file.path = (dir_ / fmt::format("{}-{}.sst", number_, made_++)).string();
      file.octets = 0;
      // What was just written will be read, so it stays in the page cache.
      constexpr bool leave_page_cache = false;
      file.writer = std::make_unique<rdb::SstFileWriter>(rdb::EnvOptions(), options_of_(table), nullptr,
                                                         leave_page_cache);
      require(file.writer->Open(file.path), "opening a table file");
    }
    file.octets += key.size() + value.size();
    const auto put = file.writer->Put(slice(key), slice(value));
    if (!put.ok()) require(put, "writing a table file");
  }
  void finish() override {
    for (std::size_t i = 0; i < table_slots; ++i) {
      for (File& file : files_[i]) {
        if (file.writer) {
          finisher_.finish(static_cast<Table>(i), {std::move(file.writer), std::move(file.path)});
        }
      }
    }
  }

 private:
  /// Of keys and values as they were given, before compression.
  static constexpr std::size_t file_octets_max = std::size_t{192} << 20;
  struct File {
    std::unique_ptr<rdb::SstFileWriter> writer;
    std::string path;
    std::size_t octets = 0;
  };
  std::function<rdb::Options(Table)> options_of_;
  std::filesystem::path dir_;
  int number_;
  FileFinisher& finisher_;
  int made_ = 0;
  std::array<std::array<File, bulk_runs_max>, table_slots> files_;
};

class RocksGeneration final : public Generation {
 public:
  RocksGeneration(std::shared_ptr<Opened> opened, std::function<rdb::Options(Table)> options_of,
                  std::filesystem::path dir)
      : opened_(std::move(opened)),
        db_(opened_->db.get()),
        options_of_(std::move(options_of)),
        dir_(std::move(dir)) {
    std::filesystem::create_directories(dir_);
  }
  ~RocksGeneration() override {
    finisher_.reset();
    for (auto& family : families) {
      if (family && !adopted) db_->DropColumnFamily(family->handle);
    }
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  std::unique_ptr<Loader> loader() override {
    return std::make_unique<SstLoader>(options_of_, dir_, loaders_++, *finisher_);
  }
  void complete() override {
    if (!finisher_) return;
    auto files = finisher_->done();
    finisher_.reset();
    std::vector<rdb::IngestExternalFileArg> all;
    for (std::size_t i = 0; i < table_slots; ++i) {
      if (files[i].empty()) continue;
      rdb::IngestExternalFileArg& table = all.emplace_back();
      table.column_family = families[i]->handle;
      table.external_files = std::move(files[i]);
      table.options.move_files = true;
      table.options.write_global_seqno = false;
    }
    if (!all.empty()) require(db_->IngestExternalFiles(all), "taking in the table files");
  }

  [[nodiscard]] const std::shared_ptr<Opened>& opened() const { return opened_; }

 private:
  std::shared_ptr<Opened> opened_;  // before the families, which must be gone first

 public:
  FamilySet families;
  std::array<std::uint32_t, table_slots> numbers{};
  bool adopted = false;

 private:
  rdb::DB* db_;
  std::function<rdb::Options(Table)> options_of_;
  std::filesystem::path dir_;
  std::unique_ptr<FileFinisher> finisher_ = std::make_unique<FileFinisher>();
  std::atomic<int> loaders_{0};
};

class RocksStore final : public Store {
 public:
  explicit RocksStore(const StoreOptions& options)
      : options_(options), health_(std::make_shared<Health>(options.dir, options.read_only)) {
    if (!options.read_only) std::filesystem::create_directories(options.dir);
    const auto cache = options.block_cache ? options.block_cache : rdb::NewLRUCache(options.cache_octets);
    if (options.env != nullptr) rocks_.env = options.env;
    // After a crash the tables are what they were at some moment, and go on reading the log from there.
    rocks_.wal_recovery_mode = rdb::WALRecoveryMode::kPointInTimeRecovery;
    rocks_.track_and_verify_wals_in_manifest = true;
    rocks_.paranoid_checks = true;
    rocks_.max_open_files = -1;  // so that a file that is gone is noticed at opening
    rocks_.create_missing_column_families = true;
    rocks_.max_background_jobs = 2;
    rocks_.write_buffer_manager =
        std::make_shared<rdb::WriteBufferManager>(options.write_buffer_octets, cache);
    // Read again after a crash, hence a part of the time until ready.
    rocks_.max_total_wal_size = std::uint64_t{48} << 20;
    rocks_.write_buffer_size = std::size_t{32} << 20;
    rocks_.info_log = no_messages();
    rocks_.db_host_id.clear();
    // Half of the octets are ids, hashes and sealed; compressing the rest would make 160 octets an event 94
    // and a rebuild a sixth slower.
    rocks_.compression = rdb::kNoCompression;
    rocks_.level_compaction_dynamic_level_bytes = true;
    rdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.block_size = 16 * 1024;
    table.format_version = 5;
    table.checksum = rdb::kXXH3;
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    rocks_.table_factory.reset(rdb::NewBlockBasedTableFactory(table));
    table.filter_policy.reset(rdb::NewBloomFilterPolicy(10));
    with_filters_.reset(rdb::NewBlockBasedTableFactory(table));

    options_.read_only ? open(false) : open(true);
  }

  std::shared_ptr<const Snapshot> snapshot() const override {
    std::unique_lock lock(mutex_);
    const auto now = opened(lock);
    auto snapshot = std::make_shared<RocksSnapshot>(now, state_);
    // Rows and state change together: what was written since `state_` was noted brings its own state.
    if (snapshot->sequence() != state_at_) snapshot->read_state();
    return snapshot;
  }

  std::unique_ptr<Batch> batch() override {
    std::unique_lock lock(mutex_);
    if (!health_->writable()) recover(lock);
    return std::make_unique<RocksBatch>(opened(lock));
  }

  void write(std::unique_ptr<Batch> batch, const StoreState& state) override {
    auto& rocks = static_cast<RocksBatch&>(*batch);
    rocks.put_meta(state_key, encode_state(state));
    const auto now = rocks.opened();
    // Without the lock: a large batch takes long, and whoever takes a snapshot meanwhile must not wait for
    // it.
    write_batch(rocks, "writing the tables");
    const std::lock_guard lock(mutex_);
    state_ = state;
    state_at_ = now->db->GetLatestSequenceNumber();
  }

  std::string trouble() const override { return health_->trouble(); }
  void note_damage(const std::string& what) override { health_->damaged(what); }

  std::vector<Table> outdated() const override {
    std::vector<Table> out;
    for (const TableInfo& table : all_tables) {
      if (versions_[slot(table.table)] != table.version) out.push_back(table.table);
    }
    return out;
  }

  std::unique_ptr<Generation> begin(std::span<const Table> tables) override {
    std::unique_lock lock(mutex_);
    if (!health_->writable()) recover(lock);
    const auto now = opened(lock);
    auto generation = std::make_unique<RocksGeneration>(
        now, [this](Table table) { return options_of(family_name(info_of(table), 0)); },
        options_.dir / "building");
    std::vector<std::string> names;
    for (const Table table : tables) {
      generation->numbers[slot(table)] = generations_[slot(table)] + 1;
      // What an interrupted rebuild left under this number is dropped at opening, so the family is new.
      names.push_back(family_name(info_of(table), generation->numbers[slot(table)]));
    }
    const auto made = make_families(*now, names);
    for (std::size_t i = 0; i < tables.size(); ++i) generation->families[slot(tables[i])] = made[i];
    return generation;
  }

  void adopt(std::unique_ptr<Generation> generation, std::unique_ptr<Batch> batch,
             const StoreState& state) override {
    auto& made = static_cast<RocksGeneration&>(*generation);
    made.complete();
    auto& rocks = static_cast<RocksBatch&>(*batch);
    for (const TableInfo& table : all_tables) {
      if (!made.families[slot(table.table)]) continue;
      std::string value;
      append_big_endian(value, table.version);
      append_big_endian(value, made.numbers[slot(table.table)]);
      rocks.put_meta(table_key(table.table), value);
    }
    rocks.put_meta(state_key, encode_state(state));
    const std::lock_guard lock(mutex_);
    write_batch(rocks, "switching to the new tables");
    made.adopted = true;
    for (const TableInfo& table : all_tables) {
      const auto i = slot(table.table);
      if (!made.families[i]) continue;
      Opened& now = *made.opened();
      if (now.previous[i]) now.db->DropColumnFamily(now.previous[i]->handle);
      now.previous[i] = now.families[i];
      now.families[i] = made.families[i];
      generations_[i] = made.numbers[i];
      versions_[i] = table.version;
    }
    state_ = state;
    state_at_ = made.opened()->db->GetLatestSequenceNumber();
  }

  void compare(const Store& other, Table table,
               const std::function<void(std::string_view)>& differs) const override {
    const auto mine = snapshot();
    const auto theirs = other.snapshot();
    compare_rows(*mine->cursor(table), *theirs->cursor(table), differs);
  }
  void compare(const Generation& generation, Table table,
               const std::function<void(std::string_view)>& differs) const override {
    const auto& all = static_cast<const RocksGeneration&>(generation);
    const auto& made = all.families[slot(table)];
    if (!made) return;
    RocksCursor theirs(all.opened(), all.opened()->db->NewIterator({}, made->handle));
    compare_rows(*snapshot()->cursor(table), theirs, differs);
  }

  std::vector<Parked> parked() const override {
    std::vector<Parked> out;
    each_meta(parked_prefix, [&](auto key, auto value) { out.push_back(decode_parked(key, value)); });
    return out;
  }
  std::vector<std::string> settings() const override {
    std::vector<std::string> out;
    each_meta(settings_prefix, [&](auto, auto value) { out.emplace_back(value); });
    return out;
  }
  std::vector<Adoption> adoptions() const override {
    std::vector<Adoption> out;
    each_meta(adopted_prefix, [&](std::string_view key, std::string_view value) {
      const std::string_view version = key.substr(key.size() - sizeof(std::uint32_t));
      out.push_back({Version{read_big_endian<std::uint32_t>(version)}, std::string(value)});
    });
    return out;
  }
  Head stream_head(const CaseId& stream) const override {
    const auto now = opened_now();
    return read_stream_head(*now->db, {}, now->meta->handle, stream, health_.get());
  }
  std::uint64_t disk_octets() const override {
    std::uint64_t octets = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(options_.dir, ignored)) {
      if (entry.is_regular_file(ignored)) octets += entry.file_size(ignored);
    }
    return octets;
  }
  void checkpoint(const std::filesystem::path& dir) const override {
    const auto now = opened_now();
    rdb::Checkpoint* made = nullptr;
    require(rdb::Checkpoint::Create(now->db.get(), &made), "making a checkpoint of the tables",
            health_.get());
    const std::unique_ptr<rdb::Checkpoint> checkpoint(made);
    require(checkpoint->CreateCheckpoint(dir.string()), "making a checkpoint of the tables", health_.get());
  }

 private:
  /// Filters only where keys are asked for that may not be there: rows of lists are found by ranges.
  [[nodiscard]] rdb::Options options_of(const std::string& family) const {
    return options_of(family, rocks_);
  }
  [[nodiscard]] rdb::Options options_of(const std::string& family, rdb::Options options) const {
    for (const Table table : {Table::stored_cases, Table::trail, Table::key_figures}) {
      if (family.starts_with(fmt::format("{:02}-", slot(table)))) options.table_factory = with_filters_;
    }
    return options;
  }
  static std::string table_key(Table table) { return std::string(table_prefix) + static_cast<char>(table); }

  std::vector<std::shared_ptr<Family>> make_families(Opened& in, const std::vector<std::string>& names) {
    std::vector<rdb::ColumnFamilyHandle*> handles;
    std::vector<rdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names)
      descriptors.emplace_back(name, rdb::ColumnFamilyOptions(options_of(name)));
    require(in.db->CreateColumnFamilies(descriptors, &handles), "making tables");
    std::vector<std::shared_ptr<Family>> made;
    for (auto* handle : handles) made.push_back(std::make_shared<Family>(in.db.get(), handle));
    return made;
  }

  /// A new store has every table, empty and of the program's version.
  void make_first_tables(Opened& in, std::map<std::string, std::shared_ptr<Family>>& by_name) {
    std::vector<std::string> names;
    for (const TableInfo& table : all_tables) names.push_back(family_name(table, 0));
    const auto made = make_families(in, names);
    rdb::WriteBatch versions;
    for (std::size_t i = 0; i < names.size(); ++i) {
      by_name[names[i]] = made[i];
      std::string value;
      append_big_endian(value, all_tables[i].version);
      append_big_endian(value, std::uint32_t{0});
      require(versions.Put(in.meta->handle, table_key(all_tables[i].table), value), "adding to a batch");
    }
    require(in.db->Write({}, &versions), "making tables");
  }

  /// Keeps the present generation and the one before it (the way back); drops what an interrupted build left.
  void drop_forgotten(Opened& in, const std::map<std::string, std::shared_ptr<Family>>& by_name) {
    for (const auto& [name, family] : by_name) {
      if (name == rdb::kDefaultColumnFamilyName) continue;
      const bool kept = std::any_of(all_tables.begin(), all_tables.end(), [&](const TableInfo& table) {
        const auto present = generations_[slot(table.table)];
        if (name == family_name(table, present)) return true;
        if (present == 0 || name != family_name(table, present - 1)) return false;
        in.previous[slot(table.table)] = family;
        return true;
      });
      if (!kept) require(in.db->DropColumnFamily(family->handle), "dropping a forgotten table");
    }
    std::error_code ignored;
    std::filesystem::remove_all(options_.dir / "building", ignored);
  }

  template <class Visit>
  void each_meta(std::string_view prefix, Visit&& visit) const {
    const auto now = opened_now();
    RocksCursor at(now, now->db->NewIterator({}, now->meta->handle));
    for (at.seek(prefix); at.valid() && at.key().starts_with(prefix); at.next()) visit(at.key(), at.value());
  }

  /// The database; where it is just being opened again, once that is done. Throws StoreFailed when it is not.
  std::shared_ptr<Opened> opened(std::unique_lock<std::mutex>& lock) const {
    changed_.wait_for(lock, wait_for_reopening_max, [this] { return opened_ != nullptr; });
    if (!opened_) throw StoreFailed(fmt::format("the tables in {} are closed", options_.dir.string()));
    return opened_;
  }
  std::shared_ptr<Opened> opened_now() const {
    std::unique_lock lock(mutex_);
    return opened(lock);
  }

  /// By the one thread that writes, which is also the only one that opens again.
  void write_batch(RocksBatch& rocks, std::string_view doing) {
    if (rocks.opened() != opened_)
      throw StoreFailed("the tables were opened again since this batch was begun");
    const auto status = rocks.opened()->db->Write({}, rocks.in_order());
    if (status.ok()) return;
    health_->unwritable(
        fmt::format("the tables in {} could not be written: {}", options_.dir.string(), status.ToString()));
    require(status, doing, health_.get());
  }

  /// After a failed write: RocksDB takes no more of them until it is told that the disk is well again; after
  /// some failures not even then, and it has to be closed and opened.
  void recover(std::unique_lock<std::mutex>& lock) {
    if (const std::string why = why_not_writable(options_.env, options_.dir); !why.empty()) {
      health_->unwritable(fmt::format("the tables in {} cannot be written: {}", options_.dir.string(), why));
      throw StoreFailed(health_->trouble());
    }
    if (opened_ && opened_->writable && opened_->db->Resume().ok()) {
      health_->unwritable({});
      return;
    }
    const std::weak_ptr<Opened> old = opened_;
    if (opened_) {
      const auto closing = opened_->closing;
      opened_.reset();
      lock.unlock();
      std::unique_lock closed(closing->mutex);
      closing->changed.wait_for(closed, readers_let_go_max, [&] { return closing->closed; });
      closed.unlock();
      lock.lock();
    }
    if (const auto kept = old.lock()) {
      opened_ = kept;
      changed_.notify_all();
      throw StoreFailed(fmt::format(
          "the tables in {} are still being read; opening them again waits for that", options_.dir.string()));
    }
    try {
      open(true);
      health_->unwritable({});
    } catch (const StoreFailed& failure) {
      health_->unwritable(failure.what());
      // What can be read is read until the next attempt.
      try {
        open(false);
      } catch (const StoreFailed&) {}
    }
    changed_.notify_all();
    if (!health_->writable()) throw StoreFailed(health_->trouble());
  }

  /// Opens the database and finds the tables in it.
  void open(bool for_writing) {
    const std::string dir = options_.dir.string();
    if (has_lost_current(options_.dir)) throw_damaged("its file CURRENT is missing");
    if (const std::string list = list_damage(options_.dir); !list.empty()) throw_damaged(list);
    if (std::ifstream noted(options_.dir / damaged_name); noted && for_writing) {
      throw_damaged(std::string{std::istreambuf_iterator<char>(noted), {}});
    }
    rdb::Options rocks = rocks_;
    rocks.create_if_missing = for_writing;
    ListKeeper list(options_.dir);
    if (for_writing) rocks.listeners.push_back(list.listener());
    std::vector<std::string> names;
    if (!rdb::DB::ListColumnFamilies(rocks, dir, &names).ok()) names = {rdb::kDefaultColumnFamilyName};
    require_known(names);
    std::vector<rdb::ColumnFamilyDescriptor> descriptors;
    for (const auto& name : names)
      descriptors.emplace_back(name, rdb::ColumnFamilyOptions(options_of(name, rocks)));
    std::vector<rdb::ColumnFamilyHandle*> handles;
    rdb::DB* db = nullptr;
    const auto status = for_writing ? rdb::DB::Open(rocks, dir, descriptors, &handles, &db)
                                    : rdb::DB::OpenForReadOnly(rocks, dir, descriptors, &handles, &db);
    if (!status.ok()) throw_not_opened(status);
    if (for_writing) list.opened();
    auto now = std::make_shared<Opened>();
    now->health = health_;
    now->db.reset(db);
    now->writable = for_writing;
    std::map<std::string, std::shared_ptr<Family>> by_name;
    for (std::size_t i = 0; i < names.size(); ++i) {
      by_name[names[i]] = std::make_shared<Family>(db, handles[i]);
    }
    now->meta = by_name[rdb::kDefaultColumnFamilyName];
    if (by_name.size() == 1 && for_writing) make_first_tables(*now, by_name);
    find_tables(*now, by_name, for_writing);
    std::string value;
    const auto found = db->Get({}, now->meta->handle, slice(state_key), &value);
    if (!found.ok() && !found.IsNotFound()) require(found, "reading the tables' state", health_.get());
    // Not what was known before: opened again, they may have lost it.
    state_ = found.ok() ? decode_state(value) : StoreState{};
    state_at_ = db->GetLatestSequenceNumber();
    if (for_writing) drop_forgotten(*now, by_name);
    opened_ = std::move(now);
  }

  void find_tables(Opened& in, const std::map<std::string, std::shared_ptr<Family>>& by_name,
                   bool for_writing) {
    for (const TableInfo& table : all_tables) {
      const auto i = slot(table.table);
      std::string value;
      const auto found = in.db->Get({}, in.meta->handle, table_key(table.table), &value);
      if (!found.ok() && !found.IsNotFound()) require(found, "reading which tables there are", health_.get());
      std::uint32_t generation = 0;
      versions_[i] = 0;
      if (found.ok()) {
        ValueReader reader{value};
        versions_[i] = reader.number<std::uint32_t>();
        generation = reader.number<std::uint32_t>();
      }
      if (versions_[i] > table.version) {
        throw StoreNewer(
            fmt::format("expected the table {} in {} in version {} at most, but it has version {}: it was "
                        "written by a newer Geleit. Use that one, or move the tables away so that they are "
                        "made anew from the log",
                        table.name, options_.dir.string(), table.version, versions_[i]));
      }
      generations_[i] = generation;
      const auto family = by_name.find(family_name(table, generation));
      if (family != by_name.end()) {
        in.families[i] = family->second;
      } else if (found.ok()) {
        throw_damaged(fmt::format("the table {} is missing", table.name));
      } else if (for_writing) {
        in.families[i] = make_families(in, {family_name(table, generation)}).front();
      } else {
        throw StoreFailed(
            fmt::format("the tables in {} are not ready; start the service once", options_.dir.string()));
      }
    }
  }

  /// A table with a number that this program does not know was made by a newer one.
  void require_known(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (name == rdb::kDefaultColumnFamilyName) continue;
      const bool known = std::any_of(all_tables.begin(), all_tables.end(), [&](const TableInfo& table) {
        return name.starts_with(fmt::format("{:02}-", slot(table.table)));
      });
      if (known) continue;
      throw StoreNewer(fmt::format(
          "expected tables of this program in {}, but there is {}: it was written by a newer Geleit. "
          "Use that one, or move the tables away so that they are made anew from the log",
          options_.dir.string(), name));
    }
  }

  [[noreturn]] void throw_damaged(std::string_view what) const {
    throw StoreDamaged(Health::sentence(options_.dir, what));
  }
  [[noreturn]] void throw_not_opened(const rdb::Status& status) const {
    const std::string dir = options_.dir.string();
    if (is_in_use(status)) {
      throw StoreInUse(fmt::format(
          "the tables in {} are in use by another process; only one may hold them. Stop the other "
          "one, or give this one a directory of its own",
          dir));
    }
    if (is_damage(status, true) || status.IsInvalidArgument() || status.IsNotSupported())
      throw_damaged(status.ToString());
    throw StoreFailed(fmt::format("the tables in {} cannot be opened: {}", dir, status.ToString()));
  }

  StoreOptions options_;
  rdb::Options rocks_;
  std::shared_ptr<Health> health_;
  std::shared_ptr<rdb::TableFactory> with_filters_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;  // of opened_
  std::shared_ptr<Opened> opened_;
  std::array<std::uint32_t, table_slots> generations_{}, versions_{};
  StoreState state_;
  rdb::SequenceNumber state_at_ = 0;  ///< the database's own count of writes when `state_` was noted
};

}  // namespace

Positions StoreState::positions() const {
  Positions out;
  out.reserve(reached.size());
  for (const Reached& r : reached) out.push_back(r.next);
  return out;
}

std::filesystem::path set_tables_aside(const std::filesystem::path& dir) {
  for (int n = 1;; ++n) {
    const std::filesystem::path aside = dir.string() + fmt::format(".damaged-{}", n);
    if (std::filesystem::exists(aside)) continue;
    std::error_code failed;
    std::filesystem::rename(dir, aside, failed);
    if (failed) {
      throw StoreFailed(fmt::format("the tables in {} cannot be moved to {}: {}", dir.string(),
                                    aside.string(), failed.message()));
    }
    return aside;
  }
}

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  return std::make_unique<RocksStore>(options);
}

}  // namespace geleit
