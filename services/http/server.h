// The one listener: connections, limits, io threads. What is answered is the handler's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "services/http/http.h"
#include "services/http/limits.h"
#include "services/http/metrics.h"

namespace geleit::http {

/// "127.0.0.1:8480", "[::1]:8480", "localhost:0".
struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: one that is free

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
/// Nothing where host or port is missing or the port is no number up to 65535.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);
/// True where only this machine can reach it: 127.0.0.0/8, ::1, localhost.
[[nodiscard]] bool is_loopback(const Endpoint& endpoint);
/// The header field by which a request shows that a page of another site sent it: a `Host` that is no
/// loopback name (a foreign name that was made to lead here), or an `Origin` that is none. Nothing where all
/// is well. For a service that asks for no tokens because only this machine can call: a browser on it calls
/// for others too.
[[nodiscard]] std::optional<std::string_view> sent_by_another_site(const Request& request);

/// The address cannot be listened on; says which and why.
struct CannotListen : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ServerOptions {
  Endpoint listen;
  int io_threads = 2;
  Limits limits;
  Metrics* metrics = nullptr;  ///< must outlive the server
};

class Server final : public Timers {
 public:
  /// Listens and serves at once. `handler` must outlive the server. Raises the process's limit of open files
  /// to what is allowed. Throws CannotListen.
  Server(ServerOptions options, Handler& handler);
  /// Stops at once if `stop` was not called.
  ~Server() override;

  /// Where it listens, with the port it was given.
  [[nodiscard]] Endpoint endpoint() const;

  void after(std::chrono::milliseconds delay, Task task) override;

  /// Stops accepting, answers what was asked (answers carry Connection: close), closes idle connections, and
  /// returns when all are closed; what is not done at the deadline is cut off. A second call, from another
  /// thread, ends the first at once. Not from a handler. After it returns no handler runs; responders that
  /// are still held go nowhere.
  void stop(std::chrono::milliseconds deadline);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace geleit::http
