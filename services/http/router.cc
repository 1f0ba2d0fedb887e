#include "services/http/router.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>

#include "services/http/problem.h"
#include "services/http/request_data.h"

namespace geleit::http {

struct Router::Route {
  Method method;
  std::string path;
  std::vector<std::pair<std::string, std::size_t>> parameters;  ///< name and which part of the path
  Answer answer;
  std::size_t body_bytes;
  RouteMeter meter;
};

/// A tree of path parts; routes hang where their path ends.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
  std::unique_ptr<Node> parameter;
  std::vector<Route> routes;

  [[nodiscard]] const Node* walk(std::span<const std::string_view> parts) const {
    if (parts.empty()) return routes.empty() ? nullptr : this;
    if (const auto next = literal.find(parts.front()); next != literal.end()) {
      if (const Node* found = next->second->walk(parts.subspan(1))) return found;
    }
    if (parameter && !parts.front().empty()) return parameter->walk(parts.subspan(1));
    return nullptr;
  }
  [[nodiscard]] const Route* route(Method method) const {
    for (const Route& each : routes) {
      if (each.method == method) return &each;
    }
    return nullptr;
  }
};

struct Router::Found {
  const Node* node = nullptr;
  const Route* route = nullptr;
};

Router::Router(Metrics* metrics) : metrics_(metrics), root_(std::make_unique<Node>()) {
  if (metrics_ != nullptr) unrouted_ = RouteMeter(*metrics_, "any", "none");
}
Router::~Router() = default;

void Router::guard(Guard guard, std::function<bool(const Request&, std::string_view)> admits,
                   std::function<bool(Method, std::string_view)> knows) {
  guard_ = std::move(guard);
  admits_ = std::move(admits);
  guard_knows_ = std::move(knows);
}

void Router::add(Method method, std::string_view path, Answer answer, std::size_t body_bytes) {
  if (!path.starts_with('/')) throw std::logic_error("route: expected a path that starts with /");
  if (guard_knows_ && !guard_knows_(method, path))
    throw std::logic_error("route: nobody is said to be let in: " + std::string(path));
  Route route{method, std::string(path), {}, std::move(answer), body_bytes, {}};
  Node* node = root_.get();
  std::string_view rest = path.substr(1);
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    std::unique_ptr<Node>* next = nullptr;
    if (part.size() > 2 && part.front() == '{' && part.back() == '}') {
      route.parameters.emplace_back(part.substr(1, part.size() - 2), i);
      next = &node->parameter;
    } else {
      next = &node->literal[std::string(part)];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  if (node->route(method) != nullptr) throw std::logic_error("route: added twice: " + std::string(path));
  if (metrics_ != nullptr) route.meter = RouteMeter(*metrics_, std::string(word(method)), route.path);
  node->routes.push_back(std::move(route));
}

Router::Found Router::find(const Request& request) const {
  Found found;
  found.node = root_->walk(request.segments());
  if (found.node == nullptr) return found;
  found.route = found.node->route(request.method());
  if (found.route == nullptr && request.method() == Method::head)
    found.route = found.node->route(Method::get);
  return found;
}

std::size_t Router::body_limit(const Request& head) const {
  const Found found = find(head);
  if (found.route == nullptr) return unrouted_body_bytes_max;
  // Whoever says that theirs is small need not be looked at before it is read, and then once.
  const std::string_view says = head.header("content-length").value_or("");
  std::size_t octets = unrouted_body_bytes_max + 1;
  std::from_chars(says.data(), says.data() + says.size(), octets);
  if (admits_ && octets > unrouted_body_bytes_max && !admits_(head, found.route->path))
    return unrouted_body_bytes_max;
  return found.route->body_bytes;
}

void Router::handle(Request request, Responder responder) {
  const Found found = find(request);
  if (found.route != nullptr) {
    for (const auto& [name, part] : found.route->parameters) {
      request.data_->parameters.emplace_back(name, request.data_->segments[part]);
    }
    responder.meter(&found.route->meter);
    if (guard_) {
      if (auto refused = guard_(request, found.route->path)) return responder.answer(std::move(*refused));
    }
    found.route->answer(std::move(request), std::move(responder));
    return;
  }
  responder.meter(&unrouted_);
  if (guard_) {
    if (auto refused = guard_(request, {})) return responder.answer(std::move(*refused));
  }
  const Language language = request.language();
  const std::string path = "\"" + std::string(request.path()) + "\"";
  if (found.node == nullptr) {
    responder.answer(problem_response(
        ProblemKind::not_found, language,
        std::string(in(language, "erwartet einen Pfad dieser Schnittstelle, aber es gibt keinen Pfad ",
                       "expected a path of this interface, but there is no path ")) +
            path));
    return;
  }
  std::string allow;
  auto allowed = [&](Method method) {
    if (!allow.empty()) allow += ", ";
    allow += word(method);
  };
  for (const Route& each : found.node->routes) {
    allowed(each.method);
    if (each.method == Method::get && found.node->route(Method::head) == nullptr) allowed(Method::head);
  }
  if (found.node->route(Method::options) == nullptr) allowed(Method::options);
  Response response;
  if (request.method() == Method::options) {
    response.status = 204;
  } else {
    response = problem_response(
        ProblemKind::method_not_allowed, language,
        std::string(in(language, "erwartet ", "expected ")) + allow +
            std::string(in(language, " für ", " for ")) + path +
            std::string(in(language, ", aber die Methode war eine andere", ", but the method was another")));
  }
  response.headers.emplace_back("Allow", std::move(allow));
  responder.answer(std::move(response));
}

}  // namespace geleit::http
