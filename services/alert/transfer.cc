#include "services/alert/transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>

#include "services/alert/address_range.h"
#include "services/http/text_scan.h"

namespace geleit {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { ::curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;

class CurlList {
 public:
  void add(const std::string& text) {
    curl_slist* longer = ::curl_slist_append(list_.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list_.release();
    list_.reset(longer);
  }
  [[nodiscard]] curl_slist* get() const { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, FreeList> list_;
};

/// A setting that libcurl refuses is a fault of this file.
template <class Value>
void set(const Easy& easy, CURLoption option, Value value) {
  if (const CURLcode code = ::curl_easy_setopt(easy.get(), option, value); code != CURLE_OK)
    throw std::logic_error(
        fmt::format("libcurl refuses option {}: {}", static_cast<int>(option), ::curl_easy_strerror(code)));
}

void begin_libcurl() {
  static const CURLcode begun = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (begun != CURLE_OK) throw std::runtime_error("libcurl does not start");
}

std::optional<NetAddress> net_address(const sockaddr& address) {
  NetAddress net;
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    std::memcpy(net.octets.data(), &six.sin6_addr, net.octets.size());
    return net;
  }
  if (address.sa_family != AF_INET) return std::nullopt;
  sockaddr_in four{};
  std::memcpy(&four, &address, sizeof four);
  net.octets[10] = net.octets[11] = 0xff;
  std::memcpy(net.octets.data() + 12, &four.sin_addr, 4);
  return net;
}

std::string_view without_line_end(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The sockets that are open, so that another thread can end whatever waits for one of them: libcurl blocks
/// in places that it does not tell of.
class OpenSockets {
 public:
  curl_socket_t open(const curl_sockaddr& address) {
    const std::lock_guard lock(mutex_);
    if (ending_) return CURL_SOCKET_BAD;
    const int fd = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
    if (fd >= 0) fds_.insert(fd);
    return fd;
  }
  int close(curl_socket_t fd) {
    const std::lock_guard lock(mutex_);
    fds_.erase(fd);
    return ::close(fd);
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int fd : fds_) ::shutdown(fd, SHUT_RDWR);
  }
  [[nodiscard]] bool ending() const {
    const std::lock_guard lock(mutex_);
    return ending_;
  }

 private:
  mutable std::mutex mutex_;
  bool ending_ = false;
  std::set<int> fds_;
};

/// Of one exchange: what libcurl's callbacks are told and what they note.
struct Exchange {
  OpenSockets* sockets = nullptr;
  bool public_only = false;
  std::string refused_address;  ///< the last one, and why
  bool tried_public = false;    ///< another one was not refused

  // HTTP
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  bool header_complete = false;

