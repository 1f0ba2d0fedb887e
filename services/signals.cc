#include "services/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace geleit {

Signals::Signals(std::function<void()> graceful, std::function<void()> at_once) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    throw std::system_error(error, std::generic_category(), "pthread_sigmask");
  }
  const int signal_fd = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (signal_fd < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  end_fd_ = ::eventfd(0, EFD_CLOEXEC);
  if (end_fd_ < 0) {
    const int error = errno;
    ::close(signal_fd);
    throw std::system_error(error, std::generic_category(), "eventfd");
  }
  thread_ =
      std::thread([signal_fd, end = end_fd_, graceful = std::move(graceful), at_once = std::move(at_once)] {
        bool asked = false;
        pollfd fds[2] = {{signal_fd, POLLIN, 0}, {end, POLLIN, 0}};
        for (;;) {
          if (::poll(fds, 2, -1) < 0) {
            if (errno == EINTR) continue;
            break;
          }
          if ((fds[1].revents & POLLIN) != 0) break;
          signalfd_siginfo info;
          if (::read(signal_fd, &info, sizeof info) != sizeof info) continue;
          (std::exchange(asked, true) ? at_once : graceful)();
        }
        ::close(signal_fd);
      });
}

Signals::~Signals() {
  const std::uint64_t one = 1;
  while (::write(end_fd_, &one, sizeof one) < 0 && errno == EINTR) {}
  thread_.join();
  ::close(end_fd_);
}

}  // namespace geleit
