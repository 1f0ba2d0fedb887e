// What verify finds in a small history: every octet of it changed once, and every way to edit it that
// somebody could think of.
#include "services/audit/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "events/codec.h"
#include "events/record_group.h"
#include "services/audit/proof.h"
#include "tests/unit/audited_history.h"

namespace geleit {
namespace {

using testing::AuditedHistory;
using testing::History;
using testing::LooseRecord;

bool has(const VerifyReport& report, Check check) {
  return std::ranges::any_of(report.findings, [&](const Finding& f) { return f.check == check; });
}
std::string said(const VerifyReport& report) {
  std::string out;
  for (const Finding& f : report.findings) {
    out.append(word(f.check));
    if (f.at) out += fmt::format(" {}:{}", f.at->partition.value, f.at->offset.value);
    out += "; ";
  }
  return out;
}
CaseId case_of(const LooseRecord& record) { return link_of(record.bytes)->stream; }

/// One history for the file; each test edits a copy of its records.
class Verify : public ::testing::Test {
 protected:
  static AuditedHistory& history() {
    static AuditedHistory made(40);
    return made;
  }
  std::vector<LooseRecord> records = history().records;
  VerifyHeads heads = history().heads();
  static inline const VerifyHeads none{};

  /// Somewhere in the midst of a partition, with the next record of the same case behind it.
  std::size_t middle() const {
    for (std::size_t i = records.size() / 4; i < records.size(); ++i) {
      const auto link = link_of(records[i].bytes);
      if (!link || link->version != Version{2}) continue;
      const bool followed = std::ranges::any_of(records, [&](const LooseRecord& other) {
        const auto next_link = link_of(other.bytes);
        return next_link && next_link->stream == link->stream && next_link->version == Version{3};
      });
      if (followed) return i;
    }
    ADD_FAILURE() << "no such record";
    return 0;
  }
  /// Gives the records of each partition offsets without a gap, as whoever hides an edit would.
  void renumber() {
    std::map<Partition, std::uint64_t> ends;
    for (LooseRecord& record : records) record.offset = Offset{ends[record.partition]++};
  }
};

TEST_F(Verify, FindsNothingInAWholeHistory) {
  const VerifyReport report = AuditedHistory::verify(records, heads);
  EXPECT_TRUE(report.ok()) << said(report);
  EXPECT_EQ(report.heads, 4u);
  for (std::uint16_t p = 0; p < AuditedHistory::partitions; ++p) {
    EXPECT_EQ(report.partitions[p].covered, history().size_of(Partition{p}));
    EXPECT_EQ(report.partitions[p].stale, 0u);
  }
  EXPECT_TRUE(AuditedHistory::verify(records, none).ok());
}

TEST_F(Verify, FindsEveryOctetThatIsChanged) {
  // As the embedded log keeps them: recorded times, lengths, counts and all.
  std::vector<LooseRecord> some;
  std::vector<std::pair<Partition, std::string>> groups;
  std::map<Partition, GroupBuilder> builders;
  std::size_t octets = 0;
  for (const LooseRecord& record : records) {
    if (octets > (64 << 10)) break;
    octets += record.bytes.size() + 16;
    builders[record.partition].add(record.recorded, record.bytes);
    some.push_back(record);
  }
  ASSERT_GT(octets, 32u << 10) << "expected a history of some size";
  for (auto& [partition, builder] : builders) groups.emplace_back(partition, std::string(builder.value()));
  VerifyHeads signed_heads;
  signed_heads.keys = heads.keys;
  for (const auto& [partition, value] : groups)
    signed_heads.heads.push_back(history().head(partition, GroupCursor(value).count()));

  std::size_t harmless = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t at = 0; at < groups[g].second.size(); ++at) {
      std::string& value = groups[g].second;
      const char was = value[at];
      value[at] = static_cast<char>(was ^ (1 << (at % 8)));
      std::vector<LooseRecord> found;
      bool refused = false;
      for (std::size_t other = 0; other < groups.size(); ++other) {
        Offset offset;
        try {
          for (GroupCursor cursor(groups[other].second); cursor.next(); offset = next(offset))
            found.push_back({groups[other].first, offset, cursor.recorded(), std::string(cursor.bytes())});
        } catch (const LogCorrupt&) { refused = true; }
      }
      value[at] = was;
      if (refused) continue;  // reading says so, at this record
      const auto same = [](const LooseRecord& a, const LooseRecord& b) {
        return a.partition == b.partition && a.offset == b.offset && a.recorded == b.recorded &&
               a.bytes == b.bytes;
      };
      std::vector<LooseRecord> sorted = some;
      std::ranges::stable_sort(sorted, {}, &LooseRecord::partition);
      if (std::ranges::equal(found, sorted, same)) {
        ++harmless;  // octets between records: what is read is what was written
        continue;
      }
      const VerifyReport report = AuditedHistory::verify(found, signed_heads);
      ASSERT_FALSE(report.ok()) << "octet " << at << " of group " << g;
    }
  }
  EXPECT_LT(harmless, octets / 20);
}

