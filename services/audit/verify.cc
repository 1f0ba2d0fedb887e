#include "services/audit/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include "events/codec.h"
#include "events/copy_mark.h"
#include "events/embedded_log_salvage.h"
#include "events/high_water.h"
#include "events/record_group.h"
#include "events/sha256.h"
#include "events/thread_name.h"
#include "events/uuid.h"
#include "projections/partition_walk.h"

namespace geleit {
namespace {

constexpr std::size_t verify_records_at_once = 512;
/// Streams gathered since the last head, before those that come twice are dropped.
constexpr std::size_t since_match_max = 1 << 20;

void drop_repeated(std::vector<CaseId>& streams) {
  std::ranges::sort(streams);
  streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
}

}  // namespace

// ---------------------------------------------------------------- one partition

PartitionCheck::PartitionCheck(Partition partition, std::uint16_t partitions, std::vector<SignedHead> heads,
                               bool keys_known, const TableWitness* witness)
    : partition_(partition),
      partitions_(partitions),
      heads_(std::move(heads)),
      keys_known_(keys_known),
      witness_(witness) {
  compare_heads();
}

std::optional<Standing> PartitionCheck::take(const StoredRecord& record) {
  if (witness_ != nullptr && !compared_with_tables_ && record.offset >= witness_->reached[partition_.value])
    compare_with_tables();
  ++out_.records;
  out_.octets += record.bytes.size();
  if (record.offset < expected_) {
    whole_ = false;
    add({Check::order, Position{partition_, record.offset}, next(record.offset), {}, {}});
    return judge(record);
  }
  if (record.offset > expected_) {
    whole_ = false;
    add({Check::gap, Position{partition_, expected_}, record.offset, {}, {}});
  }
  expected_ = next(record.offset);
  const auto standing = judge(record);
  if (record.recorded < recorded_) doubt(Check::time, record.offset, {});
  recorded_ = std::max(recorded_, record.recorded);
  if (whole_) {
    edge_.add(leaf_hash(record.offset, record.recorded, record.bytes));
    compare_heads();
  }
  return standing;
}

std::optional<Standing> PartitionCheck::judge(const StoredRecord& record) {
  const bool hashed =
      record.bytes.size() >= hash_octets && recompute_hash(record.bytes) == stated_hash(record.bytes);
  std::optional<Link> link;
  bool ours = false;
  try {
    decode(record.bytes, event_);
    link = Link{event_.id, event_.stream, event_.version, event_.previous, stated_hash(record.bytes)};
    ours = true;
  } catch (const BadRecord&) { link = link_of(record.bytes); }
  if (!hashed) doubt(Check::hash, record.offset, link ? link->stream : CaseId{});
  if (!ours && is_copy_mark(record)) return std::nullopt;
  auto known = ours ? cases_.find(link->stream) : cases_.end();
  if (ours && known == cases_.end()) ours = partition_of(link->stream, partitions_) == partition_;
  if (!ours) {
    ++out_.foreign;
    if (hashed) doubt(Check::foreign, record.offset, {});
    return std::nullopt;
  }
  if (known == cases_.end()) known = cases_.try_emplace(link->stream).first;
  if (next_head_ < heads_.size()) {
    since_match_.push_back(link->stream);
    if (since_match_.size() > since_match_max) drop_repeated(since_match_);
  }
  Head& head = known->second;
  const Standing stands = standing(head, link->version, link->previous);
  if (stands == Standing::accepted) {
    head = {link->version, link->hash};
    ++out_.events;
    return stands;
  }
  ++out_.stale;
  // Whoever loses a race builds on what was accepted, or on what became stale with it.
  if (link->version > head.version && !stale_.contains(link->previous)) {
    ++out_.unlinked;
    doubt(Check::predecessor, record.offset, link->stream);
  }
  stale_.insert(link->hash);
  return stands;
}

void PartitionCheck::compare_heads() {
  for (; next_head_ < heads_.size() && heads_[next_head_].size == edge_.size(); ++next_head_) {
    const SignedHead& head = heads_[next_head_];
    if (head.root == edge_.root()) {
      ++out_.matched;
      matched_size_ = head.size;
      if (keys_known_) out_.covered = head.size;
      since_match_.clear();
    } else if (!std::exchange(root_differs_, true)) {
      drop_repeated(since_match_);
      add({Check::head_root, Position{partition_, Offset{matched_size_}}, Offset{head.size},
           std::exchange(since_match_, {}),
           fmt::format("expected the root {}, but it is {}", to_hex(head.root), to_hex(edge_.root()))});
    }
  }
}

void PartitionCheck::compare_with_tables() {
  compared_with_tables_ = true;
  const auto& witness = witness_->heads[partition_.value];
  const auto differs = [&](const CaseId& id, const Head& log, const Head& tables) {
    add({Check::table,
         std::nullopt,
         {},
         {id},
         fmt::format("the tables have read its event {} with the hash {}, but in the log it is {} with {}",
                     tables.version.value, to_hex(tables.hash), log.version.value, to_hex(log.hash))});
  };
  for (const auto& [id, head] : witness) {
    const auto found = cases_.find(id);
    const Head log = found == cases_.end() ? Head{} : found->second;
    if (log != head) differs(id, log, head);
  }
  for (const auto& [id, head] : cases_) {
    if (head.version == Version{0} || witness.contains(id)) continue;
    const Head stream = witness_->stream_head(id);
    if (stream != head) differs(id, head, stream);
  }
}

void PartitionCheck::hole(Offset until, std::string why) {
  if (until <= expected_) return;
  whole_ = false;
  add({Check::unreadable, Position{partition_, expected_}, until, {}, std::move(why)});
  expected_ = until;
}

void PartitionCheck::note(Finding finding) { add(std::move(finding)); }

void PartitionCheck::doubt(Check check, Offset offset, const CaseId& id) {
  doubts_.push_back({check, offset, id});
}

void PartitionCheck::add(Finding finding) {
  if (finding.check != Check::head_root) out_.affected.insert(finding.cases.begin(), finding.cases.end());
  if (told_[static_cast<std::size_t>(finding.check)]++ < findings_max)
    out_.findings.push_back(std::move(finding));
}

PartitionVerified PartitionCheck::finish(Offset end) {
  out_.end = expected_;
  if (expected_ < end) {
    whole_ = false;
    add({Check::gap, Position{partition_, expected_}, end, {}, "they had been acknowledged"});
  }
  if (witness_ != nullptr) {
    const Offset reached = witness_->reached[partition_.value];
    if (reached > std::max(expected_, end))
      add({Check::gap, Position{partition_, expected_}, reached, {}, "the tables have read them"});
    if (!compared_with_tables_) compare_with_tables();
  }
  if (next_head_ < heads_.size()) {
    const Offset largest{heads_.back().size};
    if (whole_ || largest > std::max(expected_, end)) {
      add({Check::head_beyond, Position{partition_, out_.end}, largest, {}, {}});
    } else {
      out_.unchecked = heads_.size() - next_head_;
    }
  }
  for (const Doubt& doubt : doubts_) {
    if (doubt.offset.value < out_.covered) continue;
    std::vector<CaseId> cases;
    if (!doubt.id.is_nil()) cases.push_back(doubt.id);
    add({doubt.check, Position{partition_, doubt.offset}, next(doubt.offset), std::move(cases), {}});
  }
  const auto root = std::ranges::find(out_.findings, Check::head_root, &Finding::check);
  if (root != out_.findings.end()) explain(*root);
  return std::move(out_);
}

/// Between two heads many records lie; where one of them is known to be wrong, the others need not be.
void PartitionCheck::explain(Finding& root_differs) {
  for (const Finding& finding : out_.findings) {
    const bool of_place = finding.at && finding.check != Check::head_root &&
                          finding.check != Check::predecessor && *finding.at >= *root_differs.at &&
                          finding.at->offset < root_differs.until;
    const bool of_case =
        finding.check == Check::table &&
        std::ranges::find(root_differs.cases, finding.cases.front()) != root_differs.cases.end();
    root_differs.explained |= of_place || of_case;
  }
  if (!root_differs.explained) out_.affected.insert(root_differs.cases.begin(), root_differs.cases.end());
}

// ---------------------------------------------------------------- heads by themselves

SortedHeads sort_heads(const VerifyHeads& given, const LogInfo& log) {
  SortedHeads out;
  out.of_partition.resize(log.partitions);
  for (const SignedHead& head : given.heads) {
    if (head.log != log.id || head.partition.value >= log.partitions) {
      ++out.other;
      continue;
    }
    ++out.of_log;
    const Position at{head.partition, Offset{}};
    if (!signature_holds(head)) {
      out.findings.push_back({Check::head_signature, at, Offset{head.size}, {}, to_json(head)});
    } else if (!given.keys.empty() && std::ranges::find(given.keys, head.key) == given.keys.end()) {
      out.findings.push_back({Check::head_key, at, Offset{head.size}, {}, to_hex(head.key)});
    } else {
      out.of_partition[head.partition.value].push_back(head);
    }
  }
  for (auto& heads : out.of_partition) {
    std::ranges::stable_sort(heads, {}, &SignedHead::size);
    for (std::size_t i = 1; i < heads.size(); ++i) {
      if (heads[i].size != heads[i - 1].size || heads[i].root == heads[i - 1].root) continue;
      out.findings.push_back({Check::head_fork,
                              Position{heads[i].partition, Offset{}},
                              Offset{heads[i].size},
                              {},
                              fmt::format("{} and {}", to_hex(heads[i - 1].root), to_hex(heads[i].root))});
    }
  }
  return out;
}

// ---------------------------------------------------------------- a log

namespace {

/// Reads the partitions of a log in several threads, from its files where it cannot be read otherwise.
class LogPass {
 public:
  LogPass(const ReadableLog* log, const std::optional<std::filesystem::path>& embedded,
          VerifyProgress& progress)
      : log_(log), embedded_(embedded), progress_(progress) {
    if (log_ != nullptr) {
      info_ = log_->info();
      ends_ = log_->ends();
      return;
    }
    const auto found = salvage().info();
    if (!found) throw LogCorrupt(fmt::format("nothing of a log can be read in {}", embedded_->string()));
    info_ = *found;
    const auto acknowledged = HighWater::read(*embedded_);
    ends_.resize(info_.partitions);
    for (std::size_t p = 0; acknowledged && p < ends_.size() && p < acknowledged->size(); ++p)
      ends_[p] = Offset{(*acknowledged)[p]};
  }

