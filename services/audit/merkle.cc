#include "services/audit/merkle.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "events/sha256.h"

namespace geleit {
namespace {

constexpr char leaf_prefix = 0;
constexpr char node_prefix = 1;
constexpr std::size_t leaf_head_octets = 1 + 8 + 8;

void write_number(char* out, std::uint64_t value) {
  const std::uint64_t turned = __builtin_bswap64(value);
  std::memcpy(out, &turned, sizeof turned);
}

/// The largest power of two below `size`, which is at least 2: where a tree is split.
std::uint64_t split_of(std::uint64_t size) { return std::bit_floor(size - 1); }

}  // namespace

Hash leaf_hash(Offset offset, Instant recorded, std::string_view record) {
  thread_local Sha256 hash;
  char head[leaf_head_octets];
  head[0] = leaf_prefix;
  write_number(head + 1, offset.value);
  write_number(head + 9, static_cast<std::uint64_t>(recorded.ms));
  hash.update({head, sizeof head});
  hash.update(record);
  return hash.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  char node[1 + 2 * hash_octets];
  node[0] = node_prefix;
  write_octets(left, node + 1);
  write_octets(right, node + 1 + hash_octets);
  return sha256({node, sizeof node});
}

// ---------------------------------------------------------------- the edge

std::optional<MerkleEdge> MerkleEdge::of(std::uint64_t size, std::vector<Hash> peaks) {
  if (peaks.size() != static_cast<std::size_t>(std::popcount(size))) return std::nullopt;
  MerkleEdge edge;
  edge.size_ = size;
  edge.peaks_ = std::move(peaks);
  return edge;
}

Hash MerkleEdge::root() const {
  if (peaks_.empty()) return sha256({});
  Hash root = peaks_.back();
  for (auto peak = std::next(peaks_.rbegin()); peak != peaks_.rend(); ++peak) root = node_hash(*peak, root);
  return root;
}

// ---------------------------------------------------------------- paths

std::vector<MerklePass::Range> MerklePass::inclusion_ranges(std::uint64_t leaf) const {
  assert(leaf < size_);
  std::vector<Range> ranges;
  Range tree{0, size_};
  while (tree.end - tree.begin > 1) {
    const std::uint64_t middle = tree.begin + split_of(tree.end - tree.begin);
    const bool left = leaf < middle;
    ranges.push_back(left ? Range{middle, tree.end} : Range{tree.begin, middle});
    tree = left ? Range{tree.begin, middle} : Range{middle, tree.end};
  }
  std::ranges::reverse(ranges);
  return ranges;
}

std::vector<MerklePass::Range> MerklePass::consistency_ranges(std::uint64_t from) const {
  assert(from > 0 && from <= size_);
  std::vector<Range> ranges;
  Range tree{0, size_};
  // The subtree that ends where the smaller tree does; the whole of that tree is known to whoever asks.
  while (from != tree.end) {
    const std::uint64_t middle = tree.begin + split_of(tree.end - tree.begin);
    const bool left = from <= middle;
    ranges.push_back(left ? Range{middle, tree.end} : Range{tree.begin, middle});
    tree = left ? Range{tree.begin, middle} : Range{middle, tree.end};
  }
  if (tree.begin != 0) ranges.push_back(tree);
  std::ranges::reverse(ranges);
  return ranges;
}

void MerklePass::want(Range range) {
  const std::uint64_t size = range.end - range.begin;
  if (std::has_single_bit(size)) {
    const int level = std::countr_zero(size);
    wanted_.try_emplace({level, range.begin >> level});
    return;
  }
  const std::uint64_t middle = range.begin + split_of(size);
  want({range.begin, middle});
  want({middle, range.end});
}

void MerklePass::want_inclusion(std::uint64_t leaf) {
  for (const Range range : inclusion_ranges(leaf)) want(range);
}
void MerklePass::want_consistency(std::uint64_t from) {
  for (const Range range : consistency_ranges(from)) want(range);
}

void MerklePass::add(const Hash& leaf) {
  assert(edge_.size() < size_);
  edge_.add(leaf, [this](int level, std::uint64_t index, const Hash& node) {
    if (const auto found = wanted_.find({level, index}); found != wanted_.end()) found->second = node;
  });
}

Hash MerklePass::root_of(Range range) const {
  const std::uint64_t size = range.end - range.begin;
  if (std::has_single_bit(size)) {
    const int level = std::countr_zero(size);
    return wanted_.at({level, range.begin >> level});
  }
  const std::uint64_t middle = range.begin + split_of(size);
  return node_hash(root_of({range.begin, middle}), root_of({middle, range.end}));
}

MerklePath MerklePass::path_of(const std::vector<Range>& ranges) const {
  assert(edge_.size() == size_);
  MerklePath path;
  path.reserve(ranges.size());
  for (const Range range : ranges) path.push_back(root_of(range));
  return path;
}

MerklePath MerklePass::inclusion(std::uint64_t leaf) const { return path_of(inclusion_ranges(leaf)); }
MerklePath MerklePass::consistency(std::uint64_t from) const { return path_of(consistency_ranges(from)); }

// ---------------------------------------------------------------- checking (RFC 9162, 2.1.3.2 and 2.1.4.2)

bool is_included(const Hash& leaf, std::uint64_t index, std::uint64_t size, const MerklePath& path,
                 const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Hash found = leaf;
  for (const Hash& beside : path) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      found = node_hash(beside, found);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      found = node_hash(found, beside);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && found == root;
}

bool is_consistent(std::uint64_t first, const Hash& first_root, std::uint64_t second, const Hash& second_root,
                   const MerklePath& path) {
  if (first == 0 || first > second) return false;
  if (first == second) return path.empty() && first_root == second_root;
  auto next = path.begin();
  Hash of_first = first_root;
  if (!std::has_single_bit(first)) {
    if (next == path.end()) return false;
    of_first = *next++;
  }
  Hash of_second = of_first;
  std::uint64_t node = first - 1;
  std::uint64_t last = second - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  for (; next != path.end(); ++next) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      of_first = node_hash(*next, of_first);
      of_second = node_hash(*next, of_second);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      of_second = node_hash(of_second, *next);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && of_first == first_root && of_second == second_root;
}

}  // namespace geleit
