#include "projections/partition_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

namespace geleit {

void run_all(std::span<const Work> tasks, unsigned workers) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](std::size_t worker) {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      try {
        tasks[i](worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = tasks.size();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t worker = 0; worker < std::min<std::size_t>(std::max(1U, workers), tasks.size());
         ++worker)
      threads.emplace_back(work, worker);
  }
  if (failure) std::rethrow_exception(failure);
}

void throw_ended_before(Partition partition, Offset until) {
  throw LogCorrupt(fmt::format("partition {} ends before {}", partition.value, until.value));
}

}  // namespace geleit
