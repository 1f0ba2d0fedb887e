#include "services/audit/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <set>
#include <unordered_map>

#include "events/chain.h"
#include "events/civil_time.h"
#include "events/codec.h"
#include "events/log_walk.h"
#include "events/record_group.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/base64.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::string_view proof_format = "geleit-proof-1";
constexpr std::size_t members_of_a_proof = 5;
constexpr std::size_t members_of_an_event = 4;

constexpr std::array not_proven{
    Message<>{
        "Nicht bewiesen ist, dass kein späteres Ereignis des Falles fehlt. Dass innerhalb der gezeigten "
        "keines fehlt, zeigt ihre Kette: Versionen 1, 2, 3 … ohne Lücke, jede mit dem Hash der vorigen. "
        "Ob die letzte Version die letzte des Falles ist, zeigt der Vergleich mit dem Stand, den der "
        "Träger nennt, oder mit einem Nachweis zu einem jüngeren Kopf.",
        "It does not prove that no later event of the case was left out. That none is missing between "
        "those shown is shown by their chain: versions 1, 2, 3 … without a gap, each with the hash of "
        "the one before. Whether the last version is the case's last one is shown by what the provider "
        "names as its state, or by a proof for a later head."},
    Message<>{"Nicht bewiesen ist, dass der öffentliche Schlüssel der des Trägers ist: Er muss aus anderer "
              "Quelle bekannt sein.",
              "It does not prove that the public key is the provider's: that must be known from elsewhere."},
    Message<>{
        "Nicht bewiesen ist, dass der Kopf zu der Zeit unterschrieben wurde, die er nennt: Das zeigt nur, "
        "wo und wann er hinterlegt wurde.",
        "It does not prove that the head was signed when it says: only where and when it was deposited "
        "shows that."},
    Message<>{"Nicht bewiesen ist, dass wahr ist, was in den Ereignissen steht, nur dass es so aufgezeichnet "
              "und seit dem Kopf nicht geändert wurde.",
              "It does not prove that what the events say is true, only that it was recorded so and not "
              "changed since the head."}};

/// The records of a partition below `end`, which a head says are there.
void each_record(const ReadableLog& log, Partition partition, Offset end, const auto& record) {
  const Offset reached = walk_partition(log, partition, end, record);
  if (reached >= end) return;
  throw ProofRefused(fmt::format("expected {} records in partition {}, as the head says, but there are {}",
                                 end.value, partition.value, reached.value));
}

const json::value& member(const json::object& object, const char* name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr)
    throw ProofRefused(fmt::format("expected '{}' in the proof, but there is none", name));
  return *found;
}
std::string_view text_member(const json::object& object, const char* name) {
  const json::value& value = member(object, name);
  if (!value.is_string()) throw ProofRefused(fmt::format("expected a text in '{}', but it is none", name));
  return std::string_view(value.get_string());
}
const json::array& array_member(const json::object& object, const char* name) {
  const json::value& value = member(object, name);
  if (!value.is_array()) throw ProofRefused(fmt::format("expected a list in '{}', but it is none", name));
  return value.get_array();
}

[[noreturn]] void refuse_spelling(const char* name, std::string_view text) {
  throw ProofRefused(fmt::format("expected '{}' as Geleit writes it, but it is '{}'", name, text));
}

ProvenEvent event_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() != members_of_an_event)
    throw ProofRefused("expected offset, recorded, record and path of an event, but it has other members");
  ProvenEvent event;
  const json::value& offset = member(*object, "offset");
  if (!offset.is_int64() || offset.get_int64() < 0)
    throw ProofRefused("expected a whole number in 'offset', but it is none");
  event.offset.value = static_cast<std::uint64_t>(offset.get_int64());
  const std::string_view recorded = text_member(*object, "recorded");
  const auto at = parse_instant(recorded);
  if (!at || to_string(*at) != recorded) refuse_spelling("recorded", recorded);
  event.recorded = *at;
  auto record = from_base64(text_member(*object, "record"));
  if (!record) refuse_spelling("record", text_member(*object, "record"));
  event.record = std::move(*record);
  for (const json::value& node : array_member(*object, "path")) {
    const std::string_view text = node.is_string() ? std::string_view(node.get_string()) : std::string_view();
    const auto hash = parse_hash(text);
    if (!hash || to_hex(*hash) != text) refuse_spelling("path", text);
    event.path.push_back(*hash);
  }
  return event;
}

}  // namespace

