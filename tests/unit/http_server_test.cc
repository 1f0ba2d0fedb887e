#include "services/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "services/http/problem.h"
#include "services/http/router.h"

namespace geleit::http {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(SentByAnotherSite, IsShownByANameThatIsNotThisMachines) {
  const auto shown = [](std::vector<std::pair<std::string, std::string>> headers) {
    return std::string(
        sent_by_another_site(*Request::make(Method::get, "/", std::move(headers))).value_or(""));
  };
  for (const char* host :
       {"localhost", "localhost:8480", "127.0.0.1:8480", "127.0.0.1", "[::1]:8480", "[::1]"}) {
    EXPECT_EQ(shown({{"Host", host}}), "") << host;
    EXPECT_EQ(shown({{"Host", host}, {"Origin", "http://" + std::string(host)}}), "") << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8480", "localhost.evil.example", "127.0.0.1.evil", ""})
    EXPECT_EQ(shown({{"Host", host}}), "Host") << host;
  for (const char* origin :
       {"null", "http://evil.example", "https://localhost", "http://127.0.0.1@evil.example"})
    EXPECT_EQ(shown({{"Host", "localhost"}, {"Origin", origin}}), "Origin") << origin;
}

/// A client that sends exactly the bytes it is told.
class Raw {
 public:
  explicit Raw(const Endpoint& at, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(at.port);
    ::inet_pton(AF_INET, at.host.c_str(), &address.sin_addr);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Raw() { close(); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  /// False once the server takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Reads until `wanted` has been seen (left in the buffer), the peer closes or the time is over.
  bool see(std::string_view wanted, std::chrono::milliseconds patience = 10s) {
    const auto end = Clock::now() + patience;
    while (got_.find(wanted) == std::string::npos) {
      if (!receive(end)) return false;
    }
    return true;
  }
  /// Everything until the peer closes; `closed` says whether it did.
  std::string rest(std::chrono::milliseconds patience = 10s) {
    const auto end = Clock::now() + patience;
    while (receive(end)) {}
    return std::exchange(got_, {});
  }
  /// One answer with a length; its head and body apart.
  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
  };
  Answer answer(bool head_only = false) {
    Answer answer;
    if (!see("\r\n\r\n")) return answer;
    const std::size_t end = got_.find("\r\n\r\n") + 4;
    answer.head = got_.substr(0, end);
    answer.status = std::stoi(answer.head.substr(9, 3));
    got_.erase(0, end);
    const std::size_t length_at = answer.head.find("Content-Length: ");
    if (length_at == std::string::npos || head_only) return answer;
    const std::size_t length = std::stoul(answer.head.substr(length_at + 16));
    const auto limit = Clock::now() + 10s;
    while (got_.size() < length && receive(limit)) {}
    answer.body = got_.substr(0, length);
    got_.erase(0, length);
    return answer;
  }
  [[nodiscard]] const std::string& got() const { return got_; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  bool receive(Clock::time_point end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waits{fd_, POLLIN, 0};
    if (left <= 0 || ::poll(&waits, 1, static_cast<int>(left)) <= 0) return false;
    char bytes[65536];
    const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) {
      closed_ = true;
      return false;
    }
    got_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  int fd_;
  std::string got_;
  bool closed_ = false;
};

/// Responders that wait until the test completes them, by a name the request gives.
class Held {
 public:
  void keep(Responder responder) {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(responder));
    changed_.notify_all();
  }
  std::vector<Responder> take(std::size_t wanted) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return held_.size() >= wanted; }));
    return std::exchange(held_, {});
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Responder> held_;
};

