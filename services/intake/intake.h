// Intake: takes commands, decides them, appends their events and answers when it has read its own record
// back.
//
//   submit ─▶ queue ─▶ decide on the case as far as decided ─▶ new keys synced ─▶ append ─▶ log
//                          ▲        │ "no"                                               │
//                          │        ▼                                                    ▼
//                     decide again  answer, once nothing unconfirmed lies before it   read back: accepted? ─▶
//                     answer
//                          └───────────────────────────────── stale ◀────────────────────┘
//
// One thread decides; everything about a case happens in the order of its commands. It may decide ahead on
// its own unconfirmed events: the chain makes everything after a stale record stale too, and it is decided
// again. Behind a "no" that waits for the log's end no event is decided.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "events/log.h"
#include "projections/projector.h"
#include "projections/timers.h"
#include "services/clock.h"
#include "services/intake/commands.h"
#include "services/intake/rejection.h"
#include "services/key_store.h"

namespace geleit {

/// Commands that may wait to be decided; beyond, submit refuses.
inline constexpr std::size_t intake_queue_max = 65'536;
/// Commands that were taken and are not answered yet, wherever they wait; beyond, submit refuses. Fewer than
/// the log's own queue takes, so that a disk that is slow shows here, as a refusal, and not there, as a
/// failure.
inline constexpr std::size_t unanswered_commands_max = 131'072;
static_assert(unanswered_commands_max < append_queue_records_max);
/// The same in octets of memory, estimated from their texts.
inline constexpr std::size_t unanswered_octets_max = std::size_t{160} << 20;
static_assert(unanswered_octets_max < append_queue_bytes_max);
/// Of each of these three bounds an eighth is kept for submissions of at most so many commands.
inline constexpr std::size_t small_submission_max = 16;
inline constexpr std::size_t kept_for_small_share = 8;
/// Commands decided between two looks at the log.
inline constexpr std::size_t decide_batch_max = 1'024;
/// Events of one case that may be unconfirmed at a time.
inline constexpr std::size_t ahead_per_case_max = 64;
/// Lost races after which a command is answered 503.
inline constexpr unsigned lost_races_max = 3;
/// Cases that intake keeps at hand, and the events they are folded from; beyond, it lets go of those that the
/// tables have.
inline constexpr std::size_t cases_at_hand_max = 20'000;
inline constexpr std::size_t events_at_hand_max = 1'000'000;
/// Cases that it must keep because the tables do not have them yet; beyond, submit refuses.
inline constexpr std::size_t cases_ahead_of_tables_max = 131'072;

/// The same bounds as one intake is given them; a simulation sets small ones, so that it meets them.
struct IntakeLimits {
  std::size_t queue = intake_queue_max;
  std::size_t unanswered_commands = unanswered_commands_max;
  std::size_t unanswered_octets = unanswered_octets_max;
  std::size_t decide_batch = decide_batch_max;
  std::size_t ahead_per_case = ahead_per_case_max;
  std::size_t cases_at_hand = cases_at_hand_max;
  std::size_t events_at_hand = events_at_hand_max;
  std::size_t cases_ahead_of_tables = cases_ahead_of_tables_max;
};

/// A command that was recorded (or would be: `dry_run`).
struct Accepted {
  EventId id;
  CaseId case_id;
  Version version;
  std::string_view event;  ///< its name
  Instant recorded;        ///< with `position` not set on a dry run
  Position position;
  std::vector<Rule> findings;
  bool repeated = false;
  bool dry_run = false;
};
using Answer = std::variant<Accepted, Rejection>;

/// A command as it came in, or why it could not be read: it keeps its place among the others.
using Submitted = std::variant<Command, Rejection>;
/// All answers in the order of the commands; called once, in intake's thread, must not block.
using Answered = std::function<void(std::vector<Answer>)>;

struct IntakeStatus {
  std::size_t queued = 0;
  std::size_t unanswered = 0, unanswered_octets = 0;
  std::size_t cases_at_hand = 0;
  std::uint64_t accepted = 0, repeated = 0, refused = 0, lost_races = 0;
  std::string trouble;  ///< what could not be read when commands were last answered 503 for it, or empty
};

class Intake {
 public:
  /// All outlive it. The store must have been prepared (Projector::prepare). `entered` is set when the clock
  /// follows the commands' `entered` (`--clock entered`).
  Intake(Log& log, Store& store, RuleBook& rules, KeyStore& keys, const Clock& clock, Chance& chance,
         EnteredClock* entered = nullptr, const IntakeLimits& limits = {});
  ~Intake();

