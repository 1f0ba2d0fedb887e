// Memory that the databases of one process share: one block cache, and one bound for what waits in memory to
// be written into sorted files, which counts as part of that cache.
#pragma once

#include <cstddef>
#include <memory>

namespace rocksdb {
class Cache;
class WriteBufferManager;
}  // namespace rocksdb

namespace geleit {

struct SharedMemory {
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

/// `octets` for blocks, of which at most `for_writes` are what waits to be written.
[[nodiscard]] SharedMemory share_memory(std::size_t octets, std::size_t for_writes);

}  // namespace geleit
