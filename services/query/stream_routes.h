// `GET /v1/stream`: changes of rows as they happen, as server-sent events.
#pragma once

#include "services/http/router.h"
#include "services/query/live_feed.h"

namespace geleit {

/// `feed` outlives the router. `partitions`: of the log.
void add_stream_route(http::Router& router, LiveFeed& feed, const RuleBook& rules, std::size_t partitions);

}  // namespace geleit