class HttpServer : public testing::Test {
 protected:
  HttpServer() {
    router.add(Method::get, "/hello/{name}", [](Request request, Responder responder) {
      responder.answer(Response::json("\"" + std::string(request.parameter("name")) + "\""));
    });
    router.add(Method::post, "/echo", [](Request request, Responder responder) {
      responder.answer(Response::json(std::string(request.body())));
    });
    router.add(
        Method::post, "/small",
        [](Request request, Responder responder) {
          responder.answer(Response::json(std::string(request.body())));
        },
        10);
    router.add(Method::post, "/thread", [this](Request request, Responder responder) {
      const std::lock_guard lock(threads_mutex);
      threads.emplace_back([request = std::move(request), responder = std::move(responder)]() mutable {
        responder.answer(Response::json(std::string(request.body())));
      });
    });
    router.add(Method::get, "/held",
               [this](Request, Responder responder) { held.keep(std::move(responder)); });
    router.add(Method::get, "/dropped", [](Request, Responder) {});
    router.add(Method::get, "/throws", [](Request, Responder) { throw std::runtime_error("oh"); });
    router.add(Method::get, "/later", [this](Request, Responder responder) {
      server->after(30ms,
                    [responder = std::move(responder)]() mutable { responder.answer(Response::json("1")); });
    });
    router.add(Method::get, "/numbers", [](Request request, Responder responder) {
      Response response;
      response.content_type = content::ndjson;
      response.body = "0\n";
      const int count = std::stoi(std::string(request.query("count").value_or("3")));
      response.source = [i = 0, count](Chunk chunk) mutable {
        ++i;
        std::string line = std::to_string(i) + "\n";
        if (i < count) {
          chunk.more(std::move(line));
        } else {
          chunk.end(std::move(line));
        }
      };
      responder.answer(std::move(response));
    });
    router.add(Method::get, "/flood", [this](Request, Responder responder) {
      Response response;
      response.source = [this](Chunk chunk) {
        ++flooded;
        chunk.more(std::string(64 * 1024, 'x'));
      };
      responder.answer(std::move(response));
    });
    router.add(Method::get, "/large", [](Request, Responder responder) {
      responder.answer(Response::json(std::string(2 << 20, 'x')));
    });
    router.add(Method::get, "/broken", [](Request, Responder responder) {
      Response response;
      response.body = "half";
      response.source = [](Chunk) {};
      responder.answer(std::move(response));
    });
    router.add(Method::get, "/events", [this](Request, Responder responder) {
      Response response;
      response.content_type = content::events;
      response.until_closed = true;
      response.source = [this](Chunk chunk) {
        const std::lock_guard lock(chunks_mutex);
        chunks.push_back(std::move(chunk));
        chunks_changed.notify_all();
      };
      responder.answer(std::move(response));
    });
  }
  ~HttpServer() override {
    server.reset();
    const std::lock_guard lock(threads_mutex);
    for (auto& thread : threads) thread.join();
  }

