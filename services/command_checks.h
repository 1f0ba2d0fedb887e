// What arguments of subcommands must be. A check says "expected …, but it is '…'", which is usage.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/command_line.h"
#include "services/position_text.h"

namespace geleit {

/// `what` completes "expected …"; `type` is what help calls the value.
inline CLI::Validator expecting(std::string what, const std::string& type,
                                std::function<bool(const std::string&)> fits) {
  return {[what = std::move(what), fits = std::move(fits)](const std::string& text) {
            return fits(text) ? std::string() : fmt::format("expected {}, but it is '{}'", what, text);
          },
          type};
}

inline CLI::Validator a_uuid(const std::string& what = "a UUID", const std::string& type = "UUID") {
  return expecting(what, type, [](const std::string& text) { return parse_uuid(text).has_value(); });
}
inline CLI::Validator a_case_id() { return a_uuid("a case's UUID", "CASE"); }

inline CLI::Validator a_date() {
  return expecting("a date such as 2026-02-20", "DATE",
                   [](const std::string& text) { return parse_date(text).has_value(); });
}
inline CLI::Validator an_instant() {
  return expecting("an instant with its offset such as 2026-03-02T14:10:00+01:00", "INSTANT",
                   [](const std::string& text) { return parse_instant(text).has_value(); });
}
/// An instant, or a date, which means the end of that day in Berlin.
[[nodiscard]] inline std::optional<Instant> parse_moment(std::string_view text) {
  if (const auto date = parse_date(text)) return Instant{berlin_midnight(*date + 1).ms - 1};
  return parse_instant(text);
}
inline CLI::Validator a_moment() {
  return expecting(
      "a date such as 2026-02-20 or an instant with its offset such as 2026-03-02T14:10:00+01:00",
      "INSTANT|DATE", [](const std::string& text) { return parse_moment(text).has_value(); });
}

inline CLI::Validator a_position() {
  return expecting("a position like 3:1200", "PARTITION:OFFSET",
                   [](const std::string& text) { return parse_position(text).has_value(); });
}
/// 1, 2, 3 …
inline CLI::Validator a_version() {
  return expecting("a version, a whole number from 1 on", "VERSION", [](const std::string& text) {
    return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos &&
           text.find_first_not_of('0') != std::string::npos;
  });
}

}  // namespace geleit
