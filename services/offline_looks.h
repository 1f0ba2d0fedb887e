// Looking at personal data without a service: what stays sealed all the same, and writing down who looked.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "events/log.h"
#include "events/named.h"
#include "services/command_line.h"
#include "services/data_directory.h"

namespace geleit {

/// Cases of the partition whose data is restricted at its end (REC-ERASE), whatever part of it is shown; of
/// this case only where one is given. Reads it from its beginning. Throws LogUnavailable, LogCorrupt.
[[nodiscard]] std::unordered_set<CaseId> restricted_cases(const ReadableLog& log, Partition partition,
                                                          const std::optional<CaseId>& only = {});

/// Writes down that whoever runs this command looks at these cases; nothing for none. Durable when it
/// returns, so what was opened may be shown then and not before (REC-ACCESS). Throws AccessLogFailed.
void write_down_look(const DataDirectory& data, std::string_view command, std::string_view purpose,
                     std::vector<CaseId> cases);

/// For `--purpose`.
[[nodiscard]] CLI::Validator a_purpose();
inline constexpr std::string_view purpose_help =
    "What for; written down with who looked (geleit audit access)";

}  // namespace geleit
