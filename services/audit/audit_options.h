// Arguments that the commands of this folder have in common.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/command_line.h"

namespace geleit {

/// An instant, or a date, which means the end of that day in Berlin.
[[nodiscard]] inline std::optional<Instant> parse_moment(std::string_view text) {
  if (const auto date = parse_date(text)) return Instant{berlin_midnight(*date + 1).ms - 1};
  return parse_instant(text);
}

inline CLI::Validator a_moment() {
  return {[](const std::string& text) {
            return parse_moment(text)
                       ? std::string()
                       : fmt::format(
                             "expected a date such as 2026-02-20 or an instant with its offset such as "
                             "2026-03-02T14:10:00+01:00, but it is '{}'",
                             text);
          },
          "INSTANT|DATE"};
}
inline CLI::Validator an_instant() {
  return {[](const std::string& text) {
            return parse_instant(text) ? std::string()
                                       : fmt::format(
                                             "expected an instant with its offset such as "
                                             "2026-03-02T14:10:00+01:00, but it is '{}'",
                                             text);
          },
          "INSTANT"};
}
inline CLI::Validator a_case_id() {
  return {[](const std::string& text) {
            return parse_uuid(text) ? std::string()
                                    : fmt::format("expected a case's UUID, but it is '{}'", text);
          },
          "CASE"};
}
/// 1, 2, 3 …
inline CLI::Validator a_version() {
  return {[](const std::string& text) {
            const bool digits = !text.empty() && text.size() <= 9 &&
                                text.find_first_not_of("0123456789") == std::string::npos;
            return digits && text.find_first_not_of('0') != std::string::npos
                       ? std::string()
                       : fmt::format("expected a version, a whole number from 1 on, but it is '{}'", text);
          },
          "VERSION"};
}

}  // namespace geleit
