// The client of the command line: blocking, HTTP/1.1, one kept connection. Not for the service's own paths.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace geleit {

/// The server cannot be reached, does not answer in time, or breaks off; exit status 3. Says what, where and
/// why in a sentence for people.
struct ServerUnavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where `--server` points: `http://host[:port][/prefix]`; the scheme may be left out, the port is 80 then or
/// when it is not given.
struct ServerUrl {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8480;
  std::string prefix;  ///< before every path; empty, or starts with / and does not end with it

  friend bool operator==(const ServerUrl&, const ServerUrl&) = default;
};
/// Nothing for another scheme, an empty host, a port that is none, a user name, a query or a fragment.
[[nodiscard]] std::optional<ServerUrl> parse_server_url(std::string_view text);
[[nodiscard]] std::string to_string(const ServerUrl& url);

/// `text` as it may stand in a query value or in one part of a path.
[[nodiscard]] std::string percent_encode(std::string_view text);

using ClientHeaders = std::vector<std::pair<std::string, std::string>>;

struct ClientResponse {
  int status = 0;
  ClientHeaders headers;
  std::string body;

  /// The first value of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

struct ClientTimeouts {
  std::chrono::milliseconds connect{5'000};
  /// Without a single byte going or coming. A long answer may take as long as it keeps moving.
  std::chrono::milliseconds silence{60'000};
};

/// One connection to one server, opened at the first use and again after the server closed it. Not
/// thread-safe. Requests may be sent ahead of their answers (`send`, `send`, `receive`, `receive`): answers
/// come in order. Every function throws ServerUnavailable; after that what was sent ahead is lost, and the
/// next send starts anew.
class HttpClient {
 public:
  explicit HttpClient(ServerUrl url, ClientTimeouts timeouts = {});
  /// Shows this token with every request that says nothing else of it; empty: none.
  void show_token(std::string token);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// `target` is a path with its query, encoded already. When a kept connection turns out to have been closed
  /// before anything of the answer came, a GET is sent once more on a new one.
  ClientResponse get(std::string_view target, const ClientHeaders& headers = {});
  ClientResponse post(std::string_view target, std::string_view content_type, std::string_view body,
                      const ClientHeaders& headers = {});
  /// Gives the body of a good answer (2xx) to `piece` as it comes and leaves it out of the result; the body
  /// of any other answer is in the result. `piece` returns false to break off, which closes the connection.
  ClientResponse get_streamed(std::string_view target, const ClientHeaders& headers,
                              const std::function<bool(std::string_view piece)>& piece);

  /// Sends and does not wait for the answer.
  void send(std::string_view method, std::string_view target, const ClientHeaders& headers = {},
            std::string_view body = {});
  /// The answer to the oldest request that has none yet.
  ClientResponse receive();
  /// Requests sent and not answered yet.
  [[nodiscard]] std::size_t pending() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Splits what comes in pieces into lines: for NDJSON answers.
class LineSplitter {
 public:
  explicit LineSplitter(std::function<void(std::string_view line)> line) : line_(std::move(line)) {}
  void add(std::string_view piece);
  /// The last line, if it lacks its end.
  void finish();

 private:
  std::function<void(std::string_view)> line_;
  std::string begun_;
};

}  // namespace geleit
