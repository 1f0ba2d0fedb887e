#include "services/http/connection.h"

#include <time.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <stdexcept>

#include "services/http/json_text.h"
#include "services/http/problem.h"
#include "services/http/text_scan.h"

namespace geleit::http {

namespace beast_http = boost::beast::http;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t scratch_bytes = 256 * 1024;
constexpr std::size_t spare_bytes_max = 256 * 1024;    ///< a bigger answer buffer is given back to the system
constexpr std::size_t turn_send_bytes_max = 4 << 20U;  ///< then other connections have their turn
constexpr int turn_receives_max = 4;
constexpr std::int64_t tick_ms = 250;

constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> tupled{};

/// The inbox of a thread that has ended.
Exchange* const closed_inbox = reinterpret_cast<Exchange*>(std::uintptr_t{1});

/// Exchanges that this thread holds back while an AnswerBatch lives.
struct Batch {
  int depth = 0;
  std::vector<Exchange*> held;
};
thread_local Batch batch;

bool would_block(const ErrorCode& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get: return Method::get;
    case beast_http::verb::head: return Method::head;
    case beast_http::verb::post: return Method::post;
    case beast_http::verb::put: return Method::put;
    case beast_http::verb::patch: return Method::patch;
    case beast_http::verb::delete_: return Method::delete_;
    case beast_http::verb::options: return Method::options;
    default: return Method::other;
  }
}

Response internal_error(Language language) {
  return problem_response(ProblemKind::internal, language,
                          std::string(in(language, "Die Anfrage konnte nicht beantwortet werden",
                                         "The request could not be answered")));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out.push_back(static_cast<unsigned char>(c) >= 0x20 || c == '\t' ? c : ' ');
  out.append("\r\n");
}

}  // namespace

// ------------------------------------------------------------------------------------------------ parser

/// Beast's grammar of HTTP/1, writing straight into the request's own memory.
class Parser final : public beast_http::basic_parser<true> {
 public:
  enum class Fault : std::uint8_t { none, too_large, no_room };

  explicit Parser(Shared& shared) : data(std::make_unique<RequestData>()), shared_(shared) {
    header_limit(static_cast<std::uint32_t>(shared.limits.header_bytes));
    body_limit(boost::none);
    eager(false);
  }

  std::unique_ptr<RequestData> data;
  std::size_t body_bytes_max = 0;
  bool header_seen = false;
  int version = 11;  ///< 10 or 11
  Fault fault = Fault::none;

 private:
  using View = boost::beast::string_view;
  static std::string_view std_view(View view) { return {view.data(), view.size()}; }

