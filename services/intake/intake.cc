#include "services/intake/intake.h"

#include <algorithm>
#include <cassert>
#include <list>
#include <unordered_set>

#include "events/codec.h"
#include "events/uuid.h"
#include "projections/evolve.h"
#include "projections/row_codec.h"
#include "services/fresh_key.h"
#include "services/http/http.h"
#include "services/intake/command_json.h"
#include "services/intake/decide.h"
#include "services/seal.h"
#include "services/service_commands.h"

namespace geleit {
namespace {

/// How long intake rests at most without looking at the log.
constexpr std::chrono::milliseconds look_again_after{100};
/// Records of a partition read back at a time.
constexpr std::size_t read_records_max = 8'192;

Rejection not_ready(const Message<>& found) {
  Rejection rejection;
  rejection.kind = RejectionKind::not_ready;
  rejection.detail = expected_but(sentence(message::case_ready), sentence(found));
  return rejection;
}

Rejection no_such_case(const CaseId& id) {
  Rejection rejection;
  rejection.kind = RejectionKind::no_such_case;
  rejection.detail =
      expected_but(sentence(message::known_case), sentence(message::unknown_case, to_string(id)));
  rejection.case_id = id;
  return rejection;
}

Rejection id_reused(const CaseId& id) {
  Rejection rejection;
  rejection.kind = RejectionKind::id_reused;
  rejection.detail = expected_but(sentence(message::same_content), sentence(message::other_content));
  rejection.field = "id";
  rejection.case_id = id;
  return rejection;
}

Rejection version_conflict(const CaseId& id, Version expected, Version current) {
  Rejection rejection;
  rejection.kind = RejectionKind::version_conflict;
  rejection.detail = expected_but(sentence(message::version_is, static_cast<std::int64_t>(expected.value)),
                                  sentence(message::version_found, static_cast<std::int64_t>(current.value)));
  rejection.field = "expect_version";
  rejection.case_id = id;
  rejection.version = current;
  return rejection;
}

Rejection erased(const CaseId& id) {
  Rejection rejection;
  rejection.kind = RejectionKind::wrong_state;
  rejection.detail = expected_but(sentence(message::readable_person), sentence(message::erased_person));
  rejection.case_id = id;
  return rejection;
}

bool behind(const Positions& a, const Positions& b) {
  assert(a.size() == b.size());
  for (std::size_t p = 0; p < a.size(); ++p) {
    if (a[p] < b[p]) return true;
  }
  return false;
}

/// What tags of settings and of the service's own commands are made with: they hold nothing that a key would
/// have to keep.
std::shared_ptr<const PersonKey> key_without_person() {
  static const auto key = std::make_shared<const PersonKey>(make_person_key({}, {}, {}));
  return key;
}

/// What an event has from its command and from its place in its stream; what was decided is still missing.
Event event_of(const Command& command, const CaseId& stream, const Head& head, Instant now,
               const PersonKey& key, const TraceId& trace) {
  Event event;
  event.id = command.id;
  event.stream = stream;
  event.version = next(head.version);
  event.previous = head.hash;
  event.happened = command.happened;
  event.decided = now;
  event.by = command.by;
  event.tag = content_tag(key, command.content);
  event.trace = trace;
  return event;
}

/// A case of that provider through which the person is known.
std::optional<CaseId> case_of_person(const Snapshot& snapshot, std::string_view provider, PersonId person) {
  const std::string prefix = index_of(1, provider) + order_key(person.value);
  std::optional<CaseId> found;
  snapshot.scan(Table::persons, prefix, false, [&](std::string_view key, std::string_view) {
    if (key.starts_with(prefix)) found = CaseId{read_id(key_in_index(key))};
    return false;
  });
  return found;
}

}  // namespace

/// The commands of one request and their answers, until all are there.
struct Intake::Submission {
  std::vector<Submitted> commands;
  std::vector<Answer> answers;
  std::size_t open = 0;
  std::size_t octets = 0;  ///< as counted in IntakeStatus::unanswered_octets
  bool dry_run = false;
  TraceId trace;
  Answered answered;
};

struct Intake::Item {
  std::shared_ptr<Submission> submission;
  std::size_t index = 0;
  unsigned lost_races = 0;
  bool released = false;              ///< from Entry::waiting, whose turn it is
  std::optional<std::uint32_t> slot;  ///< of its case, while it waits in a queue
  Positions tables_to;            ///< how far the tables must have read before it is decided; empty: anywhere
  std::uint64_t ends_ticket = 0;  ///< for `tables_to`, while that is asked for

