// Memory that the databases of one process share.
#pragma once

#include <cstddef>
#include <memory>

namespace rocksdb {
class Cache;
}  // namespace rocksdb

namespace geleit {

/// Holds up to `octets` of blocks that were read.
[[nodiscard]] std::shared_ptr<rocksdb::Cache> make_block_cache(std::size_t octets);

}  // namespace geleit
