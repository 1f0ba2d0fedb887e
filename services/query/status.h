// `status`: what this process is, what it holds, how far it has come, and what is wrong, loudly.
#pragma once

#include <string>

#include "services/query/query_routes.h"

namespace geleit {

/// The JSON of GET /v1/status.
[[nodiscard]] std::string status_json(const QuerySources& sources);

/// Records of the log that the tables have not read, and how long the oldest partition of them waits (0: none
/// does), or for how long the log has not said where it ends.
struct Lag {
  std::uint64_t records = 0;
  std::int64_t ms = 0;
};
[[nodiscard]] Lag lag_of(const StoreState& state, const KnownEnds& ends, Instant now);

}  // namespace geleit
