// One exchange over the network, by HTTP or SMTP: the one place that knows libcurl. Redirects are not
// followed, proxies of the environment not used, every exchange opens a connection of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "events/named.h"
#include "services/channel_config.h"

namespace geleit {

/// Of the body of an answer more is not read: it is for sentences only.
inline constexpr std::size_t answer_read_max = 4 * 1024;
/// Of an answer whose header is longer nothing is believed.
inline constexpr std::size_t answer_header_max = 64 * 1024;
/// A longer Retry-After is taken for this one: the longest wait of the schedule of attempts.
inline constexpr std::chrono::seconds retry_after_max{24 * 60 * 60};

struct TransferSettings {
  std::chrono::milliseconds timeout{10'000};  ///< of the whole exchange, looking up the name included
  std::filesystem::path ca;                   ///< certificates to trust; empty: the system's
  bool public_only = false;                   ///< no connection to an address of range_not_public
};

struct HttpPost {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Content-Type too
  std::string_view body;
  std::string user, password;  ///< basic authentication; empty: none
};
/// An answer whose header came in full; what became of its body does not matter.
struct HttpAnswer {
  int status = 0;
  std::string retry_after;  ///< the header's value; empty: none
  std::string body;         ///< its beginning
};

struct SmtpMail {
  std::string url, from;
  std::vector<std::string> to;
  std::string user, password;  ///< empty: none
  StartTls starttls = StartTls::required;
  std::string_view text;  ///< RFC 5322, lines end in CR LF
};
struct SmtpReply {
  std::string to;  ///< what was said: "MAIL", "RCPT", "DATA", "." for the text itself
  int code = 0;
  std::string text;  ///< the whole line
};
/// What the server said to the mail itself.
struct SmtpAnswer {
  bool accepted = false;            ///< for one recipient at least
  std::vector<SmtpReply> refusals;  ///< 4xx and 5xx; of one that was accepted: to single recipients
};

/// Nothing came that decides.
struct NoAnswer {
  enum class Why : std::uint8_t {
    unreachable,  ///< no name, connection, TLS, log-in; too slow; broken off; not what it should be
    not_public,   ///< every address was refused, see public_only
    stopped,
  };
  Why why = Why::unreachable;
  std::string detail;  ///< "expected …, but …"; names the server, and no more of its address
};

/// Used by one thread, but for stop().
class Transfer {
 public:
  explicit Transfer(TransferSettings settings);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] std::variant<HttpAnswer, NoAnswer> post(const HttpPost& request);
  [[nodiscard]] std::variant<SmtpAnswer, NoAnswer> send(const SmtpMail& mail);
  /// From any thread: breaks off what runs, and everything after.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How long a Retry-After asks to wait: seconds or a date of HTTP; 0 to retry_after_max. Nothing for what is
/// neither.
[[nodiscard]] std::optional<std::chrono::seconds> wait_of_retry_after(std::string_view value, Instant now);
/// "https://host:port" of an address: what sentences may show of it.
[[nodiscard]] std::string server_of(std::string_view url);

}  // namespace geleit
