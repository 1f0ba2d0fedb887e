// The tree over all records of one partition, as RFC 6962 (and 9162) has it: its root names every record up
// to a size, a path shows that one record is in it, and another that a smaller tree is its beginning.
// README.md, Bytes and hashes, has the octets.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/named.h"

namespace geleit {

/// SHA-256 of 0x00, the offset (u64), the recorded time (i64, ms since 1970), both big-endian, and the
/// record. Thread-safe.
[[nodiscard]] Hash leaf_hash(Offset offset, Instant recorded, std::string_view record);
/// SHA-256 of 0x01 and both. Thread-safe.
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);

/// A tree that grows, of which only the roots of its whole subtrees are kept: one hash per bit set in its
/// size.
class MerkleEdge {
 public:
  /// As `peaks` gave it; nothing when there are not as many as the size asks for.
  [[nodiscard]] static std::optional<MerkleEdge> of(std::uint64_t size, std::vector<Hash> peaks);

  void add(const Hash& leaf) {
    add(leaf, [](int, std::uint64_t, const Hash&) {});
  }
  /// The same; `made(level, index, hash)` hears of every whole subtree of 2^level leaves that it completes,
  /// the leaf itself first.
  template <class Made>
  void add(const Hash& leaf, const Made& made) {
    Hash node = leaf;
    int level = 0;
    made(level, size_, node);
    for (std::uint64_t whole = size_; (whole & 1) != 0; whole >>= 1) {
      node = node_hash(peaks_.back(), node);
      peaks_.pop_back();
      made(++level, whole >> 1, node);
    }
    peaks_.push_back(node);
    ++size_;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Of the empty tree: SHA-256 of nothing.
  [[nodiscard]] Hash root() const;
  /// The largest first.
  [[nodiscard]] const std::vector<Hash>& peaks() const { return peaks_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;
};

/// From the leaf upwards.
using MerklePath = std::vector<Hash>;

/// Gathers paths in one pass over the leaves of a tree: first what is wanted, then all leaves, then the
/// paths.
class MerklePass {
 public:
  explicit MerklePass(std::uint64_t size) : size_(size) {}
  /// `leaf` below the size.
  void want_inclusion(std::uint64_t leaf);
  /// `from` from 1 to the size.
  void want_consistency(std::uint64_t from);
  /// The leaves in order, exactly `size` of them.
  void add(const Hash& leaf);
  [[nodiscard]] Hash root() const { return edge_.root(); }
  [[nodiscard]] MerklePath inclusion(std::uint64_t leaf) const;
  [[nodiscard]] MerklePath consistency(std::uint64_t from) const;

 private:
  struct Range {
    std::uint64_t begin, end;
  };
  struct Whole {
    int level;
    std::uint64_t index;
    friend bool operator==(const Whole&, const Whole&) = default;
  };
  struct HashOfWhole {
    std::size_t operator()(const Whole& whole) const {
      return static_cast<std::size_t>(whole.index * 0x9e3779b97f4a7c15ULL) ^
             static_cast<std::size_t>(whole.level);
    }
  };
  [[nodiscard]] std::vector<Range> inclusion_ranges(std::uint64_t leaf) const;
  [[nodiscard]] std::vector<Range> consistency_ranges(std::uint64_t from) const;
  void want(Range range);
  [[nodiscard]] Hash root_of(Range range) const;
  [[nodiscard]] MerklePath path_of(const std::vector<Range>& ranges) const;

  std::uint64_t size_;
  MerkleEdge edge_;
  std::unordered_map<Whole, Hash, HashOfWhole> wanted_;
};

/// Whether the path shows that this leaf is the one at `index` of the tree of `size` with that root.
[[nodiscard]] bool is_included(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                               const MerklePath& path, const Hash& root);
/// Whether the path shows that the first tree is the beginning of the second.
[[nodiscard]] bool is_consistent(std::uint64_t first, const Hash& first_root, std::uint64_t second,
                                 const Hash& second_root, const MerklePath& path);

}  // namespace geleit
