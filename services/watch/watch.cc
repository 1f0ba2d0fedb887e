#include "services/watch/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/projector.h"
#include "projections/timers.h"
#include "services/http/json_text.h"
#include "services/service_commands.h"

namespace geleit {
namespace {

/// Timers looked at in one go: more than may be under way, so that some are left to be asked for.
constexpr std::size_t timers_seen_max = 4 * watch_piece_max * watch_pieces_max;

/// From at once to a month: what a service that stood still catches up with is late by as much.
const std::vector<double> delay_buckets_s{0.1, 0.5, 1, 5, 10, 60, 600, 3'600, 86'400, 2'678'400};

void add_instant(http::JsonWriter& json, std::string_view name, const std::optional<Instant>& at) {
  json.member(name);
  at ? json.string(to_string(*at)) : json.null();
}

}  // namespace

std::string to_json(const WatchStatus& status) {
  std::string out;
  http::JsonWriter json(out);
  json.object();
  add_instant(json, "looked_at", status.looked_at);
  json.member("due").number(status.due);
  add_instant(json, "oldest_due", status.oldest_due);
  json.member("late").number(status.late);
  add_instant(json, "next_due", status.next_due);
  json.member("recorded").number(status.recorded).member("refused").number(status.refused);
  json.member("later").number(status.later).member("cases_checked").number(status.cases_checked);
  add_instant(json, "checked_all_at", status.checked_all_at);
  json.member("wrong_timers").number(status.wrong_timers).member("wrong_case");
  status.wrong_case.empty() ? json.null() : json.string(status.wrong_case);
  json.end();
  return out;
}

std::vector<std::string> troubles_of(const WatchStatus& status) {
  std::vector<std::string> troubles;
  if (!status.trouble.empty()) troubles.push_back("watch cannot read the tables: " + status.trouble);
  if (status.late > 0 && status.oldest_due) {
    troubles.push_back(
        fmt::format("{} that fell due more than {} s ago, the oldest at {}, should be recorded and "
                    "alert people, but are not yet",
                    status.late, watch_late_after_ms / 1'000, to_string(*status.oldest_due)));
  }
  if (status.wrong_timers > 0) {
    troubles.push_back(
        fmt::format("of {} cases what falls due is not what the case says, of {} among them; "
                    "geleit rebuild timers makes it anew",
                    status.wrong_timers, status.wrong_case));
  }
  return troubles;
}

Watch::Watch(Store& store, const RuleBook& rules, const Clock& clock, CommandPort& port)
    : store_(store), rules_(rules), clock_(clock), port_(port) {}

Watch::~Watch() = default;

void Watch::measure(http::Metrics& metrics) {
  const std::lock_guard lock(mutex_);
  delays_ =
      metrics.histogram("geleit_watch_delay_seconds",
                        "From when something was due, and known, until it was recorded", {}, delay_buckets_s);
}

void Watch::tables_advanced() {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

WatchStatus Watch::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Watch::run(std::stop_token stop) {
  std::int64_t checked_ms = monotonic_ms();
  while (!stop.stop_requested()) {
    bool moved = false;
    try {
      moved = step();
      if (monotonic_ms() - checked_ms >= watch_checks_every_ms) {
        checked_ms = monotonic_ms();
        check();
      }
      const std::lock_guard lock(mutex_);
      status_.trouble.clear();
    } catch (const std::exception& failure) {
      const std::lock_guard lock(mutex_);
      status_.trouble = failure.what();
    }
    if (moved) continue;
    std::unique_lock lock(mutex_);
    auto rest = std::chrono::milliseconds(watch_checks_every_ms);
    // Between two looks the next due time is known: it is not slept over.
    if (status_.next_due) {
      const std::int64_t left = status_.next_due->ms - clock_.now().ms;
      rest = std::clamp(std::chrono::milliseconds(left), std::chrono::milliseconds(1), rest);
    }
    wake_.wait_for(lock, stop, rest, [this] { return nudged_; });
    nudged_ = false;
  }
}

bool Watch::step() {
  const Instant now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (pieces_ == watch_pieces_max) return false;
  }
  const Reading reading(store_.snapshot());
  const std::vector<TimerRow> due = due_timers(reading, now, timers_seen_max);
  const auto next = next_due(reading, now);
  std::string lines;
  std::vector<std::string> keys;
  {
    const std::lock_guard lock(mutex_);
    // What the look before did not find, though it was due by then, has been told of since: late paper is no
    // delay of ours.
    const auto known_since = [&,
                              before = all_asked_ ? status_.looked_at : std::nullopt](const TimerRow& timer) {
      return before ? std::max(timer.due, *before) : timer.due;
    };
    status_.looked_at = now;
    status_.due = due.size();
    status_.oldest_due = due.empty() ? std::nullopt : std::optional(due.front().due);
    status_.late = 0;
    status_.next_due = next;
    all_asked_ = due.size() < timers_seen_max;
    const std::int64_t moment = monotonic_ms();
    std::map<std::string, Asked> asked;
    for (const TimerRow& timer : due) {
      std::string key = key_of(timer);
      const auto known = asked_.find(key);
      const Instant since = known != asked_.end() ? known->second.since : known_since(timer);
      if (now.ms - since.ms >= watch_late_after_ms) ++status_.late;
      if (known != asked_.end() && known->second.again_ms > moment) {
        asked.insert(asked_.extract(known));
        continue;
      }
      if (keys.size() == watch_piece_max) {
        all_asked_ = false;
        continue;
      }
      append_due_command(lines, timer);
      asked[key] = {since};
      keys.push_back(std::move(key));
    }
    // What the tables do not show any more has been settled; what is under way is told still.
    for (auto& [key, one] : asked_) {
      if (one.again_ms == INT64_MAX) asked.try_emplace(key, one);
    }
    asked_ = std::move(asked);
    if (keys.empty()) return false;
    ++pieces_;
  }
  port_.submit(std::move(lines), [this, keys = std::move(keys)](const std::vector<PortAnswer>& answers) {
    answered(keys, answers);
  });
  return true;
}

void Watch::answered(const std::vector<std::string>& keys, const std::vector<PortAnswer>& answers) {
  assert(keys.size() == answers.size());
  const Instant now = clock_.now();
  const std::int64_t again_ms = monotonic_ms() + watch_asks_again_after_ms;
  {
    const std::lock_guard lock(mutex_);
    --pieces_;
    nudged_ = true;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = asked_.find(keys[i]);
      if (found == asked_.end()) continue;
      found->second.again_ms = again_ms;
      switch (answers[i]) {
        case PortAnswer::recorded: {
          ++status_.recorded;
          const std::int64_t delay = std::max<std::int64_t>(0, now.ms - found->second.since.ms);
          delays_.observe(static_cast<double>(delay) / 1'000);
          break;
        }
        case PortAnswer::refused: ++status_.refused; break;
        case PortAnswer::later: ++status_.later; break;
      }
    }
  }
  wake_.notify_one();
}

bool Watch::check() {
  const auto snapshot = store_.snapshot();
  const Reading reading(snapshot);
  const std::vector<Parked> parked = store_.parked();
  std::uint64_t cases = 0, wrong = 0;
  std::string wrong_case;
  std::string next;
  snapshot->scan(Table::stored_cases, check_from_, false, [&](std::string_view key, std::string_view value) {
    if (cases == watch_checks_cases) {
      next = key;
      return false;
    }
    ++cases;
    const StoredCase stored = decode_stored_case(value);
    const Case& c = stored.state;
    const bool stands_still = std::ranges::any_of(parked, [&](const Parked& one) { return one.id == c.id; });
    if (!c.exists() || stands_still) return true;
    std::vector<TimerRow> derived = timers_of(c, rules_);
    std::ranges::sort(derived, {}, [](const TimerRow& timer) { return key_of(timer); });
    if (derived != stored_timers(reading, c.provider, c.id)) {
      ++wrong;
      wrong_case = to_string(c.id);
    }
    return true;
  });
  check_from_ = next;
  wrong_now_ += wrong;
  const bool round_ends = next.empty();
  const std::lock_guard lock(mutex_);
  status_.cases_checked += cases;
  if (wrong > 0) status_.wrong_case = wrong_case;
  status_.wrong_timers = round_ends ? wrong_now_ : std::max(status_.wrong_timers, wrong_now_);
  if (round_ends) {
    status_.checked_all_at = clock_.now();
    wrong_now_ = 0;
    if (status_.wrong_timers == 0) status_.wrong_case.clear();
  }
  return round_ends;
}

}  // namespace geleit
