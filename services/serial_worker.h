// One thread that does what it is given, in that order.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace geleit {

class SerialWorker {
 public:
  explicit SerialWorker(const char* name);
  /// Does what was given before, then ends.
  ~SerialWorker();
  SerialWorker(const SerialWorker&) = delete;
  SerialWorker& operator=(const SerialWorker&) = delete;

  /// `work` must not throw. Thread-safe; never blocks.
  void give(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<std::function<void()>> works_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace geleit
