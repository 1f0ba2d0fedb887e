// Files for a database that can be made again at any time: nothing waits for the disk. What a process has
// written outlives it; after a power cut some of it may be missing.
#pragma once

#include <memory>

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace geleit {

/// `below`: what the files are written through; null: the machine's own. Must outlive what it returns.
[[nodiscard]] std::shared_ptr<rocksdb::Env> make_unsynced_env(rocksdb::Env* below);

}  // namespace geleit
