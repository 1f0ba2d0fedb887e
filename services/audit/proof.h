// A proof that the events of a case are in the signed history: small, and checked with nothing but itself and
// the public key. README.md, Bytes and hashes, says how a third party checks one.
//
//   {"format":"geleit-proof-1","case":"<uuid>","head":{…as in heads.ndjson…},
//    "events":[{"offset":17,"recorded":"2026-03-02T14:10:00.123+01:00","record":"<base64>",
//               "path":["<64 hex>",…]},…],
//    "does_not_prove":{"de":["…"],"en":["…"]}}
#pragma once

#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "events/log.h"
#include "projections/rules/catalogue.h"
#include "services/audit/merkle.h"
#include "services/audit/signed_head.h"

namespace geleit {

struct ProvenEvent {
  Offset offset;
  Instant recorded;
  std::string record;
  MerklePath path;
  friend bool operator==(const ProvenEvent&, const ProvenEvent&) = default;
};

struct Proof {
  CaseId id;
  SignedHead head;
  std::vector<ProvenEvent> events;  ///< all records of the case that the head covers, stale ones too
  friend bool operator==(const Proof&, const Proof&) = default;
};

/// It is no proof, or does not prove what it says: "expected …, but …".
struct ProofRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Of the cases that have records below the head, whose partition they must be of; reads it twice up to
/// there. Throws ProofRefused when the log's root at that size is another one, and what reading throws.
[[nodiscard]] std::map<CaseId, Proof> prove_cases(const ReadableLog& log, const SignedHead& head,
                                                  std::span<const CaseId> cases);

/// With a line end.
[[nodiscard]] std::string to_json(const Proof& proof);
/// Throws ProofRefused for what to_json does not write, but for blanks, the order of members and
/// `does_not_prove`.
[[nodiscard]] Proof parse_proof(std::string_view json);

struct ProofChecked {
  std::size_t events = 0, stale = 0;
  Version version;  ///< of the last accepted event
  Hash hash;        ///< its hash: the case's head, to be compared with what is known elsewhere
};
/// Throws ProofRefused. That the head's key is the right one the caller knows.
[[nodiscard]] ProofChecked check_proof(const Proof& proof);

/// What no proof of this kind proves, a sentence each.
[[nodiscard]] std::vector<std::string> what_a_proof_does_not_prove(Language language);

}  // namespace geleit
