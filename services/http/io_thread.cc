#include <time.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdio>

#include "events/thread_name.h"
#include "services/http/connection.h"

namespace geleit::http {

namespace {

using ErrorCode = boost::system::error_code;

constexpr std::size_t scratch_bytes = 256 * 1024;
/// How often timeouts are looked after; they may be late by this much.
constexpr std::int64_t tick_ms = 250;

/// The inbox of a thread that has ended.
Exchange* const closed_inbox = reinterpret_cast<Exchange*>(std::uintptr_t{1});

}  // namespace

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
  name_thread("http");
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

}  // namespace geleit::http
