// Responder, Chunk and AnswerBatch: how what is given in any thread finds its io thread.
#include <stdexcept>

#include "services/http/connection.h"
#include "services/http/problem.h"

namespace geleit::http {

namespace {

/// Exchanges that this thread holds back while an AnswerBatch lives.
struct Batch {
  int depth = 0;
  std::vector<Exchange*> held;
};
thread_local Batch batch;

Response internal_error(Language language) {
  return problem_response(ProblemKind::internal, language,
                          std::string(in(language, "Die Anfrage konnte nicht beantwortet werden",
                                         "The request could not be answered")));
}

}  // namespace

void Shared::connection_ended() {
  if (connections.fetch_sub(1) == 1) {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }
}

Exchange::Exchange(std::shared_ptr<Connection> its_connection, std::shared_ptr<IoThread> its_home,
                   std::shared_ptr<Shared> its_shared)
    : connection(std::move(its_connection)), home(std::move(its_home)), shared(std::move(its_shared)) {
  memory.of(shared->answer_bytes);
}

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
  exchange->memory.set(octets_of(exchange->piece));
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
  exchange->memory.set(octets_of(exchange->response.body));
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

}  // namespace geleit::http
