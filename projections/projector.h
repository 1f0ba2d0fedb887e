// From the log to the tables: at least once, in order per partition, one batch for everything (DESIGN.md, The
// projector's promise). What makes a fold fail parks that case, what makes a read model fail parks that case
// in that table; everything else flows on and nothing is skipped in silence.
//
//   records ─▶ chain: accepted? ─no─▶ stale, foreign: counted, kept, applied by nobody
//                    │yes
//                    ▼
//   case before ─▶ evolve ─▶ case after ─▶ each read model: rows(after) − rows(before) ─▶ one batch with the
//   position
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "events/log.h"
#include "projections/case.h"
#include "projections/read_model.h"
#include "projections/store.h"
#include "projections/told_rows.h"

namespace geleit {

/// About how many records one batch folds at most; a stored group is not split. The more, the more often a
/// case that is touched again is derived and written once for all: with 5,000 records of a country's cases in
/// the order of life seven rows are written for each, and the tables cost twice as much time as with 65,000.
inline constexpr std::size_t batch_records_max = 65'536;
/// When much comes in the projector lets it gather: a case that is touched often is then derived and written
/// once for all, and the processor is left to those who decide. So the tables may follow later, but by no
/// more than the longest of these, and not at all while less than `gather_records_min` came in one batch,
/// while a full batch waits, or while somebody waits (Projector::hurry).
inline constexpr std::size_t gather_records_min = 64;
inline constexpr int gather_ms_max = 500;
[[nodiscard]] constexpr int gather_ms(std::size_t records) {
  if (records < gather_records_min) return 0;
  if (records < 256) return 20;
  if (records < 1'024) return 50;
  if (records < 8'192) return 200;
  return records < batch_records_max ? gather_ms_max : 0;
}
/// Folded cases that the projector keeps at hand between batches.
inline constexpr std::size_t cached_cases_max = 16'384;

/// The same bounds as one projector is given them; a simulation sets small ones, so that it meets them.
struct ProjectorLimits {
  std::size_t batch_records = batch_records_max;
  std::size_t cached_cases = cached_cases_max;
};

/// Empty tables are made in bulk from a log with more records than this.
inline constexpr std::uint64_t bulk_records_min = 5'000;

/// A stream's value in Table::stored_cases: the accepted head, and the case as far as it could be folded.
struct StoredCase {
  Head head;
  Case state;  ///< state.head is behind `head` while the fold is parked
  friend bool operator==(const StoredCase&, const StoredCase&) = default;
};
[[nodiscard]] std::string encode_stored_case(const StoredCase& stored);
void append_stored_case(std::string& out, const StoredCase& stored);
/// Of the head alone.
[[nodiscard]] Head stored_head(std::string_view bytes);
/// Replaces `out`, whose memory is used again.
void decode_stored_case(std::string_view bytes, StoredCase& out);
[[nodiscard]] inline StoredCase decode_stored_case(std::string_view bytes) {
  StoredCase stored;
  decode_stored_case(bytes, stored);
  return stored;
}

/// Adds settings that could be read to what the store keeps beside its tables.
void keep_settings(const Event& event, Batch& batch);

/// What became of a case that was folded and derived again.
struct Retried {
  bool known = false;          ///< there is such a case
  std::vector<Table> freed;    ///< what goes on again; stored_cases: its fold
  std::vector<Parked> parked;  ///< what still stands still, with the error of now
};

/// Brings the tables from where they are to the log's end and keeps them there. One thread at a time.
class Projector {
 public:
  /// `log`, `store` and `rules` outlive it. Throws LogCorrupt when the log ends before, or differs from, what
  /// the tables have read.
  Projector(Log& log, Store& store, RuleBook& rules, const ProjectorLimits& limits = {});

  /// Makes what is missing or outdated: all tables from the log when they are empty, a table whose version
  /// changed from the stored cases; then tries again whatever is parked. `progress` hears the events folded
  /// so far. Throws RebuildStopped (rebuild.h) when stopped before it is ready.
  void prepare(const std::function<void(std::uint64_t events)>& progress, const std::stop_token& stop = {});
  /// Folds one batch and writes it. The number of records it moved on by; 0: nothing to do now. Throws
  /// LogUnavailable, LogCorrupt, StoreFailed; the tables are then as they were, and a later step continues.
  std::size_t step();
  /// Steps whenever the log grows, until stopped. What step throws is kept for `trouble` and tried again.
  void run(std::stop_token stop);
  /// Somebody waits for the tables: what gathers is folded now. Thread-safe.
  void hurry();
  /// Folds and derives a parked case again, after a fix. One that is not parked stays as it is. Throws as
  /// step.
  Retried retry(const CaseId& id);
  /// The same from any thread: `run` does it between two steps and calls `retried` in its own thread, with
  /// nothing when the log or the tables cannot be used now or `run` has ended.
  void ask_retry(const CaseId& id, std::function<void(std::optional<Retried>)> retried);

  /// Runs after each write, in the projector's thread. Set before `run`.
  void on_advance(std::function<void()> advanced) { advanced_ = std::move(advanced); }
  /// Hears of each case that is parked, once that is written, in the projector's thread. Set before `run`.
  void on_parked(std::function<void(const Parked&)> parked) { parked_now_ = std::move(parked); }
  /// Tells which rows each write changes, once it is written and before on_advance; first of all, now and
  /// without rows, where the tables stand. `listener` outlives this. Set before `run`.
  void tell(RowListener& listener);
  /// Why the tables stand still, or empty.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Touched;
  struct Work;
  using Streams = std::unordered_map<CaseId, Touched>;

  void stand_anew();
  void restart_readers();
  void give_up_waiting();
  [[nodiscard]] std::optional<Hash> set_to_wait_for(const JudgedBy& judged_by);
  [[nodiscard]] std::size_t gather(Work& work);
  [[nodiscard]] bool read();
  void load(Streams& streams, const std::vector<CaseId>& missing);
  [[nodiscard]] std::size_t fold(Work& work);
  void fold_before_last(const CaseId& id, Touched& touched);
  void derive(Work& work);
  void write(Work& work);
  /// What is to be told of a write that begins now.
  [[nodiscard]] RowChanges changes_from_here() const;
  void told(RowChanges changes);
  /// After a step or a retry that threw.
  void fail(const std::exception& failure);
  Retried fold_and_derive_again(const CaseId& id);
  Retried adopt_again(const Parked& parked, const Snapshot& snapshot, const Head& head);
  void answer_retries();

  Log& log_;
  Store& store_;
  RuleBook& rules_;
  ProjectorLimits limits_;
  StoreState state_;
  std::vector<std::unique_ptr<LogReader>> readers_;
  std::vector<std::vector<StoredRecord>> records_;  ///< read last, by partition
  std::unordered_map<CaseId, StoredCase> cache_;
  std::set<std::pair<CaseId, Table>> parked_;
  /// A record that waits for the rule set it was judged by.
  struct Awaited {
    Hash set;
    Instant recorded;
    Positions ends;  ///< of the log when that was noticed: whoever judged by the set had read it before
  };
  std::vector<std::optional<Awaited>> awaited_;  ///< by partition
  std::set<Hash> never_came_;  ///< sets that the log does not hold, or none that can be read
  JudgedBy complete_;          ///< the last for which nothing is waited: most events are judged alike
  std::function<void()> advanced_;
  std::function<void(const Parked&)> parked_now_;
  RowListener* listener_ = nullptr;
  struct AskedRetry {
    CaseId id;
    std::function<void(std::optional<Retried>)> retried;
  };
  mutable std::mutex mutex_;
  std::condition_variable_any grown_;
  bool log_grew_ = true;
  bool hurried_ = false;
  bool failed_ = false;  ///< the last step; where the tables stand is then asked anew
  std::string trouble_;
  std::vector<AskedRetry> retries_;
  bool running_ = false;  ///< somebody will look at `retries_`
};

}  // namespace geleit