TEST_F(Verify, NamesTheRecordAndTheCaseOfAChangedOctet) {
  const std::size_t i = middle();
  records[i].bytes[records[i].bytes.size() - 40] ^= 1;
  const VerifyReport report = AuditedHistory::verify(records, none);
  ASSERT_TRUE(has(report, Check::hash)) << said(report);
  EXPECT_EQ(report.findings.front().at, (Position{records[i].partition, records[i].offset}));
  EXPECT_EQ(report.affected, std::set{case_of(records[i])});
  // A head that no longer fits says the same of more records; the one that is known comes first.
  const VerifyReport signed_too = AuditedHistory::verify(records, heads);
  EXPECT_TRUE(has(signed_too, Check::head_root)) << said(signed_too);
  EXPECT_EQ(signed_too.findings.front().check, Check::hash);
  EXPECT_EQ(signed_too.affected, std::set{case_of(records[i])});
}

TEST_F(Verify, FindsARemovedRecordByTheGapAndByWhatBuiltOnIt) {
  const std::size_t i = middle();
  const LooseRecord removed = records[i];
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(i));
  const VerifyReport gap = AuditedHistory::verify(records, none);
  ASSERT_TRUE(has(gap, Check::gap)) << said(gap);
  EXPECT_EQ(gap.findings.front().at, (Position{removed.partition, removed.offset}));
  renumber();
  const VerifyReport hidden = AuditedHistory::verify(records, none);
  ASSERT_TRUE(has(hidden, Check::predecessor)) << said(hidden);
  EXPECT_EQ(hidden.affected, std::set{case_of(removed)});
  EXPECT_TRUE(has(AuditedHistory::verify(records, heads), Check::head_root));
}

TEST_F(Verify, FindsAnInsertedRecord) {
  // A second copy of a record: by the chain alone a legitimate duplicate after a lost acknowledgement.
  const std::size_t i = middle();
  records.insert(records.begin() + static_cast<std::ptrdiff_t>(i), records[i]);
  EXPECT_TRUE(has(AuditedHistory::verify(records, none), Check::order));
  renumber();
  EXPECT_TRUE(AuditedHistory::verify(records, none).ok());
  const VerifyReport report = AuditedHistory::verify(records, heads);
  EXPECT_TRUE(has(report, Check::head_root)) << said(report);
}

TEST_F(Verify, FindsSwappedRecords) {
  const std::size_t i = middle();
  std::size_t j = i + 1;
  while (records[j].partition != records[i].partition) ++j;
  std::swap(records[i].bytes, records[j].bytes);
  EXPECT_TRUE(has(AuditedHistory::verify(records, heads), Check::head_root));
  std::swap(records[i].recorded, records[j].recorded);
  const VerifyReport report = AuditedHistory::verify(records, none);
  EXPECT_TRUE(has(report, Check::time)) << said(report);
}

TEST_F(Verify, FindsATruncatedHistory) {
  const Partition last = records.back().partition;
  const Offset lost = records.back().offset;
  records.pop_back();
  EXPECT_TRUE(AuditedHistory::verify(records, none).ok()) << "without a head nobody knows";
  const VerifyReport report = AuditedHistory::verify(records, heads);
  ASSERT_TRUE(has(report, Check::head_beyond)) << said(report);
  EXPECT_EQ(report.findings.front().at, (Position{last, lost}));
}

TEST_F(Verify, FindsAHistoryRewrittenFromTheMiddleWithTheRightHashes) {
  // Whoever may write the log changes one visit and makes every later event of the case anew.
  const std::size_t i = middle();
  const CaseId id = case_of(records[i]);
  Hash before;
  bool changed = false;
  for (LooseRecord& record : records) {
    if (case_of(record) != id) continue;
    Event event = decode(record.bytes);
    if (event.version == Version{2}) {
      event.by = "somebody-else";
      changed = true;
    }
    if (changed && event.version > Version{2}) event.previous = before;
    if (changed) record.bytes = encode(event);
    before = stated_hash(record.bytes);
  }
  EXPECT_TRUE(AuditedHistory::verify(records, none).ok())
      << "by hashes and chains it is a history like any other";
  const VerifyReport report = AuditedHistory::verify(records, heads);
  ASSERT_TRUE(has(report, Check::head_root)) << said(report);
  const Finding& first = report.findings.front();
  EXPECT_EQ(first.at->partition, records[i].partition);
  EXPECT_LE(first.at->offset, records[i].offset);
  EXPECT_TRUE(report.affected.contains(id));
  // New heads over it do not help as long as an old one is kept elsewhere.
  AuditedHistory forged(40);
  forged.records = records;
  VerifyHeads both = forged.heads();
  both.heads.insert(both.heads.end(), heads.heads.begin(), heads.heads.end());
  EXPECT_TRUE(has(AuditedHistory::verify(records, both), Check::head_fork));
}

