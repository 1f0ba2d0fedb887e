// A channel with a thread of its own and what waits for it: whatever becomes of one channel holds back only
// itself. Messages are tried after the schedule of Standard Webhooks, one at a time.
//
//   offered ──▶ waits ──▶ is tried ──▶ delivered, refused, gone, given up: on_done, once
//                 ▲          │
//                 └─ again ──┘  5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after the attempt before
//
// A message that waits for its next attempt holds back no other. When the channel looks down (attempts in a
// row that reached nobody), only the oldest message is tried, and more often than its schedule says, so that
// the end of the outage is noticed; then all that waited for it go out at once. A Retry-After holds the whole
// channel. What waits lies in memory: after a start it is offered again by whoever finds no AlertSent.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "services/alert/channel.h"
#include "services/clock.h"
#include "services/http/metrics.h"

namespace geleit {

/// Waits after the attempts of a message; after the last one it is given up. Each is lengthened by up to a
/// tenth, at random.
inline constexpr std::array<std::int64_t, 9> retry_ms{
    5'000, 300'000, 1'800'000, 7'200'000, 18'000'000, 36'000'000, 50'400'000, 72'000'000, 86'400'000,
};
inline constexpr int attempts_max = static_cast<int>(retry_ms.size()) + 1;
/// From the first attempt to the last, without the random part: 75 h 35 min 5 s. While the channel is down,
/// messages that were never tried are given up after as long.
inline constexpr std::int64_t schedule_ms = [] {
  std::int64_t sum = 0;
  for (const std::int64_t wait : retry_ms) sum += wait;
  return sum;
}();
/// So many attempts in a row without reaching anybody, and the channel looks down …
inline constexpr int unreachable_max = 3;
/// … and the oldest message is tried this long after the last attempt; beyond its schedule that is not
/// counted.
inline constexpr std::int64_t probe_ms = 300'000;
/// Messages that wait in one channel.
inline constexpr std::size_t messages_waiting_max = 1'000;
/// So long after the last show() whoever shows is taken for dead (`alive` of Channel::refresh).
inline constexpr std::int64_t show_fresh_ms = 180'000;
/// After a refresh that failed the next one comes sooner.
inline constexpr std::int64_t refresh_again_ms = 15'000;

struct LineStatus {
  std::string name;
  ChannelKind kind{};
  std::size_t waiting = 0;                ///< messages, the one that is being tried too
  std::optional<Instant> oldest_waiting;  ///< when the oldest of them was offered
  std::uint64_t delivered = 0, refused = 0, gone = 0, given_up = 0;  ///< messages since the start
  std::uint64_t again = 0;                                           ///< attempts that failed for now
  std::string last_error;                                            ///< empty: none since the start
  std::optional<Instant> last_error_at, last_delivered_at;
  bool down = false;      ///< looks down
  bool disabled = false;  ///< gone: nothing is sent until the next start
};

/// Thread-safe. Functions never wait for the network, but for stop().
class ChannelLine {
 public:
  /// The end of a message: delivered, refused, gone or given_up. Exactly once for each message that was
  /// offered and neither forgotten nor still waiting at the end of the program. From the line's thread,
  /// without a lock: it may call anything but stop().
  using Done = std::function<void(const AlertMessage&, const Outcome&, int attempts)>;

  /// Milliseconds that never go back.
  using Ticks = std::function<std::int64_t()>;

  /// `clock` and `chance` outlive the line. Nothing is sent before start() (or step()).
  ChannelLine(ChannelConfig config, std::unique_ptr<Channel> channel, const Clock& clock, Chance& chance,
              Done on_done, Ticks ticks = monotonic_ms);
  /// stop()
  ~ChannelLine();
  ChannelLine(const ChannelLine&) = delete;
  ChannelLine& operator=(const ChannelLine&) = delete;

