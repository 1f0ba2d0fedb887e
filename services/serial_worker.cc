#include "services/serial_worker.h"

#include <utility>

#include "events/thread_name.h"

namespace geleit {

SerialWorker::SerialWorker(const char* name)
    : thread_([this, name] {
        name_thread(name);
        run();
      }) {}

SerialWorker::~SerialWorker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  given_.notify_one();
  thread_.join();
}

void SerialWorker::give(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    works_.push_back(std::move(work));
  }
  given_.notify_one();
}

void SerialWorker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    given_.wait(lock, [this] { return ending_ || !works_.empty(); });
    if (works_.empty()) return;
    const auto work = std::exchange(works_.front(), {});
    works_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace geleit
