// SIGTERM and SIGINT: the first asks for a graceful end, the second for one at once.
#pragma once

#include <functional>
#include <thread>

namespace geleit {

/// Make it before any other thread is started: it blocks both signals for the whole process and takes them in
/// a thread of its own. Destroying it ends that thread; the signals stay blocked.
class Signals {
 public:
  /// `graceful` runs at the first signal, `at_once` at each further one, both in the signal thread: they must
  /// only set something off. `at_once` may run while `graceful`'s work is still going on.
  Signals(std::function<void()> graceful, std::function<void()> at_once);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  int end_fd_;
  std::thread thread_;
};

}  // namespace geleit
