#include "services/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "services/http/router.h"
#include "services/http/server.h"

namespace geleit {
namespace {

using namespace std::chrono_literals;

class Client : public testing::Test {
 protected:
  Client() {
    router.add(http::Method::post, "/echo", [](http::Request request, http::Responder responder) {
      responder.answer(http::Response::json(std::string(request.body())));
    });
    router.add(http::Method::get, "/count", [this](http::Request, http::Responder responder) {
      responder.answer(http::Response::json(std::to_string(++asked)));
    });
    router.add(http::Method::get, "/query", [](http::Request request, http::Responder responder) {
      responder.answer(http::Response::json(std::string(request.query("x").value_or("none"))));
    });
    router.add(http::Method::get, "/lines", [](http::Request request, http::Responder responder) {
      const int count = std::stoi(std::string(request.query("count").value_or("1")));
      http::Response response;
      response.content_type = http::content::ndjson;
      response.source = [i = 0, count](http::Chunk chunk) mutable {
        std::string line = "{\"line\":" + std::to_string(i) + "}\n";
        if (++i < count) {
          chunk.more(std::move(line));
        } else {
          chunk.end(std::move(line));
        }
      };
      responder.answer(std::move(response));
    });
    router.add(http::Method::get, "/broken", [](http::Request, http::Responder responder) {
      http::Response response;
      response.body = "half";
      response.source = [](http::Chunk) {};
      responder.answer(std::move(response));
    });
    router.add(http::Method::get, "/silent", [this](http::Request, http::Responder responder) {
      server->after(2s, [responder = std::move(responder)]() mutable { responder.answer({}); });
    });
    start({});
  }
  void start(const http::Limits& limits) {
    server.reset();
    http::ServerOptions options;
    options.limits = limits;
    server.emplace(options, router);
  }
  [[nodiscard]] ServerUrl url(std::string prefix = {}) const {
    return {server->endpoint().host, server->endpoint().port, std::move(prefix)};
  }

  std::atomic<int> asked{0};
  http::Router router;
  std::optional<http::Server> server;
};

TEST_F(Client, GetsAndPostsOverOneConnection) {
  HttpClient client(url());
  const auto first = client.get("/count");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "1");
  EXPECT_EQ(first.header("content-TYPE"), "application/json");
  EXPECT_EQ(client.post("/echo", "application/json", "{\"a\":1}").body, "{\"a\":1}");
  EXPECT_EQ(client.post("/echo", "application/json", "").status, 200);
  const auto missing = client.get("/nowhere", {{"Accept-Language", "en"}});
  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.body.find("expected a path"), std::string::npos);
}

TEST_F(Client, SendsAheadAndReceivesInOrder) {
  HttpClient client(url());
  for (int i = 0; i < 5; ++i) client.send("POST", "/echo", {}, std::to_string(i));
  EXPECT_EQ(client.pending(), 5U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.receive().body, std::to_string(i));
  EXPECT_EQ(client.pending(), 0U);
  EXPECT_THROW(client.receive(), std::logic_error);
}

TEST_F(Client, BigBodiesGoBothWays) {
  HttpClient client(url());
  const std::string big(9'000'000, 'x');
  EXPECT_EQ(client.post("/echo", "text/plain", big).body, big);
}

TEST_F(Client, AnEarlyRefusalIsReadAlthoughTheBodyWasNotTaken) {
  HttpClient client(url());
  EXPECT_EQ(client.post("/echo", "text/plain", std::string(40'000'000, 'x')).status, 413);
  EXPECT_EQ(client.post("/echo", "text/plain", "again").body, "again");
}