  /// Whether so many commands, read from so many octets, would be taken now: a look before they are read.
  /// Thread-safe.
  [[nodiscard]] bool has_room(std::size_t commands, std::size_t octets) const;
  /// Queues commands; false when a bound is met (nothing was taken) or intake has stopped. A submission alone
  /// is never too large in octets. Thread-safe.
  [[nodiscard]] bool submit(std::vector<Submitted> commands, bool dry_run, TraceId trace, Answered answered);
  /// Decides until stopped; then finishes what it has accepted, until give_up.
  void run(std::stop_token stop);
  /// What is not answered yet is answered 503 in the next round, and nothing is taken any more. Any thread.
  void give_up();
  /// One round, for tests and the simulation: reads back, decides, appends. True when anything moved. What
  /// cannot be read or kept (log, tables, keys) is answered 503 and told by `status`; the next round tries
  /// again.
  bool step();
  /// Tells it that the tables moved on: cases that waited for them can be loaded.
  void tables_advanced();
  /// Who syncs new keys and then appends the events that need them, so that other events need not wait for
  /// that; works are done one after another. Without one intake does it itself. Set before `run`; what it was
  /// given must be done before this object goes.
  void sync_keys_beside(std::function<void(std::function<void()>)> beside) { beside_ = std::move(beside); }
  /// For a log beyond the machine: who asks it where it ends, which takes a while, so that nothing else waits
  /// for that; works are done one after another. While such a log refuses appends nothing is decided, for it
  /// comes back by itself. Without one intake asks the log itself. Set before `run`; as above.
  void ask_ends_beside(std::function<void(std::function<void()>)> beside) {
    ends_beside_ = std::move(beside);
  }
  /// Runs, in intake's thread, when a command waits for the tables to be read further. Set before `run`.
  void on_waiting_for_tables(std::function<void()> waits) { waits_for_tables_ = std::move(waits); }

  /// For a clock that follows the commands: before a command of another day is decided, what has come due in
  /// between is recorded, each at its own time (API.md, Getting in). Set before `run`.
  void record_timers() { records_timers_ = entered_ != nullptr; }

  [[nodiscard]] IntakeStatus status() const;

 private:
  struct Submission;
  struct Item;
  struct Pending;
  struct Entry;
  struct Resting;
  struct Round;
  using Cases = std::unordered_map<CaseId, std::unique_ptr<Entry>>;

  [[nodiscard]] bool takes(std::size_t commands, std::size_t octets) const;
  Cases::iterator forget(Cases::iterator entry);
  bool read_back();
  bool answer_rested();
  [[nodiscard]] std::uint64_t ticket_for_ends();
  void ask_ends();
  void take_told_ends();
  void settle();
  void confirm(Entry& entry, const StoredRecord& record, const Link& link);
  void lost(const CaseId& id, Position winner);
  void release_waiting(Entry& entry);
  void append_failed();
  void answer_all();
  void note_trouble(const std::exception& failure);
  [[nodiscard]] std::vector<Item> take_queue();
  /// Where `queue_cases_` and `quick_cases_` count it.
  [[nodiscard]] static std::optional<std::uint32_t> slot_of(const Submitted& submitted);
  void load_cases(const std::vector<Item>& items, Round& round);
  /// Nothing is on its way, and the tables have read all of it.
  [[nodiscard]] static bool is_in_tables(const Entry& entry, const Positions& reached);
  struct Due {
    std::vector<TimerRow> timers;  ///< of one moment
    Instant next{INT64_MAX};       ///< of those that come later
  };
  [[nodiscard]] std::optional<Due> due_next(const std::shared_ptr<const Snapshot>& snapshot,
                                            Instant until) const;
  [[nodiscard]] bool has_recorded_timers(Instant until, Round& round);
  void decide_item(Item item, Round& round);
  void decide_in(Entry& entry, const CaseId& id, Item item, Round& round);
  void decide_settings(Entry& entry, const CaseId& id, Item item, Round& round);
  void adopt_read_back(const StoredRecord& record);
  [[nodiscard]] bool answer_repeat(Entry& entry, const CaseId& id, const Item& item);
  [[nodiscard]] std::optional<std::pair<CaseId, SealedCopy>> sealed_person(const std::string& provider,
                                                                           PersonId person,
                                                                           const Snapshot& snapshot) const;
  [[nodiscard]] bool waits_behind_no(Entry& entry, const CaseId& id, Item& item, Round& round);
  void refuse(Entry* entry, Item item, Rejection rejection);
  void answer(const Item& item, Answer answer);
  void flush(Round& round);
  void append(std::vector<NewRecord> records);
  void append_has_failed();
  void let_go_of_cases();

