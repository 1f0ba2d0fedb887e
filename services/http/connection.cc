// A connection: what is read. What is written is in connection_write.cc.
#include "services/http/connection.h"

#include <netinet/tcp.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "services/http/problem.h"
#include "services/http/request_parser.h"
#include "services/http/text_scan.h"

namespace geleit::http {

namespace beast_http = boost::beast::http;
using ErrorCode = boost::system::error_code;

namespace {

/// Then other connections have their turn.
constexpr int turn_receives_max = 4;

using KernelUnsent = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

}  // namespace

Connection::Connection(Socket socket, std::shared_ptr<IoThread> home)
    : home_(std::move(home)), socket_(std::move(socket)), shared_(*home_->shared) {
  pending_memory_.of(shared_.request_bytes);
  out_memory_.of(shared_.answer_bytes);
}

Connection::~Connection() = default;

void Connection::start() {
  ErrorCode error;
  const auto remote = socket_.remote_endpoint(error);
  if (!error) socket_.non_blocking(true, error);
  if (error || home_->ended) {
    kill();
    return;
  }
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(KernelUnsent(kernel_unsent_bytes_max), ignored);
  peer_ = remote.address().is_v6() ? '[' + remote.address().to_string() + ']' : remote.address().to_string();
  peer_ += ':';
  peer_ += std::to_string(remote.port());
  set_phase(Phase::idle);
  resume_reading();
}

void Connection::set_phase(Phase phase) {
  phase_ = phase;
  const Limits& limits = shared_.limits;
  switch (phase) {
    case Phase::idle: read_deadline_ms_ = home_->now_ms + limits.idle_ms; break;
    case Phase::header: read_deadline_ms_ = home_->now_ms + limits.header_ms; break;
    case Phase::body: read_deadline_ms_ = home_->now_ms + limits.body_ms; break;
    case Phase::lingering: read_deadline_ms_ = home_->now_ms + limits.linger_ms; break;
  }
}

bool Connection::paused() const {
  if (queued_ >= shared_.limits.in_flight_per_connection ||
      answers_held_ + unsent() >= shared_.limits.unsent_bytes)
    return true;
  return (first_ != nullptr || unsent() > 0) && shared_.short_of_answer_memory();
}

void Connection::resume_reading() {
  if (reading_ || closed_ || end_of_input_) return;
  if (phase_ != Phase::lingering && (no_more_ || paused())) return;
  reading_ = true;
  asio::co_spawn(home_->context.get_executor(), converse(), asio::detached);
}

asio::awaitable<void, Executor> Connection::converse() {
  const std::shared_ptr<Connection> self = shared_from_this();
  bool wanted = true;
  {
    // What was received before a pause comes first.
    const IoThread::Turn turn(*home_);
    if (!pending_.empty() && phase_ != Phase::lingering) {
      parse({});
      wanted = phase_ == Phase::lingering || (!no_more_ && !paused());
    }
  }
  while (wanted && !closed_) {
    const auto [error] = co_await socket_.async_wait(Socket::wait_read, tupled);
    if (error || closed_) break;
    wanted = on_readable();
  }
  reading_ = false;
  // A pause may have ended, or lingering begun, since the last look.
  if (!closed_) {
    const IoThread::Turn turn(*home_);
    resume_reading();
  }
}

bool Connection::on_readable() {
  const IoThread::Turn turn(*home_);
  for (int i = 0; i < turn_receives_max; ++i) {
    ErrorCode error;
    const std::size_t got = socket_.read_some(asio::buffer(home_->scratch), error);
    if (would_block(error)) return true;
    if (error == asio::error::eof) {
      on_end_of_input();
      return false;
    }
    if (error) {
      kill();
      return false;
    }
    if (phase_ != Phase::lingering) parse({home_->scratch.data(), got});
    if (closed_) return false;
    if (phase_ != Phase::lingering && (no_more_ || paused())) return false;
    if (got < home_->scratch.size()) return true;
  }
  return true;
}

void Connection::on_end_of_input() {
  end_of_input_ = true;
  no_more_ = true;
  drop_input();
  if (first_ == nullptr && unsent() == 0) {
    kill();
  } else if (first_ != nullptr && first_->head_written && first_->response.until_closed) {
    kill();
  }
}

void Connection::parse(std::string_view bytes) {
  std::string held;
  if (!pending_.empty()) {
    pending_.append(bytes);
    held.swap(pending_);
    bytes = held;
  }
  bool wants_more = false;
  while (!bytes.empty() && !wants_more && !no_more_ && !closed_ && !paused()) {
    bytes.remove_prefix(parse_some(bytes, wants_more));
  }
  if (no_more_ || closed_) return drop_input();
  if (bytes.size() == held.size() && !held.empty()) {
    pending_.swap(held);
  } else {
    pending_.assign(bytes);
  }
  hold_pending();
}

void Connection::hold_pending() {
  if (shared_.room_for_request(pending_memory_, octets_of(pending_)) || pending_.empty()) return;
  shared_.refused_requests.add();
  refuse(503);
}

void Connection::drop_input() {
  parser_.reset();
  std::string().swap(pending_);
  pending_memory_.set(0);
}

std::size_t Connection::parse_some(std::string_view bytes, bool& wants_more) {
  if (!parser_) {
    // Blank lines between requests are tolerated (RFC 9112, 2.2).
    std::size_t blank = 0;
    while (blank < bytes.size() && (bytes[blank] == '\r' || bytes[blank] == '\n')) ++blank;
    if (blank > 0) return blank;
    parser_ = std::make_unique<Parser>(shared_);
    set_phase(Phase::header);
  }
  ErrorCode error;
  const std::size_t used = parser_->put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error == beast_http::error::need_more) {
    // Only the line that ends a chunk's size can be left over here: it has no length of its own.
    if (parser_->header_seen && bytes.size() - used > shared_.limits.header_bytes) {
      refuse_parser(beast_http::error::bad_chunk);
    }
    wants_more = true;
    return used;
  }
  if (error) {
    refuse_parser(error);
    return used;
  }
  if (!parser_->header_seen && parser_->is_header_done()) {
    parser_->header_seen = true;
    if (!on_header()) return used;
  }
  if (parser_->is_done()) on_request();
  return used;
}