  void on_request_impl(beast_http::verb method, View, View target, int http_version, ErrorCode&) override {
    version = http_version;
    data->method = method_of(method);
    data->target = data->keep(std_view(target));
  }
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(beast_http::field, View name, View value, ErrorCode&) override {
    // Trailers come too late to mean anything.
    if (header_seen) return;
    const Slice kept = data->keep(std_view(name));
    data->fields.emplace_back(kept, data->keep(std_view(value)));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    constexpr std::uint64_t reserve_max = 1 << 20U;
    if (length) data->body.reserve(static_cast<std::size_t>(std::min(*length, reserve_max)));
  }
  std::size_t on_body_impl(View bytes, ErrorCode& error) override { return take(bytes, error); }
  void on_chunk_header_impl(std::uint64_t size, View, ErrorCode& error) override {
    if (size > body_bytes_max - data->body.size()) fail(Fault::too_large, error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode& error) override {
    return take(bytes, error);
  }
  void on_finish_impl(ErrorCode&) override {}

  std::size_t take(View bytes, ErrorCode& error) {
    const std::size_t before = shared_.bodies_bytes->fetch_add(bytes.size(), std::memory_order_relaxed);
    if (!data->bodies_bytes) data->bodies_bytes = shared_.bodies_bytes;
    data->body_counted += bytes.size();
    if (before + bytes.size() > shared_.limits.bodies_bytes) {
      fail(Fault::no_room, error);
      return 0;
    }
    data->body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void fail(Fault what, ErrorCode& error) {
    fault = what;
    error = beast_http::error::body_limit;
  }

  Shared& shared_;
};

// ------------------------------------------------------------------------------------------------ exchange

void Shared::connection_ended() {
  if (connections.fetch_sub(1) == 1) {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }
}

Exchange::Exchange(std::shared_ptr<Connection> its_connection, std::shared_ptr<IoThread> its_home,
                   std::shared_ptr<Shared> its_shared)
    : connection(std::move(its_connection)), home(std::move(its_home)), shared(std::move(its_shared)) {}

void Exchange::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void Exchange::hand_over() {
  if (home->here()) {
    home->deliver(this);
  } else if (batch.depth > 0) {
    batch.held.push_back(this);
  } else {
    next_given = nullptr;
    // The thread may go with its last exchange; it must outlive the push.
    const std::shared_ptr<IoThread> keeps = home;
    keeps->push(this, this);
  }
}

Chunk Exchange::promise(Exchange& exchange) {
  exchange.retain();
  return Chunk(&exchange);
}

Chunk::Chunk(Exchange* exchange) : exchange_(exchange) {}
Chunk::Chunk(Chunk&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
Chunk& Chunk::operator=(Chunk&& other) noexcept {
  if (this != &other) {
    if (exchange_ != nullptr) give({}, true, true);
    exchange_ = std::exchange(other.exchange_, nullptr);
  }
  return *this;
}
Chunk::~Chunk() {
  if (exchange_ != nullptr) give({}, true, true);
}
void Chunk::give(std::string bytes, bool last, bool broken) {
  if (exchange_ == nullptr) throw std::logic_error("a chunk is given once");
  Exchange* exchange = std::exchange(exchange_, nullptr);
  exchange->piece = std::move(bytes);
  exchange->piece_last = last;
  exchange->piece_broken = broken;
  exchange->given = Exchange::Given::piece;
  exchange->hand_over();
}
void Chunk::more(std::string bytes) { give(std::move(bytes), false, false); }
void Chunk::end(std::string bytes) { give(std::move(bytes), true, false); }
bool Chunk::gone() const { return exchange_ == nullptr || exchange_->gone.load(std::memory_order_relaxed); }

Responder::Responder(Responder&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    if (exchange_ != nullptr) answer(internal_error(exchange_->language));
    exchange_ = std::exchange(other.exchange_, nullptr);
  }
  return *this;
}
Responder::~Responder() {
  if (exchange_ != nullptr) answer(internal_error(exchange_->language));
}
void Responder::answer(Response response) {
  if (exchange_ == nullptr) throw std::logic_error("a request is answered once");
  Exchange* exchange = std::exchange(exchange_, nullptr);
  exchange->response = std::move(response);
  exchange->given = Exchange::Given::answer;
  if (exchange->counted) exchange->shared->in_flight.fetch_sub(1, std::memory_order_relaxed);
  exchange->hand_over();
}
bool Responder::gone() const {
  return exchange_ == nullptr || exchange_->gone.load(std::memory_order_relaxed);
}
void Responder::meter(const RouteMeter* meter) {
  if (exchange_ != nullptr) exchange_->meter = meter;
}

AnswerBatch::AnswerBatch() { ++batch.depth; }
AnswerBatch::~AnswerBatch() {
  if (--batch.depth > 0) return;
  std::vector<Exchange*> held = std::exchange(batch.held, {});
  // One chain per io thread, in the order given (an inbox is turned round when it is emptied).
  while (!held.empty()) {
    const std::shared_ptr<IoThread> home = held.front()->home;
    Exchange* first = nullptr;
    Exchange* last = nullptr;
    std::size_t kept = 0;
    for (Exchange* each : held) {
      if (each->home == home) {
        each->next_given = first;
        first = each;
        if (last == nullptr) last = each;
      } else {
        held[kept++] = each;
      }
    }
    held.resize(kept);
    home->push(first, last);
  }
  held.clear();
  if (batch.held.empty()) batch.held = std::move(held);
}

// ------------------------------------------------------------------------------------------------ io thread

thread_local IoThread* IoThread::current = nullptr;

IoThread::Turn::Turn(IoThread& thread) : thread_(thread) {
  if (thread_.turns_++ == 0) thread_.now_ms = monotonic_ms();
}

IoThread::Turn::~Turn() {
  if (thread_.turns_ == 1) {
    // Flushing may touch further connections.
    for (std::size_t i = 0; i < thread_.touched.size(); ++i) {
      const std::shared_ptr<Connection> connection = thread_.touched[i];
      connection->is_touched = false;
      connection->flush();
    }
    thread_.touched.clear();
  }
  --thread_.turns_;
}

IoThread::IoThread(std::shared_ptr<Shared> its_shared)
    : shared(std::move(its_shared)),
      scratch(scratch_bytes),
      guard_(asio::make_work_guard(context)),
      ticker_(context),
      timer_(context) {
  set_date();
}

IoThread::~IoThread() = default;

void IoThread::run() {
  current = this;
  tick();
  context.run();
  // Whoever still owes an answer keeps it from now on.
  Exchange* left = inbox_.exchange(closed_inbox, std::memory_order_acq_rel);
  while (left != nullptr) {
    Exchange* next = left->next_given;
    left->release();
    left = next;
  }
  current = nullptr;
}

void IoThread::push(Exchange* first, Exchange* last) {
  Exchange* head = inbox_.load(std::memory_order_acquire);
  do {
    if (head == closed_inbox) {
      last->next_given = nullptr;
      while (first != nullptr) {
        Exchange* next = first->next_given;
        first->release();
        first = next;
      }
      return;
    }
    last->next_given = head;
  } while (!inbox_.compare_exchange_weak(head, first, std::memory_order_acq_rel, std::memory_order_acquire));
  if (head == nullptr) asio::post(context, [this] { drain_inbox(); });
}

void IoThread::drain_inbox() {
  const Turn turn(*this);
  Exchange* given = inbox_.exchange(nullptr, std::memory_order_acq_rel);
  Exchange* in_order = nullptr;
  while (given != nullptr) {
    Exchange* next = given->next_given;
    given->next_given = in_order;
    in_order = given;
    given = next;
  }
  while (in_order != nullptr) {
    Exchange* next = in_order->next_given;
    deliver(in_order);
    in_order = next;
  }
}

void IoThread::deliver(Exchange* exchange) {
  const Turn turn(*this);
  const std::shared_ptr<Connection> connection = exchange->connection;
  connection->given(exchange);
  if (!connection->closed() && !connection->is_touched) {
    connection->is_touched = true;
    touched.push_back(connection);
  }
}

void IoThread::adopt(Socket socket) {
  const Turn turn(*this);
  auto connection = std::make_shared<Connection>(std::move(socket), shared_from_this());
  connection->index = connections.size();
  connections.push_back(connection);
  connection->start();
}

void IoThread::tick() {
  ticker_.expires_after(std::chrono::milliseconds(tick_ms));
  ticker_.async_wait([this](const ErrorCode& error) {
    if (error || ended) return;
    {
      const Turn turn(*this);
      set_date();
      // Backwards: a connection that is closed is replaced by the last one.
      for (std::size_t i = connections.size(); i-- > 0;) {
        const std::shared_ptr<Connection> connection = connections[i];
        connection->tick(now_ms);
      }
    }
    tick();
  });
}

void IoThread::set_date() {
  const std::int64_t now_s = clock_.now().ms / 1000;
  if (now_s == date_s_ && !date.empty()) return;
  date_s_ = now_s;
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<time_t>(now_s);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[parts.tm_wday],
                parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                parts.tm_sec);
  date = text;
}

void IoThread::after(std::int64_t delay_ms, Task task) {
  const std::int64_t due = monotonic_ms() + std::max<std::int64_t>(delay_ms, 0);
  const std::lock_guard lock(timers_mutex_);
  if (timers_ended_) return;
  const auto at = timers_.emplace(due, std::move(task));
  if (at == timers_.begin()) asio::post(context, [this] { arm_timer(); });
}

void IoThread::arm_timer() {
  std::int64_t wait = 0;
  {
    const std::lock_guard lock(timers_mutex_);
    if (timers_ended_ || timers_.empty()) return;
    wait = std::max<std::int64_t>(timers_.begin()->first - monotonic_ms(), 0);
  }
  timer_.expires_after(std::chrono::milliseconds(wait));
  timer_.async_wait([this](const ErrorCode& error) {
    if (!error) run_timers();
  });
}

void IoThread::run_timers() {
  const Turn turn(*this);
  for (;;) {
    Task task;
    {
      const std::lock_guard lock(timers_mutex_);
      if (timers_.empty() || timers_.begin()->first > monotonic_ms()) break;
      task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
    }
    try {
      task();
    } catch (...) {
      // What the task owed is answered with 500 when it is destroyed.
    }
  }
  arm_timer();
}

void IoThread::begin_drain() {
  const Turn turn(*this);
  draining = true;
  for (std::size_t i = connections.size(); i-- > 0;) {
    const std::shared_ptr<Connection> connection = connections[i];
    connection->begin_drain();
  }
}

void IoThread::end_now() {
  const Turn turn(*this);
  if (std::exchange(ended, true)) return;
  std::multimap<std::int64_t, Task> timers;
  {
    const std::lock_guard lock(timers_mutex_);
    timers_ended_ = true;
    timers.swap(timers_);
  }
  timers.clear();
  while (!connections.empty()) {
    const std::shared_ptr<Connection> connection = connections.back();
    connection->kill();
  }
  ticker_.cancel();
  timer_.cancel();
  guard_.reset();
}

// ------------------------------------------------------------------------------------------------ connection

Connection::Connection(Socket socket, std::shared_ptr<IoThread> home)
    : home_(std::move(home)), socket_(std::move(socket)), shared_(*home_->shared) {}

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
  return queued_ >= shared_.limits.in_flight_per_connection || unsent() >= shared_.limits.unsent_bytes;
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
  parser_.reset();
  pending_.clear();
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
  if (no_more_ || closed_) return;
  if (bytes.size() == held.size() && !held.empty()) {
    pending_.swap(held);
  } else {
    pending_.assign(bytes);
  }
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
      shared_.refused_bodies.add();
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

Exchange* Connection::enqueue() {
  auto* exchange = new Exchange(shared_from_this(), home_, home_->shared);
  (last_ == nullptr ? first_ : last_->next_queued) = exchange;
  last_ = exchange;
  ++queued_;
  return exchange;
}

void Connection::enqueue_answer(Response response, Language language) {
  Exchange* exchange = enqueue();
  exchange->language = language;
  exchange->keep_alive = false;
  exchange->started_ns = monotonic_ns();
  if (parser_ && parser_->data) exchange->head_only = parser_->data->method == Method::head;
  exchange->response = std::move(response);
  exchange->answered = true;
  no_more_ = true;
  parser_.reset();
  pending_.clear();
  read_deadline_ms_ = 0;
  if (!is_touched) {
    is_touched = true;
    home_->touched.push_back(shared_from_this());
  }
}

void Connection::given(Exchange* exchange) {
  if (!closed_) {
    if (exchange->given == Exchange::Given::answer) exchange->answered = true;
    if (exchange->given == Exchange::Given::piece) exchange->piece_ready = true;
  } else if (exchange->given == Exchange::Given::answer) {
    // What the answer holds is let go here, not in whatever thread lets go of the exchange last.
    exchange->response = {};
  }
  exchange->release();
}

void Connection::pop() {
  Exchange* done = first_;
  first_ = done->next_queued;
  if (first_ == nullptr) last_ = nullptr;
  --queued_;
  done->release();
}

void Connection::write_head(Exchange& exchange) {
  Response& response = exchange.response;
  exchange.head_written = true;
  // While the server stops, the last answer of each connection closes it.
  const bool nothing_follows = exchange.next_queued == nullptr && !parser_ && pending_.empty();
  if ((home_->draining && nothing_follows) || response.close) exchange.keep_alive = false;
  const bool no_body = response.status == 204 || response.status == 304 || response.status < 200;
  const bool streams = static_cast<bool>(response.source) && !no_body;
  if (streams && exchange.old_client) exchange.keep_alive = false;
  if (!exchange.keep_alive) no_more_ = true;

  std::string& out = out_;
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::int64_t>(response.status));
  out.push_back(' ');
  const auto reason = beast_http::obsolete_reason(static_cast<beast_http::status>(response.status));
  out.append(reason.data(), reason.size()).append("\r\n");
  if (!no_body) {
    append_field(out, "Content-Type", response.content_type);
    if (!streams) {
      out.append("Content-Length: ");
      append_number(out, static_cast<std::uint64_t>(response.body.size()));
      out.append("\r\n");
    } else if (!exchange.old_client) {
      out.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (!response.cache_control.empty()) append_field(out, "Cache-Control", response.cache_control);
  for (const auto& [name, value] : response.headers) append_field(out, name, value);
  out.append(home_->date);
  if (!exchange.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (exchange.old_client) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");

  if (exchange.meter != nullptr) {
    exchange.meter->record(response.status, static_cast<double>(monotonic_ns() - exchange.started_ns) * 1e-9);
  }
  if (!streams || exchange.head_only) {
    response.source = {};
    if (!exchange.head_only && !no_body) out.append(response.body);
  } else if (!response.body.empty()) {
    exchange.piece = std::move(response.body);
    exchange.piece_ready = true;
  }
}

void Connection::write_piece(Exchange& exchange) {
  exchange.piece_ready = false;
  exchange.asked = false;
  if (!exchange.piece.empty()) {
    if (exchange.old_client) {
      out_.append(exchange.piece);
    } else {
      char length[20];
      const auto end = std::to_chars(length, length + sizeof length, exchange.piece.size(), 16).ptr;
      out_.append(length, static_cast<std::size_t>(end - length))
          .append("\r\n")
          .append(exchange.piece)
          .append("\r\n");
    }
    exchange.piece.clear();
  }
  if (exchange.piece_last) {
    if (exchange.piece_broken) {
      // Without the last chunk the client knows that something is missing.
      exchange.keep_alive = false;
      no_more_ = true;
    } else if (!exchange.old_client) {
      out_.append("0\r\n\r\n");
    }
    exchange.response.source = {};
  }
}

void Connection::fill() {
  filling_ = true;
  while (first_ != nullptr && !closed_ && unsent() < shared_.limits.unsent_bytes) {
    Exchange& exchange = *first_;
    if (!exchange.answered) break;
    if (exchange.interim) {
      out_.append("HTTP/1.1 100 Continue\r\n\r\n");
      pop();
      continue;
    }
    if (!exchange.head_written) {
      if (end_of_input_ && exchange.response.until_closed) {
        kill();
        break;
      }
      write_head(exchange);
    }
    if (exchange.piece_ready) write_piece(exchange);
    if (!exchange.response.source) {
      const bool last = !exchange.keep_alive;
      pop();
      if (last) {
        // Nothing after it is answered.
        while (first_ != nullptr) {
          first_->gone.store(true, std::memory_order_relaxed);
          pop();
        }
      }
      continue;
    }
    if (exchange.asked) break;
    exchange.asked = true;
    try {
      exchange.response.source(Exchange::promise(exchange));
    } catch (...) {
      // The chunk was destroyed on the way out and has broken the answer off.
    }
  }
  filling_ = false;
}

void Connection::flush() {
  if (closed_ || filling_) return;
  if (out_.capacity() < home_->spare.capacity() && out_.empty()) out_.swap(home_->spare);
  std::size_t sent_in_turn = 0;
  while (!closed_) {
    fill();
    if (closed_ || write_waits_ || unsent() == 0) break;
    ErrorCode error;
    const std::size_t sent = socket_.write_some(asio::buffer(out_.data() + out_at_, unsent()), error);
    if (would_block(error) || sent_in_turn > turn_send_bytes_max) {
      if (!error) out_at_ += sent;
      wait_writable();
      break;
    }
    if (error) {
      kill();
      return;
    }
    out_at_ += sent;
    sent_in_turn += sent;
    write_progress_ += sent;
    if (unsent() == 0) {
      out_.clear();
      out_at_ = 0;
    } else if (write_deadline_ms_ != 0 && write_progress_ >= shared_.limits.write_progress_bytes) {
      write_progress_ = 0;
      write_deadline_ms_ = home_->now_ms + shared_.limits.write_ms;
    }
  }
  if (closed_) return;
  if (unsent() == 0) {
    out_.clear();
    out_at_ = 0;
    write_deadline_ms_ = 0;
    if (out_.capacity() <= spare_bytes_max && out_.capacity() > home_->spare.capacity()) {
      out_.swap(home_->spare);
    }
    std::string().swap(out_);
    if (first_ == nullptr) {
      const bool drained = home_->draining && !parser_ && pending_.empty();
      if ((no_more_ || drained) && phase_ != Phase::lingering) {
        finish();
        return;
      }
      if (phase_ == Phase::idle) set_phase(Phase::idle);
    }
  } else if (out_at_ > spare_bytes_max) {
    out_.erase(0, out_at_);
    out_at_ = 0;
  }
  resume_reading();
}

void Connection::wait_writable() {
  if (write_waits_) return;
  write_waits_ = true;
  if (write_deadline_ms_ == 0) {
    write_progress_ = 0;
    write_deadline_ms_ = home_->now_ms + shared_.limits.write_ms;
  }
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const ErrorCode& error) {
    self->write_waits_ = false;
    if (error || self->closed_) return;
    const IoThread::Turn turn(*self->home_);
    self->flush();
  });
}

void Connection::finish() {
  no_more_ = true;
  if (end_of_input_) {
    kill();
    return;
  }
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  set_phase(Phase::lingering);
  parser_.reset();
  pending_.clear();
  resume_reading();
}

void Connection::kill() {
  if (std::exchange(closed_, true)) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  ErrorCode ignored;
  socket_.close(ignored);
  parser_.reset();
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

void Connection::tick(std::int64_t now_ms) {
  if (closed_) return;
  if (write_deadline_ms_ != 0 && now_ms > write_deadline_ms_) {
    shared_.timed_out.add();
    kill();
    return;
  }
  if (read_deadline_ms_ == 0 || now_ms <= read_deadline_ms_) return;
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

void Connection::begin_drain() {
  if (closed_ || phase_ == Phase::lingering) return;
  // What the client has already sent is answered.
  if (!no_more_ && !paused()) on_readable();
  if (closed_) return;
  if (first_ == nullptr && unsent() == 0 && phase_ == Phase::idle && !parser_) kill();
}

}  // namespace geleit::http
