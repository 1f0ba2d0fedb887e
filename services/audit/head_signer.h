// Follows the log and signs heads of its partitions: every so many records, every so many minutes while there
// are new ones, and at the end of each Berlin day, by the clock and by the records' own times; and when the
// service ends. In every process that decides commands (role intake): on one machine that is the service, on
// Kafka each intake signs what its local copy holds, with its own key unless they share the key's folder.
//
//   log ─▶ edges in memory ─▶ heads.ndjson (durable) ─▶ heads.edge ─▶ deposit file, webhook
//
// heads.edge spares a restart to read the whole log again. It is believed only where it yields the root of
// the last signed head, else the log is read from its beginning and compared with every head on the way. A
// partition that contradicts a head is told as trouble and not signed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "events/log.h"
#include "services/audit/merkle.h"
#include "services/audit/signed_head.h"
#include "services/clock.h"
#include "services/config.h"
#include "services/data_directory.h"

namespace geleit {

/// How often the log is looked at.
inline constexpr std::int64_t follow_log_ms = 500;
/// After a deposit that failed.
inline constexpr std::int64_t deposit_again_ms = 60'000;
/// Heads that are sent to the webhook at once, octets of NDJSON.
inline constexpr std::size_t deposit_octets_max = 256 << 10;

/// Sends NDJSON somewhere; why it could not, or empty.
using PostHeads = std::function<std::string(std::string_view ndjson)>;

struct HeadSignerStatus {
  PublicKey key;
  std::vector<SignedHead> last;  ///< of each partition that has one
  std::uint64_t unsigned_records = 0;
  std::uint64_t undeposited = 0;  ///< octets of heads.ndjson that one of the deposits does not have yet
  std::vector<std::string> troubles;
};

class HeadSigner {
 public:
  /// All of them outlive it. `post` may be empty: no webhook. Throws std::system_error where the heads so far
  /// cannot be read.
  HeadSigner(const ReadableLog& log, const Clock& clock, SigningKey key, const DataDirectory& data,
             AuditConfig config, PostHeads post);
  ~HeadSigner();

  /// Steps now and then until stopped, then signs what has no head yet.
  void run(const std::stop_token& stop);
  /// Reads to the log's end and signs what is due; what cannot be written or sent is told by `status` and
  /// tried again by a later one. One thread at a time.
  void step(const std::stop_token& stop = {});
  /// Signs every partition that has records without a head.
  void sign_rest();
  /// Any thread.
  [[nodiscard]] HeadSignerStatus status() const;

 private:
  struct Known {
    std::uint64_t size;
    Hash root;
  };
  struct Followed {
    MerkleEdge edge, signed_edge;
    Instant recorded;         ///< of the last record
    Instant day_ends;         ///< of the Berlin day that is not signed off yet
    std::deque<Known> known;  ///< heads so far beyond the edge, smallest first
    std::unique_ptr<LogReader> reader;
    std::string contradiction;
  };

  void begin(const HeadsFile& heads);
  void follow(Partition partition, const std::stop_token& stop);
  void take(Partition partition, const StoredRecord& record);
  void compare(Partition partition, Followed& followed);
  void contradict(Partition partition, Followed& followed, std::string what);
  void sign_now(Partition partition, Followed& followed);
  void write();
  void save_edges() const;
  void deposit(bool at_once);
  void say(std::string_view part, std::string what);

  const ReadableLog& log_;
  const Clock& clock_;
  SigningKey key_;
  DataDirectory data_;
  AuditConfig config_;
  PostHeads post_;
  Uuid log_id_;
  std::vector<Followed> partitions_;
  std::vector<SignedHead> pending_;       ///< signed, not written yet
  std::uint64_t heads_end_ = 0;           ///< octets of heads.ndjson
  std::uint64_t filed_ = 0, posted_ = 0;  ///< how much of it was deposited
  std::int64_t deposit_after_ms_ = 0;
  Instant signed_at_;
  std::vector<StoredRecord> records_;

  mutable std::mutex mutex_;  // guards what follows
  std::map<Partition, SignedHead> last_;
  std::map<std::string, std::string, std::less<>> troubles_;
  std::uint64_t unsigned_ = 0, undeposited_ = 0;
};

/// The member `audit` of the status: an object.
[[nodiscard]] std::string to_json(const HeadSignerStatus& status);

}  // namespace geleit