  [[nodiscard]] Command& command() const { return std::get<Command>(submission->commands[index]); }
};

namespace {

/// What a command takes beside its text until it is answered: itself, where it waits, its answer, and that
/// answer as text.
constexpr std::size_t answer_text_octets = 768;
/// Two cases that meet in one slot keep an order that they need not; with so many, few do.
constexpr int slot_bits = 18;
constexpr std::size_t place_octets = 64;
constexpr std::size_t command_octets = sizeof(Submitted) + sizeof(Answer) + place_octets + answer_text_octets;

}  // namespace

/// An event that was appended and not read back yet.
struct Intake::Pending {
  Item item;
  Hash hash;
  ContentTag tag;
  Accepted accepted;
  /// Answers that rest on this event, in their order: given when it is confirmed, a "no" not before
  /// `wanted_end` has been read.
  struct Held {
    Item item;
    Answer answer;
    Positions wanted_end;           ///< empty: none
    std::uint64_t ends_ticket = 0;  ///< for `wanted_end`, while that is asked for
  };
  std::vector<Held> held;
};

struct Intake::Entry {
  Case ahead;                     ///< as far as decided; of settings the head only
  Head confirmed;                 ///< as far as read back
  std::vector<TrailEntry> trail;  ///< by version, as far as read back
  // Lists, for most are empty and there are many.
  std::list<Pending> pending;
  std::list<Item> waiting;  ///< behind a full `pending`
  std::shared_ptr<const PersonKey> key;
  std::optional<PersonData> person;  ///< opened when first asked for
  Hash person_of;                    ///< head at which it was opened
  Position last;                     ///< of the last record read back
  bool parked = false;
  bool settings = false;     ///< a stream of settings, which is no case
  std::size_t released = 0;  ///< taken from `waiting`, not decided yet
  /// The last batch of keys that records of this case wait for: later ones of the case must not overtake.
  std::uint64_t key_batch = 0;
  bool one_at_a_time = false;  ///< after a lost race
  /// Each "no" that waits for the log's end, held or resting: no event is decided behind it. If another
  /// intake decided the same at the same moment, its record is ours to the octet: lying before that end, it
  /// would be read back as ours, and the "no" that it disproves would not be decided again.
  std::size_t noes = 0;
  /// How many more may be decided, of `ahead` that a case may be ahead of the log.
  [[nodiscard]] std::size_t room(std::size_t ahead_max) const {
    const std::size_t limit = one_at_a_time ? 1 : ahead_max;
    const std::size_t taken = pending.size() + released;
    return limit > taken ? limit - taken : 0;
  }
};

/// A "no" that waits until the log's end of when it was found has been read.
struct Intake::Resting {
  Item item;
  CaseId case_id;
  Rejection rejection;
  Positions wanted_end;
  std::uint64_t ends_ticket = 0;  ///< for `wanted_end`, while that is asked for
};

/// What one round of deciding leaves to be done together.
struct Intake::Round {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<PersonKey> keys;
  std::vector<NewRecord> records;
  std::vector<NewRecord> behind_keys;  ///< to be appended when `keys` are durable
  /// Cases of which a command is blocked: what came after it waits behind it.
  std::unordered_set<CaseId> blocked;
  bool moved = false;
};

Intake::Intake(Log& log, Store& store, RuleBook& rules, KeyStore& keys, const Clock& clock, Chance& chance,
               EnteredClock* entered, const IntakeLimits& limits)
    : log_(log),
      store_(store),
      rules_(rules),
      keys_(keys),
      clock_(clock),
      chance_(chance),
      entered_(entered),
      limits_(limits),
      partitions_(log.info().partitions),
      read_to_(store.snapshot()->state().positions()),
      queue_cases_(std::size_t{1} << slot_bits),
      quick_cases_(std::size_t{1} << slot_bits) {
  for (std::uint16_t p = 0; p < partitions_; ++p) readers_.push_back(log.read(Partition{p}, read_to_[p]));
}

Intake::~Intake() = default;

bool Intake::submit(std::vector<Submitted> commands, bool dry_run, TraceId trace, Answered answered) {
  std::size_t octets = commands.size() * command_octets;
  for (const Submitted& submitted : commands) {
    if (const auto* command = std::get_if<Command>(&submitted)) octets += command->content.capacity();
  }
  // A clock that follows the commands wants them all in one order, and a person may be known through a case
  // that still waits.
  const auto names_person = [](const Submitted& submitted) {
    const auto* command = std::get_if<Command>(&submitted);
    const auto* referral = command ? std::get_if<ReceiveReferral>(&command->data) : nullptr;
    return referral && referral->person_id;
  };
  const bool may_be_quick =
      !entered_ && commands.size() <= small_submission_max && std::ranges::none_of(commands, names_person);
  std::vector<std::optional<std::uint32_t>> slots;
  slots.reserve(commands.size());
  for (const Submitted& submitted : commands) slots.push_back(slot_of(submitted));
  auto submission = std::make_shared<Submission>();
  submission->answers.resize(commands.size());
  submission->open = commands.size();
  submission->commands = std::move(commands);
  submission->dry_run = dry_run;
  submission->octets = octets;
  submission->trace = trace;
  submission->answered = std::move(answered);
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = submission->commands.size();
    if (!takes(count, octets)) return false;
    const auto waits = [&](std::optional<std::uint32_t> slot) { return slot && queue_cases_[*slot] > 0; };
    const bool quick = may_be_quick && std::ranges::none_of(slots, waits);
    auto& queue = quick ? quick_ : queue_;
    auto& cases = quick ? quick_cases_ : queue_cases_;
    status_.unanswered += count;
    status_.unanswered_octets += octets;
    for (std::size_t i = 0; i < count; ++i) {
      if (slots[i]) ++cases[*slots[i]];
      queue.push_back({submission, i, 0, false, slots[i], {}});
    }
  }
  wake_.notify_one();
  return true;
}

bool Intake::has_room(std::size_t commands, std::size_t octets) const {
  const std::lock_guard lock(mutex_);
  return takes(commands, commands * command_octets + octets);
}

/// Under the lock.
bool Intake::takes(std::size_t commands, std::size_t octets) const {
  const auto limit = [&](std::size_t all) {
    return commands > small_submission_max ? all - all / kept_for_small_share : all;
  };
  if (stopped_ || tables_behind_) return false;
  if (queue_.size() + quick_.size() + commands > limit(limits_.queue)) return false;
  if (status_.unanswered + commands > limit(limits_.unanswered_commands)) return false;
  return status_.unanswered == 0 || status_.unanswered_octets + octets <= limit(limits_.unanswered_octets);
}

