#include "events/rocks_memory.h"

#include <rocksdb/cache.h>

namespace geleit {

std::shared_ptr<rocksdb::Cache> make_block_cache(std::size_t octets) { return rocksdb::NewLRUCache(octets); }

}  // namespace geleit
