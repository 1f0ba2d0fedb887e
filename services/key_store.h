// Person keys: what makes personal data readable, kept apart from the log so that destroying one makes that
// person's data unreadable everywhere. Each lies wrapped by the installation's master key, which is in
// neither.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "events/named.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace geleit {

using KeyBytes = std::array<unsigned char, 32>;

/// One key of a person, with what is derived from it: a key for sealing, one for the nonces, one for content
/// tags.
struct PersonKey {
  KeyId id;
  PersonId person;
  KeyBytes bytes{};
  KeyBytes sealing{}, nonces{}, tags{};
};
/// Derives the three.
[[nodiscard]] PersonKey make_person_key(KeyId id, PersonId person, const KeyBytes& bytes);

/// The key store cannot be used now, or the master key is not the one it was written with.
struct KeyStoreFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Of these: another process holds it.
struct KeyStoreInUse : KeyStoreFailed {
  using KeyStoreFailed::KeyStoreFailed;
};
/// Of these: it is damaged, or holds less than what was acknowledged. Trying again does not help.
struct KeyStoreDamaged : KeyStoreFailed {
  using KeyStoreFailed::KeyStoreFailed;
};

/// The key that wraps all others.
class MasterKey {
 public:
  /// Reads the file; where there is none, makes one of `fresh` with mode 0600. Throws KeyStoreFailed when it
  /// can be read by others than its owner, or is no key.
  static MasterKey load_or_make(const std::filesystem::path& file, const KeyBytes& fresh);
  /// Reads it; throws KeyStoreFailed also where there is none.
  static MasterKey load(const std::filesystem::path& file);
  [[nodiscard]] const KeyBytes& bytes() const { return bytes_; }

 private:
  KeyBytes bytes_{};
};

/// What the processes of an installation know each other by: all of them read the same master key, which it
/// does not give away. 64 digits.
[[nodiscard]] std::string service_token(const MasterKey& master);

/// Keeps person keys: port of intake and of whoever opens personal data. Thread-safe.
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  /// Durable and readable when it returns. Throws KeyStoreFailed; then none may be used.
  virtual void add(std::span<const PersonKey> keys) = 0;
  /// Null when there is none, or it was destroyed.
  [[nodiscard]] virtual std::shared_ptr<const PersonKey> find(KeyId id) const = 0;
  /// True when there is such a key or there was one that was destroyed; an event's key that is not known was
  /// lost.
  [[nodiscard]] virtual bool known(KeyId id) const { return find(id) != nullptr; }
  /// True when it was destroyed, as far as this process knows without asking anybody: for whoever keeps a key
  /// at hand. Fast.
  [[nodiscard]] virtual bool was_destroyed(KeyId id) const = 0;
  /// Why keys cannot be added now, in a sentence; empty while they can.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
  /// Reads every key and says in a sentence each what is not as it should be.
  [[nodiscard]] virtual std::vector<std::string> findings() const { return {}; }
  /// The keys of a person that were not destroyed; looks at all keys there are.
  [[nodiscard]] virtual std::vector<KeyId> keys_of(PersonId person) const = 0;
  /// Nothing of these keys is left, in no file either, when it returns; unknown ones are passed over. Only
  /// erasures.h calls it, so that a restore knows of it too. Throws KeyStoreFailed; then it is to be
  /// repeated.
  virtual void destroy(std::span<const KeyId> keys) = 0;
};

/// A key store in a directory.
class StoredKeys : public KeyStore {
 public:
  /// Makes the directory `dir`, which must not exist, with the keys as they are at some moment during the
  /// call, still wrapped; its files are hard links where both lie on one file system. Throws KeyStoreFailed.
  virtual void checkpoint(const std::filesystem::path& dir) const = 0;
};

/// On one machine: a RocksDB of its own, every write synced. `read_only` for tools beside a running service.
/// Nothing is changed before it is known that every key that was acknowledged is there. After a failed write
/// the next `add` closes and opens it again first. `env`: what the files are written through; null: the
/// machine's own. Throws KeyStoreInUse, KeyStoreDamaged, KeyStoreFailed.
[[nodiscard]] std::unique_ptr<StoredKeys> open_key_store(const std::filesystem::path& dir,
                                                         const MasterKey& master, bool read_only = false,
                                                         rocksdb::Env* env = nullptr);
/// In memory, for tests.
[[nodiscard]] std::unique_ptr<KeyStore> memory_key_store();

}  // namespace geleit
