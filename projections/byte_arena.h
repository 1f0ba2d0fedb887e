// Octets that stay where they are until all of them are given up together; the memory is used again.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace geleit {

class ByteArena {
 public:
  /// Room for `size` octets, not cleared. Valid until `clear` or the arena's end; moving the arena keeps it.
  [[nodiscard]] char* take(std::size_t size) {
    if (size > left_) grow(size);
    char* place = at_;
    at_ += size;
    left_ -= size;
    return place;
  }
  [[nodiscard]] std::string_view keep(std::string_view octets) {
    if (octets.empty()) return {};
    char* place = take(octets.size());
    std::memcpy(place, octets.data(), octets.size());
    return {place, octets.size()};
  }
  /// Likewise aligned to 8, as records are decoded; in an arena that is asked for nothing else.
  [[nodiscard]] std::string_view keep_words(std::string_view octets) {
    char* place = take((octets.size() + 7) & ~std::size_t{7});
    assert(reinterpret_cast<std::uintptr_t>(place) % 8 == 0);
    std::memcpy(place, octets.data(), octets.size());
    return {place, octets.size()};
  }
  /// Gives back the end of what was taken last.
  void give_back(std::size_t size) {
    assert(!chunks_.empty() && static_cast<std::size_t>(at_ - chunks_[chunk_].octets.get()) >= size);
    at_ -= size;
    left_ += size;
  }
  void clear() {
    if (chunks_.empty()) return;
    chunk_ = 0;
    at_ = chunks_[0].octets.get();
    left_ = chunks_[0].size;
  }

  ByteArena() = default;
  explicit ByteArena(std::size_t chunk_octets) : chunk_octets_(chunk_octets) {}

 private:
  struct Chunk {
    std::unique_ptr<char[]> octets;
    std::size_t size;
  };
  void grow(std::size_t size) {
    // The next chunk that is there already and large enough; a smaller one is passed over until `clear`.
    std::size_t next = chunks_.empty() ? 0 : chunk_ + 1;
    while (next < chunks_.size() && chunks_[next].size < size) ++next;
    if (next == chunks_.size()) {
      const std::size_t octets = size > chunk_octets_ ? size : chunk_octets_;
      chunks_.push_back({std::make_unique_for_overwrite<char[]>(octets), octets});
    }
    chunk_ = next;
    at_ = chunks_[next].octets.get();
    left_ = chunks_[next].size;
  }

  std::size_t chunk_octets_ = 16 << 10;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  // the one that is being filled
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace geleit
