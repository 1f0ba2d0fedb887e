// A connection: what is written, in the order of the requests, as much in one send as is ready.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>

#include "services/http/connection.h"
#include "services/http/json_text.h"
#include "services/http/request_parser.h"

namespace geleit::http {

using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t spare_bytes_max = 256 * 1024;    ///< a bigger answer buffer is given back to the system
constexpr std::size_t turn_send_bytes_max = 4 << 20U;  ///< then other connections have their turn

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out.push_back(static_cast<unsigned char>(c) >= 0x20 || c == '\t' ? c : ' ');
  out.append("\r\n");
}

}  // namespace

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
  drop_input();
  read_deadline_ms_ = 0;
  if (!is_touched) {
    is_touched = true;
    home_->touched.push_back(shared_from_this());
  }
}

void Connection::given(Exchange* exchange) {
  if (!closed_) {
    if (exchange->given == Exchange::Given::answer) {
      exchange->answered = true;
      answers_held_ += exchange->held = exchange->memory.octets();
    }
    if (exchange->given == Exchange::Given::piece) exchange->piece_ready = true;
  } else if (exchange->given == Exchange::Given::answer) {
    // What the answer holds is let go here, not in whatever thread lets go of the exchange last.
    exchange->response = {};
    exchange->memory.set(0);
  }
  exchange->release();
}

void Connection::pop() {
  Exchange* done = first_;
  first_ = done->next_queued;
  if (first_ == nullptr) last_ = nullptr;
  --queued_;
  answers_held_ -= done->held;
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
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
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
    std::string().swap(exchange.piece);
    exchange.memory.set(0);
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
    // What never ends must not gather here: its source knows better what to leave out.
    if (exchange.response.until_closed && unsent() > 0) break;
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
      write_deadline_ms_ = home_->now_ms + write_ms();
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
    out_memory_.set(0);
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
  if (unsent() > 0) out_memory_.set(octets_of(out_));
  resume_reading();
}

std::int64_t Connection::write_ms() const {
  const bool endless = first_ != nullptr && first_->answered && first_->response.until_closed;
  return endless ? shared_.limits.stream_write_ms : shared_.limits.write_ms;
}

void Connection::wait_writable() {
  if (write_waits_) return;
  write_waits_ = true;
  if (write_deadline_ms_ == 0) {
    write_progress_ = 0;
    write_deadline_ms_ = home_->now_ms + write_ms();
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
  drop_input();
  resume_reading();
}

}  // namespace geleit::http
