#include "services/key_store.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <unordered_set>

#include "events/high_water.h"
#include "events/rocks_damage.h"
#include "events/rocks_disk.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/key_file.h"
#include "services/wrap.h"

namespace geleit {
namespace {

namespace rdb = rocksdb;

/// Keys kept unwrapped in memory; the rest is unwrapped again when asked for.
constexpr std::size_t open_keys_max = 65'536;

std::string id_octets(const Uuid& id) {
  std::string out(16, '\0');
  for (int i = 0; i < 8; ++i) {
    out[static_cast<std::size_t>(i)] = static_cast<char>(id.high >> (56 - 8 * i));
    out[static_cast<std::size_t>(i) + 8] = static_cast<char>(id.low >> (56 - 8 * i));
  }
  return out;
}
Uuid id_of_octets(std::string_view octets) {
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8 | static_cast<unsigned char>(octets[i]);
    id.low = id.low << 8 | static_cast<unsigned char>(octets[i + 8]);
  }
  return id;
}

using AtHand = std::unordered_map<KeyId, std::shared_ptr<const PersonKey>>;

constexpr std::string_view master_entry = "master-check";
/// How many keys were ever added; changes in the same write as they do.
constexpr std::string_view count_entry = "count";
constexpr std::string_view format_entry = "format";
constexpr std::string_view store_format = "1";
/// Is there from the write that destroys keys until their octets are in no file any more.
constexpr std::string_view remains_entry = "destroyed-keys-remain";
constexpr std::size_t id_length = 16;

rdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

class RocksKeyStore final : public StoredKeys {
 public:
  RocksKeyStore(const std::filesystem::path& dir, const MasterKey& master, bool read_only, rdb::Env* env)
      : dir_(dir), master_(master), env_(env) {
    if (!read_only) std::filesystem::create_directories(dir_);
    if (has_lost_current(dir_)) throw_damaged("its file CURRENT is missing");
    open(read_only ? Mode::read : Mode::write);
  }

  void add(std::span<const PersonKey> keys) override {
    const std::lock_guard turn(adding_);
    if (!trouble().empty()) reopen();
    rdb::WriteBatch batch;
    rdb::Status status;
    for (const PersonKey& key : keys) {
      status = batch.Put(id_octets(key.id.value), id_octets(key.person.value) + wrap_key(master_, key));
      if (!status.ok()) throw_status("be added to", status);
    }
    const std::uint64_t count = count_ + keys.size();
    status = batch.Put(slice(count_entry), std::to_string(count));
    rdb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) {
      const std::shared_lock gate(gate_);
      status = database().Write(synced, &batch);
    }
    if (!status.ok()) {
      note_trouble(
          fmt::format("the key store in {} could not be written: {}", dir_.string(), status.ToString()));
      throw KeyStoreFailed(trouble());
    }
    count_ = count;
    high_water_.write({&count_, 1});
    const std::unique_lock lock(mutex_);
    for (const PersonKey& key : keys) keep(std::make_shared<PersonKey>(key));
  }

  std::shared_ptr<const PersonKey> find(KeyId id) const override {
    {
      const std::shared_lock lock(mutex_);
      if (destroyed_.contains(id)) return nullptr;
      const auto found = at_hand_.find(id);
      if (found != at_hand_.end()) return found->second;
    }
    std::string value;
    {
      const std::shared_lock gate(gate_);
      const auto status = database().Get({}, id_octets(id.value), &value);
      if (status.IsNotFound()) return nullptr;
      if (!status.ok()) throw_status("be read", status);
    }
    if (value.empty()) return nullptr;  // destroyed
    auto key = unwrapped(id, value);
    if (!key) throw_damaged(fmt::format("the key {} cannot be unwrapped", to_string(id.value)));
    const std::unique_lock lock(mutex_);
    if (destroyed_.contains(id)) return nullptr;
    keep(key);
    return key;
  }

  bool known(KeyId id) const override {
    std::string value;
    const std::shared_lock gate(gate_);
    const auto status = database().Get({}, id_octets(id.value), &value);
    if (!status.ok() && !status.IsNotFound()) throw_status("be read", status);
    return status.ok();
  }

  std::string trouble() const override {
    const std::shared_lock lock(mutex_);
    return trouble_;
  }

