// Who wants to hear that a log has grown. Shared by the logs of this folder.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "events/log.h"

namespace geleit {

class LogSubscribers {
 public:
  LogSubscribers() : list_(std::make_shared<List>()) {}

  /// Once the subscription is destroyed the callback runs no more, and none is still running, unless the
  /// callback itself destroys it. It may outlive this object.
  [[nodiscard]] std::unique_ptr<LogSubscription> add(std::function<void()> grown) {
    auto entry = std::make_shared<Entry>();
    entry->grown = std::move(grown);
    const std::lock_guard lock(list_->mutex);
    list_->entries.push_back(entry);
    return std::make_unique<Subscription>(list_, std::move(entry));
  }

  /// Runs every callback in this thread, without holding the list, so that callbacks may subscribe.
  void notify() {
    std::vector<std::shared_ptr<Entry>> entries;
    {
      const std::lock_guard lock(list_->mutex);
      entries = list_->entries;
    }
    for (const auto& entry : entries) {
      const std::lock_guard lock(entry->mutex);
      if (!entry->ended) entry->grown();
    }
  }

 private:
  struct Entry {
    std::recursive_mutex
        mutex;  // held while the callback runs; recursive, for it may end its own subscription
    std::function<void()> grown;
    bool ended = false;
  };
  struct List {
    std::mutex mutex;
    std::vector<std::shared_ptr<Entry>> entries;
  };
  class Subscription final : public LogSubscription {
   public:
    Subscription(std::shared_ptr<List> list, std::shared_ptr<Entry> entry)
        : list_(std::move(list)), entry_(std::move(entry)) {}
    ~Subscription() override {
      {
        const std::lock_guard lock(list_->mutex);
        std::erase(list_->entries, entry_);
      }
      const std::lock_guard lock(entry_->mutex);
      entry_->ended = true;
    }

   private:
    std::shared_ptr<List> list_;
    std::shared_ptr<Entry> entry_;
  };

  std::shared_ptr<List> list_;
};

}  // namespace geleit