bool Connection::on_header() {
  RequestData& data = *parser_->data;
  const Language language = parse_language(data.field("Accept-Language").value_or(""));
  auto refuse_with = [&](ProblemKind kind, std::string_view de, std::string_view en, std::string field = {}) {
    Response response = problem_response(kind, language, std::string(in(language, de, en)), std::move(field));
    response.close = true;
    enqueue_answer(std::move(response), language);
    return false;
  };
  if (parser_->chunked() || data.field("Transfer-Encoding")) {
    const auto coding = data.field("Transfer-Encoding");
    if (!parser_->chunked() || !coding || !equal_in_any_case(trim(*coding), "chunked")) {
      return refuse_with(ProblemKind::not_implemented,
                         "erwartet Transfer-Encoding chunked, aber es kam ein anderes",
                         "expected Transfer-Encoding chunked, but another came");
    }
  }
  if (parser_->version >= 11) {
    std::size_t hosts = 0;
    for (const auto& [name, value] : data.fields)
      hosts += equal_in_any_case(data.view(name), "host") ? 1U : 0U;
    if (hosts != 1) {
      shared_.malformed.add();
      return refuse_with(ProblemKind::malformed,
                         "erwartet genau ein Feld Host, aber es kamen keines oder mehrere",
                         "expected exactly one field Host, but none or several came", "Host");
    }
  }
  if (const auto fault = read_target(data)) {
    shared_.malformed.add();
    const std::string quoted = "\"" + fault->found + "\"";
    return refuse_with(ProblemKind::malformed, "erwartet prozentkodiertes UTF-8, aber es kam " + quoted,
                       "expected percent-encoded UTF-8, but got " + quoted, fault->field);
  }
  parser_->body_bytes_max = 0;
  const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
  if (!has_body) return true;

  Request head(std::move(parser_->data));
  parser_->body_bytes_max = std::min(shared_.handler->body_limit(head), shared_.limits.body_bytes);
  parser_->data = std::move(head.data_);
  if (parser_->content_length().value_or(0) > parser_->body_bytes_max) {
    parser_->fault = Parser::Fault::too_large;
    refuse_parser(beast_http::error::body_limit);
    return false;
  }
  if (!parser_->announce(static_cast<std::size_t>(parser_->content_length().value_or(0)))) {
    parser_->fault = Parser::Fault::no_room;
    refuse_parser(beast_http::error::body_limit);
    return false;
  }
  if (const auto expect = data.field("Expect"); expect && parser_->version >= 11) {
    if (!equal_in_any_case(trim(*expect), "100-continue")) {
      return refuse_with(ProblemKind::expectation_failed,
                         "erwartet Expect 100-continue, aber es kam etwas anderes",
                         "expected Expect 100-continue, but something else came");
    }
    Exchange* exchange = enqueue();
    exchange->interim = true;
    exchange->answered = true;
    exchange->keep_alive = true;
    if (!is_touched) {
      is_touched = true;
      home_->touched.push_back(shared_from_this());
    }
  }
  parser_->eager(true);
  set_phase(Phase::body);
  return true;
}