  [[nodiscard]] const LogInfo& info() const { return info_; }

  std::vector<PartitionVerified> run(SortedHeads& heads, bool keys_known, const TableWitness* witness,
                                     unsigned workers) {
    std::vector<PartitionVerified> verified(info_.partitions);
    std::vector<Work> tasks;
    for (std::uint16_t p = 0; p < info_.partitions; ++p) {
      tasks.emplace_back([&, p](std::size_t) {
        name_thread("verify");
        PartitionCheck check(Partition{p}, info_.partitions, std::move(heads.of_partition[p]), keys_known,
                             witness);
        read(Partition{p}, check);
        verified[p] = check.finish(ends_[p]);
      });
    }
    run_all(tasks, workers);
    return verified;
  }

 private:
  const EmbeddedLogSalvage& salvage() {
    const std::lock_guard lock(mutex_);
    if (!salvage_) salvage_ = std::make_unique<EmbeddedLogSalvage>(*embedded_);
    return *salvage_;
  }

  void read(Partition partition, PartitionCheck& check) {
    if (log_ == nullptr) return read_files(partition, check);
    try {
      const auto reader = log_->read(partition, Offset{});
      std::vector<StoredRecord> records;
      while (check.expected() < ends_[partition.value]) {
        reader->next(records, verify_records_at_once);
        if (records.empty()) break;
        std::uint64_t octets = 0;
        for (const StoredRecord& record : records) {
          if (record.offset >= ends_[partition.value]) break;
          check.take(record);
          octets += record.bytes.size();
        }
        progress_.records += records.size();
        progress_.octets += octets;
      }
    } catch (const LogCorrupt& damage) {
      check.note({Check::files, std::nullopt, {}, {}, damage.what()});
      if (!embedded_) return check.hole(ends_[partition.value], damage.what());
      read_files(partition, check);
    }
  }

