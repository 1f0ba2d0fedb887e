// Inside the listener: io threads, connections, and the exchanges that go between them and the handlers.
// Known to the files of services/http that make up the listener only.
//
// Every connection belongs to one io thread and is touched by it alone, so nothing here is locked. What other
// threads give (answers, chunks) comes through the io thread's inbox, a stack of exchanges pushed without a
// lock: the first one into an empty inbox wakes the thread, all others ride along.
//
//   request bytes ─▶ [exchange 1][exchange 2][exchange 3] ─▶ answer bytes      a queue per connection:
//                      answered    open        answered                        only its head may be written
#pragma once

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/clock.h"
#include "services/http/http.h"
#include "services/http/limits.h"
#include "services/http/memory_share.h"
#include "services/http/metrics.h"
#include "services/http/request_data.h"

namespace geleit::http {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
/// Waits in a coroutine and gives the error beside the result instead of throwing it.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> tupled{};

[[nodiscard]] inline bool would_block(const boost::system::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

/// What all io threads of one server share.
struct Shared {
  Limits limits;
  Handler* handler = nullptr;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> in_flight{0};
  MemoryCount request_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  MemoryCount answer_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  Counter refused_connections;
  Counter refused_load;
  Counter refused_requests;
  Counter refused_answers;
  Counter timed_out;
  Counter malformed;
  std::mutex mutex;
  std::condition_variable changed;  ///< connections reached zero, or stop was called again

  void connection_ended();
  /// Counts what one request holds now; false when that is more than may be.
  [[nodiscard]] bool room_for_request(MemoryShare& share, std::size_t octets) const {
    share.set(octets);
    return *request_bytes + kept_from(octets) <= limits.request_bytes;
  }
  /// Whether one of this size would be taken now.
  [[nodiscard]] bool room_for_request(std::size_t octets) const {
    return *request_bytes + octets + kept_from(octets) <= limits.request_bytes;
  }
  [[nodiscard]] std::size_t kept_from(std::size_t octets) const {
    return octets > limits.small_request_bytes ? limits.request_bytes_kept : 0;
  }
  [[nodiscard]] bool short_of_answer_memory() const {
    return *answer_bytes > limits.answer_bytes - limits.answer_bytes / 4;
  }
  [[nodiscard]] bool out_of_answer_memory() const { return *answer_bytes > limits.answer_bytes; }
};

class Connection;
class IoThread;
class Parser;

/// One request on its way. Two own it: its connection's queue, and whoever owes the next piece (a Responder,
/// a Chunk, or the inbox that carries it home).
class Exchange {
 public:
  Exchange(std::shared_ptr<Connection> connection, std::shared_ptr<IoThread> home,
           std::shared_ptr<Shared> shared);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();
  /// Any thread: gives one reference and what was just stored in the exchange to its io thread.
  void hand_over();
  [[nodiscard]] static Chunk promise(Exchange& exchange);

  std::shared_ptr<Connection> connection;
  std::shared_ptr<IoThread> home;
  std::shared_ptr<Shared> shared;
  Exchange* next_given = nullptr;   ///< in an inbox or a batch
  Exchange* next_queued = nullptr;  ///< in the connection's queue
  std::atomic<bool> gone{false};    ///< the connection is closed
  const RouteMeter* meter = nullptr;
  std::int64_t started_ns = 0;

  // Written by whoever owes the answer, read at home after the hand-over.
  Response response;
  std::string piece;
  bool piece_last = false;
  bool piece_broken = false;
  enum class Given : std::uint8_t { nothing, answer, piece } given = Given::nothing;
  MemoryShare memory;  ///< of the answer's body or the piece

  // At home only.
  bool answered = false;
  bool head_written = false;
  bool asked = false;  ///< a chunk is promised
  bool piece_ready = false;
  bool interim = false;     ///< "100 Continue": no answer of its own
  bool keep_alive = true;   ///< as the client asked
  bool old_client = false;  ///< HTTP/1.0: cannot read chunks
  bool head_only = false;   ///< HEAD
  bool counted = false;     ///< in Shared::in_flight until answered
  std::size_t held = 0;     ///< octets of the answer, as counted in Connection::answers_held_
  Language language = Language::de;

 private:
  ~Exchange() = default;
  std::atomic<int> references_{1};
};

class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  explicit IoThread(std::shared_ptr<Shared> shared);
  ~IoThread();

  void run();
  /// Any thread. Takes the references of the chain `first` … `last` (linked by next_given).
  void push(Exchange* first, Exchange* last);
  /// Any thread.
  void after(std::int64_t delay_ms, Task task);
  /// Here, from a new socket that is already counted.
  void adopt(Socket socket);
  /// Here: answers what was asked, takes nothing new.
  void begin_drain();
  /// Here: closes everything; run() then returns.
  void end_now();

  static thread_local IoThread* current;
  [[nodiscard]] bool here() const { return current == this; }

  /// Everything that runs in this thread does so within a turn; at its end all touched connections send.
  class Turn {
   public:
    explicit Turn(IoThread& thread);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    IoThread& thread_;
  };

  asio::io_context context{1};
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Connection>> connections;
  std::vector<std::shared_ptr<Connection>> touched;
  std::vector<char> scratch;  ///< what was just received
  std::string spare;          ///< an answer buffer that connections take turns with
  std::int64_t now_ms = 0;    ///< of the present turn
  std::string date;           ///< "Date: …" of the present second
  bool draining = false;
  bool ended = false;
  void deliver(Exchange* exchange);

 private:
  void drain_inbox();
  void tick();
  void set_date();
  void arm_timer();
  void run_timers();

  std::atomic<Exchange*> inbox_{nullptr};
  std::optional<asio::executor_work_guard<Executor>> guard_;
  asio::steady_timer ticker_;
  asio::steady_timer timer_;
  int turns_ = 0;
  SystemClock clock_;
  std::int64_t date_s_ = 0;
  std::mutex timers_mutex_;
  std::multimap<std::int64_t, Task> timers_;  ///< by the time they are due
  bool timers_ended_ = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, std::shared_ptr<IoThread> home);
  ~Connection();

