#include "events/embedded_log_database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/sst_partitioner.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cstring>
#include <limits>

#include "events/rocks_damage.h"
#include "events/rocks_disk.h"

namespace geleit {
namespace {

constexpr std::size_t block_bytes = 32 << 10;
constexpr std::size_t block_cache_bytes = 32 << 20;
// Also how much is read again from the write-ahead log after a crash, hence the time until ready.
constexpr std::size_t write_buffer_bytes = 32 << 20;
constexpr std::size_t scan_readahead_bytes = 256 << 10;
constexpr std::uint64_t sync_sorted_files_every_bytes = 1 << 20;

constexpr std::size_t partition_octets = 2;
constexpr std::size_t key_octets = 10;
using Key = std::array<char, key_octets>;

Key key_of(Partition partition, Offset first) {
  Key key{};
  for (int i = 0; i < 2; ++i)
    key[static_cast<std::size_t>(i)] = static_cast<char>(partition.value >> (8 - 8 * i));
  for (int i = 0; i < 8; ++i)
    key[static_cast<std::size_t>(2 + i)] = static_cast<char>(first.value >> (56 - 8 * i));
  return key;
}

rocksdb::Slice slice(const Key& key) { return {key.data(), key.size()}; }

constexpr std::string_view identity_key{
    "\xff\xff"
    "geleit"};
constexpr char identity_magic[8] = {'G', 'E', 'L', 'E', 'I', 'T', 'L', 'G'};
constexpr std::uint32_t identity_format = 1;
struct StoredIdentity {
  char magic[8];
  std::uint32_t format;
  std::uint32_t partitions;
  std::uint64_t id_high;
  std::uint64_t id_low;
  std::int64_t created_ms;
};
static_assert(sizeof(StoredIdentity) == 40);

[[noreturn]] void throw_corrupt(const std::filesystem::path& dir, std::string_view what) {
  throw LogCorrupt(
      fmt::format("the log in {} is damaged: {}. Nothing was changed. Keep the directory as it is for "
                  "examination and restore the "
                  "log from its last backup",
                  dir.string(), what));
}

[[noreturn]] void throw_status(const std::filesystem::path& dir, std::string_view doing,
                               const rocksdb::Status& status, bool opening = false) {
  const std::string text = status.ToString();
  if (is_in_use(status)) {
    throw LogInUse(
        fmt::format("the log in {} is in use by another process: expected to be its only writer. Stop the "
                    "other one, or give this one a directory of its own",
                    dir.string()));
  }
  if (is_damage(status, opening)) throw_corrupt(dir, text);
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    throw LogRefused(fmt::format("the log in {} cannot be opened: {}", dir.string(), text));
  }
  throw LogUnavailable(fmt::format("the log in {} could not {}: {}", dir.string(), doing, text));
}

rocksdb::Options make_options(LogDatabase::Mode mode, const DatabaseMemory& memory) {
  rocksdb::Options options;
  if (memory.env != nullptr) options.env = memory.env;
  options.create_if_missing = mode == LogDatabase::Mode::create;
  // Of the four ways to read the write-ahead log after a crash only this one fits. After a kill the last
  // write may be torn; it was never acknowledged, so that an incomplete record at the very end is dropped.
  // Damage anywhere before the end refuses to open, whereas the default (point in time) would drop in silence
  // all that follows it. A tail that was cut off cleanly looks like a torn write to any mode: high_water.h
  // and require_reached find that.
  options.wal_recovery_mode = mode == LogDatabase::Mode::look
                                  ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                  : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  options.allow_concurrent_memtable_write = false;  // there is one writer
  options.max_open_files = -1;
  options.max_background_jobs = 2;
  options.bytes_per_sync = sync_sorted_files_every_bytes;
  options.info_log = no_messages();
  options.db_host_id.clear();  // a directory says nothing about the machine it was made on
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.write_buffer_size = write_buffer_bytes;

  // Offsets only grow, so within a partition no file of a deeper level overlaps a newer one. Cutting the
  // files between partitions lets RocksDB move them down without rewriting them: every record is written
  // about three times in all (write-ahead log, flush, one compaction). The move needs the same compression on
  // every level. A file fresh from memory spans all partitions, hence all of level one, which is rewritten
  // with it: the smaller that level, the less is written again. For the same reason the log's memory is its
  // own: what it would share with the tables they fill, and it would have to write files of a megabyte.
  options.sst_partitioner_factory = rocksdb::NewSstPartitionerFixedPrefixFactory(partition_octets);
  options.max_bytes_for_level_base = write_buffer_bytes;
  options.target_file_size_base = write_buffer_bytes;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kDisableCompressionOption;

  rocksdb::BlockBasedTableOptions table;
  table.block_size = block_bytes;
  table.block_cache = memory.block_cache ? memory.block_cache : rocksdb::NewLRUCache(block_cache_bytes);
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

GroupIterator::GroupIterator(std::unique_ptr<rocksdb::Iterator> groups, Partition partition,
                             std::filesystem::path dir)
    : groups_(std::move(groups)), partition_(partition), dir_(std::move(dir)) {}

GroupIterator::~GroupIterator() = default;

void GroupIterator::seek(Offset offset) { groups_->SeekForPrev(slice(key_of(partition_, offset))); }

void GroupIterator::next() { groups_->Next(); }

bool GroupIterator::valid() const {
  if (groups_->Valid()) {
    // Whoever looks before the first group of a partition finds the last one of the partition before it.
    const rocksdb::Slice key = groups_->key();
    if (key.size() == key_octets) {
      return key.data()[0] == static_cast<char>(partition_.value >> 8) &&
             key.data()[1] == static_cast<char>(partition_.value);
    }
    return false;
  }
  if (!groups_->status().ok()) throw_status(dir_, "be read", groups_->status());
  return false;
}

Offset GroupIterator::first() const {
  const rocksdb::Slice key = groups_->key();
  std::uint64_t first = 0;
  for (std::size_t i = partition_octets; i < key_octets; ++i) {
    first = first << 8 | static_cast<unsigned char>(key.data()[i]);
  }
  return Offset{first};
}

std::string_view GroupIterator::value() const {
  const rocksdb::Slice value = groups_->value();
  return {value.data(), value.size()};
}

LogDatabase::LogDatabase(const std::filesystem::path& dir, Mode mode, const DatabaseMemory& memory)
    : dir_(dir), memory_(memory), writable_(mode == Mode::write || mode == Mode::create) {
  std::error_code failed;
  if (mode == Mode::create) {
    std::filesystem::create_directories(dir, failed);
    if (failed) {
      throw LogUnavailable(
          fmt::format("the directory {} cannot be made: {}", dir.string(), failed.message()));
    }
  } else if (has_lost_current(dir)) {
    throw_corrupt(dir, "its file CURRENT is missing");
  } else if (!std::filesystem::exists(dir / "CURRENT", failed)) {
    throw LogRefused(fmt::format("expected a log in {}, but there is none", dir.string()));
  }
  if (mode != Mode::create) {
    if (const std::string list = list_damage(dir); !list.empty()) throw_corrupt(dir, list);
  }
  rocksdb::Options options = make_options(mode, memory);
  ListKeeper list(dir);
  if (writable_) options.listeners.push_back(list.listener());
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = writable_ ? rocksdb::DB::Open(options, dir.string(), &db)
                                           : rocksdb::DB::OpenForReadOnly(options, dir.string(), &db);
  db_.reset(db);
  if (status.IsCorruption()) {
    if (const auto ahead = write_ahead_state(dir); ahead.kind != WriteAheadState::Kind::whole) {
      throw_corrupt(dir_, fmt::format("{} at octet {} ({})", ahead.file.filename().string(), ahead.offset,
                                      status.ToString()));
    }
  }
  if (!status.ok()) throw_status(dir_, "be opened", status, true);
  if (writable_) list.opened();
}

LogDatabase::~LogDatabase() {
  if (!db_ || !writable_ || failed_) return;
  // What lies in sorted files need not be read from the write-ahead log at the next start. A failure loses
  // nothing.
  (void)db_->Flush(rocksdb::FlushOptions());
  (void)db_->Close();
}

std::string LogDatabase::key_at(Position first) {
  const Key key = key_of(first.partition, first.offset);
  return {key.data(), key.size()};
}

std::optional<Position> LogDatabase::position_of(std::string_view key) {
  if (key.size() != key_octets) return std::nullopt;
  std::uint16_t partition = 0;
  std::uint64_t offset = 0;
  std::memcpy(&partition, key.data(), sizeof partition);
  std::memcpy(&offset, key.data() + partition_octets, sizeof offset);
  return Position{Partition{__builtin_bswap16(partition)}, Offset{__builtin_bswap64(offset)}};
}

std::optional<LogIdentity> LogDatabase::identity_of(std::string_view key, std::string_view value) {
  StoredIdentity stored{};
  if (key != identity_key || value.size() != sizeof stored) return std::nullopt;
  std::memcpy(&stored, value.data(), sizeof stored);
  const bool ours = std::memcmp(stored.magic, identity_magic, sizeof identity_magic) == 0;
  if (!ours || stored.partitions < 1 || stored.partitions > partitions_max) return std::nullopt;
  return LogIdentity{{stored.id_high, stored.id_low},
                     static_cast<std::uint16_t>(stored.partitions),
                     Instant{stored.created_ms}};
}

std::optional<LogIdentity> LogDatabase::identity() const {
  std::string value;
  const rocksdb::Status status = db_->Get({}, {identity_key.data(), identity_key.size()}, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) throw_status(dir_, "be read", status);
  StoredIdentity stored{};
  if (value.size() != sizeof stored)
    throw_corrupt(dir_, "the entry that says which log this is has a wrong length");
  std::memcpy(&stored, value.data(), sizeof stored);
  if (std::memcmp(stored.magic, identity_magic, sizeof identity_magic) != 0) {
    throw_corrupt(dir_, "the entry that says which log this is does not begin as it should");
  }
  if (stored.format != identity_format) {
    throw LogRefused(
        fmt::format("expected the log in {} in format {}, but it has format {}: it was written by a newer "
                    "Geleit",
                    dir_.string(), identity_format, stored.format));
  }
  if (stored.partitions < 1 || stored.partitions > partitions_max) {
    throw_corrupt(dir_, fmt::format("expected 1 to {} partitions, but it states {}", partitions_max,
                                    stored.partitions));
  }
  return LogIdentity{{stored.id_high, stored.id_low},
                     static_cast<std::uint16_t>(stored.partitions),
                     Instant{stored.created_ms}};
}

void LogDatabase::put_identity(const LogIdentity& identity) {
  StoredIdentity stored{};
  std::memcpy(stored.magic, identity_magic, sizeof identity_magic);
  stored.format = identity_format;
  stored.partitions = identity.partitions;
  stored.id_high = identity.id.high;
  stored.id_low = identity.id.low;
  stored.created_ms = identity.created.ms;
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = db_->Put(synced, {identity_key.data(), identity_key.size()},
                                          {reinterpret_cast<const char*>(&stored), sizeof stored});
  if (!status.ok()) throw_status(dir_, "write", status);
}

bool LogDatabase::empty() const {
  const std::unique_ptr<rocksdb::Iterator> all(db_->NewIterator({}));
  all->SeekToFirst();
  if (!all->status().ok()) throw_status(dir_, "be read", all->status());
  return !all->Valid();
}

void LogDatabase::write(std::span<const std::shared_ptr<const RecordGroup>> groups, Sync sync) {
  if (!writable_) throw LogUnavailable(fmt::format("the log in {} can only be read now", dir_.string()));
  std::size_t bytes = 0;
  for (const auto& group : groups) bytes += group->value.size() + 32;
  rocksdb::WriteBatch batch(bytes);
  for (const auto& group : groups) {
    const rocksdb::Status put =
        batch.Put(slice(key_of(group->partition, group->first)), {group->value.data(), group->value.size()});
    if (!put.ok()) throw_status(dir_, "write", put);
  }
  rocksdb::WriteOptions options;
  options.sync = sync == Sync::yes;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) return;
  failed_ = true;
  throw_status(dir_, "write", status);
}

std::unique_ptr<GroupFile> LogDatabase::begin_file(const std::filesystem::path& path) const {
  rocksdb::Options options = make_options(Mode::write, memory_);
  options.compression = rocksdb::kNoCompression;
  auto writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), options);
  const rocksdb::Status status = writer->Open(path.string());
  if (!status.ok()) throw_status(dir_, "write", status);
  return std::make_unique<GroupFile>(std::move(writer), path, dir_);
}

