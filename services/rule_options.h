// Arguments that the subcommands about rules and dates have in common.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "events/rule.h"
#include "projections/rules/calendar.h"
#include "services/command_checks.h"

namespace geleit {

// The years in which the calendar knows holidays.
inline constexpr int first_holiday_year = 1990;
inline constexpr int last_holiday_year = 2100;

inline void print_json(const boost::json::value& value) { std::puts(boost::json::serialize(value).c_str()); }

inline CLI::Validator a_calendar() {
  return expecting(fmt::format("DE or one of {}", fmt::join(words<Land>, ", ")), "LAND",
                   [](const std::string& text) { return parse_calendar(text).has_value(); });
}

inline CLI::Validator a_rule() {
  return expecting("a rule such as SMN-START (`geleit rules` lists them)", "RULE",
                   [](const std::string& text) { return parse_word<Rule>(text).has_value(); });
}

[[noreturn]] inline void refuse_usage(const std::string& expected_but) {
  throw CLI::ValidationError(expected_but);
}

}  // namespace geleit
