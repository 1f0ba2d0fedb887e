#include "events/rocks_memory.h"

#include <rocksdb/cache.h>
#include <rocksdb/write_buffer_manager.h>

namespace geleit {

SharedMemory share_memory(std::size_t octets, std::size_t for_writes) {
  SharedMemory memory;
  memory.block_cache = rocksdb::NewLRUCache(octets);
  memory.write_buffers = std::make_shared<rocksdb::WriteBufferManager>(for_writes, memory.block_cache);
  return memory;
}

}  // namespace geleit
