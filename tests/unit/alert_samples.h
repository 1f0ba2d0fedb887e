// Notices and messages of tests, of which only what matters is set.
#pragma once

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/alert/notice.h"
#include "services/channel_config.h"

namespace geleit {

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string::npos; }

inline Uuid sample_id(std::uint64_t number) {
  return {0x0190'0000'0000'4000ULL, 0x8000'0000'0000'0000ULL + number};
}

/// The notice of alert `number` that SMN-START of its case was missed on Friday 2026-04-03.
inline Notice sample_notice(std::uint64_t number = 1) {
  Notice notice;
  notice.id.value = sample_id(1'000 + number);
  notice.alert.value = sample_id(2'000 + number);
  notice.case_id.value = sample_id(3'000 + number);
  notice.provider = "hana-muenchen";
  notice.team = "nord";
  notice.benefit = Benefit::smn;
  notice.rule = Rule::smn_start;
  notice.due_on = notice.acts_on = civil(2026, 4, 3);
  notice.raised = berlin_midnight(civil(2026, 4, 4));
  notice.urgent = true;
  return notice;
}
inline Notice sample_closed(std::uint64_t number = 1) {
  Notice notice = sample_notice(number);
  notice.id.value = sample_id(4'000 + number);
  notice.number = 2;
  notice.closed_cause = "met";
  return notice;
}

inline AlertMessage sample_message(AlertMessage::Form form = AlertMessage::Form::single) {
  AlertMessage message;
  message.id = sample_id(5'000);
  message.form = form;
  message.provider = "hana-muenchen";
  message.team = "nord";
  message.day = civil(2026, 4, 8);
  message.at = berlin_time(message.day, 7, 0);
  return message;
}
/// A message of its own for each number.
inline AlertMessage sample_single(std::uint64_t number = 1) {
  AlertMessage message = sample_message();
  message.notices = {sample_notice(number)};
  message.id = message.notices.front().id.value;
  return message;
}
inline AlertMessage sample_digest() {
  AlertMessage message = sample_message(AlertMessage::Form::digest);
  message.notices = {sample_notice(1), sample_closed(2)};
  message.still_open = {sample_notice(3)};
  message.warnings = {
      {CaseId{sample_id(3'004)}, Rule::smn_complete, civil(2026, 4, 10), civil(2026, 4, 10), 2}};
  return message;
}

inline ChannelConfig sample_channel(ChannelKind kind) {
  ChannelConfig config;
  config.name = "probe";
  config.kind = kind;
  config.allow_private = true;
  config.timeout = std::chrono::seconds(2);
  config.from = "geleit@example.org";
  config.to = {"leitung@example.org"};
  config.starttls = StartTls::no;
  return config;
}

}  // namespace geleit