  void start(const Limits& limits = {}, int io_threads = 2) {
    ServerOptions options;
    options.limits = limits;
    options.io_threads = io_threads;
    options.metrics = &metrics;
    server.emplace(options, router);
  }
  [[nodiscard]] double gauge(const std::string& name) {
    const std::string text = metrics.text();
    const std::size_t at = text.find("\n" + name + ' ');
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
  [[nodiscard]] Raw client() { return Raw(server->endpoint()); }
  Chunk take_chunk() {
    std::unique_lock lock(chunks_mutex);
    EXPECT_TRUE(chunks_changed.wait_for(lock, 10s, [&] { return !chunks.empty(); }));
    Chunk chunk = std::move(chunks.back());
    chunks.pop_back();
    return chunk;
  }
  static std::string get(std::string_view target, std::string_view more = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
  }
  static std::string post(std::string_view target, std::string_view body) {
    return "POST " + std::string(target) +
           " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
  }

  Metrics metrics;
  Router router{&metrics};
  Held held;
  std::mutex threads_mutex;
  std::vector<std::thread> threads;
  std::mutex chunks_mutex;
  std::condition_variable chunks_changed;
  std::vector<Chunk> chunks;
  std::atomic<int> flooded{0};
  std::optional<Server> server;
};

TEST_F(HttpServer, AnswersAndKeepsTheConnection) {
  start();
  Raw raw = client();
  for (int i = 0; i < 3; ++i) {
    raw.send(get("/hello/a%20b"));
    const auto answer = raw.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "\"a b\"");
    EXPECT_NE(answer.head.find("Date: "), std::string::npos);
    EXPECT_NE(answer.head.find("Cache-Control: no-store"), std::string::npos);
  }
  raw.send(get("/hello/x", "Connection: close\r\n"));
  EXPECT_NE(raw.rest().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(raw.closed());
}

TEST_F(HttpServer, AnswersFromAnotherThread) {
  start();
  Raw raw = client();
  raw.send(post("/thread", "hello"));
  EXPECT_EQ(raw.answer().body, "hello");
}

TEST_F(HttpServer, PipelinedAnswersKeepTheOrderOfTheRequests) {
  start();
  Raw raw = client();
  raw.send(get("/held") + get("/hello/2") + get("/held") + get("/hello/4"));
  auto waiting = held.take(2);
  ASSERT_EQ(waiting.size(), 2U);
  // The later one first: nothing may leave before the earlier one is there.
  waiting[1].answer(Response::json("3"));
  EXPECT_FALSE(raw.see("HTTP", 100ms));
  waiting[0].answer(Response::json("1"));
  EXPECT_EQ(raw.answer().body, "1");
  EXPECT_EQ(raw.answer().body, "\"2\"");
  EXPECT_EQ(raw.answer().body, "3");
  EXPECT_EQ(raw.answer().body, "\"4\"");
}

TEST_F(HttpServer, ABatchOfAnswersReachesAllItsConnections) {
  start();
  std::vector<std::unique_ptr<Raw>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<Raw>(server->endpoint()));
    clients.back()->send(get("/held") + get("/held"));
  }
  std::vector<Responder> waiting;
  while (waiting.size() < 20) {
    for (auto& each : held.take(1)) waiting.push_back(std::move(each));
  }
  {
    const AnswerBatch together;
    for (auto& each : waiting) each.answer(Response::json("1"));
    EXPECT_FALSE(clients[0]->see("HTTP", 50ms)) << "held back until the batch ends";
  }
  for (auto& each : clients) {
    EXPECT_EQ(each->answer().body, "1");
    EXPECT_EQ(each->answer().body, "1");
  }
}

TEST_F(HttpServer, OneConnectionHasOnlySoManyRequestsInFlight) {
  Limits limits;
  limits.in_flight_per_connection = 4;
  start(limits);
  Raw raw = client();
  std::string many;
  for (int i = 0; i < 10; ++i) many += get("/held");
  raw.send(many);
  int answered = 0;
  while (answered < 10) {
    auto waiting = held.take(1);
    std::this_thread::sleep_for(20ms);
    EXPECT_LE(waiting.size() + held.size(), 4U);
    for (auto& each : waiting) {
      each.answer(Response::json("1"));
      EXPECT_EQ(raw.answer().status, 200);
      ++answered;
    }
  }
}

TEST_F(HttpServer, BytesMayComeOneAtATime) {
  start();
  Raw raw = client();
  for (const char c : post("/echo", "slow") + get("/hello/next")) {
    raw.send({&c, 1});
    std::this_thread::sleep_for(200us);
  }
  EXPECT_EQ(raw.answer().body, "slow");
  EXPECT_EQ(raw.answer().body, "\"next\"");
}

TEST_F(HttpServer, ChunkedBodiesAreReadWhole) {
  start();
  Raw raw = client();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: ignored\r\n\r\n";
  raw.send(request);
  EXPECT_EQ(raw.answer().body, "hello world");
  for (const char c : request) raw.send({&c, 1});
  EXPECT_EQ(raw.answer().body, "hello world");
}

TEST_F(HttpServer, BigBodiesGoBothWays) {
  start();
  Raw raw = client();
  std::string big(8 * 1024 * 1024, 'x');
  big.back() = 'y';
  std::thread sender([&] { raw.send(post("/echo", big)); });
  sender.join();
  EXPECT_EQ(raw.answer().body, big);
}

TEST_F(HttpServer, ABodyOverTheLimitIsRefusedBeforeItIsRead) {
  start();
  Raw raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nAccept-Language: en\r\nContent-Length: 16777217\r\n\r\n");
  const auto answer = raw.answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.head.find("application/problem+json"), std::string::npos);
  EXPECT_NE(answer.body.find("expected at most 16777216 bytes"), std::string::npos) << answer.body;
  raw.rest();
  EXPECT_TRUE(raw.closed());
}