void Connection::on_request() {
  const std::unique_ptr<Parser> parser = std::move(parser_);
  std::unique_ptr<RequestData> data = std::move(parser->data);
  set_phase(Phase::idle);
  data->peer = peer_;

  Exchange* exchange = enqueue();
  exchange->keep_alive = parser->keep_alive();
  exchange->old_client = parser->version < 11;
  exchange->head_only = data->method == Method::head;
  exchange->language = parse_language(data->field("Accept-Language").value_or(""));
  exchange->started_ns = monotonic_ns();
  if (!exchange->keep_alive) no_more_ = true;

  exchange->retain();
  Responder responder(exchange);
  if (shared_.out_of_answer_memory()) {
    shared_.refused_answers.add();
    responder.answer(problem_response(
        ProblemKind::overloaded, exchange->language,
        std::string(in(exchange->language,
                       "erwartet freien Speicher für die Antwort, aber zu viele werden nicht abgeholt",
                       "expected free memory for the answer, but too many are not taken"))));
    return;
  }
  if (shared_.in_flight.fetch_add(1, std::memory_order_relaxed) >= shared_.limits.in_flight) {
    shared_.in_flight.fetch_sub(1, std::memory_order_relaxed);
    shared_.refused_load.add();
    responder.answer(problem_response(
        ProblemKind::overloaded, exchange->language,
        std::string(in(exchange->language, "erwartet freie Plätze, aber es sind zu viele Anfragen in Arbeit",
                       "expected free capacity, but too many requests are being answered"))));
    return;
  }
  exchange->counted = true;
  try {
    shared_.handler->handle(Request(std::move(data)), std::move(responder));
  } catch (...) {
    // The responder was destroyed on the way out and has answered 500.
  }
}

void Connection::refuse(int status) {
  const Language language = parser_ && parser_->data
                                ? parse_language(parser_->data->field("Accept-Language").value_or(""))
                                : Language::de;
  Response response;
  if (status == 408) {
    response = problem_response(
        ProblemKind::request_timeout, language,
        std::string(in(language, "erwartet eine ganze Anfrage in der Frist, aber sie kam nicht",
                       "expected a whole request in time, but it did not come")));
  } else if (status == 413) {
    const std::string most = std::to_string(parser_->body_bytes_max);
    response = problem_response(ProblemKind::too_large, language,
                                language == Language::de
                                    ? "erwartet höchstens " + most + " Bytes Inhalt, aber es sind mehr"
                                    : "expected at most " + most + " bytes of content, but there are more");
  } else if (status == 431) {
    const std::string most = std::to_string(shared_.limits.header_bytes);
    response = problem_response(ProblemKind::header_too_large, language,
                                language == Language::de
                                    ? "erwartet höchstens " + most + " Bytes Kopf, aber es sind mehr"
                                    : "expected at most " + most + " bytes of header, but there are more");
  } else {
    response = problem_response(
        ProblemKind::overloaded, language,
        std::string(in(language,
                       "erwartet freien Speicher für den Inhalt, aber zu viele Inhalte sind unterwegs",
                       "expected free memory for the content, but too much is on its way")));
  }
  response.close = true;
  enqueue_answer(std::move(response), language);
}