TEST_F(Verify, TheTablesNameTheRewrittenCase) {
  const std::size_t i = middle();
  const CaseId id = case_of(records[i]);
  TableWitness witness;
  witness.reached.resize(AuditedHistory::partitions);
  witness.heads.resize(AuditedHistory::partitions);
  for (const LooseRecord& record : records) {
    witness.reached[record.partition.value] = next(record.offset);
    const auto link = link_of(record.bytes);
    witness.heads[record.partition.value][link->stream] = {link->version, link->hash};
  }
  witness.stream_head = [](const CaseId&) { return Head{}; };
  EXPECT_TRUE(AuditedHistory::verify(records, none, &witness).ok());
  LooseRecord* last = nullptr;
  for (LooseRecord& record : records) {
    if (case_of(record) == id) last = &record;
  }
  Event event = decode(last->bytes);
  event.by = "somebody-else";
  last->bytes = encode(event);
  const VerifyReport report = AuditedHistory::verify(records, none, &witness);
  ASSERT_TRUE(has(report, Check::table)) << said(report);
  EXPECT_EQ(report.affected, std::set{id});
  const VerifyReport signed_too = AuditedHistory::verify(records, heads, &witness);
  EXPECT_TRUE(has(signed_too, Check::head_root)) << said(signed_too);
  EXPECT_EQ(signed_too.affected, std::set{id});
}

TEST_F(Verify, CountsRecordsThatLostTheirRaceAndTellsThemFromDamage) {
  AuditedHistory raced(6);
  History& told = raced.history();
  // Two writers decide on the same state; the second builds on its own, which turned out stale.
  const CaseId id = History::case_id(2);
  const std::string first = told.make(id, CareTeamAssigned{"m.roth", {}}, "hana-muenchen");
  const std::string second = told.make(id, CareTeamAssigned{"k.adler", {}}, "hana-muenchen");
  told.append(first);
  told.append_raw(id, second);
  Event on_it = decode(second);
  on_it.version = next(on_it.version);
  on_it.previous = stated_hash(second);
  told.append_raw(id, encode(on_it));
  VerifyProgress progress;
  const VerifyReport report = verify_log(&raced.log(), std::nullopt, none, nullptr, 2, progress);
  EXPECT_TRUE(report.ok()) << said(report);
  std::uint64_t stale = 0;
  for (const PartitionVerified& p : report.partitions) stale += p.stale;
  EXPECT_EQ(stale, 2u);
  EXPECT_EQ(progress.records, raced.records.size() + 3);
}

TEST_F(Verify, WhatAHeadHasSeenIsAsItWas) {
  // A record that is no event, and one whose predecessor never came, were there when the head was signed.
  AuditedHistory odd(6);
  History& told = odd.history();
  told.append_raw(History::case_id(1), record_bytes(1, 64));
  VerifyProgress progress;
  VerifyReport report = verify_log(&odd.log(), std::nullopt, none, nullptr, 2, progress);
  EXPECT_FALSE(report.ok());
  const Partition partition = partition_of(History::case_id(1), AuditedHistory::partitions);
  odd.records.clear();
  for (const ReadRecord& r : read_all(odd.log(), partition))
    odd.records.push_back({partition, r.offset, r.recorded, r.bytes});
  VerifyHeads covering;
  covering.heads.push_back(odd.head(partition, odd.size_of(partition)));
  covering.keys.push_back(odd.key.public_key());
  report = verify_log(&odd.log(), std::nullopt, covering, nullptr, 2, progress);
  EXPECT_TRUE(report.ok()) << said(report);
  EXPECT_EQ(report.partitions[partition.value].foreign, 1u);
  covering.keys.clear();  // signed by nobody knows whom
  EXPECT_FALSE(verify_log(&odd.log(), std::nullopt, covering, nullptr, 2, progress).ok());
}

TEST_F(Verify, AHeadIsBelievedByItsSignatureAlone) {
  VerifyHeads changed = heads;
  changed.heads[0].size += 1;
  EXPECT_TRUE(has(AuditedHistory::verify(records, changed), Check::head_signature));
  changed = heads;
  sign(changed.heads[0], SigningKey(KeyBytes{8}));
  EXPECT_TRUE(has(AuditedHistory::verify(records, changed), Check::head_key));
  changed = heads;
  for (SignedHead& head : changed.heads) head.log.low ^= 1;
  const VerifyReport other = AuditedHistory::verify(records, changed);
  EXPECT_EQ(other.other_heads, 4u);
  EXPECT_EQ(other.heads, 0u);
}

