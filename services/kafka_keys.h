// Person keys in the keys' topic of a log on Kafka, for every process that uses that log; all of them are
// held in memory, wrapped (some 200 octets each), and no copy lies on a disk of this process.
//
//   name                          value
//   <key id>                      <person id, 36 characters><the key, wrapped by the master key, 72 octets>
//   geleit.erased.<key id>        <person id>: the key was destroyed; written before its tombstone, kept for
//                                 ever
//   geleit.master.<64 digits>     geleit-keys 1: which master key wraps them; the first one counts
//   geleit.token.<id>             a token as it is now (token_book.h)
//
// Several keys of one person are possible: each is known by its own id, and an erasure destroys them all. An
// event's key was in the topic before the event was sent, so what is not known here is looked for at the
// topic's end before it counts as unknown.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/kafka_address.h"
#include "services/erasures.h"
#include "services/key_store.h"

namespace geleit {

class KafkaKeys : public StoredKeys {
 public:
  /// Those whose destruction was written down, in the topic's order.
  [[nodiscard]] virtual std::vector<Erasure> erasures() const = 0;
  /// How often a token was made or changed, as far as the topic was read; fast.
  [[nodiscard]] virtual std::uint64_t tokens_changed() const = 0;
  /// The same, and the last word about each.
  [[nodiscard]] virtual std::pair<std::uint64_t, std::vector<std::string>> tokens() const = 0;
  /// Durable, and read back, when it returns. Throws KeyStoreFailed.
  virtual void put_token(std::string_view id, std::string line) = 0;
};

/// The master key is read from `master_key`; where the topic names none yet and there is no such file, one is
/// made of `fresh`. Throws KeyStoreFailed, also when the topic's keys are wrapped by another master key.
[[nodiscard]] std::unique_ptr<KafkaKeys> open_kafka_keys(const KafkaAddress& address,
                                                         const KafkaSettings& settings,
                                                         const std::filesystem::path& master_key,
                                                         const KeyBytes& fresh);
/// For tools beside a running service: nothing is written.
[[nodiscard]] std::unique_ptr<KafkaKeys> open_kafka_keys_read_only(const KafkaAddress& address,
                                                                   const KafkaSettings& settings,
                                                                   const std::filesystem::path& master_key);

}  // namespace geleit
