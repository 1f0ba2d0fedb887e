// The signed heads and proofs of an audit bundle: which head covers what is in it, and what of a case's proof
// belongs to it.
#pragma once

#include <functional>
#include <map>
#include <span>

#include "services/audit/proof.h"
#include "services/audit/provider_records.h"
#include "services/audit/signed_head.h"

namespace geleit {

/// For each partition that has one, the smallest head of this log that covers everything before these
/// positions, else the largest. Heads whose signature does not hold are passed over.
[[nodiscard]] std::map<Partition, SignedHead> covering_heads(std::span<const SignedHead> heads,
                                                             const Uuid& log, const Positions& positions);

/// Visits a proof of each case that has records in the range and under its partition's head: of its records
/// before the range's end. The head may cover more; of later records the proof holds nothing but what the
/// path needs. Throws as prove_cases.
void visit_proofs(const ReadableLog& log, const ProviderRecords& records,
                  const std::map<Partition, SignedHead>& heads,
                  const std::function<void(const Proof& proof)>& visit);

}  // namespace geleit
