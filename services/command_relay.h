// The command port of a process without the role intake (`--intake URL`): what is sent to it is handed on to
// an intake, and that one's answer is handed back as it is. Where several intakes are named, the next one is
// taken when one does not answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/http/router.h"
#include "services/http_client.h"

namespace geleit {

/// Connections to the intake. Requests of one client go through the same one, so that they keep their order.
inline constexpr std::size_t relay_connections = 4;
/// Requests that may wait for one of these connections; beyond, they are refused.
inline constexpr std::size_t relay_queue_max = 2'048;
/// Sent on one connection before their answers are awaited.
inline constexpr std::size_t relay_ahead_max = 32;

class CommandRelay {
 public:
  explicit CommandRelay(std::vector<ServerUrl> intakes);
  /// Whoever waits still is answered 503.
  ~CommandRelay();
  CommandRelay(const CommandRelay&) = delete;
  CommandRelay& operator=(const CommandRelay&) = delete;

  /// Any thread; does not block.
  void take(http::Request request, http::Responder responder);
  /// What was not handed on yet is answered 503, and nothing is taken any more. Any thread.
  void give_up();

 private:
  struct Asked {
    http::Request request;
    http::Responder responder;
  };
  struct Line {
    std::mutex mutex;  // guards the two below
    std::condition_variable given;
    std::deque<Asked> queue;
    bool ending = false;
    std::thread thread;
  };

  void run(Line& line);
  void hand_on(HttpClient& client, std::vector<Asked>& asked);

  std::vector<ServerUrl> intakes_;
  std::atomic<std::size_t> now_ = 0;  // which of them is asked, modulo their number
  std::vector<std::unique_ptr<Line>> lines_;
};

/// Adds POST /v1/commands. The relay outlives the router.
void add_relay_routes(http::Router& router, CommandRelay& relay);

}  // namespace geleit