  std::vector<std::string> findings() const override {
    std::vector<std::string> found;
    const std::shared_lock gate(gate_);
    const std::unique_ptr<rdb::Iterator> all(database().NewIterator({}));
    std::uint64_t keys = 0;
    for (all->SeekToFirst(); all->Valid(); all->Next()) {
      if (all->key().size() != id_length) continue;
      ++keys;
      if (all->value().empty()) continue;
      const KeyId id{id_of_octets({all->key().data(), id_length})};
      if (!unwrapped(id, {all->value().data(), all->value().size()}))
        found.push_back(
            fmt::format("{}: the key {} cannot be unwrapped", dir_.string(), to_string(id.value)));
    }
    if (!all->status().ok())
      found.push_back(fmt::format("{}: {}", dir_.string(), all->status().ToString()));
    else if (keys != count_)
      found.push_back(fmt::format("{}: expected {} keys, but found {}", dir_.string(), count_, keys));
    return found;
  }

  std::vector<KeyId> keys_of(PersonId person) const override {
    std::vector<KeyId> keys;
    const std::string wanted = id_octets(person.value);
    const std::shared_lock gate(gate_);
    const std::unique_ptr<rdb::Iterator> all(database().NewIterator({}));
    for (all->SeekToFirst(); all->Valid(); all->Next()) {
      if (all->key().size() == id_length && all->value().starts_with(wanted))
        keys.push_back({id_of_octets(all->key().ToString())});
    }
    if (!all->status().ok()) throw_status("be read", all->status());
    return keys;
  }

