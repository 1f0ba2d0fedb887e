// A backup: a directory that holds tables, log and keys of one moment, examined and described by a manifest.
//
//   checkpoint (hard links) ─▶ DEST.partial ─▶ opened and read through ─▶ manifest ─▶ renamed to DEST
//
//   DEST/manifest.json      what it is, and size and SHA-256 of every file
//   DEST/manifest.sha256    of the manifest, as sha256sum writes and checks it
//   DEST/{tables,log,keys}/ DEST/erasures.journal DEST/heads.ndjson
//
// Neither the master key nor the signing key is ever in it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "events/log.h"
#include "services/data_directory.h"
#include "services/durable_file.h"
#include "services/erasures.h"

namespace geleit {

/// What is there is not a whole backup, or cannot be restored here; names the file or the record.
struct BackupFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was found in log, keys and tables when all of it was read.
struct BackupContents {
  Uuid log;
  Positions ends;    ///< of the log
  Positions tables;  ///< how far the tables have come; empty: they hold nothing yet
  std::uint64_t records = 0, events = 0, stale = 0, foreign = 0;
  std::uint64_t keys = 0;    ///< that events name and that are there
  std::uint64_t erased = 0;  ///< that events name and that were destroyed
  std::optional<Instant> last_recorded;
};

struct BackupFile {
  std::string path;  ///< within the backup
  FileDigest digest;
};

struct Manifest {
  std::string program;
  Instant made;
  BackupContents contents;
  std::vector<BackupFile> files;
  [[nodiscard]] std::uint64_t octets() const;
};

/// Hears the records read so far.
using Examined = std::function<void(std::uint64_t records)>;

/// Opens the three and reads everything: every file's checksums, every record's hash and chain, that every
/// key is whole and every key an event names is there or was erased, that the tables, if there are any, count
/// what the log holds. Throws BackupFailed or what opening throws.
[[nodiscard]] BackupContents examine(const DataDirectory& data, const MasterKey& master,
                                     const ErasureJournal& erasures, const Examined& examined);

/// Copies the folders of a checkpoint, synced, and says what was read.
[[nodiscard]] std::vector<BackupFile> copy_checkpoint(const std::filesystem::path& checkpoint,
                                                      const std::filesystem::path& to);
/// Writes manifest.json and manifest.sha256, and removes what the manifest does not name.
void write_manifest(const std::filesystem::path& backup, const Manifest& manifest);
/// Throws BackupFailed when it is none, or not as it was written.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& backup);
/// Copies every file that the manifest names, synced, those of the tables only if they are wanted; throws
/// BackupFailed naming the one that is missing or wrong.
void copy_checked(const std::filesystem::path& backup, const Manifest& manifest,
                  const std::filesystem::path& to, bool with_tables);

}  // namespace geleit
