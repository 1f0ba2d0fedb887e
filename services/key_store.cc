#include "services/key_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>

#include "events/sha256.h"
#include "services/wrap.h"

namespace geleit {
namespace {

namespace rdb = rocksdb;

/// Keys kept unwrapped in memory; the rest is unwrapped again when asked for.
constexpr std::size_t keys_at_hand_max = 65'536;

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

void require(const rdb::Status& status, const char* doing) {
  if (!status.ok()) throw KeyStoreFailed(fmt::format("{} the key store: {}", doing, status.ToString()));
}

using AtHand = std::unordered_map<KeyId, std::shared_ptr<const PersonKey>>;

class RocksKeyStore final : public KeyStore {
 public:
  RocksKeyStore(const std::filesystem::path& dir, const MasterKey& master, bool read_only) : master_(master) {
    rdb::Options options;
    options.create_if_missing = !read_only;
    options.wal_recovery_mode = rdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.keep_log_file_num = 2;
    options.info_log_level = rdb::WARN_LEVEL;
    options.write_buffer_size = 8 << 20;
    if (!read_only) std::filesystem::create_directories(dir);
    rdb::DB* db = nullptr;
    const auto status = read_only ? rdb::DB::OpenForReadOnly(options, dir.string(), &db)
                                  : rdb::DB::Open(options, dir.string(), &db);
    if (!status.ok()) {
      throw KeyStoreFailed(
          fmt::format("the key store in {} cannot be opened ({}); if it is in use by another process, "
                      "stop that one; if it is damaged, restore it from the key backup",
                      dir.string(), status.ToString()));
    }
    db_.reset(db);
    check_master(dir, read_only);
  }

  void add(std::span<const PersonKey> keys) override {
    rdb::WriteBatch batch;
    for (const PersonKey& key : keys) {
      require(batch.Put(id_octets(key.id.value), id_octets(key.person.value) + wrap_key(master_, key)),
              "adding to");
    }
    rdb::WriteOptions synced;
    synced.sync = true;
    require(db_->Write(synced, &batch), "writing");
    const std::unique_lock lock(mutex_);
    for (const PersonKey& key : keys) keep(std::make_shared<PersonKey>(key));
  }

  std::shared_ptr<const PersonKey> find(KeyId id) const override {
    {
      const std::shared_lock lock(mutex_);
      const auto found = at_hand_.find(id);
      if (found != at_hand_.end()) return found->second;
    }
    std::string value;
    const auto status = db_->Get({}, id_octets(id.value), &value);
    if (status.IsNotFound()) return nullptr;
    require(status, "reading");
    if (value.size() < 16)
      throw KeyStoreFailed("a person key is damaged; restore the key store from its backup");
    const auto bytes = unwrap_key(master_, id, std::string_view(value).substr(16));
    if (!bytes) throw KeyStoreFailed("a person key is damaged; restore the key store from its backup");
    auto key = std::make_shared<PersonKey>(make_person_key(id, {id_of_octets(value)}, *bytes));
    const std::unique_lock lock(mutex_);
    keep(key);
    return key;
  }

 private:
  void keep(std::shared_ptr<const PersonKey> key) const {
    if (at_hand_.size() >= keys_at_hand_max) at_hand_.clear();
    at_hand_[key->id] = std::move(key);
  }

  /// A store of another master key would only show when the first name cannot be read; it is told at once
  /// instead.
  void check_master(const std::filesystem::path& dir, bool read_only) {
    static const std::string check_key = "master-check";
    const std::string expected =
        to_hex(sha256(std::string(master_.bytes().begin(), master_.bytes().end()) + check_key));
    std::string value;
    const auto status = db_->Get({}, check_key, &value);
    if (status.IsNotFound() && !read_only) {
      rdb::WriteOptions synced;
      synced.sync = true;
      require(db_->Put(synced, check_key, expected), "writing");
    } else {
      require(status, "reading");
      if (value != expected) {
        throw KeyStoreFailed(
            fmt::format("expected the master key that the key store in {} was made with, but the master "
                        "key file holds another one; put the right file back",
                        dir.string()));
      }
    }
  }

  MasterKey master_;
  std::unique_ptr<rdb::DB> db_;
  mutable std::shared_mutex mutex_;
  mutable AtHand at_hand_;
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

 private:
  mutable std::shared_mutex mutex_;
  AtHand keys_;
};

constexpr std::size_t key_digits = 64;

}  // namespace

MasterKey MasterKey::load_or_make(const std::filesystem::path& file, const KeyBytes& fresh) {
  MasterKey key;
  const std::string name = file.string();
  const int made = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) {
    std::string text;
    for (const unsigned char octet : fresh) text += fmt::format("{:02x}", octet);
    text += "\n";
    const bool written =
        ::write(made, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(made) == 0;
    ::close(made);
    if (!written) {
      ::unlink(name.c_str());
      throw KeyStoreFailed(
          fmt::format("the master key cannot be written to {}: {}", name, std::strerror(errno)));
    }
    key.bytes_ = fresh;
    return key;
  }
  if (errno != EEXIST)
    throw KeyStoreFailed(fmt::format("the master key cannot be made at {}: {}", name, std::strerror(errno)));
  struct stat info {};
  if (::stat(name.c_str(), &info) != 0)
    throw KeyStoreFailed(fmt::format("{}: {}", name, std::strerror(errno)));
  if ((info.st_mode & 077) != 0) {
    throw KeyStoreFailed(
        fmt::format("expected {} to be readable by its owner only, but its mode is {:o}; run chmod 600", name,
                    info.st_mode & 0777));
  }
  std::ifstream in(file);
  std::string text;
  in >> text;
  const auto value = text.size() == key_digits ? parse_hash(text) : std::nullopt;
  if (!value)
    throw KeyStoreFailed(fmt::format("expected 64 hexadecimal digits in {}, but found something else", name));
  write_octets(*value, reinterpret_cast<char*>(key.bytes_.data()));
  return key;
}

std::unique_ptr<KeyStore> open_key_store(const std::filesystem::path& dir, const MasterKey& master,
                                         bool read_only) {
  return std::make_unique<RocksKeyStore>(dir, master, read_only);
}

std::unique_ptr<KeyStore> memory_key_store() { return std::make_unique<MemoryKeyStore>(); }

}  // namespace geleit