void LogDatabase::ingest(GroupFile& file) {
  if (!writable_) throw LogUnavailable(fmt::format("the log in {} can only be read now", dir_.string()));
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.write_global_seqno = false;
  const rocksdb::Status status = db_->IngestExternalFile({file.path_.string()}, options);
  if (!status.ok()) throw_status(dir_, "write", status);
}

GroupFile::GroupFile(std::unique_ptr<rocksdb::SstFileWriter> writer, std::filesystem::path path,
                     std::filesystem::path dir)
    : writer_(std::move(writer)), path_(std::move(path)), dir_(std::move(dir)) {}

GroupFile::~GroupFile() {
  writer_.reset();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void GroupFile::add(Partition partition, Offset first, std::string_view value) {
  const rocksdb::Status status =
      writer_->Put(slice(key_of(partition, first)), rocksdb::Slice(value.data(), value.size()));
  if (!status.ok()) throw_status(dir_, "write", status);
  size_ += value.size();
}

void GroupFile::finish() {
  const rocksdb::Status status = writer_->Finish();
  if (!status.ok()) throw_status(dir_, "write", status);
}

void LogDatabase::checkpoint(const std::filesystem::path& to) const {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(to.string());
  if (!status.ok()) throw_status(dir_, "make a checkpoint", status);
}

std::unique_ptr<GroupIterator> LogDatabase::groups(Partition partition, Use use) const {
  rocksdb::ReadOptions options;
  if (use == Use::scan) {
    options.fill_cache = false;
    options.readahead_size = scan_readahead_bytes;
  }
  std::unique_ptr<rocksdb::Iterator> all(db_->NewIterator(options));
  return std::make_unique<GroupIterator>(std::move(all), partition, dir_);
}

LogDatabase::End LogDatabase::end_of(Partition partition) const {
  const auto groups = this->groups(partition, Use::lookup);
  groups->seek(Offset{std::numeric_limits<std::uint64_t>::max()});
  if (!groups->valid()) return {Offset{0}, Instant{std::numeric_limits<std::int64_t>::min()}};
  End end{groups->first(), {}};
  try {
    GroupCursor records(groups->value());
    while (records.next()) {
      end.latest = records.recorded();
      end.end = next(end.end);
    }
  } catch (const LogCorrupt& damage) {
    throw_corrupt(dir_, fmt::format("the last group of partition {}, at offset {}: {}", partition.value,
                                    groups->first().value, damage.what()));
  }
  groups->seek(Offset{0});
  if (!groups->valid()) {
    throw_corrupt(dir_, fmt::format("partition {} has lost its beginning: expected a group at offset 0",
                                    partition.value));
  }
  return end;
}

}  // namespace geleit
