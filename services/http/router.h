// Which handler answers which path.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/http/http.h"
#include "services/http/limits.h"
#include "services/http/metrics.h"

namespace geleit::http {

/// Answers a request: any thread may complete the responder, this function itself must not block.
using Answer = std::function<void(Request, Responder)>;
/// Looks at a request before its route's handler does: the answer that it gets instead, or nothing. `path`:
/// as the route was added; empty where there is none.
using Guard = std::function<std::optional<Response>(Request& request, std::string_view path)>;

/// Routes by method and path. Literal parts win over parameters. HEAD goes where GET goes; an unknown path is
/// 404, a known one with another method 405 with Allow; OPTIONS is answered with Allow. All routes are added
/// before the server starts; after that it is read only and thread-safe.
class Router final : public Handler {
 public:
  /// `metrics` may be null; else it must outlive the router.
  explicit Router(Metrics* metrics = nullptr);
  ~Router() override;

  /// `path` like "/v1/cases/{case}/history"; `{name}` stands for one part that is not empty. Adding the same
  /// method and path twice throws std::logic_error. `body_bytes` is this route's limit.
  void add(Method method, std::string_view path, Answer answer, std::size_t body_bytes = body_bytes_max);
  /// Set before any route is added: `knows` says of each whether the guard has heard of it, else adding it
  /// throws std::logic_error.
  /// `admits` is asked before a body is read: whoever it does not admit sends none that is large.
  void guard(Guard guard, std::function<bool(const Request& head, std::string_view path)> admits,
             std::function<bool(Method, std::string_view path)> knows);

  [[nodiscard]] std::size_t body_limit(const Request& head) const override;
  void handle(Request request, Responder responder) override;

 private:
  struct Route;
  struct Node;
  struct Found;
  [[nodiscard]] Found find(const Request& request) const;

  Metrics* metrics_;
  Guard guard_;
  std::function<bool(const Request&, std::string_view)> admits_;
  std::function<bool(Method, std::string_view)> guard_knows_;
  std::unique_ptr<Node> root_;
  RouteMeter unrouted_;
};

/// The body limit of paths that no route takes, and of whoever is not admitted; small, such bodies are read
/// only to be thrown away.
inline constexpr std::size_t unrouted_body_bytes_max = 64 * 1024;

}  // namespace geleit::http