void Intake::tables_advanced() {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

IntakeStatus Intake::status() const {
  const std::lock_guard lock(mutex_);
  IntakeStatus status = status_;
  status.queued = queue_.size() + quick_.size();
  return status;
}

void Intake::run(std::stop_token stop) {
  const auto subscription = log_.subscribe([this] { tables_advanced(); });
  for (;;) {
    const bool moved = step();
    std::unique_lock lock(mutex_);
    if (given_up_) {
      stopped_ = true;
      lock.unlock();
      answer_all();
      return;
    }
    if (stop.stop_requested()) {
      stopped_ = true;
      lock.unlock();
      // Also those that wait for the tables or for the log's end, not only for their own records.
      const bool open = !blocked_.empty() || !resting_.empty() || !again_.empty() ||
                        std::any_of(cases_.begin(), cases_.end(),
                                    [](const auto& entry) { return !entry.second->pending.empty(); });
      lock.lock();
      if (!moved && queue_.empty() && quick_.empty() && !open) return;
      // What was accepted is finished; if the log cannot be reached, the bound of the service's stop ends
      // this.
      if (!moved)
        wake_.wait_for(lock, std::chrono::milliseconds(5), [this] { return nudged_ || append_failed_; });
      continue;
    }
    // A log's word that it has grown only saves time: what it failed to say is found out here.
    if (!moved) {
      wake_.wait_for(lock, stop, look_again_after, [this] {
        return nudged_ || append_failed_ || given_up_ || !queue_.empty() || !quick_.empty();
      });
    }
    nudged_ = false;
  }
}

bool Intake::step() {
  bool moved = false;
  {
    std::unique_lock lock(mutex_);
    if (append_failed_) {
      append_failed_ = false;
      lock.unlock();
      append_failed();
      moved = true;
    }
  }
  take_told_ends();
  {
    // What was read back is answered together, so that each io thread is woken once.
    const http::AnswerBatch together;
    moved = read_back() || moved;
    moved = answer_rested() || moved;
  }
  if (unsettled_) settle();
  const std::vector<Item> items = take_queue();
  if (items.empty()) {
    if (tables_behind_) let_go_of_cases();
    return moved;
  }
  const auto answer_items = [&](const Message<>& found) {
    for (const Item& item : items) {
      if (item.released) {
        const auto entry = cases_.find(case_of(item.command()));
        if (entry != cases_.end() && entry->second->released > 0) --entry->second->released;
      }
      answer(item, not_ready(found));
    }
  };
  Round round;
  if (unsettled_ || (ends_beside_ && !log_.trouble().empty())) {
    answer_items(message::log_unavailable);
    return true;
  }
  try {
    round.snapshot = store_.snapshot();
    load_cases(items, round);
  } catch (const std::exception& failure) {
    note_trouble(failure);
    answer_items(message::case_parked);
    return true;
  }
  for (auto item = items.begin(); item != items.end(); ++item) {
    if (entered_) {
      // Recorded times follow the commands, so each is appended at its own.
      const auto* command = std::get_if<Command>(&item->submission->commands[item->index]);
      if (command && command->entered && *command->entered > clock_.now()) {
        flush(round);
        if (!has_recorded_timers(*command->entered, round)) {
          blocked_.insert(blocked_.end(), item, items.end());
          break;
        }
        entered_->advance_to(*command->entered);
      }
    }
    decide_item(*item, round);
  }
  flush(round);
  let_go_of_cases();
  const auto wants_tables = [&](const Item& item) {
    const auto found = cases_.find(case_of(item.command()));
    return found == cases_.end() || found->second->noes == 0;
  };
  if (waits_for_tables_ && std::ranges::any_of(blocked_, wants_tables)) waits_for_tables_();
  return moved || !again_.empty() || blocked_.size() < items.size();
}

/// The failed records may lie in the log all the same: only its end tells, read by us and by the tables.
void Intake::settle() {
  try {
    if (ends_beside_ && settled_at_.empty()) {
      if (settle_ticket_ == 0) settle_ticket_ = ticket_for_ends();
      ask_ends();
      return;
    }
    const Positions ends = ends_beside_ ? settled_at_ : log_.ends();
    unsettled_ = behind(read_to_, ends) || behind(store_.snapshot()->state().positions(), ends);
  } catch (const LogUnavailable&) {}
}

std::uint64_t Intake::ticket_for_ends() { return last_ticket_ = asks_ + 1; }

/// Begins an asking unless one is under way.
void Intake::ask_ends() {
  if (asks_ != told_) return;
  ++asks_;
  ends_beside_([this, ask = asks_] {
    Positions ends;
    try {
      ends = log_.ends();
    } catch (const std::exception&) { /* told by there being none */
    }
    const bool told = !ends.empty();
    {
      const std::lock_guard lock(mutex_);
      answered_ask_ = {ask, std::move(ends)};
      nudged_ = nudged_ || told;
    }
    // Where it has failed, the next look at the log is soon enough to ask again.
    if (told) wake_.notify_one();
  });
}

/// Whoever waited to be told the ends goes on, or hears that the log does not answer.
void Intake::take_told_ends() {
  if (!ends_beside_) return;
  std::optional<std::pair<std::uint64_t, Positions>> answered;
  {
    const std::lock_guard lock(mutex_);
    answered = std::exchange(answered_ask_, {});
  }
  if (answered) {
    told_ = answered->first;
    told_nothing_ = answered->second.empty();
    if (!told_nothing_) told_ends_ = std::move(answered->second);
    const auto is_told = [&](std::uint64_t ticket) { return ticket != 0 && ticket <= told_; };
    if (is_told(settle_ticket_)) {
      settle_ticket_ = 0;
      if (!told_nothing_) settled_at_ = told_ends_;
    }
    for (Resting& resting : resting_) {
      if (!is_told(resting.ends_ticket)) continue;
      resting.ends_ticket = 0;
      resting.wanted_end = told_nothing_ ? read_to_ : told_ends_;
      if (told_nothing_) resting.rejection = not_ready(message::log_unavailable);
    }
  }
  // Somebody took a ticket while the last asking was under way.
  if (last_ticket_ > asks_) ask_ends();
}

bool Intake::answer_rested() {
  const auto read_far_enough = [&](const Resting& resting) {
    return resting.ends_ticket == 0 && !behind(read_to_, resting.wanted_end);
  };
  const auto first_left = std::stable_partition(resting_.begin(), resting_.end(), read_far_enough);
  const bool any = first_left != resting_.begin();
  for (auto at = resting_.begin(); at != first_left; ++at) {
    --cases_.at(at->case_id)->noes;
    answer(at->item, std::move(at->rejection));
  }
  resting_.erase(resting_.begin(), first_left);
  return any;
}

std::vector<Intake::Item> Intake::take_queue() {
  std::vector<Item> items;
  // What was blocked goes first: it came first.
  std::deque<Item> blocked = std::exchange(blocked_, {});
  for (Item& item : blocked) items.push_back(std::move(item));
  for (Item& item : again_) items.push_back(std::move(item));
  again_.clear();
  const std::size_t waited = items.size();
  const std::lock_guard lock(mutex_);
  const auto take = [&](std::deque<Item>& queue, std::vector<std::uint32_t>& cases) {
    items.push_back(std::move(queue.front()));
    queue.pop_front();
    if (const auto slot = std::exchange(items.back().slot, {})) --cases[*slot];
  };
  // Each has half of a round; what one leaves the other may have.
  const std::size_t round = waited + limits_.decide_batch;
  const std::size_t for_quick =
      queue_.empty() ? round : waited + std::max<std::size_t>(limits_.decide_batch / 2, 1);
  while (!quick_.empty() && items.size() < for_quick) take(quick_, quick_cases_);
  const std::size_t for_queue = std::max(round, items.size() + 1);
  while (!queue_.empty() && items.size() < for_queue) {
    // What came before it must go before it.
    if (const auto slot = queue_.front().slot; slot && quick_cases_[*slot] > 0) break;
    take(queue_, queue_cases_);
  }
  while (!quick_.empty() && items.size() < round) take(quick_, quick_cases_);
  return items;
}

std::optional<std::uint32_t> Intake::slot_of(const Submitted& submitted) {
  const auto* command = std::get_if<Command>(&submitted);
  // One that opens a case under an id that only intake will know comes after nothing.
  const bool opens = command && std::holds_alternative<ReceiveReferral>(command->data);
  if (!command || (opens && !command->case_id && command->id.is_nil())) return std::nullopt;
  const Uuid id = case_of(*command).value;
  return static_cast<std::uint32_t>(((id.high ^ id.low) * 0x9e37'79b9'7f4a'7c15ULL) >> (64 - slot_bits));
}

bool Intake::read_back() {
  bool moved = false;
  bool unreadable = false;
  std::vector<StoredRecord> records;
  for (std::uint16_t p = 0; p < partitions_; ++p) {
    for (;;) {
      try {
        readers_[p]->next(records, read_records_max);
      } catch (const LogUnavailable&) { break; } catch (const LogCorrupt& damage) {
        unreadable = true;
        note_trouble(damage);
        break;
      }
      if (records.empty()) break;
      moved = true;
      for (const StoredRecord& record : records) {
        read_to_[p] = next(record.offset);
        const auto link = link_of(record.bytes);
        if (!link || partition_of(link->stream, partitions_) != record.partition) continue;
        const auto found = cases_.find(link->stream);
        if (found == cases_.end())
          seen_elsewhere_[link->stream] = {record.partition, record.offset};
        else
          confirm(*found->second, record, *link);
      }
    }
  }
  // What lies behind the damage is never read back, so nobody waits for it.
  if (unreadable) append_failed();
  return moved;
}

void Intake::confirm(Entry& entry, const StoredRecord& record, const Link& link) {
  if (standing(entry.confirmed, link.version, link.previous) == Standing::stale) return;
  const Position position{record.partition, record.offset};
  if (entry.pending.empty() || entry.pending.front().hash != link.hash) {
    lost(link.stream, position);
    return;
  }
  entry.confirmed = {link.version, link.hash};
  entry.trail.push_back({record.offset, link.id.value.low});
  entry.last = position;
  Pending done = std::move(entry.pending.front());
  entry.pending.pop_front();
  if (entry.settings) adopt_read_back(record);
  done.accepted.recorded = record.recorded;
  done.accepted.position = position;
  for (auto& [item, held, wanted_end, ends_ticket] : done.held) {
    const bool waits = ends_ticket != 0 || !wanted_end.empty();
    if (auto* repeat = std::get_if<Accepted>(&held); repeat && repeat->id == done.accepted.id) {
      *repeat = done.accepted;
      repeat->repeated = true;
    }
    if (ends_ticket != 0 && ends_ticket <= told_) {
      ends_ticket = 0;
      wanted_end = told_ends_;
      if (told_nothing_) held = not_ready(message::log_unavailable);
      if (told_nothing_) wanted_end.clear();
    }
    if (ends_ticket != 0 || (!wanted_end.empty() && behind(read_to_, wanted_end))) {
      resting_.push_back({std::move(item), link.stream, std::get<Rejection>(std::move(held)),
                          std::move(wanted_end), ends_ticket});
    } else {
      if (waits) --entry.noes;
      answer(item, std::move(held));
    }
  }
  answer(done.item, std::move(done.accepted));
  if (entry.pending.empty() && entry.waiting.empty()) entry.one_at_a_time = false;
  release_waiting(entry);
}

/// The projector will read them too; but who was told that they are adopted finds them in force.
void Intake::adopt_read_back(const StoredRecord& record) {
  assert(settings_pending_ > 0);
  --settings_pending_;
  next_due_ = Instant{INT64_MIN};
  try {
    rules_.adopt(decode(record.bytes));
  } catch (const std::invalid_argument&) {  // parked by the projector, in force nowhere
  }
}

/// Those whose turn it is are decided before anything that came later.
void Intake::release_waiting(Entry& entry) {
  while (!entry.waiting.empty() && entry.room(limits_.ahead_per_case) > 0) {
    Item item = std::move(entry.waiting.front());
    entry.waiting.pop_front();
    item.released = true;
    ++entry.released;
    again_.push_back(std::move(item));
  }
}

void Intake::lost(const CaseId& id, Position winner) {
  // Somebody else's record is the next of this chain: all of ours behind it are stale and are decided again,
  // in their order, on the case as the log has it.
  const auto found = cases_.find(id);
  events_at_hand_ -= found->second->ahead.head.version.value;
  const std::unique_ptr<Entry> entry = std::move(found->second);
  cases_.erase(found);
  if (entry->settings) settings_pending_ -= entry->pending.size();
  seen_elsewhere_[id] = winner;
  const auto decide_again = [this](Item item) {
    ++item.lost_races;
    if (item.lost_races >= lost_races_max)
      answer(item, not_ready(message::case_contended));
    else
      again_.push_back(std::move(item));
  };
  for (Pending& pending : entry->pending) {
    decide_again(std::move(pending.item));
    for (Pending::Held& held : pending.held) decide_again(std::move(held.item));
  }
  const auto of_this_case = [&](const Resting& resting) { return resting.case_id == id; };
  const auto rested = std::stable_partition(resting_.begin(), resting_.end(), std::not_fn(of_this_case));
  for (auto at = rested; at != resting_.end(); ++at) again_.push_back(std::move(at->item));
  resting_.erase(rested, resting_.end());
  for (Item& item : entry->waiting) again_.push_back(std::move(item));
  const std::lock_guard lock(mutex_);
  ++status_.lost_races;
}

void Intake::append_failed() {
  // Whether they were recorded is not known, so that is what is said; a retry is answered from the log.
  unsettled_ = true;
  settled_at_.clear();
  settle_ticket_ = ends_beside_ ? ticket_for_ends() : 0;
  for (auto& [id, entry] : cases_) {
    for (Pending& pending : entry->pending) {
      answer(pending.item, not_ready(message::log_unavailable));
      for (const Pending::Held& held : pending.held) answer(held.item, not_ready(message::log_unavailable));
    }
    for (const Item& item : entry->waiting) answer(item, not_ready(message::log_unavailable));
  }
  for (const Resting& resting : resting_) answer(resting.item, not_ready(message::log_unavailable));
  resting_.clear();
  cases_.clear();
  settings_pending_ = 0;
  events_at_hand_ = 0;
  new_persons_.clear();
}

void Intake::give_up() {
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
  }
  wake_.notify_one();
}

/// The last word to everybody who waits.
void Intake::answer_all() {
  append_failed();
  std::deque<Item> left;
  {
    const std::lock_guard lock(mutex_);
    left = std::exchange(quick_, {});
    for (Item& item : queue_) left.push_back(std::move(item));
    queue_.clear();
  }
  for (auto* waiting : {&again_, &blocked_, &left}) {
    for (const Item& item : std::exchange(*waiting, {})) answer(item, not_ready(message::log_unavailable));
  }
}

void Intake::load_cases(const std::vector<Item>& items, Round& round) {
  std::vector<CaseId> wanted;
  const Positions reached = round.snapshot->state().positions();
  std::unordered_set<CaseId> known;
  for (const Item& item : items) {
    auto* command = std::get_if<Command>(&item.submission->commands[item.index]);
    if (!command) continue;
    if (command->id.is_nil()) command->id = {uuid_v7(clock_.now(), chance_.next(), chance_.next())};
    const CaseId id = case_of(*command);
    // One that stood still may have been mended since; only the tables know.
    if (const auto found = cases_.find(id); found != cases_.end() && found->second->parked) {
      if (is_in_tables(*found->second, reached)) forget(found);
    }
    if (!cases_.contains(id) && known.insert(id).second) wanted.push_back(id);
  }
  if (wanted.empty()) return;
  std::vector<CaseId> ready;
  std::vector<std::string> keys;
  for (const CaseId& id : wanted) {
    const auto seen = seen_elsewhere_.find(id);
    if (seen != seen_elsewhere_.end()) {
      if (reached[seen->second.partition.value] <= seen->second.offset)
        continue;  // the tables are not there yet
      seen_elsewhere_.erase(seen);
    }
    ready.push_back(id);
    keys.push_back(id_key(id.value));
  }
  std::vector<std::optional<std::string>> values;
  round.snapshot->get_many(Table::stored_cases, keys, values);
  // Known to the others only when all of it was read: half a trail would forget what was decided before.
  std::vector<std::unique_ptr<Entry>> entries;
  std::vector<std::string> trail_keys;
  for (std::size_t i = 0; i < ready.size(); ++i) {
    auto entry = std::make_unique<Entry>();
    if (values[i]) {
      StoredCase stored = decode_stored_case(*values[i]);
      entry->parked = stored.head != stored.state.head;
      entry->confirmed = stored.head;
      entry->ahead = std::move(stored.state);
    } else if (constexpr int made_from_a_name = 5; ready[i].value.version() == made_from_a_name) {
      entry->confirmed = entry->ahead.head = round.snapshot->stream_head(ready[i]);
      entry->settings = entry->ahead.exists();
    }
    if (entry->confirmed.version.value > 0) {
      for (std::uint32_t block = 0; block <= trail_block_of(entry->confirmed.version); ++block) {
        trail_keys.push_back(trail_key(ready[i], block));
      }
    }
    entries.push_back(std::move(entry));
  }
  std::vector<std::optional<std::string>> blocks;
  round.snapshot->get_many(Table::trail, trail_keys, blocks);
  std::size_t at = 0;
  for (std::size_t c = 0; c < ready.size(); ++c) {
    Entry& entry = *entries[c];
    if (entry.confirmed.version.value == 0) continue;
    for (std::uint32_t block = 0; block <= trail_block_of(entry.confirmed.version); ++block, ++at) {
      if (!blocks[at]) throw StoreDamaged("the trail of a case has a gap; rebuild the tables");
      for (std::size_t i = 0; i * trail_entry_octets < blocks[at]->size(); ++i) {
        entry.trail.push_back(read_trail(*blocks[at], i));
      }
    }
    if (!entry.trail.empty()) entry.last = {partition_of(ready[c], partitions_), entry.trail.back().offset};
  }
  for (std::size_t c = 0; c < ready.size(); ++c) {
    events_at_hand_ += entries[c]->ahead.head.version.value;
    cases_[ready[c]] = std::move(entries[c]);
  }
}

Intake::Cases::iterator Intake::forget(Cases::iterator entry) {
  events_at_hand_ -= entry->second->ahead.head.version.value;
  return cases_.erase(entry);
}

bool Intake::is_in_tables(const Entry& entry, const Positions& reached) {
  return entry.pending.empty() && entry.waiting.empty() && entry.released == 0 && entry.noes == 0 &&
         (entry.confirmed.version.value == 0 || entry.last.offset < reached[entry.last.partition.value]);
}

/// What is due by then, of the first moment that there is, and when the next is due: as the tables tell it,
/// and of cases that they are behind with as the case at hand does. Nothing where only the tables can tell,
/// and do not yet.
std::optional<Intake::Due> Intake::due_next(const std::shared_ptr<const Snapshot>& snapshot,
                                            Instant until) const {
  const Positions reached = snapshot->state().positions();
  const auto is_behind = [&](const auto& seen) {
    return seen.second.offset >= reached[seen.second.partition.value];
  };
  if (settings_pending_ > 0 || std::any_of(seen_elsewhere_.begin(), seen_elsewhere_.end(), is_behind))
    return std::nullopt;
  Due found;
  const auto take = [&](const TimerRow& timer) {
    if (timer.due > until)
      found.next = std::min(found.next, timer.due);
    else if (!timers_refused_.contains(key_of(timer)))
      found.timers.push_back(timer);
  };
  std::unordered_set<CaseId> ahead_of_tables;
  for (const auto& [id, entry] : cases_) {
    if (entry->settings || entry->parked || is_in_tables(*entry, reached)) continue;
    ahead_of_tables.insert(id);
    if (!entry->ahead.exists()) continue;
    for (const TimerRow& timer : timers_of(entry->ahead, rules_)) take(timer);
  }
  constexpr std::size_t timers_max = 1'000;
  const Reading reading(snapshot);
  const std::vector<TimerRow> told = due_timers(reading, until, timers_max);
  for (const TimerRow& timer : told) {
    if (!ahead_of_tables.contains(timer.id)) take(timer);
  }
  if (found.timers.empty() && told.size() == timers_max) return std::nullopt;
  const auto first = std::ranges::min_element(found.timers, {}, &TimerRow::due);
  if (first != found.timers.end()) {
    std::erase_if(found.timers, [moment = first->due](const TimerRow& timer) { return timer.due != moment; });
  }
  // One of a case that the tables are behind with may be told as it was: then somebody looks for nothing.
  if (const auto later = geleit::next_due(reading, until)) found.next = std::min(found.next, *later);
  return found;
}

/// False while what has come due cannot be recorded yet.
bool Intake::has_recorded_timers(Instant until, Round& round) {
  if (!records_timers_ || until < next_due_) return true;
  static thread_local CommandReader reader;
  std::set<std::string> asked;
  for (;;) {
    auto snapshot = store_.snapshot();
    // One moment after the other: what is recorded may bring what is due before the next, as an alert does
    // that goes up.
    const auto due = due_next(snapshot, until);
    if (!due) return false;
    if (due->timers.empty()) {
      timers_refused_.clear();
      next_due_ = due->next;
      return true;
    }
    // What is due still although it was asked for waits, behind others of its case or for the log's end.
    for (const TimerRow& timer : due->timers) {
      if (!asked.insert(key_of(timer)).second) return false;
    }
    entered_->advance_to(due->timers.front().due);
    std::vector<Item> items;
    for (const TimerRow& timer : due->timers) {
      std::string line;
      append_due_command(line, timer);
      auto submission = std::make_shared<Submission>();
      submission->answers.resize(1);
      submission->open = 1;
      submission->commands.push_back(reader.read(line, timer.due, Caller::service));
      submission->answered = [this, key = key_of(timer)](const std::vector<Answer>& answers) {
        if (std::holds_alternative<Rejection>(answers.front())) timers_refused_.insert(key);
      };
      items.push_back({std::move(submission), 0, 0, false, {}, {}});
    }
    {
      const std::lock_guard lock(mutex_);
      status_.unanswered += items.size();
    }
    round.snapshot = std::move(snapshot);
    load_cases(items, round);
    for (const Item& item : items) decide_item(item, round);
    flush(round);
  }
}

void Intake::decide_item(Item item, Round& round) {
  if (auto* rejection = std::get_if<Rejection>(&item.submission->commands[item.index])) {
    Rejection unreadable = std::move(*rejection);
    answer(item, std::move(unreadable));
    return;
  }
  const CaseId id = case_of(item.command());
  const auto found = cases_.find(id);
  // What comes after settings is judged by them, so it waits until they have been read back.
  if (found == cases_.end() || settings_pending_ > 0 || round.blocked.contains(id)) {
    blocked_.push_back(std::move(item));
    return;
  }
  Entry& entry = *found->second;
  try {
    decide_in(entry, id, item, round);
  } catch (const std::exception& failure) {
    // A key, a case or a record that cannot be read: this command is told so, and the others go on.
    note_trouble(failure);
    answer(item, not_ready(message::case_parked));
  }
  // What was answered at once takes no room, so others may follow without waiting for a record to be read
  // back.
  release_waiting(entry);
}

/// True when the command's id was decided before; then it is answered as it was, whatever the state is now.
bool Intake::answer_repeat(Entry& entry, const CaseId& id, const Item& item) {
  const Command& command = item.command();
  const auto same = [&](const std::shared_ptr<const PersonKey>& key, const ContentTag& tag) {
    // After an erasure nothing can be compared any more, and a known id is answered as repeated. The service
    // says the same by the same id, if at another time.
    return !key || command.of_the_service() || content_tag(*key, command.content) == tag;
  };
  for (Pending& pending : entry.pending) {
    if (pending.accepted.id != command.id) continue;
    if (same(entry.key, pending.tag))
      pending.held.push_back({item, pending.accepted, {}});
    else
      pending.held.push_back({item, id_reused(id), {}});
    return true;
  }
  for (const TrailEntry& known : entry.trail) {
    if (known.id_tail != command.id.value.low) continue;
    const Position position{partition_of(id, partitions_), known.offset};
    std::optional<Answer> found;
    log_.read_at(std::span(&position, 1), [&](const StoredRecord& record) {
      const Event event = decode(record.bytes);
      if (event.id != command.id) return;
      if (!same(entry.settings ? entry.key : keys_.find(event.key), event.tag)) {
        found = id_reused(id);
        return;
      }
      found = Accepted{event.id,       id,   event.version, name_of(event.payload), record.recorded, position,
                       event.findings, true, false};
    });
    if (!found) continue;
    answer(item, std::move(*found));
    return true;
  }
  return false;
}

/// A person as a case of that provider has it: one at hand, which the tables may not know yet, or of the
/// tables.
std::optional<std::pair<CaseId, SealedCopy>> Intake::sealed_person(const std::string& provider,
                                                                   PersonId person,
                                                                   const Snapshot& snapshot) const {
  const auto in_case = [&](const CaseId& id) -> std::optional<std::pair<CaseId, SealedCopy>> {
    // Of whom data is restricted or erased nothing new begins: that person is not known.
    const auto known = [&](const Case& c) {
      return c.personal_data == PersonalDataState::kept ? std::optional(std::pair{id, c.person})
                                                        : std::nullopt;
    };
    if (const auto at_hand = cases_.find(id); at_hand != cases_.end() && at_hand->second->ahead.exists())
      return known(at_hand->second->ahead);
    const auto stored = snapshot.get(Table::stored_cases, id_key(id.value));
    return stored ? known(decode_stored_case(*stored).state) : std::nullopt;
  };
  if (const auto fresh = new_persons_.find({provider, person}); fresh != new_persons_.end()) {
    if (auto found = in_case(fresh->second)) return found;
  }
  const auto other = case_of_person(snapshot, provider, person);
  return other ? in_case(*other) : std::nullopt;
}

void Intake::decide_in(Entry& entry, const CaseId& id, Item item, Round& round) {
  Command& command = item.command();
  if (item.lost_races > 0) entry.one_at_a_time = true;
  if (item.released) {
    item.released = false;
    if (entry.released > 0) --entry.released;  // its entry may have been made anew since
  } else if (!entry.waiting.empty() || entry.released > 0 || entry.room(limits_.ahead_per_case) == 0) {
    // Those released are not decided yet, and they came first.
    entry.waiting.push_back(std::move(item));
    return;
  }
  // Another provider's case does not exist, whatever else is to be said of it.
  const bool of_settings = entry.settings || std::holds_alternative<AdoptSettings>(command.data);
  if (!of_settings && entry.ahead.exists() && !command.knows_of(entry.ahead.provider)) {
    const bool opens = std::holds_alternative<ReceiveReferral>(command.data);
    return refuse(&entry, std::move(item), opens ? case_in_use(id) : no_such_case(id));
  }
  if (entry.parked) return refuse(nullptr, std::move(item), not_ready(message::case_parked));
  if (std::holds_alternative<AdoptSettings>(command.data))
    return decide_settings(entry, id, std::move(item), round);
  if (entry.settings) return refuse(&entry, std::move(item), no_such_case(id));
  // What was at hand when the person was erased is forgotten, in this process or another.
  if (entry.key && (entry.ahead.personal_data == PersonalDataState::erased ||
                    (!entry.key->id.is_nil() && keys_.was_destroyed(entry.key->id)))) {
    entry.key.reset();
    entry.person.reset();
  }
  if (!entry.key && entry.ahead.exists() && !entry.ahead.person.key.is_nil())
    entry.key = keys_.find(entry.ahead.person.key);
  if (answer_repeat(entry, id, item)) return;

  const auto* referral = std::get_if<ReceiveReferral>(&command.data);
  if (!entry.ahead.exists() && !referral) return refuse(&entry, std::move(item), no_such_case(id));
  // What the service records needs nothing of the person, and is recorded of an erased one, too.
  const bool own = command.of_the_service();
  if (entry.ahead.exists() && !entry.key && !own) return refuse(&entry, std::move(item), erased(id));
  if (command.expect_version && (*command.expect_version > entry.ahead.head.version ||
                                 *command.expect_version < entry.ahead.client_version)) {
    return refuse(&entry, std::move(item),
                  version_conflict(id, *command.expect_version, entry.ahead.head.version));
  }

  const Instant now = clock_.now();
  const CivilDate today = berlin_date(now);
  // A new set applies to what happens from its date.
  const JudgedBy judged_by = rules_.in_force(
      referral ? referral->provider : std::string_view(entry.ahead.provider), command.happened.date);
  const RuleSet* rules = rules_.find(judged_by);
  if (!rules) {
    blocked_.push_back(std::move(item));
    return;
  }

  // The person: of the case, or, for a referral, the one it brings or names.
  std::optional<PersonData> known_person;
  std::shared_ptr<const PersonKey> key = own ? key_without_person() : entry.key;
  bool new_key = false;
  if (referral && !entry.ahead.exists()) {
    const PersonId person = person_of(command, *referral);
    if (referral->person_id) {
      const auto known = sealed_person(std::string(referral->provider), person, *round.snapshot);
      if (!known) {
        // That nobody knows the person is seen once the tables hold what all partitions held when it was
        // asked.
        if (item.tables_to.empty() && ends_beside_) {
          if (item.ends_ticket == 0) item.ends_ticket = ticket_for_ends();
          if (item.ends_ticket > told_) {
            ask_ends();
            round.blocked.insert(id);
            blocked_.push_back(std::move(item));
            return;
          }
          if (told_nothing_) return answer(item, not_ready(message::log_unavailable));
          item.tables_to = told_ends_;
        }
        if (item.tables_to.empty()) item.tables_to = log_.ends();
        if (behind(round.snapshot->state().positions(), item.tables_to)) {
          round.blocked.insert(id);
          blocked_.push_back(std::move(item));
          return;
        }
      } else {
        if (const auto at_hand = cases_.find(known->first); at_hand != cases_.end() && at_hand->second->key &&
                                                            at_hand->second->key->id == known->second.key &&
                                                            !keys_.was_destroyed(known->second.key)) {
          // Its key may be on its way still; what needs it follows behind.
          key = at_hand->second->key;
          entry.key_batch = std::max(entry.key_batch, at_hand->second->key_batch);
        } else {
          key = keys_.find(known->second.key);
        }
        if (key) {
          if (const auto clear = open_field(*key, known->first, SealedField::person, known->second.bytes))
            known_person = decode_person(*clear);
        }
      }
    }
    if (!key) {
      key = std::make_shared<PersonKey>(
          make_person_key({uuid_v7(now, chance_.next(), chance_.next())}, person, fresh_key(chance_)));
      new_key = true;
    }
  } else if (entry.ahead.exists() && !entry.person && !own) {
    const auto clear = open_field(*key, id, SealedField::person, entry.ahead.person.bytes);
    if (!clear) return refuse(&entry, std::move(item), not_ready(message::case_parked));
    entry.person = decode_person(*clear);
  }

  // Only here the insurer is known: of a contract's rules none acts anywhere else.
  const auto* amendment = std::get_if<AmendReferral>(&command.data);
  const std::string_view insurer_ik = referral && referral->person     ? referral->person->insurer_ik
                                      : amendment && amendment->person ? amendment->person->insurer_ik
                                      : known_person ? std::string_view(known_person->insurer_ik)
                                      : entry.person ? std::string_view(entry.person->insurer_ik)
                                                     : std::string_view();
  rules = rules_.find(judged_by, insurer_ik);

  EventSealer sealer(*key, id, command.id);
  const Circumstances circumstances{.now = now,
                                    .today = today,
                                    .rules = *rules,
                                    .person = entry.person && !own ? &*entry.person : nullptr,
                                    .known_person = known_person ? &*known_person : nullptr,
                                    .rule_book = rules_,
                                    .seal = sealer,
                                    .settings = rules_.settings(judged_by)};
  auto decided = decide(entry.ahead, command, circumstances);
  if (auto* rejection = std::get_if<Rejection>(&decided))
    return refuse(&entry, std::move(item), std::move(*rejection));
  if (waits_behind_no(entry, id, item, round)) return;
  Proposal& proposal = std::get<Proposal>(decided);

  Event event = event_of(command, id, entry.ahead.head, now, *key, item.submission->trace);
  event.provider = referral ? referral->provider : std::string_view(entry.ahead.provider);
  event.judged_by = judged_by;
  event.key = key->id;  // none, where nothing is sealed
  event.findings = std::move(proposal.findings);
  event.deviations = std::move(proposal.deviations);
  event.payload = std::move(proposal.payload);

  Accepted accepted{event.id,       id,    event.version, name_of(event.payload), {}, {},
                    event.findings, false, false};
  if (item.submission->dry_run) {
    accepted.dry_run = true;
    return answer(item, std::move(accepted));
  }
  std::string bytes = encode(event);
  const Hash hash = stated_hash(bytes);
  const bool amends_person = std::holds_alternative<ReferralAmended>(event.payload);
  events_at_hand_ -= entry.ahead.head.version.value;
  try {
    evolve(entry.ahead, event, hash);
  } catch (const FoldFailed&) {
    // It was not appended, but the case at hand is undefined now; nothing more is decided on it.
    entry.parked = true;
    events_at_hand_ += entry.ahead.head.version.value;
    throw;
  }
  events_at_hand_ += entry.ahead.head.version.value;
  if (records_timers_) {
    for (const TimerRow& timer : timers_of(entry.ahead, rules_)) next_due_ = std::min(next_due_, timer.due);
  }
  const bool behind_keys = new_key || entry.key_batch > key_batches_done_.load(std::memory_order_acquire);
  if (new_key) round.keys.push_back(*key);
  if (behind_keys) entry.key_batch = key_batches_ + 1;
  if (!own) entry.key = key;
  if (amends_person || referral) entry.person.reset();
  if (referral) new_persons_[{entry.ahead.provider, entry.ahead.person_id}] = id;
  entry.pending.push_back({std::move(item), hash, event.tag, std::move(accepted), {}});
  (behind_keys ? round.behind_keys : round.records)
      .push_back({partition_of(id, partitions_), std::move(bytes)});
}

/// Settings go the way of all commands; but their stream is no case, so there is nothing to fold, and no
/// person whose key would be needed.
void Intake::decide_settings(Entry& entry, const CaseId& id, Item item, Round& round) {
  Command& command = item.command();
  const auto& settings = std::get<AdoptSettings>(command.data);
  entry.settings = true;
  entry.key = key_without_person();
  if (answer_repeat(entry, id, item)) return;
  if (command.expect_version && (*command.expect_version > entry.ahead.head.version ||
                                 *command.expect_version < rules_.last_adopted(settings.provider))) {
    return refuse(&entry, std::move(item),
                  version_conflict(id, *command.expect_version, entry.ahead.head.version));
  }
  const RuleSet* rules = rules_.find({rules_.in_force({}, settings.from).shipped, {}, {}});
  if (!rules) {
    blocked_.push_back(std::move(item));
    return;
  }
  const Instant now = clock_.now();
  EventSealer sealer(*entry.key, id, command.id);
  const Circumstances circumstances{.now = now,
                                    .today = berlin_date(now),
                                    .rules = *rules,
                                    .person = nullptr,
                                    .known_person = nullptr,
                                    .rule_book = rules_,
                                    .seal = sealer};
  auto decided = decide({}, command, circumstances);
  if (auto* rejection = std::get_if<Rejection>(&decided))
    return refuse(&entry, std::move(item), std::move(*rejection));
  if (waits_behind_no(entry, id, item, round)) return;

  Event event = event_of(command, id, entry.ahead.head, now, *entry.key, item.submission->trace);
  event.provider = settings.provider;
  event.payload = std::get<Proposal>(std::move(decided)).payload;
  Accepted accepted{event.id, id, event.version, name_of(event.payload), {}, {}, {}, false, false};
  if (item.submission->dry_run) {
    accepted.dry_run = true;
    return answer(item, std::move(accepted));
  }
  std::string bytes = encode(event);
  const Hash hash = stated_hash(bytes);
  entry.ahead.head = {event.version, hash};
  ++events_at_hand_;
  ++settings_pending_;
  entry.pending.push_back({std::move(item), hash, event.tag, std::move(accepted), {}});
  round.records.push_back({partition_of(id, partitions_), std::move(bytes)});
}

void Intake::note_trouble(const std::exception& failure) {
  if (dynamic_cast<const StoreDamaged*>(&failure) != nullptr) store_.note_damage(failure.what());
  const std::lock_guard lock(mutex_);
  status_.trouble = failure.what();
  trouble_lasts_ = dynamic_cast<const StoreDamaged*>(&failure) != nullptr ||
                   dynamic_cast<const LogCorrupt*>(&failure) != nullptr ||
                   dynamic_cast<const KeyStoreDamaged*>(&failure) != nullptr;
}

/// True when the event has to wait (Entry::noes). It keeps its turn, and what came after it waits behind it.
bool Intake::waits_behind_no(Entry& entry, const CaseId& id, Item& item, Round& round) {
  if (entry.noes == 0 || item.submission->dry_run) return false;
  item.released = true;
  ++entry.released;
  round.blocked.insert(id);
  blocked_.push_back(std::move(item));
  return true;
}

void Intake::refuse(Entry* entry, Item item, Rejection rejection) {
  // A wrong "no" would go unnoticed. So it rests on nothing unconfirmed, and waits until the end that the log
  // had when it was found has been read; if that brings another's record of the case, it is decided again
  // (lost).
  if (entry && rejection.kind != RejectionKind::not_ready) {
    std::uint64_t ticket = 0;
    Positions end;
    if (ends_beside_) {
      ticket = ticket_for_ends();
    } else {
      try {
        end = log_.ends();
      } catch (const LogUnavailable&) { return answer(item, not_ready(message::log_unavailable)); }
      if (!behind(read_to_, end)) end.clear();
    }
    const bool waits = ticket != 0 || !end.empty();
    if (waits) ++entry->noes;
    if (!entry->pending.empty()) {
      entry->pending.back().held.push_back({std::move(item), std::move(rejection), std::move(end), ticket});
    } else if (waits) {
      const CaseId id = case_of(item.command());
      resting_.push_back({std::move(item), id, std::move(rejection), std::move(end), ticket});
    } else {
      answer(item, std::move(rejection));
    }
    if (ticket != 0) ask_ends();
    return;
  }
  answer(item, std::move(rejection));
}

void Intake::answer(const Item& item, Answer answer) {
  Submission& submission = *item.submission;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* accepted = std::get_if<Accepted>(&answer)) {
      ++(accepted->repeated ? status_.repeated : status_.accepted);
      if (!trouble_lasts_ && !status_.trouble.empty()) status_.trouble.clear();
    } else
      ++status_.refused;
    --status_.unanswered;
    if (submission.open == 1) status_.unanswered_octets -= submission.octets;
  }
  submission.answers[item.index] = std::move(answer);
  if (--submission.open == 0) submission.answered(std::move(submission.answers));
}