TEST_F(Verify, FindsRandomEdits) {
  AuditedHistory large(400, 3);
  const VerifyHeads of_large = large.heads();
  std::mt19937 chance(17);
  for (int round = 0; round < 60; ++round) {
    records = large.records;
    const std::size_t i = chance() % records.size();
    std::size_t j = chance() % records.size();
    while (records[j].partition != records[i].partition || j == i) j = chance() % records.size();
    switch (round % 6) {
      case 0:
        records[i].bytes[chance() % records[i].bytes.size()] ^= static_cast<char>(1 + chance() % 255);
        break;
      case 1:
        records.erase(records.begin() + static_cast<std::ptrdiff_t>(i));
        renumber();
        break;
      case 2:
        records.insert(records.begin() + static_cast<std::ptrdiff_t>(i), records[j]);
        renumber();
        break;
      case 3: std::swap(records[i].bytes, records[j].bytes); break;
      case 4: records[i].recorded.ms += 1 + static_cast<int>(chance() % 1'000); break;
      default: records.resize(i + 1); break;
    }
    const bool same = round % 6 == 5 && i + 1 == large.records.size();
    EXPECT_EQ(AuditedHistory::verify(records, of_large).ok(), same) << "round " << round << " at " << i;
  }
}

// ---------------------------------------------------------------- heads and proofs

TEST(SignedHeads, AreReadAsTheyAreWritten) {
  const AuditedHistory history(3);
  const SignedHead head = history.head(Partition{0}, 5);
  EXPECT_TRUE(signature_holds(head));
  EXPECT_EQ(parse_head(to_json(head)), head);
  EXPECT_EQ(signed_octets(head).size(), 14u + 16 + 2 + 8 + 32 + 8 + 32);
}

TEST(SignedHeads, NoOctetOfALineCanBeChanged) {
  const AuditedHistory history(3);
  const SignedHead head = history.head(Partition{1}, 4);
  const std::string line = to_json(head);
  for (std::size_t at = 0; at < line.size(); ++at) {
    for (const char other : {'0', '7', 'a', 'A', '+', ' ', '"', 'Z'}) {
      std::string changed = line;
      if (changed[at] == other) continue;
      changed[at] = other;
      try {
        const SignedHead found = parse_head(changed);
        EXPECT_TRUE(found == head || !signature_holds(found)) << changed;
        EXPECT_TRUE(found != head || other == ' ') << changed;
      } catch (const BadHead&) {}
    }
  }
}

TEST(Proofs, AreAcceptedAndSayWhichStateTheyShow) {
  AuditedHistory history(8);
  const CaseId id = History::case_id(3);
  const Partition partition = partition_of(id, AuditedHistory::partitions);
  const SignedHead head = history.head(partition, history.size_of(partition));
  const std::array cases{id};
  const auto proofs = prove_cases(history.log(), head, cases);
  ASSERT_EQ(proofs.size(), 1u);
  const Proof& proof = proofs.at(id);
  const ProofChecked checked = check_proof(proof);
  EXPECT_EQ(checked.events, proof.events.size());
  EXPECT_EQ(checked.version.value, checked.events);
  EXPECT_EQ(parse_proof(to_json(proof)), proof);
}

TEST(Proofs, AreRefusedWhenAnythingInThemIsChanged) {
  AuditedHistory history(4);
  const CaseId id = History::case_id(1);
  const Partition partition = partition_of(id, AuditedHistory::partitions);
  const std::array cases{id};
  const Proof proof =
      prove_cases(history.log(), history.head(partition, history.size_of(partition)), cases).at(id);
  const std::string whole = to_json(proof);
  const std::size_t end = whole.find("\"does_not_prove\"");
  for (std::size_t at = 0; at < end; ++at) {
    std::string changed = whole;
    changed[at] = changed[at] == '1' ? '2' : '1';
    try {
      const Proof found = parse_proof(changed);
      if (found == proof) continue;
      EXPECT_THROW((void)check_proof(found), ProofRefused) << at;
    } catch (const ProofRefused&) {}
  }
  Proof without = proof;
  without.events.erase(without.events.begin() + 1);
  EXPECT_THROW((void)check_proof(without), ProofRefused);
  Proof shorter = proof;
  shorter.events.pop_back();  // what no proof can show: README.md
  EXPECT_EQ(check_proof(shorter).version.value, proof.events.size() - 1);
}

TEST(Proofs, AreNotMadeOfALogThatIsNotTheSignedOne) {
  AuditedHistory history(4);
  SignedHead head = history.head(Partition{0}, 3);
  head.root.words[0] ^= 1;
  sign(head, history.key);
  const std::array cases{History::case_id(1)};
  EXPECT_THROW((void)prove_cases(history.log(), head, cases), ProofRefused);
}

}  // namespace
}  // namespace geleit
