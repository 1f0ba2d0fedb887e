// What is told to people about alerts, before it takes the form of a channel: ids, dates and words of the
// surface only. No names, no diagnoses, no free text: whoever is told looks the rest up.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// What a notice says. Notices of one alert in one channel at one level are numbered 1, 2, 3 …: odd ones say
/// that it is open, even ones that it is closed.
enum class NoticeKind : std::uint8_t { open, closed };

/// One alert in a message.
struct Notice {
  EventId id;  ///< of the AlertSent that will record it: the same however often it is tried
  EventId alert;
  CaseId case_id;
  std::string provider, team;  ///< slugs; no team: empty
  Benefit benefit{};
  Rule rule{};
  CivilDate due_on, acts_on;
  Instant raised;
  std::int32_t level = 1;  ///< 1: the team, 2: its lead, 3: the provider's management
  std::int32_t number = 1;
  bool urgent = false;
  std::string closed_cause;  ///< word of AlertClosed; empty while open
  friend bool operator==(const Notice&, const Notice&) = default;
  [[nodiscard]] NoticeKind kind() const { return number % 2 == 1 ? NoticeKind::open : NoticeKind::closed; }
};

/// An open deadline of which a digest warns.
struct Warning {
  CaseId case_id;
  Rule rule{};
  CivilDate due_on, acts_on;
  std::int32_t working_days = 0;  ///< left until acts_on
  friend bool operator==(const Warning&, const Warning&) = default;
};

/// What goes out in one piece. (A `Message` is a sentence of the catalogue.)
struct AlertMessage {
  enum class Form : std::uint8_t {
    single,      ///< one notice
    collective,  ///< several urgent ones at once, instead of a flood
    digest,      ///< of one team's working day: what is open, and what falls due soon
  };
  Uuid id;  ///< the same whenever the message is tried again; of a single one its notice's
  Form form = Form::single;
  std::string provider, team;
  Instant at;     ///< when it was made, which every attempt says again
  CivilDate day;  ///< the Berlin date of that
  std::vector<Notice> notices;
  std::vector<Notice> still_open;  ///< digest only: told before, and open still
  std::vector<Warning> warnings;   ///< digest only
  friend bool operator==(const AlertMessage&, const AlertMessage&) = default;
};

}  // namespace geleit
