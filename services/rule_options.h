// Arguments that the subcommands about rules and dates have in common.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "events/civil_time.h"
#include "events/rule.h"
#include "projections/rules/calendar.h"
#include "services/command_line.h"

namespace geleit {

// The years in which the calendar knows holidays.
inline constexpr int first_holiday_year = 1990;
inline constexpr int last_holiday_year = 2100;

inline void print_json(const boost::json::value& value) { std::puts(boost::json::serialize(value).c_str()); }

inline CLI::Validator a_date() {
  return {[](const std::string& text) {
            return parse_date(text) ? ""
                                    : fmt::format("expected a date such as 2026-02-20, but it is '{}'", text);
          },
          "DATE"};
}

inline CLI::Validator a_calendar() {
  return {[](const std::string& text) {
            return parse_calendar(text) ? ""
                                        : fmt::format("expected DE or one of {}, but it is '{}'",
                                                      fmt::join(words<Land>, ", "), text);
          },
          "LAND"};
}

inline CLI::Validator a_rule() {
  return {[](const std::string& text) {
            return parse_word<Rule>(text) ? ""
                                          : fmt::format(
                                                "expected a rule such as SMN-START (`geleit rules` lists "
                                                "them), but it is '{}'",
                                                text);
          },
          "RULE"};
}

[[noreturn]] inline void refuse_usage(const std::string& expected_but) {
  throw CLI::ValidationError(expected_but);
}

}  // namespace geleit