void Intake::flush(Round& round) {
  if (!round.records.empty()) append(std::exchange(round.records, {}));
  if (round.behind_keys.empty()) return;
  // A key is durable and readable before an event that needs it is sent.
  auto work = [this, batch = ++key_batches_, keys = std::exchange(round.keys, {}),
               records = std::exchange(round.behind_keys, {})]() mutable {
    try {
      if (!keys.empty()) keys_.add(keys);
      append(std::move(records));
    } catch (const std::exception&) { append_has_failed(); }
    key_batches_done_.store(batch, std::memory_order_release);
  };
  if (beside_)
    beside_(std::move(work));
  else
    work();
}

void Intake::append(std::vector<NewRecord> records) {
  try {
    log_.append(std::move(records), [this](const Appended& appended) {
      if (!appended.ok()) append_has_failed();
    });
  } catch (const std::exception&) { append_has_failed(); }
}

void Intake::append_has_failed() {
  {
    const std::lock_guard lock(mutex_);
    append_failed_ = true;
  }
  wake_.notify_one();
}

void Intake::let_go_of_cases() {
  const auto tell = [this] {
    const std::lock_guard lock(mutex_);
    status_.cases_at_hand = cases_.size();
    tables_behind_ = cases_.size() > limits_.cases_ahead_of_tables;
  };
  // What the tables did not have at the last look is not looked through again before there is more.
  const auto too_many = [this] {
    return tables_behind_ ||
           cases_.size() > std::max(limits_.cases_at_hand, cases_kept_ + limits_.cases_at_hand / 4) ||
           events_at_hand_ > std::max(limits_.events_at_hand, events_kept_ + limits_.events_at_hand / 4);
  };
  if (!too_many() && seen_elsewhere_.size() <= limits_.cases_at_hand) return tell();
  const Positions reached = store_.snapshot()->state().positions();
  // What the tables have read they tell themselves.
  std::erase_if(seen_elsewhere_,
                [&](const auto& seen) { return seen.second.offset < reached[seen.second.partition.value]; });
  if (!too_many()) return tell();
  // A "no" that rests is decided again when a record of its case comes, which only a case at hand notices.
  std::erase_if(new_persons_, [&](const auto& fresh) {
    const auto found = cases_.find(fresh.second);
    return found == cases_.end() || is_in_tables(*found->second, reached);
  });
  for (auto at = cases_.begin(); at != cases_.end();)
    at = is_in_tables(*at->second, reached) ? forget(at) : std::next(at);
  cases_kept_ = cases_.size();
  events_kept_ = events_at_hand_;
  tell();
}

}  // namespace geleit
