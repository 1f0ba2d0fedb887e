#include "services/alert/channel_line.h"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <limits>
#include <utility>

#include "events/thread_name.h"

namespace geleit {
namespace {

constexpr std::int64_t rest_ms_max = 3'600'000;
constexpr std::uint64_t jitter_parts = 1'000;  // of a tenth

}  // namespace

ChannelLine::ChannelLine(ChannelConfig config, std::unique_ptr<Channel> channel, const Clock& clock,
                         Chance& chance, Done on_done, Ticks ticks)
    : config_(std::move(config)),
      channel_(std::move(channel)),
      clock_(clock),
      chance_(chance),
      on_done_(std::move(on_done)),
      ticks_(std::move(ticks)) {
  status_.name = config_.name;
  status_.kind = config_.kind;
}

ChannelLine::~ChannelLine() { stop(); }

void ChannelLine::measure(http::Metrics& metrics) {
  const http::Labels labels{{"channel", config_.name}};
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const auto result = static_cast<Outcome::Result>(i);
    ends_[i] = metrics.counter("geleit_alert_deliveries_total",
                               "Messages by what became of them; again: attempts that failed for now",
                               {{"channel", config_.name}, {"outcome", std::string(word(result))}});
  }
  gauges_.push_back(metrics.gauge_when_read("geleit_alert_waiting", "Messages that wait in a channel", labels,
                                            [this] { return static_cast<double>(status().waiting); }));
  gauges_.push_back(metrics.gauge_when_read("geleit_alert_waiting_max", "Messages that may wait in a channel",
                                            labels,
                                            [] { return static_cast<double>(messages_waiting_max); }));
  gauges_.push_back(metrics.gauge_when_read(
      "geleit_alert_channel_down", "1 while a channel reaches nobody or is switched off", labels, [this] {
        const LineStatus now = status();
        return now.down || now.disabled ? 1.0 : 0.0;
      }));
}

void ChannelLine::start() {
  thread_ = std::thread([this] {
    name_thread("alert-channel");
    // Whoever closes a connection or a pipe while something is written is told by an error, not by a signal.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    run();
  });
}

void ChannelLine::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  channel_->stop();
  poke();
  if (thread_.joinable()) thread_.join();
}

void ChannelLine::run() {
  for (;;) {
    const std::int64_t wait_ms = step();
    std::unique_lock lock(mutex_);
    poked_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return poked_lately_ || ending_; });
    if (ending_) return;
    poked_lately_ = false;
  }
}

void ChannelLine::poke() {
  {
    const std::lock_guard lock(mutex_);
    poked_lately_ = true;
  }
  poked_.notify_one();
}

bool ChannelLine::offer(AlertMessage message) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    for (auto& [number, known] : waiting_) {
      if (known.message.id != message.id) continue;
      known.forgotten = false;
      return true;
    }
    if (waiting_.size() >= messages_waiting_max) return false;
    Waiting& added = waiting_[next_number_++];
    added.message = std::move(message);
    added.offered_at = clock_.now();
  }
  poke();
  return true;
}

void ChannelLine::forget(const Uuid& id) {
  const std::lock_guard lock(mutex_);
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (at->second.message.id != id) continue;
    if (at->first == tried_) {
      at->second.forgotten = true;
    } else {
      waiting_.erase(at);
    }
    return;
  }
}

void ChannelLine::show(std::vector<Notice> open) {
  {
    const std::lock_guard lock(mutex_);
    shown_lately_ = true;
    if (!shown_ || *shown_ != open) {
      shown_ = std::move(open);
      refresh_ms_ = 0;
    }
  }
  poke();
}

void ChannelLine::retry_now() {
  {
    const std::lock_guard lock(mutex_);
    for (auto& [number, known] : waiting_) known.due_ms = 0;
    held_until_ms_ = 0;
    unreachable_in_row_ = 0;
    refresh_ms_ = 0;
  }
  poke();
}

LineStatus ChannelLine::status() const {
  const std::lock_guard lock(mutex_);
  LineStatus now = status_;
  now.waiting = waiting_.size();
  if (!waiting_.empty()) now.oldest_waiting = waiting_.begin()->second.offered_at;
  now.down = is_down();
  return now;
}

std::int64_t ChannelLine::step() {
  const std::int64_t now_ms = ticks_();
  std::unique_lock lock(mutex_);
  assert(!tried_);
  if (ending_) return rest_ms_max;
  for (auto& [number, known] : waiting_) {
    if (!known.offered_ms) known.offered_ms = now_ms;
  }
  if (std::exchange(shown_lately_, false)) shown_ms_ = now_ms;

  if (std::optional<Ended> end = hopeless(now_ms)) {
    lock.unlock();
    tell(end);
    return 0;
  }
  if (refresh_due(now_ms)) {
    const std::vector<Notice> open = *shown_;
    const bool alive = now_ms - shown_ms_ <= show_fresh_ms;
    // A set that changes meanwhile makes the next one due at once.
    refresh_ms_ = now_ms + std::chrono::milliseconds(*channel_->refresh_every()).count();
    lock.unlock();
    const Outcome delivery = channel_->refresh(open, alive, clock_.now());
    lock.lock();
    const std::int64_t ended_ms = ticks_();
    if (delivery.result != Outcome::Result::delivered && refresh_ms_ != 0)
      refresh_ms_ = std::min(refresh_ms_, ended_ms + refresh_again_ms);
    note(delivery, ended_ms);
    return 0;
  }
  if (const std::optional<Attempt> attempt = next_attempt(now_ms)) {
    tried_ = attempt->number;
    const AlertMessage& message = waiting_.at(attempt->number).message;
    lock.unlock();
    Outcome delivery = channel_->deliver(message, clock_.now());
    lock.lock();
    tried_.reset();
    if (ending_ && delivery.result == Outcome::Result::again) return rest_ms_max;
    const std::optional<Ended> end = conclude(*attempt, std::move(delivery), ticks_());
    lock.unlock();
    tell(end);
    return 0;
  }
  return wait_from(now_ms);
}

