// Tables as a program of another day left them, for tests of the upgrade: RocksDB is told what no program of
// today writes.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "projections/table_keys.h"
#include "projections/tables.h"

namespace geleit::testing {

/// Moves the stored version of these tables by so much. Where that makes them older, every row in them holds
/// what nobody can read.
inline void change_table_versions(const std::filesystem::path& dir, const std::vector<Table>& tables,
                                  int by) {
  const auto require = [](const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  };
  rocksdb::Options options;
  std::vector<std::string> names;
  require(rocksdb::DB::ListColumnFamilies(options, dir.string(), &names));
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  require(rocksdb::DB::Open(options, dir.string(), families, &handles, &opened));
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteBatch changes;
  for (const Table table : tables) {
    const std::string key = std::string("table/") + static_cast<char>(table);
    std::string value;
    require(db->Get({}, key, &value));
    std::string changed;
    append_big_endian(
        changed, static_cast<std::uint32_t>(static_cast<int>(read_big_endian<std::uint32_t>(value)) + by));
    require(changes.Put(key, changed.append(value, sizeof(std::uint32_t))));
    if (by > 0) continue;
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() == rocksdb::kDefaultColumnFamilyName) continue;
      // As "05-cases.0".
      if (!handle->GetName().substr(3).starts_with(std::string(name_of(table)) + ".")) continue;
      const std::unique_ptr<rocksdb::Iterator> rows(db->NewIterator({}, handle));
      for (rows->SeekToFirst(); rows->Valid(); rows->Next())
        require(changes.Put(handle, rows->key(), "as no program of today writes it"));
    }
  }
  require(db->Write({}, &changes));
  for (rocksdb::ColumnFamilyHandle* handle : handles) require(db->DestroyColumnFamilyHandle(handle));
}

}  // namespace geleit::testing