  void destroy(std::span<const KeyId> keys) override {
    if (keys.empty()) return;
    const std::lock_guard turn(adding_);
    if (!trouble().empty()) reopen();
    {
      const std::unique_lock lock(mutex_);
      for (const KeyId& id : keys) {
        destroyed_.insert(id);
        at_hand_.erase(id);
      }
    }
    const std::shared_lock gate(gate_);
    rdb::DB& db = database();
    // An empty value says that there was a key, so the count stays what it is.
    rdb::WriteBatch batch;
    std::vector<std::string> ids;
    for (const KeyId& id : keys) {
      std::string octets = id_octets(id.value);
      std::string value;
      rdb::Status status = db.Get({}, octets, &value);
      if (status.IsNotFound()) continue;
      if (status.ok()) status = batch.Put(octets, {});
      if (!status.ok()) throw_status("be read", status);
      ids.push_back(std::move(octets));
    }
    if (ids.empty()) return;
    rdb::Status status = batch.Put(slice(remains_entry), {});
    rdb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) status = db.Write(synced, &batch);
    if (status.ok()) {
      const auto [first, last] = std::minmax_element(ids.begin(), ids.end());
      const rdb::Slice from(*first);
      const rdb::Slice to(*last);
      status = remove_what_was_written_over(db, &from, &to);
    }
    if (status.ok()) return;
    note_trouble(
        fmt::format("the key store in {} could not be written: {}", dir_.string(), status.ToString()));
    throw KeyStoreFailed(trouble());
  }

  void checkpoint(const std::filesystem::path& dir) const override {
    const std::shared_lock gate(gate_);
    rdb::Checkpoint* made = nullptr;
    rdb::Status status = rdb::Checkpoint::Create(&database(), &made);
    const std::unique_ptr<rdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(dir.string());
    if (!status.ok()) throw_status("be copied", status);
  }

 private:
  /// `look` reads as `read` does, but where the write-ahead log is damaged it ends there.
  enum class Mode : std::uint8_t { read, look, write };

  [[noreturn]] void throw_damaged(std::string_view what) const {
    throw KeyStoreDamaged(fmt::format(
        "the key store in {} is damaged: {}. Nothing was changed. Keep the directory as it is for "
        "examination and restore the keys from their last backup",
        dir_.string(), what));
  }
  [[noreturn]] void throw_status(std::string_view doing, const rdb::Status& status,
                                 bool opening = false) const {
    if (is_in_use(status)) {
      throw KeyStoreInUse(fmt::format(
          "the key store in {} is in use by another process; only one may hold it. Stop the other "
          "one, or give this one a directory of its own",
          dir_.string()));
    }
    if (is_damage(status, opening)) throw_damaged(status.ToString());
    throw KeyStoreFailed(
        fmt::format("the key store in {} could not {}: {}", dir_.string(), doing, status.ToString()));
  }

  /// Writes the files that hold values of these ids (null: all) anew, so that only the last of each is left,
  /// and removes the old ones before it returns. An opening does what was cut off.
  static rdb::Status remove_what_was_written_over(rdb::DB& db, const rdb::Slice* first,
                                                  const rdb::Slice* last) {
    rdb::CompactRangeOptions all_levels;
    all_levels.bottommost_level_compaction = rdb::BottommostLevelCompaction::kForce;
    rdb::Status status = db.DisableFileDeletions();
    if (!status.ok()) return status;
    status = db.Flush({});
    if (status.ok()) status = db.CompactRange(all_levels, first, last);
    const rdb::Status removed = db.EnableFileDeletions(false);
    if (status.ok()) status = removed;
    rdb::WriteOptions synced;
    synced.sync = true;
    return status.ok() ? db.Delete(synced, slice(remains_entry)) : status;
  }

  /// Only while the gate is held.
  [[nodiscard]] rdb::DB& database() const {
    if (!db_)
      throw KeyStoreFailed(fmt::format("the key store in {} is closed after a failed write", dir_.string()));
    return *db_;
  }

  [[nodiscard]] std::unique_ptr<rdb::DB> open_database(Mode mode) const {
    rdb::Options options;
    if (env_ != nullptr) options.env = env_;
    options.create_if_missing = mode == Mode::write;
    options.wal_recovery_mode = mode == Mode::look ? rdb::WALRecoveryMode::kPointInTimeRecovery
                                                   : rdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.track_and_verify_wals_in_manifest = true;
    options.paranoid_checks = true;
    options.max_open_files = -1;  // so that a file that is gone is noticed now
    options.info_log = no_messages();
    options.db_host_id.clear();
    options.write_buffer_size = 8 << 20;
    ListKeeper list(dir_);
    if (mode == Mode::write) options.listeners.push_back(list.listener());
    if (const std::string damage = list_damage(dir_); !damage.empty()) throw_damaged(damage);
    rdb::DB* db = nullptr;
    const auto status = mode == Mode::write ? rdb::DB::Open(options, dir_.string(), &db)
                                            : rdb::DB::OpenForReadOnly(options, dir_.string(), &db);
    std::unique_ptr<rdb::DB> opened(db);
    if (!status.ok()) throw_status("be opened", status, true);
    if (mode == Mode::write) list.opened();
    return opened;
  }

  [[nodiscard]] std::optional<std::string> entry(rdb::DB& db, std::string_view name) const {
    std::string value;
    const auto status = db.Get({}, slice(name), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) throw_status("be read", status);
    return value;
  }

  /// What was acknowledged must be there.
  void require_count(rdb::DB& db, const std::optional<std::vector<std::uint64_t>>& acknowledged) const {
    if (!acknowledged || acknowledged->size() != 1) return;
    const auto stored = entry(db, count_entry);
    const std::uint64_t found = stored ? std::strtoull(stored->c_str(), nullptr, 10) : 0;
    if (found < acknowledged->front())
      throw_damaged(fmt::format("expected {} keys, but found {}", acknowledged->front(), found));
  }

  void open(Mode mode) {
    const auto acknowledged = HighWater::read(dir_);
    if (mode == Mode::write) {
      const WriteAheadState ahead = write_ahead_state(dir_);
      const bool torn = ahead.kind == WriteAheadState::Kind::torn;
      if (ahead.kind == WriteAheadState::Kind::damaged || (torn && !acknowledged && !ahead.cut_short)) {
        throw_damaged(fmt::format("{} at octet {} is not as it was written", ahead.file.filename().string(),
                                  ahead.offset));
      }
      if (acknowledged) {
        const auto look = open_database(Mode::look);
        require_count(*look, acknowledged);
        require_known(*look, Mode::look);
      }
      if (torn) {
        try {
          drop_torn_write(ahead);
        } catch (const std::system_error& failure) {
          throw KeyStoreFailed(
              fmt::format("the key store in {} could not be opened: {}", dir_.string(), failure.what()));
        }
      }
    }
    auto db = open_database(mode);
    require_count(*db, acknowledged);
    require_known(*db, mode);
    if (mode == Mode::write && entry(*db, remains_entry)) {
      if (const auto status = remove_what_was_written_over(*db, nullptr, nullptr); !status.ok())
        throw_status("be rid of keys that were destroyed", status);
    }
    db_ = std::move(db);
    if (mode == Mode::write) high_water_.begin(dir_, {&count_, 1});
  }

  /// A store of another master key would only show when the first name cannot be read; it is told at once
  /// instead. A store that is new says what it is.
  void require_known(rdb::DB& db, Mode mode) {
    const std::string expected = to_hex(
        sha256(std::string(master_.bytes().begin(), master_.bytes().end()) + std::string(master_entry)));
    const auto format = entry(db, format_entry);
    if (format && *format != store_format) {
      throw KeyStoreFailed(
          fmt::format("expected the key store in {} in format {}, but it has format {}: it was written by a "
                      "newer Geleit",
                      dir_.string(), store_format, *format));
    }
    const auto master = entry(db, master_entry);
    if (master && *master != expected) {
      throw KeyStoreFailed(
          fmt::format("expected the master key that the key store in {} was made with, but the master "
                      "key file holds another one; put the right file back",
                      dir_.string()));
    }
    const auto count = entry(db, count_entry);
    if (count) {
      count_ = std::strtoull(count->c_str(), nullptr, 10);
    } else {
      count_ = 0;
      const std::unique_ptr<rdb::Iterator> all(db.NewIterator({}));
      for (all->SeekToFirst(); all->Valid(); all->Next()) count_ += all->key().size() == id_length ? 1 : 0;
      if (!all->status().ok()) throw_status("be read", all->status());
    }
    if (master && format && count) return;
    if (!master && count_ > 0) throw_damaged("the entry that tells its master key is missing");
    if (mode != Mode::write) return;
    rdb::WriteBatch batch;
    rdb::Status status = batch.Put(slice(master_entry), expected);
    if (status.ok()) status = batch.Put(slice(format_entry), slice(store_format));
    if (status.ok()) status = batch.Put(slice(count_entry), std::to_string(count_));
    rdb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) status = db.Write(synced, &batch);
    if (!status.ok()) throw_status("be written", status);
  }

  /// A write that failed was not done, as far as anybody was told; what of it reached the disk is unused
  /// keys.
  void reopen() {
    if (const std::string why = why_not_writable(env_, dir_); !why.empty()) {
      note_trouble(fmt::format("the key store in {} cannot be written: {}", dir_.string(), why));
      throw KeyStoreFailed(trouble());
    }
    const std::unique_lock gate(gate_);
    db_.reset();
    try {
      open(Mode::write);
    } catch (const KeyStoreFailed& failure) {
      note_trouble(failure.what());
      // What can be read is read until the next attempt.
      try {
        open(Mode::read);
      } catch (const KeyStoreFailed&) {}
      throw;
    }
    note_trouble({});
  }

  void note_trouble(std::string what) {
    const std::unique_lock lock(mutex_);
    trouble_ = std::move(what);
  }

  [[nodiscard]] std::shared_ptr<const PersonKey> unwrapped(KeyId id, std::string_view value) const {
    if (value.size() < id_length) return nullptr;
    const auto bytes = unwrap_key(master_, id, value.substr(id_length));
    if (!bytes) return nullptr;
    return std::make_shared<PersonKey>(make_person_key(id, {id_of_octets(value)}, *bytes));
  }

  void keep(std::shared_ptr<const PersonKey> key) const {
    if (at_hand_.size() >= open_keys_max) at_hand_.clear();
    at_hand_[key->id] = std::move(key);
  }

  std::filesystem::path dir_;
  MasterKey master_;
  rdb::Env* env_;
  std::mutex adding_;  // held while keys are added; guards the two below
  std::uint64_t count_ = 0;
  HighWater high_water_;
  mutable std::shared_mutex gate_;  // shared by whoever uses the database, alone to replace it
  std::unique_ptr<rdb::DB> db_;
  mutable std::shared_mutex mutex_;  // guards the rest
  mutable AtHand at_hand_;
  std::string trouble_;
  std::unordered_set<KeyId> destroyed_;  ///< since opening: what was read just before is not kept
};

