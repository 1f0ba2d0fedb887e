// How many small requests the listener answers: echo, completed in the io thread itself, and from another
// thread that completes what has gathered in one go (as a group commit does).
//   http_bench [seconds] [connections]      drives itself with wrk, where that is installed
//   http_bench serve [port]                 only serves /inline and /foreign, for any other load generator
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/http/router.h"
#include "services/http/server.h"

namespace {

using namespace geleit::http;

/// Gathers requests while it completes the ones before.
class Batcher {
 public:
  Batcher() : thread_([this] { run(); }) {}
  ~Batcher() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void add(Request request, Responder responder) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = waiting_.empty();
      waiting_.emplace_back(std::move(request), std::move(responder));
    }
    if (first) changed_.notify_one();
  }

 private:
  void run() {
    std::vector<std::pair<Request, Responder>> taken;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        taken.swap(waiting_);
      }
      const AnswerBatch together;
      for (auto& [request, responder] : taken) responder.answer(Response::json(std::string(request.body())));
      taken.clear();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Request, Responder>> waiting_;
  bool ended_ = false;
  std::thread thread_;
};

void run_wrk(const Endpoint& endpoint, const char* path, const char* seconds, const char* connections,
             int depth) {
  char script[] = "/tmp/http_bench_XXXXXX";
  const int fd = ::mkstemp(script);
  if (fd < 0) return;
  ::close(fd);
  std::ofstream(script) << "function init()\n  local one = wrk.format(\"POST\", \"" << path
                        << "\", {[\"Content-Type\"] = \"application/json\"}, string.rep(\"x\", 300))\n"
                           "  many = string.rep(one, "
                        << depth << ")\nend\nfunction request() return many end\n";
  std::printf("\n%s, %s connections, %d pipelined\n", path, connections, depth);
  std::fflush(stdout);
  const std::string url = "http://" + to_string(endpoint) + path;
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("wrk", "wrk", "-t1", "-c", connections, "-d", seconds, "--latency", "-s", script, url.c_str(),
             nullptr);
    std::perror("wrk");
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::unlink(script);
}

}  // namespace

int main(int argc, char** argv) {
  Router router;
  Batcher batcher;
  router.add(Method::post, "/inline", [](Request request, Responder responder) {
    responder.answer(Response::json(std::string(request.body())));
  });
  router.add(Method::post, "/foreign", [&](Request request, Responder responder) {
    batcher.add(std::move(request), std::move(responder));
  });
  ServerOptions options;
  const bool serve = argc > 1 && std::string(argv[1]) == "serve";
  if (serve && argc > 2) options.listen.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  Server server(options, router);
  if (serve) {
    std::printf("%s\n", to_string(server.endpoint()).c_str());
    std::fflush(stdout);
    ::pause();
    return 0;
  }
  const char* seconds = argc > 1 ? argv[1] : "5";
  const char* connections = argc > 2 ? argv[2] : "64";
  for (const int depth : {1, 16}) {
    for (const char* path : {"/inline", "/foreign"})
      run_wrk(server.endpoint(), path, seconds, connections, depth);
  }
}