TEST_F(HttpServer, AnEarlyRefusalReachesAClientThatStillSends) {
  start();
  Raw raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 20000000\r\n\r\n");
  // The server has answered and wants to close; what still comes must not wipe the answer out.
  std::this_thread::sleep_for(50ms);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(raw.send(std::string(10'000, 'x')));
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(raw.answer().status, 413);
}

TEST_F(HttpServer, ARouteMayLowerTheBodyLimit) {
  start();
  {
    Raw raw = client();
    raw.send(post("/small", "0123456789"));
    EXPECT_EQ(raw.answer().body, "0123456789");
    raw.send(post("/small", "0123456789a"));
    EXPECT_EQ(raw.answer().status, 413);
  }
  Raw raw = client();
  raw.send("POST /small HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\n");
  EXPECT_EQ(raw.answer().status, 413);
}

TEST_F(HttpServer, AnEndlessChunkedBodyIsCutOff) {
  Limits limits;
  limits.body_bytes = 100'000;
  start(limits);
  Raw raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) {
    if (!raw.send(chunk)) break;
  }
  EXPECT_EQ(raw.answer().status, 413);
}

TEST_F(HttpServer, AnEndlessChunkSizeLineIsCutOff) {
  start();
  Raw raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  raw.send(std::string(100'000, 'x'));
  EXPECT_EQ(raw.answer().status, 400);
}

TEST_F(HttpServer, AHeaderOverTheLimitIs431) {
  start();
  {
    Raw raw = client();
    raw.send("GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(20'000, 'x'));
    EXPECT_EQ(raw.answer().status, 431);
  }
  Raw raw = client();
  raw.send("GET /" + std::string(20'000, 'x'));
  EXPECT_EQ(raw.answer().status, 431);
}

TEST_F(HttpServer, MalformedRequestsAre400AndClose) {
  start();
  for (const char* bad :
       {"nonsense\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n", "GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : t\r\n\r\n", "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    Raw raw = client();
    raw.send(bad);
    const auto answer = raw.answer();
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_NE(answer.body.find("urn:geleit:problem:malformed"), std::string::npos) << bad;
    raw.rest();
    EXPECT_TRUE(raw.closed()) << bad;
  }
}

TEST_F(HttpServer, AnUnknownTransferCodingIsRefused) {
  start();
  for (const char* coding : {"gzip", "gzip, chunked", "identity"}) {
    Raw raw = client();
    raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: " + std::string(coding) + "\r\n\r\n");
    EXPECT_EQ(raw.answer().status, 501) << coding;
  }
}

TEST_F(HttpServer, BrokenUtf8InTheQueryNamesTheParameter) {
  start();
  Raw raw = client();
  raw.send(get("/hello/x?provider=%ff", "Accept-Language: en\r\n"));
  const auto answer = raw.answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("\"field\":\"provider\""), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("expected percent-encoded UTF-8, but"), std::string::npos) << answer.body;
}

TEST_F(HttpServer, HeadHasTheLengthButNoBody) {
  start();
  Raw raw = client();
  raw.send("HEAD /hello/abc HTTP/1.1\r\nHost: t\r\n\r\n" + get("/hello/d"));
  const auto head = raw.answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.head.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(raw.answer().body, "\"d\"");
  raw.send("HEAD /numbers HTTP/1.1\r\nHost: t\r\n\r\n" + get("/hello/e"));
  EXPECT_EQ(raw.answer(true).status, 200);
  EXPECT_EQ(raw.answer().body, "\"e\"");
}

TEST_F(HttpServer, OtherMethodsAre405AndOtherPathsAre404) {
  start();
  Raw raw = client();
  raw.send("DELETE /hello/x HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto other_method = raw.answer();
  EXPECT_EQ(other_method.status, 405);
  EXPECT_NE(other_method.head.find("Allow: GET, HEAD, OPTIONS\r\n"), std::string::npos) << other_method.head;
  raw.send("BREW /hello/x HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(raw.answer().status, 405);
  raw.send("OPTIONS /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto options = raw.answer();
  EXPECT_EQ(options.status, 204);
  EXPECT_NE(options.head.find("Allow: POST, OPTIONS\r\n"), std::string::npos) << options.head;
  for (const char* path : {"/", "/hello", "/hello/", "/hello/x/", "/hello/x/y", "/Hello/x"}) {
    raw.send(get(path));
    EXPECT_EQ(raw.answer().status, 404) << path;
  }
}

TEST_F(HttpServer, ContinueIsSaidWhenTheBodyIsWanted) {
  start();
  Raw raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(raw.see("HTTP/1.1 100 Continue\r\n\r\n"));
  raw.answer();
  raw.send("ok");
  EXPECT_EQ(raw.answer().body, "ok");
  raw.send("POST /small HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(raw.answer().status, 413);
}

TEST_F(HttpServer, OldClientsAreAnsweredAndClosed) {
  start();
  {
    Raw raw = client();
    raw.send("GET /hello/old HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(raw.rest().ends_with("\"old\""));
  }
  {
    Raw raw = client();
    raw.send("GET /numbers HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(raw.rest().ends_with("\r\n\r\n0\n1\n2\n3\n"));
  }
  Raw raw = client();
  raw.send("GET /hello/old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(raw.answer().head.find("Connection: keep-alive"), std::string::npos);
}

TEST_F(HttpServer, StreamsComeInChunks) {
  start();
  Raw raw = client();
  raw.send(get("/numbers") + get("/hello/after"));
  EXPECT_TRUE(raw.see("\r\n\r\n2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n2\r\n3\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(raw.see("\"after\""));
}

TEST_F(HttpServer, LongStreamsArriveWhole) {
  start();
  Raw raw = client();
  raw.send(get("/numbers?count=300000", "Connection: close\r\n"));
  const std::string all = raw.rest(60s);
  EXPECT_TRUE(all.ends_with("7\r\n300000\n\r\n0\r\n\r\n"));
}

TEST_F(HttpServer, ABrokenStreamIsSeenToBeIncomplete) {
  start();
  Raw raw = client();
  raw.send(get("/broken"));
  const std::string all = raw.rest();
  EXPECT_TRUE(all.ends_with("4\r\nhalf\r\n")) << all;
  EXPECT_TRUE(raw.closed());
}

TEST_F(HttpServer, EventsArePushedUntilTheClientGoes) {
  start();
  std::optional<Chunk> waiting;
  {
    Raw raw = client();
    raw.send(get("/events"));
    take_chunk().more("data: 1\n\n");
    EXPECT_TRUE(raw.see("data: 1"));
    waiting = take_chunk();
    EXPECT_FALSE(waiting->gone());
    raw.half_close();
    for (int i = 0; i < 500 && !waiting->gone(); ++i) std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(waiting->gone());
  waiting->more("data: 2\n\n");
}

TEST_F(HttpServer, AHalfClosedClientGetsItsAnswer) {
  start();
  Raw raw = client();
  raw.send(get("/held"));
  auto waiting = held.take(1);
  raw.half_close();
  std::this_thread::sleep_for(50ms);
  waiting.at(0).answer(Response::json("\"late\""));
  EXPECT_TRUE(raw.rest().ends_with("\"late\""));
}

TEST_F(HttpServer, ADroppedOrFailedRequestIs500) {
  start();
  Raw raw = client();
  raw.send(get("/dropped") + get("/throws") + get("/held"));
  EXPECT_EQ(raw.answer().status, 500);
  EXPECT_EQ(raw.answer().status, 500);
  std::thread([responders = held.take(1)]() mutable { responders.clear(); }).join();
  const auto answer = raw.answer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("urn:geleit:problem:internal"), std::string::npos);
}

TEST_F(HttpServer, AResponderAnswersOnlyOnce) {
  start();
  Raw raw = client();
  raw.send(get("/held"));
  auto waiting = held.take(1);
  waiting.at(0).answer(Response::json("1"));
  EXPECT_THROW(waiting.at(0).answer(Response::json("2")), std::logic_error);
  EXPECT_EQ(raw.answer().body, "1");
}

TEST_F(HttpServer, AnswersToClientsThatWentGoNowhere) {
  start();
  std::vector<Responder> waiting;
  {
    Raw raw = client();
    raw.send(get("/held"));
    waiting = held.take(1);
  }
  for (int i = 0; i < 50; ++i) std::this_thread::sleep_for(1ms);
  waiting.at(0).answer(Response::json("1"));
  Raw raw = client();
  raw.send(get("/hello/x"));
  EXPECT_EQ(raw.answer().status, 200);
}

TEST_F(HttpServer, TimersRunLater) {
  start();
  Raw raw = client();
  const auto begin = Clock::now();
  raw.send(get("/later"));
  EXPECT_EQ(raw.answer().body, "1");
  EXPECT_GE(Clock::now() - begin, 29ms);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> order;
  for (const int delay : {40, 10, 20}) {
    server->after(std::chrono::milliseconds(delay), [&, delay] {
      const std::lock_guard lock(mutex);
      order.push_back(delay);
      changed.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return order.size() == 3; }));
}

TEST_F(HttpServer, AHeaderThatDoesNotComeIs408) {
  Limits limits;
  limits.header_ms = 300;
  start(limits);
  Raw raw = client();
  const auto begin = Clock::now();
  for (const char c : std::string("GET /hello/x HTTP/1.1\r\nHost: a-very-long-name-that-never-ends")) {
    if (!raw.send({&c, 1}) || raw.see("HTTP", 30ms)) break;
  }
  EXPECT_EQ(raw.answer().status, 408);
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(HttpServer, ABodyThatDoesNotComeIs408) {
  Limits limits;
  limits.body_ms = 300;
  start(limits);
  Raw raw = client();
  raw.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\nhalf");
  EXPECT_EQ(raw.answer().status, 408);
  raw.rest();
  EXPECT_TRUE(raw.closed());
}

TEST_F(HttpServer, IdleConnectionsAreClosedButWaitingOnesAreNot) {
  Limits limits;
  limits.idle_ms = 300;
  start(limits);
  Raw idle = client();
  Raw waits = client();
  waits.send(get("/held"));
  auto waiting = held.take(1);
  EXPECT_EQ(idle.rest(5s), "");
  EXPECT_TRUE(idle.closed());
  std::this_thread::sleep_for(600ms);
  waiting.at(0).answer(Response::json("1"));
  EXPECT_EQ(waits.answer().body, "1");
}

TEST_F(HttpServer, AClientThatDoesNotReadIsCutOff) {
  Limits limits;
  limits.write_ms = 500;
  start(limits);
  Raw raw(server->endpoint(), 4096);
  raw.send(get("/flood"));
  const auto end = Clock::now() + 20s;
  const auto open = [&] { return metrics.text().find("geleit_http_connections 1") != std::string::npos; };
  for (int i = 0; i < 100 && !open(); ++i) std::this_thread::sleep_for(10ms);
  while (open() && Clock::now() < end) std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(open());
  // What is not taken is not made either.
  EXPECT_LT(flooded, 1000);
}

TEST_F(HttpServer, TooManyConnectionsAreTurnedAway) {
  Limits limits;
  limits.connections = 2;
  start(limits);
  Raw one = client();
  Raw two = client();
  one.send(get("/hello/1"));
  two.send(get("/hello/2"));
  EXPECT_EQ(one.answer().status, 200);
  EXPECT_EQ(two.answer().status, 200);
  Raw three = client();
  const std::string turned_away = three.rest();
  EXPECT_TRUE(turned_away.starts_with("HTTP/1.1 503")) << turned_away;
  EXPECT_NE(turned_away.find("Retry-After"), std::string::npos);
  one.close();
  for (int i = 0; i < 200; ++i) {
    Raw again = client();
    again.send(get("/hello/3"));
    if (again.answer().status == 200) return;
    std::this_thread::sleep_for(10ms);
  }
  FAIL() << "a closed connection leaves no room";
}

TEST_F(HttpServer, TooManyRequestsAre503WithRetryAfter) {
  Limits limits;
  limits.in_flight = 1;
  start(limits);
  Raw one = client();
  one.send(get("/held"));
  auto waiting = held.take(1);
  Raw two = client();
  two.send(get("/hello/x"));
  const auto refused = two.answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: "), std::string::npos);
  waiting.at(0).answer(Response::json("1"));
  EXPECT_EQ(one.answer().status, 200);
  two.send(get("/hello/x"));
  EXPECT_EQ(two.answer().status, 200);
}

TEST_F(HttpServer, RequestsInMemoryAreBoundedAndTheLastOfItIsForSmallOnes) {
  Limits limits;
  limits.request_bytes = 40'000;
  limits.request_bytes_kept = 10'000;
  limits.small_request_bytes = 1'000;
  start(limits);
  const auto unfinished = [](std::size_t octets) {
    return "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(octets + 1) + "\r\n\r\n" +
           std::string(octets, 'x');
  };
  const auto held_bytes = [&] { return gauge("geleit_http_request_bytes"); };
  Raw one = client();
  one.send(unfinished(25'000));
  for (int i = 0; i < 500 && held_bytes() < 25'000; ++i) std::this_thread::sleep_for(5ms);
  ASSERT_GE(held_bytes(), 25'000);
  ASSERT_LE(held_bytes(), 26'000);
  Raw two = client();
  two.send(post("/echo", std::string(10'000, 'y')));
  EXPECT_EQ(two.answer().status, 503);
  Raw small = client();
  small.send(post("/echo", std::string(200, 'y')));
  EXPECT_EQ(small.answer().status, 200);
  std::deque<Raw> many;
  for (int i = 0; i < 30; ++i) {
    many.emplace_back(server->endpoint());
    many.back().send(unfinished(800));
  }
  for (int i = 0; i < 500 && held_bytes() < 39'000; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_LE(held_bytes(), 41'000);
  Raw none = client();
  none.send(post("/echo", std::string(900, 'y')));
  EXPECT_EQ(none.answer().status, 503);
  one.send("x");
  EXPECT_EQ(one.answer().status, 200);
  Raw three = client();
  three.send(post("/echo", std::string(10'000, 'y')));
  EXPECT_EQ(three.answer().status, 200);
}

TEST_F(HttpServer, ABodyThatTricklesIs408) {
  Limits limits;
  limits.header_ms = 300;
  limits.body_bytes_per_s = 1'000;
  start(limits);
  Raw slow = client(), steady = client();
  const auto begin = Clock::now();
  for (Raw* raw : {&slow, &steady})
    raw->send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10000\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    steady.send(std::string(500, 's'));
    if (i < 4) slow.send("x");
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(slow.answer().status, 408);
  EXPECT_EQ(steady.answer().status, 200);
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(HttpServer, AnswersThatAreNotTakenAreBoundedAndTheirClientsCutOff) {
  Limits limits;
  limits.answer_bytes = 20 << 20;
  limits.write_ms_when_short = 300;
  start(limits);
  std::deque<Raw> deaf;
  for (int i = 0; i < 24; ++i) {
    deaf.emplace_back(server->endpoint(), 4096);
    for (int k = 0; k < 64; ++k) deaf.back().send(get("/large"));
  }
  double most = 0;
  const auto counted = [&] { return metrics.text().find("cause=\"answer_memory\"} 0") == std::string::npos; };
  const auto end = Clock::now() + 10s;
  bool refused = false;
  while (!refused && Clock::now() < end) {
    most = std::max(most, gauge("geleit_http_answer_bytes"));
    Raw other = client();
    other.send(get("/hello/x"));
    // Where all is slow the deaf may have been cut off again before anybody else asks.
    refused = other.answer().status == 503 || counted();
  }
  EXPECT_TRUE(refused && counted());
  bool served = false;
  while (!served && Clock::now() < end) {
    most = std::max(most, gauge("geleit_http_answer_bytes"));
    Raw other = client();
    other.send(get("/hello/x"));
    served = other.answer().status == 200;
  }
  EXPECT_TRUE(served);
  // Two threads may each be filling one when the bound is met.
  EXPECT_LT(most, 30 << 20);
  EXPECT_EQ(metrics.text().find("cause=\"timeout\"} 0"), std::string::npos);
}

TEST_F(HttpServer, AnswersAreCountedByRoute) {
  start();
  Raw raw = client();
  raw.send(get("/hello/1") + get("/hello/2") + get("/nowhere"));
  for (int i = 0; i < 3; ++i) raw.answer();
  const std::string text = metrics.text();
  EXPECT_NE(text.find(R"(geleit_http_requests_total{method="GET",route="/hello/{name}",status="2xx"} 2)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(geleit_http_requests_total{method="any",route="none",status="4xx"} 1)"),
            std::string::npos);
  EXPECT_NE(text.find(R"(geleit_http_request_seconds_count{method="GET",route="/hello/{name}"} 2)"),
            std::string::npos);
}

TEST_F(HttpServer, StopAnswersWhatIsInFlightAndTakesNothingNew) {
  start();
  Raw idle = client();
  idle.send(get("/hello/x"));
  EXPECT_EQ(idle.answer().status, 200);
  Raw busy = client();
  busy.send(get("/held") + get("/held"));
  auto waiting = held.take(1);
  while (waiting.size() < 2) {
    for (auto& each : held.take(1)) waiting.push_back(std::move(each));
  }
  std::thread stopper([&] { server->stop(20s); });
  EXPECT_EQ(idle.rest(), "");
  EXPECT_TRUE(idle.closed());
  waiting.at(0).answer(Response::json("1"));
  const auto first = busy.answer();
  EXPECT_EQ(first.body, "1");
  EXPECT_EQ(first.head.find("Connection: close"), std::string::npos) << "one more is to come";
  waiting.at(1).answer(Response::json("2"));
  const auto second = busy.answer();
  EXPECT_EQ(second.body, "2");
  EXPECT_NE(second.head.find("Connection: close"), std::string::npos);
  busy.close();
  const auto begin = Clock::now();
  stopper.join();
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(HttpServer, StopEndsAtItsDeadline) {
  start();
  Raw raw = client();
  raw.send(get("/held"));
  auto waiting = held.take(1);
  const auto begin = Clock::now();
  server->stop(200ms);
  EXPECT_GE(Clock::now() - begin, 190ms);
  EXPECT_LT(Clock::now() - begin, 10s);
  EXPECT_EQ(raw.rest(), "");
  EXPECT_TRUE(waiting.at(0).gone());
  waiting.at(0).answer(Response::json("1"));
}

TEST_F(HttpServer, ASecondStopEndsTheFirstAtOnce) {
  start();
  Raw raw = client();
  raw.send(get("/held"));
  auto waiting = held.take(1);
  const auto begin = Clock::now();
  std::thread first([&] { server->stop(60s); });
  std::this_thread::sleep_for(100ms);
  server->stop(60s);
  first.join();
  EXPECT_LT(Clock::now() - begin, 10s);
}

TEST_F(HttpServer, StoppedServersForgetTimersAndLateAnswers) {
  start();
  auto owned = std::make_shared<int>(1);
  server->after(1h, [owned] {});
  Raw raw = client();
  raw.send(get("/later") + get("/held"));
  auto waiting = held.take(1);
  server.reset();
  EXPECT_EQ(owned.use_count(), 1);
  waiting.clear();
}

TEST_F(HttpServer, ATakenPortIsSaidClearly) {
  start();
  ServerOptions options;
  options.listen = server->endpoint();
  try {
    Server second(options, router);
    FAIL() << "two servers on one port";
  } catch (const CannotListen& refused) {
    EXPECT_NE(std::string(refused.what()).find(to_string(options.listen)), std::string::npos)
        << refused.what();
  }
}

TEST_F(HttpServer, ManyClientsAndThreadsAtOnce) {
  start();
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([this, c] {
      for (int round = 0; round < 10; ++round) {
        Raw raw = client();
        std::string many;
        for (int i = 0; i < 20; ++i) {
          const std::string body = std::to_string(c) + "-" + std::to_string(i);
          many += post(i % 4 == 0 ? "/thread" : "/echo", body);
        }
        raw.send(many);
        // Some leave early.
        const int wanted = round % 3 == 0 ? 7 : 20;
        for (int i = 0; i < wanted; ++i)
          EXPECT_EQ(raw.answer().body, std::to_string(c) + "-" + std::to_string(i));
      }
    });
  }
  for (auto& each : clients) each.join();
}

}  // namespace
}  // namespace geleit::http
