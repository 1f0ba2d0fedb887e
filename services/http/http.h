// What a handler sees of HTTP: a request, an answer, and the promise to give it. No type of the network
// library is here; a handler could be fed by anything.
//
//   client ── bytes ─▶ connection ── Request, Responder ─▶ Handler        (in an io thread: must not block)
//                          ▲                                  │
//                          └───────── Response ◀── Responder::answer      (from any thread, once)
//
// Answers leave in the order of their requests, however the handlers finish. Requests of one connection are
// handed over in their order, too.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/http/task.h"

namespace geleit {
struct Principal;  // services/principal.h: who asks means nothing here, it is only handed on
}  // namespace geleit

namespace geleit::http {

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };
[[nodiscard]] std::string_view word(Method method);

/// The language of human sentences (Accept-Language); codes, rules and field names have none.
enum class Language : std::uint8_t { de, en };
/// The one with the highest weight; German where the header is absent or names neither.
[[nodiscard]] Language parse_language(std::string_view accept_language);

/// Content types that Geleit answers with.
namespace content {
inline constexpr std::string_view json = "application/json";
inline constexpr std::string_view problem = "application/problem+json";
inline constexpr std::string_view ndjson = "application/x-ndjson";
inline constexpr std::string_view csv = "text/csv; charset=utf-8";
inline constexpr std::string_view text = "text/plain; charset=utf-8";
inline constexpr std::string_view html = "text/html; charset=utf-8";
inline constexpr std::string_view events = "text/event-stream";
inline constexpr std::string_view calendar = "text/calendar; charset=utf-8";
inline constexpr std::string_view xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
}  // namespace content

/// `name=value` of the query string, decoded (`%41`, and `+` for a space, as forms write it).
struct QueryParameter {
  std::string_view name;
  std::string_view value;
};

struct RequestData;
struct RouteMeter;
class Exchange;
class Connection;

/// One request, whole (the body has been read). Owns its bytes: every view it gives lives as long as it does,
/// moves included. Path and query are valid UTF-8 (the server refuses others with 400); the body may be
/// anything.
class Request {
 public:
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  ~Request();

  [[nodiscard]] Method method() const;
  /// As sent, `?` and all.
  [[nodiscard]] std::string_view target() const;
  /// As sent, without the query.
  [[nodiscard]] std::string_view path() const;
  /// The path's parts, decoded: `/v1/cases/a%20b` has `v1`, `cases`, `a b`; `/` has none. An empty part is
  /// kept.
  [[nodiscard]] std::span<const std::string_view> segments() const;
  /// In the order sent, repeated names included.
  [[nodiscard]] std::span<const QueryParameter> query() const;
  /// The first value of that name.
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
  /// The value of `{name}` in the route's path; empty when the route has none.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
  /// Names in any case. The first value where a field is repeated.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::string_view body() const;
  /// "127.0.0.1:51234".
  [[nodiscard]] std::string_view peer() const;
  [[nodiscard]] Language language() const;
  /// Who asks, as the guard of the routes has found; null: nobody was asked.
  [[nodiscard]] const Principal* principal() const;
  void set_principal(std::shared_ptr<const Principal> principal);

  /// For tests of handlers without a server: a request as if it had come. A malformed target gives no
  /// request.
  static std::optional<Request> make(Method method, std::string_view target,
                                     std::vector<std::pair<std::string, std::string>> headers = {},
                                     std::string body = {});

 private:
  friend class Router;
  friend class Connection;
  explicit Request(std::unique_ptr<RequestData> data);
  std::unique_ptr<RequestData> data_;
};

/// The promise of the next piece of a streamed body; kept from any thread, once. Dropping it breaks the
/// answer off, so that the client sees that it is not whole.
class Chunk {
 public:
  Chunk(Chunk&&) noexcept;
  Chunk& operator=(Chunk&&) noexcept;
  ~Chunk();
  /// Sends these bytes (none is fine); the source is asked again when the client can take more.
  void more(std::string bytes);
  /// Sends these bytes and ends the body.
  void end(std::string bytes = {});
  /// True once the client is gone: what is given now goes nowhere.
  [[nodiscard]] bool gone() const;

 private:
  friend class Exchange;
  friend class Connection;
  explicit Chunk(Exchange* exchange);
  void give(std::string bytes, bool last, bool broken);
  Exchange* exchange_;
};

/// Asked for one piece at a time, in an io thread, whenever the client can take more. Destroyed when the body
/// has ended or the client is gone.
using Source = Unique<void(Chunk)>;

struct Response {
  int status = 200;
  std::string content_type{content::json};
  std::string body;
  /// Further fields, sent as given. Length, date, connection and cache control are the server's.
  std::vector<std::pair<std::string, std::string>> headers;
  /// Personal data must not lie in caches; what is public says so here.
  std::string cache_control = "no-store";
  /// If set, the body comes from here and `body` is its beginning.
  Source source;
  /// The source has no end of its own (server-sent events): a client that stops sending is taken to be gone.
  bool until_closed = false;
  /// Close the connection after this answer.
  bool close = false;

  [[nodiscard]] static Response json(std::string body, int status = 200) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
  }
};

/// The promise to answer one request. Kept exactly once, from any thread; dropped unkept it answers 500.
/// Answering does not block, and the bytes leave from the connection's own thread.
class Responder {
 public:
  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();
  /// Empties the responder; a second call throws std::logic_error.
  void answer(Response response);
  [[nodiscard]] explicit operator bool() const { return exchange_ != nullptr; }
  /// True once the client is gone: nobody waits for the answer. Still answer, it costs nothing.
  [[nodiscard]] bool gone() const;
  /// Under which route the answer is counted.
  void meter(const RouteMeter* meter);

 private:
  friend class Connection;
  explicit Responder(Exchange* exchange) : exchange_(exchange) {}
  Exchange* exchange_;
};

/// While one lives, answers and chunks given by this thread are held back and handed over together at its
/// end: each io thread is woken once, and answers of one connection leave in one send. For a thread that
/// completes many requests in one go (a group commit). May be nested; the outermost counts.
class AnswerBatch {
 public:
  AnswerBatch();
  ~AnswerBatch();
  AnswerBatch(const AnswerBatch&) = delete;
  AnswerBatch& operator=(const AnswerBatch&) = delete;
};

class Handler {
 public:
  virtual ~Handler() = default;
  /// How long a body this request may have; asked before the body is read, and only if there is one.
  [[nodiscard]] virtual std::size_t body_limit(const Request& head) const = 0;
  /// Runs in an io thread, several at once; must not block. An exception is answered with 500.
  virtual void handle(Request request, Responder responder) = 0;
};

/// Runs things later, in an io thread. Thread-safe.
class Timers {
 public:
  virtual ~Timers() = default;
  /// Not before `delay` has passed. When the server has stopped, the task is destroyed without being run.
  virtual void after(std::chrono::milliseconds delay, Task task) = 0;
};

}  // namespace geleit::http
