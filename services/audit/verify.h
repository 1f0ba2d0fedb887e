// Whether a history is the one that was recorded: every hash, chain, version and time of every record is
// computed again, the trees over all records are compared with signed heads, and what the tables know of
// the cases with what the log says.
//
// What each check finds, and what it cannot, is in README.md, What verify finds. Records that lost their race
// (stale) are counted and no damage. What lies below a head that a known key signed and whose root is found
// again is as it was signed: records there that are no events (foreign), or whose predecessor never came,
// were so then, and are only counted.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/chain.h"
#include "events/event.h"
#include "events/event_words.h"
#include "events/log.h"
#include "services/audit/merkle.h"
#include "services/audit/signed_head.h"

namespace geleit {

enum class Check : std::uint8_t {
  hash,            ///< the record does not have the hash that it states
  foreign,         ///< the record is no event of this log
  time,            ///< recorded before the record in front of it
  order,           ///< lies where it should not: before what was read already
  gap,             ///< records are missing
  unreadable,      ///< records are there, but their octets cannot be read
  predecessor,     ///< builds on an event of its case that the log does not hold
  head_line,       ///< a line among the heads is no head
  head_signature,  ///< a head without the signature of the key that it names
  head_key,        ///< a head signed by a key that was not named as known
  head_fork,       ///< two heads of one size with different roots
  head_beyond,     ///< a head covers records that the log does not hold
  head_root,       ///< the records are not those that were signed
  table,           ///< the tables know another last event of the case
  line,            ///< a line of an export is not what its record says
  files,           ///< a file is not as it was written
};
template <>
inline constexpr std::array<std::string_view, 16> words<Check>{
    "hash",        "foreign",   "time",           "order",    "gap",       "unreadable",
    "predecessor", "head_line", "head_signature", "head_key", "head_fork", "head_beyond",
    "head_root",   "table",     "line",           "files"};

struct Finding {
  Check check{};
  std::optional<Position> at;  ///< the first record that it is about, or can be about
  Offset until;                ///< behind the last one
  std::vector<CaseId> cases;   ///< that it touches, as far as can be told
  std::string detail;          ///< what was expected and found; may be empty
  /// Of head_root: another finding says which of these records, or of these cases, it is.
  bool explained = false;
};

/// What the tables know of the log; no proof, but the only witness of what no head covers yet.
struct TableWitness {
  Positions reached;
  std::vector<std::unordered_map<CaseId, Head>> heads;  ///< of cases, by partition
  std::function<Head(const CaseId&)> stream_head;       ///< of streams that are no cases; by any thread
  /// The cases that have records in any of these ranges, by index of the range.
  using Ranges = std::vector<std::pair<Position, Offset>>;
  std::function<std::vector<std::set<CaseId>>(const Ranges&)> cases_in;
};

struct VerifyHeads {
  std::vector<SignedHead> heads;
  /// Whose signatures count. Empty: none is known; then heads show only whether they fit the log and each
  /// other.
  std::vector<PublicKey> keys;
};

struct PartitionVerified {
  Offset end;  ///< after the last record read
  std::uint64_t records = 0, octets = 0, events = 0, stale = 0;
  std::uint64_t foreign = 0;    ///< no events of this log; marks of copied histories aside
  std::uint64_t unlinked = 0;   ///< stale without a predecessor in the log
  std::uint64_t matched = 0;    ///< heads whose root was found again
  std::uint64_t unchecked = 0;  ///< heads behind records that are missing
  std::uint64_t covered = 0;    ///< size of the largest of these that a known key signed
  std::vector<Finding> findings;
  std::set<CaseId> affected;
};

/// Takes the records of one partition in their order. One thread at a time.
class PartitionCheck {
 public:
  /// `heads` of this partition, whose signatures were checked; `witness` may be null and outlives this.
  PartitionCheck(Partition partition, std::uint16_t partitions, std::vector<SignedHead> heads,
                 bool keys_known, const TableWitness* witness);