  void start();
  /// An answer or a chunk has come home; its reference is ours now.
  void given(Exchange* exchange);
  /// Writes what can be written.
  void flush();
  /// Closes at once.
  void kill();
  /// The same, and what the client has not taken is forgotten.
  void cut_off();
  void tick(std::int64_t now_ms);
  void begin_drain();
  [[nodiscard]] bool closed() const { return closed_; }

  std::size_t index = 0;  ///< in IoThread::connections
  bool is_touched = false;

 private:
  enum class Phase : std::uint8_t { idle, header, body, lingering };

  asio::awaitable<void, Executor> converse();
  void resume_reading();
  /// Receives and parses; false = stop reading (ended, paused or closed).
  bool on_readable();
  void on_end_of_input();
  void parse(std::string_view bytes);
  std::size_t parse_some(std::string_view bytes, bool& wants_more);
  bool on_header();
  void on_request();
  /// Counts `pending_`; refuses what there is no memory for.
  void hold_pending();
  void drop_input();
  [[nodiscard]] bool body_is_late(std::int64_t now_ms) const;
  void refuse(int status);
  void refuse_parser(const boost::system::error_code& error);
  void enqueue_answer(Response response, Language language);
  Exchange* enqueue();
  void pop();
  void fill();
  void write_head(Exchange& exchange);
  void write_piece(Exchange& exchange);
  [[nodiscard]] bool paused() const;
  [[nodiscard]] std::size_t unsent() const { return out_.size() - out_at_; }
  [[nodiscard]] std::int64_t write_ms() const;
  void set_phase(Phase phase);
  void finish();
  void wait_writable();

  std::shared_ptr<IoThread> home_;  ///< owns what the socket lives on, so it goes after it
  Socket socket_;
  Shared& shared_;
  std::string peer_;

  // Reading.
  std::unique_ptr<Parser> parser_;
  std::string pending_;  ///< received, not parsed yet
  MemoryShare pending_memory_;
  Phase phase_ = Phase::idle;
  std::int64_t read_deadline_ms_ = 0;
  bool reading_ = false;  ///< the coroutine runs
  bool no_more_ = false;  ///< nothing further is read as a request
  bool end_of_input_ = false;

  // Answering.
  Exchange* first_ = nullptr;
  Exchange* last_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t answers_held_ = 0;  ///< octets of answers that wait in the queue
  std::string out_;
  std::size_t out_at_ = 0;
  MemoryShare out_memory_;
  bool filling_ = false;
  bool write_waits_ = false;
  std::int64_t write_deadline_ms_ = 0;
  std::size_t write_progress_ = 0;
  bool closed_ = false;
};

}  // namespace geleit::http
