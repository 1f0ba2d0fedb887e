#include "services/key_copy.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "events/codec.h"
#include "services/erasures.h"
#include "services/fresh_key.h"
#include "services/kafka_keys.h"
#include "services/open_parts.h"

namespace geleit {
namespace {

constexpr std::size_t records_at_once = 2'000;
constexpr std::size_t keys_at_once = 1'000;

std::unordered_set<KeyId> keys_named_in(const ReadableLog& log) {
  std::unordered_set<KeyId> named;
  std::vector<StoredRecord> some;
  Event event;
  for (std::uint16_t p = 0; p < log.info().partitions; ++p) {
    const auto reader = log.read(Partition{p}, Offset{0});
    for (reader->next(some, records_at_once); !some.empty(); reader->next(some, records_at_once)) {
      for (const StoredRecord& record : some) {
        try {
          decode(record.bytes, event);
        } catch (const BadRecord&) { continue; }
        if (!event.key.value.is_nil()) named.insert(event.key);
      }
    }
  }
  return named;
}

std::vector<Erasure> erasures_of(const DataDirectory& data, const StoredKeys& keys) {
  if (const auto* on_kafka = dynamic_cast<const KafkaKeys*>(&keys)) return on_kafka->erasures();
  return ErasureJournal(data.erasures()).all();
}

}  // namespace

KeysCopied copy_keys(const ReadableLog& log, const DataDirectory& from, const DataDirectory& to,
                     Chance& chance) {
  const auto source = open_keys_read_only(from);
  const auto target = open_keys(to, fresh_key(chance));
  KeysCopied result;
  const std::vector<Erasure> erasures = erasures_of(from, *source);
  if (!to.kafka) ErasureJournal(to.erasures()).add(erasures);
  for (const Erasure& erasure : erasures) {
    ++result.erased;
    if (target->known(erasure.key)) continue;
    // A store knows what was destroyed only of keys that it had: it gets one that opens nothing.
    const PersonKey nothing = make_person_key(erasure.key, erasure.person, fresh_key(chance));
    target->add({&nothing, 1});
    target->destroy({&erasure.key, 1});
  }
  std::vector<PersonKey> some;
  for (const KeyId& id : keys_named_in(log)) {
    const auto key = source->find(id);
    if (!key) continue;
    ++result.keys;
    if (target->known(id)) continue;
    some.push_back(*key);
    if (some.size() < keys_at_once) continue;
    target->add(some);
    some.clear();
  }
  if (!some.empty()) target->add(some);
  return result;
}

}  // namespace geleit