  void read_files(Partition partition, PartitionCheck& check) {
    const EmbeddedLogSalvage& files = salvage();
    const std::vector<Offset> groups = files.groups(partition);
    // The group that holds the next record begins at or before it.
    auto group = std::ranges::upper_bound(groups, check.expected());
    if (group != groups.begin()) --group;
    for (; group != groups.end(); ++group) {
      const auto value = files.value(partition, *group);
      if (!value) continue;
      check.hole(*group, {});
      Offset offset = *group;
      try {
        for (GroupCursor cursor(*value); cursor.next(); offset = next(offset)) {
          if (offset < check.expected()) continue;
          check.take({partition, offset, cursor.recorded(), cursor.bytes()});
          ++progress_.records;
        }
      } catch (const LogCorrupt&) {}  // what is missing is a hole before the next group
    }
    check.hole(ends_[partition.value], {});
  }

  const ReadableLog* log_;
  const std::optional<std::filesystem::path>& embedded_;
  VerifyProgress& progress_;
  LogInfo info_;
  Positions ends_;
  std::mutex mutex_;
  std::unique_ptr<EmbeddedLogSalvage> salvage_;
};

/// Findings about places in the log whose cases only the tables can name.
bool is_about_a_place(const Finding& finding) {
  switch (finding.check) {
    case Check::hash:
    case Check::order:
    case Check::gap:
    case Check::unreadable:
    case Check::head_beyond: return finding.at.has_value();
    case Check::foreign:
    case Check::time:
    case Check::predecessor:
    case Check::head_line:
    case Check::head_signature:
    case Check::head_key:
    case Check::head_fork:
    case Check::head_root:
    case Check::table:
    case Check::line:
    case Check::files: return false;
  }
  return false;
}

void name_cases(VerifyReport& report, const TableWitness& witness) {
  TableWitness::Ranges ranges;
  std::vector<Finding*> about;
  for (Finding& finding : report.findings) {
    if (!is_about_a_place(finding)) continue;
    ranges.emplace_back(*finding.at, finding.until);
    about.push_back(&finding);
  }
  if (ranges.empty() || !witness.cases_in) return;
  const auto cases = witness.cases_in(ranges);
  for (std::size_t i = 0; i < about.size(); ++i) {
    std::set<CaseId> all(about[i]->cases.begin(), about[i]->cases.end());
    all.insert(cases[i].begin(), cases[i].end());
    about[i]->cases.assign(all.begin(), all.end());
    report.affected.insert(all.begin(), all.end());
  }
}

}  // namespace

VerifyReport put_together(LogInfo log, const VerifyHeads& given, SortedHeads heads,
                          std::vector<PartitionVerified> partitions, const TableWitness* witness) {
  VerifyReport report;
  report.log = std::move(log);
  report.heads = heads.of_log;
  report.other_heads = heads.other;
  report.keys_known = !given.keys.empty();
  report.findings = std::move(heads.findings);
  for (PartitionVerified& partition : partitions) {
    std::ranges::move(partition.findings, std::back_inserter(report.findings));
    report.affected.merge(partition.affected);
  }
  report.partitions = std::move(partitions);
  if (witness != nullptr) name_cases(report, *witness);
  // The first bad record first, then where one is but not which, then what has no place.
  const auto rank = [](const Finding& finding) {
    if (!finding.at) return 2;
    return finding.explained ? 1 : 0;
  };
  std::ranges::stable_sort(report.findings, [&](const Finding& a, const Finding& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a.at && b.at && std::tie(*a.at, a.until) < std::tie(*b.at, b.until);
  });
  return report;
}

VerifyReport verify_log(const ReadableLog* log, const std::optional<std::filesystem::path>& embedded,
                        const VerifyHeads& heads, const FindWitness& witness, unsigned workers,
                        VerifyProgress& progress) {
  LogPass pass(log, embedded, progress);
  const TableWitness* const tables = witness ? witness(pass.info()) : nullptr;
  SortedHeads sorted = sort_heads(heads, pass.info());
  auto partitions = pass.run(sorted, !heads.keys.empty(), tables, workers);
  return put_together(pass.info(), heads, std::move(sorted), std::move(partitions), tables);
}

}  // namespace geleit