  // SMTP
  std::string_view unsent;
  std::string said;  ///< the last command
  std::vector<SmtpReply> replies;
};

curl_socket_t open_socket(void* exchange, curlsocktype, curl_sockaddr* address) {
  auto& of = *static_cast<Exchange*>(exchange);
  if (of.public_only) {
    const std::optional<NetAddress> net = net_address(address->addr);
    const std::string_view range = net ? range_not_public(*net) : "no address of the internet";
    if (!range.empty()) {
      of.refused_address = net ? fmt::format("{} is {}", to_string(*net), range) : std::string(range);
      return CURL_SOCKET_BAD;
    }
  }
  of.tried_public = true;
  return of.sockets->open(*address);
}

int close_socket(void* sockets, curl_socket_t fd) { return static_cast<OpenSockets*>(sockets)->close(fd); }

std::size_t take_http_header(char* data, std::size_t, std::size_t size, void* exchange) {
  auto& of = *static_cast<Exchange*>(exchange);
  of.header_bytes += size;
  if (of.header_bytes > answer_header_max) return 0;
  const std::string_view line = without_line_end({data, size});
  if (line.starts_with("HTTP/")) {
    // Another answer begins: the one before was an interim one.
    of.header_complete = false;
    of.answer.retry_after.clear();
    return size;
  }
  if (line.empty()) of.header_complete = true;
  const std::size_t colon = std::min(line.find(':'), line.size());
  if (http::equal_in_any_case(line.substr(0, colon), "retry-after") && colon < line.size())
    of.answer.retry_after = http::trim(line.substr(colon + 1));
  return size;
}

std::size_t take_http_body(char* data, std::size_t, std::size_t size, void* exchange) {
  std::string& body = static_cast<Exchange*>(exchange)->answer.body;
  const std::size_t room = answer_read_max - body.size();
  body.append(data, std::min(size, room));
  return size <= room ? size : 0;  // 0 breaks off
}

std::size_t give_mail(char* out, std::size_t, std::size_t room, void* exchange) {
  std::string_view& unsent = static_cast<Exchange*>(exchange)->unsent;
  const std::size_t size = std::min(room, unsent.size());
  unsent.copy(out, size);
  unsent.remove_prefix(size);
  return size;
}

// Only commands and replies are looked at; of a command only its first word, for the others may be secrets.
int listen_to_smtp(CURL*, curl_infotype type, char* data, std::size_t size, void* exchange) {
  constexpr std::array<std::string_view, 8> commands{"EHLO", "HELO", "STARTTLS", "AUTH",
                                                     "MAIL", "RCPT", "DATA",     "QUIT"};
  auto& of = *static_cast<Exchange*>(exchange);
  std::string_view text(data, size);
  if (type == CURLINFO_HEADER_OUT) {
    const std::string_view command = text.substr(0, text.find_first_of(" \r\n"));
    if (std::find(commands.begin(), commands.end(), command) != commands.end()) of.said = command;
    return 0;
  }
  if (type != CURLINFO_HEADER_IN) return 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = without_line_end(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
    const bool is_last = line.size() >= 3 && (line.size() == 3 || line[3] == ' ') &&
                         line.substr(0, 3).find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_last) continue;
    const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    of.replies.push_back({of.said, code, std::string(line.substr(0, 500))});
    if (of.said == "DATA" && code == 354) of.said = ".";
  }
  return 0;
}

bool is_about_mail(const SmtpReply& reply) {
  return reply.to == "MAIL" || reply.to == "RCPT" || reply.to == "DATA" || reply.to == ".";
}

}  // namespace

struct Transfer::State {
  explicit State(TransferSettings its_settings) : settings(std::move(its_settings)) {
    begin_libcurl();
    multi.reset(::curl_multi_init());
    if (!multi) throw std::bad_alloc();
  }

  /// What every exchange has in common.
  [[nodiscard]] Easy begin(Exchange& exchange) {
    Easy easy(::curl_easy_init());
    if (!easy) throw std::bad_alloc();
    exchange.sockets = &sockets;
    exchange.public_only = settings.public_only;
    error[0] = '\0';
    set(easy, CURLOPT_ERRORBUFFER, error);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.timeout.count()));
    set(easy, CURLOPT_FORBID_REUSE, 1L);
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!settings.ca.empty()) set(easy, CURLOPT_CAINFO, settings.ca.c_str());
    // A look-up that hangs does not keep stop() waiting.
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&exchange));
    set(easy, CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
    set(easy, CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&sockets));
    return easy;
  }

  CURLcode run(const Easy& easy) {
    if (::curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) throw std::bad_alloc();
    CURLcode outcome = CURLE_ABORTED_BY_CALLBACK;
    while (!sockets.ending()) {
      int running = 0;
      CURLMcode status = ::curl_multi_perform(multi.get(), &running);
      if (status == CURLM_OK && running == 0) {
        int left = 0;
        const CURLMsg* told = ::curl_multi_info_read(multi.get(), &left);
        outcome = told == nullptr ? CURLE_FAILED_INIT : told->data.result;
        break;
      }
      if (status == CURLM_OK) status = ::curl_multi_poll(multi.get(), nullptr, 0, 1'000, nullptr);
      if (status != CURLM_OK) {
        outcome = CURLE_FAILED_INIT;
        break;
      }
    }
    ::curl_multi_remove_handle(multi.get(), easy.get());
    return outcome;
  }

  /// `expected` is how the sentence begins.
  [[nodiscard]] NoAnswer no_answer(CURLcode code, const Exchange& exchange,
                                   const std::string& expected) const {
    if (sockets.ending()) return {NoAnswer::Why::stopped, "Geleit is stopping"};
    if (!exchange.refused_address.empty() && !exchange.tried_public) {
      return {NoAnswer::Why::not_public,
              fmt::format("{}, but its address {}; allow_private = true lets it be", expected,
                          exchange.refused_address)};
    }
    const char* why = code == CURLE_OK   ? "it broke off"
                      : error[0] != '\0' ? error
                                         : ::curl_easy_strerror(code);
    return {NoAnswer::Why::unreachable, fmt::format("{}, but: {}", expected, why)};
  }

  TransferSettings settings;
  OpenSockets sockets;
  Multi multi;
  char error[CURL_ERROR_SIZE] = {};
};

