#include "services/audit/told_case.h"

#include <array>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "projections/evolve.h"

namespace geleit {
namespace {

class Teller {
 public:
  Teller(const RuleBook& rules, const StoryOpener& opener, const StoryAsk& ask)
      : rules_(rules),
        opener_(opener),
        ask_(ask),
        rows_before_(story_tables()),
        rows_after_(story_tables()) {}

  Story tell(const std::vector<CaseRecord>& records) {
    for (const CaseRecord& record : records) {
      step(record);
      if (ask_.at && story_.last >= *ask_.at) break;
    }
    return std::move(story_);
  }

 private:
  void step(const CaseRecord& record) {
    StoryStep& step = story_.steps.emplace_back();
    step.record = &record;
    decode(record.bytes, step.event);
    const RuleSet* set = rules_.find(step.event.judged_by);
    step.rule_set_read = set != nullptr;
    step.rule_set = set ? set->name() : to_hex(step.event.judged_by.shipped);
    if (record.standing == Standing::stale) {
      ++story_.stale;
      step.sentence = sentence_of({step.event, story_.now, story_.now, opener_, ask_.language});
      return;
    }
    story_.last = step.event.version;
    Case before = story_.now;
    if (!stopped_) fold(step, record);
    if (stopped_) {
      // A failed fold leaves a case undefined.
      story_.now = before;
      step.trouble = *stopped_;
    }
    step.sentence = sentence_of({step.event, before, story_.now, opener_, ask_.language});
    if (!stopped_) derive(step, before, record.recorded);
  }

  void fold(const StoryStep& step, const CaseRecord& record) {
    try {
      evolve(story_.now, step.event, stated_hash(record.bytes));
    } catch (const FoldFailed& failure) { stopped_ = failure.what(); }
  }

  void derive(StoryStep& step, const Case& before, Instant recorded) {
    const Asked asked{berlin_date(recorded), ask_.language, &rules_, nullptr, nullptr};
    std::swap(rows_before_, rows_after_);
    try {
      rows_after_.derive(story_.now, rules_);
    } catch (const std::exception& failure) {
      step.trouble = failure.what();
      rows_after_.derive({}, rules_);
      return;
    }
    step.changes = changes_between(rows_before_, rows_after_, {asked, asked});
    for (RowChange& change : approval_changes(before, story_.now, ask_.language))
      step.changes.push_back(std::move(change));
  }

  const RuleBook& rules_;
  const StoryOpener& opener_;
  const StoryAsk& ask_;
  CaseRows rows_before_, rows_after_;
  std::optional<std::string> stopped_;
  Story story_;
};

}  // namespace

std::span<const Table> story_tables() {
  static constexpr std::array tables{Table::cases, Table::deadlines, Table::unit_balances, Table::tasks,
                                     Table::alerts};
  return tables;
}

Story tell_story(const std::vector<CaseRecord>& records, const RuleBook& rules, const StoryOpener& opener,
                 const StoryAsk& ask) {
  return Teller(rules, opener, ask).tell(records);
}

std::optional<TwoVersions> fold_versions(const std::vector<CaseRecord>& records, Version before,
                                         Version after) {
  TwoVersions two;
  Case c;
  Event event;
  bool found_before = false, found_after = false;
  for (const CaseRecord& record : records) {
    if (record.standing == Standing::stale) continue;
    decode(record.bytes, event);
    evolve(c, event, stated_hash(record.bytes));
    if (event.version == before) {
      two.before = c;
      two.recorded_before = record.recorded;
      found_before = true;
    }
    if (event.version == after) {
      two.after = c;
      two.recorded_after = record.recorded;
      found_after = true;
    }
    if (found_before && found_after) return two;
  }
  return std::nullopt;
}

}  // namespace geleit
