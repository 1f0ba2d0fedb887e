// The one place that chooses what `--log` means: a log on this machine with keys beside it, or one on Kafka
// whose keys lie in a topic of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "events/log.h"
#include "projections/rules/catalogue.h"
#include "services/data_directory.h"
#include "services/key_store.h"

namespace rocksdb {
class Cache;
class Env;
}  // namespace rocksdb

namespace geleit {

/// What an embedded log is opened with; a log on Kafka has a clock of its own and lies on no disk here.
struct LogSurroundings {
  std::function<Instant()> clock;
  rocksdb::Env* env = nullptr;  ///< null: the machine's own
  std::shared_ptr<rocksdb::Cache> block_cache;
};

/// Throws LogRefused, LogCorrupt, LogUnavailable.
[[nodiscard]] std::unique_ptr<Log> open_log(const DataDirectory& data, LogSurroundings surroundings);
/// For tools, also beside a running service: the log as it was when it was opened.
[[nodiscard]] std::unique_ptr<ReadableLog> open_log_read_only(const DataDirectory& data);

/// A master key is made of `fresh` where there are no keys yet. Throws KeyStoreFailed.
[[nodiscard]] std::unique_ptr<StoredKeys> open_keys(const DataDirectory& data, const KeyBytes& fresh,
                                                    rocksdb::Env* env = nullptr);
/// Throws KeyStoreFailed, also where there is no master key.
[[nodiscard]] std::unique_ptr<StoredKeys> open_keys_read_only(const DataDirectory& data);
/// For tools that show what they can: where there are no keys, or they cannot be read, nothing, and in `why`
/// a sentence for people.
[[nodiscard]] std::unique_ptr<StoredKeys> open_keys_if_readable(const DataDirectory& data, Language language,
                                                                std::string& why);

/// A clock that is set at the start would not be the one that a log beyond the machine records by.
[[nodiscard]] bool clock_may_be_set(const DataDirectory& data);

}  // namespace geleit
