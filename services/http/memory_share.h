// Memory that many hold and one bound is for: each holder counts its own share, and gives it back at its end.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace geleit::http {

/// Octets held by all. Shared, for what holds a share may live longer than the server.
using MemoryCount = std::shared_ptr<std::atomic<std::size_t>>;

class MemoryShare {
 public:
  MemoryShare() = default;
  MemoryShare(MemoryShare&& other) noexcept
      : count_(std::move(other.count_)), octets_(std::exchange(other.octets_, 0)) {}
  MemoryShare& operator=(MemoryShare&& other) noexcept {
    std::swap(count_, other.count_);
    std::swap(octets_, other.octets_);
    return *this;
  }
  ~MemoryShare() { set(0); }

  /// Where it counts; before the first `set`.
  void of(const MemoryCount& count) { count_ = count; }
  void set(std::size_t octets) {
    if (octets == octets_) return;
    // Unsigned numbers wrap, so that less is added as well.
    count_->fetch_add(octets - octets_, std::memory_order_relaxed);
    octets_ = octets;
  }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  MemoryCount count_;
  std::size_t octets_ = 0;
};

/// What a text holds beyond its own object.
[[nodiscard]] inline std::size_t octets_of(const std::string& text) {
  constexpr std::size_t within = 15;
  return text.capacity() > within ? text.capacity() : 0;
}

}  // namespace geleit::http
