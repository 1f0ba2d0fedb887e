// The port through which messages leave: one object per channel of the configuration
// (services/channel_config.h). Who waits, who tries again and when is channel_line.h's.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "services/alert/notice.h"
#include "services/channel_config.h"

namespace geleit {

/// What became of an attempt.
struct Outcome {
  enum class Result : std::uint8_t {
    delivered,
    again,     ///< may succeed later: no connection, a time-out, 429, 5xx …
    refused,   ///< will not succeed, however often it is tried
    gone,      ///< 410: the channel is switched off until the next start
    given_up,  ///< the schedule of attempts is over; said by a ChannelLine, never by a channel
  };
  Result result = Result::delivered;
  /// For people, without secrets. Of a delivered one: what went wrong beside (a recipient was refused).
  std::string detail;
  std::optional<std::chrono::seconds> wait_for;  ///< Retry-After, of the whole channel
  bool unreachable = false;  ///< nobody answered as the channel should: others would fare no better now
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
template <>
inline constexpr std::array<std::string_view, 5> words<Outcome::Result>{"delivered", "again", "refused",
                                                                        "gone", "given_up"};

/// Owned and called by one thread, but for stop().
class Channel {
 public:
  virtual ~Channel() = default;
  /// Tries once, blocking, for at most the channel's time-out. Never throws but for want of memory. A message
  /// with the same id may come again after any end.
  [[nodiscard]] virtual Outcome deliver(const AlertMessage& message, Instant now) = 0;
  /// What a channel shows continuously, beside messages (Alertmanager): all that is open for it now. Asked
  /// every `refresh_every`, and at once when the set has changed. Others do nothing.
  [[nodiscard]] virtual std::optional<std::chrono::seconds> refresh_every() const { return std::nullopt; }
  /// `alive`: whoever says what is open has said so lately; else the channel keeps showing it, but not the
  /// heartbeat.
  [[nodiscard]] virtual Outcome refresh(const std::vector<Notice>& open, bool alive, Instant now) {
    (void)open, (void)alive, (void)now;
    return {};
  }
  /// From any thread: what runs ends soon, as `again`, and nothing begins any more.
  virtual void stop() {}
};

/// Throws ConfigRefused for what only opening can tell (a file that cannot be written).
[[nodiscard]] std::unique_ptr<Channel> make_channel(const ChannelConfig& config);

}  // namespace geleit
