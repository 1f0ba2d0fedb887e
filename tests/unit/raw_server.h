// Servers of a test that answer whatever the test says, wrong things above all. Each listens on a port of its
// own of this machine; one conversation after the other.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace geleit {

class RawServer {
 public:
  /// One end of a connection.
  class Peer {
   public:
    Peer(int fd, const std::atomic<bool>& ending) : fd_(fd), ending_(ending) {}
    void send(std::string_view bytes) const {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
    /// Up to and with `end`; nothing when the other one closes first.
    std::optional<std::string> read_to(std::string_view end) {
      std::size_t at;
      while ((at = read_.find(end)) == std::string::npos) {
        if (!read_some()) return std::nullopt;
      }
      return take(at + end.size());
    }
    std::optional<std::string> read(std::size_t size) {
      while (read_.size() < size) {
        if (!read_some()) return std::nullopt;
      }
      return take(size);
    }
    /// Says nothing until the other one closes.
    void hang() {
      while (read_some()) {}
    }

   private:
    bool read_some() {
      char some[4096];
      for (;;) {
        pollfd ready{fd_, POLLIN, 0};
        if (ending_.load()) return false;
        if (::poll(&ready, 1, 20) <= 0) continue;
        const ssize_t got = ::recv(fd_, some, sizeof some, 0);
        if (got <= 0) return false;
        read_.append(some, static_cast<std::size_t>(got));
        return true;
      }
    }
    std::string take(std::size_t size) {
      std::string taken = read_.substr(0, size);
      read_.erase(0, size);
      return taken;
    }

    int fd_;
    const std::atomic<bool>& ending_;
    std::string read_;
  };
  using Conversation = std::function<void(Peer&)>;

  explicit RawServer(Conversation conversation) : conversation_(std::move(conversation)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port could be opened");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~RawServer() {
    ending_.store(true);
    thread_.join();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string at(std::string_view scheme, std::string_view path = "") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  /// Connections so far.
  [[nodiscard]] int connections() const { return connections_.load(); }

 private:
  void run() {
    while (!ending_.load()) {
      pollfd ready{listener_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      Peer peer(fd, ending_);
      conversation_(peer);
      ::close(fd);
    }
  }

  Conversation conversation_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

struct SeenRequest {
  std::string head, body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// Takes requests of HTTP and answers each with the octets that `answer` gives; then it closes, or hangs
/// where they end in `and_hang`.
class HttpSink {
 public:
  static constexpr std::string_view and_hang = "<hang>";
  using Answer = std::function<std::string(const SeenRequest&)>;

  explicit HttpSink(Answer answer)
      : server_([this, answer = std::move(answer)](RawServer::Peer& peer) {
          const auto head = peer.read_to("\r\n\r\n");
          if (!head) return;
          SeenRequest seen{*head, {}};
          const std::string length = seen.header("Content-Length");
          if (!length.empty()) seen.body = peer.read(std::stoul(length)).value_or("");
          std::string bytes = answer(seen);
          {
            const std::lock_guard lock(mutex_);
            seen_.push_back(std::move(seen));
          }
          const bool hangs = bytes.ends_with(and_hang);
          if (hangs) bytes.resize(bytes.size() - and_hang.size());
          peer.send(bytes);
          if (hangs) peer.hang();
        }) {}
  explicit HttpSink(std::string always) : HttpSink([always](const SeenRequest&) { return always; }) {}

  [[nodiscard]] std::string url(std::string_view path = "/hook") const { return server_.at("http", path); }
  [[nodiscard]] std::vector<SeenRequest> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] int connections() const { return server_.connections(); }

 private:
  mutable std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  RawServer server_;
};

struct SeenMail {
  std::string from;
  std::vector<std::string> to;  ///< those that were accepted
  std::string text;
};

/// A mail server. `replies` has a reply for a whole command ("RCPT TO:<b@example.org>") or for its first
/// word;
/// "" is the greeting, "." the end of the text. What is not there is answered as a good server does; an empty
/// reply hangs.
class SmtpSink {
 public:
  explicit SmtpSink(std::map<std::string, std::string> replies = {})
      : replies_(std::move(replies)), server_([this](RawServer::Peer& peer) { converse(peer); }) {}

  [[nodiscard]] std::string url() const { return server_.at("smtp"); }
  [[nodiscard]] std::vector<SeenMail> mails() const {
    const std::lock_guard lock(mutex_);
    return mails_;
  }
  [[nodiscard]] std::vector<std::string> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }

 private:
  [[nodiscard]] std::string reply(const std::string& command, const std::string& otherwise) const {
    if (const auto whole = replies_.find(command); whole != replies_.end()) return whole->second;
    const auto word = replies_.find(command.substr(0, command.find_first_of(" :")));
    return word == replies_.end() ? otherwise : word->second;
  }
  static bool say(RawServer::Peer& peer, const std::string& reply) {
    if (reply.empty()) {
      peer.hang();
      return false;
    }
    peer.send(reply + "\r\n");
    return true;
  }
  void converse(RawServer::Peer& peer) {
    if (!say(peer, reply("", "220 sink"))) return;
    SeenMail mail;
    while (auto line = peer.read_to("\r\n")) {
      line->resize(line->size() - 2);
      {
        const std::lock_guard lock(mutex_);
        commands_.push_back(*line);
      }
      const std::string answer = reply(*line, line->starts_with("DATA")   ? "354 go on"
                                              : line->starts_with("QUIT") ? "221 bye"
                                                                          : "250 ok");
      if (line->starts_with("MAIL FROM:")) mail.from = line->substr(10);
      if (line->starts_with("RCPT TO:") && answer.starts_with("25")) mail.to.push_back(line->substr(8));
      if (!say(peer, answer) || line->starts_with("QUIT")) return;
      if (!line->starts_with("DATA") || !answer.starts_with("354")) continue;
      const auto text = peer.read_to("\r\n.\r\n");
      if (!text) return;
      mail.text = *text;
      const std::string end = reply(".", "250 taken");
      if (end.starts_with("25")) {
        const std::lock_guard lock(mutex_);
        mails_.push_back(mail);
      }
      if (!say(peer, end)) return;
    }
  }

  std::map<std::string, std::string> replies_;
  mutable std::mutex mutex_;
  std::vector<SeenMail> mails_;
  std::vector<std::string> commands_;
  RawServer server_;
};

}  // namespace geleit
