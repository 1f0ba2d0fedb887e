#include "services/service_commands.h"

#include <fmt/format.h>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/http/json_text.h"

namespace geleit {

EventId notice_id(EventId alert, std::string_view channel, std::int32_t level, std::int32_t number) {
  return {uuid_v5(alert.value, fmt::format("/sent/{}/{}/{}", channel, level, number))};
}

void append_due_command(std::string& out, const TimerRow& timer) {
  http::JsonWriter json(out);
  const auto begin = [&](std::string_view command) {
    json.object().member("command").string(command).member("case").string(to_string(timer.id));
    json.member("happened").string(to_string(timer.due)).member("data").object();
  };
  switch (timer.kind) {
    case TimerKind::missed:
      if (timer.rule == Rule::smn_start) {
        begin("MissStartDeadline");
      } else {
        begin("MissDeadline");
        json.member("rule").string(word(timer.rule));
      }
      json.member("generation").number(timer.generation.value);
      break;
    case TimerKind::lapsed:
      begin("LapseApprovalPeriod");
      json.member("approval").string(to_string(timer.approval));
      json.member("until").string(to_string(timer.until));
      break;
    case TimerKind::escalation:
      begin("EscalateAlert");
      json.member("alert").string(to_string(timer.alert));
      json.member("level").number(timer.level);
      break;
  }
  json.end().end();
  out.push_back('\n');
}

void append_send_command(std::string& out, const CaseId& id, EventId alert, const SentNotice& notice) {
  http::JsonWriter json(out);
  json.object().member("command").string("SendAlert").member("case").string(to_string(id));
  json.member("data").object().member("alert").string(to_string(alert));
  json.member("channel").string(notice.channel).member("level").number(notice.level);
  json.member("number").number(notice.number).member("at").string(to_string(notice.at));
  json.member("outcome").string(notice.outcome).end().end();
  out.push_back('\n');
}

void append_erase_command(std::string& out, const CaseId& id, ErasureGrounds grounds, std::string_view by) {
  http::JsonWriter json(out);
  json.object().member("command").string("ErasePersonalData").member("case").string(to_string(id));
  if (!by.empty()) json.member("by").string(by);
  json.member("data").object().member("grounds").string(word(grounds)).end().end();
  out.push_back('\n');
}

void append_restrict_command(std::string& out, const CaseId& id, bool lift, std::string_view reason,
                             std::string_view by) {
  http::JsonWriter json(out);
  json.object().member("command").string(lift ? "LiftRestriction" : "RestrictProcessing");
  json.member("case").string(to_string(id));
  if (!by.empty()) json.member("by").string(by);
  json.member("data").object().member("reason").string(reason).end().end();
  out.push_back('\n');
}

}  // namespace geleit
