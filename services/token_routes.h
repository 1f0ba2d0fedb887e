// /v1/me, and tokens for whoever has the role admin (API: schema/openapi.json). An admin of one provider has
// to do with that provider's tokens only.
#pragma once

#include "services/clock.h"
#include "services/http/router.h"
#include "services/token_book.h"

namespace geleit {

/// Tokens are written by one thread, for that may take a disk's or a broker's time; so many may wait.
inline constexpr int waiting_tokens_max = 16;

/// Adds the routes. All outlive the router.
void add_token_routes(http::Router& router, TokenBook& tokens, const Clock& clock, Chance& chance);

}  // namespace geleit
