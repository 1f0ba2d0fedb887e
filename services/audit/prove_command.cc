#include "services/audit/prove_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <memory>
#include <system_error>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/log_walk.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/audit/proof.h"
#include "services/audit/public_key_option.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/durable_file.h"
#include "services/file_text.h"
#include "services/fresh_key.h"
#include "services/http/json_text.h"
#include "services/open_parts.h"

namespace geleit {
namespace {

using message::Text;

constexpr Message<Text> no_such_case{"Das Log hält kein Ereignis des Falles {}.",
                                     "The log holds no event of the case {}."};
constexpr Message<Text, std::uint64_t> no_head_yet{
    "Kein unterschriebener Kopf deckt schon {}:{}, und der Schlüssel zum Unterschreiben ist nicht lesbar. "
    "Der "
    "nächste Kopf des Dienstes tut es.",
    "No signed head covers {}:{} yet, and the signing key cannot be read. The service's next head will."};
constexpr Message<std::uint64_t, std::uint64_t, std::uint64_t, Text> proven{
    "{} Ereignisse ({} überholte dazu) im Kopf über {} Sätze vom {}.",
    "{} events (and {} stale ones) in the head over {} records of {}."};
constexpr Message<Text, std::uint32_t, Text, Text> holds{
    "Der Nachweis stimmt: Fall {}, Version {}, Hash {}, unterschrieben mit {}.",
    "The proof holds: case {}, version {}, hash {}, signed with {}."};
constexpr Message<Text> proof_refused{"Der Nachweis stimmt nicht: {}", "The proof does not hold: {}"};
constexpr Message<> key_unknown{"Ohne --key ist nicht geprüft, wessen Schlüssel das ist.",
                                "Without --key it was not checked whose key that is."};
constexpr Message<> does_not_prove{"Was der Nachweis nicht zeigt:", "What the proof does not show:"};

struct ProveAsk {
  DirectoryOptions where;
  std::string case_id, out;
  std::vector<std::string> heads;
};

struct CheckAsk {
  std::string file, key;
  bool json = false;
};

/// Where the case's last record lies; nothing where it has none.
std::optional<Offset> last_record_of(const ReadableLog& log, Partition partition, const CaseId& id) {
  std::optional<Offset> last;
  walk_partition(log, partition, log.ends()[partition.value], [&](const StoredRecord& record) {
    const auto link = link_of(record.bytes);
    if (link && link->stream == id) last = record.offset;
  });
  return last;
}

/// A head of our own over all there is now; it goes into the proof alone.
std::optional<SignedHead> fresh_head(const ReadableLog& log, Partition partition, const DataDirectory& data) {
  std::optional<SigningKey> key;
  try {
    key = SigningKey::load(data.signing_key());
  } catch (const KeyStoreFailed&) { return std::nullopt; }
  MerkleEdge edge;
  SignedHead head;
  walk_partition(log, partition, log.ends()[partition.value], [&](const StoredRecord& record) {
    edge.add(leaf_hash(record.offset, record.recorded, record.bytes));
    head.at = std::max(head.at, record.recorded);
  });
  head.log = log.info().id;
  head.partition = partition;
  head.size = edge.size();
  head.root = edge.root();
  head.at = std::max(head.at, SystemClock().now());
  sign(head, *key);
  return head;
}

void refuse_proof(CommandLine& line, std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  line.status = Exit::refused;
}

void prove(const ProveAsk& ask, CommandLine& line) {
  const DataDirectory data = ask.where.directory();
  const CaseId id{*parse_uuid(ask.case_id)};
  std::vector<SignedHead> heads;
  std::vector<std::filesystem::path> files(ask.heads.begin(), ask.heads.end());
  if (files.empty()) files.push_back(data.heads());
  for (const auto& file : files) std::ranges::move(read_heads(file).heads, std::back_inserter(heads));
  const auto log = open_log_read_only(data);
  const LogInfo info = log->info();
  const Partition partition = partition_of(id, info.partitions);
  const auto last = last_record_of(*log, partition, id);
  if (!last) return refuse_proof(line, say(line.for_people, no_such_case, std::string_view(to_string(id))));
  // The first head that covers all of the case, so that the same case has the same proof until it changes.
  std::optional<SignedHead> head;
  for (const SignedHead& one : heads) {
    if (one.log != info.id || one.partition != partition || one.size <= last->value || !signature_holds(one))
      continue;
    if (!head || one.size < head->size) head = one;
  }
  if (!head) head = fresh_head(*log, partition, data);
  if (!head) {
    const std::string place = std::to_string(partition.value);
    return refuse_proof(line, say(line.for_people, no_head_yet, std::string_view(place), last->value));
  }
  try {
    const Proof proof = prove_cases(*log, *head, {&id, 1}).at(id);
    const ProofChecked checked = check_proof(proof);
    const std::string text = to_json(proof);
    if (ask.out.empty()) {
      fmt::print("{}", text);
      return;
    }
    write_whole(ask.out, text);
    fmt::print("{}\n", say(line.for_people, proven, checked.events, checked.stale, head->size,
                           std::string_view(to_string(head->at))));
  } catch (const ProofRefused& refused) { refuse_proof(line, refused.what()); }
}

void check_given(const CheckAsk& ask, CommandLine& line) {
  const auto text = read_text(ask.file);
  if (!text) throw std::system_error(errno, std::generic_category(), ask.file);
  std::string out;
  http::JsonWriter json(out);
  const Language language = line.for_people;
  try {
    const Proof proof = parse_proof(*text);
    if (!ask.key.empty() && proof.head.key != *parse_public_key(ask.key)) {
      throw ProofRefused(
          fmt::format("expected a head signed with {}, but it is {}", ask.key, to_hex(proof.head.key)));
    }
    const ProofChecked checked = check_proof(proof);
    if (ask.json) {
      json.object().member("holds").boolean(true).member("case").string(to_string(proof.id));
      json.member("log").string(to_string(proof.head.log)).member("key").string(to_hex(proof.head.key));
      json.member("key_known").boolean(!ask.key.empty()).member("time").string(to_string(proof.head.at));
      json.member("events").number(checked.events).member("stale").number(checked.stale);
      json.member("version").number(checked.version.value).member("hash").string(to_hex(checked.hash)).end();
      fmt::print("{}\n", out);
      return;
    }
    fmt::print("{}\n{}\n",
               say(language, holds, std::string_view(to_string(proof.id)), checked.version.value,
                   std::string_view(to_hex(checked.hash)), std::string_view(to_hex(proof.head.key))),
               say(language, proven, checked.events, checked.stale, proof.head.size,
                   std::string_view(to_string(proof.head.at))));
    if (ask.key.empty()) fmt::print("{}\n", say(language, key_unknown));
    fmt::print("\n{}\n", say(language, does_not_prove));
    for (const std::string& sentence : what_a_proof_does_not_prove(language)) fmt::print("- {}\n", sentence);
  } catch (const ProofRefused& refused) {
    line.status = Exit::refused;
    if (ask.json) {
      json.object().member("holds").boolean(false).member("why").string(refused.what()).end();
      fmt::print("{}\n", out);
    } else {
      fmt::print("{}\n", say(language, proof_refused, std::string_view(refused.what())));
    }
  }
}

}  // namespace

void add_audit_proofs(CommandLine& line, CLI::App& group) {
  auto key = std::make_shared<DirectoryOptions>();
  CLI::App* key_command =
      group.add_subcommand("key", "The public key with which heads of the log are signed; made at first use");
  add_directory_options(*key_command, *key);
  key_command->callback([key] {
    SystemChance chance;
    const SigningKey made = SigningKey::load_or_make(key->directory().signing_key(), fresh_key(chance));
    fmt::print("{}\n", to_hex(made.public_key()));
  });

  auto ask = std::make_shared<ProveAsk>();
  CLI::App* prove_command =
      group.add_subcommand("prove", "A proof that a case's events are in the signed history, as JSON");
  prove_command->add_option("case", ask->case_id, "The case")->required()->check(a_uuid());
  add_directory_options(*prove_command, ask->where);
  prove_command->add_option("--heads", ask->heads, "Signed heads, if they are not in the data directory")
      ->check(CLI::ExistingFile);
  prove_command->add_option("--out", ask->out, "Into this file instead of standard output");
  prove_command->callback([ask, &line] { prove(*ask, line); });

  auto proof = std::make_shared<CheckAsk>();
  CLI::App* check_command =
      group.add_subcommand("check", "Whether a proof holds, with nothing but the public key");
  check_command->add_option("proof", proof->file, "What geleit audit prove wrote")
      ->required()
      ->check(CLI::ExistingFile);
  check_command->add_option("--key", proof->key, "The public key, known from elsewhere: 64 digits")
      ->check(a_public_key());
  check_command->add_flag("--json", proof->json, "For programs");
  check_command->callback([proof, &line] { check_given(*proof, line); });
}

}  // namespace geleit
