#include "services/audit/bundle_proofs.h"

#include <vector>

namespace geleit {

std::map<Partition, SignedHead> covering_heads(std::span<const SignedHead> heads, const Uuid& log,
                                               const Positions& positions) {
  std::map<Partition, SignedHead> chosen;
  for (const SignedHead& head : heads) {
    if (head.log != log || head.partition.value >= positions.size() || !signature_holds(head)) continue;
    const auto [known, first] = chosen.try_emplace(head.partition, head);
    if (first) continue;
    const std::uint64_t wanted = positions[head.partition.value].value;
    const bool covers = head.size >= wanted, known_covers = known->second.size >= wanted;
    const bool better = covers != known_covers ? covers
                        : covers               ? head.size < known->second.size
                                               : head.size > known->second.size;
    if (better) known->second = head;
  }
  return chosen;
}

void visit_proofs(const ReadableLog& log, const ProviderRecords& records,
                  const std::map<Partition, SignedHead>& heads,
                  const std::function<void(const Proof&)>& visit) {
  const std::uint16_t partitions = records.info().partitions;
  std::map<Partition, std::vector<CaseId>> cases;
  for (const CaseId& id : records.cases_in_range()) cases[partition_of(id, partitions)].push_back(id);
  for (const auto& [partition, ids] : cases) {
    const auto head = heads.find(partition);
    if (head == heads.end()) continue;
    const Offset end = records.positions()[partition.value];
    for (auto& [id, proof] : prove_cases(log, head->second, ids)) {
      std::erase_if(proof.events, [&](const ProvenEvent& event) { return event.offset >= end; });
      if (!proof.events.empty()) visit(proof);
    }
  }
}

}  // namespace geleit
