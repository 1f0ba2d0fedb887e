#include "services/alert/notice_words.h"

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/row_codec.h"
#include "projections/rules/deadline.h"
#include "projections/rules/rule_set.h"

namespace geleit {

std::string case_link(const std::string& public_url, const CaseId& id) {
  return public_url.empty() ? std::string{} : public_url + "/cases/" + to_string(id);
}

std::string rule_words(Rule rule, Language language) {
  return say(language, message::alert_rule, word(rule), shipped_rule_sets().back()->title(rule, language));
}

std::string last_day_words(CivilDate due_on, CivilDate acts_on, Language language) {
  const std::string due = name_day(due_on, {}, language);
  return due_on == acts_on ? due : say(language, message::moves_to, due, name_day(acts_on, {}, language));
}

std::string overdue_words(CivilDate acts_on, CivilDate today, Language language) {
  const int days = today - acts_on;
  if (days < 1) return {};
  return days == 1 ? say(language, message::alert_since_one_day)
                   : say(language, message::alert_since_days, days);
}

std::string cause_words(std::string_view cause, Language language) {
  switch (parse_word<AlertClosed>(cause).value_or(AlertClosed::open)) {
    case AlertClosed::open: return {};
    case AlertClosed::met: return say(language, message::cause_met);
    case AlertClosed::corrected: return say(language, message::cause_corrected);
    case AlertClosed::ended: return say(language, message::cause_ended);
  }
  return {};
}

std::string level_words(std::int32_t level, Language language) {
  switch (level) {
    case 1: return say(language, message::alert_level_team);
    case 2: return say(language, message::alert_level_lead);
    case 3: return say(language, message::alert_level_management);
  }
  return std::to_string(level);
}

std::string_view type_of(const Notice& notice) {
  return notice.kind() == NoticeKind::open ? "alert.opened" : "alert.closed";
}

void put_notice(http::JsonWriter& json, const Notice& notice, const std::string& public_url) {
  json.member("id").string(to_string(notice.id));
  json.member("alert").string(to_string(notice.alert));
  json.member("case").string(to_string(notice.case_id));
  json.member("provider").string(notice.provider);
  if (!notice.team.empty()) json.member("team").string(notice.team);
  json.member("benefit").string(word(notice.benefit));
  json.member("rule").string(word(notice.rule));
  json.member("due_on").string(to_string(notice.due_on));
  json.member("acts_on").string(to_string(notice.acts_on));
  json.member("raised").string(to_string(notice.raised));
  json.member("level").number(notice.level);
  json.member("number").number(notice.number);
  json.member("urgent").boolean(notice.urgent);
  if (!notice.closed_cause.empty()) json.member("cause").string(notice.closed_cause);
  if (!public_url.empty()) json.member("link").string(case_link(public_url, notice.case_id));
}

void put_warning(http::JsonWriter& json, const Warning& warning, const std::string& public_url) {
  json.member("case").string(to_string(warning.case_id));
  json.member("rule").string(word(warning.rule));
  json.member("due_on").string(to_string(warning.due_on));
  json.member("acts_on").string(to_string(warning.acts_on));
  json.member("working_days").number(warning.working_days);
  if (!public_url.empty()) json.member("link").string(case_link(public_url, warning.case_id));
}

}  // namespace geleit
