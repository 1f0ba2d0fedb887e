// A local copy of a log that lies elsewhere, in the embedded format, as a directory of its own: rebuild,
// history, as-of and audit read it at the embedded log's speed. It is expendable: removed, it is fetched
// again. Offsets, recorded times and bytes are those of the log that it copies.
//
// Its writes are not synced: after a power cut it may be shorter, or not whole and then begun anew.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "events/embedded_log_contents.h"
#include "events/log.h"

namespace geleit {

/// Whether a copy lies there, which nobody may take for a log of its own.
[[nodiscard]] bool is_log_copy(const std::filesystem::path& dir);

class LogCopy {
 public:
  /// Opens the copy in this directory, or begins one. A copy that is not one of `source` (another log, a last
  /// record that is not the source's record there), or that is damaged, is removed and begun anew; `note`
  /// says why. Throws LogInUse when another process holds it, LogRefused when something else lies there,
  /// LogUnavailable when the source does not answer or the disk fails.
  LogCopy(std::filesystem::path dir, const ReadableLog& source, DatabaseMemory memory);
  ~LogCopy();

  [[nodiscard]] const EmbeddedLogContents& contents() const { return *contents_; }
  /// For whoever writes, one thread at a time.
  [[nodiscard]] EmbeddedLogContents& contents() { return *contents_; }
  /// Where a file in the making lies (EmbeddedLogContents::begin_file).
  [[nodiscard]] std::filesystem::path place_for_file(Partition partition) const;
  /// Why a copy that lay there was removed; empty: it was continued, or there was none.
  [[nodiscard]] const std::string& note() const { return note_; }
  /// Reading met with damage: the next opening begins anew. Any thread.
  void give_up();

 private:
  void begin(const LogInfo& source);
  void open();

  std::filesystem::path dir_;
  DatabaseMemory memory_;
  std::shared_ptr<rocksdb::Env> env_;
  std::string note_;
  std::unique_ptr<EmbeddedLogContents> contents_;
};

}  // namespace geleit