class MemoryKeyStore final : public KeyStore {
 public:
  void add(std::span<const PersonKey> keys) override {
    const std::unique_lock lock(mutex_);
    for (const PersonKey& key : keys) keys_[key.id] = std::make_shared<PersonKey>(key);
  }
  std::shared_ptr<const PersonKey> find(KeyId id) const override {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : found->second;
  }
  std::vector<KeyId> keys_of(PersonId person) const override {
    std::vector<KeyId> keys;
    const std::shared_lock lock(mutex_);
    for (const auto& [id, key] : keys_) {
      if (key->person == person) keys.push_back(id);
    }
    return keys;
  }
  void destroy(std::span<const KeyId> keys) override {
    const std::unique_lock lock(mutex_);
    for (const KeyId& id : keys) keys_.erase(id);
  }

 private:
  mutable std::shared_mutex mutex_;
  AtHand keys_;
};

}  // namespace

MasterKey MasterKey::load_or_make(const std::filesystem::path& file, const KeyBytes& fresh) {
  MasterKey key;
  key.bytes_ = load_or_make_key_file(file, fresh, "the master key");
  return key;
}

MasterKey MasterKey::load(const std::filesystem::path& file) {
  MasterKey key;
  key.bytes_ = load_key_file(file);
  return key;
}

std::unique_ptr<StoredKeys> open_key_store(const std::filesystem::path& dir, const MasterKey& master,
                                           bool read_only, rocksdb::Env* env) {
  return std::make_unique<RocksKeyStore>(dir, master, read_only, env);
}

std::unique_ptr<KeyStore> memory_key_store() { return std::make_unique<MemoryKeyStore>(); }

}  // namespace geleit
