// A small history in memory, its signed heads, and edits of it: what tests of audits are made of.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "events/memory_log.h"
#include "services/audit/verify.h"
#include "tests/contract/log_steps.h"
#include "tests/replay/invented_history.h"

namespace geleit::testing {

/// A record that may be changed and put elsewhere.
struct LooseRecord {
  Partition partition;
  Offset offset;
  Instant recorded;
  std::string bytes;
};

class AuditedHistory {
 public:
  static constexpr std::uint16_t partitions = 2;

  explicit AuditedHistory(int cases, unsigned seed = 1)
      : key(KeyBytes{7}),
        log_({.partitions = partitions,
              .id = {11, 12},
              .created = {},
              .clock = [this] { return Instant{now_ += 1'000}; },
              .delivery = Delivery::at_once,
              .faults = {}}),
        history_(log_, seed) {
    for (int n = 0; n < cases; ++n) {
      history_.referred(n);
      history_.visited(n, 1);
      history_.visited(n, 2);
      if (n > 0) history_.visited(n - 1, 3);
    }
    for (std::uint16_t p = 0; p < partitions; ++p) {
      for (const ReadRecord& record : read_all(log_, Partition{p}))
        records.push_back({Partition{p}, record.offset, record.recorded, record.bytes});
    }
  }

  /// A head over the first `size` records of a partition, as they are here now.
  [[nodiscard]] SignedHead head(Partition partition, std::uint64_t size) const {
    MerkleEdge edge;
    SignedHead made;
    for (const LooseRecord& record : records) {
      if (record.partition != partition || edge.size() >= size) continue;
      edge.add(leaf_hash(record.offset, record.recorded, record.bytes));
      made.at = record.recorded;
    }
    made.log = log_.info().id;
    made.partition = partition;
    made.size = edge.size();
    made.root = edge.root();
    sign(made, key);
    return made;
  }
  [[nodiscard]] std::uint64_t size_of(Partition partition) const {
    return static_cast<std::uint64_t>(std::ranges::count(records, partition, &LooseRecord::partition));
  }
  /// Heads over halves and wholes, and the key.
  [[nodiscard]] VerifyHeads heads() const {
    VerifyHeads out;
    for (std::uint16_t p = 0; p < partitions; ++p) {
      const std::uint64_t size = size_of(Partition{p});
      for (const std::uint64_t at : {size / 2, size}) out.heads.push_back(head(Partition{p}, at));
    }
    out.keys.push_back(key.public_key());
    return out;
  }

  [[nodiscard]] VerifyReport verify(const VerifyHeads& heads) const { return verify(records, heads); }
  [[nodiscard]] static VerifyReport verify(const std::vector<LooseRecord>& records, const VerifyHeads& heads,
                                           const TableWitness* witness = nullptr) {
    LogInfo info;
    info.id = {11, 12};
    info.partitions = partitions;
    SortedHeads sorted = sort_heads(heads, info);
    std::vector<PartitionVerified> verified;
    for (std::uint16_t p = 0; p < partitions; ++p) {
      PartitionCheck check(Partition{p}, partitions, sorted.of_partition[p], !heads.keys.empty(), witness);
      for (const LooseRecord& record : records) {
        if (record.partition == Partition{p})
          check.take({record.partition, record.offset, record.recorded, record.bytes});
      }
      verified.push_back(check.finish(Offset{}));
    }
    return put_together(info, heads, std::move(sorted), std::move(verified), witness);
  }

  [[nodiscard]] MemoryLog& log() { return log_; }
  [[nodiscard]] History& history() { return history_; }

  std::vector<LooseRecord> records;
  SigningKey key;

 private:
  std::int64_t now_ = 1'780'000'000'000;
  MemoryLog log_;
  History history_;
};

}  // namespace geleit::testing
