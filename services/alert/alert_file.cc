#include "services/alert/alert_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/alert/notice_words.h"
#include "services/config_file.h"

namespace geleit {
namespace {

constexpr mode_t alert_file_mode = 0640;
constexpr int poll_ms = 100;  ///< so long stop() may wait for a reader that does not read

class AlertFile final : public Channel {
 public:
  explicit AlertFile(const ChannelConfig& config) : config_(config) {
    if (is_stdout()) {
      fd_ = STDOUT_FILENO;
    } else if (!open() && errno != ENXIO) {  // a named pipe that nobody reads yet
      throw ConfigRefused(fmt::format("the alert channel '{}': expected to append to {}, but: {}",
                                      config_.name, config_.path.string(), std::strerror(errno)));
    }
  }
  ~AlertFile() override { close(); }
  AlertFile(const AlertFile&) = delete;
  AlertFile& operator=(const AlertFile&) = delete;

  [[nodiscard]] Outcome deliver(const AlertMessage& message, Instant) override {
    const std::string lines = alert_lines(message, config_.public_url);
    if (lines.empty()) return {};
    if (!is_stdout() && (fd_ < 0 || !is_still_there())) {
      close();
      if (!open()) return failed(std::strerror(errno));
    }
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return failed(std::strerror(errno));
    return S_ISREG(info.st_mode) && !is_stdout() ? append(lines, info.st_size) : pipe(lines);
  }

  void stop() override { stopped_.store(true, std::memory_order_release); }

 private:
  [[nodiscard]] bool is_stdout() const { return config_.path == "-"; }

  // O_NONBLOCK is for named pipes; a file is not concerned.
  bool open() {
    fd_ =
        ::open(config_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, alert_file_mode);
    return fd_ >= 0;
  }
  void close() {
    if (fd_ >= 0 && !is_stdout()) ::close(fd_);
    if (!is_stdout()) fd_ = -1;
  }
  [[nodiscard]] bool is_still_there() const {
    struct stat opened {
    }, named{};
    return ::fstat(fd_, &opened) == 0 && ::stat(config_.path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
  }

  [[nodiscard]] Outcome failed(const std::string& why) const {
    return {Outcome::Result::again,
            fmt::format("expected to write to {}, but: {}",
                        is_stdout() ? "standard output" : config_.path.string(), why),
            {},
            true};
  }

  /// All of it or nothing: what a full disk took of it is taken back.
  [[nodiscard]] Outcome append(std::string_view lines, off_t size_before) const {
    ssize_t written = 0;
    do { written = ::write(fd_, lines.data(), lines.size()); } while (written < 0 && errno == EINTR);
    if (written < 0) return failed(std::strerror(errno));
    if (static_cast<std::size_t>(written) < lines.size()) {
      const bool taken_back = ::ftruncate(fd_, size_before) == 0;
      return failed(taken_back ? "the disk is full" : "the disk is full, and half a message stands there");
    }
    if (::fdatasync(fd_) != 0 && errno != EINVAL && errno != EROFS) return failed(std::strerror(errno));
    return {};
  }

  /// Line by line, each with one write that does not block: a pipe that is ready takes PIPE_BUF octets.
  [[nodiscard]] Outcome pipe(std::string_view lines) const {
    std::chrono::milliseconds left = config_.timeout;
    while (!lines.empty()) {
      if (stopped_.load(std::memory_order_acquire)) return failed("Geleit is stopping");
      pollfd ready{fd_, POLLOUT, 0};
      const int polled = ::poll(&ready, 1, poll_ms);
      if (polled < 0 && errno != EINTR) return failed(std::strerror(errno));
      if (polled <= 0) {
        left -= std::chrono::milliseconds(poll_ms);
        if (left.count() <= 0) return failed("whoever reads it does not read");
        continue;
      }
      const std::size_t line = std::min(lines.find('\n') + 1, std::size_t{PIPE_BUF});
      const ssize_t written = ::write(fd_, lines.data(), line);
      if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (written < 0) return failed(std::strerror(errno));
      lines.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  ChannelConfig config_;
  int fd_ = -1;
  std::atomic<bool> stopped_{false};
};

}  // namespace

std::unique_ptr<Channel> make_alert_file(const ChannelConfig& config) {
  return std::make_unique<AlertFile>(config);
}

std::string alert_lines(const AlertMessage& message, const std::string& public_url) {
  const std::string id = to_string(message.id);
  std::string lines;
  const auto put = [&](std::string_view type, const auto& put_members) {
    http::JsonWriter json(lines);
    json.object().member("type").string(type).member("message").string(id);
    json.member("at").string(to_string(message.at));
    put_members(json);
    json.end();
    lines += '\n';
  };
  const auto notice_of = [&](const Notice& notice) {
    return [&](http::JsonWriter& json) { put_notice(json, notice, public_url); };
  };
  for (const Notice& notice : message.notices) put(type_of(notice), notice_of(notice));
  for (const Notice& notice : message.still_open) put("alert.still_open", notice_of(notice));
  for (const Warning& warning : message.warnings) {
    put("deadline.near", [&](http::JsonWriter& json) {
      json.member("provider").string(message.provider);
      if (!message.team.empty()) json.member("team").string(message.team);
      put_warning(json, warning, public_url);
    });
  }
  return lines;
}

}  // namespace geleit
