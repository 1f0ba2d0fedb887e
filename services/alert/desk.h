// Who tells people: looks at the alerts in the tables, works out who has still to be told what, and hands
// messages to the channels; what became of each is recorded (AlertSent), so that nothing goes out again after
// a restart, a rebuild or a replay, and everything goes out at least once.
//
//   tables: alerts ──▶ wanted: alert × channel × level × number ──▶ message ──▶ channel line ──▶ people
//        ▲                                                                          │ done
//        └────────── AlertSent ◀── intake ◀── SendAlert ◀───────────────────────────┘
//
// What is wanted of an alert in a channel that takes its provider, team and level:
//   holds, and the last notice there said nothing or "closed"    ▶ the next number, "open"
//   holds, told before, but a snooze has ended since             ▶ the next odd number, "open" again
//   is closed, and the last notice there said "open"             ▶ the next number, "closed"
// An answered alert (acknowledged, or snoozed still) wants nothing.
//
// Form: what is urgent goes one by one and at once; what is not goes by mail as one digest per team and
// working day, by other channels at once, too. More urgent ones of a team in a channel than the policy's
// singles_max within an hour go together, at most once a minute. Quiet hours hold back channels with `quiet`.
//
// One desk tells of a case: on one machine there is one, on Kafka the one that the case's partition is
// assigned to.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "projections/alerts.h"
#include "projections/reading.h"
#include "projections/rule_book.h"
#include "projections/store.h"
#include "services/alert/channel_line.h"
#include "services/clock.h"
#include "services/command_port.h"

namespace geleit {

/// How long the desk rests at most between two looks.
inline constexpr std::chrono::milliseconds desk_looks_after{1'000};
/// Notices that one message holds at most.
inline constexpr std::size_t message_notices_max = 500;
/// Singles are counted over so long; messages of several are so far apart.
inline constexpr std::int64_t singles_window_ms = 3'600'000, collective_every_ms = 60'000;
/// A notice whose outcome could not be recorded is recorded again after so long.
inline constexpr std::int64_t record_again_after_ms = 1'000;

struct DeskStatus {
  std::uint64_t open = 0;      ///< alerts that hold and nobody has answered
  std::uint64_t answered = 0;  ///< that hold, and are acknowledged or snoozed
  std::uint64_t unsent = 0;    ///< notices that are wanted and not recorded yet, quiet and digests aside
  std::optional<Instant> oldest_unsent;  ///< when the oldest of these was first wanted
  std::uint64_t unrecorded = 0;          ///< went out, not recorded yet
  std::vector<LineStatus> lines;
  std::string trouble;  ///< why the tables cannot be read, or what could not be kept; or empty
};

/// What `POST /v1/alerts/{alert}/resend` did.
struct Resent {
  bool known = false;                 ///< there is such an alert, not settled yet
  std::vector<std::string> channels;  ///< that will tell it again
};

class AlertDesk {
 public:
  /// A channel of the configuration, open.
  struct Opened {
    ChannelConfig config;
    std::unique_ptr<Channel> channel;
  };
  /// All outlive it, and every answer of the port. `memory`: a file that keeps which digests went out.
  AlertDesk(Store& store, const RuleBook& rules, const Clock& clock, Chance& chance, CommandPort& port,
            std::vector<Opened> channels, std::filesystem::path memory);
  ~AlertDesk();

  /// Whether this desk tells of the cases of a partition; all of them without. Set before `run`.
  void owns(std::function<bool(Partition)> owned) { owned_ = std::move(owned); }
  void measure(http::Metrics& metrics);
  /// Starts the channels, looks until stopped, stops them.
  void run(std::stop_token stop);
  /// One look. True when something was handed on.
  bool step();
  /// The tables moved on. Any thread.
  void tables_advanced();
  /// Tells an alert that holds once more wherever it belongs, whatever was told before. Any thread.
  [[nodiscard]] Resent resend(EventId alert, const std::string* only_provider = nullptr);
  [[nodiscard]] DeskStatus status() const;

 private:
  struct Wanted {
    Notice notice;
    bool forced = false;
  };
  struct Row {
    std::string provider;
    AlertRow alert;
    AlertState state = AlertState::open;  ///< today
    [[nodiscard]] bool holds() const { return state != AlertState::closed; }
    [[nodiscard]] bool is_answered() const {
      return state == AlertState::acknowledged || state == AlertState::snoozed;
    }
  };
  /// What a look finds out once a provider.
  struct ProviderNow {
    std::shared_ptr<const AlertPolicy> policy;
    SettingsInForce settings;
    Calendar calendar;
  };
  struct Look;
  /// By channel, provider, team.
  using Group = std::tuple<std::size_t, std::string, std::string>;
  enum class Stage : std::uint8_t { offered, unrecorded, recording, recorded };
  struct InFlight {
    std::size_t line = 0;
    Uuid message;
    bool alone = false;   ///< in its message
    bool forced = false;  ///< somebody has asked for it
    Stage stage = Stage::offered;
    CaseId case_id;
    EventId alert;
    SentNotice sent;
    std::int64_t again_ms = 0;
  };

  [[nodiscard]] std::vector<Row> rows_of(const Reading& reading, CivilDate today) const;
  ProviderNow& provider_now(Look& look, const std::string& provider) const;
  void want(Look& look, std::size_t line, const Row& row);
  bool hand_on(Look& look);
  bool hand_on_group(Look& look, const Group& group, std::vector<Wanted> wanted);
  void digests(Look& look);
  void digest_of(Look& look, std::size_t line, const std::string& provider);
  [[nodiscard]] std::map<std::string, std::vector<Warning>> warnings_of(Look& look,
                                                                        const std::string& provider,
                                                                        CivilDate after) const;
  bool offer(std::size_t line, AlertMessage message, const std::set<EventId>& forced = {});
  void done(std::size_t line, const AlertMessage& message, const Outcome& delivery);
  void record();
  void read_memory();
  void keep_memory();

  Store& store_;
  const RuleBook& rules_;
  const Clock& clock_;
  CommandPort& port_;
  std::filesystem::path memory_;
  std::function<bool(Partition)> owned_;
  std::vector<std::unique_ptr<ChannelLine>> lines_;
  std::map<Group, std::deque<std::int64_t>> singles_;  ///< when they were handed on
  std::map<Group, std::int64_t> collected_;            ///< when a message of several was
  std::map<std::string, CivilDate> digested_;          ///< by channel and provider: the last day
  mutable std::mutex mutex_;                           // guards what follows
  std::condition_variable_any wake_;
  bool nudged_ = true;
  std::map<EventId, InFlight> in_flight_;               ///< by the notice
  std::map<EventId, Instant> wanted_since_;             ///< by the notice
  std::map<std::string, std::set<Uuid>> open_digests_;  ///< as `digested_`: messages that are not done
  std::vector<std::pair<std::string, CivilDate>> digests_done_;
  std::set<EventId> resend_;
  DeskStatus status_;
};

}  // namespace geleit