void Connection::refuse_parser(const ErrorCode& error) {
  if (error == beast_http::error::body_limit) {
    if (parser_->fault == Parser::Fault::no_room) {
      shared_.refused_requests.add();
      refuse(503);
    } else {
      refuse(413);
    }
  } else if (error == beast_http::error::header_limit) {
    refuse(431);
  } else {
    shared_.malformed.add();
    Response response = problem_response(ProblemKind::malformed, Language::de,
                                         "erwartet eine Anfrage nach HTTP/1.1, aber: " + error.message());
    response.close = true;
    enqueue_answer(std::move(response), Language::de);
  }
}

void Connection::kill() {
  if (std::exchange(closed_, true)) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  ErrorCode ignored;
  socket_.close(ignored);
  drop_input();
  std::string().swap(out_);
  out_at_ = 0;
  out_memory_.set(0);
  while (first_ != nullptr) {
    Exchange& exchange = *first_;
    exchange.gone.store(true, std::memory_order_relaxed);
    if (exchange.answered) {
      // A source may own what waits for other chunks; it goes when nothing here is half done.
      const Source source = std::move(exchange.response.source);
      pop();
    } else {
      pop();
    }
  }
  home_->connections[index] = home_->connections.back();
  home_->connections[index]->index = index;
  home_->connections.pop_back();
  home_->shared->connection_ended();
}

void Connection::cut_off() {
  if (closed_) return;
  // Else the kernel would keep it for a client that may never come back for it.
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  kill();
}

void Connection::tick(std::int64_t now_ms) {
  if (closed_) return;
  const Limits& limits = shared_.limits;
  const std::int64_t sooner = shared_.short_of_answer_memory()
                                  ? std::max(write_ms() - limits.write_ms_when_short, std::int64_t{0})
                                  : 0;
  if (write_deadline_ms_ != 0 && now_ms > write_deadline_ms_ - sooner) {
    shared_.timed_out.add();
    cut_off();
    return;
  }
  if (read_deadline_ms_ == 0 || (now_ms <= read_deadline_ms_ && !body_is_late(now_ms))) return;
  switch (phase_) {
    case Phase::idle:
      // Being answered is not being idle.
      if (first_ == nullptr && unsent() == 0) kill();
      break;
    case Phase::header:
    case Phase::body:
      if (reading_) {
        shared_.timed_out.add();
        refuse(408);
      } else {
        // The pause is ours.
        set_phase(phase_);
      }
      break;
    case Phase::lingering: kill(); break;
  }
}

bool Connection::body_is_late(std::int64_t now_ms) const {
  if (phase_ != Phase::body || !parser_ || !parser_->data) return false;
  const Limits& limits = shared_.limits;
  const std::int64_t begun_ms = read_deadline_ms_ - limits.body_ms;
  const auto came = static_cast<std::int64_t>(parser_->data->body.size());
  return now_ms - begun_ms >
         limits.header_ms + came * 1000 / static_cast<std::int64_t>(limits.body_bytes_per_s);
}

void Connection::begin_drain() {
  if (closed_ || phase_ == Phase::lingering) return;
  // What the client has already sent is answered.
  if (!no_more_ && !paused()) on_readable();
  if (closed_) return;
  if (first_ == nullptr && unsent() == 0 && phase_ == Phase::idle && !parser_) kill();
}

}  // namespace geleit::http