  Log& log_;
  Store& store_;
  RuleBook& rules_;
  KeyStore& keys_;
  const Clock& clock_;
  Chance& chance_;
  EnteredClock* entered_;
  bool records_timers_ = false;
  Instant next_due_{INT64_MIN};           ///< nothing is to be recorded before
  std::set<std::string> timers_refused_;  ///< keys of those that the case as it is in the log does not have
  std::function<void()> waits_for_tables_;
  std::function<void(std::function<void()>)> beside_, ends_beside_;
  std::uint64_t key_batches_ = 0;                   ///< given to `beside_`
  std::atomic<std::uint64_t> key_batches_done_{0};  ///< and appended, or failed
  IntakeLimits limits_;
  std::uint16_t partitions_;

  Cases cases_;
  std::size_t events_at_hand_ = 0;                                  ///< that `cases_` are folded from
  std::size_t cases_kept_ = 0, events_kept_ = 0;                    ///< when cases were last let go
  std::map<std::pair<std::string, PersonId>, CaseId> new_persons_;  ///< not in the tables yet
  std::unordered_map<CaseId, Position> seen_elsewhere_;  ///< accepted records of cases that are not at hand
  std::vector<std::unique_ptr<LogReader>> readers_;
  Positions read_to_;
  std::deque<Item> again_;    ///< to be decided (again) before the queue
  std::deque<Item> blocked_;  ///< until the tables have been read further, or a "no" before it is answered
  std::vector<Resting> resting_;
  std::size_t settings_pending_ = 0;  ///< of all cases' unconfirmed events those that adopt settings
  bool unsettled_ = false;  ///< an append failed: nothing is decided before the log's end has been read
  /// The end that must be read for that; empty: it was not told yet.
  Positions settled_at_;
  std::uint64_t settle_ticket_ = 0;  ///< while that is asked for
  /// Each time the ends are asked for beside has a number, counted from 1. Who needs them as of now takes as
  /// its ticket the number of the next asking: that begins after whatever is known now.
  std::uint64_t asks_ = 0, last_ticket_ = 0;
  std::uint64_t told_ = 0;     ///< askings that have been answered
  bool told_nothing_ = false;  ///< the last of them has failed
  Positions told_ends_;        ///< by the last that has not

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  /// Commands that nobody has looked at: those of large submissions in `queue_`, the others in `quick_`, so
  /// that who sends few does not wait behind who sends many. What belongs to a case that waits in `queue_`,
  /// or may, waits behind it, so the commands of a case keep their order; the counts of waiting commands by a
  /// hash of their case tell.
  std::deque<Item> queue_, quick_;
  std::vector<std::uint32_t> queue_cases_, quick_cases_;
  bool nudged_ = false;
  std::optional<std::pair<std::uint64_t, Positions>> answered_ask_;  ///< no positions: it has failed
  bool append_failed_ = false;
  bool tables_behind_ = false;  ///< cases_ahead_of_tables_max is met; set by intake's thread alone
  bool stopped_ = false;
  bool given_up_ = false;
  bool trouble_lasts_ = false;  ///< damage does not go away by itself
  IntakeStatus status_;
};

}  // namespace geleit
