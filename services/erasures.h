// Erasing a person: their keys are destroyed, and what they sealed is unreadable in the log and in every
// table. A backup made before still holds the keys, so every erasure is written down outside of all backups,
// and a restore applies what was written down.
//
//   erase ─▶ journal, synced ─▶ keys destroyed        killed in between: complete_erasures at the next
//   opening
//
// The journal is a text file, a line each, only ever added to:
//   <key id> <person id> <instant> [<grounds>] <first 16 digits of the SHA-256 of what is before>
// The grounds are left out where they are the usual ones, that retention is over.
#pragma once

#include <filesystem>
#include <span>
#include <stdexcept>
#include <unordered_set>
#include <vector>

#include "events/event_words.h"
#include "events/named.h"
#include "services/key_store.h"

namespace geleit {

/// One key that was destroyed, or is to be.
struct Erasure {
  KeyId key;
  PersonId person;
  Instant at;
  ErasureGrounds grounds = ErasureGrounds::retention_over;
  friend bool operator==(const Erasure&, const Erasure&) = default;
};

/// The journal cannot be read or written, or a line of it is damaged; names the file and the line.
struct ErasuresFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The journal of one installation. Not thread-safe; one process writes it.
class ErasureJournal {
 public:
  /// Reads the file, if there is one. What a kill left of a last line is passed over, and written over by the
  /// next `add`: nothing was destroyed for it. Throws ErasuresFailed.
  explicit ErasureJournal(std::filesystem::path file);

  /// Those that are not in it yet; durable when it returns. Throws ErasuresFailed.
  void add(std::span<const Erasure> erasures);
  [[nodiscard]] bool contains(KeyId key) const { return keys_.contains(key); }
  /// In the order of the file.
  [[nodiscard]] const std::vector<Erasure>& all() const { return erasures_; }

 private:
  std::filesystem::path file_;
  std::uint64_t whole_octets_ = 0;  ///< of the file, without what is left of a last line
  std::vector<Erasure> erasures_;
  std::unordered_set<KeyId> keys_;
};

/// Destroys all keys of a person; the ids of those there were. Throws ErasuresFailed, KeyStoreFailed.
std::vector<KeyId> erase_person(PersonId person, KeyStore& keys, ErasureJournal& journal, Instant now,
                                ErasureGrounds grounds = ErasureGrounds::retention_over);
/// Destroys these of them.
void erase_keys(PersonId person, const std::vector<KeyId>& ids, KeyStore& keys, ErasureJournal& journal,
                Instant now, ErasureGrounds grounds);
/// Destroys what the journal names and the store still holds; how many those were.
std::size_t complete_erasures(KeyStore& keys, const ErasureJournal& journal);

}  // namespace geleit