  /// Counts what it does there; before start(). `metrics` outlives the line.
  void measure(http::Metrics& metrics);
  void start();
  /// Breaks off what runs and ends the thread; what waits is told to nobody. Ends soon.
  void stop();

  [[nodiscard]] const ChannelConfig& config() const { return config_; }

  /// False: there is no room, or it is stopping; offer it again later. A message with the id of one that
  /// waits or is being tried is that one. A channel that is gone takes it and tells on_done so.
  [[nodiscard]] bool offer(AlertMessage message);
  /// No longer wanted: does not go out, and on_done is not called; unless it is being tried right now and
  /// that attempt ends it.
  void forget(const Uuid& id);
  /// All that is open for this channel now. Whoever calls this says so at least once a minute, changed or
  /// not: else the heartbeat stops.
  void show(std::vector<Notice> open);
  /// Tries at once whatever waits, whatever it waits for.
  void retry_now();
  [[nodiscard]] LineStatus status() const;

  /// One piece of work that is due, of the thread or of a test that turns the hands itself: at most one
  /// attempt. Milliseconds until there may be more; 0: at once.
  std::int64_t step();

 private:
  struct Waiting {
    AlertMessage message;
    Instant offered_at;
    std::optional<std::int64_t> offered_ms;  ///< known from the first step on
    std::int64_t due_ms = 0;                 ///< 0: at once
    int attempts = 0;
    bool cut_off = true;  ///< was never tried, or reached nobody: goes out when the channel is back
    bool forgotten = false;
  };
  struct Attempt {
    std::uint64_t number = 0;
    bool counts = true;
  };
  struct Ended {
    AlertMessage message;
    Outcome delivery;
    int attempts = 0;
  };

  [[nodiscard]] bool is_down() const { return unreachable_in_row_ >= unreachable_max; }
  [[nodiscard]] bool refresh_due(std::int64_t now_ms) const;
  [[nodiscard]] std::optional<Attempt> next_attempt(std::int64_t now_ms) const;
  /// A message that nothing can become of any more: the channel is gone, or was down for as long as a
  /// message is tried.
  [[nodiscard]] std::optional<Ended> hopeless(std::int64_t now_ms);
  [[nodiscard]] std::int64_t wait_from(std::int64_t now_ms) const;
  /// What an attempt or a refresh says of the channel.
  void note(const Outcome& delivery, std::int64_t now_ms);
  [[nodiscard]] std::optional<Ended> conclude(Attempt attempt, Outcome delivery, std::int64_t now_ms);
  [[nodiscard]] Ended ended(std::uint64_t number, Outcome delivery);
  [[nodiscard]] std::int64_t wait_after(int attempts);
  void tell(const std::optional<Ended>& ended) const;
  void run();
  void poke();

  const ChannelConfig config_;
  const std::unique_ptr<Channel> channel_;
  const Clock& clock_;
  Chance& chance_;
  const Done on_done_;
  const Ticks ticks_;
  std::array<http::Counter, words<Outcome::Result>.size()> ends_;
  std::vector<std::shared_ptr<void>> gauges_;

  mutable std::mutex mutex_;
  std::condition_variable poked_;
  bool poked_lately_ = false;
  bool ending_ = false;
  std::map<std::uint64_t, Waiting> waiting_;  ///< by the order in which they were offered
  std::uint64_t next_number_ = 1;
  std::optional<std::uint64_t> tried_;  ///< the one that is being tried; its message does not move
  std::int64_t held_until_ms_ = 0;      ///< Retry-After
  std::int64_t last_attempt_ms_ = 0;
  int unreachable_in_row_ = 0;

  std::optional<std::vector<Notice>> shown_;
  bool shown_lately_ = false;  ///< since the last step
  std::int64_t shown_ms_ = 0;
  std::int64_t refresh_ms_ = 0;  ///< when the next one is due

  LineStatus status_;  ///< but for what is counted when asked
  std::thread thread_;
};

}  // namespace geleit