  /// How the record stands; nothing for what is no event.
  std::optional<Standing> take(const StoredRecord& record);
  /// What lies up to there cannot be read; `until` beyond what was taken.
  void hole(Offset until, std::string why);
  void note(Finding finding);
  [[nodiscard]] Offset expected() const { return expected_; }
  [[nodiscard]] const Event& event() const { return event_; }  ///< of the last record taken that is one
  /// `end`: up to where records were acknowledged, as far as is known. Nothing is taken any more.
  [[nodiscard]] PartitionVerified finish(Offset end);

 private:
  struct Doubt {  ///< unless a head says that it was so when it was signed
    Check check;
    Offset offset;
    CaseId id;  ///< nil: not known
  };
  std::optional<Standing> judge(const StoredRecord& record);
  void compare_heads();
  void compare_with_tables();
  void doubt(Check check, Offset offset, const CaseId& id);
  void add(Finding finding);
  void explain(Finding& root_differs);

  Partition partition_;
  std::uint16_t partitions_;
  std::vector<SignedHead> heads_;  // by size
  bool keys_known_;
  const TableWitness* witness_;

  PartitionVerified out_;
  Offset expected_;
  Instant recorded_;
  bool whole_ = true;  // no record is missing so far, so the tree is that of the log
  MerkleEdge edge_;
  std::size_t next_head_ = 0;
  std::uint64_t matched_size_ = 0;
  bool root_differs_ = false;
  std::vector<CaseId> since_match_;
  std::unordered_map<CaseId, Head> cases_;
  std::set<Hash> stale_;
  std::vector<Doubt> doubts_;
  std::array<std::size_t, words<Check>.size()> told_{};
  bool compared_with_tables_ = false;
  Event event_;
};

struct VerifyReport {
  LogInfo log;
  std::uint64_t heads = 0;        ///< of this log, given
  std::uint64_t other_heads = 0;  ///< of other logs
  bool keys_known = false;
  std::vector<PartitionVerified> partitions;
  std::vector<Finding>
      findings;               ///< all of them, by position; of one kind and partition at most findings_max
  std::set<CaseId> affected;  ///< every case, also those of findings that are only counted
  [[nodiscard]] bool ok() const { return findings.empty(); }
};
inline constexpr std::size_t findings_max = 100;

/// The witness for this log, with as many partitions, or null.
using FindWitness = std::function<const TableWitness*(const LogInfo& log)>;

/// What is read while it is read.
struct VerifyProgress {
  std::atomic<std::uint64_t> records{0}, octets{0};
};

/// Heads sorted by partition, and what is wrong with them by themselves.
struct SortedHeads {
  std::vector<std::vector<SignedHead>> of_partition;
  std::uint64_t of_log = 0, other = 0;
  std::vector<Finding> findings;
};
[[nodiscard]] SortedHeads sort_heads(const VerifyHeads& given, const LogInfo& log);

/// Reads everything, partitions side by side in `workers` threads. `embedded`: the directory of a log on this
/// machine, whose files are read octet by octet where they are damaged; `log` may be null then, if it could
/// not be opened. `witness` may be empty. Throws LogUnavailable, and LogCorrupt
/// where nothing at all can be read.
[[nodiscard]] VerifyReport verify_log(const ReadableLog* log,
                                      const std::optional<std::filesystem::path>& embedded,
                                      const VerifyHeads& heads, const FindWitness& witness, unsigned workers,
                                      VerifyProgress& progress);
/// An export that `geleit export --records` made. Throws std::system_error where it cannot be read, and
/// LogRefused where it holds no event with its record.
[[nodiscard]] VerifyReport verify_export(const std::filesystem::path& file, const VerifyHeads& heads,
                                         VerifyProgress& progress);
/// Puts the partitions together.
[[nodiscard]] VerifyReport put_together(LogInfo log, const VerifyHeads& given, SortedHeads heads,
                                        std::vector<PartitionVerified> partitions,
                                        const TableWitness* witness);

}  // namespace geleit