Transfer::Transfer(TransferSettings settings) : state_(std::make_unique<State>(std::move(settings))) {}
Transfer::~Transfer() = default;

std::variant<HttpAnswer, NoAnswer> Transfer::post(const HttpPost& request) {
  Exchange exchange;
  CurlList headers;
  for (const auto& [name, value] : request.headers) headers.add(fmt::format("{}: {}", name, value));
  headers.add("Expect:");
  const Easy easy = state_->begin(exchange);
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_USERAGENT, "geleit");
  set(easy, CURLOPT_HTTPHEADER, headers.get());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  if (!request.user.empty()) {
    set(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(easy, CURLOPT_USERNAME, request.user.c_str());
    set(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
  set(easy, CURLOPT_HEADERFUNCTION, &take_http_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
  set(easy, CURLOPT_WRITEFUNCTION, &take_http_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&exchange));

  const CURLcode code = state_->run(easy);
  long status = 0;
  ::curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (exchange.header_complete && status >= 200) {
    exchange.answer.status = static_cast<int>(status);
    return std::move(exchange.answer);
  }
  return state_->no_answer(code, exchange, "expected an answer of " + server_of(request.url));
}

std::variant<SmtpAnswer, NoAnswer> Transfer::send(const SmtpMail& mail) {
  Exchange exchange;
  exchange.unsent = mail.text;
  CurlList recipients;
  for (const std::string& to : mail.to) recipients.add("<" + to + ">");
  const std::string from = "<" + mail.from + ">";
  const Easy easy = state_->begin(exchange);
  set(easy, CURLOPT_URL, mail.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  const auto tls = [&]() -> long {
    switch (mail.starttls) {
      case StartTls::required: return CURLUSESSL_ALL;
      case StartTls::if_offered: return CURLUSESSL_TRY;
      case StartTls::no: return CURLUSESSL_NONE;
    }
    return CURLUSESSL_ALL;
  }();
  set(easy, CURLOPT_USE_SSL, tls);
  if (!mail.user.empty()) {
    set(easy, CURLOPT_USERNAME, mail.user.c_str());
    set(easy, CURLOPT_PASSWORD, mail.password.c_str());
  }
  set(easy, CURLOPT_MAIL_FROM, from.c_str());
  set(easy, CURLOPT_MAIL_RCPT, recipients.get());
  // Of one reply; that to QUIT is not under the time-out of the whole.
  const auto patience = std::chrono::ceil<std::chrono::seconds>(state_->settings.timeout);
  set(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(patience.count()));
  // Who is not known there keeps nobody else from being told.
  set(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  set(easy, CURLOPT_UPLOAD, 1L);
  set(easy, CURLOPT_READFUNCTION, &give_mail);
  set(easy, CURLOPT_READDATA, static_cast<void*>(&exchange));
  set(easy, CURLOPT_VERBOSE, 1L);
  set(easy, CURLOPT_DEBUGFUNCTION, &listen_to_smtp);
  set(easy, CURLOPT_DEBUGDATA, static_cast<void*>(&exchange));

  const CURLcode code = state_->run(easy);
  SmtpAnswer answer;
  for (SmtpReply& reply : exchange.replies) {
    if (reply.to == "." && reply.code / 100 == 2) answer.accepted = true;
    if (reply.code >= 400 && is_about_mail(reply)) answer.refusals.push_back(std::move(reply));
  }
  if (answer.accepted || !answer.refusals.empty()) return answer;
  NoAnswer none =
      state_->no_answer(code, exchange, fmt::format("expected {} to take a mail", server_of(mail.url)));
  if (!exchange.replies.empty() && exchange.replies.back().code >= 400)
    none.detail += " (" + exchange.replies.back().text + ")";
  return none;
}

void Transfer::stop() {
  state_->sockets.end();
  ::curl_multi_wakeup(state_->multi.get());
}

std::optional<std::chrono::seconds> wait_of_retry_after(std::string_view value, Instant now) {
  const std::string text(value);
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
    if (text.size() > 9) return retry_after_max;
    return std::min(std::chrono::seconds(std::stol(text)), retry_after_max);
  }
  const std::int64_t at = ::curl_getdate(text.c_str(), nullptr);
  if (at < 0) return std::nullopt;
  const std::int64_t wait_ms = at * 1'000 - now.ms;
  if (wait_ms <= 0) return std::chrono::seconds(0);
  return std::min(std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(wait_ms)),
                  retry_after_max);
}

std::string server_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  return std::string(url.substr(0, url.find_first_of("/?#", host)));
}

}  // namespace geleit
