#include "services/open_parts.h"

#include "events/copied_log.h"
#include "events/embedded_log.h"
#include "events/kafka_log.h"
#include "services/kafka_keys.h"

namespace geleit {

std::unique_ptr<Log> open_log(const DataDirectory& data, LogSurroundings surroundings) {
  if (data.kafka) {
    CopiedLogOptions options;
    options.kafka.address = data.kafka->address;
    options.kafka.settings = data.kafka->settings;
    options.copy = data.log();
    options.memory = {std::move(surroundings.block_cache), surroundings.env};
    return CopiedLog::open(std::move(options));
  }
  EmbeddedLogOptions options;
  options.dir = data.log();
  options.clock = std::move(surroundings.clock);
  options.env = surroundings.env;
  options.block_cache = std::move(surroundings.block_cache);
  return EmbeddedLog::open(std::move(options));
}

std::unique_ptr<ReadableLog> open_log_read_only(const DataDirectory& data) {
  if (data.kafka) return KafkaLog::open_read_only({data.kafka->address, data.kafka->settings, 0});
  return EmbeddedLog::open_read_only(data.log());
}

std::unique_ptr<StoredKeys> open_keys(const DataDirectory& data, const KeyBytes& fresh, rocksdb::Env* env) {
  if (data.kafka) return open_kafka_keys(data.kafka->address, data.kafka->settings, data.master_key(), fresh);
  return open_key_store(data.keys(), MasterKey::load_or_make(data.master_key(), fresh), false, env);
}

std::unique_ptr<StoredKeys> open_keys_read_only(const DataDirectory& data) {
  if (data.kafka)
    return open_kafka_keys_read_only(data.kafka->address, data.kafka->settings, data.master_key());
  return open_key_store(data.keys(), MasterKey::load(data.master_key()), true);
}

std::unique_ptr<StoredKeys> open_keys_if_readable(const DataDirectory& data, Language language,
                                                  std::string& why) {
  const bool any = data.kafka || std::filesystem::exists(data.keys());
  if (!any || !std::filesystem::exists(data.master_key())) {
    why = say(language, message::no_keys_there, data.dir.string());
    return nullptr;
  }
  try {
    return open_keys_read_only(data);
  } catch (const KeyStoreFailed& error) { why = error.what(); }
  return nullptr;
}

bool clock_may_be_set(const DataDirectory& data) { return !data.kafka; }

}  // namespace geleit
