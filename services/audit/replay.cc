#include "services/audit/replay.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <unordered_map>

#include "events/codec.h"
#include "events/sha256.h"
#include "projections/alerts.h"
#include "projections/evolve.h"

namespace geleit {
namespace {

/// Runs `work(partition)` for all of them, side by side.
void for_partitions(std::span<const Partition> partitions, const std::function<void(Partition)>& work) {
  std::vector<Work> tasks;
  for (const Partition partition : partitions)
    tasks.emplace_back([&work, partition](std::size_t) { work(partition); });
  run_all(tasks);
}

std::vector<Partition> all_partitions(const Positions& until) {
  std::vector<Partition> out;
  for (std::uint16_t p = 0; p < until.size(); ++p) out.emplace_back(p);
  return out;
}

/// The cases of one partition.
class PartitionReplay {
 public:
  PartitionReplay(Partition partition, std::uint16_t partitions, const ReplayScope& scope,
                  const ReplayHooks& hooks)
      : partition_(partition), partitions_(partitions), scope_(scope), hooks_(hooks) {}

  void add(const StoredRecord& record) {
    const auto link = link_of(record.bytes);
    if (!link || (scope_.case_id && link->stream != *scope_.case_id)) return;
    const auto known = places_.find(link->stream);
    if (known != places_.end() && known->second == left_out) return;
    try {
      decode(record.bytes, event_);
    } catch (const BadRecord&) { return; }
    ReplayedCase* one = known == places_.end() ? begin() : &cases_[known->second];
    if (!one || standing(one->head, event_.version, event_.previous) == Standing::stale) return;
    if (hooks_.before_event && one->failure.empty()) hooks_.before_event(*one, record.recorded);
    one->head = {event_.version, link->hash};
    one->last = record.offset;
    if ((!scope_.from || record.recorded >= *scope_.from) && (!scope_.to || record.recorded <= *scope_.to))
      one->in_range = true;
    if (!one->failure.empty()) return;
    ++events;
    try {
      evolve(one->state, event_, link->hash);
    } catch (const FoldFailed& failure) {
      one->failure = failure.what();
      failed_.emplace_back(one, record.offset);
      return;
    }
    if (hooks_.after_event) hooks_.after_event(*one, record.recorded);
  }

  void finish(const ReadableLog& log, Watched& watched) {
    for (const auto& [one, at] : failed_) fold_before(log, *one, at, watched);
    for (ReplayedCase& one : cases_) {
      if (one.head.version.value == 0 || !one.in_range) continue;
      ++cases;
      if (hooks_.done) hooks_.done(one);
    }
  }

  std::uint64_t events = 0, cases = 0;

 private:
  static constexpr std::uint32_t left_out = UINT32_MAX;

  /// A stream met for the first time; null where it is not asked for.
  ReplayedCase* begin() {
    const bool wanted = !std::holds_alternative<SettingsAdopted>(event_.payload) &&
                        partition_of(event_.stream, partitions_) == partition_ &&
                        (scope_.provider.empty() || event_.provider == scope_.provider);
    places_.emplace(event_.stream, wanted ? static_cast<std::uint32_t>(cases_.size()) : left_out);
    if (!wanted) return nullptr;
    cases_.emplace_back().id = event_.stream;
    return &cases_.back();
  }

  /// A failed fold leaves a case undefined: it is folded again, up to the event before.
  void fold_before(const ReadableLog& log, ReplayedCase& one, Offset failed, Watched& watched) {
    one.state = {};
    Head head;
    read_partition(log, partition_, failed, watched, [&](const StoredRecord& record) {
      const auto link = link_of(record.bytes);
      if (!link || link->stream != one.id) return;
      try {
        decode(record.bytes, event_);
      } catch (const BadRecord&) { return; }
      if (standing(head, link->version, link->previous) == Standing::stale) return;
      head = {link->version, link->hash};
      evolve(one.state, event_, link->hash);
    });
  }

  Partition partition_;
  std::uint16_t partitions_;
  const ReplayScope& scope_;
  const ReplayHooks& hooks_;
  Event event_;
  std::unordered_map<CaseId, std::uint32_t> places_;
  std::deque<ReplayedCase> cases_;  ///< they stay where they are
  std::vector<std::pair<ReplayedCase*, Offset>> failed_;
};

}  // namespace

void AlertWatch::look(const Case& c, Instant recorded, const RuleBook& rules) {
  since_ = recorded;
  waiting_ = deadlines_of(c, rules);
  std::erase_if(waiting_, [](const DeadlineRow& row) { return !is_missed_once_due(row); });
}

void AlertWatch::pass(Instant until) {
  for (const DeadlineRow& row : waiting_) {
    const Instant at = std::max(since_, raised_at(row.acts_on));
    if (at >= until) continue;
    const bool known = std::any_of(raised_.begin(), raised_.end(), [&](const RaisedAlert& one) {
      return one.rule == row.rule && one.generation == row.generation;
    });
    if (!known) raised_.push_back({row.rule, row.generation, row.due_on, row.acts_on, at});
  }
}

void read_rule_books(const ReadableLog& log, const Positions& until, std::span<RuleBook* const> books,
                     const Progress& progress) {
  Watched watched(progress);
  for_partitions(all_partitions(until), [&](Partition partition) {
    std::unordered_map<CaseId, Head> heads;
    Event event;
    read_partition(log, partition, until[partition.value], watched, [&](const StoredRecord& record) {
      // Streams of settings have v5 ids; some cases have too.
      constexpr int named = 5;
      const auto link = link_of(record.bytes);
      if (!link || link->stream.value.version() != named) return;
      try {
        decode(record.bytes, event);
      } catch (const BadRecord&) { return; }
      if (!std::holds_alternative<SettingsAdopted>(event.payload)) return;
      if (partition_of(event.stream, static_cast<std::uint16_t>(until.size())) != partition) return;
      Head& head = heads[event.stream];
      if (standing(head, event.version, event.previous) == Standing::stale) return;
      head = {event.version, link->hash};
      for (RuleBook* book : books) {
        try {
          book->adopt(event);
        } catch (const std::invalid_argument&) {
          // Nothing is judged by a set that cannot be read.
        }
      }
    });
  });
}

ReplayCounts replay_cases(const ReadableLog& log, const Positions& until, const ReplayScope& scope,
                          const ReplayHooks& hooks, const Progress& progress) {
  const auto count = static_cast<std::uint16_t>(until.size());
  const std::vector<Partition> partitions =
      scope.case_id ? std::vector{partition_of(*scope.case_id, count)} : all_partitions(until);
  Watched watched(progress);
  std::atomic<std::uint64_t> events{0}, cases{0};
  for_partitions(partitions, [&](Partition partition) {
    PartitionReplay replay(partition, count, scope, hooks);
    read_partition(log, partition, until[partition.value], watched,
                   [&](const StoredRecord& record) { replay.add(record); });
    replay.finish(log, watched);
    events += replay.events;
    cases += replay.cases;
  });
  return {watched.records(), events, cases};
}

}  // namespace geleit
