#include "services/http_client.h"

#include <algorithm>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <charconv>
#include <deque>

#include "services/http/text_scan.h"

namespace geleit {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::uint32_t header_bytes_max = 64 * 1024;

}  // namespace

std::optional<ServerUrl> parse_server_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    if (text.size() < scheme.size() || !http::equal_in_any_case(text.substr(0, scheme.size()), scheme)) {
      return std::nullopt;
    }
    text.remove_prefix(scheme.size());
  }
  if (text.find_first_of("@?# \t\r\n") != std::string_view::npos) return std::nullopt;
  ServerUrl url;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    std::string_view prefix = text.substr(slash);
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    url.prefix = prefix;
    text = text.substr(0, slash);
  }
  std::string_view host = text;
  std::string_view port = "80";
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    if (end + 1 < text.size()) {
      if (text[end + 1] != ':') return std::nullopt;
      port = text.substr(end + 2);
    }
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc{} || end != port.data() + port.size() || url.port == 0 || host.empty()) {
    return std::nullopt;
  }
  url.host = host;
  return url;
}

std::string to_string(const ServerUrl& url) {
  const bool six = url.host.find(':') != std::string::npos;
  return "http://" + (six ? '[' + url.host + ']' : url.host) + ':' + std::to_string(url.port) + url.prefix;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (http::lower(c) >= 'a' && http::lower(c) <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(hex[byte >> 4U]);
      out.push_back(hex[byte & 0xfU]);
    }
  }
  return out;
}

std::optional<std::string_view> ClientResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (http::equal_in_any_case(known, name)) return value;
  }
  return std::nullopt;
}

struct HttpClient::State {
  State(ServerUrl its_url, ClientTimeouts its_timeouts) : url(std::move(its_url)), timeouts(its_timeouts) {}

  /// Runs one asynchronous operation to its end; the stream's own timer ends it when it takes too long.
  void finish() {
    context.restart();
    context.run();
  }
  [[noreturn]] void fail(const std::string& what, const ErrorCode& error) {
    disconnect();
    const std::string why = error == beast::error::timeout ? "no sign of life in time" : error.message();
    throw ServerUnavailable("expected Geleit at " + to_string(url) + ", but " + what + ": " + why);
  }
  void disconnect() {
    stream.reset();
    buffer.clear();
    asked.clear();
    write_error = {};
  }
  void connect();
  void write(std::string_view bytes);
  ClientResponse read(const std::function<bool(std::string_view)>* piece);

  ServerUrl url;
  ClientTimeouts timeouts;
  std::string token;
  asio::io_context context{1};
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  std::deque<bool> asked;    ///< for each request without an answer: whether it was HEAD
  bool reused = false;       ///< the connection has answered before
  ErrorCode write_error;     ///< the connection takes no more, but an answer may still come
  bool nothing_came = true;  ///< of the answer that was being read
};

void HttpClient::State::connect() {
  if (stream) return;
  ErrorCode error;
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(url.host, std::to_string(url.port), tcp::resolver::numeric_service, error);
  if (error) fail("the host name leads nowhere", error);
  stream.emplace(context);
  stream->expires_after(timeouts.connect);
  stream->async_connect(found, [&](const ErrorCode& outcome, const tcp::endpoint&) { error = outcome; });
  finish();
  if (error) fail("it cannot be reached", error);
  ErrorCode ignored;
  stream->socket().set_option(tcp::no_delay(true), ignored);
  reused = false;
}

void HttpClient::State::write(std::string_view bytes) {
  // Piece by piece, so that the time allowed is for silence and not for the whole.
  while (!bytes.empty()) {
    ErrorCode error;
    std::size_t sent = 0;
    stream->expires_after(timeouts.silence);
    stream->async_write_some(asio::buffer(bytes.data(), bytes.size()),
                             [&](const ErrorCode& outcome, std::size_t count) {
                               error = outcome;
                               sent = count;
                             });
    finish();
    if (error && error != beast::error::timeout) {
      // The server may have refused before it read all, and closed: its answer says more than this error.
      write_error = error;
      return;
    }
    if (error) fail("it took no more", error);
    bytes.remove_prefix(sent);
  }
}

