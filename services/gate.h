// The one door: whether a request comes in, and as whom. Once there are tokens nothing is answered without
// one but what the table of routes leaves open (access_role.h); every wrong one gets the same answer.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "services/clock.h"
#include "services/http/problem.h"
#include "services/http/router.h"
#include "services/keyed_hash.h"
#include "services/principal.h"
#include "services/token_book.h"

namespace geleit {

/// Wrong tokens from one address within a minute; more are 429, whoever has a right one comes in all the
/// same.
inline constexpr std::size_t wrong_tokens_max = 30;
inline constexpr std::int64_t wrong_tokens_ms = 60'000;
/// Addresses that are remembered for it; beyond, all others count as one.
inline constexpr std::size_t wrong_token_addresses_max = 4'096;

/// How often each address was wrong. Thread-safe.
class WrongTokens {
 public:
  /// One more; false: too many by now. `now_ms`: of a clock that only goes forward.
  [[nodiscard]] bool take(std::string_view address, std::int64_t now_ms);

 private:
  struct Minute {
    std::int64_t began_ms = 0;
    std::size_t count = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Minute, std::less<>> addresses_;
};

/// Whoever was not let in, for the log.
struct Refusal {
  int status = 0;
  std::string_view
      why;  ///< "missing", "unknown", "expired", "revoked", "role", "too many", or what cannot be read
  std::string_view method;  ///< as the program knows it
  std::string_view route;   ///< likewise; empty: there is none
  std::string_view token;   ///< its id, where there is such a token
  std::string_view peer;
  std::string trace;
};

class Gate {
 public:
  /// Both outlive it. `service_token`: what the processes of this installation know each other by
  /// (key_store.h). `always_asks`: for a token, even where there are none.
  Gate(TokenBook& tokens, const Clock& clock, std::string service_token, bool always_asks = false)
      : tokens_(tokens), clock_(clock), service_token_(std::move(service_token)), always_asks_(always_asks) {}

  /// Hears of everybody who was not let in, in any thread. Set before the first request.
  void on_refused(std::function<void(const Refusal&)> refused) { refused_ = std::move(refused); }

  /// Lets the request in, with its principal where a token was shown, or gives the answer that it gets
  /// instead. `path`: as the route was added; empty: there is none.
  [[nodiscard]] std::optional<http::Response> check(http::Request& request, std::string_view path);
  /// Whether `check` would look any further than at the token; nobody hears of it.
  [[nodiscard]] bool admits(const http::Request& head, std::string_view path);
  /// Whether anybody needs a token. What cannot be read asks for one.
  [[nodiscard]] bool asks_for_tokens();
  /// Whether who once came in with this token (its id; empty: without one) would still.
  [[nodiscard]] bool lets_in(std::string_view token);

 private:
  struct Asking;
  /// What a request's token says.
  struct Entry {
    std::shared_ptr<Principal> asks;  ///< null: there are no tokens, or it is none
    std::string_view wrong;           ///< why it does not let in; empty: it does
  };
  [[nodiscard]] Entry entry_of(const http::Request& request);
  [[nodiscard]] http::Response refuse(const Asking& asking, http::ProblemKind kind, std::string_view why,
                                      const std::string& expected, const std::string& found) const;
  [[nodiscard]] http::Response refuse_token(const Asking& asking, std::string_view why);
  [[nodiscard]] bool is_service_token(std::string_view text) const;

  TokenBook& tokens_;
  const Clock& clock_;
  std::string service_token_;
  Hash service_hash_ = keyed_hash({}, service_token_);
  bool always_asks_;
  WrongTokens wrong_;
  std::function<void(const Refusal&)> refused_;
};

/// The gate sees every request of this router, and no route is added that it does not know.
void guard(http::Router& router, Gate& gate);

}  // namespace geleit