std::map<CaseId, Proof> prove_cases(const ReadableLog& log, const SignedHead& head,
                                    std::span<const CaseId> cases) {
  const std::set<CaseId> wanted(cases.begin(), cases.end());
  std::map<CaseId, Proof> proofs;
  MerklePass tree(head.size);
  const Offset end{head.size};
  each_record(log, head.partition, end, [&](const StoredRecord& record) {
    const auto link = link_of(record.bytes);
    if (!link || !wanted.contains(link->stream)) return;
    Proof& proof = proofs[link->stream];
    proof.events.push_back({record.offset, record.recorded, std::string(record.bytes), {}});
    tree.want_inclusion(record.offset.value);
  });
  each_record(log, head.partition, end, [&](const StoredRecord& record) {
    tree.add(leaf_hash(record.offset, record.recorded, record.bytes));
  });
  if (tree.root() != head.root) {
    throw ProofRefused(
        fmt::format("expected the root {} over the first {} records of partition {}, as the head "
                    "says, but it is {}; geleit audit verify tells what differs",
                    to_hex(head.root), head.size, head.partition.value, to_hex(tree.root())));
  }
  for (auto& [id, proof] : proofs) {
    proof.id = id;
    proof.head = head;
    for (ProvenEvent& event : proof.events) event.path = tree.inclusion(event.offset.value);
  }
  return proofs;
}

std::string to_json(const Proof& proof) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("format").string(proof_format).member("case").string(to_string(proof.id));
  json.member("head").raw(to_json(proof.head)).member("events").array();
  for (const ProvenEvent& event : proof.events) {
    json.object().member("offset").number(event.offset.value);
    json.member("recorded").string(to_string(event.recorded));
    json.member("record").string(to_base64(event.record)).member("path").array();
    for (const Hash& node : event.path) json.string(to_hex(node));
    json.end().end();
  }
  json.end().member("does_not_prove").object();
  for (const Language language : {Language::de, Language::en}) {
    json.member(language == Language::de ? "de" : "en").array();
    for (const std::string& sentence : what_a_proof_does_not_prove(language)) json.string(sentence);
    json.end();
  }
  json.end().end();
  out += '\n';
  return out;
}

Proof parse_proof(std::string_view text) {
  json::error_code wrong;
  const json::value value = json::parse({text.data(), text.size()}, wrong);
  if (wrong) throw ProofRefused(fmt::format("expected a proof as JSON, but: {}", wrong.message()));
  const json::object* object = value.if_object();
  if (object == nullptr || text_member(*object, "format") != proof_format ||
      object->size() != members_of_a_proof)
    throw ProofRefused(fmt::format("expected a proof of the format {}, but it is none", proof_format));
  (void)member(*object, "does_not_prove");
  Proof proof;
  const std::string_view id = text_member(*object, "case");
  const auto parsed = parse_uuid(id);
  if (!parsed || to_string(*parsed) != id) refuse_spelling("case", id);
  proof.id = CaseId{*parsed};
  try {
    proof.head = head_of(member(*object, "head"));
  } catch (const BadHead& bad) { throw ProofRefused(bad.what()); }
  for (const json::value& event : array_member(*object, "events")) proof.events.push_back(event_of(event));
  return proof;
}

ProofChecked check_proof(const Proof& proof) {
  if (!signature_holds(proof.head))
    throw ProofRefused(
        "expected the head to be signed by the key that it names, but the signature is another");
  if (proof.events.empty()) throw ProofRefused("expected events, but the proof has none");
  ProofChecked checked;
  Head head;
  std::set<Hash> stale;
  std::optional<Offset> before;
  for (const ProvenEvent& event : proof.events) {
    const auto refuse = [&](std::string_view what) {
      throw ProofRefused(
          fmt::format("the event at {}:{}: {}", proof.head.partition.value, event.offset.value, what));
    };
    if (before && event.offset <= *before) refuse("expected it behind the one before, but it is not");
    before = event.offset;
    const Hash leaf = leaf_hash(event.offset, event.recorded, event.record);
    if (!is_included(leaf, event.offset.value, proof.head.size, event.path, proof.head.root))
      refuse("expected its path to lead to the root of the head, but it does not");
    if (event.record.size() < hash_octets || recompute_hash(event.record) != stated_hash(event.record))
      refuse("expected the record to have the hash that it states, but it has another");
    AlignedBytes aligned;
    std::memcpy(aligned.extend((event.record.size() + 7) & ~std::size_t{7}), event.record.data(),
                event.record.size());
    const auto link = link_of({aligned.data(), event.record.size()});
    if (!link || link->stream != proof.id) refuse("expected an event of the case, but it is none");
    if (standing(head, link->version, link->previous) == Standing::accepted) {
      head = {link->version, link->hash};
      ++checked.events;
      continue;
    }
    if (link->version > head.version && !stale.contains(link->previous))
      refuse(
          fmt::format("it builds on an event that the proof does not hold: expected version {} next, but it "
                      "is {}",
                      head.version.value + 1, link->version.value));
    stale.insert(link->hash);
    ++checked.stale;
  }
  if (checked.events == 0) throw ProofRefused("expected an accepted event, but the proof has none");
  checked.version = head.version;
  checked.hash = head.hash;
  return checked;
}

std::vector<std::string> what_a_proof_does_not_prove(Language language) {
  std::vector<std::string> sentences;
  for (const Message<>& message : not_proven) sentences.push_back(say(language, message));
  return sentences;
}

}  // namespace geleit
