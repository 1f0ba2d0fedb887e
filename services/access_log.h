// Who looked (REC-ACCESS): every read that opened personal data, apart from the events. One file of lines a
// day (Berlin), only ever added to, each line chained to the one before:
//
//   <data>/access/2026-11-30.ndjson
//     {"previous":"<SHA-256 of the line before, without its end; 64 zeros before the first>","at":"…",
//      "by":"m.roth","purpose":"treatment","what":"GET /v1/cases","trace":"<32 digits>","cases":["<id>", …]}
//   <data>/access/HEAD     <file> <octets of it> <hash of its last line>: an end that was cut off is noticed
//   <data>/access/LOCK     held while lines are written: a service and tools beside it share one chain
//
// No names and no personal data: ids of cases, slugs of staff. What a kill left of a last line stays, and the
// next line says so (`"torn": <octets>`), as it does where HEAD was gone (`"headless": true`).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "events/named.h"
#include "services/durable_file.h"

namespace geleit {

/// One look: by whom, why, through which route or command, at which cases.
struct Access {
  Instant at;
  std::string by = "-";       ///< staff slug, or the user of the operating system; "-": nobody said
  std::string purpose = "-";  ///< slug; "-": nobody said
  std::string what;           ///< "GET /v1/cases", "geleit export"
  TraceId trace;
  std::vector<CaseId> cases;
};

/// The log cannot be written or read now; says why.
struct AccessLogFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// There is no room to write it; that passes.
struct AccessDiskFull : AccessLogFailed {
  using AccessLogFailed::AccessLogFailed;
};

/// What may stand in `by` and `purpose`, as staff slugs are: small letters, digits, `.`, `_`, `-`, at most
/// 64, a letter or digit first.
[[nodiscard]] bool is_access_word(std::string_view text);

/// Who runs a command, as a word of this log.
[[nodiscard]] std::string os_user();

/// Adds lines, durable when it returns, or none of a day's. Any process. Throws AccessLogFailed.
void append_accesses(const std::filesystem::path& dir, std::span<const Access> accesses);

/// For a service: lines are written by a thread of its own, those that came together in one go, synced within
/// a second and at the end. Thread-safe.
class AccessLog {
 public:
  explicit AccessLog(std::filesystem::path dir);
  /// Writes what is waiting; what cannot be written then is told on standard error.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// Takes it to be written. False: it cannot be written now, or too much waits; then what was opened must
  /// not be shown. On a full disk people go on reading: who looked waits for room.
  [[nodiscard]] bool note(Access access);
  /// Why lines cannot be written now; empty while they can.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] std::size_t waiting_octets() const;
  static constexpr std::size_t waiting_octets_max = std::size_t{16} << 20;

 private:
  void run(const std::stop_token& stop);

  std::filesystem::path dir_;
  mutable std::mutex mutex_;
  std::condition_variable_any came_;
  std::vector<Access> queue_;
  std::size_t octets_ = 0;
  std::string trouble_;
  bool refuses_ = false;  ///< the trouble is none that passes
  std::jthread thread_;
};

/// Copies the log as it stands at one moment, durably, into a new directory `to`; nobody waits for it. The
/// files copied, by their names. Nothing where there is no log. Throws AccessLogFailed, std::system_error.
std::vector<std::pair<std::string, FileDigest>> copy_accesses(const std::filesystem::path& dir,
                                                              const std::filesystem::path& to);

// ---------------------------------------------------------------- reading it

struct AccessLine {
  std::string file;
  std::uint64_t number = 0;  ///< within its file, counted from 1
  Access access;
};
/// Something that is not as it was written; or, where `harmless`, what a kill left.
struct AccessFinding {
  std::string file;
  std::uint64_t line = 0;  ///< 0: of the whole file
  std::string what;        ///< in English
  bool harmless = false;
};
struct AccessChecked {
  std::uint64_t lines = 0;
  Hash head;  ///< of the last whole line
  std::vector<AccessFinding> findings;
  [[nodiscard]] bool whole() const;
};
/// Reads all of it, oldest first, and checks every hash. A directory that is not there holds nothing. Throws
/// AccessLogFailed where a file cannot be read.
AccessChecked read_accesses(const std::filesystem::path& dir,
                            const std::function<void(const AccessLine&)>& visit);

}  // namespace geleit
