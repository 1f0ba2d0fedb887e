#include "services/audit/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "events/sha256.h"

namespace geleit {
namespace {

std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

/// The leaves with which Certificate Transparency's own implementations test their trees, and the roots over
/// the first 1 … 8 of them.
const std::vector<std::string>& leaves_of_ct() {
  static const std::vector<std::string> leaves{"",
                                               octets("00"),
                                               octets("10"),
                                               octets("2021"),
                                               octets("3031"),
                                               octets("40414243"),
                                               octets("5051525354555657"),
                                               octets("606162636465666768696a6b6c6d6e6f")};
  return leaves;
}
constexpr const char* roots_of_ct[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                       "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                       "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                       "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                       "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                       "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

Hash plain_leaf(const std::string& data) { return sha256(std::string(1, '\0') + data); }

std::vector<Hash> invented_leaves(std::size_t count) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(sha256("leaf " + std::to_string(i)));
  return leaves;
}

MerkleEdge edge_of(const std::vector<Hash>& leaves, std::size_t size) {
  MerkleEdge edge;
  for (std::size_t i = 0; i < size; ++i) edge.add(leaves[i]);
  return edge;
}

TEST(MerkleTree, HasTheRootsOfCertificateTransparency) {
  MerkleEdge edge;
  EXPECT_EQ(to_hex(edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < leaves_of_ct().size(); ++i) {
    edge.add(plain_leaf(leaves_of_ct()[i]));
    EXPECT_EQ(to_hex(edge.root()), roots_of_ct[i]) << i + 1;
  }
}

TEST(MerkleTree, GivesThePathsOfCertificateTransparency) {
  MerklePass pass(8);
  pass.want_inclusion(5);
  MerklePass seven(7);
  seven.want_consistency(3);
  for (std::size_t i = 0; i < 8; ++i) {
    pass.add(plain_leaf(leaves_of_ct()[i]));
    if (i < 7) seven.add(plain_leaf(leaves_of_ct()[i]));
  }
  const MerklePath path = pass.inclusion(5);
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(to_hex(path[0]), "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
  EXPECT_EQ(to_hex(path[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(to_hex(path[2]), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
  // RFC 6962, 2.1.3: the consistency proof between hash0 and hash is PROOF(3, D[7]) = [c, d, g, l].
  EXPECT_EQ(seven.consistency(3).size(), 4u);
}

TEST(MerkleTree, ALeafBindsPlaceTimeAndRecord) {
  const Hash leaf = leaf_hash(Offset{1}, Instant{2}, "record");
  EXPECT_EQ(leaf, sha256(octets("0000000000000000010000000000000002") + "record"));
  EXPECT_NE(leaf, leaf_hash(Offset{2}, Instant{2}, "record"));
  EXPECT_NE(leaf, leaf_hash(Offset{1}, Instant{3}, "record"));
  EXPECT_NE(leaf, leaf_hash(Offset{1}, Instant{2}, "recorD"));
  EXPECT_EQ(leaf_hash(Offset{0}, Instant{-1}, ""), sha256(octets("000000000000000000ffffffffffffffff")));
}

TEST(MerkleTree, EveryLeafOfEverySizeIsIncludedAndNoOther) {
  constexpr std::size_t size_max = 70;
  const auto leaves = invented_leaves(size_max);
  for (std::size_t size = 1; size <= size_max; ++size) {
    MerklePass pass(size);
    for (std::size_t i = 0; i < size; ++i) pass.want_inclusion(i);
    for (std::size_t i = 0; i < size; ++i) pass.add(leaves[i]);
    const Hash root = edge_of(leaves, size).root();
    ASSERT_EQ(pass.root(), root);
    for (std::size_t i = 0; i < size; ++i) {
      const MerklePath path = pass.inclusion(i);
      ASSERT_TRUE(is_included(leaves[i], i, size, path, root)) << i << " of " << size;
      ASSERT_FALSE(is_included(leaves[(i + 1) % size_max], i, size, path, root)) << i << " of " << size;
      ASSERT_FALSE(is_included(leaves[i], i, size, path, leaves[0]) && size > 1) << i << " of " << size;
      ASSERT_FALSE(is_included(leaves[i], size, size, path, root));
      MerklePath other = path;
      other.push_back(root);
      ASSERT_FALSE(is_included(leaves[i], i, size, other, root)) << i << " of " << size;
      for (std::size_t node = 0; node < path.size(); ++node) {
        other = path;
        other[node].words[3] ^= 1;
        ASSERT_FALSE(is_included(leaves[i], i, size, other, root)) << i << " of " << size;
      }
      if (!path.empty()) {
        other = path;
        other.pop_back();
        ASSERT_FALSE(is_included(leaves[i], i, size, other, root)) << i << " of " << size;
      }
    }
  }
}

TEST(MerkleTree, EveryTreeIsConsistentWithEveryLargerOne) {
  constexpr std::size_t size_max = 70;
  const auto leaves = invented_leaves(size_max);
  for (std::size_t size = 1; size <= size_max; ++size) {
    MerklePass pass(size);
    for (std::size_t from = 1; from <= size; ++from) pass.want_consistency(from);
    for (std::size_t i = 0; i < size; ++i) pass.add(leaves[i]);
    const Hash root = pass.root();
    for (std::size_t from = 1; from <= size; ++from) {
      const Hash before = edge_of(leaves, from).root();
      const MerklePath path = pass.consistency(from);
      ASSERT_TRUE(is_consistent(from, before, size, root, path)) << from << " of " << size;
      Hash other = before;
      other.words[0] ^= 1;
      ASSERT_FALSE(is_consistent(from, other, size, root, path)) << from << " of " << size;
      other = root;
      other.words[0] ^= 1;
      ASSERT_FALSE(is_consistent(from, before, size, other, path)) << from << " of " << size;
      for (std::size_t node = 0; node < path.size(); ++node) {
        MerklePath changed = path;
        changed[node].words[1] ^= 4;
        ASSERT_FALSE(is_consistent(from, before, size, root, changed)) << from << " of " << size;
      }
    }
    ASSERT_FALSE(is_consistent(0, root, size, root, {}));
    ASSERT_FALSE(is_consistent(size + 1, root, size, root, {}));
  }
}

TEST(MerkleTree, GoesOnFromItsEdge) {
  const auto leaves = invented_leaves(70);
  for (std::size_t stop = 0; stop <= leaves.size(); ++stop) {
    const MerkleEdge before = edge_of(leaves, stop);
    EXPECT_EQ(before.peaks().size(), static_cast<std::size_t>(std::popcount(stop)));
    auto after = MerkleEdge::of(stop, before.peaks());
    ASSERT_TRUE(after);
    for (std::size_t i = stop; i < leaves.size(); ++i) after->add(leaves[i]);
    EXPECT_EQ(after->root(), edge_of(leaves, leaves.size()).root());
  }
  EXPECT_FALSE(MerkleEdge::of(3, {leaves[0]}));
}

}  // namespace
}  // namespace geleit