ClientResponse HttpClient::State::read(const std::function<bool(std::string_view)>* piece) {
  if (asked.empty()) throw std::logic_error("an answer is read only after a request was sent");
  beast::http::response_parser<beast::http::buffer_body> parser;
  parser.header_limit(header_bytes_max);
  parser.body_limit(boost::none);
  parser.skip(asked.front());
  nothing_came = true;
  ErrorCode error;
  auto outcome = [&](const ErrorCode& what, std::size_t) { error = what; };
  stream->expires_after(timeouts.silence);
  if (buffer.size() > 0) nothing_came = false;
  beast::http::async_read_header(*stream, buffer, parser, outcome);
  finish();
  if (parser.got_some() || buffer.size() > 0) nothing_came = false;
  if (error && write_error) fail("it took no more", write_error);
  if (error) fail("it did not answer", error);

  ClientResponse response;
  response.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  const bool streamed = piece != nullptr && response.status / 100 == 2;
  std::string bytes(piece_bytes, '\0');
  while (!parser.is_done()) {
    parser.get().body().data = bytes.data();
    parser.get().body().size = bytes.size();
    stream->expires_after(timeouts.silence);
    beast::http::async_read_some(*stream, buffer, parser, outcome);
    finish();
    if (error && error != beast::http::error::need_buffer) fail("its answer broke off", error);
    const std::string_view got(bytes.data(), bytes.size() - parser.get().body().size);
    if (got.empty()) continue;
    if (!streamed) {
      response.body.append(got);
    } else if (!(*piece)(got)) {
      disconnect();
      return response;
    }
  }
  asked.pop_front();
  reused = true;
  stream->expires_never();
  if (!parser.keep_alive() || write_error) {
    const bool lost = !asked.empty();
    disconnect();
    if (lost)
      throw ServerUnavailable("expected Geleit at " + to_string(url) +
                              ", but it closed the connection early");
  }
  return response;
}

HttpClient::HttpClient(ServerUrl url, ClientTimeouts timeouts)
    : state_(std::make_unique<State>(std::move(url), timeouts)) {}
void HttpClient::show_token(std::string token) { state_->token = std::move(token); }
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

void HttpClient::send(std::string_view method, std::string_view target, const ClientHeaders& headers,
                      std::string_view body) {
  const ServerUrl& url = state_->url;
  std::string head;
  head.append(method).append(" ").append(url.prefix).append(target).append(" HTTP/1.1\r\nHost: ");
  head.append(to_string(ServerUrl{url.host, url.port, {}}).substr(std::string_view("http://").size()));
  head.append("\r\nUser-Agent: geleit\r\n");
  const bool said = std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    return http::equal_in_any_case(header.first, "Authorization");
  });
  if (!said && !state_->token.empty())
    head.append("Authorization: Bearer ").append(state_->token).append("\r\n");
  for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  head.append("\r\n");
  state_->connect();
  state_->asked.push_back(method == "HEAD");
  // A small body rides with its head; a big one is not copied for it.
  if (body.size() <= piece_bytes) {
    head.append(body);
    body = {};
  }
  state_->write(head);
  if (!state_->write_error) state_->write(body);
}

ClientResponse HttpClient::receive() { return state_->read(nullptr); }

std::size_t HttpClient::pending() const { return state_->asked.size(); }

ClientResponse HttpClient::get(std::string_view target, const ClientHeaders& headers) {
  const bool kept = state_->stream.has_value() && state_->reused && pending() == 0;
  try {
    state_->nothing_came = true;
    send("GET", target, headers);
    return receive();
  } catch (const ServerUnavailable&) {
    if (!kept || !state_->nothing_came) throw;
  }
  send("GET", target, headers);
  return receive();
}

ClientResponse HttpClient::post(std::string_view target, std::string_view content_type, std::string_view body,
                                const ClientHeaders& headers) {
  ClientHeaders all = headers;
  all.emplace_back("Content-Type", content_type);
  send("POST", target, all, body);
  return receive();
}

ClientResponse HttpClient::get_streamed(std::string_view target, const ClientHeaders& headers,
                                        const std::function<bool(std::string_view)>& piece) {
  send("GET", target, headers);
  return state_->read(&piece);
}

void LineSplitter::add(std::string_view piece) {
  for (;;) {
    const std::size_t end = piece.find('\n');
    if (end == std::string_view::npos) break;
    if (begun_.empty()) {
      line_(piece.substr(0, end));
    } else {
      begun_.append(piece.substr(0, end));
      line_(begun_);
      begun_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  begun_.append(piece);
}

void LineSplitter::finish() {
  if (!begun_.empty()) line_(begun_);
  begun_.clear();
}

}  // namespace geleit
