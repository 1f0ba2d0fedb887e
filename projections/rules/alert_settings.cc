#include "projections/rules/alert_settings.h"

#include <fmt/format.h>

namespace geleit {

namespace {
constexpr std::int32_t hour_minutes = 60;
}

std::optional<DayMinute> parse_day_minute(std::string_view text) {
  constexpr std::string_view form = "00:00";
  if (text.size() != form.size() || text[2] != ':') return std::nullopt;
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1; };
  for (const std::size_t i : {0U, 1U, 3U, 4U}) {
    if (digit(i) < 0) return std::nullopt;
  }
  const int hour = digit(0) * 10 + digit(1), minute = digit(3) * 10 + digit(4);
  if (hour > 23 || minute > 59) return std::nullopt;
  return DayMinute{hour * hour_minutes + minute};
}

std::string to_string(DayMinute at) {
  return fmt::format("{:02}:{:02}", at.value / hour_minutes, at.value % hour_minutes);
}

bool is_within(DayMinute at, const DaySpan& span) {
  if (span.from <= span.until) return span.from <= at && at < span.until;
  return span.from <= at || at < span.until;
}

std::string alert_rule_ids() {
  std::string names;
  for (const Rule rule : alert_rules) names.append(names.empty() ? "" : ", ").append(word(rule));
  return names;
}

}  // namespace geleit