bool ChannelLine::refresh_due(std::int64_t now_ms) const {
  return shown_ && !status_.disabled && channel_->refresh_every() && now_ms >= refresh_ms_ &&
         now_ms >= held_until_ms_;
}

std::optional<ChannelLine::Attempt> ChannelLine::next_attempt(std::int64_t now_ms) const {
  if (now_ms < held_until_ms_ || waiting_.empty()) return std::nullopt;
  if (is_down()) {
    const auto& [number, oldest] = *waiting_.begin();
    if (now_ms >= oldest.due_ms) return Attempt{number, true};
    if (now_ms >= last_attempt_ms_ + probe_ms) return Attempt{number, false};
    return std::nullopt;
  }
  const auto first = std::min_element(waiting_.begin(), waiting_.end(), [](const auto& a, const auto& b) {
    return a.second.due_ms < b.second.due_ms;
  });
  if (now_ms < first->second.due_ms) return std::nullopt;
  return Attempt{first->first, true};
}

std::optional<ChannelLine::Ended> ChannelLine::hopeless(std::int64_t now_ms) {
  for (const auto& [number, known] : waiting_) {
    if (status_.disabled)
      return ended(number,
                   {Outcome::Result::gone, "the channel is switched off: " + status_.last_error, {}, false});
    if (is_down() && now_ms - *known.offered_ms > schedule_ms + schedule_ms / 10)
      return ended(number, {Outcome::Result::given_up, status_.last_error, {}, true});
  }
  return std::nullopt;
}

std::int64_t ChannelLine::wait_from(std::int64_t now_ms) const {
  std::int64_t next = now_ms + rest_ms_max;
  if (shown_ && !status_.disabled && channel_->refresh_every())
    next = std::min(next, std::max(refresh_ms_, held_until_ms_));
  if (!waiting_.empty()) {
    std::int64_t due = waiting_.begin()->second.due_ms;
    if (is_down()) {
      due = std::min(due, last_attempt_ms_ + probe_ms);
    } else {
      for (const auto& [number, known] : waiting_) due = std::min(due, known.due_ms);
    }
    next = std::min(next, std::max(due, held_until_ms_));
  }
  return std::max<std::int64_t>(next - now_ms, 0);
}

void ChannelLine::note(const Outcome& delivery, std::int64_t now_ms) {
  last_attempt_ms_ = now_ms;
  if (!delivery.detail.empty()) {
    status_.last_error = delivery.detail;
    status_.last_error_at = clock_.now();
  }
  if (delivery.wait_for) held_until_ms_ = now_ms + std::chrono::milliseconds(*delivery.wait_for).count();
  if (delivery.result == Outcome::Result::gone) status_.disabled = true;
  if (delivery.unreachable) {
    unreachable_in_row_ = std::min(unreachable_in_row_ + 1, unreachable_max);
    return;
  }
  unreachable_in_row_ = 0;
  for (auto& [number, known] : waiting_) {
    if (known.cut_off) known.due_ms = 0;
  }
}

std::optional<ChannelLine::Ended> ChannelLine::conclude(Attempt attempt, Outcome delivery,
                                                        std::int64_t now_ms) {
  Waiting& tried = waiting_.at(attempt.number);
  tried.cut_off = delivery.unreachable;
  note(delivery, now_ms);
  const bool counts = attempt.counts || !delivery.unreachable;
  if (counts) ++tried.attempts;
  if (delivery.result == Outcome::Result::again) {
    ends_[static_cast<std::size_t>(Outcome::Result::again)].add();
    ++status_.again;
    if (tried.forgotten) {
      waiting_.erase(attempt.number);
      return std::nullopt;
    }
    if (tried.attempts < attempts_max) {
      if (counts) {
        tried.due_ms = now_ms + wait_after(tried.attempts);
        if (delivery.wait_for) tried.due_ms = std::max(tried.due_ms, held_until_ms_);
      }
      return std::nullopt;
    }
    delivery.result = Outcome::Result::given_up;
  }
  return ended(attempt.number, std::move(delivery));
}

ChannelLine::Ended ChannelLine::ended(std::uint64_t number, Outcome delivery) {
  const auto at = waiting_.find(number);
  Ended end{std::move(at->second.message), std::move(delivery), at->second.attempts};
  waiting_.erase(at);
  switch (end.delivery.result) {
    case Outcome::Result::delivered:
      ++status_.delivered;
      status_.last_delivered_at = clock_.now();
      break;
    case Outcome::Result::refused: ++status_.refused; break;
    case Outcome::Result::gone: ++status_.gone; break;
    case Outcome::Result::given_up: ++status_.given_up; break;
    case Outcome::Result::again: assert(false); break;
  }
  ends_[static_cast<std::size_t>(end.delivery.result)].add();
  return end;
}

std::int64_t ChannelLine::wait_after(int attempts) {
  const std::int64_t wait = retry_ms[static_cast<std::size_t>(attempts - 1)];
  const auto part = static_cast<std::int64_t>(chance_.next() % jitter_parts);
  return wait + wait / 10 * part / static_cast<std::int64_t>(jitter_parts);
}

void ChannelLine::tell(const std::optional<Ended>& ended) const {
  if (ended && on_done_) on_done_(ended->message, ended->delivery, ended->attempts);
}

}  // namespace geleit
