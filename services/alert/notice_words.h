// What channels have in common when they speak of an alert: links, words for people, JSON.
#pragma once

#include <string>
#include <string_view>

#include "projections/rules/catalogue.h"
#include "services/alert/notice.h"
#include "services/http/json_text.h"

namespace geleit {

/// Where people look a case up; empty without a public address.
[[nodiscard]] std::string case_link(const std::string& public_url, const CaseId& id);

/// "SMN-START (Beginn der Nachsorge)", as the newest rule set of this program calls it.
[[nodiscard]] std::string rule_words(Rule rule, Language language);
/// "Fr 03.04.2026 (Karfreitag) → Di 07.04.2026", or the one day where nothing moves it.
[[nodiscard]] std::string last_day_words(CivilDate due_on, CivilDate acts_on, Language language);
/// "seit 5 Tagen"; empty before there is a whole day.
[[nodiscard]] std::string overdue_words(CivilDate acts_on, CivilDate today, Language language);
/// Why an alert is closed, for people: of a word of AlertClosed.
[[nodiscard]] std::string cause_words(std::string_view cause, Language language);
/// "1 (Team)".
[[nodiscard]] std::string level_words(std::int32_t level, Language language);

/// "alert.opened" or "alert.closed".
[[nodiscard]] std::string_view type_of(const Notice& notice);
/// The members of a notice, of an object that is begun and stays open: ids, dates and words.
void put_notice(http::JsonWriter& json, const Notice& notice, const std::string& public_url);
void put_warning(http::JsonWriter& json, const Warning& warning, const std::string& public_url);

}  // namespace geleit