TEST_F(Client, StreamsLineByLine) {
  HttpClient client(url());
  std::vector<std::string> lines;
  LineSplitter splitter([&](std::string_view line) { lines.emplace_back(line); });
  const auto response = client.get_streamed("/lines?count=50000", {}, [&](std::string_view piece) {
    splitter.add(piece);
    return true;
  });
  splitter.finish();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  ASSERT_EQ(lines.size(), 50'000U);
  EXPECT_EQ(lines.back(), "{\"line\":49999}");
  EXPECT_EQ(client.get_streamed("/nowhere", {}, [](std::string_view) { return true; }).status, 404);
  EXPECT_EQ(client.get("/count").status, 200);
}

TEST_F(Client, AStreamMayBeBrokenOff) {
  HttpClient client(url());
  int pieces = 0;
  (void)client.get_streamed("/lines?count=1000000", {}, [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(client.get("/count").status, 200);
}

TEST_F(Client, ABrokenAnswerIsUnavailable) {
  HttpClient client(url());
  EXPECT_THROW(client.get("/broken"), ServerUnavailable);
  EXPECT_EQ(client.get("/count").status, 200);
}

TEST_F(Client, SilenceIsUnavailable) {
  HttpClient client(url(), {1s, 200ms});
  try {
    (void)client.get("/silent");
    FAIL() << "nothing came in time";
  } catch (const ServerUnavailable& what) {
    EXPECT_NE(std::string(what.what()).find("no sign of life in time"), std::string::npos) << what.what();
  }
}

TEST_F(Client, NobodyThereIsUnavailableAndSaysWhere) {
  const ServerUrl gone = url();
  server.reset();
  HttpClient client(gone);
  try {
    (void)client.get("/count");
    FAIL() << "nobody listens";
  } catch (const ServerUnavailable& what) {
    EXPECT_NE(std::string(what.what()).find(to_string(gone)), std::string::npos) << what.what();
  }
  HttpClient nowhere({"no-such-host.invalid", 80, {}});
  EXPECT_THROW(nowhere.get("/"), ServerUnavailable);
}

TEST_F(Client, AKeptConnectionThatWasClosedIsOpenedAgainForAGet) {
  http::Limits limits;
  limits.idle_ms = 100;
  start(limits);
  HttpClient client(url());
  EXPECT_EQ(client.get("/count").body, "1");
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(client.get("/count").body, "2");
}

TEST_F(Client, ThePrefixStandsBeforeEveryPath) {
  router.add(http::Method::get, "/geleit/count", [](http::Request, http::Responder responder) {
    responder.answer(http::Response::json("prefixed"));
  });
  start({});
  HttpClient client(url("/geleit"));
  EXPECT_EQ(client.get("/count").body, "prefixed");
}

TEST_F(Client, PercentEncodingSurvivesTheWay) {
  HttpClient client(url());
  const std::string odd = "a+b c&d=ü/%?#\"";
  EXPECT_EQ(client.get("/query?x=" + percent_encode(odd)).body, odd);
}

TEST(ServerUrl, IsHttpHostPortAndPrefix) {
  EXPECT_EQ(parse_server_url("http://127.0.0.1:8480"), (ServerUrl{"127.0.0.1", 8480, ""}));
  EXPECT_EQ(parse_server_url("HTTP://geleit.example/"), (ServerUrl{"geleit.example", 80, ""}));
  EXPECT_EQ(parse_server_url("localhost:1/geleit/"), (ServerUrl{"localhost", 1, "/geleit"}));
  EXPECT_EQ(parse_server_url("http://[::1]:8480/a/b"), (ServerUrl{"::1", 8480, "/a/b"}));
  EXPECT_EQ(to_string(ServerUrl{"::1", 8480, "/a"}), "http://[::1]:8480/a");
  for (const char* wrong : {"", "http://", "https://host", "ftp://host", "http://host:0", "http://host:x",
                            "http://host:", "http://me@host", "http://host?x=1", "http://host#x",
                            "http://[::1", "http://[::1]x", "http://:80", "http://ho st"}) {
    EXPECT_FALSE(parse_server_url(wrong)) << wrong;
  }
}

TEST(LineSplitter, JoinsWhatWasTorn) {
  std::vector<std::string> lines;
  LineSplitter splitter([&](std::string_view line) { lines.emplace_back(line); });
  for (const char* piece : {"a", "b\ncd\n", "", "\ne", "f"}) splitter.add(piece);
  splitter.finish();
  splitter.finish();
  EXPECT_EQ(lines, (std::vector<std::string>{"ab", "cd", "", "ef"}));
}

}  // namespace
}  // namespace geleit
